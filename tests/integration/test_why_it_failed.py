"""Why a job failed, and on which attempt: ``jobs --failed`` shows it from the journal alone."""

from collections.abc import Callable
from importlib.metadata import version

import pytest
from lab import BOTH, Lab, attempts_of, phases_s
from packaging.version import parse as parse_version

OLD = parse_version(version("snakemake")) < parse_version("9.21")
KINDS = """
    rule all:
        input: "code.txt", "signal.txt", "forgot.txt", "empty.txt", "ran.txt", "scripted.txt"

    rule code:
        output: "code.txt"
        log: "logs/code.log"
        resources: nth=lambda wildcards, attempt: attempt
        shell: "(echo reading; echo no such sequence in try {resources.nth}) > {log}; exit 13"

    rule signal:
        output: "signal.txt"
        shell: "kill -9 $$"

    rule forgot:
        output: "forgot.txt"
        log: "logs/forgot.log"
        shell: "true"

    rule empty:
        output: ensure("empty.txt", non_empty=True)
        shell: "touch {output}"

    rule ran:
        output: "ran.txt"
        run:
            raise ValueError("no such thing")

    rule scripted:
        output: "scripted.txt"
        log: "logs/scripted.log"
        script: "fails.py"
"""
FAILS = """
import sys
with open(snakemake.log[0], "w") as log:
    print("reading", file=log)
    print("division of labour failed", file=log)
raise SystemExit(3)
"""
FLAGS = ("--keep-going", "--retries", "1", "--latency-wait", "1")


def failing(lab: Lab, *flags: str) -> Lab:
    lab.snakefile(KINDS)
    (lab.folder / "fails.py").write_text(FAILS)
    lab.snakemake(*BOTH, *flags, *FLAGS, check=False)
    return lab


@pytest.fixture(scope="module")
def here(new_lab: Callable[[str], Lab]) -> Lab:
    return failing(new_lab("why-local"), "--cores", "3")


@pytest.fixture(scope="module")
def on_nodes(new_lab: Callable[[str], Lab]) -> Lab:
    lab = new_lab("why-cluster")
    return failing(lab, *lab.cluster())


@pytest.mark.parametrize("where", ["here", "on_nodes"])
@pytest.mark.parametrize(
    ("rule", "reasons"),
    [
        ("code", ["exit code 13", "logs/code.log:2: no such sequence in try {n}"]),
        ("signal", ["signal 9"]),
        (
            "forgot",
            ["some output files are missing", "forgot.txt", "log logs/forgot.log: it is empty"],
        ),
        ("empty", ["unexpected empty output files", "empty.txt"]),
        ("ran", ["ValueError", "no such thing"]),
        ("scripted", ["exit", "logs/scripted.log:2: division of labour failed"]),
    ],
)
def test_a_failure_is_explained_by_the_journal_alone(
    where: str, rule: str, reasons: list[str], request: pytest.FixtureRequest
) -> None:
    lab: Lab = request.getfixturevalue(where)
    output = " ".join(lab.observe("jobs", "--failed", "--rule", rule).stdout.split())
    assert "failed after 2 attempts, each " in output
    for reason in reasons:
        assert reason.format(n=2) in output, output


def test_a_missing_input_on_the_node_is_named_although_its_process_exited_with_0(lab: Lab) -> None:
    """A nested Snakemake that waits for inputs in vain ends with exit code 0."""
    lab.snakefile("""
        rule all:
            input: "out.txt"
        rule first:
            output: "in.txt"
            shell: "touch {output}"
        rule second:
            input: "in.txt"
            output: "out.txt"
            shell: "cp {input} {output}"
    """)
    (lab.folder / "submit.sh").write_text(
        'grep -q "second" "$1" && rm -f in.txt; sh "$1" > "$1.out" 2>&1 & echo $!\n'
    )
    flags = ("--jobs", "1", "--timed-wraps", "cluster-generic", "--seconds-between-status-checks")
    lab.snakemake(
        *(*BOTH, *flags, "1", "--cluster-generic-submit-cmd", "sh submit.sh"),
        *("--latency-wait", "2"),
        check=False,
    )
    (attempt,) = attempts_of(lab.run(), "second")
    assert attempt.status == "failed"
    if OLD:  # it crashes over the file that it waits for
        assert "AttributeError" in (attempt.message or "")
        return
    assert "Missing files after 2 seconds" in (attempt.message or "")
    assert "in.txt" in (attempt.message or "")
    output = " ".join(lab.observe("jobs", "--failed").stdout.split())
    assert "an input is missing" in output
    assert phases_s(attempt)["stage_in"] >= 1.9


def test_outputs_are_recorded_on_request(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            output: "a.txt", directory("b")
            shell: "printf hello > {output[0]}; mkdir -p b/c; printf hi > b/c/d.txt"
    """)
    lab.snakemake(*BOTH, "--cores", "1", "--logger-observe-outputs", "checksums")
    (attempt,) = attempts_of(lab.run(), "all")
    file, folder = attempt.outputs or ()
    assert (file.path, file.kind, file.bytes) == ("a.txt", "file", 5)
    assert file.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert (folder.path, folder.kind, folder.bytes) == ("b", "directory", 2)


def test_commands_and_masked_text_stay_out_of_the_journal(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            output: "patient-0042.txt"
            shell: "echo secret sauce; exit 1"
    """)
    flags = ("--logger-observe-commands", "off", "--logger-observe-mask", r"patient-\d+", "x{9}")
    lab.snakemake("--cores", "1", *flags, *BOTH, check=False)
    (journal,) = lab.journals
    text = journal.read_text()
    assert "sauce" not in text
    assert "patient-0042" not in text
    assert "***.txt" in text
    assert "returned non-zero exit status 1" in text
    assert lab.fragments() == []


@pytest.mark.parametrize(
    ("pattern", "refusal"),
    [
        ("(", "'(' is not a regular expression"),
        ("a*", "'a*' matches the empty text, so everywhere"),
    ],
)
def test_an_invalid_mask_pattern_is_refused(lab: Lab, pattern: str, refusal: str) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    done = lab.snakemake("--cores", "1", "--logger-observe-mask", pattern, *BOTH, check=False)
    assert done.returncode == 1
    assert f"--logger-observe-mask: {refusal}" in done.stderr
    assert not (lab.folder / "a.txt").exists()
