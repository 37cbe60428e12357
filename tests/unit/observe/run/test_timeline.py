"""The segments of one attempt, to the microsecond, for each shape that an attempt can have."""

from dataclasses import replace
from typing import Any

import pytest
from builders import (
    LATENCY,
    MAIN,
    NODE,
    REMOTE_STAMPS,
    T0,
    an_execution,
    at,
    evidence,
    in_main,
    level,
    local,
    nested,
    node_level,
    phases_at,
    remote,
    stamps,
    wait,
)

from snakemake_logger_plugin_observe.journal.records import Level, Offset, Stamps, StatusCheck
from snakemake_logger_plugin_observe.run.clock_offsets import KernelBoot, MainProcess
from snakemake_logger_plugin_observe.run.segments import Segment, Timeline, phase_sums
from snakemake_logger_plugin_observe.run.timeline import (
    TimelineInput,
    member_timeline,
    timeline,
)
from snakemake_logger_plugin_observe.run.unobserved import (
    ENDED_EARLY,
    NO_NODE_STAMPS,
    NO_WRAPPER,
    NODE_CUT_OFF,
    NOT_TIMED,
    ONLY_A_SIGN,
    STARTED_AGAIN,
    STILL_RUNNING,
    TOUCHED,
    UNNOTICED,
)

BEFORE_THE_NODE = [("slot_wait", 0, 1), ("dispatch", 1, 2), ("submit", 2, 3)]
AFTER_THE_REPORT = [("latency_wait", 12, 13), ("postprocess", 13, 14)]


def reasons(result: Timeline) -> list[str]:
    return list(dict.fromkeys(result.unobserved))


# -- in the main process -------------------------------------------------------------------------


def test_a_local_job_has_no_submission_and_no_node() -> None:
    """Its preparation is staging, though it comes before the acceptance."""
    result = timeline(local())
    assert phases_at(result) == [
        ("slot_wait", 0, 1),
        ("dispatch", 1, 2),
        ("stage_in", 2, 3),
        ("dispatch", 3, 5),
        ("stage_in", 5, 6),
        ("compute", 6, 7),
        ("stage_out", 7, 8),
        ("latency_wait", 8, 9),
        ("postprocess", 9, 10),
    ]
    assert (result.node, result.offset, result.unobserved) == (MAIN, None, [])


def test_a_cache_hit_in_main_is_staging_in_and_no_compute() -> None:
    """The model counts the fetch from the cache to ``stage_in``."""
    known = stamps(ready=0, selected=1, submitting=2, accepted=4, reported=7, finished=8)
    one = an_execution(begun=2, prepared=3, running=5, reported=6, status="cached")
    assert phases_at(timeline(evidence(known, in_main(one)))) == [
        ("slot_wait", 0, 1),
        ("dispatch", 1, 2),
        ("stage_in", 2, 3),
        ("dispatch", 3, 5),
        ("stage_in", 5, 6),
        ("stage_out", 6, 7),
        ("postprocess", 7, 8),
    ]


def test_a_process_spawned_for_a_run_directive_is_inside_its_execution() -> None:
    known = stamps(ready=0, selected=1, submitting=2, accepted=4, reported=12, finished=13)
    one = an_execution(begun=2, prepared=3, running=5, tool_started=6, tool_ended=11)
    tool = an_execution(begun=8, tool_started=8.5, tool_ended=9.5, checked=10)
    spawned = level(tool, host=MAIN, started=6, loaded=7, planned=8, ended=10.5)
    result = timeline(evidence(known, in_main(one), spawned))
    assert phases_at(result) == [
        ("slot_wait", 0, 1),
        ("dispatch", 1, 2),
        ("stage_in", 2, 3),
        ("dispatch", 3, 5),
        ("stage_in", 5, 6),
        ("node_startup", 6, 7),
        ("node_plan", 7, 8),
        ("stage_in", 8, 8.5),
        ("compute", 8.5, 9.5),
        ("stage_out", 9.5, 10),
        ("node_exit", 10, 11),
        ("stage_out", 11, 12),
        ("postprocess", 12, 13),
    ]
    assert result.unobserved == []


def test_a_spawned_process_may_start_a_clock_tick_early() -> None:
    known = stamps(ready=0, selected=1, submitting=2, accepted=2, reported=12, finished=12)
    one = an_execution(begun=2, prepared=2, running=2, tool_started=6, tool_ended=12)
    tool = an_execution(begun=8, tool_started=8, tool_ended=10, checked=10)
    spawned = level(tool, host=MAIN, started=5.99, loaded=7, planned=8, ended=12)
    assert phase_sums(timeline(evidence(known, in_main(one), spawned)).segments) == {
        "slot_wait": 1_000_000,
        "dispatch": 1_000_000,
        "node_startup": 1_000_000,
        "node_plan": 1_000_000,
        "stage_in": 4_000_000,
        "compute": 2_000_000,
        "node_exit": 2_000_000,
    }


def test_a_pipe_group_in_main_owns_only_the_sleep_of_its_own_loop() -> None:
    known = stamps(ready=0, selected=1, submitting=2, accepted=2.2, reported=8, finished=9)
    writer = an_execution(
        "writer", begun=2.5, prepared=2.6, running=2.7, tool_started=3, tool_ended=7
    )
    reader = an_execution(
        "reader", begun=2.6, prepared=2.7, running=2.8, tool_started=4, tool_ended=6
    )
    result = timeline(evidence(known, in_main(writer, reader), group=True))
    assert phases_at(result) == [
        ("slot_wait", 0, 1),
        ("dispatch", 1, 2.5),
        (None, 2.5, 7),
        ("postprocess", 7, 9),
    ]


def test_a_member_of_a_pipe_group_owns_its_staging_and_its_tool() -> None:
    one = an_execution("writer", begun=2.5, prepared=2.6, running=2.7, tool_started=3, tool_ended=7)
    assert phases_at(member_timeline((in_main(one),), None, at(9))) == [
        ("stage_in", 2.5, 3),
        ("compute", 3, 7),
    ]


def test_a_service_that_is_slow_to_stop_computed_until_snakemake_was_done_with_it() -> None:
    one = an_execution("serve", begun=2.5, prepared=2.6, running=2.7, tool_started=3)
    result = member_timeline((in_main(one),), None, at(9))
    assert phases_at(result) == [("stage_in", 2.5, 3), ("compute", 3, 9)]
    assert result.unobserved == [STILL_RUNNING]


# -- on a node -------------------------------------------------------------------------------------


def test_a_job_on_a_node_goes_through_every_phase() -> None:
    result = timeline(remote())
    assert phases_at(result) == [
        *BEFORE_THE_NODE,
        ("queue_wait", 3, 4),
        ("node_startup", 4, 5),
        ("node_plan", 5, 6),
        ("stage_in", 6, 7),
        ("compute", 7, 8),
        ("stage_out", 8, 9),
        ("node_exit", 9, 10),
        ("poll_wait", 10, 12),
        *AFTER_THE_REPORT,
    ]
    assert (result.node, result.unobserved) == (NODE, [])


def checked(**moments_s: float) -> StatusCheck:
    return StatusCheck(**{name: at(value) for name, value in moments_s.items()})


@pytest.mark.parametrize(
    ("check", "segments"),
    [
        pytest.param(
            checked(begun=11.9),
            [("node_exit", 9, 10), ("poll_wait", 10, 11.9), ("postprocess", 11.9, 12)],
            id="the first check",
        ),
        pytest.param(
            checked(begun=11.9, previous=9.9, slept=9.95),
            [("node_exit", 9, 10), ("poll_wait", 10, 11.9), ("postprocess", 11.9, 12)],
            id="it ended while the executor slept",
        ),
        pytest.param(
            checked(begun=11.9, previous=10.9, slept=10.95),
            [
                ("node_exit", 9, 10.9),
                ("postprocess", 10.9, 10.95),
                ("poll_wait", 10.95, 11.9),
                ("postprocess", 11.9, 12),
            ],
            id="a check found it running, though it had left the node: the cluster was at work",
        ),
        pytest.param(
            checked(begun=11.5, previous=9.5, slept=11),
            [
                ("node_exit", 9, 10),
                ("postprocess", 10, 11),
                ("poll_wait", 11, 11.5),
                ("postprocess", 11.5, 12),
            ],
            id="the check before waited for the main thread",
        ),
        pytest.param(
            checked(begun=9.5, previous=8),
            [("node_exit", 9, 10), ("postprocess", 10, 12)],
            id="it ended while a check went on",
        ),
    ],
)
def test_only_the_sleep_before_the_check_that_found_an_end_is_poll_wait(
    check: StatusCheck, segments: list[tuple[str, float, float]]
) -> None:
    found = phases_at(timeline(remote(status_check=check)))
    before = next(number for number, one in enumerate(found) if one[0] == "node_exit")
    assert found[before:] == [*segments, *AFTER_THE_REPORT]


def test_a_job_whose_end_the_node_did_not_stamp_has_no_status_check_s_phases() -> None:
    known = remote(status_check=checked(begun=11, previous=9))
    cut = replace(known, levels=[node_level(ended=None)])
    assert phases_at(timeline(cut))[-3:] == [("unobserved", 9, 12), *AFTER_THE_REPORT]


def test_what_follows_an_end_that_no_status_check_found_is_unobserved_and_called_so() -> None:
    known = remote()
    cut_off = known.stamps.but(reported=None, finished=None)
    result = timeline(replace(known, stamps=cut_off, until=known.stamps.finished))
    assert phases_at(result)[-1] == ("unobserved", 10, 14)
    assert result.unobserved == [UNNOTICED]


def with_ancestors(*moments_s: float, **more: Any) -> TimelineInput:
    known = remote(**more)
    ancestors = tuple(at(moment) for moment in moments_s)
    known.levels = [one.but(ancestors=ancestors) for one in known.levels]
    return known


@pytest.mark.parametrize(
    ("ancestors", "began"),
    [
        ((3.8, 3.4, 3.2, 1), 3.2),  # the batch script's shells, Slurm's process, a daemon
        ((3.8, 2.9, 2.5), 3.8),  # a submit command that starts it after a while
    ],
)
def test_the_job_script_begins_with_the_first_process_after_the_submission(
    ancestors: tuple[float, ...], began: float
) -> None:
    assert phases_at(timeline(with_ancestors(*ancestors)))[3:-9] == [
        ("queue_wait", 3, began),
        ("job_script", began, 4),
    ]


@pytest.mark.parametrize("shell", [0.5, 2.9], ids=["a pilot job", "a shell that waits for a slot"])
def test_processes_from_before_the_submission_say_nothing_about_the_job(shell: float) -> None:
    assert timeline(with_ancestors(shell, -60)) == timeline(remote())


def test_the_job_script_ends_with_the_shell_s_first_sign_of_life() -> None:
    result = timeline(with_ancestors(3.9, 3.2, node_starts=(3.5,)))
    assert phases_at(result)[3:6] == [
        ("queue_wait", 3, 3.2),
        ("job_script", 3.2, 3.5),
        ("node_startup", 3.5, 5),
    ]


def test_the_job_script_of_a_node_whose_clock_is_behind_is_on_that_clock() -> None:
    known = evidence(REMOTE_STAMPS, node_level(-90), waits=LATENCY)
    ancestors = (at(3.4 - 90),)
    known.levels = [one.but(ancestors=ancestors) for one in known.levels]
    phases = phase_sums(timeline(known).segments)
    waits = sum(phases.get(name, 0) for name in ("queue_wait", "job_script", "poll_wait"))
    assert (waits, phases["node_startup"]) == (3_000_000, 1_000_000)


def test_an_acceptance_that_was_not_recorded_hides_only_the_time_up_to_the_node() -> None:
    known = remote()
    result = timeline(replace(known, stamps=known.stamps.but(accepted=None)))
    before, after = phases_at(result)[:3], phases_at(result)[3:]
    assert [phase for phase, _start, _end in before] == ["slot_wait", "dispatch", "unobserved"]
    assert after == phases_at(timeline(known))[-len(after) :]
    assert "compute" in [phase for phase, _start, _end in after]
    assert reasons(result) == [NOT_TIMED]


def test_the_first_sign_of_life_ends_queue_wait_before_the_interpreter_starts() -> None:
    result = timeline(remote(node_starts=[3.5]))
    assert phases_at(result)[3:5] == [("queue_wait", 3, 3.5), ("node_startup", 3.5, 5)]


def test_a_nested_process_is_inside_its_outer_process() -> None:
    """So it is with slurm, where ``slurm-jobstep`` wraps the process that runs the tool."""
    result = timeline(nested())
    assert phases_at(result) == [
        *BEFORE_THE_NODE,
        ("queue_wait", 3, 4),
        ("node_startup", 4, 5),
        ("node_plan", 5, 6),
        ("node_startup", 6, 8),
        ("node_plan", 8, 9),
        ("stage_in", 9, 10),
        ("compute", 10, 11),
        ("stage_out", 11, 12),
        ("node_exit", 12, 14),
        ("poll_wait", 14, 16),
        ("postprocess", 16, 17),
    ]
    assert result.unobserved == []


def test_a_cache_hit_on_a_node_is_staging_in_and_no_compute() -> None:
    one = an_execution(begun=6, prepared=6.5, running=6.7, reported=8, checked=9, status="cached")
    node = level(one, started=4, loaded=5, planned=6, ended=10)
    result = timeline(evidence(REMOTE_STAMPS, node, waits=LATENCY))
    assert phases_at(result)[4:9] == [
        ("node_startup", 4, 5),
        ("node_plan", 5, 6),
        ("stage_in", 6, 8),
        ("stage_out", 8, 9),
        ("node_exit", 9, 10),
    ]


def test_rule_level_retries_are_executions_inside_one_attempt() -> None:
    first = an_execution(begun=6, tool_started=6.5, tool_ended=7, checked=7.2, status="failed")
    second = an_execution(begun=7.4, tool_started=7.5, tool_ended=8.5, checked=9, number=2)
    node = level(first, second, started=4, loaded=5, planned=6, ended=10)
    result = timeline(evidence(REMOTE_STAMPS, node, waits=LATENCY))
    assert phases_at(result)[6:13] == [
        ("stage_in", 6, 6.5),
        ("compute", 6.5, 7),
        ("stage_out", 7, 7.2),
        ("stage_in", 7.2, 7.5),
        ("compute", 7.5, 8.5),
        ("stage_out", 8.5, 9),
        ("node_exit", 9, 10),
    ]


def test_waiting_for_inputs_while_the_node_plans_is_staging() -> None:
    node = node_level(waits=(wait("stage_in", 5.25, 5.75),))
    result = timeline(evidence(REMOTE_STAMPS, node, waits=LATENCY))
    assert phases_at(result)[4:8] == [
        ("node_startup", 4, 5),
        ("node_plan", 5, 5.25),
        ("stage_in", 5.25, 5.75),
        ("node_plan", 5.75, 6),
    ]


def test_storing_outputs_after_the_tool_is_staging() -> None:
    node = node_level(waits=(wait("stage_out", 9, 9.5),))
    result = timeline(evidence(REMOTE_STAMPS, node, waits=LATENCY))
    assert phases_at(result)[8:10] == [("stage_out", 8, 9.5), ("node_exit", 9.5, 10)]


def test_retrieval_in_main_before_the_submission_is_staging() -> None:
    waits = (wait("stage_in", 1.25, 1.75), *LATENCY)
    result = timeline(evidence(REMOTE_STAMPS, node_level(), waits=waits))
    assert phases_at(result)[:4] == [
        ("slot_wait", 0, 1),
        ("dispatch", 1, 1.25),
        ("stage_in", 1.25, 1.75),
        ("dispatch", 1.75, 2),
    ]


# -- groups on a node --------------------------------------------------------------------------------

GROUP_STAMPS = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=13, finished=14)


def group_on_a_node(second_begins_s: float) -> TimelineInput:
    first = an_execution("map", begun=6.5, tool_started=7, tool_ended=9, checked=9.5)
    second = an_execution(
        "sort", begun=second_begins_s, tool_started=10.5, tool_ended=11, checked=11.5
    )
    node = level(first, second, started=4, loaded=5, planned=6, ended=12)
    return evidence(GROUP_STAMPS, node, group=True)


def test_overlapping_members_of_a_group_share_one_segment() -> None:
    assert phases_at(timeline(group_on_a_node(8))) == [
        *BEFORE_THE_NODE,
        ("queue_wait", 3, 4),
        ("node_startup", 4, 5),
        ("node_plan", 5, 6),
        ("member_wait", 6, 6.5),
        (None, 6.5, 11.5),
        ("node_exit", 11.5, 12),
        ("poll_wait", 12, 13),
        ("postprocess", 13, 14),
    ]


def test_the_time_between_a_group_s_members_is_member_wait() -> None:
    assert phases_at(timeline(group_on_a_node(10)))[6:10] == [
        ("member_wait", 6, 6.5),
        (None, 6.5, 9.5),
        ("member_wait", 9.5, 10),
        (None, 10, 11.5),
    ]


def test_the_members_time_is_not_counted_for_the_group() -> None:
    sums = phase_sums(timeline(group_on_a_node(10)).segments)
    assert "compute" not in sums
    assert sum(sums.values()) == 14_000_000 - 4_500_000


def test_a_member_on_a_node_is_converted_to_the_main_clock() -> None:
    ahead = Offset(host=NODE, assumed_s=90.0)
    one = an_execution(begun=6.5, tool_started=7, tool_ended=9, checked=9.5, ahead_s=90)
    result = member_timeline((level(one, started=94),), ahead, at(14))
    assert phases_at(result) == [("stage_in", 6.5, 7), ("compute", 7, 9), ("stage_out", 9, 9.5)]
    assert result.node == NODE


def test_a_member_without_stamps_has_a_reason() -> None:
    result = member_timeline((), None, at(14))
    assert (result.segments, result.unobserved) == ([], [NO_NODE_STAMPS])


def test_a_member_killed_in_its_tool_is_unobserved_from_there() -> None:
    one = an_execution(begun=6.5, tool_started=7, status="running")
    result = member_timeline((level(one, started=4),), None, at(14))
    assert phases_at(result)[0] == ("stage_in", 6.5, 7)
    assert result.unobserved == [NODE_CUT_OFF]


# -- what is missing -----------------------------------------------------------------------------------


def test_without_node_stamps_the_node_s_time_is_one_unobserved_segment() -> None:
    result = timeline(evidence(REMOTE_STAMPS, waits=LATENCY))
    assert phases_at(result) == [*BEFORE_THE_NODE, ("unobserved", 3, 12), *AFTER_THE_REPORT]
    assert (result.unobserved, result.offset, result.node) == ([NO_NODE_STAMPS], None, None)


def test_with_only_the_first_sign_of_life_queue_wait_is_known() -> None:
    result = timeline(evidence(REMOTE_STAMPS, node_starts=[4], waits=LATENCY))
    assert phases_at(result) == [
        *BEFORE_THE_NODE,
        ("queue_wait", 3, 4),
        ("unobserved", 4, 12),
        *AFTER_THE_REPORT,
    ]
    assert result.unobserved == [ONLY_A_SIGN]


def test_a_job_killed_in_its_tool_is_known_up_to_the_tool_s_start() -> None:
    one = an_execution(begun=6, prepared=6.5, running=6.7, tool_started=7, status="running")
    node = level(one, started=4, loaded=5, planned=6)
    result = timeline(evidence(REMOTE_STAMPS, node, waits=LATENCY))
    assert phases_at(result)[3:] == [
        ("queue_wait", 3, 4),
        ("node_startup", 4, 5),
        ("node_plan", 5, 6),
        ("stage_in", 6, 7),
        ("unobserved", 7, 12),
        *AFTER_THE_REPORT,
    ]
    assert reasons(result) == [NODE_CUT_OFF]


def test_a_node_that_ended_while_planning_was_in_node_plan() -> None:
    """A Snakefile that does not parse there: the process leaves, and stamps its end."""
    node = level(started=4, loaded=5, ended=10)
    result = timeline(evidence(REMOTE_STAMPS, node))
    assert phases_at(result)[3:6] == [
        ("queue_wait", 3, 4),
        ("node_startup", 4, 5),
        ("node_plan", 5, 10),
    ]
    assert result.unobserved == []


def test_a_report_before_the_node_had_ended_cuts_the_node_there() -> None:
    node = node_level(ended=20)
    result = timeline(evidence(REMOTE_STAMPS, node, waits=LATENCY))
    assert phases_at(result)[8:] == [("stage_out", 8, 9), ("node_exit", 9, 12), *AFTER_THE_REPORT]
    assert result.unobserved == [ENDED_EARLY]
    assert result.offset == Offset(host=NODE, assumed_s=0.0)


def test_a_report_in_the_middle_of_the_tool_cuts_the_tool_there() -> None:
    known = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=7.5, finished=14)
    result = timeline(evidence(known, node_level(ended=20)))
    assert phases_at(result)[6:] == [
        ("stage_in", 6, 7),
        ("compute", 7, 7.5),
        ("postprocess", 7.5, 14),
    ]


def test_a_refused_submission_has_no_node() -> None:
    known = stamps(ready=0, selected=1, submitting=2, reported=3, finished=4)
    result = timeline(evidence(known))
    assert phases_at(result) == [
        ("slot_wait", 0, 1),
        ("dispatch", 1, 2),
        ("submit", 2, 3),
        ("postprocess", 3, 4),
    ]
    assert result.unobserved == []


def test_an_attempt_given_up_before_its_submission_began_was_being_dispatched() -> None:
    """What was cancelled or lost has the phases that it reached, and no others."""
    result = timeline(evidence(stamps(ready=0, selected=1, finished=14)))
    assert phases_at(result) == [("slot_wait", 0, 1), ("dispatch", 1, 14)]


def test_an_attempt_given_up_before_it_was_accepted_was_being_submitted() -> None:
    result = timeline(evidence(stamps(ready=0, selected=1, submitting=2, finished=14)))
    assert phases_at(result) == [("slot_wait", 0, 1), ("dispatch", 1, 2), ("submit", 2, 14)]


def test_an_executor_without_run_job_is_unobserved_inside() -> None:
    result = timeline(evidence(stamps(ready=0, selected=1, reported=5, finished=6)))
    assert phases_at(result) == [("slot_wait", 0, 1), ("unobserved", 1, 5), ("postprocess", 5, 6)]
    assert result.unobserved == [NOT_TIMED]


def test_without_the_wrapper_only_the_wait_for_a_slot_is_known() -> None:
    result = timeline(evidence(stamps(ready=0, selected=1, finished=6), wrapped=False))
    assert phases_at(result) == [("slot_wait", 0, 1), ("unobserved", 1, 6)]
    assert result.unobserved == [NO_WRAPPER]


def test_a_run_that_touches_its_outputs_runs_no_tool() -> None:
    """Snakemake wraps no executor then, whatever was asked for."""
    result = timeline(evidence(stamps(ready=0, finished=6), wrapped=False, touched=True))
    assert result.unobserved == [TOUCHED]


def test_a_wait_with_an_unknown_phase_is_unobserved() -> None:
    result = timeline(evidence(REMOTE_STAMPS, node_level(), waits=(wait("[red]", 12, 13),)))
    assert phases_at(result)[-2:] == [("unobserved", 12, 13), ("postprocess", 13, 14)]


def test_an_attempt_without_stamps_has_no_segments() -> None:
    assert timeline(evidence(Stamps())).segments == []


def test_an_attempt_without_a_ready_stamp_begins_with_its_first_stamp() -> None:
    assert phases_at(timeline(evidence(stamps(selected=1, submitting=2, reported=3, finished=4))))[
        0
    ] == (
        "dispatch",
        1,
        2,
    )


def test_a_running_attempt_has_phases_up_to_now() -> None:
    known = stamps(ready=0, selected=1, submitting=2, accepted=3)
    assert phases_at(timeline(evidence(known, until=20, tool_started=4))) == [
        *BEFORE_THE_NODE,
        ("stage_in", 3, 4),
        ("compute", 4, 20),
    ]


def test_a_submitted_attempt_without_node_stamps_is_unobserved_up_to_now() -> None:
    known = stamps(ready=0, selected=1, submitting=2, accepted=3)
    result = timeline(evidence(known, until=20))
    assert phases_at(result) == [*BEFORE_THE_NODE, ("unobserved", 3, 20)]
    assert result.unobserved == [NO_NODE_STAMPS]


def test_a_cycle_of_parent_processes_ends() -> None:
    """Fragments are untrusted: here two processes each claim to run inside the other's tool."""
    one = an_execution(tool_started=5, tool_ended=8)
    pair = [level(one.but(), host=MAIN, pid=pid, started=6, loaded=6) for pid in (1, 2)]
    result = member_timeline(pair, None, at(14))
    assert sum(segment.length for segment in result.segments) <= 9_000_000
    known = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=12, finished=14)
    result = timeline(evidence(known, in_main(one), *pair))
    assert (result.segments[0].start, result.segments[-1].end) == (at(0), at(14))


# -- two clocks -------------------------------------------------------------------------------------------

NODE_ONLY = ("node_startup", "node_plan", "stage_in", "compute", "stage_out", "node_exit")


def test_a_node_clock_that_may_agree_has_no_assumed_offset() -> None:
    assert timeline(remote()).offset == Offset(
        host=NODE,
        assumed_s=0.0,
        low_s=-2.0,
        high_s=1.0,
        queue_wait_bounds_s=(0.0, 3.0),
        poll_wait_bounds_s=(0.0, 3.0),
    )


@pytest.mark.parametrize(
    ("ahead_s", "offset", "queue_wait_s", "poll_wait_s"),
    [
        # gone at 100 on its clock, reported at 12: it is ahead by 88 s at least
        (90, (88.0, 88.0, 91.0), 3, 0),
        # started at -86 on its clock, accepted at 3: it is behind by 89 s at least
        (-90, (-89.0, -92.0, -89.0), 0, 3),
    ],
)
def test_a_wrong_node_clock_leaves_the_node_s_phases_and_the_sum_of_waits_exact(
    ahead_s: float, offset: tuple[float, float, float], queue_wait_s: float, poll_wait_s: float
) -> None:
    result = timeline(remote(ahead_s=ahead_s))
    sums = phase_sums(result.segments)
    assert {phase: sums[phase] for phase in NODE_ONLY} == dict.fromkeys(NODE_ONLY, 1_000_000)
    assert sums.get("queue_wait", 0) == queue_wait_s * 1_000_000
    assert sums.get("poll_wait", 0) == poll_wait_s * 1_000_000
    assumed, low, high = offset
    assert result.offset == Offset(
        host=NODE,
        assumed_s=assumed,
        low_s=low,
        high_s=high,
        queue_wait_bounds_s=(0.0, 3.0),
        poll_wait_bounds_s=(0.0, 3.0),
    )
    assert low <= ahead_s <= high


def test_a_process_on_the_main_host_has_the_main_clock() -> None:
    node = node_level(host=MAIN)
    result = timeline(evidence(REMOTE_STAMPS, node, waits=LATENCY))
    assert result.offset == Offset(host=MAIN, assumed_s=0.0, low_s=0.0, high_s=0.0)


def test_segments_are_named_by_their_moments() -> None:
    one = Segment(T0, T0 + 5, "compute")
    assert (one.start, one.end, one.phase, one.length) == (T0, T0 + 5, "compute", 5)


def test_phase_sums_are_in_the_model_s_order() -> None:
    segments = [Segment(0, 2, "compute"), Segment(2, 3, "stage_in"), Segment(3, 7, "compute")]
    assert list(phase_sums(segments).items()) == [("stage_in", 1), ("compute", 6)]


# -- started more than once -----------------------------------------------------------------------


def requeued(*, killed: bool, signs: bool = True) -> TimelineInput:
    """Return an attempt that the cluster started at 4, and again at 20."""
    known = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=30, finished=31)
    first = node_level().but(ended=None if killed else at(10))
    again = node_level(started=20, loaded=21, planned=22, ended=28, pid=2).but(
        executions=(an_execution(tool_started=24, tool_ended=26, checked=27),), restarts=1
    )
    return evidence(known, first, again, node_starts=[4, 20] if signs else [])


@pytest.mark.parametrize("signs", [True, False])
def test_a_requeued_job_has_segments_of_both_starts(signs: bool) -> None:
    """The shell's stamps distinguish them, or else the cluster's count of restarts."""
    result = timeline(requeued(killed=False, signs=signs))
    assert phases_at(result)[8:] == [
        ("stage_out", 8, 9),
        ("node_exit", 9, 10),
        ("queue_wait", 10, 20),
        ("node_startup", 20, 21),
        ("node_plan", 21, 22),
        ("stage_in", 22, 24),
        ("compute", 24, 26),
        ("stage_out", 26, 27),
        ("node_exit", 27, 28),
        ("poll_wait", 28, 30),
        ("postprocess", 30, 31),
    ]
    assert result.unobserved == [STARTED_AGAIN.format(count=2)]


def test_the_end_of_a_killed_start_is_unobserved() -> None:
    result = timeline(requeued(killed=True))
    assert phases_at(result)[8:11] == [
        ("stage_out", 8, 9),
        ("unobserved", 9, 20),
        ("node_startup", 20, 21),
    ]
    assert result.unobserved == [NODE_CUT_OFF, STARTED_AGAIN.format(count=2)]


# -- a submit command that stays until the job has ended ---------------------------------------------

BLOCKING = stamps(ready=0, selected=1, submitting=2, accepted=11, reported=12, finished=13)


def blocking(**more: Any) -> TimelineInput:
    """Return a job on the main host that ran from 4 to 10, inside its own submission."""
    here = KernelBoot("a-boot", at(-1000))
    node = node_level().but(boot_id=here.id, boot_time=here.time)
    return evidence(BLOCKING, node, waits=LATENCY, **{"main": MainProcess(MAIN, here), **more})


def test_a_job_that_ran_while_its_submit_command_did_has_its_own_phases() -> None:
    result = timeline(blocking())
    assert phases_at(result) == [
        ("slot_wait", 0, 1),
        ("dispatch", 1, 2),
        ("submit", 2, 4),
        ("node_startup", 4, 5),
        ("node_plan", 5, 6),
        ("stage_in", 6, 7),
        ("compute", 7, 8),
        ("stage_out", 8, 9),
        ("node_exit", 9, 10),
        ("submit", 10, 11),
        ("poll_wait", 11, 12),
        ("latency_wait", 12, 13),
    ]
    assert result.unobserved == []


def test_a_group_that_ran_while_its_submit_command_did_leaves_its_members_their_time() -> None:
    result = timeline(blocking(group=True))
    assert (None, 6, 9) in phases_at(result)
    assert phase_sums(result.segments)["submit"] == 3_000_000


def test_a_job_that_began_before_its_acceptance_and_went_on_has_another_clock() -> None:
    known = stamps(ready=0, selected=1, submitting=2, accepted=5, reported=12, finished=14)
    result = timeline(remote(known=known))
    assert ("submit", 2, 5) in phases_at(result)
    assert result.offset is not None
    assert result.offset.high_s == -1


# -- a group whose members run in processes of their own ---------------------------------------------


def of_members(*inner: Level, ended: float = 40) -> TimelineInput:
    """Return the evidence of a group whose jobs a process on the node starts one by one."""
    known = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=50, finished=51)
    jobs = [an_execution(begun=6, reported=39, wildcards={"i": name}) for name in "ab"]
    outer = level(*jobs, wraps="slurm-jobstep", started=4, loaded=5, planned=6, ended=ended)
    return evidence(known, outer, *inner, group=True)


def member(name: str, start: float, **more: Any) -> Level:
    """Return the process of a member: five seconds from its start to its tool, which takes four."""
    moments = {"selected": 3, "begun": 3, "tool_started": 5, "tool_ended": 9, "checked": 10}
    known = {key: start + later for key, later in moments.items()}
    tool = an_execution(wildcards={"i": name}, **{**known, **more})
    steps = {"started": start, "loaded": start + 2, "planned": start + 3, "ended": start + 12}
    return level(tool, pid=200 + int(start), **steps)


def test_members_in_processes_of_their_own_have_their_tools_time() -> None:
    first, second = member("a", 7), member("b", 20)
    known = of_members(first, second)
    assert phases_at(timeline(known))[3:] == [
        ("queue_wait", 3, 4),
        ("node_startup", 4, 5),
        ("node_plan", 5, 6),
        ("node_startup", 6, 9),
        ("node_plan", 9, 10),
        (None, 10, 17),
        ("member_wait", 17, 20),
        ("node_startup", 20, 22),
        ("node_plan", 22, 23),
        (None, 23, 30),
        ("node_exit", 30, 40),
        ("poll_wait", 40, 50),
        ("postprocess", 50, 51),
    ]
    own = known.levels[0].executions[0]
    outer = known.levels[0].but(executions=(own,))
    assert phases_at(member_timeline([outer, first], None, at(51))) == [
        ("stage_in", 10, 12),
        ("compute", 12, 16),
        ("stage_out", 16, 17),
    ]


def test_a_member_s_time_comes_before_the_start_up_of_one_beside_it() -> None:
    found = phases_at(timeline(of_members(member("a", 7), member("b", 9))))
    assert found[6:11] == [
        ("node_startup", 6, 9),
        ("node_plan", 9, 10),
        (None, 10, 19),
        ("node_exit", 19, 40),
        ("poll_wait", 40, 50),
    ]


def test_a_retry_in_another_process_is_the_member_s_with_its_start_up() -> None:
    first, again = member("a", 7, status="failed"), member("a", 20)
    known = of_members(first, again)
    assert (None, 10, 30) in phases_at(timeline(known))
    own = known.levels[0].but(executions=known.levels[0].executions[:1])
    assert phases_at(member_timeline([own, first, again], None, at(51))) == [
        ("stage_in", 10, 12),
        ("compute", 12, 16),
        ("stage_out", 16, 17),
        ("node_exit", 17, 20),
        ("node_startup", 20, 22),
        ("node_plan", 22, 23),
        ("stage_in", 23, 25),
        ("compute", 25, 29),
        ("stage_out", 29, 30),
    ]


def test_what_is_between_two_runs_of_a_whole_group_is_the_group_s() -> None:
    """A process on the node runs all of the group; a retry is another one, for all of it."""
    first, again = member("a", 7, status="failed"), member("a", 20)
    outer = level(
        an_execution(rule=None, begun=6, reported=19),
        an_execution(rule=None, begun=19, reported=39),
        wraps="slurm-jobstep",
        started=4,
        loaded=5,
        planned=6,
        ended=40,
    )
    known = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=50, finished=51)
    own = phases_at(timeline(evidence(known, outer, first, again, group=True)))
    its = phases_at(member_timeline([first, again], None, at(51)))
    assert its == [
        ("stage_in", 10, 12),
        ("compute", 12, 16),
        ("stage_out", 16, 17),
        (None, 17, 23),
        ("stage_in", 23, 25),
        ("compute", 25, 29),
        ("stage_out", 29, 30),
    ]
    assert [(begin, end) for phase, begin, end in own if phase is None] == [(10, 17), (23, 30)]


def test_a_member_whose_process_wrote_nothing_has_no_timing() -> None:
    known = of_members()
    assert member_timeline([known.levels[0]], None, at(51)).segments == []
