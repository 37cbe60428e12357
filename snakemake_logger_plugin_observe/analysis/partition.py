"""The makespan partition: who owned each moment between the run's start and its end.

A walk back from the end. The job that finished last owns its segments down to the moment it was
selected; there the walk jumps to what released it: its last dependency, its previous attempt, the
re-planning that made it, or, where it had been passed over in an earlier round, the end that freed
the slot. Only the stretch between that release and the selection is owned by the run's own stamped
work in it, else by ``slot_wait``. Segments tile the makespan exactly.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from snakemake_logger_plugin_observe.attempt import Attempt, Key
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.events import SchedulerRound
from snakemake_logger_plugin_observe.phases import UNATTRIBUTED, UNOBSERVED, cost_class
from snakemake_logger_plugin_observe.run import Run
from snakemake_logger_plugin_observe.track import Segment


@dataclass(frozen=True, slots=True)
class Release:
    """What let a job be selected: ``because`` it was this attempt's end, or scheduling began."""

    because: str
    """``dependency``, ``previous_attempt``, ``replanning``, ``freed_place``, ``scheduling``."""
    job_id: int | None = None
    group: str | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Owned:
    """A stretch of the makespan and its one owner: a job's phase, or the run's own."""

    start: Micros
    end: Micros
    phase: str
    job_id: int | None = None
    attempt: int | None = None
    group: str | None = None
    rule: str | None = None
    released_by: Release | None = None

    @property
    def cost_class(self) -> str:
        """The cost class of its phase."""
        return cost_class(self.phase)


@dataclass(frozen=True, slots=True)
class _Work:
    """A stamped stretch of the main process's work."""

    start: Micros
    end: Micros
    phase: str
    rank: int
    attempt: Attempt | None = None


# Where stretches of the main process's work lie upon each other, the narrower tells more.
_RANK = {"main_loop": 0, "select": 1, "plan": 2, "deploy": 3, "hooks": 3}
_RANK_OF_A_JOB = 4
_JOB_WORK = frozenset({"submit", "stage_in", "latency_wait", "stage_out"})


class MainWork:
    """The main process's stamped work as one sequence of stretches that do not overlap."""

    def __init__(self, run: Run) -> None:
        """Lay out all that *run* stamped in its main process."""
        self.stretches = _flatten(_stamped(run))
        self._starts = [work.start for work in self.stretches]

    def owners(self, start: Micros, end: Micros, otherwise: str) -> list[_Work]:
        """Return a tiling of [start, end]: stamped work, and *otherwise* between."""
        tiles: list[_Work] = []
        at = start
        first = max(0, bisect_right(self._starts, start) - 1)
        for work in self.stretches[first:]:
            if work.start >= end:
                break
            if work.end <= at:
                continue
            if work.start > at:
                tiles.append(_Work(at, work.start, otherwise, -1))
            begin = max(work.start, at)
            at = min(work.end, end)
            tiles.append(_Work(begin, at, work.phase, work.rank, work.attempt))
        if at < end:
            tiles.append(_Work(at, end, otherwise, -1))
        return tiles


def _stamped(run: Run) -> list[_Work]:
    work = [
        _Work(phase.time, phase.end, phase.phase, _RANK.get(phase.phase, 0))
        for phase in run.phases
        if phase.phase in _RANK
    ]
    began = run.scheduling_began
    if began is not None and run.rounds and run.rounds[0].time > began:
        work.append(_Work(began, run.rounds[0].time, "main_loop", _RANK["main_loop"]))
    for turn in run.rounds:
        work.append(_Work(turn.time, turn.idle, "main_loop", _RANK["main_loop"]))
        work.extend(_Work(begin, end, "select", _RANK["select"]) for begin, end in turn.selections)
    for attempt in run.attempts.values():
        if attempt.is_member:
            continue
        work.extend(
            _Work(segment.start, segment.end, segment.phase or "", _RANK_OF_A_JOB, attempt)
            for segment in _in_main_thread(attempt)
        )
    return work


def _in_main_thread(attempt: Attempt) -> list[Segment]:
    """Return the parts of an attempt that keep Snakemake's one main thread busy."""
    accepted, reported = attempt.stamps.accepted, attempt.stamps.reported
    return [
        segment
        for segment in attempt.segments
        if segment.phase in _JOB_WORK
        and (
            (accepted is not None and segment.end <= accepted)
            or (reported is not None and segment.start >= reported)
        )
    ]


def _flatten(work: list[_Work]) -> list[_Work]:
    """Return *work* without overlaps: at each moment the stretch of the highest rank."""
    edges = sorted({edge for one in work for edge in (one.start, one.end)})
    by_start = sorted(work, key=lambda one: one.start)
    active: list[_Work] = []
    flat: list[_Work] = []
    upcoming = 0
    for start, end in pairwise(edges):
        while upcoming < len(by_start) and by_start[upcoming].start <= start:
            active.append(by_start[upcoming])
            upcoming += 1
        active = [one for one in active if one.end > start]
        if not active:
            continue
        top = max(active, key=lambda one: one.rank)
        last = flat[-1] if flat else None
        if last and last.end == start and last.phase == top.phase and last.attempt is top.attempt:
            flat[-1] = _Work(last.start, end, top.phase, top.rank, top.attempt)
        else:
            flat.append(_Work(start, end, top.phase, top.rank, top.attempt))
    return flat


def partition(run: Run) -> list[Owned]:
    """Return the owners of every moment of *run*, from its start to its end, without a gap."""
    start, end = run.start, run.end
    if start is None or end is None or end <= start:
        return []
    return _Walk(run, start, end).segments()


class _Walk:
    """One walk back through a run; ``at`` moves from the run's end towards its start."""

    def __init__(self, run: Run, start: Micros, end: Micros) -> None:
        self.run = run
        self.start = start
        self.at = end
        self.work = MainWork(run)
        self.backwards: list[Owned] = []
        self.submissions = sorted(
            (
                attempt
                for attempt in run.attempts.values()
                if not attempt.is_member and attempt.end is not None
            ),
            key=lambda attempt: attempt.end or 0,
        )
        self._ends = [attempt.end or 0 for attempt in self.submissions]
        looks = sorted(look for turn in run.rounds for look in _looks(turn))
        self._selection_starts = [begin for begin, _ in looks]
        self._looked_from = [since for _, since in looks]

    def segments(self) -> list[Owned]:
        began = self.run.scheduling_began
        current = self._last_finished(self.at)
        after = "shutdown" if self.run.finished is not None else UNATTRIBUTED
        if current is not None:
            self._run_work(current.end or self.at, after)
        elif began is not None:
            self._run_work(began, after)
        walked: set[Key] = set()  # a journal made by a hostile hand can lead in circles
        while current is not None and current.key not in walked and self.at > self.start:
            walked.add(current.key)
            self._attempt(current)
            current = self._release(current)
        if began is not None:
            self._run_work(began, UNATTRIBUTED)
        self._before_scheduling()
        return self.backwards[::-1]

    def _own(self, start: Micros, owned: Owned) -> None:
        """Lay *owned* from *start* to where the walk stands, and go there."""
        start = max(start, self.start)
        if start < self.at:
            self.backwards.append(owned)
            self.at = start

    def _lay(self, start: Micros, phase: str, attempt: Attempt | None) -> None:
        start = max(start, self.start)
        self._own(
            start,
            Owned(
                start,
                self.at,
                phase,
                attempt.job_id if attempt else None,
                attempt.number if attempt else None,
                attempt.group if attempt else None,
                self.run.rule_of(attempt) if attempt else None,
            ),
        )

    def _run_work(self, down_to: Micros, otherwise: str, waiting: Attempt | None = None) -> None:
        """Own the stretch down to *down_to* by the run's stamped work, else by *otherwise*."""
        for tile in reversed(self.work.owners(max(down_to, self.start), self.at, otherwise)):
            phase = tile.phase
            if otherwise == "shutdown" and phase in ("main_loop", "select"):
                phase = "shutdown"
            self._lay(tile.start, phase, tile.attempt or (waiting if tile.rank < 0 else None))

    def _last_finished(self, before: Micros) -> Attempt | None:
        index = bisect_right(self._ends, before)
        return self.submissions[index - 1] if index else None

    def _attempt(self, attempt: Attempt) -> None:
        """Own the attempt's segments down to the moment it was selected."""
        selected = attempt.stamps.selected
        for segment in reversed(attempt.segments):
            if segment.phase == "slot_wait" or (selected is not None and segment.end <= selected):
                break
            if segment.start >= self.at:
                continue
            if segment.phase is None:
                self._members(attempt, segment)
            else:
                self._lay(segment.start, segment.phase, attempt)

    def _members(self, group: Attempt, hole: Segment) -> None:
        """Own a stretch that a group's members share: by the one that ended last, and so on."""
        members = [
            member
            for job_id in self.run.members(group.group or "")
            if (member := self.run.attempts.get((job_id, group.number))) and member.segments
        ]
        while self.at > hole.start:
            running = [m for m in members if (m.start or 0) < self.at]
            if not running:
                break
            last = max(running, key=lambda m: m.end or 0)
            self._lay(max(hole.start, min(last.end or 0, self.at)), "member_wait", group)
            for segment in reversed(last.segments):
                if segment.start < self.at and segment.phase is not None:
                    self._lay(max(segment.start, hole.start), segment.phase, last)
            members.remove(last)
        self._lay(hole.start, UNOBSERVED, group)

    def _release(self, attempt: Attempt) -> Attempt | None:
        """Own the stretch before *attempt* was selected, and return who released it."""
        found, moment, because = self._releaser(attempt)
        if self.backwards:
            release = Release(because)
            if found is not None:
                release = Release(because, found.job_id, found.group, found.number)
            self.backwards[-1] = replace(self.backwards[-1], released_by=release)
        if moment is not None:
            self._run_work(moment, "slot_wait", attempt)
        return found

    def _releaser(self, attempt: Attempt) -> tuple[Attempt | None, Micros | None, str]:
        """Return what let *attempt* be selected: the job it was, when, and why."""
        run = self.run
        here = self.at
        candidates: list[tuple[Micros, int, Attempt | None, str]] = []
        previous = run.attempts.get((attempt.key[0], attempt.number - 1))
        if previous is not None and previous.end is not None:
            candidates.append((previous.end, 1, previous, "previous_attempt"))
        candidates.extend(
            (last.end, 2, last, "dependency")
            for job_id in run.dependencies(attempt.key) or ()
            if (last := self._final_submission(job_id)) and last.end is not None
        )
        made = run.made_by(attempt.key)
        if made is not None and (maker := self._last_finished(made.time)):
            candidates.append((maker.end or 0, 0, maker, "replanning"))
        ready = attempt.stamps.ready
        if ready is None or self._passed_over(ready, here):
            freed = self._last_finished(here)
            if freed is not None and freed is not attempt and (freed.end or 0) > (ready or 0):
                candidates.append((freed.end or 0, 3, freed, "freed_place"))
        candidates = [c for c in candidates if c[0] <= here and c[2] is not attempt]
        if not candidates:
            return None, run.scheduling_began, "scheduling"
        moment, _, found, because = max(candidates, key=lambda c: c[:2])
        return found, moment, because

    def _final_submission(self, job_id: int) -> Attempt | None:
        """Return the last submission that ran *job_id*: its own, or its group's."""
        last = None
        number = 1
        while attempt := self.run.attempts.get((job_id, number)):
            last = attempt
            number += 1
        if last is not None and last.is_member:
            return self.run.attempts.get((last.group or "", last.number))
        return last

    def _passed_over(self, ready: Micros, selected: Micros) -> bool:
        """Whether a selection that knew the job to be *ready* ended without choosing it."""
        earliest = bisect_left(self._looked_from, ready)
        its_own = bisect_right(self._selection_starts, selected) - 1
        return earliest < its_own

    def _before_scheduling(self) -> None:
        """Own the time before scheduling by the run's own phases."""
        started = self.run.started
        if started is None:
            return
        planned = [phase.end for phase in self.run.phases if phase.phase == "plan"]
        if planned:
            self._run_work(min(planned), "main_loop")
        workflow, loaded = started.workflow_started, started.plugin_loaded
        if workflow is not None:
            self._run_work(workflow, UNATTRIBUTED)
        if loaded is not None:
            self._lay(loaded, "parse", None)
        self._lay(self.start, "import", None)


def _looks(turn: SchedulerRound) -> Iterator[tuple[Micros, Micros]]:
    """Yield when each selection of *turn* began, and up to when it knew of jobs that were ready.

    What comes to be ready once the loop has looked is the next one's.
    """
    since = turn.time
    for begin, end in turn.selections:
        yield begin, since
        since = end


def phase_totals(segments: list[Owned]) -> dict[str, Micros]:
    """Return microseconds per phase over *segments*, the greatest first."""
    totals: dict[str, Micros] = {}
    for segment in segments:
        totals[segment.phase] = totals.get(segment.phase, 0) + segment.end - segment.start
    return dict(sorted(totals.items(), key=lambda item: -item[1]))
