"""What a user asked a picture of: the runs, and what to choose of them."""

from dataclasses import dataclass
from enum import Enum, auto

from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.plots.paint import Paint
from snakemake_logger_plugin_observe.reporters.run_list import WorkflowRuns


class Reads(Enum):
    """How much a picture is about."""

    RUN = auto()
    """One run."""
    RUNS = auto()
    """One run, or several next to each other."""
    LIST = auto()
    """All runs of a workflow, from the first and last lines of their journals."""


@dataclass(frozen=True, slots=True)
class PlotAsked:
    """What to draw; what a picture does not read is empty."""

    paint: Paint
    sources: tuple[Source, ...] = ()
    named: tuple[str, ...] = ()
    """What the user named each of the sources by; empty if they named none."""
    listed: WorkflowRuns | None = None
    lanes_by: str = "slot"
    """``slot``, ``node`` or ``rule``."""
    limit: str | None = None
    """Which limit to vary: ``jobs`` or ``cores``; None for the one that the run had."""
    values: tuple[int, ...] = ()
    """The limits to simulate; empty for powers of two around what the run had."""

    @property
    def source(self) -> Source:
        """The one run that it is about."""
        return self.sources[0]


class NothingToDrawError(Exception):
    """There is nothing to draw; the text is one line that says why."""


def check_ran(source: Source) -> None:
    """Check that a run can be drawn at all.

    Raises:
        NothingToDrawError: if it was a dry run, or has no recorded time.

    """
    if source.run.is_dry_run:
        raise NothingToDrawError(f"{source.path}: a dry run, so there is nothing to draw")
    if source.run.makespan <= 0:
        raise NothingToDrawError(
            f"{source.path}: no time is recorded yet, so there is nothing to draw"
        )


def check_ran_jobs(source: Source) -> None:
    """Check that a picture of a run's jobs has something to show.

    Raises:
        NothingToDrawError: if no job has a recorded time.

    """
    check_ran(source)
    if not any(one.segments for one in source.run.attempts.values()):
        why = "everything was up to date" if source.status == "nothing_to_do" else "no job ran"
        raise NothingToDrawError(f"{source.path}: {why}, so there is nothing to draw of its jobs")
