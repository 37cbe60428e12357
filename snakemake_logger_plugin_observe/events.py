"""What a journal line can say: one frozen model per event, and the history of the schema.

The JSON Schema comes from these models. A reader skips events and fields that it does not know,
so a journal of a later minor change still reads.
"""

from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
)

from snakemake_logger_plugin_observe import clock

# 1: first version.
SCHEMA_VERSION: Final = 1


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


class _Frozen(BaseModel):
    # Built when first used: a reader needs the union of all events, and no model by itself.
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Wait(_Frozen):
    """A stretch inside an attempt or a node's process that carries a phase of its own."""

    phase: str
    start: Moment
    end: Moment


class Usage(_Frozen):
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


class Try(_Frozen):
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


class Level(_Frozen):
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
    tries: tuple[Try, ...] = ()


class LogTail(_Frozen):
    """The end of a log file, read when its job had failed."""

    path: str
    bytes: Count | None = None
    first_line: Count | None = None
    """The number of the first of ``lines`` in the file; null where the file is long."""
    lines: tuple[str, ...] = ()
    problem: str | None = None
    """Why there are no lines."""


class OutputFile(_Frozen):
    """What a job left under the name of one of its outputs."""

    path: str
    kind: Literal["file", "directory", "other"] = "file"
    bytes: Count | None = None
    """A directory's: of all files in it."""
    sha256: str | None = None
    """A directory's: of the sorted list of its files' names and sums."""
    problem: str | None = None
    """Why something of it is unknown."""


class SchedulerRecord(_Frozen):
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


class Stamps(_Frozen):
    """The moments of an attempt that the main process's clock took."""

    ready: Moment | None = None
    selected: Moment | None = None
    submitting: Moment | None = None
    accepted: Moment | None = None
    reported: Moment | None = None
    finished: Moment | None = None


class Event(_Frozen):
    """What every line has: its type (``event``) and its time."""

    event: str
    time: Moment


class RunStarted(Event):
    """The first line: who runs what, where, and with which settings."""

    event: Literal["run_started"] = "run_started"
    schema_version: int = SCHEMA_VERSION
    run_id: str
    kind: RunKind = "run"
    plugins: tuple[str, ...] = ()
    observe_version: str
    snakemake_version: str | None = None
    python_version: str | None = None
    platform: str | None = None
    workflow_id: str | None = None
    host: str
    boot_id: str | None = None
    """The kernel's own name for its time since boot: who shares it shares one clock."""
    boot_time: Moment | None = None
    """When that kernel was booted, as this process's moments have it."""
    user: str | None = None
    pid: int
    process_started: Moment | None = None
    plugin_loaded: Moment | None = None
    workflow_started: Moment | None = None
    workdir: str
    snakefile: str | None = None
    command: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    executor: str | None = None
    wraps: str | None = None
    cores: int | None = None
    jobs: int | None = None
    resources: dict[str, Any] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    config_digest: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class Provenance(Event):
    """Where the workflow's text came from; found out beside the run, so it comes a little later."""

    event: Literal["provenance"] = "provenance"
    snakefile_sha256: str | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None


class Allocation(Event):
    """The cluster's job that Snakemake itself runs in; asked beside the run, as provenance is."""

    event: Literal["allocation"] = "allocation"
    scheduler: str = "slurm"
    cluster_job: str
    nodes: str | None = None
    end: Moment | None = None
    """When its time is up, as the scheduler had it when the run began."""


class FileSystem(Event):
    """How long single metadata operations took in the working directory: medians of a handful.

    Slow planning or finishing can so be told from a slow file system.
    """

    event: Literal["file_system"] = "file_system"
    when: Literal["start", "end"]
    path: str
    create_s: Seconds | None = None
    stat_s: Seconds | None = None
    remove_s: Seconds | None = None


class RunPhase(Event):
    """A stretch of the run's own work: planning, deploying, hooks; ``time`` is its start."""

    event: Literal["run_phase"] = "run_phase"
    phase: str
    end: Moment
    detail: str | None = None
    poll_interval_s: Seconds | None = None
    """Shutdown: how long the executor sleeps between looks, and so before it notices."""
    first_job_id: int | None = None
    """Re-planning: the ids from here on belong to jobs that it brought into the DAG."""


class SchedulerRound(Event):
    """One turn of Snakemake's main loop, from waking (``time``) to going idle again."""

    event: Literal["scheduler_round"] = "scheduler_round"
    idle: Moment
    selections: tuple[tuple[Moment, Moment], ...] = ()
    ready: int | None = None
    selected: tuple[int | str, ...] = ()


class JobDescribed(Event):
    """What a job of the DAG is, as Snakemake knew it when it was about to run."""

    event: Literal["job"] = "job"
    job_id: int
    rule: str
    attempt: int | None = None
    wildcards: dict[str, str] = Field(default_factory=dict)
    local: bool | None = None
    checkpoint: bool = False
    group: str | None = None
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    benchmark: str | None = None
    reason: str | None = None
    resources: dict[str, Any] = Field(default_factory=dict)
    threads: int | None = None
    priority: int | str | None = None
    shellcmd: str | None = None
    dependencies: tuple[int, ...] | None = None
    script: str | None = None
    code_digest: str | None = None
    params_digest: str | None = None
    environment_digest: str | None = None
    input_sizes: dict[str, int] = Field(default_factory=dict)


class GroupDescribed(Event):
    """Which jobs are handed to the executor together."""

    event: Literal["group"] = "group"
    group: str
    name: str | None = None
    members: tuple[int, ...] = ()
    attempt: int | None = None


class AttemptEvent(Event):
    """An event about one attempt: of a job, or of a group's submission (then without a job)."""

    job_id: int | None = None
    group: str | None = None
    attempt: int


class AttemptSubmitted(AttemptEvent):
    """The executor took the submission."""

    event: Literal["attempt_submitted"] = "attempt_submitted"
    external_jobid: str | None = None
    stamps: Stamps


class AttemptStarted(AttemptEvent):
    """The tool began in the main process; or, seen from there, the submission on its node."""

    event: Literal["attempt_started"] = "attempt_started"
    node: str | None = None
    node_started: Moment | None = None
    """The first sign of life on the node, by its clock; ``time`` is then when it was seen."""


class Offset(_Frozen):
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


class AttemptFinished(AttemptEvent):
    """An attempt's end, with every stamp and the phases made from them.

    A second event about the same attempt revises the first: the last one counts.
    """

    event: Literal["attempt_finished"] = "attempt_finished"
    status: Status
    external_jobid: str | None = None
    node: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    message: str | None = None
    stamps: Stamps
    waits: tuple[Wait, ...] = ()
    poll_interval_s: Seconds | None = None
    """How long the executor slept between looks when it noticed the end."""
    node_starts: tuple[Moment, ...] = ()
    """The first signs of life on the node: more than one, where the cluster started it again."""
    levels: tuple[Level, ...] = ()
    start: Moment | None = None
    segments: tuple[tuple[str | None, Seconds], ...] = ()
    """Phase and seconds of each segment, end to end from ``start``."""
    phases_s: dict[str, Seconds] = Field(default_factory=dict)
    used: Usage | None = None
    """What its last try used, where that is known."""
    logs: tuple[LogTail, ...] = ()
    """The ends of its job's log files, if it failed."""
    offset: Offset | None = None
    unobserved: tuple[str, ...] = ()
    revises: bool = False


class OutputsRecorded(AttemptEvent):
    """What an attempt that succeeded left, where the person asked for it."""

    event: Literal["outputs"] = "outputs"
    files: tuple[OutputFile, ...] = ()


class Accounting(AttemptEvent):
    """What the cluster's accounting says of an attempt's submission; the last event counts."""

    event: Literal["accounting"] = "accounting"
    record: SchedulerRecord


class Message(Event):
    """A plain message of Snakemake's that carries a fact, or a warning or error."""

    event: Literal["message"] = "message"
    level: str
    kind: str
    text: str
    job_id: int | None = None


class Gap(Event):
    """What this journal is missing, and why."""

    event: Literal["gap"] = "gap"
    reason: str
    lost: int | None = None


class Account(_Frozen):
    """Seconds by cost class and by phase; unobserved and unattributed among the classes."""

    by_class_s: dict[str, Seconds]
    by_phase_s: dict[str, Seconds]


class RunFinished(Event):
    """The last line: how the run ended, and both accounts of its time."""

    event: Literal["run_finished"] = "run_finished"
    status: RunStatus
    makespan_s: Seconds | None = None
    job_account: Account
    makespan: Account
    job_count: int = 0
    attempt_count: int = 0
    failed_attempts: int = 0
    observer_cpu_s: Seconds | None = None


def _nothing(_value: object) -> tuple[()]:
    return ()


class LeanAttemptFinished(AttemptFinished):
    """An attempt's end, read for its figures alone: the processes behind them are passed over."""

    waits: Annotated[Any, BeforeValidator(_nothing)] = ()
    levels: Annotated[Any, BeforeValidator(_nothing)] = ()


_Other = (
    RunStarted
    | Provenance
    | Allocation
    | FileSystem
    | RunPhase
    | SchedulerRound
    | JobDescribed
    | GroupDescribed
    | AttemptSubmitted
    | AttemptStarted
    | OutputsRecorded
    | Accounting
    | Message
    | Gap
    | RunFinished
)
AnyEvent = Annotated[_Other | AttemptFinished, Field(discriminator="event")]
"""Any event of this schema version, told apart by its ``event`` field."""
LeanEvent = Annotated[_Other | LeanAttemptFinished, Field(discriminator="event")]
"""Any event, read for figures alone."""

EVENTS: Final[tuple[type[Event], ...]] = (*get_args(_Other), AttemptFinished)
"""The model of every event."""

# Built when a reader first uses them: a run writes, and need not wait for them.
_LATER: Final = ConfigDict(defer_build=True)
ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent, config=_LATER)
LEAN_ADAPTER: TypeAdapter[LeanEvent] = TypeAdapter(LeanEvent, config=_LATER)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of one journal line, as written."""
    schema = ADAPTER.json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"run journal line, schema version {SCHEMA_VERSION}",
        **schema,
    }
