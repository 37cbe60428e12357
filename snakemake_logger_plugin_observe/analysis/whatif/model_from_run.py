"""A run taken apart into what a replay needs: a few passes over its attempts.

What Snakemake's one thread did for a submission is what it did between the thread's previous
stamped moment and this one (``thread``): the rest was waiting for it, and comes out of a replay.
"""

from bisect import bisect_right
from collections.abc import Iterable

from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment, partition
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import JOBS, Limits
from snakemake_logger_plugin_observe.analysis.whatif.end_detection import (
    infer_end_detection,
    was_polled,
)
from snakemake_logger_plugin_observe.analysis.whatif.engine import simulate
from snakemake_logger_plugin_observe.analysis.whatif.main_thread import main_thread
from snakemake_logger_plugin_observe.analysis.whatif.model import (
    Brought,
    Column,
    Columns,
    Model,
    Moments,
    Part,
    Rest,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED
from snakemake_logger_plugin_observe.run.readiness import awaited_replanning, dependencies


def build_model(run: Run, segments: Iterable[MakespanSegment] | None = None) -> Model:
    """Return what *run* was made of; replayed as it is, it gives the run again.

    Args:
        run: the run.
        segments: its makespan's partition, if it is known already.

    """
    return _Making(run, list(segments) if segments is not None else partition(run)).model()


class _Making:
    """One run being taken apart."""

    def __init__(self, run: Run, segments: list[MakespanSegment]) -> None:
        self.run = run
        self.segments = segments
        self.start = run.start or 0
        self.end = max(run.end or 0, self.start)
        chosen = [
            (_chosen(attempt), attempt)
            for attempt in run.attempts.values()
            if not attempt.is_member and attempt.segments
        ]
        chosen.sort(key=lambda one: (one[0], one[1].stamps.accepted or one[1].end or 0))
        self.attempts = [attempt for _, attempt in chosen]
        self.selected = [moment for moment, _ in chosen]
        self.count = len(chosen)
        self.index = {attempt.key: i for i, attempt in enumerate(self.attempts)}
        first = min(self.selected, default=self.end)
        began = run.scheduling_began or first
        if run.iterations:
            began = max(began, run.iterations[0].time)
        self.began = min(began, first)
        self.finished = [attempt.end or 0 for attempt in self.attempts]
        self.brought: Brought = {}
        self.unfinished = [attempt.status not in FINAL for attempt in self.attempts]

    def model(self) -> Model:
        """Return the model, its holds found by a replay that keeps to the run's own moments."""
        before, course, after = self._phases()
        accepted, ended, reported = self._moments(course)
        moments = Moments(self.selected, accepted, ended, reported, self.finished)
        thread = main_thread(self.run, moments, self.unfinished, self.began)
        thread.leave_own_work(before, after)
        looks = infer_end_detection(self.run, self.attempts, self.began, moments)
        earlier, wanted, waits = self._waits()
        last = max(
            [f for f, cut in zip(self.finished, self.unfinished, strict=True) if not cut],
            default=self.began,
        )
        model = Model(
            start=self.start,
            began=self.began,
            end=self.end,
            head=self._head(),
            rest=self._rest(last),
            keys=[attempt.key for attempt in self.attempts],
            rules=[self.run.rule_of(attempt) for attempt in self.attempts],
            wanted=wanted,
            waits=waits,
            earlier=earlier,
            asks={},
            limits={},
            before=before,
            course=course,
            after=after,
            solver=thread.solver,
            loop=thread.loop,
            nap=thread.nap,
            replan=thread.replan,
            brought=self.brought,
            hold=[0] * self.count,
            unfinished=self.unfinished,
            local=self._local(),
            polled=looks.polled,
            blind=looks.blind,
            late=looks.late,
            polls=looks.polls,
            nominal=looks.every,
            inside=self.inside,
            measured=moments,
            remote=self._is_remote(),
        )
        self._limits(model)
        model.hold = simulate(model, thread.woke_for).held
        return model

    # -- what each submission did ------------------------------------------------------------

    def _phases(self) -> tuple[Columns, Columns, Columns]:
        """Sort each submission's segments: before its acceptance, beside, after its report."""
        before: Columns = {}
        course: Columns = {}
        after: Columns = {}
        self.inside: dict[int, tuple[Part, ...]] = {}
        count = self.count
        for i, attempt in enumerate(self.attempts):
            stamps = attempt.stamps
            selected, end = self.selected[i], self.finished[i]
            reported = stamps.reported if stamps.reported is not None else end
            accepted = stamps.accepted
            if accepted is None:
                accepted = reported if stamps.submitting is not None else selected
            accepted = min(max(accepted, selected), end)
            reported = min(max(reported, accepted), end)
            for segment in attempt.segments:
                left, right, phase = segment
                left = max(left, selected)
                if right <= left:
                    continue
                if phase is None:
                    self.inside[i] = (*self.inside.get(i, ()), *self._members(attempt, left, right))
                    continue
                if left < accepted:
                    _add(before, phase, i, min(right, accepted) - left, count)
                    left = min(right, accepted)
                if left < reported and right > left:
                    if phase != "poll_wait" or not was_polled(attempt):
                        _add(course, phase, i, min(right, reported) - left, count)
                    left = min(right, reported)
                if right > left:
                    _add(after, phase, i, right - left, count)
        for i, parts in self.inside.items():
            for part in parts:
                _add(course, part.phase, i, part.length, count)
        return before, course, after

    def _members(self, group: Attempt, start: Micros, end: Micros) -> Iterable[Part]:
        """Yield who of a group's members owned [start, end]: the one that ended last, and so on."""
        members = [
            member
            for job_id in self.run.members(group.group or "")
            if (member := self.run.attempts.get((job_id, group.number))) and member.segments
        ]
        found: list[Part] = []
        at = end

        def own(down_to: Micros, phase: str, member: Attempt | None) -> None:
            nonlocal at
            down_to = max(down_to, start)
            if down_to < at:
                job_id = member.job_id if member is not None else None
                rule = self.run.rule_of(member) if member is not None else None
                found.append(Part(phase, at - down_to, job_id, rule))
                at = down_to

        while at > start:
            running = [m for m in members if (m.start or 0) < at]
            if not running:
                break
            last = max(running, key=lambda m: m.end or 0)
            own(min(last.end or 0, at), "member_wait", None)
            for segment in reversed(last.segments):
                if segment.start < at and segment.phase is not None:
                    own(segment.start, segment.phase, last)
            members.remove(last)
        own(start, UNOBSERVED, None)
        return reversed(found)

    def _moments(self, course: Columns) -> tuple[Column, Column, Column]:
        """Return when each was accepted, ended, and was reported."""
        accepted: Column = []
        ended: Column = []
        reported: Column = []
        lengths = [0] * self.count
        for column in course.values():
            lengths = [a + b for a, b in zip(lengths, column, strict=True)]
        for i, attempt in enumerate(self.attempts):
            stamps, end = attempt.stamps, self.finished[i]
            told = stamps.reported if stamps.reported is not None else end
            taken = stamps.accepted
            if taken is None:
                taken = told if stamps.submitting is not None else self.selected[i]
            taken = min(max(taken, self.selected[i]), end)
            accepted.append(taken)
            ended.append(taken + lengths[i])
            reported.append(min(max(told, taken), end))
        return accepted, ended, reported

    # -- what each waited for ----------------------------------------------------------------

    def _waits(self) -> tuple[list[int], list[list[int]], list[int]]:
        """Return each one's previous attempt, who waits for it, and for how many it waits."""
        run, index, count = self.run, self.index, self.count
        last: dict[int | str, int] = {}
        for i, (name, _) in enumerate(attempt.key for attempt in self.attempts):
            last[name] = max(last.get(name, i), i)
            for member in run.members(name) if isinstance(name, str) else ():
                last[member] = max(last.get(member, i), i)
        earlier = [-1] * count
        wanted: list[list[int]] = [[] for _ in range(count)]
        waits = [0] * count
        makers = self._makers()
        for i, attempt in enumerate(self.attempts):
            name, number = attempt.key
            needs = {last[need] for need in dependencies(run, attempt.key) or () if need in last}
            before = index.get((name, number - 1))
            if before is not None:
                earlier[i] = before
                needs.add(before)
            if makers and (planned := awaited_replanning(run, attempt.key)) is not None:
                needs.add(makers.get(id(planned), i))
            # Circles are a hostile hand's: what it waited for had ended when it was chosen.
            for need in needs:
                done = self.finished[need] <= self.selected[i] and not self.unfinished[need]
                if done and need < i:
                    wanted[need].append(i)
                    waits[i] += 1
        return earlier, wanted, waits

    def _makers(self) -> dict[int, int]:
        """Return whose end called for each re-planning, by the phase's id."""
        phases = [p for p in self.run.phases if p.first_job_id is not None or p.changed_jobs]
        if not phases:
            return {}
        ends = sorted((f, i) for i, f in enumerate(self.finished) if not self.unfinished[i])
        found = {}
        for phase in phases:
            at = bisect_right(ends, (phase.time, self.count)) - 1
            if at >= 0:
                found[id(phase)] = ends[at][1]
                self.brought.setdefault(ends[at][1], phase)
        return found

    def _limits(self, model: Model) -> None:
        """Give *model* its limits; one that the run itself went past is none as we know it."""
        limits = Limits(self.run)
        for name in limits.names:
            column = (
                [1] * self.count
                if name == JOBS
                else [max(0, limits.share(attempt, name)) for attempt in self.attempts]
            )
            model.asks[name] = column
            most = self._peak(column)
            if most > limits.limit(name):
                model.assumes.append(f"the run itself went past its limit of {name}")
            model.limits[name] = max(limits.limit(name), most)

    def _peak(self, column: Column) -> int:
        """Return how much of a limit was taken at most, if each takes what *column* says."""
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
        return _owned(self.segments, self.start, self.began)

    def _rest(self, last: Micros) -> Rest:
        """Return what came after the *last* job's end."""
        sleeps = [
            p
            for p in self.run.phases
            if p.phase == "shutdown" and p.poll_interval_s and p.time >= last
        ]
        if not sleeps:
            return Rest(_owned(self.segments, last, self.end), None, ())
        begun, over = min(p.time for p in sleeps), max(p.end for p in sleeps)
        return Rest(
            _owned(self.segments, last, begun),
            over - begun,
            _owned(self.segments, over, self.end),
        )


def _chosen(attempt: Attempt) -> Micros:
    """Return when *attempt* was chosen, or else the first moment that is known of it after that."""
    stamps = attempt.stamps
    first = next((s.start for s in attempt.segments if s.phase != "slot_wait"), attempt.end or 0)
    known = stamps.selected if stamps.selected is not None else first
    return max(attempt.start or 0, min(known, attempt.end or known))


def _add(columns: Columns, phase: str, i: int, length: Micros, count: int) -> None:
    column = columns.get(phase)
    if column is None:
        column = columns[phase] = [0] * count
    column[i] += length


def _owned(
    segments: list[MakespanSegment], start: Micros, end: Micros
) -> tuple[tuple[str, Micros], ...]:
    """Return the phases of *segments* between two moments, in order."""
    found: list[tuple[str, Micros]] = []
    for one in segments:
        length = min(one.end, end) - max(one.start, start)
        if length > 0:
            found.append((one.phase, length))
    return tuple(found)
