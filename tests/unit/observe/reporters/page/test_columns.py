"""The packed attempts and the packed path are those of the analyses."""

import strategies
from answers import STORIES
from builders import chain, grouped, on_cluster
from hypothesis import given
from pages import unpacked, unpacked_texts

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.jobs.table import rows
from snakemake_logger_plugin_observe.reporters.page import columns
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES

NAMES = [*PHASES, None]


def segments_of(run: Run, tick: int = 1) -> list[list[tuple[int, int, str | None]]]:
    """Return the segments of each attempt as the page reads them."""
    packed = columns.attempts(run, rows(run), tick)
    lengths = iter(unpacked(packed["length"]))
    found = []
    for start, number in zip(unpacked(packed["start"]), unpacked(packed["sequence"]), strict=True):
        at, own = start or 0, []
        for phase in packed["sequences"][number or 0]:
            length = next(lengths) or 0
            own.append((at, at + length, NAMES[phase]))
            at += length
        found.append(own)
    return found


def expected(run: Run) -> list[list[tuple[int, int, str | None]]]:
    began = run.start or 0
    return [
        [(max(0, one.start - began), max(0, one.end - began), one.phase) for one in segments]
        for segments in (row.attempt.segments for row in rows(run))
    ]


def test_segments_are_exact_where_a_tick_is_a_microsecond() -> None:
    for story in STORIES.values():
        run = story().run
        assert segments_of(run) == expected(run)


@given(strategies.tampered_runs())
def test_of_any_run_every_segment_is_there(run: Run) -> None:
    for own, row in zip(segments_of(run, 1000), rows(run), strict=True):
        assert [phase for _, _, phase in own] == [
            one.phase if one.phase in PHASES else None for one in row.attempt.segments
        ]


def test_a_tick_is_coarse_only_for_long_or_large_runs() -> None:
    hour = 3_600_000_000
    assert columns.tick_of(600_000_000, 30) == 1
    assert columns.tick_of(hour, 30) == 10
    assert columns.tick_of(600_000_000, 100_000) == 1_000
    assert columns.tick_of(90 * 24 * hour, 10) == 10_000


def test_the_path_ends_where_the_run_ends_and_names_its_attempts() -> None:
    run = chain().run
    found, segments = rows(run), partition(run)
    packed = columns.path(run, found, segments, 1)
    assert unpacked(packed["end"]) == [one.end - (run.start or 0) for one in segments]
    assert [list(PHASES)[phase or 0] for phase in unpacked(packed["phase"], 1)] == [
        one.phase for one in segments
    ]
    owners = [None if row is None else found[row].attempt.job_id for row in unpacked(packed["row"])]
    assert owners == [one.job_id for one in segments]
    assert "job 1 finished" in unpacked_texts(packed["whys"])


def test_what_is_known_of_an_attempt_is_in_its_columns() -> None:
    run = on_cluster(2).run
    packed = columns.attempts(run, rows(run), 1)
    assert [packed["rules"][n or 0] for n in unpacked(packed["rule"], 2)] == [
        row.rule for row in rows(run)
    ]
    assert unpacked(packed["job"]) == [row.attempt.job_id for row in rows(run)]
    externals = unpacked_texts(packed["externals"])
    assert [None if n is None else externals[n] for n in unpacked(packed["external"])] == [
        row.attempt.external_jobid for row in rows(run)
    ]


def test_a_group_has_a_name_and_no_job() -> None:
    run = grouped().run
    packed = columns.attempts(run, rows(run), 1)
    of_group = unpacked(packed["job"]).index(None)
    assert unpacked(packed["rule"], 2)[of_group] is None
    assert packed["groups"][unpacked(packed["group"], 2)[of_group] or 0]


def test_a_member_has_the_row_of_its_groups_submission() -> None:
    run = grouped().run
    own = rows(run)
    (group,) = [number for number, row in enumerate(own) if row.attempt.job_id is None]
    within = unpacked(columns.attempts(run, own, 1)["within"])
    assert within == [None if number == group else group for number in range(len(own))]
