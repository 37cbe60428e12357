"""The lines of a journal: one frozen record per event, and the history of the schema.

The JSON Schema is generated from these types. A reader skips events and fields that it does not
know, so it can read a journal of a later minor version.
"""

from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, Union, cast, get_args

import msgspec
from msgspec import NODEFAULT, defstruct, field
from msgspec.json import Decoder
from msgspec.structs import fields, force_setattr

from snakemake_logger_plugin_observe.journal.first_screen import FirstScreen
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


class Event(Frozen, tag_field="event", frozen=True, kw_only=True):
    """The fields of every line: its type (``event``) and its time."""

    event: ClassVar[str]
    time: Moment
    left_out: tuple[str, ...] = ()
    """The fields whose values did not fit when it was made, each with the reason."""
    line: int | None = None
    """The number of the journal line that it was read from; None if it was made here."""

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, from whatever line they were read."""
        return type(other) is type(self) and all(
            getattr(self, name) == getattr(other, name)
            for name in self.__struct_fields__
            if name != "line"
        )

    __hash__ = None  # type: ignore[assignment]  # some of their fields are mappings


class RunStarted(Event, tag="run_started", frozen=True, kw_only=True):
    """The first line: who runs what, where, and with which settings."""

    event: ClassVar[Literal["run_started"]] = "run_started"
    schema_version: Whole = field(default_factory=lambda: SCHEMA_VERSION)  # so it is written
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
    resources: Named = field(default_factory=dict)
    settings: Named = field(default_factory=dict)
    config_digest: Own | None = None
    config_keys: dict[str, Own] = field(default_factory=dict)
    """Each top-level key of the config, with a short digest of its value."""
    config_values: tuple[str, ...] = ()
    """The short plain values of the config, as ``key.key=value`` in JSON's notation, up to a limit;
    none of a key that is named like a secret."""
    tags: Annotated[dict[str, str], Texts.NAMED] = field(default_factory=dict)

    @property
    def inner_executor(self) -> str | None:
        """The executor that runs the jobs: the one that ``timed`` wraps, or else the run's own."""
        return self.wraps or self.executor


class Provenance(Event, tag="provenance", frozen=True, kw_only=True):
    """The workflow's sources; looked up in the background, so it comes a little later."""

    event: ClassVar[Literal["provenance"]] = "provenance"
    snakefile_sha256: Own | None = None
    sources: dict[str, Own] = field(default_factory=dict)
    """The SHA-256 of each readable local source file of the workflow."""
    git_commit: Own | None = None
    git_dirty: bool | None = None


class Allocation(Event, tag="allocation", frozen=True, kw_only=True):
    """The cluster job that Snakemake itself runs in; looked up in the background."""

    event: ClassVar[Literal["allocation"]] = "allocation"
    scheduler: Own = "slurm"
    cluster_job: str
    nodes: str | None = None
    end: Moment | None = None
    """When its time limit ends, as the scheduler reported it when the run began."""


class FileSystem(Event, tag="file_system", frozen=True, kw_only=True):
    """How long single metadata operations took in the working directory: medians of a few.

    They show whether slow planning or finishing comes from a slow file system.
    """

    event: ClassVar[Literal["file_system"]] = "file_system"
    when: Literal["start", "end"]
    path: str
    create_s: Seconds | None = None
    stat_s: Seconds | None = None
    remove_s: Seconds | None = None


class RunPhase(Event, tag="run_phase", frozen=True, kw_only=True):
    """A phase of the run's own work: planning, deploying, hooks; ``time`` is its start."""

    event: ClassVar[Literal["run_phase"]] = "run_phase"
    phase: Own
    end: Moment
    detail: str | None = None
    poll_interval_s: Seconds | None = None
    """Shutdown: how long the executor sleeps between status checks, so before it notices."""
    first_job_id: Whole | None = None
    """Re-planning: jobs with this id and higher are those that it added to the DAG."""
    changed_jobs: tuple[Whole, ...] = ()
    """Re-planning: jobs that were in the DAG before and had to wait for it."""


class Planned(Event, tag="planned", frozen=True, kw_only=True):
    """The DAG after planning or re-planning: numbers of jobs by rule; the last one counts."""

    event: ClassVar[Literal["planned"]] = "planned"
    to_run: dict[str, Count] = field(default_factory=dict)
    """Jobs that this run has run or will run, by rule."""
    up_to_date: dict[str, Count] = field(default_factory=dict)
    """Jobs that need not run, by rule."""
    needs: dict[str, dict[str, Count]] = field(default_factory=dict)
    """Of the jobs to run: how many of each rule those of a rule need, all of them together."""
    without_command: tuple[str, ...] | None = None
    """The rules of these jobs that run nothing, like a target rule."""


class Blocked(Event, tag="blocked", frozen=True, kw_only=True):
    """Jobs that will not run, since one that they need failed for good; the last one counts."""

    event: ClassVar[Literal["blocked"]] = "blocked"
    jobs: dict[str, Count] = field(default_factory=dict)
    """How many there are by now, by rule."""


class UpToDate(Event, tag="up_to_date", frozen=True, kw_only=True):
    """Jobs of the DAG that need not run, each once; ``planned`` counts all, also very many."""

    event: ClassVar[Literal["up_to_date"]] = "up_to_date"
    jobs: tuple[UpToDateJob, ...] = ()


class SchedulerIteration(Event, tag="scheduler_iteration", frozen=True, kw_only=True):
    """One iteration of Snakemake's main loop, from waking (``time``) to going idle again."""

    event: ClassVar[Literal["scheduler_iteration"]] = "scheduler_iteration"
    idle: Moment
    selections: tuple[tuple[Moment, Moment], ...] = ()
    ready: Count | None = None
    selected: tuple[Whole | str, ...] = ()
    unrecorded: Count = 0
    """How many iterations before it selected nothing and are not recorded."""
    unrecorded_s: Seconds = 0.0
    """How long these took in total."""


class Wake(Event, tag="wake", frozen=True, kw_only=True):
    """With ``--timed-wake on``: whether status checks can come before the executor's own time."""

    event: ClassVar[Literal["wake"]] = "wake"
    on: bool = False
    reason: str | None = None
    """Why not."""


class EarlyCheck(Event, tag="early_check", frozen=True, kw_only=True):
    """A status check before the executor's own time (``--timed-wake``); ``time`` is its start."""

    event: ClassVar[Literal["early_check"]] = "early_check"
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


class StatusCheckCounts(Event, tag="status_check_counts", frozen=True, kw_only=True):
    """How often the executor checked the status of its jobs, when it is shut down."""

    event: ClassVar[Literal["status_check_counts"]] = "status_check_counts"
    own: Count = 0
    """Checks at the executor's own times; the first, before any job, included."""
    early: Count = 0
    """Checks before that: ``early_check``."""
    rung: Count = 0
    """How many submissions' ends were rung by their last process."""


class JobDescribed(Event, tag="job", frozen=True, kw_only=True):
    """A job of the DAG, as Snakemake knew it when it was about to run."""

    event: ClassVar[Literal["job"]] = "job"
    job_id: Whole
    rule: str
    attempt: Whole | None = None
    wildcards: dict[str, str] = field(default_factory=dict)
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
    resources: Named = field(default_factory=dict)
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
    input_sizes: dict[str, Count] = field(default_factory=dict)
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
    requested: Named = field(default_factory=dict)
    """What the rule asks for where the run's limits gave it less: ``threads`` or a resource, and
    the amount; null if that is a function of the workflow, which is not called again."""


class GroupDescribed(Event, tag="group", frozen=True, kw_only=True):
    """Jobs that are submitted together."""

    event: ClassVar[Literal["group"]] = "group"
    group: str
    name: str | None = None
    members: tuple[Whole, ...] = ()
    attempt: Whole | None = None


class AttemptEvent(Event, frozen=True, kw_only=True):
    """An event about an attempt of a job, or of a group's submission (then without a job)."""

    job_id: Whole | None = None
    group: str | None = None
    attempt: Whole


class AttemptSubmitted(AttemptEvent, tag="attempt_submitted", frozen=True, kw_only=True):
    """The executor accepted the submission."""

    event: ClassVar[Literal["attempt_submitted"]] = "attempt_submitted"
    external_jobid: str | None = None
    stamps: Stamps
    fragments: tuple[Own, ...] = ()
    """What its processes on the node write while it goes on: folder and name of each fragment."""


class AttemptStarted(AttemptEvent, tag="attempt_started", frozen=True, kw_only=True):
    """The tool started in the main process, or the submission was seen to start on its node."""

    event: ClassVar[Literal["attempt_started"]] = "attempt_started"
    node: str | None = None
    node_started: Moment | None = None
    """The first sign of life on the node, by the node's clock; ``time`` is when it was seen."""


class AttemptFinished(AttemptEvent, tag="attempt_finished", frozen=True, kw_only=True):
    """An attempt's end, with every stamp and the phases computed from them.

    Another event about the same attempt (``revises``) replaces it: the last one counts.
    """

    event: ClassVar[Literal["attempt_finished"]] = "attempt_finished"
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
    phases_s: dict[Own, Seconds] = field(default_factory=dict)
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


class OutputsRecorded(AttemptEvent, tag="outputs", frozen=True, kw_only=True):
    """The outputs of an attempt that succeeded, if the user asked for them."""

    event: ClassVar[Literal["outputs"]] = "outputs"
    files: tuple[OutputFile, ...] = ()


class InputsChanged(AttemptEvent, tag="inputs_changed", frozen=True, kw_only=True):
    """Input files that were changed while an attempt went on."""

    event: ClassVar[Literal["inputs_changed"]] = "inputs_changed"
    since: Moment
    """When they were looked at first, soon after the attempt began."""
    until: Moment
    """When they were looked at again, right after it had ended."""
    files: tuple[ChangedInput, ...] = ()


class Accounting(AttemptEvent, tag="accounting", frozen=True, kw_only=True):
    """The accounting record of an attempt's submission; the last event counts."""

    event: ClassVar[Literal["accounting"]] = "accounting"
    record: SchedulerRecord
    phases_s: dict[Own, Seconds] = field(default_factory=dict)
    """The phases of the attempt, which has ended, if the record changes them."""


class Message(Event, tag="message", frozen=True, kw_only=True):
    """A message that Snakemake logged: of a known kind, a warning or an error."""

    event: ClassVar[Literal["message"]] = "message"
    level: Own
    kind: Own
    text: str
    job_id: Whole | None = None
    """The job that Snakemake worked on when it met an error."""
    error: ErrorDetails | None = None
    """What is known of an error beyond its text."""


class Paused(Event, tag="paused", frozen=True, kw_only=True):
    """The main process did not run from ``time`` to ``end``: stopped, or its machine asleep."""

    event: ClassVar[Literal["paused"]] = "paused"
    end: Moment
    suspended_s: Seconds | None = None
    """How long of that the machine was suspended."""


class Heartbeat(Event, tag="heartbeat", frozen=True, kw_only=True):
    """The run lives, though nothing else was written for a while; the last one counts."""

    event: ClassVar[Literal["heartbeat"]] = "heartbeat"
    in_flight: int = 0
    """Submissions that the scheduler has selected and that have not ended."""
    attempts: tuple[tuple[int | Own, int], ...] = ()
    """The first of them: the id of the job or the group, and the attempt's number."""


class Gap(Event, tag="gap", frozen=True, kw_only=True):
    """Why a part of this journal is missing."""

    event: ClassVar[Literal["gap"]] = "gap"
    reason: str
    lost: Count | None = None


class RunFinished(Event, tag="run_finished", frozen=True, kw_only=True):
    """The last line: how the run ended, and both accounts of its time."""

    event: ClassVar[Literal["run_finished"]] = "run_finished"
    status: RunStatus
    makespan_s: Seconds | None = None
    job_account: AccountTotals
    makespan: AccountTotals
    job_count: Count = 0
    attempt_count: Count = 0
    failed_attempts: Count = 0
    observer_cpu_s: Seconds | None = None
    jobs: JobTally | None = None
    """How far its jobs got."""
    rules: dict[str, RuleTimes] = field(default_factory=dict)
    """What the jobs of each rule took: of the rules that took longest, if there are many."""
    screen: FirstScreen | None = None
    """What the first screen shows, of a run that succeeded and is too large to be read at once."""


_E = TypeVar("_E", bound=Event)


def at_line(event: _E, number: int) -> _E:
    """Return *event* with the number of its journal line set."""
    force_setattr(event, "line", number)  # it is frozen otherwise
    return event


def line_of(event: Event | None) -> int | None:
    """Return the number of an event's journal line; None without an event, or if not read."""
    return event.line if event is not None else None


def _without(model: type[_E], *names: str) -> type[_E]:
    """Return a version of *model* that skips the fields *names*: they keep their defaults.

    What is skipped is neither checked nor turned into objects.
    """
    skipped: dict[str, Any] = {}
    kept: list[tuple[str, Any, Any]] = []
    for one in fields(model):
        if one.name in names:
            skipped[one.name] = MappingProxyType({}) if one.default is NODEFAULT else one.default
        elif one.name not in Event.__struct_fields__:
            own: Any = {"default": one.default, "default_factory": one.default_factory}
            kept.append((one.name, one.type, field(**own)))
    lean = defstruct(
        f"Lean{model.__name__}",
        kept,
        bases=(Event,),
        namespace={"event": model.event, "__module__": __name__, **skipped},
        tag=model.event,
        kw_only=True,
    )
    return cast("type[_E]", lean)


LeanAttemptFinished = _without(AttemptFinished, "waits", "levels", "phases_s")
"""An attempt's end, read for its segments, without the processes behind them."""
LeanJobDescribed = _without(
    JobDescribed,
    *("input", "output", "log", "benchmark", "reason", "shellcmd", "script"),
    *("code_digest", "params_digest", "environment_digest", "input_sizes", "ancient"),
    *("retries", "own_retries", "ensured", "temp", "params"),
)
"""A job, read for its times and dependencies, without its texts."""

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
AnyEvent = _Other | AttemptFinished
"""Any event of this schema version; on the wire, its field ``event`` says which."""

EVENTS: Final[tuple[type[Event], ...]] = (*get_args(_Other), AttemptFinished)
"""The model of every event."""

RECORDED_LATER: Final = frozenset({"accounting", "outputs"})
"""Events that may be recorded long after the run: they show nothing about whether it goes on."""


@cache
def decoder(*lean: type[Event]) -> Decoder[AnyEvent]:
    """Return a decoder of any event, which reads some as their *lean* versions."""
    names = {one.event for one in lean}
    read = (*(one for one in EVENTS if one.event not in names), *lean)
    return Decoder(Union[read])  # noqa: UP007


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of one journal line, as written."""
    (one_line,), definitions = msgspec.json.schema_components([Union[EVENTS]])  # noqa: UP007
    for event in EVENTS:  # a line does not say its own number
        del definitions[event.__name__]["properties"]["line"]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"run journal line, schema version {SCHEMA_VERSION}",
        **one_line,
        "$defs": definitions,
    }
    return cast("dict[str, Any]", msgspec.json.decode(msgspec.json.encode(schema)))
