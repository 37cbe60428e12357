"""Whether a run with what gives time back is otherwise the run without: where jobs fail, too.

Each case is a pair of runs on Slurm: a job array, a node's process that is killed in mid-job, a job
that is cancelled, one that fails at each of its attempts. Outputs, exit code, console, metadata,
the attempts and how each ended, and what a later run would do must be equal.
"""

import subprocess
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import psutil
from measuring import NotMeasured, environment, say, table
from wake_runs import BOTH, WITHOUT, Finished, Workflow, finished, noticed_columns

_PATIENCE_S: Final = 300
# A pair takes a minute; with the plugin's own interval it would take five.
_SOONER: Final = ("--slurm-init-seconds-before-status-checks", "5", "--jobs", "10")
_ARRAY: Final = """
    rule all:
        input: expand("{i}.txt", i=range(6))

    rule work:
        output: "{i}.txt"
        shell: "sleep {wildcards.i}; echo {wildcards.i} > {output}"
"""
_LONG: Final = """
    rule all:
        output: "out.txt"
        shell: "echo $SLURM_JOB_ID > ../began; sleep 60; touch {output}"
"""
_FAILS: Final = """
    rule all:
        input: "after.txt", "broken.txt", "second.txt"

    rule sound:
        output: "sound.txt"
        shell: "sleep 2; touch {output}"

    rule after:
        input: "sound.txt"
        output: "after.txt"
        shell: "cp {input} {output}"

    rule second:
        output: "second.txt"
        retries: 1
        resources: attempt=lambda wildcards, attempt: attempt
        shell: "test {resources.attempt} -gt 1 && touch {output}"

    rule broken:
        output: "broken.txt"
        retries: 2
        shell: "sleep 1; exit 3"
"""


class Case(NamedTuple):
    """A workflow, what is done to it, and how the run must end."""

    workflow: Workflow
    code: int = 0
    meanwhile: Callable[[Path], None] | None = None


def _kill(work: Path) -> None:
    """Kill the outermost Snakemake process of the only job, without a chance to say so."""
    _began(work)
    for one in psutil.process_iter(["cmdline"]):
        words = one.info["cmdline"] or []
        ours = any(str(work) in word for word in words)
        if ours and "slurm-jobstep" in words and "-c" not in words:
            one.kill()
            return
    raise NotMeasured("not measured: the node's process was not found")


def _cancel(work: Path) -> None:
    subprocess.run(["scancel", _began(work)], env=environment(), check=True)


def _began(work: Path) -> str:
    """Wait until the job's tool runs, and return the job's id."""
    file = work.parent / "began"
    until = time.monotonic() + _PATIENCE_S
    while not (file.exists() and file.read_text().endswith("\n")):
        if time.monotonic() > until:
            raise NotMeasured("not measured: the job did not begin")
        time.sleep(0.2)
    time.sleep(2)
    return file.read_text().strip()


def _workflow(name: str, text: str, *flags: str) -> Workflow:
    return Workflow(name, textwrap.dedent(text), (*_SOONER, *flags))


CASES: Final = (
    Case(_workflow("job array", _ARRAY, "--slurm-array-jobs", "work")),
    Case(_workflow("node's process killed", _LONG), 1, _kill),
    # The plugin's sacct query takes CANCELLED by a user for a job that still runs.
    Case(_workflow("job cancelled", _LONG, "--slurm-status-command", "squeue"), 1, _cancel),
    Case(_workflow("failing job, retried", _FAILS, "--keep-going"), 1),
)


def differences(one: Finished, other: Finished) -> list[str]:
    """Return what differs in what two runs left and printed, with the first differences of each."""
    first, second = one.seen(), other.seen()
    return [
        f"{name}: {_parts(first[name], second[name])} / {_parts(second[name], first[name])}"
        for name in first
        if first[name] != second[name]
    ]


def _parts(one: object, other: object) -> str:
    """Return the first three parts of *one* that *other* lacks."""
    lacking = [part for part in _split(one) if part not in _split(other)]
    return ", ".join(map(repr, lacking[:3]))


def _split(what: object) -> list[object]:
    if isinstance(what, dict):
        return list(what.items())
    return what if isinstance(what, list) else [what]


def compare_cases(executor: str) -> int:
    """Print a line about each case's pair of runs; return in how many of them something differs."""
    rows = []
    differing = 0
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as made:
        for case in CASES:
            off, on = (
                finished(
                    case.workflow,
                    executor,
                    variant,
                    Path(made),
                    expected=case.code,
                    meanwhile=case.meanwhile,
                )
                for variant in (WITHOUT, BOTH)
            )
            found = differences(off, on)
            for one in found:
                say(f"{case.workflow.name}: {one}")
            differing += bool(found)
            rows.append((case.workflow.name, *_row(off, on), "differs" if found else "same"))
    columns = (
        "",
        "makespan",
        "times",
        "checks",
        "noticed: median",
        "worst",
        "load",
        "attempts",
        "",
    )
    title = "Without, and with --timed-wake on --timed-quick-exit on"
    table(title, (*columns, "else"), rows)
    return differing


def _row(off: Finished, on: Finished) -> tuple[str, ...]:
    return (
        f"{off.makespan_s:.1f}, {on.makespan_s:.1f} s",
        f"{off.makespan_s / on.makespan_s:.1f}",
        f"{off.checks}, {on.checks}",
        *noticed_columns(on.noticed()),
        f"{off.load:.1f}, {on.load:.1f}",
    )
