"""The run's limits and their use over time: which one kept a job from being selected.

Snakemake selects a job once its threads, its share of every named resource and a slot among
``--jobs`` are free. Everything counted here is in the journal: the limits in its first line, the
jobs' requests in their descriptions, and when each was selected and finished.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import itemgetter
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.joined_members import joined_members
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_SPARE_WORKERS: Final = 5
JOBS: Final = "jobs"
CORES: Final = "cores"
THREADS: Final = "threads"
"""What a job's request of cores is called in its rule."""
_ADDITIVE: Final = "runtime"
"""The resource that is a length, so jobs at the same time have the longest."""

_DISPATCH: Final = frozenset({"dispatch"})

_Sums = tuple[list[Micros], list[int]]


class Submissions:
    """The submissions of a run (jobs, and groups as a whole) in the order of their ends."""

    def __init__(self, run: Run) -> None:
        """Collect those of *run* that have a length; equal ends keep the journal's order."""
        ended = [
            (end, attempt)
            for attempt in run.attempts.values()
            if not attempt.is_member and (end := attempt.end) is not None
        ]
        ended.sort(key=itemgetter(0))
        self.attempts: list[Attempt] = [attempt for _, attempt in ended]
        self.ends: list[Micros] = [end for end, _ in ended]

    def last_ended(self, before: Micros) -> Attempt | None:
        """Return the submission that ended last, at or before the moment *before*."""
        index = bisect_right(self.ends, before)
        return self.attempts[index - 1] if index else None


class Limits:
    """The limits in force, and each submission's share of them."""

    def __init__(self, run: Run) -> None:
        """Read the limits of *run*."""
        self._run = run
        self._limits = limits_in_force(run)
        self._groups: dict[str, list[set[int]]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the limits: ``jobs`` or ``cores``, where one is known, comes first."""
        return tuple(self._limits)

    def limit(self, name: str) -> int:
        """Return the value of a limit."""
        return self._limits[name]

    def share(self, attempt: Attempt, name: str) -> int:
        """Return *attempt*'s share of a limit; of a group, that of those that run together.

        Members that pipes or services join do; of others, it is at least that of the largest.
        """
        return self._most(attempt, name, given)

    def requested(self, attempt: Attempt, name: str) -> int:
        """Return what *attempt* would take if the limit were higher: what its rule asks for."""
        return self._most(attempt, name, asked)

    def _most(self, attempt: Attempt, name: str, amount: Callable[[JobDescribed, str], int]) -> int:
        if name == JOBS:
            return 1
        number, most = attempt.number, 0
        if attempt.job_id is not None:
            own = self._run.job_at(attempt.job_id, number)
            return max(0, amount(own, name)) if own is not None else 0
        for together in self._together(attempt):
            jobs = (self._run.job_at(one, number) for one in together)
            amounts = [amount(job, name) for job in jobs if job is not None]
            most = max(most, sum(amounts) if name != _ADDITIVE else max(amounts, default=0))
        return most

    def _together(self, attempt: Attempt) -> Iterable[Iterable[int]]:
        """Return the jobs of a group, those that run at the same time in one set."""
        group = attempt.group or ""
        if group not in self._groups:
            self._groups[group] = joined_members(self._run, self._run.members(group))
        return self._groups[group]


def given(job: JobDescribed, name: str) -> int:
    """Return what *job* takes of a limit."""
    amount = (job.threads or 0) if name == CORES else job.resources.get(name, 0)
    return amount if isinstance(amount, int) else 0


def asked(job: JobDescribed, name: str) -> int:
    """Return what *job*'s rule asks for, as far as it is known: at least what it was given."""
    amount = job.requested.get(THREADS if name == CORES else name)
    return max(given(job, name), amount if isinstance(amount, int) else 0)


@dataclass(frozen=True, slots=True)
class Reduced:
    """What a rule asks for, and the less that a limit of the run gave its jobs."""

    rule: str
    resource: str
    """``threads``, or the name of a resource."""
    requested: int
    given: int
    jobs: int


def reduced(run: Run) -> list[Reduced]:
    """Return what rules of *run* ask for and did not get, by rule: the largest request of each."""
    found: dict[tuple[str, str], Reduced] = {}
    for job in run.jobs.values():
        for name, amount in job.requested.items():
            got = given(job, CORES if name == THREADS else name)
            if isinstance(amount, int) and amount > got:
                known = found.get((job.rule, name))
                most = max(amount, known.requested if known else 0)
                jobs = 1 + (known.jobs if known else 0)
                found[job.rule, name] = Reduced(job.rule, name, most, got, jobs)
    return [found[key] for key in sorted(found)]


def may_ask_for_more(job: JobDescribed, name: str, limit: int) -> bool:
    """Whether *job* took all of a limit and it is unknown if its rule asks for more.

    So is a rule whose amount is a function, and one that asks for all there is.
    """
    return given(job, name) == limit > 1 and asked(job, name) == limit


class LimitUsage:
    """How much of each limit was in use at any moment, and whose end freed it."""

    def __init__(self, limits: Limits, submissions: Submissions) -> None:
        """Index what *submissions* used of *limits*."""
        self._limits = limits
        self._submissions = submissions

    def short_at(self, attempt: Attempt, ended: Micros, following: Micros) -> tuple[str, ...]:
        """Return the limits under which *attempt* did not fit next to what was running.

        Args:
            attempt: a submission that a selection passed over.
            ended: when the selection ended; what was freed later was still in use.
            following: when the next one began; what was selected until then counts for this one.

        """
        return tuple(
            name
            for name, (taken, freed) in self._changes.items()
            if (share := self._limits.share(attempt, name))
            and _sum_until(taken, following)
            - _sum_until(freed, ended)
            - (share if (attempt.stamps.selected or 0) <= following else 0)
            + share
            > self._limits.limit(name)
        )

    def last_freed(
        self, names: Sequence[str], since: Micros, until: Micros
    ) -> tuple[Attempt, str] | None:
        """Return the last attempt in (*since*, *until*] to free one of *names*, and which."""
        ends, attempts = self._submissions.ends, self._submissions.attempts
        index = bisect_right(ends, until) - 1
        while index >= 0 and ends[index] > since:
            for name in names:
                if self._limits.share(attempts[index], name):
                    return attempts[index], name
            index -= 1
        return None

    @cached_property
    def _changes(self) -> dict[str, tuple[_Sums, _Sums]]:
        """What was taken and freed of each limit: not every run has a job that had to wait."""
        return {name: self._taken_and_freed(name) for name in self._limits.names}

    def _taken_and_freed(self, name: str) -> tuple[_Sums, _Sums]:
        taken: list[tuple[Micros, int]] = []
        freed: list[tuple[Micros, int]] = []
        for attempt, end in zip(self._submissions.attempts, self._submissions.ends, strict=True):
            selected, amount = attempt.stamps.selected, self._limits.share(attempt, name)
            if selected is not None and amount:
                taken.append((selected, amount))
                freed.append((max(selected, end), amount))
        return _sums(taken), _sums(freed)


def _sums(changes: list[tuple[Micros, int]]) -> _Sums:
    """Return the moments of *changes* in order, and their sums up to each."""
    changes.sort()
    return [moment for moment, _ in changes], list(accumulate(amount for _, amount in changes))


def _sum_until(sums: _Sums, moment: Micros) -> int:
    moments, totals = sums
    index = bisect_right(moments, moment)
    return totals[index - 1] if index else 0


def limits_in_force(run: Run) -> dict[str, int]:
    """Return each limit of *run* by name; cores do not count if ``--jobs`` does."""
    started = run.started
    if started is None:
        return {}
    limits: dict[str, int] = {}
    if started.jobs is not None:
        limits[JOBS] = started.jobs
    elif started.cores is not None:
        limits[CORES] = started.cores
    named = {name: limit for name, limit in started.resources.items() if type(limit) is int}
    return limits | {name: limit for name, limit in named.items() if not name.startswith("_")}


def local_workers(run: Run) -> int:
    """Return the number of workers of the executor on the main machine.

    That is ``--cores``, if given, plus five for jobs that request none. ``--local-cores`` does not
    matter: Snakemake never reads it.
    """
    cores = run.started.cores if run.started is not None else None
    return (cores or 0) + _SPARE_WORKERS


class LocalWorkers:
    """The workers of the executor on the main machine, and when each job had one.

    Under ``--jobs``, jobs are selected by free slots and not by free cores, so a selected job may
    have to wait for a worker.
    """

    def __init__(self, run: Run, submissions: Submissions) -> None:
        """Index the local jobs among the *submissions* of *run*."""
        started = run.started
        self._run, self._submissions = run, submissions
        self._count = local_workers(run) if started and started.jobs is not None else None

    @cached_property
    def _at_work(self) -> list[tuple[Micros, Micros, Attempt]]:
        """Until when and since when each job had a worker, in the order of the former."""
        at_work = [
            (until, since, attempt)
            for attempt in self._submissions.attempts
            if (job := self._run.job_of(attempt)) is not None
            and job.local
            and (since := _last_dispatch(attempt)) is not None
            and (until := attempt.stamps.reported) is not None
        ]
        at_work.sort(key=itemgetter(0))
        return at_work

    @cached_property
    def _until(self) -> list[Micros]:
        return [until for until, _, _ in self._at_work]

    @cached_property
    def _since(self) -> list[Micros]:
        return sorted(since for _, since, _ in self._at_work)

    def freed_for(self, attempt: Attempt, waited: Micros) -> tuple[Attempt, Micros] | None:
        """Return the attempt that freed the worker *attempt* waited for, and when.

        Args:
            attempt: the attempt.
            waited: until when it waited.

        """
        accepted = attempt.stamps.accepted
        if self._count is None or accepted is None or waited <= accepted:
            return None
        ended = bisect_right(self._until, accepted)
        if bisect_right(self._since, accepted) - ended < self._count:
            return None
        for until, since, other in reversed(
            self._at_work[ended : bisect_right(self._until, waited)]
        ):
            if since <= accepted:
                return other, until
        return None


def _last_dispatch(attempt: Attempt) -> Micros | None:
    """Return when *attempt* got its worker."""
    dispatched = attempt.segments.of_phases(_DISPATCH)
    return dispatched[-1][1] if dispatched else attempt.stamps.selected
