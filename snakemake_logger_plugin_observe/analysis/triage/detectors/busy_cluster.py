"""Jobs waited in the cluster's queue because it was busy or held them."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.percentile import percentile
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    cite_longest,
    matters,
    rounded,
    rules_of,
)
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord

CLASS: Final = "busy_cluster"
_PHASE: Final = "queue_wait"
_LEAST: Final = 0.2
"""The share of the wait that the scheduler's records show at least, in whole seconds each."""
_BUSY: Final = (
    "request less time or another partition, or ask the cluster's administrators about its load",
    "the jobs were submitted, and the cluster had no free nodes for them",
)
_HELD: Final = (
    "ask the cluster's administrators what held the jobs: an account limit, a QOS, a hold",
    "the jobs were submitted, but were not eligible to start",
)


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if the queue took a large share of the run, or explains its slowness."""
    if not matters(case, _PHASE):
        return
    waited = sorted(
        one.phases[_PHASE]
        for one in case.run.attempts.values()
        if one.phases.get(_PHASE) and one.started_last is None  # that the cluster held back itself
    )
    if sum(waited) < case.spent(_PHASE) / 2:  # jobs that the cluster put back into its queue
        return
    records = [a.accounting for a in case.run.attempts.values() if a.accounting is not None]
    held = sum(record.held_s or 0 for record in records)
    queued = sum(record.queued_s or 0 for record in records)
    # What would refute it: by their records, they started soon, and their nodes were slow.
    if len(records) >= len(waited) and held + queued < _LEAST * sum(waited) / 1e6 - len(waited):
        return
    spent = case.spent(_PHASE)
    text, why = _BUSY if held <= queued else _HELD
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"the cluster's queue took {spent / 1e6:.1f} s of the run: {len(waited):,} "
        f"submissions waited {waited[len(waited) // 2] / 1e6:.1f} s (median) and "
        f"{waited[-1] / 1e6:.1f} s at most{_split(records, held, queued)}",
        strength="certain" if held or queued else "likely",
        explains=spent,
        failures=0,
        evidence=cite_longest(case, (_PHASE,)),
        wrong_if="accounting shows that they started at once: then the nodes were slow to "
        "start them",
        action=Action(text, why, escalate=True, without=(_PHASE,)),
        check=f"queue_wait_s.p95 <= {_limit(waited)}",
        rules=rules_of(case, (_PHASE,)),
    )


def _split(records: Sequence[SchedulerRecord], held: float, queued: float) -> str:
    """Return the clause on what the scheduler's records say of the wait, in seconds."""
    if not held and not queued:
        return ""
    partitions = ", ".join(sorted({r.partition for r in records if r.partition}))
    reasons = ", ".join(sorted({r.reason for r in records if r.reason not in (None, "None")}))
    split = f"; accounting: {held:.0f} s not eligible to start, {queued:.0f} s waiting for nodes"
    split += f" in {partitions}" if partitions else ""
    return f"{split} ({reasons})" if reasons else split


def _limit(waited: list[int]) -> str:
    """Return half of the 95th percentile of *waited*, as a limit in seconds."""
    return rounded(percentile(waited, 0.95) / 2e6)
