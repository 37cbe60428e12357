"""A job ran out of the memory that it had requested, or that its host had."""

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
    """Yield one incident for each rule whose jobs ran out of memory, certainly or probably."""
    for name, failed in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        yield _incident(case, name, failed)


def _incident(case: Case, name: str, failed: list[Failure]) -> Incident:
    probably, strength = failed_jobs.how_sure(failed)
    used = max((one.use.memory_bytes or 0 for one in failed), default=0)
    requested = max((one.use.memory_requested_bytes or 0 for one in failed), default=0)
    figures = [f"{_mb(used)} MB used" if used else "use unknown"]
    figures += [f"{_mb(requested)} MB requested" if requested else "none requested"]
    ended = failed_jobs.ending(failed[0].decisive)
    more = _enough_mb(used, requested)
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where="operating context",
        claim=f"{failed_jobs.who(failed)} {probably}ran out of memory: {', '.join(figures)} "
        f"({ended}){_after(failed)}{failed_jobs.attempt_by_attempt(failed)}",
        strength=strength,
        explains=failed_jobs.lost(failed),
        failures=len(failed),
        evidence=failed_jobs.evidence(case, failed),
        wrong_if="the same job fails in the same way with more memory",
        action=Action(
            _advice(name, requested, more, failed_jobs.refusal(failed)),
            "a retry with the same request ends in the same way; how much more it needs is unknown",
        ),
        check=_check(failed),
        rules=failed_jobs.rules(case, failed),
        jobs=failed_jobs.jobs(case, failed),
    )


def _check(failed: list[Failure]) -> str | None:
    """Return a limit that this run breaks: its use of the request, if that was measured."""
    uses = [row.use for one in failed for row in one.rows]
    for one in uses:
        used, requested = one.memory_peak_bytes, one.memory_requested_bytes
        if used and requested and not one.memory_peak_is_bound and used > _NEARLY * requested:
            return f"memory_of_request <= {_NEARLY}"
    return failed_jobs.check(failed)


def _after(failed: list[Failure]) -> str:
    times = sum(
        1 for one in failed for each in one.occurrences if each.why.cause == "out_of_memory"
    )
    return f", {times:,} times in total" if times > len(failed) else ""


def _enough_mb(used: int, requested: int) -> int:
    """Return twice what was not enough: use is measured only up to the limit."""
    too_little = max(used, requested)
    return math.ceil(2 * too_little / _MB / _STEP_MB) * _STEP_MB


def _advice(name: str, requested: int, more: int, refusal: str) -> str:
    if refusal and requested:
        return (
            f"raise mem_mb of {name} above {_mb(requested)}, but to no more than can be had "
            f"({refusal}), or run it where nodes have more memory"
        )
    if not more:
        return f"set mem_mb of {name} to more than its host had free"
    if not requested:
        return f"request memory for {name}: mem_mb={more}"
    return f"raise mem_mb of {name} from {_mb(requested)} to {more}"


def _mb(size: int) -> int:
    return round(size / _MB)
