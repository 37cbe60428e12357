"""Incidents of time: what weighs by itself, or explains why a run was slower, and what does not."""

from typing import Any

import pytest
from builders import Story, at, begun, on_cluster, stamps, wait
from cases import classes, walked
from workflows import SETTINGS, a_run, a_workflow

QUICK = {"queue_s": 1, "startup_s": 2, "tool_s": 20, "poll_s": 1}


def run(count: int = 10, **more: float) -> Story:
    """Return *count* jobs side by side on a cluster, quick in all but what is said."""
    return on_cluster(count, **{**QUICK, **more})


# -- start-up on the node ------------------------------------------------------------------------


def test_start_up_that_dwarfs_the_tools_is_an_incident_by_itself() -> None:
    (found,) = walked(run(startup_s=130, tool_s=5)).incidents
    assert (found.incident_class, found.lives_in) == ("node_startup", "operating context")
    assert found.claim == (
        "starting 10 submissions on their nodes took 1300 s, their tools 50 s; "
        "130 s of it the run waited for"
    )
    assert found.action.text.startswith("group the jobs of map")
    assert [one.quote for one in found.evidence] == ["node_startup: 130.00 s, compute: 5.00 s"] * 3


def test_long_tools_after_the_same_start_up_are_none() -> None:
    assert classes(run(startup_s=130, tool_s=200)) == []


def test_short_runs_are_none_however_they_pass() -> None:
    assert classes(run(startup_s=50, tool_s=1, queue_s=40)) == []


def test_start_up_that_explains_why_a_run_was_slower_is_an_incident() -> None:
    assert classes(run(startup_s=30, tool_s=1), run(tool_s=1)) == ["node_startup"]


# -- the cluster's queue -------------------------------------------------------------------------


def test_jobs_that_waited_in_the_queue_were_on_a_busy_cluster() -> None:
    (found,) = walked(run(queue_s=300)).incidents
    assert found.incident_class == "busy_cluster"
    assert found.action.escalate
    assert found.claim == (
        "10 submissions waited in the cluster's queue, 300 s in the middle and 300 s at most; "
        "300 s of it the run waited for"
    )


def test_a_queue_that_was_as_long_before_explains_nothing() -> None:
    assert classes(run(queue_s=30, tool_s=60), run(queue_s=30)) != ["busy_cluster"]
    assert classes(run(queue_s=90), run()) == ["busy_cluster"]


# -- places --------------------------------------------------------------------------------------


def one_by_one(count: int = 4, *, jobs: int = 1, queue_s: float = 0, tool_s: float = 60) -> Story:
    """Return jobs that were ready together and ran one after another, for want of places."""
    story = begun(settings=SETTINGS, jobs=jobs)
    at_s = 3.0
    for job_id in range(1, count + 1):
        story.job(job_id, rule="cut", wildcards={"n": str(job_id)})
    for job_id in range(1, count + 1):
        end_s = at_s + queue_s + tool_s
        story.turn(at_s, at_s + 0.2, (at_s, at_s + 0.1))
        known = stamps(
            ready=3,
            selected=at_s + 0.1,
            submitting=at_s + 0.1,
            accepted=at_s + 0.1,
            reported=end_s,
            finished=end_s,
        )
        story.attempt(job_id, known, node_starts=(at(at_s + 0.1 + queue_s),))
        at_s = end_s
    return story.end(at_s + 1)


def test_jobs_that_a_limit_held_back_from_a_cluster_with_room_had_idle_slots() -> None:
    (found,) = walked(one_by_one(queue_s=1)).incidents
    assert (found.id, found.strength) == ("idle_slots:limit", "likely")
    assert found.claim == (
        "jobs were ready for up to 183 s before --jobs let them be chosen, while the cluster "
        "started what it was given within 1 s"
    )


def test_jobs_that_waited_in_the_queue_as_long_had_no_idle_slots() -> None:
    assert classes(one_by_one(queue_s=60, tool_s=5)) == ["busy_cluster"]


def test_places_that_were_free_while_a_job_was_ready_are_a_stall() -> None:
    story = begun(settings=SETTINGS, jobs=4)
    for job_id in (1, 2):
        story.job(job_id, rule="cut")
    story.turn(3, 4, (3, 3.5)).quick(1, 3, 3, 4)
    story.turn(200, 201, (200, 200.5)).quick(2, 3, 200, 210)
    (found,) = walked(story.end(211)).incidents
    assert found.id == "idle_slots:stall"
    assert found.claim == (
        "places of 4 jobs were free for 197 s though jobs were ready that would have fitted"
    )


def test_jobs_that_a_busy_machine_ran_one_by_one_did_not_wait_for_idle_slots() -> None:
    story = begun(settings=SETTINGS, cores=1)
    for job_id in (1, 2, 3, 4):
        story.job(job_id, rule="cut", threads=1)
    for job_id in (1, 2, 3, 4):
        begin = 3 + 60.0 * (job_id - 1)
        story.turn(begin, begin, (begin, begin)).quick(job_id, 3, begin, begin + 60)
    assert "idle_slots" not in classes(story.end(245))


# -- files ---------------------------------------------------------------------------------------


def test_inputs_that_are_waited_for_are_slow_files() -> None:
    (found,) = walked(run(stage_s=200)).incidents
    assert (found.incident_class, found.lives_in) == ("slow_metadata", "storage and visibility")
    assert found.claim == (
        "200.0 s of the run were spent on files, not in tools, 200.0 s of it waiting for inputs "
        "and preparing them (map)"
    )


def test_a_big_tool_is_no_slow_file() -> None:
    assert classes(run(tool_s=500)) == []


def test_outputs_that_are_waited_for_longer_than_before_are_slow_files() -> None:
    def ended(seen_s: float) -> Story:
        story = begun().job(1)
        known = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=10, finished=seen_s)
        waits = (wait("latency_wait", 10, seen_s),)
        return story.attempt(1, known, waits=waits, node_starts=(at(3),)).end(seen_s + 1)

    assert classes(ended(40), ended(11)) == ["slow_metadata"]


# -- planning ------------------------------------------------------------------------------------


def planning(*plans_s: tuple[float, float], length_s: float = 400) -> Story:
    story = begun().job(1, checkpoint=True, rule="split").job(2, needs=(1,), rule="all")
    story.plan(*plans_s[0]).quick(1, plans_s[0][1], plans_s[0][1], plans_s[0][1] + 1)
    for begin_s, end_s in plans_s[1:]:
        story.plan(begin_s, end_s, detail="checkpoint", first_job_id=2)
    last = plans_s[-1][1]
    return story.quick(2, last, last, length_s - 1).end(length_s)


def test_a_dag_that_is_built_for_long_is_slow_planning() -> None:
    (found,) = walked(planning((3, 203))).incidents
    assert found.incident_class == "slow_planning"
    assert found.claim == (
        "202.0 s of the run were spent reading the Snakefile (1.0 s) and building the DAG (201.0 s)"
    )


def test_a_dag_that_is_built_again_and_again_is_a_checkpoint_storm() -> None:
    again = [(5 + 50.0 * n, 54 + 50.0 * n) for n in range(4)]
    (found,) = walked(planning((3, 4), *again)).incidents
    assert found.incident_class == "checkpoint_storm"
    assert found.claim == (
        "the DAG was planned again 4 times, after jobs of split, and the run waited 196.0 s for it"
    )


def test_one_checkpoint_is_no_storm() -> None:
    assert classes(planning((3, 4), (5, 9))) == []
    assert classes(planning((3, 4), (5, 205))) == ["slow_planning"]


# -- reruns --------------------------------------------------------------------------------------

MISSING = "Missing output files: {}"
UPDATED = "Updated input files: raw/a, raw/b"


def reasoned(reason: str, length_s: float = 400, size: int = 7) -> Story:
    jobs: list[dict[str, Any]] = []
    for job in a_workflow("abcdefgh"):
        told = reason if job["rule"] == "cut" else "Input files updated by another job: x"
        read = {path: size for path in job["input"] if path.startswith("raw/")}
        jobs.append({**job, "reason": told, "input_sizes": read})
    return a_run(jobs, length_s=length_s)


def fresh() -> Story:
    return reasoned(MISSING.format("cut/a"))


def test_what_ran_again_for_inputs_that_were_only_touched_is_a_likely_surprise() -> None:
    found = walked(reasoned(UPDATED), fresh()).incidents
    (surprise,) = [one for one in found if one.incident_class == "surprise_reruns"]
    assert surprise.strength == "likely"
    assert surprise.claim.startswith("18 jobs ran again because an input was newer (cut: raw/a, ")
    assert "as large as before" in surprise.claim


def test_what_ran_again_for_code_that_changed_is_a_possible_surprise() -> None:
    found = walked(reasoned("Code has changed since last execution"), fresh()).incidents
    (surprise,) = [one for one in found if one.incident_class == "surprise_reruns"]
    assert surprise.strength == "possible"


@pytest.mark.parametrize("reason", [MISSING.format("cut/a"), "Forced execution"])
def test_what_was_asked_for_is_no_surprise(reason: str) -> None:
    assert "surprise_reruns" not in classes(reasoned(reason), fresh())


def test_without_a_baseline_a_file_is_not_said_to_be_as_large_as_before() -> None:
    (surprise,) = walked(reasoned(UPDATED)).incidents
    assert surprise.strength == "possible"
    assert "as large" not in surprise.claim


def test_reruns_that_took_no_time_are_no_incident() -> None:
    assert "surprise_reruns" not in classes(reasoned(UPDATED, length_s=30), fresh())
