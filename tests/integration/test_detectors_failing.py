"""Detectors of failures, with real runs: the right class, and no other."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from daily_runs import OF_SPEED
from harness import journal_says, wait_until
from lab import BOTH, Lab

ON_NODES = """
    rule all:
        input: "never.txt", "fat.txt", "forgot.txt", "out.txt", "slow.txt"

    rule never:
        output: "never.txt"
        log: "logs/never.log"
        retries: 2
        shell: "echo no such sequence > {log}; exit 13"

    rule fat:
        output: "fat.txt"
        resources: mem_mb=300
        shell:
            "python3 -c 'import os, signal; held = bytearray(b\\"x\\") * 290_000_000;"
            " os.kill(os.getpid(), signal.SIGKILL)'"

    rule forgot:
        output: "forgot.txt"
        shell: "true"

    rule first:
        output: "first.txt"
        group: "pair"
        shell: "touch {output}"

    rule second:
        input: "first.txt"
        output: "out.txt"
        group: "pair"
        shell: "exit 3"

    rule slow:
        output: "slow.txt"
        shell: "timeout 0.2 sleep 5"
"""


def triaged(lab: Lab, journal: Path | None = None) -> dict[str, Any]:
    done = lab.observe("triage", *([str(journal)] if journal else []), "--format", "json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def findings(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the findings by id, but those of missing evidence, and of time alone."""
    left_out = {"missing_evidence", *OF_SPEED}
    return {one["id"]: one for one in answer["findings"] if one["incident_class"] not in left_out}


def resolves(answer: dict[str, Any], folder: Path) -> None:
    """Look up all that the findings cite."""
    cited = [one for finding in answer["findings"] for one in finding["evidence"]]
    assert cited
    for one in cited:
        name, _colon, number = one["ref"].rpartition(":")
        source = Path(answer["journals"][name]) if one["kind"] == "journal" else folder / name
        line = (folder / source).read_text().splitlines()[int(number) - 1]
        assert one["kind"] == "journal" or line == one["quote"]


def test_each_failure_on_a_node_is_assigned_to_one_class(lab: Lab) -> None:
    lab.snakefile(ON_NODES)
    lab.snakemake(*BOTH, *lab.cluster(), "--keep-going", "--latency-wait", "1", check=False)
    answer = triaged(lab)
    found = findings(answer)
    assert found.keys() == {
        *("retries_did_not_help:never", "nested_retries:never", "out_of_memory:fat"),
        *("tool_failure:forgot", "tool_failure:second", "tool_failure:slow"),
    }
    assert "no such sequence" in found["retries_did_not_help:never"]["claim"]
    assert "never ran 6 times instead of 3" in found["nested_retries:never"]["claim"]
    assert found["out_of_memory:fat"]["strength"] == "likely"
    assert "did not write forgot.txt" in found["tool_failure:forgot"]["claim"]
    assert "exit code 124" in found["tool_failure:slow"]["claim"]
    assert answer["note"]["next_action"]
    resolves(answer, lab.folder)


def test_one_missing_input_is_one_finding_for_all_its_jobs(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: expand("out/{n}.txt", n=range(3))
        rule first:
            output: "in.txt"
            shell: "touch {output}"
        rule second:
            input: "in.txt"
            output: "out/{n}.txt"
            shell: "cp {input} {output}"
    """)
    (lab.folder / "submit.sh").write_text(
        'grep -q "second" "$1" && rm -f in.txt; sh "$1" > "$1.out" 2>&1 & echo $!\n'
    )
    flags = ("--jobs", "3", "--timed-wraps", "cluster-generic", "--seconds-between-status-checks")
    lab.snakemake(
        *(*BOTH, *flags, "1", "--cluster-generic-submit-cmd", "sh submit.sh"),
        *("--latency-wait", "2", "--keep-going"),
        check=False,
    )
    answer = triaged(lab)
    (one,) = findings(answer).values()
    if one["incident_class"] != "missing_input":  # before 9.21 the node crashes over it
        assert one["incident_class"] == "tool_failure"
        return
    assert one["claim"] == "3 jobs of second failed: input in.txt never appeared (first makes it)"
    resolves(answer, lab.folder)


@pytest.mark.parametrize(
    ("text", "class_", "claim"),
    [
        (
            "rule all:\n    input: 'never.txt'\n",
            "missing_input",
            "all needs never.txt, which was not there and which no rule makes",
        ),
        (
            "rule all:\n    output: 'a'\n    shell: 'echo {x}'\n",
            "workflow_error",
            "uses {x}, which",
        ),
        ("rule all:\n    output: 'a'\n    shell: 'touch a'\n1/0\n", "workflow_error", "Division"),
    ],
)
def test_a_run_that_failed_before_any_job_shows_the_error(
    lab: Lab, text: str, class_: str, claim: str
) -> None:
    lab.snakefile(text)
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    answer = triaged(lab)
    (one,) = findings(answer).values()
    assert one["incident_class"] == class_
    assert claim in one["claim"]
    resolves(answer, lab.folder)


def test_a_run_that_ends_between_jobs_names_the_line_that_raised(lab: Lab) -> None:
    lab.snakefile("""
        def found(wildcards):
            names = open(checkpoints.split.get().output[0]).read().split()
            return [f"out/{name}.txt" for name in names if int(name)]
        rule all:
            input: found
        checkpoint split:
            output: "names.txt"
            shell: "echo 1 x > {output}"
        rule map:
            output: "out/{n}.txt"
            shell: "touch {output}"
    """)
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    answer = triaged(lab)
    (one,) = findings(answer).values()
    assert one["incident_class"] == "workflow_error"
    assert "ValueError" in one["claim"]
    assert str(lab.folder) not in one["claim"]
    text = (lab.folder / "Snakefile").read_text().splitlines()
    line = next(number for number, code in enumerate(text, 1) if "int(name)" in code)
    assert f"at Snakefile:{line}," in answer["note"]["next_action"]
    resolves(answer, lab.folder)


def test_a_tool_killed_with_memory_to_spare_is_not_blamed(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "killed.txt", "ended.txt", "own.txt", "slow.txt", "crashed.txt"
        rule killed:
            output: "killed.txt"
            resources: mem_mb=5000
            shell: "sh -c 'kill -9 $PPID'; touch {output}"
        rule ended:
            output: "ended.txt"
            shell: "sh -c 'kill $PPID'; touch {output}"
        rule own:
            output: "own.txt"
            shell: "kill -9 $$; touch {output}"
        rule slow:
            output: "slow.txt"
            shell: "timeout -s KILL 0.2 sleep 9; touch {output}"
        rule crashed:
            output: "crashed.txt"
            shell: "kill -SEGV $$"
    """)
    lab.snakemake(*BOTH, "--cores", "2", "--keep-going", check=False)
    answer = triaged(lab)
    found = findings(answer)
    killed, ended, own, slow, crashed = (
        found.pop(f"tool_failure:{name}") for name in ("killed", "ended", "own", "slow", "crashed")
    )
    assert not found
    assert (killed["strength"], killed["where"]) == ("possible", "operating context")
    assert (ended["strength"], ended["where"]) == ("possible", "operating context")
    to_do = {one["finding"]: one["action"] for one in answer["actions"]}
    assert "out of memory" in to_do["tool_failure:killed"]
    assert "memory" not in to_do["tool_failure:ended"]
    assert own["strength"] == slow["strength"] == "likely"
    assert own["claim"].endswith("likely, the command itself sends that signal: `kill -9 $$`")
    assert "likely, timeout killed the program behind it because it took too" in slow["claim"]
    assert (crashed["strength"], crashed["where"]) == ("certain", "tool behavior")
    resolves(answer, lab.folder)


def test_a_refused_submission_is_not_a_tool_failure(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    (lab.folder / "refuse.sh").write_text("echo no account >&2; exit 9\n")
    words = ("--jobs", "1", "--timed-wraps", "cluster-generic", "--cluster-generic-submit-cmd")
    lab.snakemake(*BOTH, *words, "sh refuse.sh", "--retries", "1", check=False)
    (one,) = findings(triaged(lab)).values()
    assert one["incident_class"] == "submission_refused"


ONE_OF_MANY = """
    rule all:
        input: expand("out/{n}.txt", n=range(6))

    rule work:
        output: "out/{n}.txt"
        resources: nth=lambda wildcards, attempt: attempt
        log: "logs/{n}.log"
        shell:
            "if [ {wildcards.n}{resources.nth} = 31 ]; then"
            " echo connection reset by peer > {log}; exit 7; fi; touch {output}"
"""


def test_a_flaky_tool_is_not_a_masked_failure(lab: Lab) -> None:
    lab.snakefile(ONE_OF_MANY)
    lab.snakemake(*BOTH, "--cores", "3", "--retries", "1")
    (one,) = findings(triaged(lab)).values()
    assert one["id"] == "tool_failure:work:recovered"
    assert "1 of 6 jobs of work failed with exit code 7 and recovered" in one["claim"]


SLEEPERS = """
    rule all:
        input: expand("out/{n}.txt", n=range(3))
    rule slow:
        output: "out/{n}.txt"
        shell: "[ {wildcards.n} = 0 ] || until [ -e go ]; do sleep 0.1; done; touch {output}"
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_names_the_jobs_it_left_on_the_cluster(lab: Lab, end: signal.Signals) -> None:
    lab.snakefile(SLEEPERS)
    process = subprocess.Popen(
        lab.command(*BOTH, *lab.cluster()),
        cwd=lab.folder,
        env=lab.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(journal_says(lab, '"attempt_submitted"', times=3))
        wait_until(journal_says(lab, '"attempt_finished"'))
        process.send_signal(end)
        process.wait(timeout=600)
        answer = triaged(lab)
    finally:
        process.kill()
        (lab.folder / "go").touch()  # the jobs on the cluster go on
    (one,) = findings(answer).values()
    assert one["incident_class"] == "killed_run"
    assert "2 jobs in flight: slow n=1, slow n=2 (cluster-generic " in one["claim"] or (
        "2 jobs in flight: slow n=2, slow n=1 (cluster-generic " in one["claim"]
    )
    assert "--rerun-incomplete" in answer["note"]["next_action"]
    resolves(answer, lab.folder)


def test_terminal_escapes_of_a_failure_are_escaped(lab: Lab) -> None:
    lab.snakefile(r"""
        rule all:
            output: "a `rm` [x](y)\x1b[2J.txt"
            log: "b [1].log"
            shell: r"head -c 3000000 /dev/zero > {log:q}; printf '\n\033[2J`boom` | x\n' >> {log:q}; exit 3"
    """)
    lab.snakemake(*BOTH, "--cores", "1", check=False)
    done = lab.observe("triage", str(lab.journals[-1]), "--note", "note.md")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "\x1b" not in (lab.folder / "note.md").read_text()
    assert "tool_failure" in done.stdout
