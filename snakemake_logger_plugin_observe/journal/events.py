"""The lines of a journal: one frozen model per event, and the history of the schema.

The JSON Schema is generated from these models. A reader skips events and fields that it does not
know, so it can read a journal of a later minor version.
"""

from functools import reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, get_args

from pydantic import AliasChoices, ConfigDict, Field, TypeAdapter

from snakemake_logger_plugin_observe.journal.records import (
    AccountTotals,
    Benchmark,
    ChangedInput,
    Count,
    DiskRoom,
    ErrorDetails,
    Frozen,
    JobTally,
    Level,
    LogTail,
    Moment,
    Named,
    Offset,
    OutputFile,
    Own,
    Refusal,
    RuleTimes,
    RunKind,
    RunStatus,
    SchedulerRecord,
    Seconds,
    Stamps,
    Status,
    StatusCheck,
    Texts,
    UpToDateJob,
    Usage,
    Wait,
    Whole,
)

# 1: first version.
SCHEMA_VERSION: Final = 1


class Event(Frozen):
    """The fields of every line: its type (``event``) and its time."""

    # No fields, so they are neither written nor compared.
    __slots__ = ("_left_out", "_line")

    ALWAYS_WRITTEN: ClassVar[tuple[str, ...]] = ("event",)
    """The fields with a default that are written even if they have it."""

    event: Own
    time: Moment

    @property
    def line(self) -> int | None:
        """The number of the journal line that it was read from; None if it was made here."""
        return getattr(self, "_line", None)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The fields whose values did not fit when it was made, each with the reason."""
        return getattr(self, "_left_out", ())


class RunStarted(Event):
    """The first line: who runs what, where, and with which settings."""

    ALWAYS_WRITTEN: ClassVar = ("event", "schema_version")

    event: Literal["run_started"] = "run_started"
    schema_version: Whole = SCHEMA_VERSION
    run_id: Own
    kind: RunKind = "run"
    plugins: tuple[Own, ...] = ()
    observe_version: Own
    snakemake_version: str | None = None
    python_version: str | None = None
    platform: str | None = None
    workflow_id: Own | None = None
    host: str
    boot_id: Own | None = None
    """The kernel's id of its current boot: processes that share it share one clock."""
    boot_time: Moment | None = None
    """When that kernel was booted, by this process's clock."""
    user: str | None = None
    pid: Whole
    process_started: Moment | None = None
    plugin_loaded: Moment | None = None
    workflow_started: Moment | None = None
    workdir: str
    snakefile: str | None = None
    command: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    default_target: str | None = None
    """What is made where no target is named."""
    executor: Own | None = None
    wraps: Own | None = None
    """The executor that the executor ``timed`` wraps."""
    quick_exit: bool | None = None
    """Whether processes end without waiting for timers (``--timed-quick-exit on``)."""
    cores: Whole | None = None
    cpus: Whole | None = None
    """How many cores of its machine the main process may use."""
    memory_bytes: Whole | None = None
    """How much memory of its machine the main process may use."""
    jobs: Whole | None = None
    resources: Named = Field(default_factory=dict)
    settings: Named = Field(default_factory=dict)
    config_digest: Own | None = None
    config_keys: dict[str, Own] = Field(default_factory=dict)
    """Each top-level key of the config, with a short digest of its value."""
    config_values: tuple[str, ...] = ()
    """The short plain values of the config, as ``key.key=value`` in JSON's notation, up to a limit;
    none of a key that is named like a secret."""
    tags: Annotated[dict[str, str], Texts.NAMED] = Field(default_factory=dict)

    @property
    def inner_executor(self) -> str | None:
        """The executor that runs the jobs: the one that ``timed`` wraps, or else the run's own."""
        return self.wraps or self.executor


class Provenance(Event):
    """The workflow's sources; looked up in the background, so it comes a little later."""

    event: Literal["provenance"] = "provenance"
    snakefile_sha256: Own | None = None
    sources: dict[str, Own] = Field(default_factory=dict)
    """The SHA-256 of each readable local source file of the workflow."""
    git_commit: Own | None = None
    git_dirty: bool | None = None


class Allocation(Event):
    """The cluster job that Snakemake itself runs in; looked up in the background."""

    event: Literal["allocation"] = "allocation"
    scheduler: Own = "slurm"
    cluster_job: str
    nodes: str | None = None
    end: Moment | None = None
    """When its time limit ends, as the scheduler reported it when the run began."""


class FileSystem(Event):
    """How long single metadata operations took in the working directory: medians of a few.

    They show whether slow planning or finishing comes from a slow file system.
    """

    event: Literal["file_system"] = "file_system"
    when: Literal["start", "end"]
    path: str
    create_s: Seconds | None = None
    stat_s: Seconds | None = None
    remove_s: Seconds | None = None


class RunPhase(Event):
    """A phase of the run's own work: planning, deploying, hooks; ``time`` is its start."""

    event: Literal["run_phase"] = "run_phase"
    phase: Own
    end: Moment
    detail: str | None = None
    poll_interval_s: Seconds | None = None
    """Shutdown: how long the executor sleeps between status checks, so before it notices."""
    first_job_id: Whole | None = None
    """Re-planning: jobs with this id and higher are those that it added to the DAG."""
    changed_jobs: tuple[Whole, ...] = ()
    """Re-planning: jobs that were in the DAG before and had to wait for it."""


class Planned(Event):
    """The DAG after planning or re-planning: numbers of jobs by rule; the last one counts."""

    event: Literal["planned"] = "planned"
    to_run: dict[str, Count] = Field(default_factory=dict)
    """Jobs that this run has run or will run, by rule."""
    up_to_date: dict[str, Count] = Field(default_factory=dict)
    """Jobs that need not run, by rule."""
    needs: dict[str, dict[str, Count]] = Field(default_factory=dict)
    """Of the jobs to run: how many of each rule those of a rule need, all of them together."""
    without_command: tuple[str, ...] | None = None
    """The rules of these jobs that run nothing, like a target rule; null in older journals."""


class Blocked(Event):
    """Jobs that will not run, since one that they need failed for good; the last one counts."""

    event: Literal["blocked"] = "blocked"
    jobs: dict[str, Count] = Field(default_factory=dict)
    """How many there are by now, by rule."""


class UpToDate(Event):
    """Jobs of the DAG that need not run, each once; ``planned`` counts all, also very many."""

    event: Literal["up_to_date"] = "up_to_date"
    jobs: tuple[UpToDateJob, ...] = ()


class SchedulerIteration(Event):
    """One iteration of Snakemake's main loop, from waking (``time``) to going idle again."""

    event: Literal["scheduler_iteration", "scheduler_round"] = "scheduler_iteration"
    idle: Moment
    selections: tuple[tuple[Moment, Moment], ...] = ()
    ready: Count | None = None
    selected: tuple[Whole | str, ...] = ()
    unrecorded: Count = Field(default=0, validation_alias=AliasChoices("unrecorded", "alike"))
    """How many iterations before it selected nothing and are not recorded."""
    unrecorded_s: Seconds = Field(
        default=0.0, validation_alias=AliasChoices("unrecorded_s", "alike_s")
    )
    """How long these took in total."""


class Wake(Event):
    """With ``--timed-wake on``: whether status checks can come before the executor's own time."""

    event: Literal["wake"] = "wake"
    on: bool = False
    reason: str | None = None
    """Why not."""


class EarlyCheck(Event):
    """A status check before the executor's own time (``--timed-wake``); ``time`` is its start."""

    event: Literal["early_check"] = "early_check"
    after_ring_s: Seconds | None = None
    """How long before it the first end was rung that the executor had not noticed yet."""
    rung: Count = 0
    """How many ends had been rung, and not noticed yet."""
    found: Count = 0
    """How many ends it found."""
    took_s: Seconds | None = None
    """How long it took."""
    poll_interval_s: Seconds | None = None
    """The executor's own interval, which it cut short."""
    left_s: Seconds | None = None
    """How much of that interval was left."""


class StatusCheckCounts(Event):
    """How often the executor checked the status of its jobs, when it is shut down."""

    event: Literal["status_check_counts"] = "status_check_counts"
    own: Count = 0
    """Checks at the executor's own times; the first, before any job, included."""
    early: Count = 0
    """Checks before that: ``early_check``."""
    rung: Count = 0
    """How many submissions' ends were rung by their last process."""


class JobDescribed(Event):
    """A job of the DAG, as Snakemake knew it when it was about to run."""

    event: Literal["job"] = "job"
    job_id: Whole
    rule: str
    attempt: Whole | None = None
    wildcards: dict[str, str] = Field(default_factory=dict)
    local: bool | None = None
    checkpoint: bool = False
    service: bool = False
    """Whether it provides a service, so it runs as long as other jobs use it."""
    group: str | None = None
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    benchmark: str | None = None
    reason: str | None = None
    resources: Named = Field(default_factory=dict)
    threads: Whole | None = None
    priority: Whole | float | str | None = None
    shellcmd: str | None = None
    dependencies: tuple[Whole, ...] | None = None
    script: str | None = None
    code_digest: Own | None = None
    params_digest: Own | None = None
    params: tuple[str, ...] = ()
    """What the digest is of, as ``name=value`` in Python's notation; given once for each digest of
    a rule, up to a limit. Of a long one only its size is given, with an ellipsis."""
    environment_digest: Own | None = None
    input_sizes: dict[str, Count] = Field(default_factory=dict)
    ancient: tuple[str, ...] | None = None
    """Inputs whose changes trigger no rerun: ``ancient()``, or ``--consider-ancient``."""
    retries: Whole | None = None
    """How often it is retried if it fails: ``retries:``, else ``--retries``."""
    own_retries: bool | None = None
    """Whether that is from the rule's ``retries:``; null where it is not retried."""
    ensured: dict[str, str] | None = None
    """The conditions on its outputs, or the job fails: ``ensure()``."""
    temp: tuple[str, ...] | None = None
    """Outputs that are removed when nothing needs them any more: ``temp()``."""
    pipes: tuple[str, ...] | None = None
    """Outputs that are pipes: ``pipe()``. Jobs that read them run side by side with it."""
    directories: tuple[str, ...] | None = None
    """Outputs that are declared as folders: ``directory()``."""
    updated: tuple[str, ...] | None = None
    """Outputs that the job changes in place: ``update()``."""
    shadow: str | None = None
    """How its shadow directory is filled (``minimal``, ``shallow``, ...), if it runs in one."""
    requested: Named = Field(default_factory=dict)
    """What the rule asks for where the run's limits gave it less: ``threads`` or a resource, and
    the amount; null if that is a function of the workflow, which is not called again."""


class GroupDescribed(Event):
    """Jobs that are submitted together."""

    event: Literal["group"] = "group"
    group: str
    name: str | None = None
    members: tuple[Whole, ...] = ()
    attempt: Whole | None = None


class AttemptEvent(Event):
    """An event about an attempt of a job, or of a group's submission (then without a job)."""

    job_id: Whole | None = None
    group: str | None = None
    attempt: Whole


class AttemptSubmitted(AttemptEvent):
    """The executor accepted the submission."""

    event: Literal["attempt_submitted"] = "attempt_submitted"
    external_jobid: str | None = None
    stamps: Stamps
    fragments: tuple[Own, ...] = ()
    """What its processes on the node write while it goes on: folder and name of each fragment."""


class AttemptStarted(AttemptEvent):
    """The tool started in the main process, or the submission was seen to start on its node."""

    event: Literal["attempt_started"] = "attempt_started"
    node: str | None = None
    node_started: Moment | None = None
    """The first sign of life on the node, by the node's clock; ``time`` is when it was seen."""


class AttemptFinished(AttemptEvent):
    """An attempt's end, with every stamp and the phases computed from them.

    Another event about the same attempt (``revises``) replaces it: the last one counts.
    """

    event: Literal["attempt_finished"] = "attempt_finished"
    status: Status
    external_jobid: str | None = None
    node: str | None = None
    exit_code: Whole | None = None
    signal: Whole | None = None
    message: str | None = None
    stamps: Stamps
    waits: tuple[Wait, ...] = ()
    poll_interval_s: Seconds | None = None
    """How long the executor slept between status checks when it noticed the end."""
    status_check: StatusCheck | None = None
    """The status check that found the end, where the executor's own checks are recorded."""
    node_ended: Moment | None = None
    """When the last process on the node had gone, by the main clock."""
    exit_wait_s: Seconds | None = None
    """How long its processes on the node waited at their ends for timers of their schedulers; null
    if they did not record when those had ended."""
    node_starts: tuple[Moment, ...] = ()
    """The first signs of life on the node: several if the cluster restarted it."""
    levels: tuple[Level, ...] = ()
    start: Moment | None = None
    segments: tuple[tuple[Own | None, Seconds], ...] = ()
    """Phase and seconds of each segment, end to end from ``start``."""
    phases_s: dict[Own, Seconds] = Field(default_factory=dict)
    used: Usage | None = None
    """The resources that its last execution used, if known."""
    benchmark: Benchmark | None = None
    """What its job's ``benchmark:`` file says, if the job wrote one."""
    logs: tuple[LogTail, ...] = ()
    """The ends of its job's log files, if it failed."""
    refusal: Refusal | None = None
    """Its submit command and what that printed, if it failed and the executor has one."""
    reported_as: Status | None = None
    """``failed``, if that is how the executor reported its end, whatever happened on the node."""
    disk: DiskRoom | None = None
    """The room that the working directory's file system had left, if it failed."""
    offset: Offset | None = None
    unobserved: tuple[str, ...] = ()
    """Why some of its time is unobserved."""
    revises: bool = False


class OutputsRecorded(AttemptEvent):
    """The outputs of an attempt that succeeded, if the user asked for them."""

    event: Literal["outputs"] = "outputs"
    files: tuple[OutputFile, ...] = ()


class InputsChanged(AttemptEvent):
    """Input files that were changed while an attempt went on."""

    event: Literal["inputs_changed"] = "inputs_changed"
    since: Moment
    """When they were looked at first, soon after the attempt began."""
    until: Moment
    """When they were looked at again, right after it had ended."""
    files: tuple[ChangedInput, ...] = ()


class Accounting(AttemptEvent):
    """The accounting record of an attempt's submission; the last event counts."""

    event: Literal["accounting"] = "accounting"
    record: SchedulerRecord
    phases_s: dict[Own, Seconds] = Field(default_factory=dict)
    """The phases of the attempt, which has ended, if the record changes them."""


class Message(Event):
    """A message that Snakemake logged: of a known kind, a warning or an error."""

    event: Literal["message"] = "message"
    level: Own
    kind: Own
    text: str
    job_id: Whole | None = None
    """The job that Snakemake worked on when it met an error."""
    error: ErrorDetails | None = None
    """What is known of an error beyond its text."""


class Paused(Event):
    """The main process did not run from ``time`` to ``end``: stopped, or its machine asleep."""

    event: Literal["paused"] = "paused"
    end: Moment
    suspended_s: Seconds | None = None
    """How long of that the machine was suspended."""


class Heartbeat(Event):
    """The run lives, though nothing else was written for a while; the last one counts."""

    event: Literal["heartbeat"] = "heartbeat"
    in_flight: int = 0
    """Submissions that the scheduler has selected and that have not ended."""
    attempts: tuple[tuple[int | Own, int], ...] = ()
    """The first of them: the id of the job or the group, and the attempt's number."""


class Gap(Event):
    """Why a part of this journal is missing."""

    event: Literal["gap"] = "gap"
    reason: str
    lost: Count | None = None


class RunFinished(Event):
    """The last line: how the run ended, and both accounts of its time."""

    event: Literal["run_finished"] = "run_finished"
    status: RunStatus
    makespan_s: Seconds | None = None
    job_account: AccountTotals
    makespan: AccountTotals
    job_count: Count = 0
    attempt_count: Count = 0
    failed_attempts: Count = 0
    observer_cpu_s: Seconds | None = None
    counts_open: bool = False
    """Whether its accounts have the time of attempts without an end, as those of readers do."""
    jobs: JobTally | None = None
    """How far its jobs got."""
    rules: dict[str, RuleTimes] = Field(default_factory=dict)
    """What the jobs of each rule took: of the rules that took longest, if there are many."""


_E = TypeVar("_E", bound=Event)


def at_line(event: _E, number: int) -> _E:
    """Return *event* with the number of its journal line set."""
    object.__setattr__(event, "_line", number)  # it is frozen otherwise
    return event


def left_out(event: Event, fields: tuple[str, ...]) -> None:
    """Set the fields whose values did not fit *event*."""
    object.__setattr__(event, "_left_out", fields)  # it is frozen otherwise


def line_of(event: Event | None) -> int | None:
    """Return the number of an event's journal line; None without an event, or if not read."""
    return event.line if event is not None else None


def _without(model: type[_E], *fields: str) -> type[_E]:
    """Return a version of *model* that skips *fields*: they keep their defaults.

    What is skipped is parsed as JSON, but neither validated nor turned into objects.
    """
    defaults = {
        name: model.model_fields[name].get_default(call_default_factory=True) for name in fields
    }
    no_fields = {"__annotations__": dict.fromkeys(fields, ClassVar[Any])}
    plain = {"__module__": __name__, "__doc__": f"{model.__name__}, read in part."}
    return type(f"Lean{model.__name__}", (model,), {**plain, **no_fields, **defaults})


LeanAttemptFinished = _without(AttemptFinished, "waits", "levels", "phases_s")
"""An attempt's end, read for its segments, without the processes behind them."""
_LeanJobDescribed = _without(
    JobDescribed,
    *("input", "output", "log", "benchmark", "reason", "shellcmd", "script"),
    *("code_digest", "params_digest", "environment_digest", "input_sizes", "ancient"),
    *("retries", "own_retries", "ensured", "temp", "params"),
)

_Other = (
    RunStarted
    | Provenance
    | Allocation
    | FileSystem
    | RunPhase
    | Planned
    | Blocked
    | UpToDate
    | SchedulerIteration
    | Wake
    | EarlyCheck
    | StatusCheckCounts
    | JobDescribed
    | GroupDescribed
    | AttemptSubmitted
    | AttemptStarted
    | OutputsRecorded
    | InputsChanged
    | Accounting
    | Message
    | Heartbeat
    | Paused
    | Gap
    | RunFinished
)
AnyEvent = Annotated[_Other | AttemptFinished, Field(discriminator="event")]
"""Any event of this schema version, discriminated by its ``event`` field."""

EVENTS: Final[tuple[type[Event], ...]] = (*get_args(_Other), AttemptFinished)
"""The model of every event."""

RECORDED_LATER: Final = frozenset({"accounting", "outputs"})
"""Events that may be recorded long after the run: they show nothing about whether it goes on."""

# Built when a reader first uses them: a run that only writes need not wait for them.
_LATER: Final = ConfigDict(defer_build=True)
ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent, config=_LATER)


def _reading(*lean: type[Event]) -> TypeAdapter[AnyEvent]:
    """Return an adapter for any event that reads some as their *lean* versions."""
    others = [model for model in EVENTS if not any(issubclass(part, model) for part in lean)]
    union: Any = reduce(or_, (*others, *lean))
    return TypeAdapter(Annotated[union, Field(discriminator="event")], config=_LATER)


LEAN_ADAPTER: Final = _reading(LeanAttemptFinished)
"""Reads any event; of attempts only the figures."""
LEANEST_ADAPTER: Final = _reading(LeanAttemptFinished, _LeanJobDescribed)
"""As above; of jobs only the times and dependencies, without their texts."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of one journal line, as written."""
    schema = ADAPTER.json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"run journal line, schema version {SCHEMA_VERSION}",
        **schema,
    }
