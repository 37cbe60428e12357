"""The parts of events: moments and amounts, and records of processes, files and clocks."""

from enum import Enum, auto
from typing import Annotated, Any, Final, Literal, Self

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from snakemake_logger_plugin_observe import clock


class Texts(Enum):
    """What the texts of a field are; without a mark, they may hold secrets."""

    OWN = auto()
    """This project's or Snakemake's own words, ids and digests, which cannot hold one."""
    NAMED = auto()
    """Values that the user chose, under names that may say that they are secrets."""


Own = Annotated[str, Texts.OWN]
"""A word, id or digest that cannot hold a secret, though it may look like one."""
Named = Annotated[dict[str, Any], Texts.NAMED]
"""Values under names that the user chose: one is masked if its name says so."""


Moment = Annotated[int, Meta(ge=0, lt=253_402_300_800_000_000)]  # the year 10000
"""Microseconds since the epoch, UTC."""

_LONGEST_S: Final = 1e12  # longer than the time between any two moments

Seconds = Annotated[float, Meta(ge=0, le=_LONGEST_S)]
"""A duration in seconds."""
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""A number of things, or of bytes."""
Signed = Annotated[float, Meta(ge=-_LONGEST_S, le=_LONGEST_S)]
"""A difference in seconds."""
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number, of a size that can be computed with."""

Status = Literal[
    "waiting", "submitted", "running", "success", "failed", "cancelled", "lost", "cached"
]
RunKind = Literal["run", "dry_run", "touch"]
RunStatus = Literal[
    "running", "success", "failed", "interrupted", "nothing_to_do", "dry_run", "killed"
]


class Frozen(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An immutable record. Fields that have their defaults are not written.

    Nothing is checked when one is made; what is read is. Garbage is not looked for in them: they
    cannot refer to themselves.
    """

    def but(self, **changes: Any) -> Self:
        """Return a copy with other values in some fields."""
        return replace(self, **changes)


class Wait(Frozen, frozen=True, kw_only=True):
    """A period inside an attempt or a node's process that has its own phase."""

    phase: Own
    start: Moment
    end: Moment


class Usage(Frozen, frozen=True, kw_only=True):
    """Resources used by a tool's processes, from the kernel; null where it is not known."""

    user_s: Seconds | None = None
    system_s: Seconds | None = None
    peak_rss_bytes: Count | None = None
    """The peak of its largest process, not a sum; null where only a bound is known."""
    peak_rss_bound_bytes: Count | None = None
    """Upper bound of that peak: for a child, the kernel starts at its parent's size."""
    peak_rss_least_bytes: Count | None = None
    """Lower bound of that peak: the largest sample."""
    together_peak_bytes: Count | None = None
    """The most that all its processes held at one time, by samples: a lower bound."""
    processes_at_once: Count | None = None
    """The most of them that held 10 MB or more at one time, by samples; null without a sample."""
    with_snakemake: bool = False
    """Whether that peak is of a Snakemake process, which ran the code of a ``run:`` itself."""
    snakemake_bytes: Count | None = None
    """The sum of the peaks of Snakemake's own processes on the node, which a limit counts, too."""
    cgroup_peak_bytes: Count | None = None
    """The peak of the job's own control group, including Snakemake."""
    read_bytes: Count | None = None
    written_bytes: Count | None = None
    unobserved: Own | None = None
    """Why its figures are not known."""


class Benchmark(Frozen, frozen=True, kw_only=True):
    """The figures of a job's ``benchmark:`` file: sums over its repetitions."""

    repetitions: Count
    wall_s: Seconds | None = None
    cpu_s: Seconds | None = None
    peak_rss_bytes: Count | None = None
    """Of all its processes together, the largest sample."""
    read_bytes: Count | None = None
    written_bytes: Count | None = None


class DiskRoom(Frozen, frozen=True, kw_only=True):
    """The room on the file system of the working directory, for this user, at an attempt's failure.

    A quota is in it only where the file system reports one as its size.
    """

    free_bytes: Count
    total_bytes: Count
    free_files: Count | None = None
    """How many more files can be made; null where the file system does not count them."""


class LogTail(Frozen, frozen=True, kw_only=True):
    """The end of a log file, read after its job failed."""

    path: str
    bytes: Count | None = None
    first_line: Count | None = None
    """The number of the first of ``lines`` in the file; null for a long file."""
    lines: tuple[str, ...] = ()
    problem: str | None = None
    """Why there are no lines."""
    earlier_error: str | None = None
    """The last line before them that reads like an error, if none of them does."""
    earlier_error_line: Count | None = None
    """Its number in the file; null for a long file."""


class Execution(Frozen, frozen=True, kw_only=True):
    """One execution of a job's tool, with moments by the clock of the process that ran it.

    ``rule`` and ``wildcards`` name the job, since job ids differ between processes.
    """

    rule: str | None = None
    wildcards: dict[str, str] = field(default_factory=dict)
    number: Whole = 1
    selected: Moment | None = None
    begun: Moment | None = None
    """When its submission began in that process."""
    prepared: Moment | None = None
    running: Moment | None = None
    tool_started: Moment | None = None
    tool_ended: Moment | None = None
    reported: Moment | None = None
    checked: Moment | None = None
    """When its outputs had been checked and stored."""
    status: Status = "running"
    exit_code: Whole | None = None
    message: str | None = None
    used: Usage | None = None
    logs: tuple[LogTail, ...] = ()
    """The ends of its logs, if it failed and the attempt went on; else the attempt has them."""


class Level(Frozen, frozen=True, kw_only=True):
    """One Snakemake process that took part in an attempt: the main one, or one on the node."""

    clock: Own
    """``main``, or ``node:<host>``."""
    host: str
    node: str | None = None
    """The cluster's name for the node, if it is not the host's name."""
    cluster_job: str | None = None
    """The cluster's id for the job that this process ran in."""
    restarts: Whole = 0
    """How often the cluster had started that job before."""
    pid: Whole
    wraps: Own
    """The executor that it used for its jobs."""
    in_main: bool = False
    """Whether it is the run's main process."""
    boot_id: Own | None = None
    boot_time: Moment | None = None
    """As in ``RunStarted``: within one boot, it differs by how much the clock was set."""
    stepped_s: Signed | None = None
    """How much the host's wall clock was set while this process ran."""
    ancestors: tuple[Moment, ...] = ()
    """When the processes that led to it were started, its parent first; only of the outermost."""
    started: Moment | None = None
    loaded: Moment | None = None
    parsed: Moment | None = None
    planned: Moment | None = None
    done: Moment | None = None
    """When its scheduler had ended: from then on it only waited for threads of Snakemake."""
    ended: Moment | None = None
    error: str | None = None
    """Its error, if it failed before any execution."""
    peak_rss_bytes: Count | None = None
    """The peak of its own memory, without its tools: a limit of the job counts it, too."""
    waits: tuple[Wait, ...] = ()
    executions: tuple[Execution, ...] = ()


class ErrorDetails(Frozen, frozen=True, kw_only=True):
    """What an error of Snakemake's is about, by its exception and the frames it went through."""

    exception: Own | None = None
    """The name of the exception, without its module."""
    rule: str | None = None
    wildcards: dict[str, str] = field(default_factory=dict)
    """Those of the job, if it is about one."""
    reason: str | None = None
    """Why that job had to run, in Snakemake's words."""
    similar: str | None = None
    """A file that is there, next to the one that the error misses, of a name like that one's."""
    unreadable: str | None = None
    """The file and line that is no valid YAML: ``config.yaml:2``."""
    protected: tuple[str, ...] = ()
    """If it is about a write-protected output: those of all jobs that were to run."""
    first_rule: str | None = None
    """The rule of the job that had to run by itself, so that this one had to, too."""
    first_reason: str | None = None
    """Why that job had to run, in Snakemake's words."""


class UpToDateJob(Frozen, frozen=True, kw_only=True):
    """A job of the DAG that need not run."""

    rule: str
    wildcards: dict[str, str] = field(default_factory=dict)
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


class OutputFile(Frozen, frozen=True, kw_only=True):
    """What exists at the path of a job's output."""

    path: str
    kind: Literal["file", "directory", "other"] = "file"
    bytes: Count | None = None
    """For a directory: the sum of all files in it."""
    sha256: Own | None = None
    """For a directory: the digest of the sorted list of its files' names and digests."""
    problem: str | None = None
    """Why something about it is unknown."""


class ChangedInput(Frozen, frozen=True, kw_only=True):
    """An input file that is not what it was when its job had just begun."""

    path: str
    modified: Moment
    """When it was written last, by its file system's clock."""
    bytes_before: Count
    bytes: Count
    replaced: bool = False
    """Whether another file has taken its place."""


class Refusal(Frozen, frozen=True, kw_only=True):
    """A submit command that failed."""

    command: str | None = None
    exit_code: Whole | None = None
    printed: tuple[str, ...] = ()
    """The last lines that it printed on stderr."""


class SchedulerStart(Frozen, frozen=True, kw_only=True):
    """A start of a cluster job before its last one: the scheduler ended it to start it again."""

    state: Own | None = None
    """``REQUEUED``, ``PREEMPTED``, ``NODE_FAIL``, ..."""
    started: Moment | None = None
    ended: Moment | None = None
    nodes: Own | None = None


class SchedulerRecord(Frozen, frozen=True, kw_only=True):
    """A job's record in the cluster's accounting, by the scheduler's own clock."""

    scheduler: Own = "slurm"
    cluster_job: str
    resolution_s: Seconds = 1.0
    """The resolution of its moments; its clock may differ from all others."""
    state: str | None = None
    cancelled_by: Own | None = None
    """The number of the user who cancelled it, if somebody did."""
    reason: str | None = None
    submitted: Moment | None = None
    eligible: Moment | None = None
    """When it could first have started, given a free node; until then it was held."""
    started: Moment | None = None
    ended: Moment | None = None
    restarts: Count = 0
    earlier_starts: tuple[SchedulerStart, ...] = ()
    """Its starts before the last one, in order."""
    exit_code: Whole | None = None
    signal: Whole | None = None
    nodes: str | None = None
    partition: str | None = None
    cpus_requested: Count | None = None
    cpus_allocated: Count | None = None
    memory_requested_bytes: Count | None = None
    time_limit_s: Seconds | None = None
    user_s: Seconds | None = None
    system_s: Seconds | None = None
    suspended_s: Seconds | None = None
    """How long it stood still on its node because the scheduler had suspended it."""
    peak_rss_bytes: Count | None = None
    """The largest peak of its steps, as the scheduler sampled them."""
    peak_together_bytes: Count | None = None
    """The sum of the peaks of its steps that ran at once, Snakemake's processes included: a limit
    counts them together."""

    @property
    def held_s(self) -> float | None:
        """How long it was not allowed to start: a dependency, a hold, a limit of the site."""
        return _between(self.submitted, self.eligible)

    @property
    def queued_s(self) -> float | None:
        """How long it then waited for a free node."""
        return _between(self.eligible, self.started)


def _between(begun: int | None, ended: int | None) -> float | None:
    if begun is None or ended is None or ended < begun:
        return None
    return clock.to_seconds(ended - begun)


class Stamps(Frozen, frozen=True, kw_only=True):
    """The moments of an attempt by the main process's clock."""

    ready: Moment | None = None
    selected: Moment | None = None
    submitting: Moment | None = None
    accepted: Moment | None = None
    reported: Moment | None = None
    finished: Moment | None = None


class StatusCheck(Frozen, frozen=True, kw_only=True):
    """The executor's status check that found a submission's end, and what came before it."""

    begun: Moment
    previous: Moment | None = None
    """When the check before it began, which did not find that end."""
    slept: Moment | None = None
    """When the executor began to sleep after that one."""
    blocked_s: Seconds = 0.0
    """For how long it had waited, since it began, for the main thread to note other ends."""


class Offset(Frozen, frozen=True, kw_only=True):
    """How far the node's clock is ahead of the main one, in seconds, with its bounds.

    If both are one kernel's clock, it is exact (``low_s`` = ``high_s``). Otherwise queue and poll
    wait mix both clocks, and only their sum is certain: ``*_bounds_s`` are the bounds of each.
    """

    host: str
    assumed_s: Signed
    low_s: Signed | None = None
    high_s: Signed | None = None
    queue_wait_bounds_s: tuple[Signed, Signed] | None = None
    poll_wait_bounds_s: tuple[Signed, Signed] | None = None


class AccountTotals(Frozen, frozen=True, kw_only=True):
    """Seconds by cost class and by phase; the classes include unobserved and unattributed."""

    by_class_s: dict[Own, Seconds]
    by_phase_s: dict[Own, Seconds]


class RuleTimes(Frozen, frozen=True, kw_only=True):
    """What the jobs of one rule took, over all their attempts."""

    jobs: Count = 0
    total_s: Seconds = 0.0
    """Since Snakemake selected them: without waiting for a slot."""
    compute_s: Seconds | None = None
    """Their tools; null where not all of their time was observed."""


class JobTally(Frozen, frozen=True, kw_only=True):
    """A run's jobs by how far they got by its end; unknown is null."""

    planned: Count | None = None
    """To run in this run; the jobs that were up to date are not among them."""
    up_to_date: Count | None = None
    done: Count = 0
    failed: Count = 0
    cancelled: Count = 0
    in_flight: Count = 0
    not_reached: Count | None = None
