"""Notes: what Snakemake's threads hand to the recorder, one class per kind.

A note is made in the thread that observed something, and never changes once it was put; the
recorder's own thread turns it into journal events. ``JobInfo`` and ``GroupInfo`` have the fields of
the events they become. Notes are structs, whose classes and objects are made quickly; garbage is
not looked for in them, since none refers to what refers to it. Nothing heavy is imported here:
producers are loaded before any run is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from snakemake_logger_plugin_observe.clock import Micros
    from snakemake_logger_plugin_observe.journal.events import Event
    from snakemake_logger_plugin_observe.journal.records import (
        ChangedInput,
        OutputFile,
        Status,
        StatusCheck,
    )
    from snakemake_logger_plugin_observe.recording.held_logs import HeldLogs
    from snakemake_logger_plugin_observe.recording.job_state import JobState
    from snakemake_logger_plugin_observe.recording.node_reports import NodeReports
    from snakemake_logger_plugin_observe.run.attempt import Key
    from snakemake_logger_plugin_observe.run.model import Run

    Listener = Callable[[Event, Run, Callable[[str], str]], None]
    """Called on the recorder's thread with each event, the run so far, and a masking function."""


class Note(Struct, gc=False):
    """Something that was observed, and when."""

    time: Micros


# -- the workflow and its DAG ----------------------------------------------------------------------


class WorkflowStarted(Note):
    """Snakemake has read the Snakefile and starts the workflow."""

    workflow_id: str | None = None
    snakefile: str | None = None
    platform: str | None = None
    user: str | None = None


class DagReady(Note):
    """The DAG has been built: the executor is about to be made, or resources were logged."""


class DagCounts(Note):
    """How many jobs of each rule the DAG holds, now that it has been planned (again)."""

    to_run: dict[str, int]
    up_to_date: dict[str, int]
    new_up_to_date: tuple[KeptJob, ...] = ()
    """Up-to-date jobs that were in no earlier count, up to a limit."""
    needs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """How many jobs of each rule those of each rule need, of those that are to run."""
    without_command: tuple[str, ...] = ()


class JobsBlocked(Note):
    """How many jobs of each rule will not run, since one that they need failed for good."""

    jobs: dict[str, int]


class KeptJob(Struct, gc=False):
    """A job that need not run (fields of ``UpToDateJob``)."""

    rule: str
    wildcards: dict[str, str]
    input: tuple[str, ...]
    output: tuple[str, ...]


class JobInfo(Note):
    """What a job is, logged when it is about to run (fields of ``JobDescribed``)."""

    job_id: int
    rule: str
    attempt: int | None = None
    wildcards: dict[str, str] = field(default_factory=dict)
    local: bool | None = None
    checkpoint: bool = False
    service: bool = False
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    benchmark: str | None = None
    reason: str | None = None
    resources: dict[str, Any] = field(default_factory=dict)
    threads: int | None = None
    priority: int | float | str | None = None
    shellcmd: str | None = None
    dependencies: tuple[int, ...] | None = None
    script: str | None = None
    directories: tuple[str, ...] | None = None
    code_digest: str | None = None
    params_digest: str | None = None
    params: tuple[str, ...] = ()
    environment_digest: str | None = None
    input_sizes: dict[str, int] = field(default_factory=dict)
    ancient: tuple[str, ...] | None = None
    retries: int | None = None
    own_retries: bool | None = None
    ensured: dict[str, str] | None = None
    temp: tuple[str, ...] | None = None
    pipes: tuple[str, ...] | None = None
    updated: tuple[str, ...] | None = None
    shadow: str | None = None
    requested: dict[str, int | None] = field(default_factory=dict)


class GroupInfo(Note):
    """Which jobs are submitted together (fields of ``GroupDescribed``)."""

    group: str
    name: str | None = None
    members: tuple[int, ...] = ()
    attempt: int | None = None


# -- attempts --------------------------------------------------------------------------------------


class Selected(Note):
    """The scheduler selected jobs or groups: an attempt of each begins."""

    job_ids: tuple[int | str, ...]


class StampsTaken(Note):
    """Stamps of an attempt that no later note will contain: the run is being cancelled."""

    key: Key
    stamps: Mapping[str, Micros]


class Accepted(Note):
    """The executor accepted a submission."""

    key: Key
    stamps: Mapping[str, Micros]
    external_jobid: str | None = None
    submission: tuple[str, ...] = ()
    """The names of the fragments that its processes on the node write."""


class FilesWait(Note):
    """The main process waited for, fetched or stored files of a job from ``time`` to ``end``."""

    key: Key
    phase: str
    end: Micros


class Printed(Struct, gc=False):
    """The end of what a process printed."""

    source: str
    """``stderr``, or ``stdout and stderr`` where both go to the same place."""
    data: bytes
    lines: int
    """How many of its last lines are to be kept."""


class ExecutionStages(Note):
    """The main process's own executor started or ended a job's tool."""

    key: Key
    moments: Mapping[str, Micros]
    """Moments of ``Execution`` by name."""
    status: Status | None = None
    exit_code: int | None = None
    message: str | None = None
    used: Callable[[], Mapping[str, Any]] | None = None
    """Returns what its tool used (fields of ``Usage``); called on the recorder's thread."""
    printed: tuple[Printed, ...] = ()
    """What the processes of a tool that failed printed, if it is kept."""


class SeenOnNode(Note):
    """A submission's first sign of life on its node was found while it runs."""

    key: Key
    sign: Micros
    """The moment of that sign, by the node's clock."""
    node: str | None = None


class Finished(Note):
    """Snakemake has handled an attempt's end."""

    key: Key
    status: Status
    stamps: Mapping[str, Micros] = field(default_factory=dict)
    message: str | None = None
    submission: tuple[str, ...] = ()
    poll_interval_s: float | None = None
    status_check: StatusCheck | None = None
    logs: tuple[str, ...] = ()
    """The executor's log files of it."""
    held: HeldLogs = field(default_factory=dict)
    """Its own logs that Snakemake has removed with an output folder, if it failed."""
    refusal: Mapping[str, Any] | None = None
    """Its submit command, if that failed, and what it printed (fields of ``Refusal``)."""
    reported_as: Status | None = None
    """``failed``, if that is how the executor reported its end."""


class JobErrorLogged(Note):
    """Snakemake logged a job's failure."""

    job_id: int
    message: str | None = None
    external_jobid: str | None = None
    logs: tuple[str, ...] = ()


class JobEndLogged(Note):
    """Snakemake logged that a job finished."""

    job_id: int


class RemoteState(Note):
    """An executor itself reported the state of one of its jobs; this may arrive late."""

    state: JobState


class OutputsFound(Note):
    """Sizes or checksums of an attempt's outputs (fields of ``OutputsRecorded``)."""

    job_id: int | None
    group: str | None
    attempt: int
    files: tuple[OutputFile, ...]


class ErrorFacts(Struct, gc=False):
    """What is known of an error beyond its text (fields of ``ErrorDetails``)."""

    exception: str | None = None
    rule: str | None = None
    wildcards: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    similar: str | None = None
    unreadable: str | None = None
    protected: tuple[str, ...] = ()
    first_rule: str | None = None
    first_reason: str | None = None


class InputsFoundChanged(Note):
    """Inputs that were changed while an attempt went on (fields of ``InputsChanged``)."""

    job_id: int
    attempt: int
    since: Micros
    until: Micros
    files: tuple[ChangedInput, ...]


# -- the run ---------------------------------------------------------------------------------------


class LogMessage(Note):
    """Snakemake logged a message of a known kind, a warning or an error."""

    level: str
    kind: str
    text: str
    job_id: int | None = None
    error: ErrorFacts | None = None


class RunPhaseEnded(Note):
    """A stretch of the run's own work has ended (fields of ``RunPhase``); ``time`` is its start."""

    phase: str
    end: Micros
    detail: str | None = None
    poll_interval_s: float | None = None
    first_job_id: int | None = None
    changed_jobs: tuple[int, ...] = ()


class IterationEnded(Note):
    """The main loop has gone idle (fields of ``SchedulerIteration``); ``time``: when it woke."""

    idle: Micros
    selections: tuple[tuple[Micros, Micros], ...] = ()
    ready: int | None = None
    selected: tuple[int | str, ...] = ()
    unrecorded: int = 0
    unrecorded_s: float = 0.0


class WakeDecided(Note):
    """Whether the executor's sleep can be cut short is known (fields of ``Wake``)."""

    on: bool
    reason: str | None = None


class CheckedEarly(Note):
    """A status check before the executor's own time has ended (fields of ``EarlyCheck``)."""

    after_ring_s: float
    rung: int
    found: int
    took_s: float
    poll_interval_s: float
    left_s: float


class ChecksMade(Note):
    """How often the executor checked until its shutdown (fields of ``StatusCheckCounts``)."""

    own: int
    early: int = 0
    rung: int = 0


class SourcesFound(Note):
    """Where the workflow's source text came from (fields of ``Provenance``)."""

    snakefile_sha256: str | None = None
    sources: dict[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    git_dirty: bool | None = None


class AllocationFound(Note):
    """The cluster job that Snakemake itself runs in (fields of ``Allocation``)."""

    cluster_job: str
    nodes: str | None = None
    end: Micros | None = None


class AccountingWanted(Note):
    """All jobs have ended, and Slurm's accounting may be queried."""


# -- the recorder itself ---------------------------------------------------------------------------


class ExecutorTimed(Note):
    """The executor is wrapped; its nodes' reports are read from ``reports``."""

    reports: NodeReports | None


class EndsHooked(Note):
    """Executors report the ends of jobs, so log records about them are redundant."""


class InternalError(Note):
    """An error in snakemake-observe itself, outside of the recorder."""

    reason: str


class ListenerAdded(Note):
    """From now on, ``listener`` is called with each event as soon as it is made."""

    listener: Listener


class Drain(Note):
    """Sets ``done`` once all earlier notes have been taken in."""

    done: threading.Event


class RecordingStarted(Note):
    """The recorder's first note."""


class ClockCheck(Note):
    """Check whether the wall clock was set: once per burst of notes."""


class MainPaused(Note):
    """The main process did not run from ``time`` to ``end`` (fields of ``Paused``)."""

    end: Micros
    suspended_s: float | None = None


class RunEnded(Note):
    """The recorder's last note."""


FromRecord = (
    WorkflowStarted
    | DagReady
    | JobInfo
    | GroupInfo
    | Selected
    | JobErrorLogged
    | JobEndLogged
    | LogMessage
    | RemoteState
)
"""The notes that are made from log records."""

AnyNote = (
    FromRecord
    | DagCounts
    | StampsTaken
    | Accepted
    | FilesWait
    | ExecutionStages
    | SeenOnNode
    | Finished
    | JobsBlocked
    | OutputsFound
    | InputsFoundChanged
    | RunPhaseEnded
    | IterationEnded
    | WakeDecided
    | CheckedEarly
    | ChecksMade
    | SourcesFound
    | AllocationFound
    | AccountingWanted
    | ExecutorTimed
    | EndsHooked
    | InternalError
    | ListenerAdded
    | Drain
    | RecordingStarted
    | ClockCheck
    | MainPaused
    | RunEnded
)
"""Every kind of note; the recorder handles each of them."""
