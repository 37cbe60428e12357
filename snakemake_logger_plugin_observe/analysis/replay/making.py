"""A run taken apart into what a replay needs: a few passes over its attempts.

What Snakemake's one thread did for a submission is what it did between the thread's previous
stamped moment and this one: the rest of the stretch was waiting for the thread, which a replay
works out anew.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from snakemake_logger_plugin_observe.analysis.limits import JOBS, Limits
from snakemake_logger_plugin_observe.analysis.partition import Owned, partition
from snakemake_logger_plugin_observe.analysis.polling import polling
from snakemake_logger_plugin_observe.analysis.replay.engine import play
from snakemake_logger_plugin_observe.analysis.replay.model import (
    Column,
    Columns,
    Model,
    Moments,
    Part,
    Rest,
)
from snakemake_logger_plugin_observe.analysis.replay.polls import Noticed, Polls, looks_of
from snakemake_logger_plugin_observe.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.phases import UNOBSERVED
from snakemake_logger_plugin_observe.run import Run

# What is given up first of a stretch that was partly spent waiting for the main thread.
_WAITED_IN: Final = ("dispatch", "postprocess", "stage_in", "submit", "stage_out", "latency_wait")


def model_of(run: Run, segments: Iterable[Owned] | None = None) -> Model:
    """Return what *run* was made of; replayed as it is, it gives the run again.

    Args:
        run: the run.
        segments: its makespan's partition, if it is known already.

    """
    return _Making(run, list(segments) if segments is not None else partition(run)).model()


class _Making:
    """One run being taken apart."""

    def __init__(self, run: Run, segments: list[Owned]) -> None:
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
        if run.rounds:
            began = max(began, run.rounds[0].time)
        self.began = min(began, first)
        self.finished = [attempt.end or 0 for attempt in self.attempts]
        self.brought: dict[int, int] = {}
        self.unfinished = [attempt.status not in FINAL for attempt in self.attempts]

    def model(self) -> Model:
        """Return the model, its holds found by a replay that keeps to the run's own moments."""
        before, course, after = self._phases()
        accepted, ended, reported = self._moments(course)
        solver, loop, replan = self._own_work(before, after, accepted, reported)
        earlier, wanted, waits = self._waits()
        polls, nominal, polled, blind, late = self._looks(ended, reported)
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
            solver=solver,
            loop=loop,
            nap=self._naps,
            replan=replan,
            brought=self.brought,
            hold=[0] * self.count,
            unfinished=self.unfinished,
            local=self._local(),
            polled=polled,
            blind=blind,
            late=late,
            polls=polls,
            nominal=nominal,
            inside=self.inside,
            measured=Moments(self.selected, accepted, ended, reported, self.finished),
            remote=self._is_remote(),
        )
        self._limits(model)
        model.hold = play(model, self._woke_for).held
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
                    if phase != "poll_wait" or not _was_polled(attempt):
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

    def _own_work(
        self, before: Columns, after: Columns, accepted: Column, reported: Column
    ) -> tuple[Column, Column, Column]:
        """Take from *before* and *after* what was waiting for the main thread.

        Returns the solver's and the loop's time of each one's selection, and its re-planning's.
        """
        run, count = self.run, self.count
        solver, loop, replan = [0] * count, [0] * count, [0] * count
        items: list[tuple[Micros, int, int]] = []
        for i in range(count):
            items.append((accepted[i], 2, i))
            if not self.unfinished[i]:
                items.append((self.finished[i], 0, i))
        chosen = -1
        for i, moment in enumerate(self.selected):
            if moment != chosen:
                items.append((moment, 1, i))
                chosen = moment
        replannings = [
            p for p in run.phases if p.first_job_id is not None or p.detail == "checkpoint"
        ]
        replannings = [p for p in replannings if p.phase == "plan" and p.time >= self.began]
        items += [(phase.end, 3, number) for number, phase in enumerate(replannings)]
        items.sort()
        woke_at = [turn.time for turn in run.rounds]
        idle_at = [turn.idle for turn in run.rounds]
        chose = sorted(s for turn in run.rounds for s in turn.selections)
        starts = [begin for begin, _ in chose]
        self._woke_for = [0] * count
        self._naps = [0] * count
        previous, last_finished = self.began, -1
        for moment, kind, i in items:
            if kind == 0:
                trigger = max(previous, reported[i])
                number = bisect_right(woke_at, moment) - 1
                if number >= 0 and woke_at[number] > trigger:  # this end woke it, a while later
                    self._naps[i] = woke_at[number] - trigger
                    trigger = woke_at[number]
                _less(after, i, trigger - reported[i])
                last_finished = i
            elif kind == 2:
                _less(before, i, previous - self.selected[i])
            elif kind == 3:
                if last_finished >= 0:
                    replan[last_finished] += moment - max(previous, replannings[i].time)
            else:
                number = bisect_right(woke_at, moment) - 1
                woke = previous
                if number >= 0 and idle_at[number] >= moment and woke_at[number] > previous:
                    woke = woke_at[number]
                own = max(0, moment - max(previous, woke))
                at = bisect_right(starts, moment) - 1
                chosing = min(own, chose[at][1] - chose[at][0]) if at >= 0 else 0
                if at >= 0 and chose[at][1] < max(previous, woke):
                    chosing = 0
                for j in range(i, count):
                    if self.selected[j] != moment:
                        break
                    solver[j], loop[j] = chosing, own - chosing
                    self._woke_for[j] = max(previous, woke)
            previous = max(previous, moment)
        return solver, loop, replan

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
            needs = {last[need] for need in run.dependencies(attempt.key) or () if need in last}
            before = index.get((name, number - 1))
            if before is not None:
                earlier[i] = before
                needs.add(before)
            if makers and (made := run.made_by(attempt.key)) is not None:
                needs.add(makers.get(id(made), i))
            # Circles are a hostile hand's: what it waited for had ended when it was chosen.
            for need in needs:
                done = self.finished[need] <= self.selected[i] and not self.unfinished[need]
                if done and need < i:
                    wanted[need].append(i)
                    waits[i] += 1
        return earlier, wanted, waits

    def _makers(self) -> dict[int, int]:
        """Return whose end called for each re-planning, by the phase's id."""
        phases = [phase for phase in self.run.phases if phase.first_job_id is not None]
        if not phases:
            return {}
        ends = sorted((f, i) for i, f in enumerate(self.finished) if not self.unfinished[i])
        found = {}
        for phase in phases:
            at = bisect_right(ends, (phase.time, self.count)) - 1
            if at >= 0:
                found[id(phase)] = ends[at][1]
                self.brought.setdefault(ends[at][1], phase.first_job_id or 0)
        return found

    def _limits(self, model: Model) -> None:
        """Give *model* its limits; one that the run itself went past is none as we know it."""
        limits = Limits(self.run, [])
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
        jobs = self.run.jobs
        found = []
        for attempt in self.attempts:
            job = jobs.get(attempt.job_id) if attempt.job_id is not None else None
            found.append(bool(job is not None and job.local))
        return found

    # -- the executor's looks, and the run's own phases ------------------------------------------

    def _looks(
        self, ended: Column, reported: Column
    ) -> tuple[Polls | None, Micros, list[bool], Column, Column]:
        count = self.count
        polled = [False] * count
        for i, attempt in enumerate(self.attempts):
            polled[i] = not self.unfinished[i] and _was_polled(attempt)
        governed = polling(self.run)
        blind, late = [0] * count, [0] * count
        sleeps = [p for p in self.run.phases if p.phase == "shutdown" and p.poll_interval_s]
        if governed is None or not (any(polled) or sleeps):
            return None, 0, [False] * count, blind, late
        every = max(1, round(governed.shortest_s * 1e6))
        wraps = self.run.started.wraps if self.run.started is not None else None
        noticed = sorted(
            Noticed(reported[i], ended[i] if polled[i] else 0, round(attempt.poll_interval_s * 1e6))
            for i, attempt in enumerate(self.attempts)
            if attempt.poll_interval_s is not None and not self.unfinished[i]
        )
        polls = looks_of(
            noticed,
            every,
            self.began,
            max(
                (Noticed(p.end, 0, round((p.poll_interval_s or 0) * 1e6)) for p in sleeps),
                default=None,
            ),
            adaptive=wraps == "slurm",
        )
        for i in range(count):
            if polled[i]:
                at = bisect_right(polls.seen, reported[i]) - 1
                late[i] = reported[i] - polls.seen[at]
                if at > 0 and ended[i] <= polls.seen[at - 1]:
                    blind[i] = polls.seen[at - 1] - ended[i] + 1
        return polls, every, polled, blind, late

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


def _was_polled(attempt: Attempt) -> bool:
    """Whether it is known how long *attempt* waited for one of the executor's looks."""
    stamps = attempt.stamps
    return (
        attempt.poll_interval_s is not None
        and stamps.accepted is not None
        and stamps.reported is not None
        and any(segment.phase == "poll_wait" for segment in attempt.segments)
    )


def _add(columns: Columns, phase: str, i: int, length: Micros, count: int) -> None:
    column = columns.get(phase)
    if column is None:
        column = columns[phase] = [0] * count
    column[i] += length


def _less(columns: Columns, i: int, waited: Micros) -> None:
    """Take from what *columns* have of a submission what it *waited* for the main thread."""
    if waited <= 0:
        return
    for phase in (*_WAITED_IN, *columns):
        column = columns.get(phase)
        if column is not None and column[i]:
            given = min(waited, column[i])
            column[i] -= given
            waited -= given
            if not waited:
                return


def _owned(segments: list[Owned], start: Micros, end: Micros) -> tuple[tuple[str, Micros], ...]:
    """Return the phases of *segments* between two moments, in order."""
    found: list[tuple[str, Micros]] = []
    for one in segments:
        length = min(one.end, end) - max(one.start, start)
        if length > 0:
            found.append((one.phase, length))
    return tuple(found)
