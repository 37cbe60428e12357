"""A run whose figures are measured, and what a measurement is: a number or bounds."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.cost.account import Account, account
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, rows
from snakemake_logger_plugin_observe.analysis.phrasing import (
    group_name,
    job_name,
    jobs_of,
    submission_name,
)
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import UNENDED, job_counts, part_of

_T = TypeVar("_T")
MOST_CITED: Final = 100
"""At most so many journal lines are cited for a figure."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure by its bounds: exact if they are equal; a bound of None is unknown."""

    low: float | None
    high: float | None
    why: str = ""
    """Why it is not exact, or what it was computed from instead of the usual source."""
    evidence: tuple[Citation, ...] = ()
    """The journal lines of the largest values that it was computed from."""

    @property
    def exact(self) -> bool:
        """Whether it is a single number."""
        return self.low is not None and self.low == self.high


def unknown(why: str) -> Measurement:
    """Return an unknown figure, with the reason."""
    return Measurement(None, None, why)


@dataclass
class MeasuredRun:
    """A run whose figures are measured; what several figures need is computed once."""

    run: Run
    status: str
    problems: Sequence[str] = ()
    """Lines of its journal that could not be read."""
    attempts: list[Attempt] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the attempts of jobs, without the groups' own submissions."""
        self.attempts = [one for one in self.run.attempts.values() if one.job_id is not None]

    @cached_property
    def account(self) -> Account:
        """The job account and the makespan partition."""
        return account(self.run)

    @cached_property
    def rows(self) -> list[Row]:
        """Every attempt, including groups' submissions, with the phases that may be unobserved."""
        return rows(self.run)

    @property
    def kind(self) -> str:
        """``run``, ``dry_run`` or ``touch``."""
        return self.run.started.kind if self.run.started is not None else "run"

    @cached_property
    def partial(self) -> str:
        """Why it shows less than a full run, which some limits are meant for; empty if it is one.

        Jobs that were up to date did not run: what such a run planned, and how its time was shared,
        is not what a full one would show.
        """
        if part := part_of(self.run):
            return part
        counts = job_counts(self.run)
        ran, kept = counts.planned or 0, counts.up_to_date or 0
        if self.kind == "run" and (kept or self.status == "nothing_to_do"):
            return f"{ran:,} of {jobs_of(ran + kept)} ran" if kept else "nothing had to run"
        return ""

    @property
    def ended(self) -> bool:
        """Whether the journal contains the run's end."""
        return self.status not in UNENDED

    @property
    def incomplete(self) -> str:
        """Why the journal may not contain everything that happened; empty if it does."""
        if self.status == "running":
            return "the run has not ended yet"
        if self.status == "killed":
            return "the run was killed before it could record its end"
        if self.status == "unknown":
            return "the journal has no end: the run still goes on, or was killed"
        if self.problems:
            return "some lines of the journal could not be read"
        return f"the journal has a gap: {self.run.gaps[0]}" if self.run.gaps else ""

    def counted(self, count: float, evidence: Iterable[Citation], more: str = "") -> Measurement:
        """Return a count, or a lower bound if the journal may be incomplete."""
        why = self.incomplete or more
        return Measurement(count, None if why else count, why, tuple(evidence)[:MOST_CITED])

    def cite(
        self, found: Iterable[tuple[Attempt, _T]], quote: Callable[[_T], str]
    ) -> tuple[Citation, ...]:
        """Cite the journal lines of attempts' ends, with the *quote* of each."""
        shown = itertools.islice(found, MOST_CITED)
        side = CitedRun("B", self.run)
        cited = (side.at_line(one.line, f"{self.name(one)}: {quote(what)}") for one, what in shown)
        return tuple(itertools.chain.from_iterable(cited))

    def name(self, attempt: Attempt) -> str:
        """Return an attempt's rule and wildcards, or its group's name."""
        job = self.run.job_of(attempt)
        if job is not None:
            return job_name(job)
        if attempt.group is None:
            return f"job {attempt.job_id}"
        return submission_name(None, {}, group_name(self.run, attempt.group))
