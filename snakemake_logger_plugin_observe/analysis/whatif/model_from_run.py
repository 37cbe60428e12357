"""The model of a run: its attempts taken apart into what a simulation needs.

The main thread's work for a submission lies between the thread's previous stamped moment and the
submission's own (``main_thread``). Everything else was waiting for the thread, which the simulation
reproduces.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.group_members import member_stretches
from snakemake_logger_plugin_observe.analysis.cost.joined_members import piped_rules
from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment, partition
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import JOBS, Limits
from snakemake_logger_plugin_observe.analysis.cost.selection_rate import selection_rate
from snakemake_logger_plugin_observe.analysis.cost.waking import rings, was_woken
from snakemake_logger_plugin_observe.analysis.whatif.end_detection import (
    infer_end_detection,
    was_polled,
)
from snakemake_logger_plugin_observe.analysis.whatif.engine import simulate
from snakemake_logger_plugin_observe.analysis.whatif.main_thread import main_thread
from snakemake_logger_plugin_observe.analysis.whatif.model import (
    Column,
    Columns,
    Model,
    Moments,
    Part,
    Replannings,
    Rest,
    totals,
)
from snakemake_logger_plugin_observe.analysis.whatif.processors import fit_to_the_run
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.readiness import awaited_replanning, dependencies

_BEHIND: Final = ("poll_wait", "postprocess")
"""What passes between a submission's end and the report of it, where it was polled."""


def build_model(run: Run, segments: Iterable[MakespanSegment] | None = None) -> Model:
    """Return the model of *run*; simulated unchanged, it reproduces the run.

    Args:
        run: the run.
        segments: its makespan partition, if already known.

    """
    return _ModelBuilder(run, list(segments) if segments is not None else partition(run)).model()


class _ModelBuilder:
    """Builds the model of one run."""

    def __init__(self, run: Run, segments: list[MakespanSegment]) -> None:
        self.run = run
        self.segments = segments
        self.start = run.start or 0
        self.end = max(run.end or 0, self.start)
        by_selection = [
            (_selected_at(attempt), attempt)
            for attempt in run.attempts.values()
            if not attempt.is_member and attempt.segments
        ]
        by_selection.sort(key=lambda one: (one[0], one[1].stamps.accepted or one[1].end or 0))
        self.attempts = [attempt for _, attempt in by_selection]
        self.selected = [moment for moment, _ in by_selection]
        self.count = len(by_selection)
        self.index = {attempt.key: i for i, attempt in enumerate(self.attempts)}
        first = min(self.selected, default=self.end)
        began = run.scheduling_began or first
        if run.iterations:
            began = max(began, run.iterations[0].time)
        self.began = min(began, first)
        self.finished = [attempt.end or 0 for attempt in self.attempts]
        self.replannings: Replannings = {}
        self.group_parts: dict[int, tuple[Part, ...]] = {}
        self.unfinished = [attempt.status not in FINAL for attempt in self.attempts]

    def model(self) -> Model:
        """Return the model; simulating the run with its own moments gives ``held_back``."""
        accepted, reported = self._accepted_and_reported()
        before, background, after = self._phases(accepted, reported)
        lengths = totals(background, self.count)
        ended = [a + length for a, length in zip(accepted, lengths, strict=True)]
        moments = Moments(self.selected, accepted, ended, reported, self.finished)
        thread = main_thread(self.run, moments, self.unfinished, self.began)
        thread.subtract_waiting(before, after)
        detection = infer_end_detection(self.run, self.attempts, self.began, moments)
        previous, dependents, dependency_counts = self._dependencies()
        model = Model(
            start=self.start,
            began=self.began,
            end=self.end,
            head=self._head(),
            rest=self._rest(),
            keys=[attempt.key for attempt in self.attempts],
            rules=[self.run.rule_of(attempt) for attempt in self.attempts],
            dependents=dependents,
            dependency_counts=dependency_counts,
            previous=previous,
            requests={},
            asked={},
            limits={},
            before=before,
            background=background,
            after=after,
            solver=thread.solver,
            loop=thread.loop,
            wakeup=thread.wakeup,
            replan=thread.replan,
            replannings=self.replannings,
            held_back=[0] * self.count,
            unfinished=self.unfinished,
            local=self._local(),
            polled=detection.polled,
            unseen=detection.unseen,
            check_delay=detection.check_delay,
            behind=detection.behind,
            lingered=detection.lingered,
            exit_waits=[attempt.exit_wait or 0 for attempt in self.attempts],
            rings=[rings(attempt) for attempt in self.attempts],
            lag=detection.lag,
            poll_schedule=detection.schedule,
            nominal=detection.every,
            group_parts=self.group_parts,
            measured=moments,
            rate=selection_rate(self.run),
            failed=frozenset(i for i, one in enumerate(self.attempts) if one.status == "failed"),
            remote=self._is_remote(),
            piped=self._piped(),
        )
        self._limits(model)
        self._cores(model)
        model.held_back = simulate(model, thread.woke_for).held_back
        return model

    # -- what each submission did ------------------------------------------------------------

    def _accepted_and_reported(self) -> tuple[Column, Column]:
        """Return when each was accepted and when its end was reported, in order.

        An end counts as reported when it would have been with the main thread free.
        """
        accepted: Column = []
        reported: Column = []
        for i, attempt in enumerate(self.attempts):
            stamps, selected, end = attempt.stamps, self.selected[i], self.finished[i]
            noticed = stamps.reported if stamps.reported is not None else end
            if attempt.status_check is not None:
                noticed -= round(attempt.status_check.blocked_s * 1e6)
            taken = stamps.accepted
            if taken is None:
                taken = noticed if stamps.submitting is not None else selected
            accepted.append(min(max(taken, selected), end))
            reported.append(min(max(noticed, accepted[i]), end))
        return accepted, reported

    def _phases(self, accepted: Column, reported: Column) -> tuple[Columns, Columns, Columns]:
        """Return each submission's phases: before acceptance, in the background, after the report.

        Those of a group's members are noted in ``group_parts``.
        """
        before: Columns = {}
        background: Columns = {}
        after: Columns = {}
        count, woken = self.count, was_woken(self.run)
        for i, attempt in enumerate(self.attempts):
            for start, end, phase in attempt.segments:
                left = max(start, self.selected[i])
                if end <= left:
                    continue
                if phase is None:
                    parts = self._parts(attempt, left, end)
                    self.group_parts[i] = (*self.group_parts.get(i, ()), *parts)
                    continue
                if left < accepted[i]:
                    _add(before, phase, i, min(end, accepted[i]) - left, count)
                    left = min(end, accepted[i])
                if left < reported[i] and end > left:
                    if phase not in _BEHIND or woken or not was_polled(attempt):
                        _add(background, phase, i, min(end, reported[i]) - left, count)
                    left = min(end, reported[i])
                if end > left:
                    _add(after, phase, i, end - left, count)
        for i, parts in self.group_parts.items():
            for part in parts:
                _add(background, part.phase, i, part.length, count)
        return before, background, after

    def _parts(self, group: Attempt, start: Micros, end: Micros) -> Iterable[Part]:
        """Return the stretches of a group's submission in [start, end], in order."""
        found = [
            Part(
                one.phase,
                one.end - one.start,
                one.member.job_id if one.member is not None else None,
                self.run.rule_of(one.member) if one.member is not None else None,
            )
            for one in member_stretches(self.run, group, start, end)
        ]
        return reversed(found)

    # -- what each waited for ----------------------------------------------------------------

    def _dependencies(self) -> tuple[list[int], list[list[int]], list[int]]:
        """Return each one's previous attempt, its dependents, and how many it depends on."""
        run, index, count = self.run, self.index, self.count
        last: dict[int | str, int] = {}
        for i, (name, _) in enumerate(attempt.key for attempt in self.attempts):
            last[name] = max(last.get(name, i), i)
            for member in run.members(name) if isinstance(name, str) else ():
                last[member] = max(last.get(member, i), i)
        previous = [-1] * count
        dependents: list[list[int]] = [[] for _ in range(count)]
        counts = [0] * count
        triggers = self._triggers()
        for i, attempt in enumerate(self.attempts):
            name, number = attempt.key
            needs = {last[need] for need in dependencies(run, attempt.key) or () if need in last}
            before = index.get((name, number - 1))
            if before is not None:
                previous[i] = before
                needs.add(before)
            if triggers and (planned := awaited_replanning(run, attempt.key)) is not None:
                needs.add(triggers.get(id(planned), i))
            # A tampered journal can contain cycles: only what had ended can have been waited for.
            for need in needs:
                done = self.finished[need] <= self.selected[i] and not self.unfinished[need]
                if done and need < i:
                    dependents[need].append(i)
                    counts[i] += 1
        return previous, dependents, counts

    def _triggers(self) -> dict[int, int]:
        """Return the submission whose end triggered each re-planning, by the phase's ``id()``."""
        phases = [p for p in self.run.phases if p.first_job_id is not None or p.changed_jobs]
        if not phases:
            return {}
        ends = sorted((f, i) for i, f in enumerate(self.finished) if not self.unfinished[i])
        found = {}
        for phase in phases:
            at = bisect_right(ends, (phase.time, self.count)) - 1
            if at >= 0:
                found[id(phase)] = ends[at][1]
                self.replannings.setdefault(ends[at][1], phase)
        return found

    def _limits(self, model: Model) -> None:
        """Set the limits of *model*; one that the run itself exceeded is raised to its peak."""
        limits = Limits(self.run)
        reduced = any(job.requested for job in self.run.jobs.values())
        for name in limits.names:
            column = (
                [1] * self.count
                if name == JOBS
                else [max(0, limits.share(attempt, name)) for attempt in self.attempts]
            )
            model.requests[name] = column
            if reduced and name != JOBS:
                model.asked[name] = [limits.requested(a, name) for a in self.attempts]
            most = self._peak(column)
            if most > limits.limit(name):
                model.assumptions.append(f"the run itself exceeded its limit of {name}")
            model.limits[name] = max(limits.limit(name), most)

    def _cores(self, model: Model) -> None:
        """Set what the jobs used of the machine's cores."""
        started = self.run.started
        model.cpu = [0 if model.remote else self._cpu(attempt) for attempt in self.attempts]
        if started is not None and started.cpus is not None and not model.remote:
            fit_to_the_run(model, started.cpus)

    def _cpu(self, attempt: Attempt) -> Micros:
        """Return the CPU time of *attempt*, of a group that of its members; 0 if not known."""
        if attempt.job_id is not None:
            return _cpu(attempt)
        keys = ((one, attempt.number) for one in self.run.members(attempt.group or ""))
        used = [_cpu(self.run.attempts[key]) if key in self.run.attempts else 0 for key in keys]
        return sum(used) if all(used) else 0

    def _piped(self) -> dict[int, frozenset[str]]:
        """Return the rules that pipes join in each group."""
        return {
            i: rules
            for i, attempt in enumerate(self.attempts)
            if attempt.job_id is None
            and (rules := piped_rules(self.run, self.run.members(attempt.group or "")))
        }

    def _peak(self, column: Column) -> int:
        """Return the peak use of a limit; *column* has each submission's share of it."""
        ends = sorted((f, i) for i, f in enumerate(self.finished) if not self.unfinished[i])
        taken = most = at = 0
        for i, moment in enumerate(self.selected):
            while at < len(ends) and ends[at][0] <= moment:
                taken -= column[ends[at][1]]
                at += 1
            taken += column[i]
            most = max(most, taken)
        return most

    def _is_remote(self) -> bool:
        started = self.run.started
        wraps = started.wraps if started is not None else None
        return wraps not in (None, "local") or any(a.external_jobid for a in self.attempts)

    def _local(self) -> list[bool]:
        jobs = map(self.run.job_of, self.attempts)
        return [job is not None and bool(job.local) for job in jobs]

    # -- the run's own phases ------------------------------------------

    def _head(self) -> tuple[tuple[str, Micros], ...]:
        """Return the run's own phases before scheduling began."""
        return _phases_between(self.segments, self.start, self.began)

    def _rest(self) -> Rest:
        """Return what follows the end of the last job, or its submission if none is waited for."""
        ended = [f for f, cut in zip(self.finished, self.unfinished, strict=True) if not cut]
        submitted = (attempt.stamps.accepted or 0 for attempt in self.attempts)
        last = max(ended, default=max(submitted, default=0) or self.began)
        sleeps = [
            p
            for p in self.run.phases
            if p.phase == "shutdown" and p.poll_interval_s and p.time >= last
        ]
        if not sleeps:
            return Rest(_phases_between(self.segments, last, self.end), None, ())
        begun, over = min(p.time for p in sleeps), max(p.end for p in sleeps)
        return Rest(
            _phases_between(self.segments, last, begun),
            over - begun,
            _phases_between(self.segments, over, self.end),
        )


def _selected_at(attempt: Attempt) -> Micros:
    """Return when *attempt* was selected, or the first known moment after that."""
    stamps = attempt.stamps
    first = next((s.start for s in attempt.segments if s.phase != "slot_wait"), attempt.end or 0)
    known = stamps.selected if stamps.selected is not None else first
    return max(attempt.start or 0, min(known, attempt.end or known))


def _cpu(attempt: Attempt) -> Micros:
    """Return the CPU time of *attempt*; 0 if not known."""
    used = attempt.used
    if used is None or used.user_s is None or used.system_s is None:
        return 0
    return round((used.user_s + used.system_s) * 1e6)


def _add(columns: Columns, phase: str, i: int, length: Micros, count: int) -> None:
    column = columns.get(phase)
    if column is None:
        column = columns[phase] = [0] * count
    column[i] += length


def _phases_between(
    segments: list[MakespanSegment], start: Micros, end: Micros
) -> tuple[tuple[str, Micros], ...]:
    """Return the phases of *segments* between two moments, in order."""
    found: list[tuple[str, Micros]] = []
    for one in segments:
        length = min(one.end, end) - max(one.start, start)
        if length > 0:
            found.append((one.phase, length))
    return tuple(found)
