"""The makespan partition: the owner of each moment between the run's start and its end.

It is a walk back from the end. The job that finished last owns its segments back to the moment it
was selected. From there the walk jumps to what released the job: its last dependency, its previous
attempt, the re-planning that created it, or, if an earlier selection had passed it over, the end
that freed its slot. The stretch between that release and the selection is owned by the run's own
stamped work in it, otherwise by ``slot_wait``. The segments tile the makespan exactly.
"""

from collections.abc import Iterable
from typing import NamedTuple

from snakemake_logger_plugin_observe.analysis.cost.group_members import member_stretches
from snakemake_logger_plugin_observe.analysis.cost.main_thread_work import MainThreadWork
from snakemake_logger_plugin_observe.analysis.cost.releases import (
    Release,
    Released,
    Releases,
    as_release,
)
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    Submissions,
    limits_in_force,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import line_of
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNATTRIBUTED, cost_class
from snakemake_logger_plugin_observe.run.scope import all_done


class MakespanSegment(NamedTuple):
    """A stretch of the makespan and its owner: a phase of a job, or of the run itself."""

    start: Micros
    end: Micros
    phase: str
    job_id: int | None = None
    attempt: int | None = None
    group: str | None = None
    rule: str | None = None
    released_by: Release | None = None
    line: int | None = None
    """The journal line that shows it, if there is one."""

    @property
    def cost_class(self) -> str:
        """The cost class of its phase."""
        return cost_class(self.phase)


def partition(run: Run) -> list[MakespanSegment]:
    """Return the segments of *run*'s makespan, from its start to its end, without gaps."""
    walk = _walked(run)
    return walk.segments() if walk is not None else []


def partition_sums(run: Run) -> dict[str, Micros]:
    """Return microseconds per phase of *run*'s makespan, the largest first.

    They are the ``phase_totals`` of its partition, without its segments.
    """
    walk = _walked(run)
    return _sums((one[2], one[1] - one[0]) for one in reversed(walk.backwards)) if walk else {}


def _walked(run: Run) -> "_Walk | None":
    """Return the walk through *run*; None if its start or its end is not known."""
    start, end = run.start, run.end
    if start is None or end is None or end <= start:
        return None
    walk = _Walk(run, start, end)
    walk.go()
    return walk


_Step = tuple[Micros, Micros, str, Attempt | None, int | None]
"""A segment as the walk finds it: its start, end, phase, owner, and the line that shows it."""


class _Walk:
    """A walk back through a run; ``at`` moves from the run's end to its start."""

    def __init__(self, run: Run, start: Micros, end: Micros) -> None:
        self.run = run
        self.start = start
        self.at = end
        self.work = MainThreadWork(run)
        self.backwards: list[_Step] = []
        self.released: dict[int, Released] = {}
        """What released the segments of which that is known, by their places in the walk."""
        self.submissions = Submissions(run)
        self.releases = Releases(run, self.submissions)
        self.limits_known = bool(limits_in_force(run))

    def segments(self) -> list[MakespanSegment]:
        """Return what was found, in order."""
        found: list[MakespanSegment] = []
        number, last = len(self.backwards), None
        of_owner: tuple[int | None, int | None, str | None, str | None] = (None,) * 4
        for start, end, phase, owner, line in reversed(self.backwards):
            number -= 1
            if owner is not last:
                last, of_owner = owner, (None,) * 4
                if owner is not None:
                    of_owner = (owner.job_id, owner.number, owner.group, self.run.rule_of(owner))
            released = self.released.get(number)
            release = as_release(released) if released is not None else None
            shown_by = owner.line if owner is not None else line
            found.append(MakespanSegment(start, end, phase, *of_owner, release, shown_by))
        return found

    def go(self) -> None:
        """Walk from the end to the start."""
        began = self.run.scheduling_began
        current = self._left_behind() or self.submissions.last_ended(self.at)
        shuts_down = self.run.finished is not None or all_done(self.run)
        after = "shutdown" if shuts_down else UNATTRIBUTED
        if current is not None:
            left = current.stamps.accepted if current.status not in FINAL else None
            until = current.end if self.run.waits_for_jobs else left or current.end
            self._add_run_work(until or self.at, after)
        elif began is not None:
            self._add_run_work(began, after)
        elif self.run.started is not None and self.run.started.workflow_started is not None:
            self._add_run_work(self.run.started.workflow_started, after)  # planning never ended
        walked: set[Key] = set()  # a tampered journal can contain cycles
        while current is not None and current.key not in walked and self.at > self.start:
            walked.add(current.key)
            current = self._since_selection(current) or self._before_selection(current)
        if began is not None:
            self._add_run_work(began, UNATTRIBUTED)
        self._before_scheduling()

    def _left_behind(self) -> Attempt | None:
        """Return the last submission of a run that ended without waiting for any."""
        if self.run.waits_for_jobs or self.run.finished is None:
            return None
        submitted = (one for one in self.run.attempts.values() if one.stamps.accepted is not None)
        return max(submitted, key=lambda one: one.stamps.accepted or 0, default=None)

    def _add(
        self, start: Micros, phase: str, owner: Attempt | None, line: int | None = None
    ) -> None:
        """Add the segment from *start* to the walk's position, and move there."""
        start = max(start, self.start)
        if start < self.at:
            self.backwards.append((start, self.at, phase, owner, line))
            self.at = start

    def _add_run_work(
        self, down_to: Micros, otherwise: str, waiting: Attempt | None = None
    ) -> None:
        """Add the run's stamped work back to *down_to*, and *otherwise* in the gaps."""
        for tile in self.work.owners(max(down_to, self.start), self.at, otherwise):
            phase = tile.phase
            if otherwise == "shutdown" and phase in ("main_loop", "select"):
                phase = "shutdown"
            line = tile.line
            if line is None and phase == "shutdown":
                line = line_of(self.run.finished)
            owner = tile.attempt or (waiting if tile.rank < 0 else None)
            self._add(tile.start, phase, owner, line)

    def _since_selection(self, attempt: Attempt) -> Attempt | None:
        """Add the segments of *attempt* back to the moment it was selected.

        If it waited for a local worker, go back to the end that freed the worker, and return the
        attempt that ended.
        """
        selected = attempt.stamps.selected
        for start, end, phase in reversed(list(attempt.segments.plain())):
            if phase == "slot_wait" or (selected is not None and end <= selected):
                break
            if start >= self.at:
                continue
            if phase is None:
                begin = max(start, self.start)
                for part in member_stretches(self.run, attempt, begin, self.at):
                    self._add(part.start, part.phase, part.member or attempt)
                continue
            worker = self.releases.of_a_worker(attempt, end) if phase == "dispatch" else None
            if worker is not None:
                self._add(worker.moment or start, phase, attempt)
                self._set_release(worker)
                return worker.attempt
            self._add(start, phase, attempt)
        return None

    def _before_selection(self, attempt: Attempt) -> Attempt | None:
        """Add the stretch before *attempt* was selected, and return what released it."""
        found = self.releases.of(attempt, self.at)
        self._set_release(found)
        if found.moment is not None:
            short = found.reason != "freed_unknown" or not self.limits_known
            self._add_run_work(found.moment, "slot_wait" if short else UNATTRIBUTED, attempt)
        return found.attempt

    def _set_release(self, released: Released) -> None:
        """Set the release of the segment that was added last."""
        if self.backwards:
            self.released[len(self.backwards) - 1] = released

    def _before_scheduling(self) -> None:
        """Add the run's own phases before scheduling."""
        started = self.run.started
        if started is None:
            return
        planned = [phase.end for phase in self.run.phases if phase.phase == "plan"]
        if planned:
            self._add_run_work(min(planned), "main_loop")
        workflow, loaded = started.workflow_started, started.plugin_loaded
        if workflow is not None:
            self._add_run_work(workflow, UNATTRIBUTED)
        if loaded is not None:
            self._add(loaded, "parse", None, started.line)
        self._add(self.start, "import", None, started.line)


def phase_totals(segments: Iterable[MakespanSegment]) -> dict[str, Micros]:
    """Return microseconds per phase over *segments*, the largest first."""
    return _sums((one.phase, one.end - one.start) for one in segments)


def _sums(lengths: Iterable[tuple[str, Micros]]) -> dict[str, Micros]:
    """Return the sum of *lengths* by phase, the largest first."""
    totals: dict[str, Micros] = {}
    for phase, length in lengths:
        totals[phase] = totals.get(phase, 0) + length
    return dict(sorted(totals.items(), key=lambda item: -item[1]))
