"""Properties of an attempt's segments that hold for any evidence."""

from itertools import pairwise

import strategies
from builders import T0
from hypothesis import given, settings
from msgspec.structs import astuple

from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES, UNOBSERVED
from snakemake_logger_plugin_observe.run.segments import phase_sums
from snakemake_logger_plugin_observe.run.timeline import (
    TimelineInput,
    member_timeline,
    timeline,
)
from snakemake_logger_plugin_observe.run.unobserved import STARTED_AGAIN

MANY = settings(max_examples=120)
LABELS = {phase.name for phase in ATTEMPT_PHASES}


def borders(evidence: TimelineInput) -> tuple[int, int] | None:
    """Return when the model lets an attempt begin and end, or None where nothing is known."""
    known = [moment for moment in astuple(evidence.stamps) if moment is not None]
    if not known:
        return None
    stamps = evidence.stamps
    start = stamps.ready if stamps.ready is not None else min(known)
    end = stamps.finished if stamps.finished is not None else evidence.until or max(known)
    return min(start, end), end


@MANY
@given(strategies.evidence)
def test_segments_tile_an_attempt_without_gap_or_overlap(evidence: TimelineInput) -> None:
    segments = timeline(evidence).segments
    expected = borders(evidence)
    if expected is None or expected[0] == expected[1]:
        assert segments == []
    else:
        assert (segments[0].start, segments[-1].end) == expected
    assert all(one.end == following.start for one, following in pairwise(segments))


@MANY
@given(strategies.evidence)
def test_no_segment_is_empty_or_negative_and_each_has_a_known_label(
    evidence: TimelineInput,
) -> None:
    segments = timeline(evidence).segments
    assert all(one.length > 0 for one in segments)
    owned = LABELS | ({None} if evidence.group else set())
    assert {one.phase for one in segments} <= owned


@MANY
@given(strategies.evidence)
def test_phase_sums_and_the_members_time_are_the_attempt_s_length(evidence: TimelineInput) -> None:
    segments = timeline(evidence).segments
    members = sum(one.length for one in segments if one.phase is None)
    length = segments[-1].end - segments[0].start if segments else 0
    assert sum(phase_sums(segments).values()) + members == length


@MANY
@given(strategies.evidence)
def test_unobserved_time_has_a_reason(evidence: TimelineInput) -> None:
    result = timeline(evidence)
    if any(one.phase == UNOBSERVED for one in result.segments):
        assert result.unobserved


@given(strategies.evidence)
def test_the_same_evidence_gives_the_same_segments(evidence: TimelineInput) -> None:
    assert timeline(evidence) == timeline(evidence)


@given(strategies.evidence, strategies.moments)
def test_a_member_s_segments_tile_and_end_with_its_group(evidence: TimelineInput, end: int) -> None:
    segments = member_timeline(evidence.levels, None, end).segments
    assert all(one.end == following.start for one, following in pairwise(segments))
    assert all(one.length > 0 and one.end <= end for one in segments)


@given(strategies.remote_lengths, strategies.clock_leads)
def test_a_complete_attempt_on_a_node_has_its_true_phases_with_any_clock(
    lengths: dict[str, int], ahead: int
) -> None:
    """Only the split between what comes before the node and poll_wait is uncertain, in bounds."""
    result = timeline(strategies.remote_evidence(lengths, T0, ahead))
    found = phase_sums(result.segments)
    before = ("queue_wait", "job_script")
    mixed = (*before, "poll_wait")
    assert {p: m for p, m in found.items() if p not in mixed} == {
        p: m for p, m in lengths.items() if m and p not in mixed
    }
    assert sum(found.get(p, 0) for p in mixed) == sum(lengths[p] for p in mixed)
    offset = result.offset
    assert offset.low_s <= ahead / 1e6 <= offset.high_s
    for bounds, phases in (
        (offset.queue_wait_bounds_s, before),
        (offset.poll_wait_bounds_s, ("poll_wait",)),
    ):
        assert bounds[0] <= sum(lengths[phase] for phase in phases) / 1e6 <= bounds[1]
        assert bounds[0] <= sum(found.get(phase, 0) for phase in phases) / 1e6 <= bounds[1]


@given(strategies.remote_lengths)
def test_a_complete_attempt_whose_clocks_agree_has_its_true_phases(lengths: dict[str, int]) -> None:
    found = phase_sums(timeline(strategies.remote_evidence(lengths, T0)).segments)
    assert found == {phase: micros for phase, micros in lengths.items() if micros}


@MANY
@given(strategies.requeued())
def test_every_start_of_a_requeued_attempt_has_segments_and_the_last_start_s_are_exact(
    requeued: strategies.Requeued,
) -> None:
    """The end of an earlier start is unknown; the other segments are exact."""
    result = timeline(requeued.evidence)
    segments, known = result.segments, requeued.evidence.stamps
    assert all(one.end == following.start for one, following in pairwise(segments))
    assert (segments[0].start if segments else T0) == known.ready
    assert (segments[-1].end if segments else T0) == known.finished
    last = phase_sums(one for one in segments if one.start >= requeued.last_start)
    assert last == {phase: micros for phase, micros in requeued.lengths.items() if micros}
    again = [reason for reason in result.unobserved if reason.startswith("the cluster started it")]
    several = STARTED_AGAIN.format(count=requeued.starts)
    assert again == ([several] if requeued.starts > 1 else [])
