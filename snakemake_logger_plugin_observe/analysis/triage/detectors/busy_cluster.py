"""Jobs waited in the cluster's queue: it was busy, or held them back."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    longest,
    matters,
    rounded,
    rules_of,
)

CLASS: Final = "busy_cluster"
_PHASE: Final = "queue_wait"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where the queue weighs, or explains why the run was slower."""
    if not matters(case, _PHASE):
        return
    waited = sorted(a.phases[_PHASE] for a in case.run.attempts.values() if a.phases.get(_PHASE))
    if not waited:
        return
    records = [a.accounting for a in case.run.attempts.values() if a.accounting is not None]
    held = sum(record.held_s or 0 for record in records)
    queued = sum(record.queued_s or 0 for record in records)
    partitions = ", ".join(sorted({r.partition for r in records if r.partition}))
    reasons = ", ".join(sorted({r.reason for r in records if r.reason not in (None, "None")}))
    told = ""
    if held or queued:
        told = f"; its accounting: {held:.0f} s not yet eligible, {queued:.0f} s for a place"
        told += f" in {partitions}" if partitions else ""
        told += f" ({reasons})" if reasons else ""
    spent = case.spent(_PHASE)
    text = "ask the cluster's people how busy it was, or ask for less: another partition, less time"
    why = "the jobs were handed in, and no place was given to them"
    if held > queued:
        text = "ask the cluster's people what held the jobs back: a limit of the account, a hold"
        why = "they were handed in, and not eligible to start"
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"the cluster's queue took {spent / 1e6:.1f} s of the run: {len(waited):,} "
        f"submissions waited {waited[len(waited) // 2] / 1e6:.1f} s in the middle, "
        f"{waited[-1] / 1e6:.1f} s at most{told}",
        strength="certain" if held or queued else "likely",
        explains=spent,
        failures=0,
        evidence=longest(case, (_PHASE,)),
        wrong_if="accounting that says they began at once: then the nodes started them late",
        action=Action(text, why, escalate=True),
        check=f"queue_wait_s.p95 <= {_limit(waited)}",
        rules=rules_of(case, (_PHASE,)),
    )


def _limit(waited: list[int]) -> str:
    """Return half of what all but the longest twentieth waited at most, by nearest rank."""
    rank = max(0, -(-95 * len(waited) // 100) - 1)
    return rounded(waited[rank] / 2e6)
