"""The jobs of two runs, matched by rule and wildcards, else by outputs."""

from collections.abc import Iterable
from dataclasses import dataclass

from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.identity import identity
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class Pair:
    """The same job in two runs."""

    before: JobDescribed
    after: JobDescribed
    inputs_known: bool = True
    """Whether both have their inputs: in a dry run, some are only known after a checkpoint."""


@dataclass(frozen=True, slots=True)
class Match:
    """The jobs that both runs have, and those that only one has; up-to-date ones count too."""

    pairs: tuple[Pair, ...]
    gone: tuple[JobDescribed, ...]
    added: tuple[JobDescribed, ...]


def match(before: Run, after: Run) -> Match:
    """Match the jobs of two runs; those of a renamed rule are matched by their outputs."""
    left = {identity(job): job for job in before.all_jobs.values()}
    right = {identity(job): job for job in after.all_jobs.values()}
    not_yet_known = _known_after_checkpoints(before) | _known_after_checkpoints(after)
    pairs = [_pair(job, right[name], not_yet_known) for name, job in left.items() if name in right]
    gone = [job for name, job in left.items() if name not in right]
    added = {job.job_id: job for name, job in right.items() if name not in left}
    makers = {path: job for job in added.values() for path in job.output}
    still_gone = []
    for job in gone:
        same = next((makers[path] for path in job.output if path in makers), None)
        if same is not None and same.job_id in added:
            del added[same.job_id]
            pairs.append(_pair(job, same, not_yet_known))
        else:
            still_gone.append(job)
    return Match(tuple(pairs), tuple(still_gone), tuple(added.values()))


def _pair(before: JobDescribed, after: JobDescribed, not_yet_known: set[str]) -> Pair:
    known = not_yet_known.isdisjoint(before.input) and not_yet_known.isdisjoint(after.input)
    return Pair(before, after, known)


def _known_after_checkpoints(run: Run) -> set[str]:
    """Return the checkpoint outputs of a dry run, which stand for inputs not yet known."""
    if not run.is_dry_run:
        return set()
    return {path for job in run.jobs.values() if job.checkpoint for path in job.output}


def by_rule(jobs: Iterable[JobDescribed]) -> dict[str, list[JobDescribed]]:
    """Return *jobs* by their rules, in their order."""
    found: dict[str, list[JobDescribed]] = {}
    for job in jobs:
        found.setdefault(job.rule, []).append(job)
    return found
