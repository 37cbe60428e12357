"""Properties of every makespan partition, of runs with known schedules and of tampered ones."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import strategies
from hypothesis import given, settings
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.analysis.cost.account import account, account_sums
from snakemake_logger_plugin_observe.analysis.cost.main_thread_work import (
    BusyStretch,
    MainThreadWork,
    stamped_work,
)
from snakemake_logger_plugin_observe.analysis.cost.partition import (
    MakespanSegment,
    partition,
    phase_totals,
)
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import by_class

MANY = settings(max_examples=80)


def assert_tiles(segments: list[MakespanSegment], start: int | None, end: int | None) -> None:
    if start is None or end is None or end <= start:
        assert segments == []
        return
    assert (segments[0].start, segments[-1].end) == (start, end)
    assert all(one.end == following.start for one, following in pairwise(segments))
    assert all(one.start < one.end for one in segments)


@MANY
@given(strategies.tampered_runs())
def test_segments_tile_the_makespan_of_any_run_and_the_walk_ends(run: Run) -> None:
    """Also with dependency cycles and ends before starts."""
    assert_tiles(partition(run), run.start, run.end)


@MANY
@given(strategies.tampered_runs())
def test_class_sums_are_the_makespan_of_any_run(run: Run) -> None:
    found = account(run)
    assert sum(found.makespan_by_class.values()) == found.makespan == run.makespan
    assert sum(found.makespan_by_phase.values()) == found.makespan
    assert sum(found.jobs_by_class.values()) == sum(found.jobs_by_phase.values())


@MANY
@given(strategies.tampered_runs())
def test_sums_alone_are_those_of_the_whole_account(run: Run) -> None:
    assert account_sums(run) == replace(account(run), segments=())


@MANY
@given(strategies.simulated_runs())
def test_segments_tile_a_simulated_run_and_nothing_is_unattributed(
    simulated: strategies.Simulated,
) -> None:
    run = simulated.run
    assert_tiles(partition(run), simulated.start, simulated.end)
    found = account(run)
    assert found.unattributed == 0
    assert sum(found.makespan_by_class.values()) == simulated.end - simulated.start


@MANY
@given(strategies.simulated_runs())
def test_every_attempt_of_a_simulated_run_has_its_true_phases(
    simulated: strategies.Simulated,
) -> None:
    run = simulated.run
    assert {key: attempt.phases for key, attempt in run.attempts.items()} == simulated.lengths


@MANY
@given(strategies.simulated_runs())
def test_no_attempt_owns_more_of_the_makespan_than_its_phases_took(
    simulated: strategies.Simulated,
) -> None:
    owned = Counter()
    for one in partition(simulated.run):
        if one.job_id is not None:
            owned[(one.job_id, one.attempt, one.phase)] += one.end - one.start
    for (job, attempt, phase), micros in owned.items():
        assert micros <= simulated.lengths[(job, attempt)][phase]


@MANY
@given(strategies.simulated_runs(slots=8))
def test_with_a_slot_for_every_job_none_waits_for_one(simulated: strategies.Simulated) -> None:
    found = account(simulated.run)
    because = {one.released_by.reason for one in found.segments if one.released_by}
    assert "freed_unknown" not in because
    assert found.makespan_by_class["limits"] == 0


@MANY
@given(strategies.simulated_runs())
def test_a_release_came_before_what_it_released(simulated: strategies.Simulated) -> None:
    run = simulated.run
    for one in partition(run):
        if one.released_by is not None and one.released_by.job_id is not None:
            releaser = run.attempts[(one.released_by.job_id, one.released_by.attempt)]
            assert releaser.end <= one.start


@MANY
@given(strategies.simulated_runs())
def test_a_dependency_that_released_a_job_is_one_of_its_dependencies(
    simulated: strategies.Simulated,
) -> None:
    for one in partition(simulated.run):
        if one.released_by is not None and one.released_by.reason == "dependency":
            assert one.released_by.job_id in simulated.needs[one.job_id]


@MANY
@given(strategies.tampered_runs())
def test_the_main_process_s_work_does_not_overlap_itself(run: Run) -> None:
    start, end = run.start or 0, run.end or 0
    tiles = MainThreadWork(run).owners(start, end, "idle")
    assert all(one.start < one.end for one in tiles)
    assert all(one.start == before.end for one, before in pairwise(tiles))
    assert not tiles or (tiles[-1].start, tiles[0].end) == (start, end)


@MANY
@given(strategies.tampered_runs(), st.data())
def test_the_work_of_a_stretch_is_that_of_its_parts_asked_for_from_its_end_back(
    run: Run, data: st.DataObject
) -> None:
    start, end = run.start or 0, max(run.start or 0, run.end or 0)
    inside = st.integers(start, end)
    borders = sorted({start, end, *data.draw(st.lists(inside, max_size=5))})
    work = MainThreadWork(run)
    parts = [
        tile
        for begin, until in reversed(list(pairwise(borders)))
        for tile in work.owners(begin, until, "idle")
    ]
    joined: list[BusyStretch] = []
    for one in parts:
        if joined and joined[-1][2:] == one[2:]:
            joined[-1] = joined[-1]._replace(start=one.start)
        else:
            joined.append(one)
    assert joined == MainThreadWork(run).owners(start, end, "idle")


@MANY
@given(strategies.tampered_runs())
def test_at_each_moment_the_most_specific_work_counts_of_equals_what_began_first(run: Run) -> None:
    """As a search through all of it finds, which takes too long for a large run."""
    start, end = run.start or 0, run.end or 0
    for tile in MainThreadWork(run).owners(start, end, "idle"):
        there = [one for one in stamped_work(run) if one[0] <= tile.start < one[1]]
        if not there:
            assert (tile.phase, tile.rank, tile.attempt, tile.line) == ("idle", -1, None, None)
            continue
        first = max(there, key=lambda one: (one[3], -one[0]))
        assert tile.rank == first[3]
        assert any(
            (one[2], one[5]) == (tile.phase, tile.line) and one[4] is tile.attempt
            for one in there
            if (one[3], one[0]) == (first[3], first[0])
        )


@given(strategies.simulated_runs())
def test_phase_totals_lead_to_the_same_class_totals(simulated: strategies.Simulated) -> None:
    segments = partition(simulated.run)
    totals = by_class(phase_totals(segments))
    for name, micros in totals.items():
        assert micros == sum(one.end - one.start for one in segments if one.cost_class == name)
