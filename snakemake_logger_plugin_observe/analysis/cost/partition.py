"""The makespan partition: who owned each moment between the run's start and its end.

A walk back from the end. The job that finished last owns its segments down to the moment it was
selected; there the walk jumps to what released it: its last dependency, its previous attempt, the
re-planning that made it, or, where it had been passed over in an earlier round, the end that freed
the slot. Only the stretch between that release and the selection is owned by the run's own stamped
work in it, else by ``slot_wait``. Segments tile the makespan exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from snakemake_logger_plugin_observe.analysis.cost.main_thread_work import MainThreadWork
from snakemake_logger_plugin_observe.analysis.cost.releases import Release, Releases
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import Submissions
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import line_of
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNATTRIBUTED, UNOBSERVED, cost_class
from snakemake_logger_plugin_observe.run.segments import Segment


@dataclass(frozen=True, slots=True)
class MakespanSegment:
    """A stretch of the makespan and its one owner: a job's phase, or the run's own."""

    start: Micros
    end: Micros
    phase: str
    job_id: int | None = None
    attempt: int | None = None
    group: str | None = None
    rule: str | None = None
    released_by: Release | None = None
    line: int | None = None
    """The journal's line that shows it; None where nothing does."""

    @property
    def cost_class(self) -> str:
        """The cost class of its phase."""
        return cost_class(self.phase)


def partition(run: Run) -> list[MakespanSegment]:
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
        self.work = MainThreadWork(run)
        self.backwards: list[MakespanSegment] = []
        self.submissions = Submissions(run)
        self.releases = Releases(run, self.submissions)

    def segments(self) -> list[MakespanSegment]:
        began = self.run.scheduling_began
        current = self.submissions.last_ended(self.at)
        after = "shutdown" if self.run.finished is not None else UNATTRIBUTED
        if current is not None:
            self._run_work(current.end or self.at, after)
        elif began is not None:
            self._run_work(began, after)
        elif self.run.started is not None and self.run.started.workflow_started is not None:
            self._run_work(self.run.started.workflow_started, after)  # it never came to a plan
        walked: set[Key] = set()  # a journal made by a hostile hand can lead in circles
        while current is not None and current.key not in walked and self.at > self.start:
            walked.add(current.key)
            current = self._attempt(current) or self._release(current)
        if began is not None:
            self._run_work(began, UNATTRIBUTED)
        self._before_scheduling()
        return self.backwards[::-1]

    def _own(self, start: Micros, owned: MakespanSegment) -> None:
        """Lay *owned* from *start* to where the walk stands, and go there."""
        start = max(start, self.start)
        if start < self.at:
            self.backwards.append(owned)
            self.at = start

    def _lay(
        self, start: Micros, phase: str, attempt: Attempt | None, line: int | None = None
    ) -> None:
        start = max(start, self.start)
        self._own(
            start,
            MakespanSegment(
                start,
                self.at,
                phase,
                attempt.job_id if attempt else None,
                attempt.number if attempt else None,
                attempt.group if attempt else None,
                self.run.rule_of(attempt) if attempt else None,
                line=attempt.line if attempt else line,
            ),
        )

    def _run_work(self, down_to: Micros, otherwise: str, waiting: Attempt | None = None) -> None:
        """Own the stretch down to *down_to* by the run's stamped work, else by *otherwise*."""
        for tile in reversed(self.work.owners(max(down_to, self.start), self.at, otherwise)):
            phase = tile.phase
            if otherwise == "shutdown" and phase in ("main_loop", "select"):
                phase = "shutdown"
            line = tile.line
            if line is None and phase == "shutdown":
                line = line_of(self.run.finished)
            owner = tile.attempt or (waiting if tile.rank < 0 else None)
            self._lay(tile.start, phase, owner, line)

    def _attempt(self, attempt: Attempt) -> Attempt | None:
        """Own the attempt's segments down to the moment it was selected.

        Or to the moment when another's end freed the local worker it waited for: that is returned.
        """
        selected = attempt.stamps.selected
        for segment in reversed(attempt.segments):
            if segment.phase == "slot_wait" or (selected is not None and segment.end <= selected):
                break
            if segment.start >= self.at:
                continue
            if segment.phase is None:
                self._members(attempt, segment)
                continue
            worker = None
            if segment.phase == "dispatch":
                worker = self.releases.of_a_worker(attempt, segment)
            if worker is not None:
                other, moment, release = worker
                self._lay(moment or segment.start, segment.phase, attempt)
                self._released_by(release)
                return other
            self._lay(segment.start, segment.phase, attempt)
        return None

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
        found, moment, release = self.releases.of(attempt, self.at)
        self._released_by(release)
        if moment is not None:
            self._run_work(moment, "slot_wait", attempt)
        return found

    def _released_by(self, release: Release) -> None:
        """Say of the stretch that was laid last what let it begin."""
        if self.backwards:
            self.backwards[-1] = replace(self.backwards[-1], released_by=release)

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
            self._lay(loaded, "parse", None, started.line)
        self._lay(self.start, "import", None, started.line)


def phase_totals(segments: Iterable[MakespanSegment]) -> dict[str, Micros]:
    """Return microseconds per phase over *segments*, the greatest first."""
    totals: dict[str, Micros] = {}
    for segment in segments:
        totals[segment.phase] = totals.get(segment.phase, 0) + segment.end - segment.start
    return dict(sorted(totals.items(), key=lambda item: -item[1]))
