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
from snakemake_logger_plugin_observe.analysis.cost.releases import Release, Releases
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
    start, end = run.start, run.end
    if start is None or end is None or end <= start:
        return []
    return _Walk(run, start, end).segments()


class _Walk:
    """A walk back through a run; ``at`` moves from the run's end to its start."""

    def __init__(self, run: Run, start: Micros, end: Micros) -> None:
        self.run = run
        self.start = start
        self.at = end
        self.work = MainThreadWork(run)
        self.backwards: list[MakespanSegment] = []
        self.submissions = Submissions(run)
        self.releases = Releases(run, self.submissions)
        self.limits_known = bool(limits_in_force(run))

    def segments(self) -> list[MakespanSegment]:
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
        return self.backwards[::-1]

    def _left_behind(self) -> Attempt | None:
        """Return the last submission of a run that ended without waiting for any."""
        if self.run.waits_for_jobs or self.run.finished is None:
            return None
        submitted = (one for one in self.run.attempts.values() if one.stamps.accepted is not None)
        return max(submitted, key=lambda one: one.stamps.accepted or 0, default=None)

    def _add(
        self, start: Micros, phase: str, attempt: Attempt | None, line: int | None = None
    ) -> None:
        """Add the segment from *start* to the walk's position, and move there."""
        start = max(start, self.start)
        if start < self.at:
            self.backwards.append(
                MakespanSegment(
                    start,
                    self.at,
                    phase,
                    attempt.job_id if attempt else None,
                    attempt.number if attempt else None,
                    attempt.group if attempt else None,
                    self.run.rule_of(attempt) if attempt else None,
                    line=attempt.line if attempt else line,
                )
            )
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
        for segment in reversed(attempt.segments):
            if segment.phase == "slot_wait" or (selected is not None and segment.end <= selected):
                break
            if segment.start >= self.at:
                continue
            if segment.phase is None:
                begin = max(segment.start, self.start)
                for part in member_stretches(self.run, attempt, begin, self.at):
                    self._add(part.start, part.phase, part.member or attempt)
                continue
            worker = None
            if segment.phase == "dispatch":
                worker = self.releases.of_a_worker(attempt, segment)
            if worker is not None:
                other, moment, release = worker
                self._add(moment or segment.start, segment.phase, attempt)
                self._set_release(release)
                return other
            self._add(segment.start, segment.phase, attempt)
        return None

    def _before_selection(self, attempt: Attempt) -> Attempt | None:
        """Add the stretch before *attempt* was selected, and return what released it."""
        found, moment, release = self.releases.of(attempt, self.at)
        self._set_release(release)
        if moment is not None:
            short = release.reason != "freed_unknown" or not self.limits_known
            self._add_run_work(moment, "slot_wait" if short else UNATTRIBUTED, attempt)
        return found

    def _set_release(self, release: Release) -> None:
        """Set the release of the segment that was added last."""
        if self.backwards:
            self.backwards[-1] = self.backwards[-1]._replace(released_by=release)

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
    totals: dict[str, Micros] = {}
    for segment in segments:
        totals[segment.phase] = totals.get(segment.phase, 0) + segment.end - segment.start
    return dict(sorted(totals.items(), key=lambda item: -item[1]))
