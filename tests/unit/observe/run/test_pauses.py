"""What an attempt did while the main process did not run is unobserved."""

from itertools import pairwise

import pytest
from builders import (
    an_execution,
    at,
    begun,
    in_main,
    local,
    numbered,
    owners,
    phases_at,
    remote,
)

from snakemake_logger_plugin_observe.analysis.cost.validation import validate
from snakemake_logger_plugin_observe.journal.events import Paused
from snakemake_logger_plugin_observe.run.timeline import member_timeline, timeline

BEFORE_THE_TOOL = [
    *(("slot_wait", 0, 1), ("dispatch", 1, 2), ("stage_in", 2, 3), ("dispatch", 3, 5)),
    ("stage_in", 5, 6),
]
AFTER_THE_TOOL = [("stage_out", 7, 8), ("latency_wait", 8, 9), ("postprocess", 9, 10)]


def pause(start_s: float, end_s: float) -> Paused:
    return Paused(time=at(start_s), end=at(end_s))


def test_a_pause_inside_a_tool_in_main_is_not_its_compute() -> None:
    result = timeline(local(pauses=[pause(6.25, 6.75)]))
    assert phases_at(result) == [
        *BEFORE_THE_TOOL,
        *(("compute", 6, 6.25), ("unobserved", 6.25, 6.75), ("compute", 6.75, 7)),
        *AFTER_THE_TOOL,
    ]
    (reason,) = result.unobserved
    assert reason == (
        "the main process did not run from 2026-03-01T12:00:06.250000Z to "
        "2026-03-01T12:00:06.750000Z (stopped, or its machine asleep): what happened meanwhile was "
        "seen only after that"
    )


def test_a_tool_whose_end_was_seen_after_a_pause_computed_up_to_the_pause() -> None:
    result = timeline(local(pauses=[pause(6.5, 7.5)]))
    assert phases_at(result) == [
        *BEFORE_THE_TOOL,
        *(("compute", 6, 6.5), ("unobserved", 6.5, 7.5), ("stage_out", 7.5, 8)),
        *AFTER_THE_TOOL[1:],
    ]


def test_waiting_for_a_slot_goes_on_during_a_pause() -> None:
    assert timeline(local(pauses=[pause(0.2, 0.8)])).unobserved == []


def test_a_pause_outside_of_an_attempt_changes_nothing() -> None:
    assert timeline(local(pauses=[pause(-3, 0), pause(10, 12)])) == timeline(local())


def test_a_node_times_its_phases_while_the_main_process_pauses() -> None:
    alone, paused = timeline(remote()), timeline(remote(pauses=[pause(5, 11)]))
    assert phases_at(alone)[-3] == ("poll_wait", 10, 12)
    assert phases_at(paused) == [
        *phases_at(alone)[:-3],
        *(("unobserved", 10, 11), ("poll_wait", 11, 12)),
        *phases_at(alone)[-2:],
    ]


def test_segments_tile_the_attempt_with_any_pauses() -> None:
    result = timeline(local(pauses=[pause(0.5, 2.5), pause(2.5, 6.5), pause(8, 100)]))
    ends = [(one.start, one.end) for one in result.segments]
    assert (ends[0][0], ends[-1][1]) == (at(0), at(10))
    assert all(one[1] == other[0] for one, other in pairwise(ends))
    assert len(result.unobserved) == 3


def test_a_member_of_a_group_in_main_pauses_too() -> None:
    member = in_main(an_execution(begun=2, prepared=2, tool_started=3, tool_ended=8, checked=9))
    result = member_timeline([member], None, at(9), pauses=[pause(4, 7)])
    assert phases_at(result) == [
        *(("stage_in", 2, 3), ("compute", 3, 4), ("unobserved", 4, 7), ("compute", 7, 8)),
        ("stage_out", 8, 9),
    ]


@pytest.mark.parametrize("in_a_tool", [True, False])
def test_a_pause_owns_its_part_of_the_makespan(in_a_tool: bool) -> None:
    story = begun().job(1).add(Paused(time=at(5), end=at(9)))
    if in_a_tool:
        story.quick(1, 3, 3, 10).end(10)
        expected = [("compute", 1, 3, 5), ("unobserved", 1, 5, 9), ("compute", 1, 9, 10)]
    else:
        story.iteration(3, 10, (3, 10)).quick(1, 3, 10, 11).end(11)
        expected = [
            *(("select", None, 3, 5), ("unobserved", None, 5, 9), ("select", None, 9, 10)),
            ("compute", 1, 10, 11),
        ]
    assert owners(story.run)[3:] == expected
    assert validate(numbered(story.events), []).sound
