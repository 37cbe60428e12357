"""What a run was made of: the columns that a replay reads, one entry a submission.

Submissions (attempts of jobs, and of groups as a whole) are numbered in the order in which they
were handed on, and keep that order where several could be chosen. All lengths are microseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import PollSchedule
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import RunPhase
from snakemake_logger_plugin_observe.run.attempt import Key

Column = list[Micros]
Columns = dict[str, Column]
"""Microseconds by phase, then by submission."""

Brought = dict[int, RunPhase]
"""The re-plannings that brought or changed jobs, by whose end called for them."""

UNLIMITED: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a group's submission that a member owns, or nobody (``member_wait``)."""

    phase: str
    length: Micros
    job_id: int | None
    rule: str | None


@dataclass(frozen=True, slots=True)
class Rest:
    """What came after the last job's end."""

    until_asleep: tuple[tuple[str, Micros], ...]
    """The run's own phases, up to when it waited for the executor's sleep to be over."""
    asleep: Micros | None
    """How long that was; None where the executor does not sleep."""
    after: tuple[tuple[str, Micros], ...]


@dataclass(slots=True)
class Moments:
    """When each submission was chosen, accepted, reported and finished."""

    selected: Column
    accepted: Column
    ended: Column
    reported: Column
    finished: Column


@dataclass(slots=True)
class Model:
    """A run, ready to be let happen again."""

    start: Micros
    began: Micros
    """When scheduling began."""
    end: Micros
    head: tuple[tuple[str, Micros], ...]
    """The run's own phases before scheduling, in order."""
    rest: Rest
    keys: list[Key]
    rules: list[str | None]
    """Of a group: None."""
    wanted: list[list[int]]
    """The submissions that wait for each."""
    waits: list[int]
    """For how many submissions each waits."""
    earlier: list[int]
    """The previous attempt of the same submission, or -1."""
    asks: dict[str, Column]
    """What each takes of each limit that is known by name."""
    limits: dict[str, int]
    before: Columns
    """What keeps the main thread busy between the choice and the acceptance."""
    course: Columns
    """What goes on beside the main thread, up to the submission's end."""
    after: Columns
    """What keeps the main thread busy once the end was reported."""
    solver: Column
    """How long the selection took that chose it."""
    loop: Column
    """The main loop's other work before that selection."""
    nap: Column
    """How long the main thread took to wake once its end was reported."""
    replan: Column
    """The planning that its end called for."""
    brought: Brought
    hold: Column
    """How long it waited though it was ready and had a place, for reasons that are not recorded."""
    unfinished: list[bool]
    """It has no end: the run was given up, or goes on."""
    local: list[bool]
    polled: list[bool]
    """Its end was noticed by one of the executor's looks."""
    blind: Column
    """How long after its end a look did not see it yet."""
    late: Column
    """How long after the look began it was reported: others were looked at before."""
    polls: PollSchedule | None
    nominal: Micros
    """The interval between looks as it was set."""
    inside: dict[int, tuple[Part, ...]]
    """What the members of a group did, one after the other as they own the time."""
    measured: Moments
    workers: int | None = None
    """How many jobs the executor on the main machine runs at once, where that is a limit."""
    staged: tuple[Column, Column] | None = None
    """Where inputs are fetched beside all else: what comes before the tool, and their time."""
    packed: dict[int, tuple[Key, ...]] = field(default_factory=dict)
    """Which submissions a group was made of that the run did not have."""
    remote: bool = True
    assumes: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many submissions there are."""
        return len(self.keys)

    def but(self, **changed: object) -> "Model":
        """Return the same run with some columns changed."""
        return replace(self, **changed)  # type: ignore[arg-type]


def totals(columns: Columns, count: int) -> Column:
    """Return the sums over all phases, for each submission."""
    if not columns:
        return [0] * count
    return list(map(sum, zip(*columns.values(), strict=True)))


def without(columns: Columns, phases: Sequence[str] | frozenset[str]) -> Columns:
    """Return *columns* but for *phases*."""
    return {name: column for name, column in columns.items() if name not in phases}
