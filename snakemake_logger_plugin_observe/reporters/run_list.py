"""The answer of ``runs`` as data: runs by workflow, and what is pruned of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.compare.trend import Shift, Trend
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import Command
from snakemake_logger_plugin_observe.run.scope import ScopeName

STATES: Final = (
    *("success", "failed", "interrupted", "killed", "running", "unknown"),
    *("dry_run", "nothing_to_do"),
)
"""How a run ended, or that it goes on; ``unknown``: it has no end, and cannot be seen from here."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in the list, by the first and the last event of its journal."""

    path: Path
    start: Micros
    state: str
    """One of STATES."""
    scope: ScopeName | None
    """None if its plan is not known."""
    part: str = ""
    """What made it a run of a part of its workflow."""
    makespan_s: float | None = None
    """None if it has no end, or none is known."""
    job_count: int | None = None
    """How many jobs it ran; of a dry run, how many it planned."""
    failed: int | None = None
    """How many of them failed in the end; None if that is not known."""
    failed_attempts: int | None = None
    tools_s: float | None = None
    """How much of the makespan the tools took; None where that was not timed."""
    tags: tuple[tuple[str, str], ...] = ()
    changed: tuple[str, ...] | None = None
    """What differs from the run before; None if there is none to compare with."""
    run_id: str = ""
    bytes: int = 0
    """The size of its journal."""


@dataclass(frozen=True, slots=True)
class TrendChange:
    """A change that lasts, with the first run after it."""

    shift: Shift
    first: ListedRun
    last_before: ListedRun
    changed: tuple[str, ...]
    """What differs between these two runs."""


@dataclass(frozen=True, slots=True)
class WorkflowRuns:
    """The runs of one workflow, the newest first."""

    name: str
    """Its Snakefile, relative to its working directory; empty if it never was read."""
    folder: str
    """Its working directory."""
    runs: tuple[ListedRun, ...]
    """Those that are shown."""
    matching: int
    """How many there are that match what was asked for."""
    trend: Trend | None = None
    changes: tuple[TrendChange, ...] = ()


@dataclass(frozen=True, slots=True)
class RunsAnswer:
    """The runs whose journals are in some folders."""

    folders: tuple[Path, ...]
    workflows: tuple[WorkflowRuns, ...]
    """That of the newest run first."""
    journals: int
    """How many there are in the folders."""
    unread: tuple[str, ...] = ()
    """Why some of them are not listed."""
    filtered: bool = False
    """Whether some kinds of runs only were asked for."""


@dataclass(frozen=True, slots=True)
class PrunedRun:
    """A journal that is to be removed or compressed, or was."""

    run: ListedRun
    why: str
    fragments: tuple[str, ...] = ()
    """Folders of fragments that go with it."""
    problem: str = ""
    """Why it was left as it is."""
    bytes_after: int = 0
    """Its size after it was compressed."""


@dataclass(frozen=True, slots=True)
class PruneAnswer:
    """What is pruned: a plan, until it was ``done``."""

    folders: tuple[Path, ...]
    action: Literal["remove", "compress"]
    done: bool
    pruned: tuple[PrunedRun, ...]
    """In the order in which it is done."""
    kept: tuple[tuple[ListedRun, str], ...]
    """What is old enough, and is kept all the same, with the reason."""
    others: int
    """How many runs are too new."""
    command: Command
    """The command that does it."""
