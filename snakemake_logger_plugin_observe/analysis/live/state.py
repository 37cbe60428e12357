"""The state of one submission that is out, and of the jobs in it, at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.queue_answer import PartitionLimits
from snakemake_logger_plugin_observe.run.slurm_reasons import keeps_back

State = Literal[
    "pending",
    "starting",
    "job_script",
    "running",
    "computing",
    "finishing",
    "waiting",
    "done",
    "suspended",
    "ended",
    "gone",
    "selected",
    "unknown",
]
WORDS: Final[dict[State, str]] = {
    "pending": "pending",
    "starting": "Snakemake is starting",
    "job_script": "in its job script",
    "running": "running",
    "computing": "computing",
    "finishing": "Snakemake is finishing",
    "waiting": "waiting in its group",
    "done": "done in its group",
    "suspended": "suspended",
    "ended": "ended, not noticed yet",
    "gone": "gone from the scheduler",
    "selected": "selected, not submitted",
    "unknown": "not known",
}
"""Each state in words."""
COUNTED: Final[dict[State, str]] = {
    **WORDS,
    "starting": "starting",
    "finishing": "finishing",
    "job_script": "in job scripts",
    "waiting": "waiting in a group",
    "done": "done in a group",
}
"""The same, behind a number of jobs."""
SHORT: Final[dict[State, str]] = {
    **WORDS,
    "starting": "starting",
    "finishing": "finishing",
    "waiting": "waiting in group",
    "done": "done in group",
    "job_script": "in job script",
    "ended": "ended, unnoticed",
    "gone": "gone",
    "selected": "not submitted",
    "unknown": "out, not known",
}
"""The same, short enough for a table."""
_PHASES: Final[dict[State, str]] = {
    "selected": "dispatch",
    "pending": "queue_wait",
    "job_script": "job_script",
    "starting": "node_startup",
    "computing": "compute",
    "finishing": "node_exit",
    "waiting": "member_wait",
    "done": "member_wait",
    "ended": "poll_wait",
}
"""The phase of each state; of the others none is known, or there is none."""
ON_A_NODE: Final[frozenset[State]] = frozenset(
    {"starting", "job_script", "running", "computing", "finishing"}
)
"""The states in which the cluster runs it."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """What one attempt does now; a member of a group may do less than its submission does."""

    key: Key
    """The attempt: of a job, or of a group's submission."""
    submission: Key
    """The attempt that was submitted: itself, or its group's."""
    state: State
    since: Micros | None = None
    """Since when; None if that is not known."""
    reason: str | None = None
    """Why it is pending, how it ended, or why nothing more is known."""
    node: str | None = None
    external_jobid: str | None = None
    record: SchedulerRecord | None = None
    """What the scheduler says of its submission, if it was asked and knows it."""
    has_no_id: bool = False
    """Whether Slurm runs it, and what its submission printed is no job id."""

    @property
    def known(self) -> bool:
        """Whether it is known what it does."""
        return self.state != "unknown"

    @property
    def phase(self) -> str | None:
        """The phase that time in its state belongs to; None if that is not known."""
        if self.state == "pending" and keeps_back(self.reason):
            return "held"
        return _PHASES.get(self.state)


@dataclass(frozen=True, slots=True)
class LeftRunning:
    """Jobs that the run before left on the cluster, and that are still there."""

    journal: str
    status: str
    """How that run ended: ``killed`` or ``interrupted``."""
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunningCommand:
    """A command that the run's main process started, and that has not ended."""

    pid: int
    words: tuple[str, ...]
    """As the kernel has them: never shown, they may hold secrets."""
    since: Micros


@dataclass(frozen=True, slots=True)
class LiveView:
    """What all attempts that are out on a cluster do, at one moment."""

    now: Micros
    by_key: Mapping[Key, LiveState] = field(default_factory=dict)
    problem: str | None = None
    """Why the scheduler gave no answer, or was not asked; None if it did."""
    partitions: Mapping[str, PartitionLimits] = field(default_factory=dict)
    """What the partitions allow whose limits keep a job."""

    attended: bool = True
    """Whether the run goes on, so that it can still notice an end."""
    commands: tuple[RunningCommand, ...] = ()
    """What its main process waits for on this host; nothing if that cannot be seen."""

    def of(self, key: Key) -> LiveState | None:
        """Return the state of an attempt, None if it is not out."""
        return self.by_key.get(key)

    @property
    def all_ended(self) -> bool:
        """Whether nothing is out any more: only the run has not seen how it ended."""
        return all(one.state == "ended" for one in self.by_key.values())

    @property
    def states(self) -> tuple[LiveState, ...]:
        """The states of all: submissions first, then groups' members."""
        return tuple(self.by_key.values())

    @property
    def jobs(self) -> tuple[LiveState, ...]:
        """The states of jobs, the members of groups among them."""
        return tuple(one for one in self.states if isinstance(one.key[0], int))

    @property
    def submissions(self) -> tuple[LiveState, ...]:
        """The states of what was submitted: jobs and groups."""
        return tuple(one for one in self.states if one.key == one.submission)

    def length(self, one: LiveState) -> Micros | None:
        """Return how long an attempt has been in its state, None if that is not known."""
        return None if one.since is None else max(0, self.now - one.since)


def lasting(micros: Micros) -> str:
    """Return a length of time to the precision that a user needs: ``50 s``, ``12 min``."""
    seconds = micros / 1e6
    for most, unit, word in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / unit:.0f} {word}"
    return f"{seconds / 86_400:.0f} days"


def longest(view: LiveView, states: Iterable[LiveState]) -> Micros | None:
    """Return the longest time that one of *states* has lasted, None if none is known."""
    return max((one for one in map(view.length, states) if one is not None), default=None)
