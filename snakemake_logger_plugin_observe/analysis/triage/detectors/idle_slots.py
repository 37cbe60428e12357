"""Jobs that were ready waited for a place, and there was room: in the limits, or on the cluster."""

from collections import Counter
from collections.abc import Iterator
from statistics import median
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.costly import cite, half_of, rules_of, spenders
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.utilisation import Utilisation, utilisation
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run import Run

CLASS: Final = "idle_slots"
_SHORT: Final = 0.2
"""A queue that takes this share of the wait for a place, and less, has room."""
_FREED: Final = {"freed_slot": "--jobs", "freed_cores": "--cores", "freed_worker": "--cores"}


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where the limits held back what the cluster, or they, had room for."""
    waited = _longest(case.run)
    grew = waited - (_longest(case.baseline) if case.baseline is not None else 0)
    if not (case.weighs(waited) or case.explains_slowness(grew)):
        return
    use = utilisation(case.run)
    if case.weighs(use.stalled) or case.explains_slowness(use.stalled):
        yield _stalled(case, use)
    elif (limit := _limit(case)) is not None and _has_room(case, waited):
        yield _limited(case, limit, waited)


def _longest(run: Run) -> Micros:
    """Return how long a job was ready, at most, before it was chosen."""
    return max((a.phases.get("slot_wait", 0) for a in run.attempts.values()), default=0)


def _queued(run: Run) -> list[Micros]:
    return [a.phases["queue_wait"] for a in run.attempts.values() if "queue_wait" in a.phases]


def _limit(case: Case) -> str | None:
    """Return for what the actual path waited most often, as a person sets it, if for anything."""
    freed: Counter[str] = Counter()
    for one in case.account.segments:
        if one.released_by is not None:
            resource = one.released_by.resource
            name = f"--resources {resource}" if resource else _FREED.get(one.released_by.because)
            if name is not None:
                freed[name] += 1
    return freed.most_common(1)[0][0] if freed else None


def _has_room(case: Case, waited: Micros) -> bool:
    """Whether the cluster took at once what was handed on; what runs here has no more room."""
    queued = _queued(case.run)
    return bool(queued) and median(queued) <= _SHORT * waited


def _limited(case: Case, limit: str, waited: Micros) -> Incident:
    held = spenders(case, ("slot_wait",))
    queued = _queued(case.run)
    return Incident(
        id=f"{CLASS}:limit",
        incident_class=CLASS,
        lives_in="operating context",
        claim=f"jobs were ready for up to {waited / 1e6:.0f} s before {limit} let them be chosen, "
        f"while the cluster started what it was given within {median(queued) / 1e6:.0f} s",
        strength="likely",
        explains=waited,
        failures=0,
        evidence=cite(case, held, "slot_wait", "queue_wait"),
        refuted_by=f"a run with more of {limit} whose jobs wait in the queue instead",
        action=Action(
            f"raise {limit}, as far as the cluster's people allow; snakemake-observe whatif tells "
            "what it would bring",
            "the limit held jobs back, and nothing shows that the cluster had no room for them",
        ),
        rules=rules_of(case, held),
        jobs=tuple(a.job_id for a in held if a.job_id is not None),
    )


def _stalled(case: Case, use: Utilisation) -> Incident:
    cited = tuple(
        cited
        for one in use.stalls[:3]
        for cited in case.side.at_line(one.line, f"{one.length / 1e6:.2f} s, {one.ready} ready")
    )
    slots = f" of {use.slots} {use.slot_kind}" if use.slots is not None else ""
    return Incident(
        id=f"{CLASS}:stall",
        incident_class=CLASS,
        lives_in="operating context",
        claim=f"places{slots} were free for {use.stalled / 1e6:.0f} s though jobs were ready that "
        "would have fitted",
        strength="certain",
        explains=use.stalled,
        failures=0,
        evidence=cited or case.side.at_end("status"),
        refuted_by="a run with --scheduler greedy in which they are free as long",
        action=Action(
            "run with --scheduler greedy; if it stays so, report it to Snakemake's people",
            "Snakemake's scheduler did not choose what it could have",
        ),
        check=f"class_share.limits <= {half_of(case, use.stalled)}",
    )
