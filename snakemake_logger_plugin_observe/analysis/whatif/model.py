"""The model of a run that a simulation reads: columns with one entry per submission.

Submissions (attempts of jobs, and of groups as a whole) are numbered in the order in which they
were selected, and are simulated in that order where several could be. Lengths are microseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.selection_rate import Rate
from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import PollSchedule
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import RunPhase
from snakemake_logger_plugin_observe.run.attempt import Key

Column = list[Micros]
Columns = dict[str, Column]
"""Microseconds by phase, then by submission."""

Replannings = dict[int, RunPhase]
"""The re-plannings that created or changed jobs, by the submission whose end triggered them."""

UNLIMITED: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a group's submission that a member owns, or the group itself."""

    phase: str
    length: Micros
    job_id: int | None
    rule: str | None


@dataclass(frozen=True, slots=True)
class Rest:
    """What follows the end of the last job."""

    until_asleep: tuple[tuple[str, Micros], ...]
    """The run's own phases, until it waited for the executor to wake."""
    asleep: Micros | None
    """How long it waited; None if the executor does not sleep."""
    after: tuple[tuple[str, Micros], ...]


@dataclass(frozen=True, slots=True)
class Lag:
    """How long after its last process a cluster shows the end of a job, where checks are recorded.

    In ``low`` to ``high`` for most jobs, as far as it is known.
    """

    low: Micros
    high: Micros
    known: Column
    """How much of that passes before the end of each submission in the model."""
    bounds: dict[int, tuple[Micros, Micros]]
    """For how long after its end in the model each was not seen: at least, and at most."""
    unsure: bool = False
    """Whether checks found jobs running that had left their nodes for longer than usual."""


@dataclass(slots=True)
class Moments:
    """When each submission was selected, accepted, ended, reported and finished."""

    selected: Column
    accepted: Column
    ended: Column
    reported: Column
    finished: Column


@dataclass(slots=True)
class Model:
    """A run, ready to be simulated."""

    start: Micros
    began: Micros
    """When scheduling began."""
    end: Micros
    head: tuple[tuple[str, Micros], ...]
    """The run's own phases before scheduling, in order."""
    rest: Rest
    keys: list[Key]
    rules: list[str | None]
    """None for a group."""
    dependents: list[list[int]]
    """The submissions that wait for each of them."""
    dependency_counts: list[int]
    """How many submissions each waits for."""
    previous: list[int]
    """The previous attempt of the same job or group, or -1."""
    requests: dict[str, Column]
    """Each submission's share of each limit, by name."""
    asked: dict[str, Column]
    """What each would take of a limit if that were higher, where some would take more."""
    limits: dict[str, int]
    before: Columns
    """The main thread's work between selection and acceptance."""
    background: Columns
    """What happens in the background, up to the submission's end."""
    after: Columns
    """The main thread's work once the end was reported."""
    solver: Column
    """The length of the selection that selected it."""
    loop: Column
    """The main loop's other work before that selection."""
    wakeup: Column
    """How long the main thread took to wake up once its end was reported."""
    replan: Column
    """The re-planning that its end triggered."""
    replannings: Replannings
    held_back: Column
    """How long it waited, though ready and with a free slot, for reasons not recorded."""
    unfinished: list[bool]
    """Whether it has no end: the run was killed, or is still running."""
    local: list[bool]
    polled: list[bool]
    """Whether one of the executor's status checks noticed its end."""
    unseen: Column
    """For how long after its end status checks do not see it yet."""
    check_delay: Column
    """From the begin of a status check to its report: others are checked first."""
    poll_schedule: PollSchedule | None
    nominal: Micros
    """The interval between status checks as it was set."""
    group_parts: dict[int, tuple[Part, ...]]
    """The stretches of a group's submission, in order."""
    measured: Moments
    rate: Rate | None = None
    """How many submissions may be selected in a stretch of time, if that is limited."""
    rest_waits_for_rate: bool = False
    """Whether ``rest`` lacks the wait for the last timer of that rate: it is simulated."""
    cpu: Column = field(default_factory=list)
    """The CPU time of each tool that ran on the main machine; 0 if not known."""
    cores: float | None = None
    """How many cores the main machine has for tools, if it is known and runs the jobs itself."""
    nested_busy: float = 0.0
    """How much of a core a Snakemake keeps busy that starts there for a job."""
    workers: int | None = None
    """How many jobs the executor on the main machine runs at once, if that is a limit."""
    staged: tuple[Column, Column] | None = None
    """If inputs are fetched in the background: what precedes the tool, and the fetching time."""
    merged: dict[int, tuple[Key, ...]] = field(default_factory=dict)
    """The submissions that were merged into a group which the run did not have."""
    behind: Column = field(default_factory=list)
    """For how long after its end the check before still went on: it waited for the main thread."""
    lingered: Column = field(default_factory=list)
    """For how long the cluster certainly kept it after its last process on the node had gone."""
    exit_waits: Column = field(default_factory=list)
    """For how long its processes on the node waited at their ends for timers; 0 if not known."""
    rings: list[bool] = field(default_factory=list)
    """Whether that process can report its end to the main one."""
    piped: dict[int, frozenset[str]] = field(default_factory=dict)
    """Of a group's submission, the rules whose jobs pipes join: each waits for the slowest."""
    lag: Lag | None = None
    """How long it takes until status checks can see ends; None if checks are not recorded."""
    failed: frozenset[int] = frozenset()
    """The submissions that failed: the interval between status checks may not fall back then."""
    remote: bool = True
    assumptions: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """The number of submissions."""
        return len(self.keys)

    def changed(self, **changed: object) -> "Model":
        """Return the same model with some columns changed."""
        return replace(self, **changed)  # type: ignore[arg-type]


def totals(columns: Columns, count: int) -> Column:
    """Return each submission's sum over all phases."""
    if not columns:
        return [0] * count
    return list(map(sum, zip(*columns.values(), strict=True)))


def without(columns: Columns, phases: Sequence[str] | frozenset[str]) -> Columns:
    """Return *columns* without *phases*."""
    return {name: column for name, column in columns.items() if name not in phases}
