"""Node reports that are late, torn, or tampered with."""

import sys
from pathlib import Path

import pytest
from fault_table import HERE, fault
from harness import warnings
from lab import BOTH, Lab, attempts_of

from snakemake_logger_plugin_observe.run.attempt import Attempt

LATE = """
    rule all:
        input: "late.txt", "other.txt"
    rule late:
        output: "late.txt"
        # The job's process keeps its file open; its name is back after {config[comes]}.
        shell: '''
            f=$(ls .snakemake/observe/*/*.fragment)
            mv "$f" kept
            setsid sh -c "{config[comes]}; mv kept $f; touch back" > /dev/null 2>&1 < /dev/null &
            touch {output}
        '''
    rule other:
        output: "other.txt"
        localrule: True
        shell: "{config[lasts]}; touch {output}"
"""


def late(lab: Lab, comes: str, lasts: str) -> Attempt:
    """Return the attempt whose fragment comes after one command, in a run that lasts for another."""
    lab.snakefile(LATE)
    done = lab.snakemake(
        *BOTH, *lab.cluster(hold="3"), "--config", f"comes={comes}", f"lasts={lasts}"
    )
    assert warnings(done.stderr) == []
    (attempt,) = attempts_of(lab.run(), "late")
    assert attempt.status == "success"
    return attempt


@fault(
    "a node's fragment is 10 s late, and the run is still going on",
    snakemake="as bare",
    journal="the attempt without the node's phases at first, then revised with all of them",
)
def test_a_fragment_that_is_ten_seconds_late(lab: Lab) -> None:
    attempt = late(lab, "sleep 10", "until [ -e back ]; do sleep 0.1; done; sleep 6")
    assert attempt.unobserved == ()
    assert {"queue_wait", "node_startup", "node_plan", "compute", "node_exit"} <= set(
        attempt.phases
    )
    (journal,) = lab.journals
    assert journal.read_text().count('"revises":true') == 1
    assert lab.fragments() == []


@fault(
    "a node's fragment is so late that the run has ended",
    snakemake="as bare; does not wait for it",
    journal="the attempt, `success`, without timing from the node",
)
def test_a_fragment_that_arrives_after_the_run(lab: Lab) -> None:
    # The journal has this command, too.
    over = "until grep -q run_finishe[d] .snakemake/observe/*.jsonl; do sleep 0.1; done"
    assert late(lab, over, "true").unobserved == ("no timing from the node yet",)


TAMPERED = {
    "torn": "fragment: a torn or foreign line",
    "50 MB": "fragment: larger than 4194304 bytes",
    "a million lines": "fragment: ",
    "deep nesting": "fragment: a torn or foreign line",
    "huge numbers": "fragment: ",
    "wrong types": "fragment: ",
    "from another run": None,
    "code": "fragment: ",
    "terminal escapes": "internal error in snakemake-observe on the node: ",
    "a symlink": "fragment: Too many levels of symbolic links",
    "a FIFO": "no timing from the node yet",
    "a directory": "fragment: Is a directory",
    "a device": "fragment: Too many levels of symbolic links",
}


@fault(
    "a fragment is torn, of 50 MB or a million lines, nested 500,000 deep, full of huge numbers, "
    "wrong types, code, terminal escapes; or a symlink, a pipe, a device or a directory is in its "
    "place; or it is from another run",
    snakemake="as bare; nothing in it is executed, imported or followed",
    journal="the attempt, `success`, with what could be read, and why the rest could not be",
)
@pytest.mark.parametrize("what", TAMPERED)
def test_a_tampered_fragment(lab: Lab, what: str) -> None:
    tool = HERE / "tamper_with_fragment.py"
    lab.snakefile(
        f"rule all:\n    output: 'a.txt'\n    shell: \"{sys.executable} {tool} '{what}' {{output}}\"\n"
    )
    done = lab.snakemake(*BOTH, *lab.cluster())
    assert warnings(done.stderr) == []
    (attempt,) = attempts_of(lab.run(), "all")
    assert attempt.status == "success"
    expected = TAMPERED[what]
    assert (
        (attempt.unobserved == ())
        if expected is None
        else any(reason.startswith(expected) for reason in attempt.unobserved)
    )
    assert not (lab.folder / "executed").exists()
    (journal,) = lab.journals
    assert journal.stat().st_size < 200_000
    for arguments in (["cost"], ["jobs"], ["jobs", "--failed"], ["validate"]):
        answer = lab.observe(*arguments)
        assert answer.returncode == 0
        assert not set(answer.stdout) & set("\x1b\x07\x00\r\u202e"), arguments
    assert Path("/etc/passwd").read_text().startswith("root:")


JOURNAL_LINES = {
    "terminal escapes": '{"event":"message","time":"2026-01-01T00:00:00.000000Z","level":"error",'
    '"kind":"error","text":"\\u001b[2J\\u001b]0;x\\u0007"}',
    "code": "__import__('os').system('touch executed')",
    "deep nesting": "[" * 200_000,
    "huge numbers": '{"event":"gap","time":1e999,"reason":' + "9" * 6000 + "}",
}


@fault(
    "a journal contains malicious lines",
    snakemake="(only read)",
    journal="is read without them; nothing in it is executed, and no escape reaches the terminal",
)
@pytest.mark.parametrize("what", JOURNAL_LINES)
def test_a_tampered_line_in_a_journal(lab: Lab, what: str) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch {output}'\n")
    lab.snakemake("--cores", "1", *BOTH)
    (journal,) = lab.journals
    with open(journal, "a") as file:
        file.write(JOURNAL_LINES[what] + "\n")
    for command in ("cost", "jobs", "validate"):
        answer = lab.observe(command)
        assert answer.returncode in ((0, 1) if command == "validate" else (0,)), answer.stderr
        assert not set(answer.stdout) & set("\x1b\x07"), command
    assert not (lab.folder / "executed").exists()
