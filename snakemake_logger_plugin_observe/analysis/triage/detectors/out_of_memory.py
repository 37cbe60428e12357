"""A job ran out of the memory that it had requested, or that its host had."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.memory_needs import (
    MB,
    MemoryNeeds,
    in_mb,
    memory_needs,
)
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import NO_MEMORY
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = NO_MEMORY
_NEARLY: Final = 0.9


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule whose jobs ran out of memory, certainly or probably."""
    for name, failed in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        yield _incident(case, name, failed)


def _incident(case: Case, name: str, failed: list[Failure]) -> Incident:
    probably, strength = failed_jobs.how_sure(failed)
    needs = memory_needs(case.run, failed)
    ended = failed_jobs.ending(failed[0].decisive)
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        where="operating context",
        claim=f"{failed_jobs.who(failed)} {probably}ran out of memory: {needs.most_used}, "
        f"{needs.requests_tried} ({ended}){_after(failed)}{_enough(needs)}{_inside(needs)}"
        f"{_overridden(needs)}"
        f"{failed_jobs.attempt_by_attempt(failed)}",
        strength=strength,
        wrong_if="the same job fails in the same way with more memory",
        action=Action(_advice(name, needs, failed_jobs.refusal(failed)), needs.why),
        **failed_jobs.fields(case, failed) | {"check": _check(failed)},
    )


def _enough(needs: MemoryNeeds) -> str:
    """Return with what request an attempt ended well, if one did."""
    return f"; with {in_mb(needs.enough)} it ended well" if needs.enough else ""


def _inside(needs: MemoryNeeds) -> str:
    """Return on which execution inside an attempt it ended well, if it did."""
    return f"; on execution {needs.inside} it ended well" if needs.inside else ""


def _overridden(needs: MemoryNeeds) -> str:
    return f"; {needs.overridden.claim}" if needs.overridden is not None else ""


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


def _advice(name: str, needs: MemoryNeeds, refusal: str) -> str:
    if refusal and needs.too_little and needs.overridden is None:
        return (
            f"raise mem_mb of {name} above {round(needs.too_little / MB)}, but to no more than can "
            f"be had ({refusal}), or run it where nodes have more memory"
        )
    return needs.fix(name)
