"""The segments of an attempt, as they are kept."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES
from snakemake_logger_plugin_observe.run.segments import (
    NO_SEGMENTS,
    Segment,
    Segments,
    phase_sums,
)

LABELS = st.sampled_from([None, *(phase.name for phase in ATTEMPT_PHASES)])
MOMENTS = st.integers(0, 2**70)  # a tampered journal has moments that no 64 bits hold
ROWS = st.lists(st.builds(Segment, MOMENTS, MOMENTS, LABELS), max_size=8)
TILES = st.tuples(st.lists(MOMENTS, min_size=2, max_size=9), st.lists(LABELS, min_size=8)).map(
    lambda drawn: [
        Segment(*two, label) for two, label in zip(pairwise(drawn[0]), drawn[1], strict=False)
    ]
)


@given(ROWS | TILES)
def test_segments_are_kept_as_they_are(row: list[Segment]) -> None:
    kept = Segments(row)
    assert list(kept) == row
    assert all(type(one) is Segment for one in kept)
    assert list(kept.plain()) == row
    assert list(reversed(kept)) == row[::-1]
    assert [kept[index] for index in range(len(kept))] == row
    assert kept[1:] == row[1:]
    assert (kept == row, row == kept, kept == Segments(row)) == (True, True, True)
    assert hash(kept) == hash(Segments(row))
    assert repr(kept) == repr(row)
    assert bool(kept) == bool(row)


@given(ROWS | TILES, ROWS | TILES)
def test_other_segments_are_not_equal(row: list[Segment], other: list[Segment]) -> None:
    assert (Segments(row) == Segments(other)) == (row == other)
    assert (Segments(row) == other) == (row == other)


@given(ROWS | TILES)
def test_the_sums_of_phases_are_those_of_the_segments(row: list[Segment]) -> None:
    kept = Segments(row)
    sums = dict.fromkeys(kept.phases, 0)
    kept.add_to(sums)
    assert list(sums.items()) == list(phase_sums(row).items()) == list(phase_sums(kept).items())


@given(ROWS | TILES, st.frozensets(LABELS.filter(bool)))
def test_those_of_some_phases_are_found(row: list[Segment], phases: frozenset[str]) -> None:
    assert Segments(row).of_phases(phases) == [one for one in row if one.phase in phases]


@given(TILES)
def test_what_is_end_to_end_can_be_made_of_lengths(row: list[Segment]) -> None:
    lengths, labels = [one.length for one in row], tuple(one.phase for one in row)
    start = row[0].start if row else 0
    assert Segments.end_to_end(start, lengths, labels) == row


def test_without_segments_there_is_no_start_and_no_end() -> None:
    assert (NO_SEGMENTS.start, NO_SEGMENTS.end, len(NO_SEGMENTS)) == (None, None, 0)
    assert list(NO_SEGMENTS.plain()) == NO_SEGMENTS == []


def test_the_first_start_and_the_last_end_are_at_hand() -> None:
    kept = Segments([Segment(1, 3, "submit"), Segment(5, 8, None)])
    assert (kept.start, kept.end, kept.phases) == (1, 8, ("submit",))
