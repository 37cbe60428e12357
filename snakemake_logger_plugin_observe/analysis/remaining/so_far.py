"""A run that goes on, folded so that a new event costs the same however long the run is.

Attempts in flight are in ``SoFar.run``. Those that have ended are counted, and forgotten: only
their lengths, the sums of their cost classes and the newest failures stay.
"""

from collections import Counter, deque
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import given, limits_in_force
from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.headline import cause_and_text
from snakemake_logger_plugin_observe.analysis.failures.memory_limit import MemoryLimit
from snakemake_logger_plugin_observe.analysis.phrasing import group_name, submission_name
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import Accounting, AnyEvent, JobDescribed
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL, SUCCEEDED, Attempt, Key
from snakemake_logger_plugin_observe.run.endings import describe_exit
from snakemake_logger_plugin_observe.run.interruption import cancel_cut_off
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.pauses import paused_in
from snakemake_logger_plugin_observe.run.phases import CLASSES, PHASES, UNOBSERVED, by_class

Kind = tuple[tuple[str, int], ...]
"""The rules of a submission's jobs, each with how many there are: one job, or a group's."""
JobName = tuple[str, tuple[tuple[str, str], ...]]
"""A job's rule and wildcards."""
UnitName = tuple[JobName, ...]
"""The jobs of a submission, in order."""

_E = TypeVar("_E")
_LENGTHS: Final = 200
"""So many lengths of each kind are kept, the newest."""
_NO_MATTER: Final = 0.1
"""A pause that is a smaller share of a length makes it no other one."""
_FAILURES: Final = 200
_ITERATIONS: Final = 500
_NOTES: Final = 500
_UNSEEN: Final = frozenset({"heartbeat", "provenance", "file_system", "allocation", "accounting"})
"""Events that are no progress."""
_CHANGING: Final = frozenset(
    {
        *("run_started", "planned", "blocked", "job", "group", "wake", "paused"),
        *("attempt_submitted", "attempt_started", "attempt_finished"),
    }
)
"""Events that change what is left, or what is known of its lengths."""
_CLASSES: Final = tuple(CLASSES)


@dataclass(frozen=True, slots=True)
class KnownJob:
    """What is kept of a job's description."""

    rule: str
    wildcards: tuple[tuple[str, str], ...]
    needs: tuple[int, ...]
    shares: tuple[int, ...]
    """What it takes of each of the run's limits, in their order."""
    retries: int

    @property
    def name(self) -> JobName:
        """Its rule and wildcards."""
        return (self.rule, self.wildcards)


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """An attempt that failed."""

    attempt: Attempt
    name: str
    moment: Micros
    code: str
    """Its exit code or signal, if no more is known of why it failed; else empty."""
    cause: str
    """Why it failed, in the words of ``headline``; empty if that is only ``code``."""
    last_line: str
    """What its log or its message says about it, in one line; empty if nothing does."""
    log: tuple[str, ...]
    """The job's log files."""


class SoFar:
    """A run as far as its journal has been read."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.run = Run()
        self.limits: dict[str, int] = {}
        self.jobs: dict[int, KnownJob] = {}
        self.done: Counter[str] = Counter()
        """Jobs that succeeded, by rule."""
        self.failed: Counter[str] = Counter()
        """Jobs that ended without success and are not tried again, by rule."""
        self.ends: dict[int, str] = {}
        """How each job ended; not of one that is to be tried again."""
        self.lengths: dict[Kind, deque[Micros]] = {}
        """From selection to end, of submissions that succeeded, without pauses of the run."""
        self.least_lengths: dict[Kind, deque[Micros]] = {}
        """Of those whose tool may have gone on in a pause: they took that long at least."""
        self.length_of: dict[UnitName, Micros] = {}
        """Of submissions that succeeded, all of their attempts together."""
        self.spent: dict[UnitName, Micros] = {}
        """Of those that did not yet, their attempts so far."""
        self.failed_lengths: dict[Kind, deque[Micros]] = {}
        self.retries: dict[str, int] = {}
        """How often a job is tried again at most, by rule."""
        self.failures: deque[FailedAttempt] = deque(maxlen=_FAILURES)
        self.failed_attempts = 0
        self.ended_attempts = 0
        self.moved: Micros = 0
        """When something was last recorded that is progress."""
        self.last_ended: Micros = 0
        self.changes = 0
        """How many events have changed what is left, or what is known of its lengths."""
        self.checkpoints: set[str] = set()
        self.between_checks: Micros = 0
        """How long the executor slept between status checks when it noticed the last end."""
        self._limit = MemoryLimit(Run())
        self._sums = [0] * len(_CLASSES)
        self._counted: dict[Key, tuple[int, ...]] = {}

    @property
    def classes(self) -> dict[str, Micros]:
        """The time of attempts that have ended, by cost class."""
        return dict(zip(_CLASSES, self._sums, strict=True))

    def take(self, event: AnyEvent) -> None:
        """Take one more event of the journal in."""
        fold.add(self.run, event)
        if event.event not in _UNSEEN:
            self.moved = max(self.moved, event.time)
        self.changes += event.event in _CHANGING
        match event.event:
            case "run_started":
                self.limits = limits_in_force(self.run)
            case "job":
                self._describe(event)
            case "attempt_finished":
                key = event.job_id if event.job_id is not None else event.group or ""
                if event.poll_interval_s is not None:
                    self.between_checks = round(event.poll_interval_s * 1e6)
                self._end(self.run.attempts[(key, event.attempt)])
            case "accounting":
                self._account(event)
            case "scheduler_iteration":
                _trim(self.run.iterations, _ITERATIONS)
            case "message":
                _trim(self.run.messages, _NOTES)
            case "early_check":
                _trim(self.run.early_checks, _NOTES)

    def name_of(self, attempt: Attempt) -> UnitName:
        """Return the jobs of a submission, as far as they were described."""
        return tuple(sorted(self.jobs[one].name for one in self._members(attempt)))

    def kind_of(self, attempt: Attempt) -> Kind | None:
        """Return the kind of a submission, None if its jobs were not described."""
        return kind_of(self.name_of(attempt)) or None

    def shares_of(self, attempt: Attempt) -> tuple[int, ...]:
        """Return what a submission takes of each limit: a group as much as its largest job."""
        shares = [self.jobs[one].shares for one in self._members(attempt)]
        return tuple(map(max, zip(*shares, strict=True))) if shares else (1,) * len(self.limits)

    def _members(self, attempt: Attempt) -> list[int]:
        """Return the jobs of a submission that were described."""
        members = (
            self.run.members(attempt.group or "") if attempt.job_id is None else (attempt.job_id,)
        )
        return [one for one in members if one in self.jobs]

    def in_flight(self) -> list[Attempt]:
        """Return the submissions that have no end yet."""
        return [one for one in self.run.attempts.values() if not one.is_member]

    def in_flight_by_rule(self) -> Counter[str]:
        """Return how many jobs of each rule are in flight, the members of groups among them."""
        found: set[int] = set()
        for one in self.run.attempts.values():
            found.update(
                [one.job_id] if one.job_id is not None else self.run.members(one.group or "")
            )
        return Counter(self.jobs[one].rule for one in found if one in self.jobs)

    def failures_now(self) -> list[FailedAttempt]:
        """Return the newest failures, the last one last, without what an interruption cut off."""
        found = [one for one in self.failures if one.attempt.status in FAILED]
        if found:
            attempts = {one.attempt.key: one.attempt for one in found}
            cancel_cut_off(replace(self.run, attempts=attempts))
        return [one for one in found if one.attempt.status in FAILED]

    def _describe(self, job: JobDescribed) -> None:
        self.jobs[job.job_id] = KnownJob(
            job.rule,
            tuple(job.wildcards.items()),
            job.dependencies or (),
            tuple(1 if name == "jobs" else given(job, name) for name in self.limits),
            job.retries or 0,
        )
        self.retries[job.rule] = max(self.retries.get(job.rule, 0), job.retries or 0)
        if job.checkpoint:
            self.checkpoints.add(job.rule)

    def _end(self, attempt: Attempt) -> None:
        again = attempt.key in self._counted
        self._count(attempt.key, by_class(attempt.phases))
        if attempt.status not in FINAL:
            return
        self.ended_attempts += not again
        self.last_ended = max(self.last_ended, attempt.end or 0)
        if not attempt.is_member and not again:
            self._keep_length(attempt)
        if attempt.job_id is not None:
            self._set_end(attempt.job_id, attempt)
        self._limit.take(self.run, attempt)
        if attempt.status in FAILED and not again:
            self.failed_attempts += attempt.job_id is not None
            self._keep_failure(attempt)
        del self.run.attempts[attempt.key]
        if attempt.job_id is not None and attempt.status in SUCCEEDED:
            self.run.jobs.pop(attempt.job_id, None)

    def _keep_length(self, attempt: Attempt) -> None:
        kind = self.kind_of(attempt)
        if kind is None or attempt.status == "cached" or not attempt.segments:
            return
        length, succeeded = _length(attempt, self.run), attempt.status in SUCCEEDED
        if not succeeded and attempt.status not in FAILED:
            return
        is_least = succeeded and _may_be_longer(attempt, length, self.run)
        kept = self.lengths if succeeded else self.failed_lengths
        kept = self.least_lengths if is_least else kept
        kept.setdefault(kind, deque(maxlen=_LENGTHS)).append(length)
        name = self.name_of(attempt)
        length += self.spent.pop(name, 0)
        if is_least:
            return
        (self.length_of if succeeded else self.spent)[name] = length

    def _set_end(self, job_id: int, attempt: Attempt) -> None:
        known = self.jobs.get(job_id)
        rule = known.rule if known is not None else ""
        if (before := self.ends.pop(job_id, None)) is not None:
            (self.done if before in SUCCEEDED else self.failed)[rule] -= 1
        if attempt.status in SUCCEEDED:
            self.done[rule] += 1
        elif known is not None and attempt.number <= known.retries:
            return
        else:
            self.failed[rule] += 1
        self.ends[job_id] = attempt.status

    def _keep_failure(self, attempt: Attempt) -> None:
        run = self.run
        if attempt.job_id is None and run.members(attempt.group or ""):
            return  # its members' ends name what failed
        job = run.job_of(attempt)
        rule, wildcards = (job.rule, job.wildcards) if job is not None else (None, {})
        name = submission_name(rule, wildcards, group_name(run, attempt.group))
        logs = job.log if job is not None else ()
        why = self._why(attempt)
        self.failures.append(FailedAttempt(attempt, name, attempt.end or 0, *why, logs))

    def _why(self, attempt: Attempt) -> tuple[str, str, str]:
        """Return an attempt's exit code or signal, or why it failed, and what it printed."""
        alone = replace(self.run, attempts={attempt.key: attempt})
        found = failures(alone, self._limit)
        if not found:
            return "", "", ""
        cause, text = cause_and_text(alone, found[0])
        why = found[0].decisive.why
        if cause != describe_exit(why.exit_code, why.signal):
            return "", cause, text
        code = f"exit {why.exit_code}" if why.signal is None else f"signal {why.signal}"
        return code, "", text

    def _account(self, event: Accounting) -> None:
        key = (event.job_id if event.job_id is not None else event.group or "", event.attempt)
        for place, one in enumerate(self.failures):
            if one.attempt.key == key:  # the scheduler's record may name another cause
                one.attempt.accounting = event.record
                code, cause, text = self._why(one.attempt)
                again = replace(one, code=code, cause=cause, last_line=text)
                self.failures[place] = again
        if key in self._counted and event.phases_s:
            sums = {
                name: round(seconds * 1e6)
                for name, seconds in event.phases_s.items()
                if name in PHASES
            }
            self._count(key, by_class(sums))

    def _count(self, key: Key, classes: dict[str, Micros]) -> None:
        """Count an attempt's classes, in place of what was counted of it before."""
        new = tuple(classes.values())
        before = self._counted.get(key, (0,) * len(new))
        self._sums = [s + b - a for s, a, b in zip(self._sums, before, new, strict=True)]
        self._counted[key] = new


def _length(attempt: Attempt, run: Run) -> Micros:
    """Return the time from selection to end, of a group with its members' own stretches.

    Without what fell into a pause of the main process, as far as no node observed it.
    """
    whole = (attempt.end or 0) - (attempt.start or 0)
    paused = sum(
        paused_in(one.start, one.end, run.pauses)
        for one in (attempt.segments if run.pauses else ())
        if one.phase == UNOBSERVED
    )
    return whole - attempt.phases.get("slot_wait", 0) - paused


def _may_be_longer(attempt: Attempt, length: Micros, run: Run) -> bool:
    """Whether its tool may have gone on in a pause: for how long then, nothing shows.

    SIGSTOP stops the main process alone, Ctrl-Z its tools too, and a suspended machine everything.
    """
    if attempt.tool_started is None and not any(level.in_main for level in attempt.levels):
        return False
    stops = [one for one in run.pauses if not one.suspended_s]
    selected = (attempt.start or 0) + attempt.phases.get("slot_wait", 0)
    return paused_in(selected, attempt.end or 0, stops) > _NO_MATTER * length


def kind_of(name: UnitName) -> Kind:
    """Return the kind of the submission of some jobs."""
    return tuple(sorted(Counter(rule for rule, _ in name).items()))


def selection_length(run: Run) -> Micros:
    """Return the usual length of a selection, from the newest; 0 if none is recorded."""
    newest = islice(reversed(run.iterations), 50)
    lengths = sorted(end - begin for one in newest for begin, end in one.selections if end > begin)
    return lengths[len(lengths) // 2] if lengths else 0


def _trim(things: list[_E], most: int) -> None:
    if len(things) > 2 * most:
        del things[:-most]
