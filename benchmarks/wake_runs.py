"""One run of a workflow, with or without what gives time back: what its journal and folder show.

``wake.py`` measures such runs, ``wake_truth.py`` compares what they leave behind.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from measuring import NotMeasured, environment, program, say

REPO: Final = Path(__file__).resolve().parents[1]
sys.path.append(str(REPO / "tests" / "helpers"))

from comparison import Side, left  # noqa: E402  # found by the path above
from lab import Lab  # noqa: E402  # as above

from snakemake_logger_plugin_observe.journal.reading import read_journal  # noqa: E402
from snakemake_logger_plugin_observe.run.fold import fold  # noqa: E402
from snakemake_logger_plugin_observe.run.model import Run  # noqa: E402

_EXAMPLE: Final = REPO / "example_workflow"
_SUBMIT: Final = '#!/bin/sh\nsetsid sh "$1" > "$1.out" 2>&1 < /dev/null &\necho $!\n'
_OBSERVED: Final = ("--logger", "observe", "--executor", "timed", "--timed-wraps")
_FLAGS: Final = {
    "slurm": ("slurm", "--default-resources", "slurm_account=test", "runtime=10", "mem_mb=200"),
    "cluster-generic": ("cluster-generic", "--cluster-generic-submit-cmd", "../submit.sh"),
}


class Variant(NamedTuple):
    """What is switched on."""

    name: str
    flags: tuple[str, ...]


WITHOUT: Final = Variant("without", ("--timed-wake", "off"))
WAKE: Final = Variant("--timed-wake on", ("--timed-wake", "on"))
BOTH: Final = Variant("both switches", (*WAKE.flags, "--timed-quick-exit", "on"))


class Workflow(NamedTuple):
    """A workflow, and how it is run."""

    name: str
    text: str | None
    """Its Snakefile; None for the example workflow, which is run with its profile."""
    flags: tuple[str, ...] = ()

    def arguments(self, executor: str) -> list[str]:
        """Return Snakemake's arguments, apart from the switches."""
        if self.text is not None:
            return [*_OBSERVED, *_FLAGS[executor], *self.flags]
        profile = ["--profile", str(_EXAMPLE / "profiles" / executor), *self.flags]
        # Its profile for this machine checks every second; without one the interval is 10 s.
        pace = [] if executor == "slurm" else ["--seconds-between-status-checks", "10"]
        return [*self.snakefile, *profile, *pace]

    @property
    def snakefile(self) -> list[str]:
        """The arguments that lead to its Snakefile; none if it is in the folder."""
        return [] if self.text is not None else ["--snakefile", str(_EXAMPLE / "Snakefile")]


class Noticed(NamedTuple):
    """How soon the end of a submission was noticed."""

    after_tool_s: float
    """After its tool's end; the node's own work after that included."""
    after_node_s: float
    """After its last process on the node had gone."""


def noticed_columns(found: Sequence[Noticed]) -> tuple[str, str, str]:
    """Return a table's cells: median and worst after the tool's end, median after the node's."""
    if not found:
        return "–", "–", "–"
    tool = [one.after_tool_s for one in found]
    node = statistics.median(one.after_node_s for one in found)
    return f"{statistics.median(tool):.1f} s", f"{max(tool):.1f} s", f"{node:.1f} s"


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended."""

    workflow: Workflow
    side: Side
    code: int
    recorded: Run
    load: float
    """How many processes wanted a core, others' included: the load average at its begin and end."""

    @property
    def makespan_s(self) -> float:
        return self.recorded.makespan / 1e6

    @property
    def checks(self) -> int:
        """How often the executor checked, without the first time, which comes before any job."""
        counts = self.recorded.status_checks
        return counts.own + counts.early - 1 if counts is not None else 0

    def noticed(self) -> list["Noticed"]:
        """Return how soon each submission's end was noticed."""
        found = []
        for attempt in self.recorded.attempts.values():
            tool = [one.tool_ended for one in attempt.executions if one.tool_ended is not None]
            gone = [
                one.ended for one in attempt.levels if one.ended is not None and not one.in_main
            ]
            reported = attempt.stamps.reported
            if tool and gone and attempt.external_jobid and reported is not None:
                tool_s, node_s = (max(0, reported - max(each)) / 1e6 for each in (tool, gone))
                found.append(Noticed(tool_s, node_s))
        return found

    def seen(self) -> dict[str, object]:
        """Return all that a user or a later run can see, apart from times and ids."""
        found = left(self.side, unordered=True)
        own = (".snakemake/metadata/", ".snakemake/incomplete/")
        kept = {name: what for name, what in found.items() if name.startswith(own)}
        # The example's benchmarks hold times.
        outside = (".snakemake", "benchmarks/")
        outputs = {name: what for name, what in found.items() if not name.startswith(outside)}
        return {
            "exit code": self.code,
            "outputs": outputs,
            "metadata": kept,
            "attempts": self._attempts(),
            "console": self._text((self.side.here / "console.txt").read_text()),
            "would run next": self._text(self._dry_run()),
        }

    def _attempts(self) -> list[tuple[object, ...]]:
        """Return how each job's attempts ended, in an order of their own: ids may differ."""
        jobs = self.recorded.jobs
        return sorted(
            (
                str(self.recorded.rule_of(attempt)),
                str(jobs[attempt.job_id].wildcards if attempt.job_id in jobs else {}),
                attempt.number,
                attempt.status,
                str(attempt.exit_code),
            )
            for attempt in self.recorded.attempts.values()
        )

    def _text(self, console: str) -> list[str]:
        """Return the lines of a console text, without ids and in an order of their own.

        The order of jobs is random in any run, in the lists of files and jobs within a line, too.
        """
        ids = {part for one in self.recorded.external_jobids for part in (one, one.split("_")[0])}
        for one in sorted(ids, key=len, reverse=True):
            console = re.sub(rf"(?<![a-zA-Z\d]){re.escape(one)}(?![a-zA-Z\d])", "<id>", console)
        lines = self.side.text(console, unordered=True).splitlines()
        return sorted(" ".join(sorted(re.split("[ ,]+", line))) for line in lines)

    def _dry_run(self) -> str:
        done = subprocess.run(
            [program("snakemake"), "--dry-run", "--cores", "1", *self.workflow.snakefile],
            cwd=self.side.lab.folder,
            env=environment(SNAKEMAKE_OBSERVE="off"),
            capture_output=True,
            text=True,
            check=False,
        )
        return f"{done.stdout}{done.stderr}"


def finished(
    workflow: Workflow,
    executor: str,
    variant: Variant,
    folder: Path,
    *,
    expected: int = 0,
    meanwhile: Callable[[Path], None] | None = None,
) -> Finished:
    """Run *workflow* in a fresh folder below *folder*, and say when it begins and ends.

    Args:
        workflow: what is run.
        executor: the one that is wrapped.
        variant: what is switched on.
        folder: where the fresh folder is made; jobs must be able to write there.
        expected: the exit code.
        meanwhile: called with the working directory once the run has begun.

    Raises:
        NotMeasured: if the run ends with another exit code.

    """
    here = Path(tempfile.mkdtemp(dir=folder))
    work = here / "work"
    work.mkdir()
    if workflow.text is not None:
        (work / "Snakefile").write_text(workflow.text)
    submit = here / "submit.sh"
    submit.write_text(_SUBMIT)
    submit.chmod(0o755)
    label = f"{workflow.name}, {variant.name}"
    before = os.getloadavg()[0]
    _say(f"{label}: begins")
    code = _run([*workflow.arguments(executor), *variant.flags], here, meanwhile)
    if code != expected:
        said = (here / "console.txt").read_text(errors="replace")[-2000:]
        raise NotMeasured(f"not measured: {label}: exit code {code} instead of {expected}\n{said}")
    lab = Lab(work)
    (journal,) = lab.journals
    load = (before + os.getloadavg()[0]) / 2
    one = Finished(workflow, Side(lab, here), code, fold(read_journal(journal)), load)
    say(
        f"{time.strftime('%H:%M:%S')}  {label}: ended after {one.makespan_s:.1f} s, load {load:.1f}"
    )
    return one


def _say(text: str) -> None:
    say(f"{time.strftime('%H:%M:%S')}  {text}")


def _run(arguments: Sequence[str], here: Path, meanwhile: Callable[[Path], None] | None) -> int:
    """Run Snakemake in ``here/work`` to its end, and return its exit code."""
    with (here / "console.txt").open("wb") as console:
        process = subprocess.Popen(
            [program("snakemake"), *arguments],
            cwd=here / "work",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
        if meanwhile is not None:
            meanwhile(here / "work")
        return process.wait()
