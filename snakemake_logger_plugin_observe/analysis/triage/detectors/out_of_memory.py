"""A job ran out of the memory that it had asked for, or of what its host had."""

import math
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import NO_MEMORY
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = NO_MEMORY
_NEARLY: Final = 0.9
_MB: Final = 1_000_000
_STEP_MB: Final = 100


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule whose jobs ran out of memory, for sure or probably."""
    for name, found in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        yield _incident(case, name, found)


def _incident(case: Case, name: str, found: list[Failure]) -> Incident:
    probably, strength = failed_jobs.how_sure(found)
    used = max((one.use.memory_bytes or 0 for one in found), default=0)
    asked = max((one.use.memory_requested_bytes or 0 for one in found), default=0)
    figures = [f"{_mb(used)} MB used" if used else "what it used is not known"]
    figures += [f"{_mb(asked)} MB asked for" if asked else "none asked for"]
    ended = failed_jobs.ending(found[0].last)
    more = _enough_mb(used, asked)
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where="operating context",
        claim=f"{failed_jobs.who(found)} {probably}ran out of memory: {', '.join(figures)} "
        f"({ended}){_after(found)}",
        strength=strength,
        explains=failed_jobs.lost(found),
        failures=len(found),
        evidence=failed_jobs.evidence(case, found),
        wrong_if="the same job with more memory fails in the same way",
        action=Action(
            _advice(name, asked, more),
            "trying again with the same request ends in the same way; what it needs is only known "
            "to be more than it got",
        ),
        check=_check(found),
        rules=failed_jobs.rules(case, found),
        jobs=failed_jobs.jobs(case, found),
    )


def _check(found: list[Failure]) -> str | None:
    """Return the line that this run breaks: memory was not always asked for, or seen used up."""
    demands = [row.use for one in found for row in one.rows]
    for one in demands:
        used, asked = one.memory_peak_bytes, one.memory_requested_bytes
        if used and asked and not one.memory_peak_is_bound and used > _NEARLY * asked:
            return f"memory_of_request <= {_NEARLY}"
    return failed_jobs.check(found)


def _after(found: list[Failure]) -> str:
    times = sum(len(one.occurrences) for one in found)
    return f", {times:,} times in all" if times > len(found) else ""


def _enough_mb(used: int, asked: int) -> int:
    """Return twice of what was not enough: what a job needed is cut off at what it got."""
    short = max(used, asked)
    return math.ceil(2 * short / _MB / _STEP_MB) * _STEP_MB


def _advice(name: str, asked: int, more: int) -> str:
    if not more:
        return f"give {name} a request, mem_mb, of more than its host had free for it"
    if not asked:
        return f"have {name} ask for memory: mem_mb={more}"
    return f"raise mem_mb of {name} from {_mb(asked)} to {more}"


def _mb(size: int) -> int:
    return round(size / _MB)
