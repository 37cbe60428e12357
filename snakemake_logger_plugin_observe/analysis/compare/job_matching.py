"""Which job of one run is which of another: by rule and wildcards, else by what they make."""

from collections.abc import Iterable
from dataclasses import dataclass

from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class Pair:
    """The same job in two runs."""

    before: JobDescribed
    after: JobDescribed
    inputs_known: bool = True
    """Whether both knew their inputs: a plan has a checkpoint's output for those it will tell."""


@dataclass(frozen=True, slots=True)
class Match:
    """The jobs that both runs have, and those that one alone has."""

    pairs: tuple[Pair, ...]
    gone: tuple[JobDescribed, ...]
    added: tuple[JobDescribed, ...]


def match(before: Run, after: Run) -> Match:
    """Return which jobs of *before* are in *after*; a rule's new name does not hide its outputs."""
    left = {_name(job): job for job in before.jobs.values()}
    right = {_name(job): job for job in after.jobs.values()}
    untold = _untold(before) | _untold(after)
    pairs = [_pair(job, right[name], untold) for name, job in left.items() if name in right]
    gone = [job for name, job in left.items() if name not in right]
    added = {job.job_id: job for name, job in right.items() if name not in left}
    makers = {path: job for job in added.values() for path in job.output}
    still_gone = []
    for job in gone:
        same = next((makers[path] for path in job.output if path in makers), None)
        if same is not None and same.job_id in added:
            del added[same.job_id]
            pairs.append(_pair(job, same, untold))
        else:
            still_gone.append(job)
    return Match(tuple(pairs), tuple(still_gone), tuple(added.values()))


def _pair(before: JobDescribed, after: JobDescribed, untold: set[str]) -> Pair:
    known = untold.isdisjoint(before.input) and untold.isdisjoint(after.input)
    return Pair(before, after, known)


def _untold(run: Run) -> set[str]:
    """Return the files from which a plan's jobs will learn of their inputs once they are there."""
    if run.started is None or run.started.kind != "dry_run":
        return set()
    return {path for job in run.jobs.values() if job.checkpoint for path in job.output}


def _name(job: JobDescribed) -> tuple[object, ...]:
    return (job.rule, *sorted(job.wildcards.items()))


def by_rule(jobs: Iterable[JobDescribed]) -> dict[str, list[JobDescribed]]:
    """Return *jobs* by their rules, in the order in which they came."""
    found: dict[str, list[JobDescribed]] = {}
    for job in jobs:
        found.setdefault(job.rule, []).append(job)
    return found
