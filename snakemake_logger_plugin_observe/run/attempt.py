"""An attempt: one submission of a job or a group, and what is known about it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import AttemptFinished, InputsChanged
from snakemake_logger_plugin_observe.journal.records import (
    Benchmark,
    DiskRoom,
    Execution,
    Level,
    LogTail,
    Offset,
    OutputFile,
    Refusal,
    SchedulerRecord,
    Stamps,
    Status,
    StatusCheck,
    Usage,
    Wait,
)
from snakemake_logger_plugin_observe.run.node_processes import innermost_executions
from snakemake_logger_plugin_observe.run.phases import PHASES, UNOBSERVED
from snakemake_logger_plugin_observe.run.segments import (
    NO_SEGMENTS,
    Label,
    Segment,
    Segments,
    phase_sums,
)

Key = tuple[int | str, int]
"""The key of an attempt: the id of its job or group, and its number."""

_LABELS: dict[Label, Label] = {None: None, **{name: name for name in PHASES}}

FINAL = frozenset({"success", "failed", "cancelled", "lost", "cached"})
"""The statuses of attempts that have ended."""
FAILED = frozenset({"failed", "lost"})
SUCCEEDED = frozenset({"success", "cached"})


@dataclass(slots=True)
class Attempt:
    """One submission of a job, or of a group (then ``job_id`` is None), or a member's share.

    The recorder fills it while the attempt runs; a reader fills it from the journal.
    """

    job_id: int | None
    group: str | None
    number: int
    status: Status = "waiting"
    external_jobid: str | None = None
    node: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    message: str | None = None
    stamps: Stamps = field(default_factory=Stamps)
    waits: tuple[Wait, ...] = ()
    poll_interval_s: float | None = None
    status_check: StatusCheck | None = None
    node_ended: Micros | None = None
    """When the last process on its node had gone, by the main clock."""
    exit_wait: Micros | None = None
    """How long its processes on the node waited at their ends for timers; None if not recorded."""
    node_starts: tuple[Micros, ...] = ()
    tool_started: Micros | None = None
    levels: tuple[Level, ...] = ()
    fragments: tuple[str, ...] = ()
    """The fragments that its processes on the node write while it goes on: folder and name."""
    offset: Offset | None = None
    unobserved: tuple[str, ...] = ()
    used: Usage | None = None
    benchmark: Benchmark | None = None
    logs: tuple[LogTail, ...] = ()
    refusal: Refusal | None = None
    """Its submit command and what that printed, if it failed."""
    reported_as: Status | None = None
    """``failed``, if that is how the executor reported its end."""
    disk: DiskRoom | None = None
    outputs: tuple[OutputFile, ...] | None = None
    outputs_line: int | None = None
    changed_inputs: InputsChanged | None = None
    """Its inputs that were changed while it went on, if any were found to be."""
    accounting: SchedulerRecord | None = None
    accounting_line: int | None = None
    """The journal line of that record."""
    segments: Segments = NO_SEGMENTS
    line: int | None = None
    """The last journal line about it."""
    submitted_line: int | None = None
    """The journal line of its submission, which has its stamps until it ends."""
    cut_off: bool = False
    """Whether its tool ended because its run was interrupted; then it is cancelled."""
    end_from_record: bool = False
    """Whether only the scheduler's record shows its end: its run was gone by then."""
    stopped_with: int | None = None
    """The job that shares a pipe or a service with it, and whose failure ended it."""
    _phases: dict[str, Micros] | None = None

    @property
    def key(self) -> Key:
        """Its key in its run."""
        return (self.job_id if self.job_id is not None else self.group or "", self.number)

    def take(self, event: AttemptFinished) -> None:
        """Fill in its end from the journal."""
        self.group = event.group
        self.status = event.status
        self.external_jobid = event.external_jobid
        self.node = event.node
        self.exit_code = event.exit_code
        self.signal = event.signal
        self.message = event.message
        self.stamps = event.stamps
        self.waits = event.waits
        self.poll_interval_s = event.poll_interval_s
        self.status_check = event.status_check
        self.node_ended = event.node_ended
        self.exit_wait = None if event.exit_wait_s is None else round(event.exit_wait_s * 1e6)
        self.node_starts = event.node_starts
        self.levels = event.levels
        self.offset = event.offset
        self.unobserved = event.unobserved
        self.used = event.used
        self.benchmark = event.benchmark
        self.logs = event.logs
        self.refusal = event.refusal
        self.reported_as = event.reported_as
        self.disk = event.disk

    def set_segments(self, segments: Iterable[Segment]) -> None:
        """Set its segments, and with them its phases."""
        self.segments = segments if isinstance(segments, Segments) else Segments(segments)
        self._phases = None

    @property
    def phases(self) -> dict[str, Micros]:
        """Microseconds per phase: the sums of its segments, computed at the first access."""
        if self._phases is None:
            self._phases = phase_sums(self.segments)
        return self._phases

    @property
    def since_selected(self) -> Micros:
        """How long it took from its selection to its end, so without waiting for a slot."""
        return sum(self.phases.values()) - self.phases.get("slot_wait", 0)

    @property
    def is_member(self) -> bool:
        """Whether this is a job's share of a group's submission."""
        return self.job_id is not None and self.group is not None

    @property
    def start(self) -> Micros | None:
        """The beginning of its first segment."""
        return self.segments.start

    @property
    def end(self) -> Micros | None:
        """The end of its last segment."""
        return self.segments.end

    @property
    def executions(self) -> list[Execution]:
        """Every execution of the tool, as recorded by the processes closest to it."""
        return innermost_executions(self.levels)

    @property
    def started_last(self) -> Micros | None:
        """When the cluster started it last, if it had started it before; else None."""
        if len(self.node_starts) > 1:
            return max(self.node_starts)
        restarts = max((level.restarts for level in self.levels), default=0)
        last = (one.started for one in self.levels if one.restarts == restarts and one.started)
        return min(last, default=None) if restarts else None

    @property
    def was_queued_again(self) -> bool:
        """Whether the cluster has ended every start that its node recorded, and queued it again."""
        if self.accounting is None:
            return False
        known = max((one.restarts for one in self.levels if not one.in_main), default=-1)
        known = max(known, len(self.node_starts) - 1)
        return 0 <= known < self.accounting.restarts

    @property
    def final_executions(self) -> list[Execution]:
        """The executions since the cluster started it last: it had ended the earlier ones itself.

        Where it started it once, these are all.
        """
        return self.executions_since(self.started_last)

    def executions_since(self, moment: Micros | None) -> list[Execution]:
        """Return the executions that began at *moment* or later; all if it is None."""
        if moment is None:
            return self.executions
        return [one for one in self.executions if (one.begun or one.tool_started or 0) >= moment]


def written_segments(event: AttemptFinished) -> Segments:
    """Return the segments in the journal line of an attempt's end."""
    return Segments.end_to_end(
        event.start or 0,
        [round(length_s * 1e6) for _, length_s in event.segments],
        tuple([_LABELS.get(phase, UNOBSERVED) for phase, _ in event.segments]),
    )
