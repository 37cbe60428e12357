"""Which of the outputs that differ something in the journals explains, each by its own job.

A job's outputs can differ because of what changed of the job itself (its code, params, inputs,
...), or because an input was updated since the job ran last; and so can all that is made from them.
Snakemake's reason for the job names an updated input, also one of the same size.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.job_differences import facts_of
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Match, Pair
from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage
from snakemake_logger_plugin_observe.analysis.compare.source_differences import other_sizes
from snakemake_logger_plugin_observe.analysis.why.origins import files_of, upwards
from snakemake_logger_plugin_observe.analysis.why.reason_text import (
    CHANGED,
    CHANGES,
    Names,
    parse,
)
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import FAILED
from snakemake_logger_plugin_observe.run.identity import snakefile_of
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
    left: tuple[str, ...] = ()
    """What a failed job had left and counted as up to date in the first run: ``--keep-incomplete``.
    """
    of_the_run: bool = False
    """Whether something else changed that any job may depend on: a config key, a helper file."""


def explain(
    differing: Iterable[str],
    runs: tuple[Run, Run],
    match: Match,
    lineages: tuple[Lineage, Lineage],
    changes: Iterable[Change],
    *,
    between: Callable[[], Iterable[Run]] = tuple,
) -> Explanations:
    """Return what explains that outputs are *differing* in the second of two runs.

    Args:
        differing: the outputs.
        runs: both runs.
        match: their jobs.
        lineages: their files and jobs.
        changes: what differs between the two.
        between: reads the runs between them in their folder, which are asked if these two do not
            explain it: what an input's update made run there does not run again for it later.

    """
    left = list(differing)
    if not left:
        return Explanations()
    found = _Found(lineages[1])
    for job in match.added:
        found.changed[job.job_id] = job
    left_behind: list[str] = []
    for pair in match.pairs:
        if _was_left(runs, pair):
            found.changed[pair.after.job_id] = pair.after
            left_behind += pair.before.output
        found.take(pair.after, pair.after)
        if any(what.startswith(_OF_JOBS) for what in facts_of(pair)):
            found.changed[pair.after.job_id] = pair.after
    for path, (_was, _now, job) in other_sizes(*runs).items():
        found.updates.setdefault(path, []).append(job)
    unexplained, updated = found.explain(left)
    if unexplained:
        makers = found.later.makers
        for run in between():
            for job in run.jobs.values():
                now = next((makers[path] for path in job.output if path in makers), None)
                if now is not None:
                    found.take(now, job)
        unexplained, updated = found.explain(left)
    of_the_run = any(concerns_all(one, runs[1], changes) for one in changes)
    return Explanations(tuple(unexplained), updated, tuple(left_behind), of_the_run)


def _was_left(runs: tuple[Run, Run], pair: Pair) -> bool:
    """Return whether a job's outputs were a failed job's in the first run, and made since."""
    before, after = (
        run.made.get(job.job_id) for run, job in zip(runs, (pair.before, pair.after), strict=True)
    )
    if before is None or before.attempt.status not in FAILED:
        return False
    attempt = after.attempt if after is not None else runs[1].last_attempt(pair.after.job_id)
    return attempt is not None and attempt.status not in FAILED


@dataclass(slots=True)
class _Found:
    """What may explain outputs of the later run."""

    later: Lineage
    changed: dict[int, JobDescribed] = field(default_factory=dict)
    """Its jobs that changed."""
    updates: dict[str, list[JobDescribed]] = field(default_factory=dict)
    """Updated inputs, each with the jobs that read it."""

    def take(self, job: JobDescribed, ran: JobDescribed) -> None:
        """Take what Snakemake found changed when it *ran* a job: *job* in the later run."""
        if not CHANGED.search(ran.reason or ""):
            return
        for cause in parse(ran.reason, Names.of(files_of(ran))):
            if cause.kind == "updated_input":
                for path in cause.files:
                    self.updates.setdefault(path, []).append(job)
            elif cause.kind in CHANGES:
                self.changed[job.job_id] = job

    def explain(self, left: list[str]) -> tuple[list[str], dict[str, JobDescribed]]:
        """Return which outputs nothing explains, and the updated inputs that explain others."""
        by_change = set(_outputs_below(self.later, self.changed.values()))
        left = [path for path in left if path not in by_change]
        updated: dict[str, JobDescribed] = {}
        makers = self.later.makers
        made = {path for path in self.updates if any(one in makers for one in upwards(path))}
        for intermediate in (False, True):  # what a job made is updated because of its sources
            if not left:
                break
            above = _jobs_above(self.later, left)
            for path, readers in self.updates.items():
                reader = next((job for job in readers if job.job_id in above), None)
                if reader is not None and (path in made) == intermediate:
                    updated[path] = reader
            read = [job for path in updated for job in self.updates[path]]
            explained = set(_outputs_below(self.later, read))
            left = [path for path in left if path not in explained]
        return left, updated


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
    return not any(
        path in job.input or path == run.relative(job.script or "") for job in run.all_jobs.values()
    )


def _outputs_below(lineage: Lineage, jobs: Iterable[JobDescribed]) -> Iterator[str]:
    """Yield the outputs of *jobs*, and all that is made from them; each job is visited once."""
    waiting, seen = list(jobs), set[int]()
    while waiting:
        job = waiting.pop()
        if job.job_id in seen:
            continue
        seen.add(job.job_id)
        for path in job.output:
            yield path
            waiting.extend(lineage.readers.get(path, ()))


def _jobs_above(lineage: Lineage, paths: Iterable[str]) -> set[int]:
    """Return the jobs that *paths* depend on; each is visited once."""
    waiting, seen = list(paths), set[int]()
    while waiting:
        maker = lineage.makers.get(waiting.pop())
        if maker is not None and maker.job_id not in seen:
            seen.add(maker.job_id)
            waiting.extend(maker.input)
    return seen
