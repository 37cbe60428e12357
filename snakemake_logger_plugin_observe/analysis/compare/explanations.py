"""Which of the outputs that differ something in the journals explains, each by its own job.

A job's outputs can differ because of what changed of the job itself (its code, params, inputs,
...), or because an input was updated since the job ran last; and so can all that is made from them.
Snakemake's reason for the job names an updated input, also one of the same size.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.differences import (
    RUN,
    Change,
    facts_of,
    other_sizes,
    snakefile_of,
)
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Match
from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage
from snakemake_logger_plugin_observe.analysis.why.origins import files_of
from snakemake_logger_plugin_observe.analysis.why.reason_text import (
    CHANGED,
    CHANGES,
    Cause,
    Names,
    parse,
)
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

_OF_JOBS: Final = ("code", "params", "environment", "script", "command", "threads", "input ")
_OF_RUNS: Final = ("config", "file ", "Snakefile")


@dataclass(frozen=True, slots=True)
class Explanations:
    """What explains the outputs that differ."""

    unexplained: tuple[str, ...] = ()
    """Those whose job is as it was, and everything upstream of it, too."""
    updated: Mapping[str, JobDescribed] = field(default_factory=dict)
    """Updated inputs, each with a reader, from which outputs are made that nothing else explains.
    """
    of_the_run: bool = False
    """Whether something else changed that any job may depend on: a config key, a helper file."""


def explain(
    differing: Iterable[str],
    runs: tuple[Run, Run],
    match: Match,
    lineages: tuple[Lineage, Lineage],
    changes: Iterable[Change],
) -> Explanations:
    """Return what explains that outputs are *differing* in the second of two runs."""
    left = list(differing)
    if not left:
        return Explanations()
    later = lineages[1]
    updates: dict[str, list[JobDescribed]] = {}
    changed = {job.job_id: job for job in match.added}
    for pair in match.pairs:
        causes = _changes_before(pair.after)
        other = any(one.kind != "updated_input" for one in causes)
        if other or any(what.startswith(_OF_JOBS) for what in facts_of(pair)):
            changed[pair.after.job_id] = pair.after
        for path in chain.from_iterable(one.files for one in causes):
            updates.setdefault(path, []).append(pair.after)
    for path, (_was, _now, job) in other_sizes(*runs).items():
        updates.setdefault(path, []).append(job)
    by_change = _outputs_below(later, changed.values())
    left = [path for path in left if path not in by_change]
    updated: dict[str, JobDescribed] = {}
    explained: set[str] = set()
    if left:
        for path, readers in updates.items():
            below = _outputs_below(later, readers)
            if not below.isdisjoint(left):
                updated[path] = readers[0]
                explained |= below
    return Explanations(
        tuple(path for path in left if path not in explained),
        updated,
        any(concerns_all(one, runs[1], changes) for one in changes),
    )


def concerns_all(change: Change, run: Run, changes: Iterable[Change]) -> bool:
    """Return whether any job of *run* may depend on *change*, which is none of a job.

    Not on the script or an input of other jobs; and a change of the Snakefile is known by what it
    changed of jobs, if it changed any.
    """
    if change.subject != RUN or not change.what.startswith(_OF_RUNS):
        return False
    path = change.what.removeprefix("file ")
    if path == change.what:
        return True
    started = run.started
    if started is not None and path in (started.snakefile, snakefile_of(started)):
        return all(one.subject == RUN for one in changes)
    workdir = f"{started.workdir}/" if started is not None else ""
    return not any(
        path in job.input or path == (job.script or "").removeprefix(workdir)
        for job in run.all_jobs.values()
    )


def _changes_before(job: JobDescribed) -> list[Cause]:
    """Return what Snakemake found changed when it ran *job*."""
    if not CHANGED.search(job.reason or ""):
        return []
    causes = parse(job.reason, Names.of(files_of(job)))
    return [one for one in causes if one.kind in CHANGES]


def _outputs_below(lineage: Lineage, jobs: Iterable[JobDescribed]) -> set[str]:
    """Return the outputs of *jobs*, and all that is made from them; each job is visited once."""
    return set(_walk(lineage, jobs))


def _walk(lineage: Lineage, jobs: Iterable[JobDescribed]) -> Iterator[str]:
    waiting, seen = list(jobs), set[int]()
    while waiting:
        job = waiting.pop()
        if job.job_id in seen:
            continue
        seen.add(job.job_id)
        for path in job.output:
            yield path
            waiting.extend(lineage.readers.get(path, ()))
