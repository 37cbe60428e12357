"""What a journal line can say: one frozen model per event, and the history of the schema.

The JSON Schema comes from these models. A reader skips events and fields that it does not know,
so a journal of a later minor change still reads.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, get_args

from pydantic import AliasChoices, ConfigDict, Field, TypeAdapter

from snakemake_logger_plugin_observe.journal.records import (
    AccountTotals,
    Frozen,
    Level,
    LogTail,
    Moment,
    Offset,
    OutputFile,
    RunKind,
    RunStatus,
    SchedulerRecord,
    Seconds,
    Stamps,
    Status,
    Usage,
    Wait,
)

# 1: first version.
SCHEMA_VERSION: Final = 1


class Event(Frozen):
    """What every line has: its type (``event``) and its time."""

    # Where an event was read is not part of it: never written, and not compared.
    __slots__ = ("_line",)

    event: str
    time: Moment

    @property
    def line(self) -> int | None:
        """The number of the journal line that it was read from; None if it was not read."""
        return getattr(self, "_line", None)


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
    config_keys: dict[str, str] = Field(default_factory=dict)
    """Each top-level key of the config, with a short digest of what it held."""
    tags: dict[str, str] = Field(default_factory=dict)


class Provenance(Event):
    """Where the workflow's text came from; found out beside the run, so it comes a little later."""

    event: Literal["provenance"] = "provenance"
    snakefile_sha256: str | None = None
    sources: dict[str, str] = Field(default_factory=dict)
    """The SHA-256 of each local text that the workflow is made of and that could be read."""
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
    changed_jobs: tuple[int, ...] = ()
    """Re-planning: jobs that were there before, and had to wait for it."""


class Planned(Event):
    """What the DAG held when it had been planned, or planned again: numbers of jobs by rule.

    The last one counts.
    """

    event: Literal["planned"] = "planned"
    to_run: dict[str, int] = Field(default_factory=dict)
    """Jobs that this run has run or will run."""
    up_to_date: dict[str, int] = Field(default_factory=dict)
    """Jobs that need not run."""


class SchedulerIteration(Event):
    """One turn of Snakemake's main loop, from waking (``time``) to going idle again."""

    event: Literal["scheduler_iteration", "scheduler_round"] = "scheduler_iteration"
    idle: Moment
    selections: tuple[tuple[Moment, Moment], ...] = ()
    ready: int | None = None
    selected: tuple[int | str, ...] = ()
    unrecorded: int = Field(default=0, validation_alias=AliasChoices("unrecorded", "alike"))
    """How many turns before it found nothing new, chose nothing and are not told."""
    unrecorded_s: float = Field(
        default=0.0, validation_alias=AliasChoices("unrecorded_s", "alike_s")
    )
    """How long these took together."""


class JobDescribed(Event):
    """What a job of the DAG is, as Snakemake knew it when it was about to run."""

    event: Literal["job"] = "job"
    job_id: int
    rule: str
    attempt: int | None = None
    wildcards: dict[str, str] = Field(default_factory=dict)
    local: bool | None = None
    checkpoint: bool = False
    service: bool = False
    """Whether it provides a service, and so runs for as long as others use it."""
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
    ancient: tuple[str, ...] | None = None
    """Inputs whose changes make nothing run again: ``ancient()``, or ``--consider-ancient``."""
    retries: int | None = None
    """How often it is tried again if it fails: ``retries:``, else ``--retries``."""
    ensured: dict[str, str] | None = None
    """What must hold of which output, or the job fails: ``ensure()``."""
    temp: tuple[str, ...] | None = None
    """Outputs that are removed once nothing needs them any more: ``temp()``."""


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


class RunFinished(Event):
    """The last line: how the run ended, and both accounts of its time."""

    event: Literal["run_finished"] = "run_finished"
    status: RunStatus
    makespan_s: Seconds | None = None
    job_account: AccountTotals
    makespan: AccountTotals
    job_count: int = 0
    attempt_count: int = 0
    failed_attempts: int = 0
    observer_cpu_s: Seconds | None = None


_E = TypeVar("_E", bound=Event)


def at_line(event: _E, number: int) -> _E:
    """Return *event*, which now knows the number of its journal line."""
    object.__setattr__(event, "_line", number)  # it is frozen otherwise
    return event


def line_of(event: Event | None) -> int | None:
    """Return the number of an event's journal line; None without an event, or if not read."""
    return event.line if event is not None else None


def _without(model: type[_E], *fields: str) -> type[_E]:
    """Return *model* as a reader takes it that passes *fields* over: they keep their defaults.

    What is passed over is parsed as JSON, but not checked, and no object is made of it.
    """
    defaults = {
        name: model.model_fields[name].get_default(call_default_factory=True) for name in fields
    }
    no_fields = {"__annotations__": dict.fromkeys(fields, ClassVar[Any])}
    plain = {"__module__": __name__, "__doc__": f"{model.__name__}, read in part."}
    return type(f"Lean{model.__name__}", (model,), {**plain, **no_fields, **defaults})


LeanAttemptFinished = _without(AttemptFinished, "waits", "levels", "phases_s")
"""An attempt's end, read for its segments: the processes behind them are passed over."""
_LeanJobDescribed = _without(
    JobDescribed,
    *("input", "output", "log", "benchmark", "reason", "shellcmd", "script"),
    *("code_digest", "params_digest", "environment_digest", "input_sizes", "ancient"),
    *("retries", "ensured", "temp"),
)

_Other = (
    RunStarted
    | Provenance
    | Allocation
    | FileSystem
    | RunPhase
    | Planned
    | SchedulerIteration
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

EVENTS: Final[tuple[type[Event], ...]] = (*get_args(_Other), AttemptFinished)
"""The model of every event."""

# Built when a reader first uses them: a run writes, and need not wait for them.
_LATER: Final = ConfigDict(defer_build=True)
ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent, config=_LATER)


def _reading(*lean: type[Event]) -> TypeAdapter[AnyEvent]:
    """Return what reads any event, some of them as their *lean* selves."""
    whole = [model for model in EVENTS if not any(issubclass(one, model) for one in lean)]
    union: Any = reduce(or_, (*whole, *lean))
    return TypeAdapter(Annotated[union, Field(discriminator="event")], config=_LATER)


LEAN_ADAPTER: Final = _reading(LeanAttemptFinished)
"""Reads any event; of attempts their figures alone."""
LEANEST_ADAPTER: Final = _reading(LeanAttemptFinished, _LeanJobDescribed)
"""As above; and of jobs what places them in time and in the DAG, without their texts."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of one journal line, as written."""
    schema = ADAPTER.json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"run journal line, schema version {SCHEMA_VERSION}",
        **schema,
    }
