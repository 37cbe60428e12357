"""The plan of a run is recorded: jobs to run and up to date by rule, and again when it grows."""

from pathlib import Path

import pytest
from lab import BOTH, Lab, without_moments

from snakemake_logger_plugin_observe.journal.events import Planned
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.run.scope import job_counts

ALONE = ("--logger", "observe")
EXECUTOR_ALONE = ("--executor", "timed")
EITHER = pytest.mark.parametrize(
    "plugins", [BOTH, ALONE, EXECUTOR_ALONE], ids=["both", "logger", "executor"]
)

GROWING = """
    def parts(wildcards):
        folder = checkpoints.split.get().output[0]
        return [f"done/{part}" for part in sorted(os.listdir(folder)) if not part.startswith(".")]
    rule all:
        input: "all.txt"
    rule gather:
        input: parts
        output: "all.txt"
        shell: "cat {input} > {output}"
    checkpoint split:
        output: directory("parts")
        shell: "mkdir {output}; touch {output}/a {output}/b {output}/c"
    rule work:
        input: "parts/{part}"
        output: "done/{part}"
        shell: "cp {input} {output}"
"""
CHAIN = """
    rule all:
        input: "c.txt"
    rule step:
        input: "a.txt"
        output: "b.txt"
        shell: "cp {input} {output}"
    rule last:
        input: "b.txt"
        output: "c.txt"
        shell: "cp {input} {output}"
    rule first:
        output: "a.txt"
        shell: "touch {output}"
"""


FED = """
    import os, queue, threading, time
    todo, end = queue.Queue(), object()
    todo.put("a.txt")
    def feed():
        while not os.path.exists("a.txt"):
            time.sleep(0.1)
        todo.put("b.txt")
        todo.put(end)
    threading.Thread(target=feed, daemon=True).start()
    rule all:
        input: from_queue(todo, finish_sentinel=end)
    rule make:
        output: "{name}.txt"
        shell: "touch {output}"
"""


def plans(lab: Lab) -> list[tuple[dict[str, int], dict[str, int]]]:
    """Return the plans in the newest journal, in their order."""
    run = lab.run(lab.journals[-1])
    found = [one for one in read_journal(lab.journals[-1]) if isinstance(one, Planned)]
    if found:
        assert run.planned == found[-1]
        assert run.planned.line == found[-1].line
    return [(one.to_run, one.up_to_date) for one in found]


@EITHER
def test_a_growing_plan_is_recorded_again(lab: Lab, plugins: tuple[str, ...]) -> None:
    lab.snakefile(GROWING)
    lab.snakemake("--cores", "1", *plugins)
    first = {"all": 1, "gather": 1, "split": 1}
    assert plans(lab) == [(first, {}), ({**first, "work": 3}, {})]
    run = lab.run()
    assert run.planned is not None
    assert sum(run.planned.to_run.values()) == len(run.attempts)


FAILING = """
    rule all:
        input: expand("{i}.c", i=range(3)), "sum.txt"
    rule a:
        output: "{i}.a"
        shell: "test {wildcards.i} != 1 && touch {output}"
    rule b:
        input: "{i}.a"
        output: "{i}.b"
        shell: "touch {output}"
    rule c:
        input: "{i}.b"
        output: "{i}.c"
        shell: "touch {output}"
    rule sum:
        input: "0.b", "2.b"
        output: "sum.txt"
        shell: "touch {output}"
"""


@EITHER
def test_what_jobs_need_is_counted_by_rule_and_so_is_what_a_failure_blocks(
    lab: Lab, plugins: tuple[str, ...]
) -> None:
    lab.snakefile(FAILING)
    lab.snakemake("--cores", "1", "--keep-going", "--retries", "1", *plugins, check=False)
    run = lab.run()
    assert run.planned is not None
    assert run.planned.needs == {
        "all": {"c": 3, "sum": 1},
        "b": {"a": 3},
        "c": {"b": 3},
        "sum": {"b": 2},
    }
    assert run.planned.without_command == ("all",)
    assert run.blocked is not None
    assert run.blocked.jobs == {"all": 1, "b": 1, "c": 1}
    assert job_counts(run).not_reached == 3


@pytest.mark.parametrize("plugins", [BOTH, ALONE], ids=["both", "logger"])
def test_a_plan_fed_from_a_queue_is_recorded_again(lab: Lab, plugins: tuple[str, ...]) -> None:
    lab.snakefile(FED)
    lab.snakemake("--cores", "1", *plugins, "--queue-input-wait-time", "1")
    assert plans(lab) == [({"all": 1, "make": 1}, {}), ({"all": 1, "make": 2}, {})]


@EITHER
def test_a_run_with_nothing_to_do_and_an_incremental_one_record_what_is_up_to_date(
    lab: Lab, plugins: tuple[str, ...]
) -> None:
    lab.snakefile(CHAIN)
    lab.snakemake("--cores", "1", *plugins)
    lab.snakemake("--cores", "1", *plugins)
    assert plans(lab) == [({}, {"all": 1, "first": 1, "last": 1, "step": 1})]
    (lab.folder / "c.txt").unlink()
    lab.snakemake("--cores", "1", *plugins)
    assert plans(lab) == [({"all": 1, "last": 1}, {"first": 1, "step": 1})]


@pytest.mark.parametrize("plugins", [BOTH, ALONE], ids=["both", "logger"])
@pytest.mark.parametrize("quiet", [[], ["--quiet", "all"]], ids=["loud", "quiet"])
@pytest.mark.parametrize("flag", ["--dry-run", "--touch"])
def test_dry_runs_and_touch_runs_record_their_plan(
    lab: Lab, plugins: tuple[str, ...], quiet: list[str], flag: str
) -> None:
    lab.snakefile(CHAIN)
    lab.snakemake("--cores", "1")
    (lab.folder / "c.txt").touch()
    lab.snakemake("--cores", "1", *plugins, *quiet, flag, "--forcerun", "step")
    assert plans(lab) == [({"all": 1, "last": 1, "step": 1}, {"first": 1})]


def test_a_dry_run_with_nothing_to_do_records_its_plan(lab: Lab) -> None:
    lab.snakefile(CHAIN)
    lab.snakemake("--cores", "1")
    lab.snakemake("--cores", "1", *BOTH, "--dry-run")
    assert plans(lab) == [({}, {"all": 1, "first": 1, "last": 1, "step": 1})]


def test_jobs_beyond_until_are_not_part_of_the_plan(lab: Lab) -> None:
    lab.snakefile(CHAIN)
    lab.snakemake("--cores", "1", *BOTH, "--until", "step")
    assert plans(lab) == [({"first": 1, "step": 1}, {})]


def test_failed_and_never_started_jobs_count_as_to_run(lab: Lab) -> None:
    lab.snakefile(CHAIN.replace("cp {input} {output}", "exit 3", 1))
    lab.snakemake("--cores", "1", *BOTH, check=False)
    assert plans(lab) == [({"all": 1, "first": 1, "last": 1, "step": 1}, {})]


def test_a_dag_that_cannot_be_built_has_no_plan(lab: Lab) -> None:
    lab.snakefile("rule all:\n    input: 'nowhere.txt'\n")
    lab.snakemake("--cores", "1", *BOTH, check=False)
    assert plans(lab) == []


AMBIGUOUS = """
    def parts(wildcards):
        checkpoints.split.get()
        return "one/a", "other/a"
    rule all:
        input: parts
    checkpoint split:
        output: "parts"
        shell: "touch {output}"
    rule one:
        output: "one/{part}", "more/{part}"
        shell: "touch {output}"
    rule other:
        output: "other/{part}", "more/{part}"
        shell: "touch {output}"
"""


@pytest.mark.parametrize("plugins", [BOTH, ALONE], ids=["both", "logger"])
def test_a_planning_error_after_a_checkpoint_is_printed_as_in_the_bare_run(
    tmp_path: Path, plugins: tuple[str, ...]
) -> None:
    printed = []
    for name, flags in [("bare", ()), ("seen", plugins)]:
        (tmp_path / name).mkdir()
        lab = Lab(tmp_path / name)
        lab.snakefile(AMBIGUOUS)
        done = lab.snakemake("--cores", "1", *flags, check=False)
        assert done.returncode == 1
        printed.append(without_moments(done.stderr).partition("Updating checkpoint")[2])
    assert "AmbiguousRuleException" in printed[0]
    assert printed[1] == printed[0]
    assert plans(lab) == [({"all": 1, "split": 1}, {})]
