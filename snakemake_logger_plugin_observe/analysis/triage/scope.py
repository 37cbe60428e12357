"""The second step: which rules, jobs and wildcard values are affected."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.phrasing import job_name, jobs_of, named, plural
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import WORKFLOW
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import FINAL

_CITED: Final = 3
_SHORTEST: Final = 2
"""A shared prefix or suffix of wildcard values is named from this many characters on."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is affected: rules, how many of their jobs, and what these have in common."""

    text: str
    rules: tuple[str, ...]
    jobs: tuple[int, ...]
    evidence: tuple[Citation, ...]


def scope(case: Case, incidents: Sequence[Incident]) -> Scope:
    """Return what the first incident affects, or what failed, or nothing."""
    jobs = _affected(case, incidents[0] if incidents else None)
    if not jobs:
        rules = incidents[0].rules if incidents else ()
        text = f"the whole run{f', because of rule {named(rules)}' if rules else ''}"
        cited = case.side.at_start(f"targets: {_targets(case)}")
        return Scope(text if incidents else "nothing", rules, (), cited)
    rules = tuple(dict.fromkeys(job.rule for job in jobs))
    everything = {job.rule for job in case.run.jobs.values()}
    text = f"{jobs_of(len(jobs))} of {named(rules)}"
    if set(rules) == everything and len(rules) > 1:
        text = f"{jobs_of(len(jobs))} of all {len(rules)} rules"
    families = list(_families(case, jobs))
    evidence = tuple(
        one for job in jobs[:_CITED] for one in case.side.at_job(job.job_id, job_name(job))
    )
    text = "; ".join([text, *families])
    return Scope(text, rules, tuple(job.job_id for job in jobs), evidence)


def _affected(case: Case, first: Incident | None) -> list[JobDescribed]:
    """Return the jobs that an incident affects; without one, those that failed or were cut off."""
    every = case.run.jobs
    if first is not None and first.incident_class == WORKFLOW and not first.failures:
        return []  # it ended the whole run
    if first is not None and first.jobs and not (first.failures and case.status == "failed"):
        return [every[job_id] for job_id in first.jobs if job_id in every]
    failed = {one.job_id for one in case.failures}
    if first is None and not failed and case.status in ("killed", "interrupted"):
        failed = {one.job_id for one in case.run.attempts.values() if one.status not in FINAL}
    if first is None:
        return [job for job_id, job in every.items() if job_id in failed]
    if first.failures and case.status == "failed":  # all that never succeeded, of whatever class
        affected = failed_jobs.never_succeeded(case).union(first.jobs)
        return [job for job_id, job in every.items() if job_id in affected]
    of_rules = [job for job in every.values() if job.rule in first.rules]
    if first.failures and any(job.job_id in failed for job in of_rules):
        return [job for job in of_rules if job.job_id in failed]
    return of_rules


def _targets(case: Case) -> str:
    return ", ".join(case.run.started.targets) if case.run.started is not None else ""


def _families(case: Case, jobs: Iterable[JobDescribed]) -> Iterable[str]:
    """Yield, for each wildcard, which of its values are affected and what they have in common."""
    affected, known = _values(jobs), _values(case.run.all_jobs.values())
    every = _knows_every_job(case)
    for name, values in affected.items():
        others = known[name].keys() - values.keys()
        if not others and every:
            yield (
                f"all {len(values):,} values of {name}" if len(values) > 1 else _only(name, values)
            )
            continue
        of = f"{plural(len(values), 'value')} of {name}"
        if others:
            known_so_far = "" if every else "known "
            of = f"{len(values):,} of {len(known[name]):,} {known_so_far}values of {name}"
        alike = _alike(list(values), others)
        yield f"{of}, {alike}" if alike else f"{of}: {named(values)}"


def _knows_every_job(case: Case) -> bool:
    """Whether the journal describes every job of the DAG, also those that did not run."""
    run = case.run
    if run.planned is None:
        return case.status == "success"
    planned = sum(run.planned.to_run.values()) + sum(run.planned.up_to_date.values())
    return len(run.all_jobs) >= planned


def _only(name: str, values: Iterable[str]) -> str:
    return f"the only value of {name}, {named(values)}"


def _values(jobs: Iterable[JobDescribed]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for job in jobs:
        for name, value in job.wildcards.items():
            found.setdefault(name, {})[value] = None
    return found


def _alike(values: list[str], others: Iterable[str]) -> str:
    """Return the prefix or suffix that all *values* share and no other has; empty if none."""
    if len(values) < _SHORTEST:
        return ""
    end = _common([value[::-1] for value in values])[::-1]
    if len(end) >= _SHORTEST and not any(other.endswith(end) for other in others):
        return f"all named *{end}"
    begin = _common(values)
    if len(begin) >= _SHORTEST and not any(other.startswith(begin) for other in others):
        return f"all named {begin}*"
    return ""


def _common(values: list[str]) -> str:
    """Return the longest prefix that all *values* share."""
    first, last = min(values), max(values)
    same = (at for at, letters in enumerate(zip(first, last, strict=False)) if len({*letters}) > 1)
    return first[: next(same, min(len(first), len(last)))]
