"""What events are made of: moments and amounts, and what an attempt or a log leaves to be told."""

from typing import Annotated, Final, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from snakemake_logger_plugin_observe import clock


def _moment(value: object) -> object:
    return clock.parse_moment(value) if isinstance(value, str) else value


Moment = Annotated[
    int,
    Field(ge=0, lt=253_402_300_800_000_000),  # RFC 3339 ends with the year 9999
    BeforeValidator(_moment),
    PlainSerializer(clock.format_moment, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Microseconds since the epoch here, RFC 3339 in UTC in the journal."""

Seconds = Annotated[float, Field(ge=0, le=1e10, allow_inf_nan=False)]
"""A duration in seconds."""
Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of things, or of bytes."""
Signed = Annotated[float, Field(ge=-1e10, le=1e10, allow_inf_nan=False)]
"""A difference in seconds."""

Status = Literal[
    "waiting", "submitted", "running", "success", "failed", "cancelled", "lost", "cached"
]
RunKind = Literal["run", "dry_run", "touch"]
RunStatus = Literal[
    "running", "success", "failed", "interrupted", "nothing_to_do", "dry_run", "killed"
]


class Frozen(BaseModel):
    """A model whose values stay as they are; a reader skips fields that it does not know."""

    # Built when first used: a reader needs the union of all events, and no model by itself.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


_SHARED: Final[set[str]] = set()


def lighten(*models: Frozen | None) -> None:
    """Let go of which fields *models* were given: a set each, larger than the figures themselves.

    For whoever only reads: it is asked for by nothing but pydantic's ``exclude_unset``.
    """
    for model in models:
        if model is not None:
            object.__setattr__(model, "__pydantic_fields_set__", _SHARED)


class Wait(Frozen):
    """A stretch inside an attempt or a node's process that carries a phase of its own."""

    phase: str
    start: Moment
    end: Moment


class Usage(Frozen):
    """What a tool's processes used, as the kernel counted it; null where others ran beside it."""

    user_s: Seconds | None = None
    system_s: Seconds | None = None
    peak_rss_bytes: Count | None = None
    """The largest of its processes at its peak, not their sum; null where only a bound is known."""
    peak_rss_bound_bytes: Count | None = None
    """What that peak was no higher than: the kernel counts a child from its parent's size on."""
    cgroup_peak_bytes: Count | None = None
    """All that ran in the job's own control group, Snakemake included."""
    read_bytes: Count | None = None
    written_bytes: Count | None = None


class Execution(Frozen):
    """One execution of a job's tool, with the moments that the process running it took.

    ``rule`` and ``wildcards`` name the job, for job ids differ from process to process.
    """

    rule: str | None = None
    wildcards: dict[str, str] = Field(default_factory=dict)
    number: int = 1
    selected: Moment | None = None
    begun: Moment | None = None
    prepared: Moment | None = None
    running: Moment | None = None
    tool_started: Moment | None = None
    tool_ended: Moment | None = None
    reported: Moment | None = None
    checked: Moment | None = None
    status: Status = "running"
    exit_code: int | None = None
    message: str | None = None
    used: Usage | None = None


class Level(Frozen):
    """One Snakemake process that took part in an attempt: the main one, or one on the node."""

    clock: str
    """``main``, or ``node:<host>``."""
    host: str
    node: str | None = None
    """What the cluster calls the node, where that is not the host's name."""
    cluster_job: str | None = None
    """The cluster's own id of the job that this process ran in."""
    restarts: int = 0
    """How often the cluster had started that job before."""
    pid: int
    wraps: str
    in_main: bool = False
    boot_id: str | None = None
    boot_time: Moment | None = None
    """As in ``RunStarted``: two processes of one boot differ in it by what the clock was set."""
    stepped_s: Signed | None = None
    """By how much the host's wall clock was set while this process lived."""
    started: Moment | None = None
    loaded: Moment | None = None
    parsed: Moment | None = None
    planned: Moment | None = None
    ended: Moment | None = None
    error: str | None = None
    """What it said went wrong, where it came to no try."""
    waits: tuple[Wait, ...] = ()
    executions: tuple[Execution, ...] = Field(
        default=(), validation_alias=AliasChoices("executions", "tries")
    )


class LogTail(Frozen):
    """The end of a log file, read when its job had failed."""

    path: str
    bytes: Count | None = None
    first_line: Count | None = None
    """The number of the first of ``lines`` in the file; null where the file is long."""
    lines: tuple[str, ...] = ()
    problem: str | None = None
    """Why there are no lines."""


class OutputFile(Frozen):
    """What a job left under the name of one of its outputs."""

    path: str
    kind: Literal["file", "directory", "other"] = "file"
    bytes: Count | None = None
    """A directory's: of all files in it."""
    sha256: str | None = None
    """A directory's: of the sorted list of its files' names and sums."""
    problem: str | None = None
    """Why something of it is unknown."""


class SchedulerRecord(Frozen):
    """What the cluster's accounting recorded of a job, by the scheduler's own clock."""

    scheduler: str = "slurm"
    cluster_job: str
    resolution_s: Seconds = 1.0
    """How fine its moments are; its clock may differ from all others."""
    state: str | None = None
    reason: str | None = None
    submitted: Moment | None = None
    eligible: Moment | None = None
    """When nothing but a free place was missing: until then it was held back."""
    started: Moment | None = None
    ended: Moment | None = None
    restarts: Count = 0
    exit_code: int | None = None
    signal: int | None = None
    nodes: str | None = None
    partition: str | None = None
    cpus_requested: Count | None = None
    cpus_allocated: Count | None = None
    memory_requested_bytes: Count | None = None
    time_limit_s: Seconds | None = None
    user_s: Seconds | None = None
    system_s: Seconds | None = None
    peak_rss_bytes: Count | None = None
    """The largest of its steps' peaks, as the scheduler sampled them."""

    @property
    def held_s(self) -> float | None:
        """How long it could not have started: a dependency, a hold, a limit of the site's."""
        return _between(self.submitted, self.eligible)

    @property
    def queued_s(self) -> float | None:
        """How long it then waited for a place."""
        return _between(self.eligible, self.started)


def _between(begun: int | None, ended: int | None) -> float | None:
    if begun is None or ended is None or ended < begun:
        return None
    return clock.to_seconds(ended - begun)


class Stamps(Frozen):
    """The moments of an attempt that the main process's clock took."""

    ready: Moment | None = None
    selected: Moment | None = None
    submitting: Moment | None = None
    accepted: Moment | None = None
    reported: Moment | None = None
    finished: Moment | None = None


class Offset(Frozen):
    """How far the node's clock is ahead of the main one, in seconds, and within which bounds.

    Where both are one kernel's clock, it is exact (``low_s`` = ``high_s``). Else queue and poll
    wait mix both clocks, and only their sum is certain: ``*_bounds_s`` say within what each of the
    two must lie.
    """

    host: str
    assumed_s: Signed
    low_s: Signed | None = None
    high_s: Signed | None = None
    queue_wait_bounds_s: tuple[Signed, Signed] | None = None
    poll_wait_bounds_s: tuple[Signed, Signed] | None = None


class AccountTotals(Frozen):
    """Seconds by cost class and by phase; unobserved and unattributed among the classes."""

    by_class_s: dict[str, Seconds]
    by_phase_s: dict[str, Seconds]
