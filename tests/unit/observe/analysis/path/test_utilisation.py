"""Slots over time: what was ready, queued or running, and when a slot idled with work ready."""

import strategies
from builders import SECOND, T0, Story, an_execution, at, begun, chain, killed, level, stamps
from hypothesis import given, settings

from snakemake_logger_plugin_observe.analysis.path.utilisation import Stall, utilisation
from snakemake_logger_plugin_observe.run.model import Run


def steps(run: Run) -> list[tuple[float, int, int, int]]:
    """Return the states over time as (seconds, ready, queued, running)."""
    return [
        ((step.moment - T0) / SECOND, step.ready, step.queued, step.running)
        for step in utilisation(run).steps
    ]


def stalls(run: Run) -> list[tuple[float, float, int]]:
    return [
        ((one.start - T0) / SECOND, (one.end - T0) / SECOND, one.ready)
        for one in utilisation(run).stalls
    ]


def remote(**facts: object) -> Story:
    """Return a job: ready at 3, selected at 4, queued until 6, on its node until 10, reported at 12."""
    story = begun(**facts).job(1, threads=1)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=12, finished=13)
    one = an_execution(begun=7, tool_started=8, tool_ended=9, checked=9)
    node = level(one, started=6, loaded=7, planned=7, ended=10)
    return story.attempt(1, known, node).end(14)


def test_a_job_is_ready_then_queued_then_running_until_its_end_is_reported() -> None:
    assert steps(remote().run) == [(3, 1, 0, 0), (4, 0, 1, 0), (6, 0, 0, 1), (12, 0, 0, 0)]
    found = utilisation(remote().run)
    assert (found.ready_s, found.queued_s, found.running_s) == (1, 2, 6)


def test_jobs_at_the_same_time_are_counted_together() -> None:
    story = begun(jobs=2).job(1).job(2).quick(1, 3, 3, 6).quick(2, 3, 4, 5)
    assert steps(story.end(6).run) == [
        (3, 1, 0, 1),
        (4, 0, 0, 2),
        (5, 0, 0, 1),
        (6, 0, 0, 0),
    ]


def test_a_slot_that_idles_with_work_ready_is_a_stall_with_its_line() -> None:
    # two slots: 2 was ready at 3 and selected at 5
    story = begun(jobs=2).job(1).job(2).quick(1, 3, 3, 10).quick(2, 3, 5, 8)
    found = utilisation(story.end(10).run)
    assert found.stalls == (Stall(at(3), at(5), 1, 2, None, 1, 6),)
    assert (found.stalled, found.slots, found.slot_kind) == (2 * SECOND, 2, "jobs")
    assert b'"job_id":2' in story.lines[5]


def two_in_turn(**facts: object) -> Run:
    """Return two jobs of one core and 6 GB, ready at 3, one after the other."""
    story = begun(wraps="local", **facts)
    for number, begin in ((1, 3), (2, 10)):
        story.job(number, threads=1, resources={"mem_mb": 6000}).quick(number, 3, begin, begin + 7)
    return story.end(17).run


def test_what_kept_work_back_while_cores_were_idle_is_named() -> None:
    memory = two_in_turn(cores=4, resources={"mem_mb": 8000})
    assert utilisation(memory).kept_back == (("mem_mb", 7 * SECOND),)
    assert utilisation(two_in_turn(cores=1)).kept_back == ()


def test_work_that_waits_while_all_slots_are_taken_is_no_stall() -> None:
    # one slot until 10: then half a second of the scheduler
    story = begun(jobs=1).job(1).job(2).quick(1, 3, 3, 10).quick(2, 3, 10.5, 12)
    assert stalls(story.end(12).run) == [(10, 10.5, 1)]


def test_work_that_is_too_large_for_what_is_free_is_not_a_stall() -> None:
    story = begun(cores=4).job(1, threads=2).job(2, threads=3).job(3, threads=2)
    story.quick(1, 3, 3, 6).quick(2, 3, 7, 9).quick(3, 3, 4, 9)
    # 3 waited from 3 to 4 next to 1; 2 fits from 6 on only if 3 had not been there
    assert stalls(story.end(9).run) == [(3, 4, 1)]


def test_a_named_resource_can_be_what_is_missing() -> None:
    asks = {"threads": 1, "resources": {"mem_mb": 900}}
    story = begun(cores=4, resources={"mem_mb": 1500}).job(1, **asks).job(2, **asks)
    assert stalls(story.quick(1, 3, 3, 6).quick(2, 3, 7, 9).end(9).run) == [(6, 7, 1)]


def test_stretches_that_touch_are_one_and_the_longest_comes_first() -> None:
    story = begun(jobs=5).job(1).job(2, needs=(1,)).job(3).job(4)
    story.quick(1, 3, 3.5, 5).quick(2, 5, 9, 10).quick(3, 3, 4, 5).quick(4, 4, 4.25, 5)
    # 1 and 3 wait to 3.5 and 4, 4 to 4.25: one stretch, two at once; 2 waits for four seconds
    assert stalls(story.end(10).run) == [(5, 9, 1), (3, 4.25, 2)]


def test_without_a_known_limit_there_are_no_slots() -> None:
    found = utilisation(chain().run)
    assert (found.slots, found.slot_kind, found.stalls, found.stalled) == (None, None, (), 0)


def test_the_states_of_a_killed_run_end_at_its_last_moment() -> None:
    assert steps(killed().run)[-1] == (20, 0, 0, 0)


def test_a_run_without_jobs_has_no_steps() -> None:
    assert utilisation(begun().end(4).run).steps == ()


def test_similar_amounts_are_one_kind_and_never_wrongly_fit() -> None:
    # 1000 of 1040 taken: a job that requests 65 does not fit; one for 33 does
    story = begun(cores=9, resources={"mem_mb": 1100}).job(1, threads=1, resources={"mem_mb": 1000})
    story.job(2, threads=1, resources={"mem_mb": 101}).job(3, threads=1, resources={"mem_mb": 33})
    story.quick(1, 3, 3, 9).quick(2, 3, 9, 10).quick(3, 5, 6, 7)
    assert stalls(story.end(10).run) == [(5, 6, 1)]


@settings(max_examples=100)
@given(strategies.simulated_runs())
def test_sums_over_time_are_the_attempts_phases(simulated: strategies.Simulated) -> None:
    found = utilisation(simulated.run)
    waited = sum(one.get("slot_wait", 0) for one in simulated.lengths.values())
    queued = sum(
        one.get(phase, 0)
        for one in simulated.lengths.values()
        for phase in ("dispatch", "submit", "queue_wait")
    )
    assert round(found.ready_s * SECOND) == waited
    assert round(found.queued_s * SECOND) == queued


@settings(max_examples=100)
@given(strategies.tampered_runs())
def test_any_run_has_an_utilisation(run: Run) -> None:
    found = utilisation(run)
    assert found.stalled >= 0
    assert all(one.start < one.end for one in found.stalls)
    moments = [step.moment for step in found.steps]
    assert moments == sorted(set(moments))
