"""Either plugin alone also writes a useful journal."""

import json

import pytest
from lab import Lab, attempts_of, phases_s

from snakemake_logger_plugin_observe.run.readiness import dependencies

WORKFLOW = """
    rule all:
        input: "b.txt"
    rule a:
        output: "a.txt"
        shell: "sleep 0.5; touch {output}"
    rule b:
        input: "a.txt"
        output: "b.txt"
        shell: "touch {output}"
"""


@pytest.mark.parametrize(
    "quiet",
    [[], ["--quiet", "progress"], ["--quiet", "rules"], ["--quiet", "all"]],
    ids=["loud", "progress", "rules", "all"],
)
def test_the_logger_alone_records_every_start_and_end_with_every_quiet(
    lab: Lab, quiet: list[str]
) -> None:
    lab.snakefile(WORKFLOW)
    lab.snakemake("--cores", "1", *quiet, "--logger", "observe")
    run = lab.run()
    (a,) = attempts_of(run, "a")
    assert a.status == "success"
    assert phases_s(a)["unobserved"] >= 0.5
    assert "compute" not in phases_s(a)
    assert a.unobserved == ("run without --executor timed: no breakdown into queue, node and tool",)
    (b,) = attempts_of(run, "b")
    assert dependencies(run, b.key) == {a.job_id}
    answer = json.loads(lab.observe("cost", "--format", "json").stdout)
    assert answer["makespan"]["unattributed_s"] < answer["run"]["makespan_s"] / 100


def test_the_logger_alone_records_a_cluster_jobs_external_id_and_failure(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'exit 3'\n")
    flags = [f for f in lab.cluster() if f not in ("--timed-wraps", "cluster-generic")]
    flags += ["--executor", "cluster-generic"]
    lab.snakemake("--logger", "observe", *flags, check=False)
    (attempt,) = attempts_of(lab.run(), "all")
    assert attempt.status == "failed"
    assert attempt.external_jobid is not None


def test_the_logger_alone_says_that_only_the_console_shows_the_error_of_a_process_of_its_own(
    lab: Lab,
) -> None:
    lab.snakefile("""
        rule ran:
            output: "ran.txt"
            run: {}["S1"]
        rule shadowed:
            output: "shadowed.txt"
            shadow: "minimal"
            shell: "exit 3"
    """)
    for rule, said in (("ran", "KeyError"), ("shadowed", "exit status 3")):
        journal = lab.folder / f"{rule}.jsonl"
        made = lab.new_run("--logger", "observe", "--cores", "1", f"{rule}.txt", check=False)
        made.rename(journal)
        assert said not in journal.read_text()
        told = lab.observe("cost", str(journal)).stdout
        assert f"FAILED: {rule}: its error is on Snakemake's console only" in told
        assert f"What to do: read the error of {rule} on the console and correct that" in told


def test_the_executor_alone_writes_the_whole_journal(lab: Lab) -> None:
    lab.snakefile(WORKFLOW)
    lab.snakemake("--cores", "1", "--executor", "timed")
    run = lab.run()
    assert run.started is not None
    assert run.started.plugins == ("timed",)
    assert run.status() == "success"
    (a,) = attempts_of(run, "a")
    assert phases_s(a)["compute"] >= 0.5


def test_a_dry_run_is_the_newest_run_only_where_there_is_no_other(lab: Lab) -> None:
    lab.snakefile(WORKFLOW)
    lab.snakemake("--cores", "1", "-n", "--logger", "observe", "--executor", "timed")
    run = lab.run()
    assert run.started is not None
    assert (run.started.kind, run.status()) == ("dry_run", "dry_run")
    assert {job.rule for job in run.jobs.values()} == {"all", "a", "b"}
    assert run.attempts == {}
    assert "· dry run ·" in lab.observe("cost").stdout
    real = lab.new_run("--cores", "1", "--logger", "observe", "--executor", "timed")
    lab.snakemake("--cores", "1", "-n", "--logger", "observe", "--executor", "timed", "-F")
    assert real.name in lab.observe("cost").stdout


def test_a_run_with_nothing_to_do_is_the_newest_run(lab: Lab) -> None:
    lab.snakefile(WORKFLOW)
    both = ("--cores", "1", "--logger", "observe", "--executor", "timed")
    lab.snakemake(*both)
    second = lab.new_run(*both)
    assert [lab.run(journal).status() for journal in lab.journals] == ["success", "nothing_to_do"]
    assert second.name in lab.observe("cost").stdout


def test_a_touch_run_is_marked_as_such(lab: Lab) -> None:
    lab.snakefile(WORKFLOW)
    both = ("--cores", "1", "--logger", "observe", "--executor", "timed")
    lab.snakemake(*both)
    lab.snakemake(*both, "--touch", "--forceall")
    touched = lab.run(lab.journals[-1])
    assert touched.started is not None
    assert touched.started.kind == "touch"
    assert touched.status() == "success"


def test_a_snakefile_that_does_not_parse_leaves_a_failed_run(lab: Lab) -> None:
    lab.snakefile("rule all(\n")
    done = lab.snakemake("--cores", "1", "--logger", "observe", "--executor", "timed", check=False)
    assert done.returncode == 1
    run = lab.run()
    assert run.status() == "failed"
    assert any("SyntaxError" in message.text for message in run.messages)


@pytest.mark.parametrize(
    "utility", [["--unlock"], ["--summary"], ["--list-rules"], ["--dag"], ["--lint"]]
)
def test_utilities_leave_no_journal(lab: Lab, utility: list[str]) -> None:
    lab.snakefile(WORKFLOW)
    lab.snakemake(
        "--cores", "1", "--logger", "observe", "--executor", "timed", *utility, check=False
    )
    assert lab.journals == []


def test_workdir_in_the_snakefile_moves_the_journal(lab: Lab) -> None:
    lab.snakefile(
        "workdir: 'elsewhere'\nrule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n"
    )
    lab.snakemake("--cores", "1", "--logger", "observe", "--executor", "timed")
    assert lab.journals == []
    elsewhere = Lab(lab.folder / "elsewhere")
    assert elsewhere.run().status() == "success"


def test_names_that_are_hard_to_quote_are_recorded_correctly(lab: Lab) -> None:
    folder = lab.folder / "a b ünï'$x"
    folder.mkdir()
    odd = Lab(folder)
    odd.snakefile("""
        rule all:
            input: "né w$'x.txt"
        rule odd:
            output: "{name}.txt"
            shell: "touch {output:q}"
    """)
    odd.snakemake("--cores", "1", "--logger", "observe", "--executor", "timed")
    (attempt,) = attempts_of(odd.run(), "odd")
    assert attempt.status == "success"
    assert odd.run().jobs[attempt.job_id or 0].wildcards == {"name": "né w$'x"}
