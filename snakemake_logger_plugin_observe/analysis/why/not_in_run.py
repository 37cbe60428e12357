"""What is asked about and is no job or file of the run, as far as earlier runs know it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from snakemake_logger_plugin_observe.analysis.why.selection import Relation, among
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import part_of

Absence = Literal["not_reached", "left_out", "not_needed", "cannot_tell"]
"""Why a job of an earlier run is none of this one: the run did not come to it; the run was of a
part of the workflow; no target needs it; or the journal does not name all of the run's jobs."""


@dataclass(frozen=True, slots=True)
class Mention:
    """The newest earlier run that knows a name, and its jobs of that name."""

    journal: str
    start: Micros | None
    targets: tuple[str, ...]
    relation: Relation
    name: str
    jobs: tuple[JobDescribed, ...]


Earlier = Callable[[str], Mention | None]
"""Looks up a name in the runs before."""


def mention(run: Run, journal: str, text: str) -> Mention | None:
    """Return what a run knows of what *text* names; None if nothing.

    Args:
        run: an earlier run.
        journal: the path of its journal.
        text: a rule, a rule and wildcards, or a file.

    """
    known = run.all_jobs
    found = among(run, known, text)
    if found is None:
        return None
    jobs = tuple(known[job_id] for job_id in found.jobs)
    targets = run.started.targets if run.started is not None else ()
    return Mention(journal, run.start, targets, found.relation, found.text, jobs)


def is_unplanned(run: Run) -> bool:
    """Whether a run ended, or still is, before anything is known of its jobs."""
    ended = run.finished.status if run.finished is not None else None
    return run.planned is None and not run.jobs and ended != "nothing_to_do"


def not_reached(run: Run) -> dict[str, int]:
    """Return by rule how many jobs are planned that were not described: their files are unknown."""
    planned = run.planned.to_run if run.planned is not None else {}
    return dict(Counter(planned) - Counter(job.rule for job in run.jobs.values()))


def unnamed(run: Run) -> dict[str, int]:
    """Return by rule how many jobs were up to date that the journal does not name."""
    counted = run.planned.up_to_date if run.planned is not None else {}
    return dict(Counter(counted) - Counter(job.rule for job in run.kept.values()))


def absence(run: Run, found: Mention) -> Absence:
    """Return why the jobs that an earlier run knows are none of *run*."""
    rules = {job.rule for job in found.jobs}
    if found.relation not in ("read", "updated"):
        if rules & set(not_reached(run)):
            return "not_reached"
        if rules & set(unnamed(run)):
            return "cannot_tell"
    elif not_reached(run) or unnamed(run):
        return "cannot_tell"
    return "left_out" if part_of(run) else "not_needed"
