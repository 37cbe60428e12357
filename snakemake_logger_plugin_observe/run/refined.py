"""Segments refined by the scheduler's record of their submission: held, queued, started, ended.

Pure. The record arrives after the attempt's end, so that it changes segments that are known: what
was a wait for the cluster, and what followed the node's last stamp. Its moments are on the
scheduler's clock and rounded down to whole seconds. What a record shows is therefore taken at the
moment at which it is certain: a wait for the scheduler lasts at least until the second in which the
job started, and a job script begins at the end of that second. The node's own stamps stay.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord, Stamps
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED, in_seconds
from snakemake_logger_plugin_observe.run.segments import Segment, phase_sums
from snakemake_logger_plugin_observe.run.slurm_reasons import keeps_back
from snakemake_logger_plugin_observe.run.unobserved import (
    NO_NODE_STAMPS,
    NODE_CUT_OFF,
    ONLY_A_SIGN,
    UNNOTICED,
)

_ON_A_NODE: Final = frozenset(
    {"node_startup", "node_plan", "stage_in", "compute", "stage_out", "node_exit", None}
)
_OF_MISSING_STAMPS: Final = frozenset({NO_NODE_STAMPS, NODE_CUT_OFF, ONLY_A_SIGN})


def refined(
    segments: Sequence[Segment], stamps: Stamps, record: SchedulerRecord | None
) -> list[Segment]:
    """Return *segments* with what *record* shows of them; their borders stay where they were.

    Refining them again by the same record changes nothing.
    """
    accepted = stamps.accepted
    if record is None or accepted is None or not segments:
        return list(segments)
    by_main = RecordMoments(record, stamps)
    seen = any(s.phase in _ON_A_NODE for s in segments if s.start >= accepted)
    found = list(segments)
    if not seen or record.restarts:
        found = _without_the_node(found, accepted, by_main, noticed=stamps.reported is not None)
    found = _held(found, accepted, by_main, record)
    if seen:
        found = _job_script(found, by_main)
        found = relabelled(found, accepted, by_main.ended, "poll_wait", "node_exit")
    return found


def refine(attempt: Attempt) -> None:
    """Refine the segments of *attempt* by its record."""
    found = refined(attempt.segments, attempt.stamps, attempt.accounting)
    if attempt.segments == found:
        return
    attempt.set_segments(found)
    open_ones = [one for one in found if one.phase == UNOBSERVED]
    if not open_ones:
        attempt.unobserved = tuple(r for r in attempt.unobserved if r not in _OF_MISSING_STAMPS)
    elif _ended_unnoticed(attempt, open_ones):
        attempt.unobserved = (UNNOTICED,)


def _ended_unnoticed(attempt: Attempt, unobserved: Iterable[Segment]) -> bool:
    """Whether all that is not known of an attempt followed its end in the cluster."""
    record, stamps = attempt.accounting, attempt.stamps
    if record is None or record.ended is None or stamps.reported is not None:
        return False
    ended = RecordMoments(record, stamps).ended or 0
    return all(one.start >= ended for one in unobserved)


def refined_phases_s(attempt: Attempt, record: SchedulerRecord) -> dict[str, float]:
    """Return the phases of an *attempt* that has ended in seconds, if *record* changes them."""
    if attempt.status not in FINAL:
        return {}
    found = refined(attempt.segments, attempt.stamps, record)
    return in_seconds(phase_sums(found)) if attempt.segments != found else {}


class RecordMoments:
    """A record's moments by the main process's clock; each may be up to a second later."""

    def __init__(self, record: SchedulerRecord, stamps: Stamps) -> None:
        """Take the moments of *record*; *stamps* bound how far its clock is ahead."""
        lead = _lead(record, stamps)
        self.resolution = round(record.resolution_s * 1_000_000)
        self.submitted = _less(record.submitted, lead)
        self.eligible = _less(record.eligible, lead)
        self.started = _less(record.started, lead)
        self.ended = _less(record.ended, lead)
        self.again = record.restarts > 0


def _less(moment: Micros | None, lead: Micros) -> Micros | None:
    return None if moment is None else moment - lead


def _lead(record: SchedulerRecord, stamps: Stamps) -> Micros:
    """Return how far the scheduler's clock must be ahead: none, as long as that is possible.

    It took the submission between its beginning and its acceptance.
    """
    if record.submitted is None or record.restarts:  # a requeued job was submitted again later
        return 0
    begun, accepted = stamps.submitting, stamps.accepted
    low = None if accepted is None else record.submitted - accepted
    high = None
    if begun is not None:
        high = record.submitted + round(record.resolution_s * 1_000_000) - begun
    if low is not None and low > 0:
        return low
    return high if high is not None and high < 0 else 0


def _without_the_node(
    segments: list[Segment], accepted: Micros, by_main: RecordMoments, *, noticed: bool
) -> list[Segment]:
    """Label what is not known from the node: the wait up to the start, and what follows the end.

    An end that no status check found waited for none: no interval is to blame.
    """
    since, end = accepted, segments[-1].end
    if by_main.again:
        since = max(accepted, by_main.submitted or end)
    started = by_main.started
    if started is None:
        started = end if by_main.ended is None else by_main.ended
    found = relabelled(segments, since, started, UNOBSERVED, "queue_wait")
    if by_main.ended is None or by_main.again or not noticed:
        return found
    surely = by_main.ended + (by_main.resolution if by_main.started is not None else 0)
    return relabelled(found, max(surely, accepted), end, UNOBSERVED, "poll_wait")


def _held(
    segments: list[Segment], accepted: Micros, by_main: RecordMoments, record: SchedulerRecord
) -> list[Segment]:
    """Label the part of the wait in which the scheduler could not have started the job."""
    submitted, eligible = by_main.submitted, by_main.eligible
    kept_back = keeps_back(record.reason)
    since = max(accepted, submitted or accepted) if by_main.again else accepted
    least = 0 if kept_back else by_main.resolution  # of rounding alone
    until: Micros | None = None
    if None not in (eligible, submitted) and (eligible or 0) - (submitted or 0) > least:
        until = eligible
    elif kept_back:
        until = by_main.started if by_main.started is not None else segments[-1].end
    return relabelled(segments, since, until, "queue_wait", "held")


def _job_script(segments: list[Segment], by_main: RecordMoments) -> list[Segment]:
    """Label the time between the start and what the node's stamps begin with."""
    waits = [one for one in segments if one.phase == "queue_wait"]
    if by_main.started is None or len(waits) != 1:  # the cluster started it several times
        return segments
    since = max(by_main.started + by_main.resolution, waits[0].start)
    return relabelled(segments, since, waits[0].end, "queue_wait", "job_script")


def relabelled(
    segments: Iterable[Segment],
    since: Micros,
    until: Micros | None,
    phase: str,
    label: str,
) -> list[Segment]:
    """Return *segments* with *phase* between two moments called *label*; nothing else changes."""
    found: list[Segment] = []

    def add(start: Micros, end: Micros, name: str | None) -> None:
        if end <= start:
            return
        if found and found[-1].phase == name:
            found[-1] = Segment(found[-1].start, end, name)
        else:
            found.append(Segment(start, end, name))

    for one in segments:
        if one.phase != phase or until is None:
            add(*one)
            continue
        left, right = max(one.start, min(since, one.end)), max(one.start, min(until, one.end))
        right = max(left, right)
        add(one.start, left, phase)
        add(left, right, label)
        add(right, one.end, phase)
    return found
