"""A run that is asked for figures, and what an answer is: a number, or bounds, and why no more."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.citations import Citation, Side
from snakemake_logger_plugin_observe.analysis.cost.account import Account, account
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, rows
from snakemake_logger_plugin_observe.analysis.phrasing import group_name, job_name, submission_name
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_T = TypeVar("_T")
MOST_CITED: Final = 100
"""Of more of the journal's lines than these, the first ones stand for all."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure as far as it is known: exact where both bounds are equal, None where unbounded."""

    low: float | None
    high: float | None
    why: str = ""
    """Why it is not exact, or what it was made from instead of the usual."""
    evidence: tuple[Citation, ...] = ()
    """Where the largest of what it was made from can be looked up, in the journal."""

    @property
    def exact(self) -> bool:
        """Whether it is one number."""
        return self.low is not None and self.low == self.high


def unknown(why: str) -> Measurement:
    """Return a figure of which nothing is known."""
    return Measurement(None, None, why)


@dataclass
class MeasuredRun:
    """A run that is asked for figures; what several of them need is worked out once."""

    run: Run
    status: str
    problems: Sequence[str] = ()
    """Lines of its journal that could not be read."""
    attempts: list[Attempt] = field(init=False)

    def __post_init__(self) -> None:
        """Find the jobs' attempts, without the groups' own submissions."""
        self.attempts = [one for one in self.run.attempts.values() if one.job_id is not None]

    @cached_property
    def account(self) -> Account:
        """Both accounts."""
        return account(self.run)

    @cached_property
    def rows(self) -> list[Row]:
        """Every attempt, groups' submissions too, with what may hide in what was not observed."""
        return rows(self.run)

    @property
    def kind(self) -> str:
        """Whether it ran, or only planned or touched."""
        return self.run.started.kind if self.run.started is not None else "run"

    @property
    def ended(self) -> bool:
        """Whether the journal tells the run's end."""
        return self.status not in ("running", "killed")

    @property
    def more(self) -> str:
        """Why more may have happened than the journal tells; empty where it tells all."""
        if self.status == "running":
            return "its journal has no end yet"
        if self.status == "killed":
            return "the run was killed, and its last moments are not in the journal"
        if self.problems:
            return "lines of the journal could not be read"
        return f"the journal has a gap: {self.run.gaps[0]}" if self.run.gaps else ""

    def counted(self, count: float, evidence: Iterable[Citation], more: str = "") -> Measurement:
        """Return a count, or what it is at least where more may have happened."""
        why = self.more or more
        return Measurement(count, None if why else count, why, tuple(evidence)[:MOST_CITED])

    def cite(
        self, found: Iterable[tuple[Attempt, _T]], say: Callable[[_T], str]
    ) -> tuple[Citation, ...]:
        """Return the lines that told of attempts' ends, with what *say* says of each."""
        shown = itertools.islice(found, MOST_CITED)
        side = Side("B", self.run)
        cited = (side.at_line(one.line, f"{self.name(one)}: {say(what)}") for one, what in shown)
        return tuple(itertools.chain.from_iterable(cited))

    def name(self, attempt: Attempt) -> str:
        """Return an attempt's rule and wildcards, or its group's name."""
        job = self.run.job_of(attempt)
        if job is not None:
            return job_name(job)
        if attempt.group is None:
            return f"job {attempt.job_id}"
        return submission_name(None, {}, group_name(self.run, attempt.group))
