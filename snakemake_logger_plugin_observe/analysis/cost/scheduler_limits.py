"""The run's limits, and how much of each was taken when: which one kept a job from being chosen.

Snakemake chooses a job once its threads, its share of every named resource and a place among
``--jobs`` are free. All that is counted here is in the journal: the limits in its first line, what
jobs ask for in their descriptions, and who was chosen and finished when.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.segments import Segment

_SPARE_WORKERS: Final = 5
JOBS: Final = "jobs"
CORES: Final = "cores"

_Sums = tuple[list[Micros], list[int]]


class Submissions:
    """The submissions of a run that have any length, in the order of their ends."""

    def __init__(self, run: Run) -> None:
        """Gather them; of several that ended at one moment the one told last comes last."""
        ended = [
            (attempt.segments[-1].end, number, attempt)
            for number, attempt in enumerate(run.attempts.values())
            if attempt.segments and not attempt.is_member
        ]
        ended.sort()
        self.attempts: list[Attempt] = [attempt for _, _, attempt in ended]
        self.ends: list[Micros] = [end for end, _, _ in ended]

    def last_ended(self, before: Micros) -> Attempt | None:
        """Return the one that was the last to end, at the moment *before* at the latest."""
        index = bisect_right(self.ends, before)
        return self.attempts[index - 1] if index else None


class Limits:
    """The limits in force, and what each submission takes of them."""

    def __init__(self, run: Run) -> None:
        """Take in the limits of *run*."""
        self._run = run
        self._limits = limits_in_force(run)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the limits: ``jobs`` or ``cores``, where one is known, comes first."""
        return tuple(self._limits)

    def limit(self, name: str) -> int:
        """Return how much there is of a limit."""
        return self._limits[name]

    def share(self, attempt: Attempt, name: str) -> int:
        """Return what *attempt* takes of a limit, a group at least what its largest member does."""
        if name == JOBS:
            return 1
        ids = (
            self._run.members(attempt.group or "") if attempt.job_id is None else (attempt.job_id,)
        )
        largest = 0
        for job_id in ids:
            job = self._run.job_at(job_id, attempt.number)
            if job is not None:
                asked = (job.threads or 0) if name == CORES else job.resources.get(name, 0)
                if isinstance(asked, int):
                    largest = max(largest, asked)
        return largest


class LimitUsage:
    """What was taken of each limit at any moment, and whose end gave it back."""

    def __init__(self, limits: Limits, submissions: Submissions) -> None:
        """Take in what *submissions* took of *limits*."""
        self._limits = limits
        self._submissions = submissions
        self._moves = {name: self._taken_and_given_back(name) for name in limits.names}

    def short_at(self, attempt: Attempt, ended: Micros, following: Micros) -> tuple[str, ...]:
        """Return the limits under which *attempt* did not fit beside what a selection left running.

        Args:
            attempt: what was passed over.
            ended: when the selection ended; what was given back later was still taken.
            following: when the next one began; what was chosen until then was chosen by this one.

        """
        return tuple(
            name
            for name, (taken, given_back) in self._moves.items()
            if (share := self._limits.share(attempt, name))
            and _upto(taken, following)
            - _upto(given_back, ended)
            - (share if (attempt.stamps.selected or 0) <= following else 0)
            + share
            > self._limits.limit(name)
        )

    def last_freed(
        self, names: Sequence[str], since: Micros, until: Micros
    ) -> tuple[Attempt, str] | None:
        """Return whose end in (*since*, *until*] was the last to free one of *names*, and which."""
        ends, attempts = self._submissions.ends, self._submissions.attempts
        index = bisect_right(ends, until) - 1
        while index >= 0 and ends[index] > since:
            for name in names:
                if self._limits.share(attempts[index], name):
                    return attempts[index], name
            index -= 1
        return None

    def _taken_and_given_back(self, name: str) -> tuple[_Sums, _Sums]:
        taken: list[tuple[Micros, int]] = []
        given_back: list[tuple[Micros, int]] = []
        for attempt, end in zip(self._submissions.attempts, self._submissions.ends, strict=True):
            chosen, amount = attempt.stamps.selected, self._limits.share(attempt, name)
            if chosen is not None and amount:
                taken.append((chosen, amount))
                given_back.append((max(chosen, end), amount))
        return _sums(taken), _sums(given_back)


def _sums(changes: list[tuple[Micros, int]]) -> _Sums:
    """Return the moments of *changes* in order, and their sums up to each."""
    changes.sort()
    return [moment for moment, _ in changes], list(accumulate(amount for _, amount in changes))


def _upto(sums: _Sums, moment: Micros) -> int:
    moments, totals = sums
    index = bisect_right(moments, moment)
    return totals[index - 1] if index else 0


def limits_in_force(run: Run) -> dict[str, int]:
    """Return each limit of *run*; cores do not count where places among ``--jobs`` do."""
    started = run.started
    if started is None:
        return {}
    found: dict[str, int] = {}
    if started.jobs is not None:
        found[JOBS] = started.jobs
    elif started.cores is not None:
        found[CORES] = started.cores
    named = {name: limit for name, limit in started.resources.items() if type(limit) is int}
    return found | {name: limit for name, limit in named.items() if not name.startswith("_")}


def local_workers(run: Run) -> int:
    """Return how many workers the executor has that runs jobs on the main machine itself.

    So many as ``--cores``, where it was given, and five more for jobs that ask for none.
    ``--local-cores`` changes neither their number nor what is chosen: Snakemake reads it nowhere.
    """
    cores = run.started.cores if run.started is not None else None
    return (cores or 0) + _SPARE_WORKERS


class LocalWorkers:
    """The workers of the executor on the main machine, and who had one when.

    A job that was chosen waits for one where places among ``--jobs``, and no cores, were counted
    for its choice.
    """

    def __init__(self, run: Run, submissions: Submissions) -> None:
        """Take in the *submissions* of *run*."""
        started = run.started
        self._count = local_workers(run) if started and started.jobs is not None else None
        at_work = [
            (until, since, attempt)
            for attempt in submissions.attempts
            if self._count is not None
            and (job := run.job_of(attempt)) is not None
            and job.local
            and (since := _last_dispatch(attempt)) is not None
            and (until := attempt.stamps.reported) is not None
        ]
        at_work.sort(key=lambda one: one[0])
        self._until = [until for until, _, _ in at_work]
        self._since = sorted(since for _, since, _ in at_work)
        self._at_work = at_work

    def freed_for(self, attempt: Attempt, wait: Segment) -> tuple[Attempt, Micros] | None:
        """Return whose end freed the worker that *attempt* waited for in *wait*, and when."""
        accepted = attempt.stamps.accepted
        if self._count is None or accepted is None or wait.end <= accepted:
            return None
        ended = bisect_right(self._until, accepted)
        if bisect_right(self._since, accepted) - ended < self._count:
            return None
        for until, since, other in reversed(
            self._at_work[ended : bisect_right(self._until, wait.end)]
        ):
            if since <= accepted:
                return other, until
        return None


def _last_dispatch(attempt: Attempt) -> Micros | None:
    """Return when *attempt* had got its worker."""
    ends = [segment.end for segment in attempt.segments if segment.phase == "dispatch"]
    return ends[-1] if ends else attempt.stamps.selected
