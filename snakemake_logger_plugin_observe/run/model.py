"""A run as it happened: events folded into jobs, attempts and the run's own phases.

The recorder folds its own events while the run goes on, the reader folds a journal's; both then
ask the same questions of the same object.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.journal.events import (
    Accounting,
    Allocation,
    AnyEvent,
    AttemptEvent,
    AttemptFinished,
    AttemptStarted,
    AttemptSubmitted,
    FileSystem,
    GroupDescribed,
    JobDescribed,
    LeanAttemptFinished,
    Message,
    OutputsRecorded,
    Planned,
    Provenance,
    RunFinished,
    RunPhase,
    RunStarted,
    SchedulerIteration,
)
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt, Key, written_segments
from snakemake_logger_plugin_observe.run.clock_offsets import Bounds, Main, boot, told_by
from snakemake_logger_plugin_observe.run.segments import Timeline
from snakemake_logger_plugin_observe.run.timeline import TimelineInput, member_timeline, timeline


@dataclass(slots=True)
class Run:
    """Everything a journal tells of one run."""

    started: RunStarted | None = None
    finished: RunFinished | None = None
    provenance: Provenance | None = None
    allocation: Allocation | None = None
    planned: Planned | None = None
    jobs: dict[int, JobDescribed] = field(default_factory=dict)
    """The jobs, as they were handed on last."""
    earlier: dict[Key, JobDescribed] = field(default_factory=dict)
    """What jobs were at attempts before their last: resources, params and commands may change."""
    groups: dict[str, GroupDescribed] = field(default_factory=dict)
    attempts: dict[Key, Attempt] = field(default_factory=dict)
    phases: list[RunPhase] = field(default_factory=list)
    iterations: list[SchedulerIteration] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    file_systems: list[FileSystem] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    last_moment: Micros = 0
    changed_by: dict[int, RunPhase] = field(default_factory=dict)
    """Of jobs that were there before, the last re-planning that they had to wait for."""
    last_numbers: dict[int | str, int] = field(default_factory=dict)
    """The number of the last attempt of each job and group; earlier ones may have been lost."""
    clocks: dict[str, Bounds] = field(default_factory=dict)
    """What the attempts so far told of the nodes' clocks, see ``offsets.told_by``."""

    def add(self, event: AnyEvent, attempt: Attempt | None = None) -> None:
        """Fold one event in; the last event about a thing counts.

        Args:
            event: what happened.
            attempt: the recorder's own attempt, which an attempt's event was made from.

        """
        # By its name: to ask for its class costs more, event for event, than to read it.
        if event.event == "accounting":  # may be asked for long after the run
            self._add_accounting(event)
            return
        if event.event == "outputs":  # as above: sums take their time
            self._add_outputs(event)
            return
        self.last_moment = max(self.last_moment, event.time)
        match event.event:
            case "attempt_submitted" | "attempt_started" | "attempt_finished":
                self._add_attempt(event, attempt)
            case "job":
                self._add_job(event)
            case "group":
                self.groups[event.group] = event
            case "scheduler_iteration" | "scheduler_round":  # the second was its name at first
                self.iterations.append(event)
            case "run_phase":
                self.phases.append(event)
                self.changed_by |= dict.fromkeys(event.changed_jobs, event)
            case "message":
                self.messages.append(event)
            case "run_started":
                self.started = event
            case "run_finished":
                self.finished = event
            case "provenance":
                self.provenance = event
            case "allocation":
                self.allocation = event
            case "planned":
                self.planned = event
            case "file_system":
                self.file_systems.append(event)
            case _:
                self.gaps.append(getattr(event, "reason", ""))

    def _add_job(self, event: JobDescribed) -> None:
        before = self.jobs.get(event.job_id)
        if before is not None and before.attempt not in (None, event.attempt):
            self.earlier[(event.job_id, before.attempt)] = before
        self.jobs[event.job_id] = event

    def _add_accounting(self, event: Accounting) -> None:
        if attempt := self._attempt_of(event):
            attempt.accounting = event.record

    def _add_outputs(self, event: OutputsRecorded) -> None:
        if attempt := self._attempt_of(event):
            attempt.outputs, attempt.outputs_line = event.files, event.line

    def _attempt_of(self, event: AttemptEvent) -> Attempt | None:
        key = (event.job_id if event.job_id is not None else event.group or "", event.attempt)
        return self.attempts.get(key)

    def _add_attempt(self, event: AttemptEvent, recorded: Attempt | None) -> None:
        key = (event.job_id if event.job_id is not None else event.group or "", event.attempt)
        attempt = recorded or self.attempts.get(key)
        if attempt is None:
            attempt = Attempt(event.job_id, event.group, event.attempt)
        if self.attempts.get(key) is not attempt:
            self.put(attempt)
        attempt.line = event.line
        match event:
            case AttemptSubmitted():
                if attempt.tool_started is None:  # a local tool can begin before it is told
                    attempt.status = "submitted"
                attempt.external_jobid = event.external_jobid
                attempt.stamps = event.stamps
                attempt.submitted_line = event.line
            case AttemptStarted():
                attempt.status = "running"
                attempt.node = event.node
                if event.node_started is not None:
                    attempt.node_starts = (event.node_started,)
                else:
                    attempt.tool_started = event.time
            case AttemptFinished():
                if recorded is None:
                    attempt.take(event)
                    if isinstance(event, LeanAttemptFinished):
                        attempt.lay(written_segments(event))
                    else:
                        attempt.lay(self.lay(attempt).segments)
                known = event.offset
                if known and known.low_s != known.high_s and not attempt.is_member:
                    self.clocks |= told_by(event.levels, known)

    def lay(self, attempt: Attempt) -> Timeline:
        """Return *attempt*'s segments, made anew from its stamps.

        An attempt that has ended is laid by what it told of its node's clock when it did, so that
        lines that are missing before it do not matter.
        """
        if attempt.is_member:
            end = attempt.stamps.finished or self.last_moment
            return member_timeline(attempt.levels, attempt.offset, end, self.main)
        return timeline(
            TimelineInput(
                stamps=attempt.stamps,
                waits=attempt.waits,
                node_starts=attempt.node_starts,
                levels=attempt.levels,
                wrapped=self.wrapped,
                group=attempt.job_id is None,
                main=self.main,
                clocks=told_by(attempt.levels, attempt.offset) if attempt.offset else self.clocks,
                until=None if attempt.status in FINAL else self.last_moment,
                tool_started=attempt.tool_started,
            )
        )

    def go_on(self, moment: Micros) -> None:
        """Let the run, which has no end yet, go on until *moment*."""
        self.last_moment = max(self.last_moment, moment)
        self.close()

    @property
    def external_jobids(self) -> list[str]:
        """The ids under which the cluster knows the run's submissions."""
        return [
            a.external_jobid for a in self.attempts.values() if a.external_jobid and not a.is_member
        ]

    @property
    def unfinished(self) -> int:
        """How many jobs' attempts have no end yet."""
        return sum(
            1
            for attempt in self.attempts.values()
            if attempt.job_id is not None and attempt.status not in FINAL
        )

    def close(self) -> None:
        """Lay the attempts that have no end yet, up to the last moment that the journal knows."""
        for attempt in self.attempts.values():
            if attempt.status not in FINAL:
                laid = self.lay(attempt)
                attempt.lay(laid.segments)
                attempt.unobserved, attempt.offset = tuple(laid.unobserved), laid.offset
                attempt.node = attempt.node or laid.node
        self._close_members()

    def put(self, attempt: Attempt) -> None:
        """Take an attempt in, which may be the last of its job or group."""
        name, number = attempt.key
        self.attempts[attempt.key] = attempt
        if number > self.last_numbers.get(name, 0):
            self.last_numbers[name] = number

    def _close_members(self) -> None:
        for key, attempt in list(self.attempts.items()):
            if attempt.job_id is None and attempt.status not in FINAL:
                for member in self.members(key[0]):
                    if (member, key[1]) not in self.attempts:
                        self.put(
                            Attempt(
                                *(member, attempt.group, attempt.number, attempt.status),
                                external_jobid=attempt.external_jobid,
                                node=attempt.node,
                                line=attempt.line,
                            )
                        )

    @property
    def main(self) -> Main:
        """Where the main process ran, and by which clock."""
        known = self.started
        if known is None:
            return Main()
        return Main(known.host, boot(known.boot_id, known.boot_time))

    @property
    def wrapped(self) -> bool:
        """Whether the executor was timed."""
        return self.started is not None and "timed" in self.started.plugins

    @property
    def start(self) -> Micros | None:
        """When the run's process was started, or else when it was first seen."""
        if self.started is None:
            return None
        return self.started.process_started or self.started.plugin_loaded or self.started.time

    @property
    def end(self) -> Micros | None:
        """When the run ended, or the last moment that the journal knows."""
        if self.finished is not None:
            return self.finished.time
        return self.last_moment or None

    @property
    def makespan(self) -> Micros:
        """The run's length in microseconds."""
        return max(0, (self.end or 0) - (self.start or 0))

    @property
    def scheduling_began(self) -> Micros | None:
        """When jobs could first be chosen: the DAG built, software deployed, ``onstart`` run."""
        ends: list[Micros] = []
        for phase in self.phases:
            before = phase.phase in ("plan", "deploy") and phase.detail is None
            if before or (phase.phase == "hooks" and phase.detail == "onstart"):
                ends.append(phase.end)
        return max(ends) if ends else None

    def members(self, group: int | str) -> tuple[int, ...]:
        """Return the job ids that *group* runs together."""
        described = self.groups.get(str(group))
        return described.members if described else ()

    def dependencies(self, key: Key) -> Iterable[int] | None:
        """Return the ids of the jobs that an attempt had to wait for, or None if unknown."""
        members = [key[0]] if isinstance(key[0], int) else list(self.members(key[0]))
        found: set[int] = set()
        for member in members:
            job = self.jobs.get(member) if isinstance(member, int) else None
            if job is None or job.dependencies is None:
                return None
            found.update(job.dependencies)
        return found.difference(m for m in members if isinstance(m, int))

    def finished_at(self, job_id: int) -> Micros | None:
        """Return when *job_id* had been finished for good, or None if it did not run (yet)."""
        last = self.last_attempt(job_id)
        return last.stamps.finished if last is not None else None

    def last_attempt(self, name: int | str) -> Attempt | None:
        """Return the last attempt that is known of a job or a group, or None."""
        return self.attempts.get((name, self.last_numbers.get(name, 0)))

    def ready_at(self, key: Key) -> Micros | None:
        """Return when Snakemake could first have chosen this attempt, or None if unknown.

        What came last of: the beginning of scheduling, its dependencies' ends, the end of the
        re-planning that made it, its previous attempt's end.
        """
        dependencies = self.dependencies(key)
        began = self.scheduling_began
        if dependencies is None or began is None:
            return None
        moments = [began, *filter(None, map(self.finished_at, dependencies))]
        if previous := self.attempts.get((key[0], key[1] - 1)):
            moments.extend(filter(None, [previous.stamps.finished]))
        if planned := self.planned_by(key):
            moments.append(planned.end)
        return max(moments)

    def planned_by(self, key: Key) -> RunPhase | None:
        """Return the re-planning that an attempt had to wait for: its job came or changed."""
        members = (key[0],) if isinstance(key[0], int) else self.members(key[0])
        found = [self.changed_by[member] for member in members if member in self.changed_by]
        if made := self.made_by(key):
            found.append(made)
        return max(found, key=lambda phase: phase.end, default=None)

    def made_by(self, key: Key) -> RunPhase | None:
        """Return the re-planning that brought an attempt's job into the DAG, or None."""
        newest = key[0] if isinstance(key[0], int) else max(self.members(key[0]), default=-1)
        for phase in reversed(self.phases):
            if phase.first_job_id is not None and phase.first_job_id <= newest:
                return phase
        return None

    def rule_of(self, attempt: Attempt) -> str | None:
        """Return the name of the rule that *attempt* ran; a group has none."""
        job = self.job_of(attempt)
        return job.rule if job else None

    def job_of(self, attempt: Attempt) -> JobDescribed | None:
        """Return *attempt*'s job, as it was at that attempt; a group has none."""
        return self.job_at(attempt.job_id, attempt.number)

    def job_at(self, job_id: int | None, number: int) -> JobDescribed | None:
        """Return a job as it was at its attempt of that *number*; the last one, if not told."""
        if job_id is None:
            return None
        return self.earlier.get((job_id, number)) or self.jobs.get(job_id)

    def status(self, alive: bool | None = None) -> str:
        """Return how the run ended; without a last event, whether its process lives decides."""
        if self.finished is not None:
            return self.finished.status
        return "killed" if alive is False else "running"


def fold(events: Iterable[AnyEvent]) -> Run:
    """Return the run that *events* describe."""
    run = Run()
    for event in events:
        run.add(event)
    run.close()
    return run


def seconds(by_phase: dict[str, Micros]) -> dict[str, float]:
    """Return the same sums in seconds."""
    return {name: to_seconds(micros) for name, micros in by_phase.items()}
