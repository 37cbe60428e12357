"""A run as an object: open it, look at it, take its tables, ask what would have been."""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict, Unpack

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.jobs.table import rows
from snakemake_logger_plugin_observe.analysis.path.paths import paths
from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    Argument,
    ScenarioError,
    parse_scenario,
)
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.flat_tables import TABLES
from snakemake_logger_plugin_observe.reporters.flat_tables.column import Cell, moment_of
from snakemake_logger_plugin_observe.views.account_view import (
    AccountView,
    PathView,
    PredictionView,
    account_view,
    path_view,
    prediction_view,
)
from snakemake_logger_plugin_observe.views.attempt_view import AttemptView, JobView, job_view
from snakemake_logger_plugin_observe.views.errors import ObserveError, one_kind_of_error, path_of


class WhatIfSettings(TypedDict, total=False):
    """The settings of ``snakemake-observe whatif``; those that are left out stay as they were."""

    jobs: int
    cores: int
    resources: Mapping[str, int | str]
    set_threads: Mapping[str, int]
    max_jobs_per_timespan: str
    scheduler: str
    poll: float
    wake: bool
    quick_exit: bool
    queue: float | str
    """A factor, or ``drawn``."""
    startup: float
    group: Mapping[str, int]
    merge: Mapping[str, int]
    local: Iterable[str]
    faster: Mapping[str, float]
    no_retries: bool
    overlap_staging: bool


def open_run(named: str | os.PathLike[str] | None = None) -> "RunView":
    """Return a run.

    Args:
        named: a journal, a run's working directory, or a tag as ``KEY=VALUE``; without it, the
            newest run of the current directory that is no dry run.

    Raises:
        ObserveError: if there is none, or it cannot be read.

    """
    with one_kind_of_error():
        path = None if named is None else path_of(named)
        return RunView(find_journal.load(path, Detail.FIGURES))


class RunView:
    """One run, as its journal was when it was opened."""

    def __init__(self, source: Source) -> None:
        """Show a run that was read; ``open_run`` does that."""
        self._source = source
        self._run = source.run

    def __repr__(self) -> str:
        """Return it in one line."""
        bound = "at least " if self.makespan_s is None else ""
        return f"<run {self.journal.name}: {self.status}, {bound}{self.makespan_at_least_s:.1f} s>"

    @property
    def journal(self) -> Path:
        """The journal that it was read from."""
        return self._source.path

    @property
    def run_id(self) -> str | None:
        """Its id, which is unique."""
        return self._run.started.run_id if self._run.started else None

    @property
    def status(self) -> str:
        """How it ended, or that it is ``running``, ``killed``, or ``unknown``."""
        return self._source.status

    @property
    def scope(self) -> str | None:
        """``full``, ``incremental``, ``resumed``, ``nothing_to_do``, ``dry_run``, or None."""
        return self._source.scope

    @property
    def tags(self) -> dict[str, str]:
        """The tags that it was recorded with."""
        return dict(self._run.started.tags) if self._run.started else {}

    @property
    def start(self) -> datetime | None:
        """When its process started."""
        return moment_of(self._run.start)

    @property
    def end(self) -> datetime | None:
        """When it ended; None if its journal does not say so."""
        return moment_of(self._run.end) if self._source.ended else None

    @property
    def makespan_s(self) -> float | None:
        """From its start to its end, or to now if it goes on; None if nobody knows its length."""
        return None if self._source.length_unknown else self.makespan_at_least_s

    @property
    def makespan_at_least_s(self) -> float:
        """The same; of a run that has no end and does not go on, to its last sign of life."""
        return to_seconds(self._run.makespan)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing from its journal or wrong in it, a line each: its end, too."""
        source = self._source
        no_end = f"{source.path}: the run has no end in its journal ({source.status})"
        end = f"{no_end}: its times are lower bounds"
        return (*source.unread, *source.problems, *([end] if source.length_unknown else ()))

    @cached_property
    def attempts(self) -> tuple[AttemptView, ...]:
        """Its attempts, in the order in which they became ready."""
        return tuple(map(AttemptView, rows(self._run)))

    @cached_property
    def jobs(self) -> tuple[JobView, ...]:
        """Its jobs that were begun, or about to be, by id."""
        of_job: dict[int, list[AttemptView]] = {}
        for one in self.attempts:
            if one.job_id is not None:
                of_job.setdefault(one.job_id, []).append(one)
        return tuple(
            job_view(job, tuple(sorted(of_job.get(job_id, ()), key=lambda one: one.number)))
            for job_id, job in sorted(self._run.jobs.items())
        )

    def attempts_table(self) -> list[dict[str, Cell]]:
        """Return a row per attempt, with the columns of ``docs/tables.md``."""
        return self._table("attempts")

    def rules_table(self) -> list[dict[str, Cell]]:
        """Return a row per rule, with the columns of ``docs/tables.md``."""
        return self._table("rules")

    def _table(self, name: str) -> list[dict[str, Cell]]:
        table = TABLES[name]
        return [dict(zip(table.names, row, strict=True)) for row in table.rows(self._run)]

    def account(self) -> AccountView:
        """Return where the time went: the makespan and the jobs' time, by phase and cost class."""
        return account_view(account(self._run))

    def path(self) -> PathView:
        """Return the actual path and the critical path."""
        return path_view(paths(self._run), self._run.start or 0)

    def whatif(self, *, seed: int = 1, **settings: Unpack[WhatIfSettings]) -> PredictionView:
        """Return how long the run would have taken with other settings, by simulation.

        Args:
            seed: of what is drawn at random.
            settings: those of ``snakemake-observe whatif``, such as ``jobs=8``, ``wake=True``,
                ``faster={"map": 2}``, ``local=["all"]``.

        Raises:
            ObserveError: if a setting makes no sense for this run.

        """
        with one_kind_of_error():
            scenario = parse_scenario(_arguments(settings))
            found = what_if(self._run, [scenario], tuple(partition(self._run)), seed)
            return prediction_view(found, found.predictions[0])


def _arguments(settings: Mapping[str, Any]) -> Iterator[Argument]:
    """Yield *settings* as they are written on the command line."""
    for name, value in settings.items():
        match value:
            case True:
                yield name, None
            case False | None:
                continue
            case Mapping():
                yield from ((name, f"{key}={one}") for key, one in value.items())
            case str() | int() | float():
                yield name, str(value)
            case Iterable():
                yield from ((name, str(one)) for one in value)
            case _:
                raise ScenarioError(f"{name}: {value!r} is no number, text, list or mapping")


__all__ = ["ObserveError", "RunView", "WhatIfSettings", "open_run"]
