"""The makespan partition of small runs, computed by hand.

Every run begins so: imports 0 to 1 s, parsing to 2 s, planning to 3 s. What follows is worked out
in each test's comment, backwards from the end as the walk goes.
"""

from collections.abc import Callable
from typing import Any

import pytest
from builders import (
    BEFORE,
    Story,
    an_execution,
    begun,
    chain,
    grouped,
    in_main,
    killed,
    level,
    logger_only,
    owners,
    replanned,
    retried,
    stamps,
)

from snakemake_logger_plugin_observe.analysis.cost.partition import partition, phase_totals
from snakemake_logger_plugin_observe.analysis.cost.releases import Release
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import local_workers
from snakemake_logger_plugin_observe.journal.records import Stamps
from snakemake_logger_plugin_observe.run.model import Run


def joined(run: Run) -> list[tuple[str, Any, float, float]]:
    """Return the owners, with consecutive stretches of one owner merged."""
    found = []
    for phase, owner, start, end in owners(run):
        goes_on = found and found[-1][:2] == (phase, owner) and found[-1][3] == start
        found.append((phase, owner, found.pop()[2] if goes_on else start, end))
    return found


def releases(run: Run) -> dict[Any, Release]:
    """Return the release of each owner of a stretch, by (job or group, attempt)."""
    return {
        (one.job_id if one.job_id is not None else one.group, one.attempt): one.released_by
        for one in partition(run)
        if one.released_by is not None
    }


def test_in_a_chain_each_job_is_released_by_the_one_before() -> None:
    # 21 to 20 shutdown; job 2 ran from 10.5; its dependency ended at 10; the solver worked
    # between; job 1 ran from 3.5; the solver had worked since scheduling began at 3
    run = chain().run
    assert joined(run) == [
        *BEFORE,
        ("select", None, 3, 3.5),
        ("compute", 1, 3.5, 10),
        ("select", None, 10, 10.5),
        ("compute", 2, 10.5, 20),
        ("shutdown", None, 20, 21),
    ]
    assert releases(run) == {
        (1, 1): Release("scheduling"),
        (2, 1): Release("dependency", 1, None, 1),
    }


def test_in_a_fan_in_the_last_dependency_owns_its_time_and_the_others_none() -> None:
    # job 3 ran from 11; 2 ended at 10, 1 at 6; both were selected at 4, after the solver (to 3.5)
    # and the rest of the scheduler iteration
    story = begun().job(1).job(2).job(3, needs=(1, 2)).iteration(3, 4.5, (3, 3.5))
    story.quick(1, 3, 4, 6).iteration(6, 6.5).quick(2, 3, 4, 10).iteration(10, 11.5, (10, 11))
    run = story.quick(3, 10, 11, 15).end(16).run
    assert joined(run) == [
        *BEFORE,
        ("select", None, 3, 3.5),
        ("main_loop", None, 3.5, 4),
        ("compute", 2, 4, 10),
        ("select", None, 10, 11),
        ("compute", 3, 11, 15),
        ("shutdown", None, 15, 16),
    ]
    assert releases(run)[(3, 1)] == Release("dependency", 2, None, 1)


def test_a_job_that_was_passed_over_is_released_by_the_end_that_freed_its_slot() -> None:
    # one slot: both jobs were ready at 3, the iteration at 3 selected job 1 alone, so its end at 10
    # released job 2; from there an iteration without a selection, then nothing, then the solver
    story = begun().job(1).job(2).iteration(3, 4, (3, 3.5)).quick(1, 3, 3.5, 10)
    story.iteration(10, 10.25).iteration(11.5, 12.5, (11.5, 12))
    run = story.quick(2, 3, 12, 15).end(15).run
    assert joined(run) == [
        *BEFORE,
        ("select", None, 3, 3.5),
        ("compute", 1, 3.5, 10),
        ("main_loop", None, 10, 10.25),
        ("slot_wait", 2, 10.25, 11.5),
        ("select", None, 11.5, 12),
        ("compute", 2, 12, 15),
    ]
    assert releases(run)[(2, 1)] == Release("freed_unknown", 1, None, 1)


def test_an_iteration_that_woke_before_a_job_was_ready_did_not_pass_it_over() -> None:
    # job 1 ends at 10.1, after the loop woke at 10 and before its selection began at 10.2: that
    # one knew of job 3 alone, and job 2 had to wait for the next iteration, not for a slot
    story = begun().job(1).job(2, needs=(1,)).job(3).iteration(3, 4, (3, 3.5))
    story.quick(1, 3, 3.5, 10.1).iteration(10, 10.6, (10.2, 10.5)).quick(3, 3, 10.5, 10.8)
    run = story.iteration(11, 12, (11, 12)).quick(2, 10.1, 12, 15).end(15).run
    assert releases(run)[(2, 1)] == Release("dependency", 1, None, 1)


def test_a_job_selected_at_the_first_opportunity_is_not_released_by_an_unrelated_job() -> None:
    # job 2 ended at 5 during the iteration that selected job 3; 3 had been ready since 3 and no
    # selection had passed it over
    story = begun().job(2).job(3).iteration(3, 6, (3, 5.5))
    run = story.quick(2, 3, 3, 5).quick(3, 3, 5.5, 9).end(9).run
    assert releases(run)[(3, 1)] == Release("scheduling")


def test_a_second_attempt_is_released_by_the_first() -> None:
    # 26 to 25 shutdown; attempt 2: postprocess, poll, exit, tool 19 to 22, plan, startup, queue,
    # submit from 15; the solver from 14, when attempt 1 had ended; that, likewise, from 4
    run = retried().run
    assert joined(run) == [
        *BEFORE,
        ("select", None, 3, 4),
        ("submit", 1, 4, 5),
        ("queue_wait", 1, 5, 6),
        ("node_startup", 1, 6, 7),
        ("node_plan", 1, 7, 8),
        ("compute", 1, 8, 11),
        ("node_exit", 1, 11, 12),
        ("poll_wait", 1, 12, 13),
        ("postprocess", 1, 13, 14),
        ("select", None, 14, 15),
        ("submit", 1, 15, 16),
        ("queue_wait", 1, 16, 17),
        ("node_startup", 1, 17, 18),
        ("node_plan", 1, 18, 19),
        ("compute", 1, 19, 22),
        ("node_exit", 1, 22, 23),
        ("poll_wait", 1, 23, 24),
        ("postprocess", 1, 24, 25),
        ("shutdown", None, 25, 26),
    ]
    assert releases(run) == {
        (1, 1): Release("scheduling"),
        (1, 2): Release("previous_attempt", 1, None, 1),
    }


def test_a_dependency_without_its_first_attempt_in_the_journal_releases_by_its_second() -> None:
    story = begun().job(1).job(2).job(3, needs=(1,))
    story.iteration(3, 4, (3, 3.5)).quick(1, 4, 5, 10, number=2).quick(2, 3, 3.5, 9.5)
    story.iteration(10, 11, (10, 10.5)).quick(3, 10, 10.5, 20).iteration(20, 20.1).end(21)
    assert releases(story.run)[(3, 1)] == Release("dependency", 1, None, 2)


def test_after_a_checkpoint_the_planning_owns_its_time() -> None:
    # job 3 was created by the planning from 10 to 12, which the end of job 1 triggered
    run = replanned().run
    assert joined(run) == [
        *BEFORE,
        ("select", None, 3, 4),
        ("compute", 1, 4, 10),
        ("plan", None, 10, 12),
        ("select", None, 12, 13),
        ("compute", 3, 13, 20),
        ("select", None, 20, 21),
        ("compute", 2, 21, 22),
        ("shutdown", None, 22, 23),
    ]
    assert releases(run)[(3, 1)] == Release("replanning", 1, None, 1)


def test_inside_a_group_the_members_own_their_time_and_the_group_the_rest() -> None:
    run = grouped().run
    assert joined(run) == [
        *BEFORE,
        ("select", None, 3, 4),
        ("submit", "g1", 4, 5),
        ("queue_wait", "g1", 5, 6),
        ("node_startup", "g1", 6, 7),
        ("node_plan", "g1", 7, 8),
        ("member_wait", "g1", 8, 9),
        ("stage_in", 1, 9, 10),
        ("compute", 1, 10, 12),
        ("stage_out", 1, 12, 13),
        ("member_wait", "g1", 13, 14),
        ("stage_in", 2, 14, 15),
        ("compute", 2, 15, 17),
        ("stage_out", 2, 17, 18),
        ("node_exit", "g1", 18, 19),
        ("poll_wait", "g1", 19, 20),
        ("postprocess", "g1", 20, 21),
        ("shutdown", None, 21, 22),
    ]


def test_the_member_that_ended_last_owns_an_overlap() -> None:
    story = begun().group("g1", (1, 2)).job(1, rule="a").job(2, rule="b").iteration(3, 5, (3, 4))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=16, finished=16)
    first = an_execution("a", begun=8, tool_started=8, tool_ended=12, checked=12)
    second = an_execution("b", begun=10, tool_started=10, tool_ended=15, checked=15)
    node = level(first, second, started=6, loaded=7, planned=8, ended=16)
    story.attempt(None, known, node, group="g1")
    for job_id, one in ((1, first), (2, second)):
        own = node.but(executions=(one,))
        story.attempt(job_id, Stamps(finished=known.finished), own, group="g1")
    assert joined(story.end(16).run)[-3:] == [
        ("compute", 1, 8, 10),
        ("compute", 2, 10, 15),
        ("node_exit", "g1", 15, 16),
    ]


def test_a_member_s_dependency_is_its_whole_group() -> None:
    # job 3 needs 2, a member: its group's end at 21 released it
    story = grouped()
    story.events.pop()
    story.job(3, needs=(2,)).iteration(21, 22, (21, 22)).quick(3, 21, 22, 30)
    run = story.end(30).run
    assert releases(run)[(3, 1)] == Release("dependency", None, "g1", 1)
    assert joined(run)[-2:] == [("select", None, 21, 22), ("compute", 3, 22, 30)]


def test_a_refused_submission_owns_the_phases_it_reached() -> None:
    story = begun().job(1).iteration(3, 4, (3, 4))
    known = stamps(ready=3, selected=4, submitting=4, reported=5, finished=6)
    run = story.attempt(1, known, status="failed").end(7, "failed").run
    assert joined(run) == [
        *BEFORE,
        ("select", None, 3, 4),
        ("submit", 1, 4, 5),
        ("postprocess", 1, 5, 6),
        ("shutdown", None, 6, 7),
    ]


def test_a_wait_for_another_job_s_submission_is_owned_by_that_job() -> None:
    # both were ready at 3 and selected at 4; 2 was submitted first and took the main thread to 8;
    # the time that 1 waited to be selected is not part of it
    story = begun().job(1).job(2).iteration(3, 9, (3, 4), (6, 8.5))
    story.attempt(
        2, stamps(ready=3, selected=4, submitting=4, accepted=8, reported=8, finished=8.25)
    )
    run = story.quick(1, 3, 8.5, 20).end(20).run
    assert joined(run)[-2:] == [("select", None, 8.25, 8.5), ("compute", 1, 8.5, 20)]


def test_before_a_dependent_s_selection_another_job_s_submission_owns_its_part() -> None:
    # 2 needs 1, which ended at 5; the main thread submitted 3 from 4 to 7; then it selected 2
    story = begun().job(1).job(2, needs=(1,)).job(3)
    story.iteration(3, 7, (3, 4)).quick(1, 3, 4, 5)
    story.iteration(7, 8, (7, 8)).quick(2, 5, 8, 20)
    handed = stamps(ready=3, selected=4, submitting=4, accepted=7, reported=9, finished=9)
    run = story.attempt(3, handed).end(20).run
    assert joined(run)[-4:] == [
        ("compute", 1, 4, 5),
        ("submit", 3, 5, 7),
        ("select", None, 7, 8),
        ("compute", 2, 8, 20),
    ]


def test_hooks_and_deployment_belong_to_the_run() -> None:
    story = begun().phase("deploy", 3, 5).phase("hooks", 5, 6, detail="onstart").job(1)
    story.iteration(6, 7, (6, 7)).quick(1, 6, 7, 10)
    run = story.phase("hooks", 10, 11, detail="onsuccess").end(12).run
    assert joined(run) == [
        *BEFORE,
        ("deploy", None, 3, 5),
        ("hooks", None, 5, 6),
        ("select", None, 6, 7),
        ("compute", 1, 7, 10),
        ("hooks", None, 10, 11),
        ("shutdown", None, 11, 12),
    ]


def test_the_partition_of_a_killed_run_ends_at_its_last_moment() -> None:
    # nothing ended after 10; the tool of job 3 was still running, from 7 on
    assert joined(killed().run) == [
        *BEFORE,
        ("select", None, 3, 4),
        ("dispatch", 3, 4, 5),
        ("submit", 3, 5, 6),
        ("stage_in", 3, 6, 7),
        ("compute", 3, 7, 20),
    ]


def test_time_after_the_last_job_of_a_killed_run_is_not_that_job_s() -> None:
    """The scheduler iteration to 10.5 is the run's own; the rest has no explanation."""
    story = begun().job(1).iteration(3, 4, (3, 4)).quick(1, 3, 4, 10).iteration(10, 10.5)
    run = story.message(20, "still here").run
    assert joined(run)[-3:] == [
        ("compute", 1, 4, 10),
        ("main_loop", None, 10, 10.5),
        ("unattributed", None, 10.5, 20),
    ]


def test_without_the_wrapper_a_job_owns_its_unobserved_time() -> None:
    assert joined(logger_only().run) == [
        *BEFORE,
        ("slot_wait", 1, 3, 4),
        ("unobserved", 1, 4, 9),
        ("shutdown", None, 9, 10),
    ]


def test_time_without_an_explanation_is_unattributed() -> None:
    # the workflow started at 2, its planning at 3
    story = Story().plan(3, 4).job(1).iteration(4, 5, (4, 5)).quick(1, 4, 5, 10).end(10)
    assert joined(story.run)[:4] == [
        ("import", None, 0, 1),
        ("parse", None, 1, 2),
        ("unattributed", None, 2, 3),
        ("plan", None, 3, 4),
    ]


@pytest.mark.parametrize("story", [Story(), Story(process_started=None)])
def test_a_run_with_only_a_start_is_parsing(story: Callable[[], Story]) -> None:
    assert {phase for phase, *_ in owners(story.run)} <= {"import", "parse"}


def test_a_run_that_ended_before_it_began_has_no_makespan() -> None:
    assert owners(Story(process_started=begun().events[0].time + 10**9).run) == []


# -- what was freed ------------------------------------------------------------------------------


def one_after_the_other(**facts: Any) -> Run:
    """Return two jobs that were ready at 3, of which the second was selected once 1 had ended."""
    asks = facts.pop("asks", {})
    story = begun(**facts).job(1, threads=2, **asks).job(2, threads=2, **asks)
    story.iteration(3, 4, (3, 3.5)).quick(1, 3, 3.5, 10).iteration(10, 11, (10, 10.5))
    return story.quick(2, 3, 10.5, 15).end(15).run


@pytest.mark.parametrize(
    ("facts", "because", "resource"),
    [
        ({"jobs": 1}, "freed_slot", None),
        ({"cores": 3}, "freed_cores", None),
        ({"jobs": 9, "cores": 3}, "freed_unknown", None),  # on a cluster, cores do not count
        ({"cores": 4}, "freed_unknown", None),  # both would have fitted: the reason is unknown
        (
            {
                "cores": 9,
                "resources": {"mem_mb": 1500},
                "asks": {"resources": {"mem_mb": 1000, "disk": 9}},
            },
            *("freed_resource", "mem_mb"),
        ),
    ],
)
def test_a_release_names_the_limit_that_was_short(
    facts: dict[str, Any], because: str, resource: str | None
) -> None:
    found = releases(one_after_the_other(**facts))[(2, 1)]
    assert found == Release(because, 1, None, 1, resource)


def test_the_end_that_freed_the_limit_counts_and_not_a_later_one() -> None:
    # 3 needs two cores of three; 1 held two until 8, 2 none that matters until 9
    story = begun(cores=3).job(1, threads=2).job(2, threads=0).job(3, threads=2)
    story.iteration(3, 4, (3, 3.5)).quick(1, 3, 3.5, 8).quick(2, 3, 3.5, 9)
    run = story.iteration(9, 10, (9, 9.5)).quick(3, 3, 9.5, 12).end(12).run
    assert releases(run)[(3, 1)] == Release("freed_cores", 1, None, 1)
    assert ("main_loop", None, 9, 9.5) not in joined(run)
    assert joined(run)[-3:] == [
        ("slot_wait", 3, 8, 9),
        ("select", None, 9, 9.5),
        ("compute", 3, 9.5, 12),
    ]


def test_a_group_takes_at_least_the_share_of_its_largest_member() -> None:
    story = begun(cores=3).group("g1", (1, 2)).job(1, threads=1).job(2, threads=2).job(3, threads=2)
    story.iteration(3, 4, (3, 3.5))
    known = stamps(ready=3, selected=3.5, submitting=3.5, accepted=3.5, reported=8, finished=8)
    story.attempt(None, known, group="g1").iteration(8, 9, (8, 8.5))
    run = story.quick(3, 3, 8.5, 12).end(12).run
    assert releases(run)[(3, 1)] == Release("freed_cores", None, "g1", 1)


def test_a_selected_job_that_waited_for_a_local_worker_is_released_by_the_end_that_freed_it() -> (
    None
):
    # one core makes six workers, whatever --local-cores says: jobs 1 to 6 have them; 7 was selected with them, at 3.5, and
    # waited until the first of them, job 1, had ended at 8
    story = begun(jobs=9, cores=1, settings={"local_cores": 3})
    for job_id in range(1, 8):
        story.job(job_id, local=True)
    story.iteration(3, 4, (3, 3.5))
    for job_id in range(1, 7):
        story.quick(job_id, 3, 3.5, 7 + job_id)
    known = stamps(ready=3, selected=3.5, submitting=3.5, accepted=3.6, reported=20, finished=20)
    one = an_execution(begun=3.5, prepared=3.6, running=8.25, tool_started=8.25, tool_ended=20)
    run = story.attempt(7, known, in_main(one)).end(20).run
    assert joined(run) == [
        *BEFORE,
        ("select", None, 3, 3.5),
        ("compute", 1, 3.5, 8),
        ("dispatch", 7, 8, 8.25),
        ("compute", 7, 8.25, 20),
    ]
    assert releases(run)[(7, 1)] == Release("freed_worker", 1, None, 1)


@pytest.mark.parametrize(("cores", "workers"), [(None, 5), (1, 6), (8, 13)])
def test_the_main_machine_has_a_worker_for_each_core_and_five_more(
    cores: int | None, workers: int
) -> None:
    assert local_workers(begun(jobs=9, cores=cores, settings={"local_cores": 3}).run) == workers


def test_with_a_free_worker_the_wait_before_the_tool_is_the_job_s_own() -> None:
    story = (
        begun(jobs=9, cores=1, settings={"local_cores": 3}).job(1, local=True).job(7, local=True)
    )
    story.iteration(3, 4, (3, 3.5)).quick(1, 3, 3.5, 8)
    known = stamps(ready=3, selected=3.5, submitting=3.5, accepted=3.6, reported=20, finished=20)
    one = an_execution(begun=3.5, prepared=3.6, running=8.25, tool_started=8.25, tool_ended=20)
    run = story.attempt(7, known, in_main(one)).end(20).run
    assert ("dispatch", 7, 3.6, 8.25) in joined(run)


def test_a_job_that_the_rate_let_not_begin_was_released_by_that_of_a_timespan_ago() -> None:
    rate = {"max_jobs_per_timespan": {"max_jobs": 2, "timespan": 5.0}}
    story = begun(cores=9, settings=rate)
    for number, (selected, end) in enumerate([(3, 4), (3, 9), (8, 10), (8, 11), (13, 14)]):
        story.job(number, threads=1)
        if number in (0, 2, 4):
            story.iteration(selected, selected, (selected, selected))
        story.quick(number, 3, selected, end)
    run = story.iteration(4, 4, (4, 4)).end(14).run
    found = releases(run)
    assert found[(4, 1)] == Release("rate", 2, None, 1)
    assert owners(run)[3:] == [
        ("slot_wait", 2, 3, 8),
        ("slot_wait", 4, 8, 13),
        ("compute", 4, 13, 14),
    ]


@pytest.mark.parametrize(
    ("facts", "phase"),
    [
        ({"cores": 3}, "slot_wait"),
        ({"cores": 4}, "unattributed"),  # both would have fitted
        ({}, "slot_wait"),  # no limit is known, so one may have been short
    ],
)
def test_a_wait_that_no_limit_explains_is_not_for_want_of_slots(
    facts: dict[str, int], phase: str
) -> None:
    """The second job, ready at 3, was passed over then; the first ended at 5."""
    story = begun(**facts).job(1, threads=2).job(2, threads=2)
    story.iteration(3, 3, (3, 3)).quick(1, 3, 3, 5).iteration(9, 9, (9, 9))
    run = story.quick(2, 3, 9, 12).end(12).run
    assert [name for name, _job, start, _end in owners(run) if start == 5] == [phase]


def test_what_follows_the_last_submission_is_snakemake_s_own_if_it_waits_for_no_job() -> None:
    """With ``--immediate-submit`` it sleeps for a status check's interval, whatever its jobs do."""
    story = begun(settings={"immediate_submit": True}, wraps="cluster-generic").job(1).job(2)
    for number, begin in ((1, 3), (2, 4)):
        known = stamps(ready=3, selected=3, submitting=begin, accepted=begin + 1)
        story.submitted(number, known, external_jobid=f"7{number}")
    story.phase("shutdown", 5, 15)
    run = story.end(15).run
    assert run.attempts[(2, 1)].phases["unobserved"] == 10_000_000
    by_phase = phase_totals(partition(run))
    assert by_phase["shutdown"] == 10_000_000
    assert (by_phase["submit"], by_phase["dispatch"]) == (1_000_000, 1_000_000)
    assert "unobserved" not in by_phase


@pytest.mark.parametrize(("planned", "phase"), [(1, "shutdown"), (2, "unattributed")])
def test_what_follows_the_last_of_all_planned_jobs_is_the_shutdown_before_it_is_over(
    planned: int, phase: str
) -> None:
    story = begun().planned(3, {"map": planned}).job(1).quick(1, 3, 3, 5).heartbeat(9)
    assert owners(story.run)[-1] == (phase, None, 5, 9)


def test_a_failed_job_that_may_be_retried_is_no_shutdown() -> None:
    story = begun().planned(3, {"map": 1}).job(1).quick(1, 3, 3, 5, status="failed").heartbeat(9)
    assert owners(story.run)[-1] == ("unattributed", None, 5, 9)
