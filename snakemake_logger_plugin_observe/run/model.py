"""A run: its jobs, its attempts, its phases, and look-ups in them.

The recorder and the reader use the same class: ``fold`` fills it from events.
"""

from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import (
    Allocation,
    Blocked,
    EarlyCheck,
    FileSystem,
    GroupDescribed,
    Heartbeat,
    JobDescribed,
    Message,
    Paused,
    Planned,
    Provenance,
    RunFinished,
    RunPhase,
    RunStarted,
    SchedulerIteration,
    StatusCheckCounts,
    Wake,
)
from snakemake_logger_plugin_observe.journal.records import Execution, SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL, SUCCEEDED, Attempt, Key
from snakemake_logger_plugin_observe.run.clock_offsets import LeadBounds, MainProcess, kernel_boot
from snakemake_logger_plugin_observe.run.external_ids import id_in

IN_FLIGHT: Final = "in_flight"
"""The status of an attempt that had not ended when its run, which has no end, was last seen."""


def status_without_end(goes_on: bool | None) -> str:
    """Return the status of a run whose journal has no end, by whether it goes on, if known."""
    return {True: "running", False: "killed", None: "unknown"}[goes_on]


@dataclass(frozen=True, slots=True)
class Made:
    """The earlier run that made the outputs of a job that is up to date now."""

    journal: str
    start: Micros | None
    status: str
    attempt: Attempt
    touched: Micros | None = None
    """When a ``--touch`` run began that has marked the outputs as new since."""


@dataclass(slots=True)
class Run:
    """Everything that a journal records of one run."""

    started: RunStarted | None = None
    finished: RunFinished | None = None
    provenance: Provenance | None = None
    allocation: Allocation | None = None
    planned: Planned | None = None
    """The DAG as it was planned last."""
    blocked: Blocked | None = None
    """The jobs that will not run, as they were counted last; None if there are none."""
    jobs: dict[int, JobDescribed] = field(default_factory=dict)
    """The jobs by id, as they were submitted last."""
    kept: dict[int, JobDescribed] = field(default_factory=dict)
    """The jobs that were up to date, by negative ids: as the earlier run that made their outputs
    describes them, or else by their files alone. Past some number a journal only counts them."""
    made: dict[int, Made] = field(default_factory=dict)
    """The earlier runs that ran the jobs in ``kept``, where they are known, by the same ids."""
    earlier_jobs: dict[Key, JobDescribed] = field(default_factory=dict)
    """Jobs as they were at attempts before their last: resources and commands may change."""
    params: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Params as texts, by rule and digest: a journal has each once."""
    groups: dict[str, GroupDescribed] = field(default_factory=dict)
    attempts: dict[Key, Attempt] = field(default_factory=dict)
    phases: list[RunPhase] = field(default_factory=list)
    iterations: list[SchedulerIteration] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    file_systems: list[FileSystem] = field(default_factory=list)
    pauses: list[Paused] = field(default_factory=list)
    """When the main process did not run."""
    wake: Wake | None = None
    """Whether status checks may come early; None if that was not asked for."""
    early_checks: list[EarlyCheck] = field(default_factory=list)
    """Status checks before the executor's own time: ``--timed-wake on``."""
    status_checks: StatusCheckCounts | None = None
    """How often the executor checked; None if the run did not get there."""
    over_without_end: bool = False
    """Whether it has no end and does not go on, as far as its reader can see its process."""
    only_ends: bool = False
    """Whether only its first and its last line were read."""
    gaps: list[str] = field(default_factory=list)
    """Why parts of the journal are missing."""
    last_moment: Micros = 0
    heartbeat: Heartbeat | None = None
    """The last sign of life while nothing else was recorded."""
    last_replanning: dict[int, RunPhase] = field(default_factory=dict)
    """The last re-planning that a job had to wait for, of jobs that were in the DAG before it."""
    last_numbers: dict[int | str, int] = field(default_factory=dict)
    """The number of the last attempt of each job and group; earlier ones may have been lost."""
    clocks: dict[str, LeadBounds] = field(default_factory=dict)
    """How far nodes' clocks may be ahead, from the attempts so far: ``bounds_from_attempt``."""

    @property
    def all_jobs(self) -> dict[int, JobDescribed]:
        """The jobs that ran and those that were up to date: all of the DAG that is known."""
        return {**self.jobs, **self.kept}

    def relative(self, path: str) -> str:
        """Return *path* relative to the working directory if it lies there, else as it is."""
        return path.removeprefix(self._workdir)

    def with_relative_paths(self, text: str) -> str:
        """Return *text* with the paths of files in the working directory relative to it."""
        return text.replace(self._workdir, "") if self._workdir else text

    @property
    def _workdir(self) -> str:
        """The working directory with a slash; empty if it is unknown."""
        return f"{self.started.workdir}/" if self.started and self.started.workdir else ""

    def params_of(self, job: JobDescribed) -> tuple[str, ...]:
        """Return the params of *job* as ``name=value``; empty if they are not recorded."""
        return self.params.get((job.rule, job.params_digest or ""), ())

    @property
    def main(self) -> MainProcess:
        """The main process's host and clock."""
        known = self.started
        if known is None:
            return MainProcess()
        return MainProcess(known.host, kernel_boot(known.boot_id, known.boot_time))

    @property
    def inner_executor(self) -> str | None:
        """The executor that runs the jobs, inside the timing one; None if it is not known."""
        return self.started.inner_executor if self.started is not None else None

    @property
    def wrapped(self) -> bool:
        """Whether the executor was timed."""
        return self.started is not None and "timed" in self.started.plugins

    @property
    def waits_for_jobs(self) -> bool:
        """Whether Snakemake ends after its jobs: not with ``--immediate-submit``."""
        return self.started is None or not self.started.settings.get("immediate_submit")

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing ran: the journal contains only the plan."""
        return self.started is not None and self.started.kind == "dry_run"

    @property
    def is_unparsed(self) -> bool:
        """Whether it ended before its Snakefile was read: then its files are not on record."""
        return self.started is not None and self.started.snakefile is None

    @property
    def start(self) -> Micros | None:
        """When the run's process was started, or else when it was first seen."""
        if self.started is None:
            return None
        return self.started.process_started or self.started.plugin_loaded or self.started.time

    @property
    def end(self) -> Micros | None:
        """When the run ended, or the last moment in the journal."""
        if self.finished is not None:
            return self.finished.time
        return self.last_moment or None

    @property
    def makespan(self) -> Micros:
        """The run's length in microseconds."""
        return max(0, (self.end or 0) - (self.start or 0))

    @property
    def scheduling_began(self) -> Micros | None:
        """When jobs could first be selected: DAG built, software deployed, ``onstart`` run."""
        ends: list[Micros] = []
        for phase in self.phases:
            before = phase.phase in ("plan", "deploy") and phase.detail is None
            if before or (phase.phase == "hooks" and phase.detail == "onstart"):
                ends.append(phase.end)
        return max(ends) if ends else None

    def status(self, alive: bool | None = None) -> str:
        """Return how the run ended; without a last event, *alive* (its process) decides."""
        return self.finished.status if self.finished is not None else status_without_end(alive)

    @property
    def external_jobids(self) -> list[str]:
        """The cluster's ids for the run's submissions, also where the answer was a sentence."""
        known = (id_in(a.external_jobid) for a in self.attempts.values() if not a.is_member)
        return [one for one in known if one]

    @property
    def on_cluster(self) -> bool:
        """Whether a cluster gave an id to any of the run's submissions."""
        return any(id_in(a.external_jobid) for a in self.attempts.values() if not a.is_member)

    @property
    def unfinished(self) -> int:
        """How many jobs' attempts have no end yet."""
        return sum(
            1
            for attempt in self.attempts.values()
            if attempt.job_id is not None and attempt.status not in FINAL
        )

    def put(self, attempt: Attempt) -> None:
        """Add an attempt, which may be the newest of its job or group."""
        name, number = attempt.key
        self.attempts[attempt.key] = attempt
        if number > self.last_numbers.get(name, 0):
            self.last_numbers[name] = number

    def last_attempt(self, name: int | str) -> Attempt | None:
        """Return the last known attempt of a job or a group, or None."""
        return self.attempts.get((name, self.last_numbers.get(name, 0)))

    def submission_of(self, attempt: Attempt) -> Attempt | None:
        """Return the submission that *attempt* ran in: its group's, or itself if in no group."""
        if not attempt.is_member:
            return attempt
        return self.attempts.get((attempt.group or "", attempt.number))

    def record_of(self, attempt: Attempt) -> SchedulerRecord | None:
        """Return the scheduler's record of *attempt*'s submission; a member has its group's."""
        if attempt.accounting is not None:
            return attempt.accounting
        submission = self.submission_of(attempt)
        return submission.accounting if submission is not None else None

    def is_undone(self, attempt: Attempt) -> bool:
        """Whether a member succeeded in vain: its group failed, and its outputs are removed."""
        whole = self.submission_of(attempt) if attempt.is_member else None
        return attempt.status in SUCCEEDED and whole is not None and whole.status in FAILED

    def finished_at(self, job_id: int) -> Micros | None:
        """Return when the last attempt of *job_id* had finished, or None if it has not."""
        last = self.last_attempt(job_id)
        return last.stamps.finished if last is not None else None

    def members(self, group: int | str) -> tuple[int, ...]:
        """Return the job ids that *group* runs together."""
        described = self.groups.get(str(group))
        return described.members if described else ()

    def status_of(self, attempt: Attempt) -> str:
        """Return the status of *attempt*; ``in_flight`` if it had no end when its run had none.

        What became of it is not known: it is not said to be running.
        """
        open_ended = self.over_without_end and attempt.status not in FINAL
        return IN_FLIGHT if open_ended else attempt.status

    def rule_of(self, attempt: Attempt) -> str | None:
        """Return the name of the rule that *attempt* ran; None for a group."""
        job = self.job_of(attempt)
        return job.rule if job else None

    def failed_executions(self, attempt: Attempt) -> list[Execution]:
        """Return the executions of an attempt that failed.

        A service that succeeded ended by the signal that stops it, which is no failure; nor is the
        end of a tool that was cut off with its run, stopped with a partner that failed, or ended by
        the cluster, which started its job again.
        """
        if not attempt.levels:
            return []
        job = self.job_of(attempt)
        stopped = job is not None and job.service and attempt.status not in FAILED
        stopped = stopped or attempt.cut_off or attempt.stopped_with is not None
        executions = self.final_executions(attempt)
        counted = executions[:-1] if stopped else executions
        return [one for one in counted if one.status in FAILED]

    def failed_by_itself(self, attempt: Attempt) -> bool:
        """Whether a group's member failed, and not only its group: its tool, or what came before.

        Without the executor ``timed``, the error that Snakemake printed about it shows that.
        """
        before_its_tool = attempt.status in FAILED and attempt.message is not None
        return bool(self.failed_executions(attempt)) or (before_its_tool and not attempt.levels)

    def final_executions(self, attempt: Attempt) -> list[Execution]:
        """Return the executions since the cluster started *attempt*'s submission last."""
        submission = self.submission_of(attempt) or attempt
        if submission.was_queued_again:
            return []
        return attempt.executions_since(submission.started_last)

    def job_of(self, attempt: Attempt) -> JobDescribed | None:
        """Return *attempt*'s job, as it was at that attempt; None for a group."""
        return self.job_at(attempt.job_id, attempt.number)

    def job_at(self, job_id: int | None, number: int) -> JobDescribed | None:
        """Return a job as it was at its attempt *number*, or else as it was last."""
        if job_id is None:
            return None
        if self.earlier_jobs and (earlier := self.earlier_jobs.get((job_id, number))) is not None:
            return earlier
        return self.jobs.get(job_id)
