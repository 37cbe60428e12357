"""Every command that is printed about a run can be pasted as it is, and does what it is for."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab import BOTH, Lab
from pasted import lines_of, not_pastable, printed_by

ALONE = (*BOTH, "--cores", "2", "--latency-wait", "1")
USAGE = 2
NOT_FOUND = (126, 127)

HEALTHY = """
    rule all:
        input: expand("{n}.txt", n=["a", "b c"])
    rule make:
        output: "{n}.txt"
        shell: "echo {wildcards.n} > {output:q}"
"""
FAILS = """
    rule all:
        input: "shell.txt", "script.txt", "sum.txt"
    rule shell:
        output: "shell.txt"
        shell: "echo 'it is \\"here\\"' | grep -q nothing; touch {output}"
    rule script:
        output: "script.txt"
        script: "fails.py"
    rule run:
        output: "sum.txt"
        run: raise ValueError("no such thing")
"""
GONE = """
    rule all:
        input: "b.txt"
    rule a:
        output: temp(directory("d")), "d/x"
        shell: "mkdir -p d; touch d/x"
    rule b:
        input: "d/x"
        output: "b.txt"
        shell: "cp {input} {output}"
"""
LEFT = """
    rule all:
        input: "final.txt"
    rule half:
        output: "half.txt"
        shell: "echo half > {output}; [ -e ok ] || exit 1"
    rule final:
        input: "half.txt"
        output: "final.txt"
        shell: "cp {input} {output}"
"""


def journals_of(lab: Lab, kind: str) -> list[Path]:
    """Run one small workflow, and return its journals."""
    (lab.folder / "fails.py").write_text("raise SystemExit(3)\n")
    match kind:
        case "healthy":
            lab.snakefile(HEALTHY)
            lab.snakemake(*ALONE)
        case "failed":
            lab.snakefile(FAILS)
            lab.snakemake(*ALONE, "--keep-going", check=False)
        case "gone":
            lab.snakefile(GONE)
            lab.snakemake(*ALONE, check=False)
        case "left":
            lab.snakefile(LEFT)
            lab.snakemake(*ALONE, "--keep-incomplete", check=False)
            (lab.folder / "ok").touch()
            lab.snakemake(*ALONE)
        case "unparsed":
            lab.snakefile("rule all: nothing")
            lab.snakemake(*ALONE, check=False)
    return lab.journals


@pytest.mark.parametrize("kind", ["healthy", "failed", "gone", "left", "unparsed"])
def test_every_printed_command_can_be_pasted(lab: Lab, kind: str) -> None:
    with contextlib.chdir(lab.folder):
        for journal in journals_of(lab, kind):
            shown = journal.relative_to(lab.folder) if journal.is_absolute() else journal
            assert printed_by(shown)
            assert not_pastable(shown) == {}


@pytest.mark.parametrize("kind", ["failed", "left"])
def test_a_printed_command_of_snakemake_or_a_shell_runs(lab: Lab, kind: str) -> None:
    journals = journals_of(lab, kind)
    with contextlib.chdir(lab.folder):
        lines = printed_by(journals[-1].relative_to(lab.folder), ("jobs", "--failed"), ("why",))
    environment = lab.environment()
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    foreign = [line for line in lines if not line.startswith("snakemake-observe")]
    assert foreign
    for line in foreign:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=lab.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode not in (USAGE, *NOT_FOUND), (line, done.stderr)
        assert "usage:" not in done.stderr
        assert (done.returncode == 0) == (kind == "left"), (line, done.stderr)


def test_a_line_of_text_that_begins_like_a_command_is_told_from_one() -> None:
    text = "snakemake -c1  # again\n› bash rules\ntriage\n  cd x\n"
    assert list(lines_of(text)) == ["snakemake -c1  # again"]
