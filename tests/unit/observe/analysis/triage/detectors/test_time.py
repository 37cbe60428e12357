"""Detectors of slowness: each finds its incident, and nothing in runs that only look similar."""

from typing import Any

import pytest
from builders import Story, a_record, an_execution, at, begun, level, stamps
from workflows import a_job, a_run, compared

from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun
from snakemake_logger_plugin_observe.analysis.check.metrics import measure
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.journal.events import FileSystem

SLOTS = {"jobs": 4}


def found(after: Story, before: Story | None = None) -> dict[str, Incident]:
    """Return the incidents of a run by class; each has evidence and a check that the run breaks."""
    against = {} if before is None else {"baseline": before.run}
    comparison = compared(before, after) if before is not None else None
    run = after.run
    incidents = triage(Case(run, run.status(False), comparison=comparison, **against)).incidents
    for one in incidents:
        assert one.evidence
        assert one.check is not None
        figure, _sign, limit = one.check.partition(" <= ")
        known = measure(MeasuredRun(run, run.status(False)), *figure.split("."))
        assert known.low is not None
        assert known.low > float(limit), "this run does not break the check"
        assert 0 < one.explains <= run.makespan
    return {one.incident_class: one for one in incidents}


def remote(
    count: int = 4,
    *,
    queue_s: float = 1,
    start_s: float = 1,
    plan_s: float = 1,
    stage_s: float = 0.1,
    tool_s: float = 20,
    poll_s: float = 0,
    late_s: float = 0.1,
    every_s: float | None = None,
    record: Any = None,
    script_s: float | None = None,
    **facts: Any,
) -> Story:
    """Return *count* jobs that run in parallel on nodes, with these times in each phase."""
    story = begun(**facts)
    for number in range(1, count + 1):
        story.job(number, threads=1)
    story.iteration(3, 4, (3, 3.5))
    for number in range(1, count + 1):
        began = 4.5 + queue_s
        loaded = began + start_s
        planned = loaded + plan_s
        tool = planned + stage_s
        done = tool + tool_s
        one = an_execution(begun=planned, tool_started=tool, tool_ended=done, checked=done + 0.1)
        node = level(one, started=began, loaded=loaded, planned=planned, ended=done + 0.2)
        if script_s is not None:
            node = node.but(ancestors=(at(began - script_s),))
        reported = done + 0.3 + poll_s
        end = reported + late_s
        known = stamps(
            ready=3, selected=3.5, submitting=4, accepted=4.5, reported=reported, finished=end
        )
        story.attempt(number, known, node, poll_interval_s=every_s)
        if record is not None:
            story.accounting(number, record)
    return story.end(end + 0.5)


# -- polls ------------------------------------------------------------------------------------


def test_jobs_that_wait_long_for_the_next_status_check_are_a_polling_lag() -> None:
    one = found(remote(poll_s=150, every_s=200))["polling_lag"]
    assert one.claim == (
        "151 s of the run went into waiting for the next status check, which comes every 200 s"
    )
    assert one.action.text == "add --timed-wake on"
    assert one.check == "phase_s.poll_wait <= 300"


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(remote(poll_s=100, every_s=200), id="short"),
        pytest.param(
            remote(poll_s=150, every_s=200, tool_s=600), id="short compared with the tools"
        ),
        pytest.param(remote(poll_s=150), id="no option sets the interval of this executor"),
        pytest.param(remote(queue_s=150, every_s=200), id="the queue took long instead"),
    ],
)
def test_waiting_for_status_checks_is_not_an_incident_if_short_or_not_configurable(
    story: Story,
) -> None:
    assert "polling_lag" not in found(story)


def test_rarer_status_checks_than_in_the_baseline_explain_a_slower_run() -> None:
    before = remote(poll_s=2, every_s=4)
    one = found(remote(poll_s=22, every_s=40), before)["polling_lag"]
    assert "to 4 s" in one.action.text
    assert "polling_lag" not in found(remote(queue_s=22, poll_s=2, every_s=4), before)


# -- many small jobs -------------------------------------------------------------------------


def test_a_job_with_a_retry_counts_as_one_tiny_job() -> None:
    story = begun(jobs=4)
    for number in range(1, 25):
        story.job(number, threads=1)
    at_s = 3.0
    for number in range(1, 25):
        for attempt, status in ((1, "failed"), (2, "success")):
            known = stamps(
                ready=3,
                selected=at_s,
                submitting=at_s,
                accepted=at_s + 8,
                reported=at_s + 9,
                finished=at_s + 9,
            )
            one = an_execution(
                begun=at_s + 8, tool_started=at_s + 8, tool_ended=at_s + 9, status=status
            )
            node = level(one, started=at_s + 8, loaded=at_s + 8, planned=at_s + 8, ended=at_s + 9)
            story.attempt(number, known, node, number=attempt, status=status)
            at_s += 9
    incidents = triage(Case(story.end(at_s).run, "success")).incidents
    one = next(one for one in incidents if one.incident_class == "tiny_jobs")
    assert one.claim.startswith("24 jobs of map compute 1.00 s each")
    assert one.check == "jobs_planned <= 1"


# -- start-up on the nodes ---------------------------------------------------------------------


def test_start_up_that_takes_longer_than_the_tools_is_an_incident() -> None:
    one = found(remote(start_s=200, tool_s=5))["node_startup"]
    assert one.claim == (
        "4 submissions took 804.0 s to start Snakemake on their nodes, to run tools for 20.0 s; "
        "the start-up took 201.0 s of the run"
    )
    assert one.action.text.startswith("group jobs")
    assert one.check == "phase_s.node_startup <= 400"


def test_planning_again_on_the_nodes_calls_for_a_faster_snakefile() -> None:
    one = found(remote(plan_s=200, tool_s=5))["node_startup"]
    assert one.action.text.startswith("make the Snakefile faster to parse")
    assert one.check == "phase_s.node_plan <= 400"


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(remote(start_s=200, tool_s=300), id="long tools"),
        pytest.param(remote(2, start_s=200, tool_s=5), id="few jobs"),
        pytest.param(remote(start_s=30, tool_s=5), id="short"),
    ],
)
def test_start_up_is_not_an_incident_if_tools_are_longer_or_jobs_few(story: Story) -> None:
    assert "node_startup" not in found(story)


def test_start_up_that_grew_explains_a_slower_run() -> None:
    assert "node_startup" in found(remote(start_s=30, tool_s=5), remote(tool_s=5))
    assert "node_startup" not in found(remote(tool_s=40), remote(tool_s=5))


# -- the cluster ---------------------------------------------------------------------------------


def test_a_busy_cluster_is_escalated_with_its_accounting_records() -> None:
    record = a_record(submitted=5, eligible=6, started=300, ended=330)
    one = found(remote(queue_s=300, record=record))["busy_cluster"]
    assert one.claim == (
        "the cluster's queue took 296.0 s of the run: 4 submissions waited 296.0 s (median) and "
        "296.0 s at most; accounting: 4 s not eligible to start, 1176 s waiting for nodes in main"
    )
    assert (one.strength, one.action.escalate, one.check) == (
        *("certain", True),
        "queue_wait_s.p95 <= 148",
    )


def test_jobs_that_started_at_once_by_their_records_waited_for_no_queue() -> None:
    record = a_record(submitted=5, eligible=5, started=7, ended=330)
    assert "busy_cluster" not in found(remote(queue_s=300, record=record))


def test_a_job_that_was_queued_again_makes_no_busy_cluster() -> None:
    story = begun(wraps="slurm").job(1)
    first = level(started=6, loaded=7, planned=8, ended=15)
    tool = an_execution(begun=407, tool_started=408, tool_ended=420, checked=420)
    again = level(tool, started=405, loaded=406, planned=407, ended=421, pid=2, restarts=1)
    known = stamps(ready=3, selected=3, submitting=4, accepted=5, reported=422, finished=423)
    story.attempt(1, known, first, again, node_starts=(at(6), at(405)))
    run = story.end(424).run
    classes = {one.incident_class for one in triage(Case(run, "success")).incidents}
    assert "busy_cluster" not in classes


def test_a_short_queue_is_not_a_busy_cluster() -> None:
    assert found(remote(queue_s=60)) == {}
    assert found(remote(queue_s=130, tool_s=600)) == {}
    assert "busy_cluster" not in found(remote(queue_s=30, tool_s=60), remote(queue_s=30))


# -- files ---------------------------------------------------------------------------------------


def slow_files(create_s: float | None = None, **more: Any) -> Story:
    story = Story().plan(2, 3)
    events = remote(**more).events
    story.events[:] = events[:2]
    if create_s is not None:
        story.add(FileSystem(time=at(2), when="start", path="/work", create_s=create_s))
    story.events.extend(events[2:])
    return story


def test_waiting_for_files_names_the_longest_phase() -> None:
    one = found(remote(stage_s=150))["slow_metadata"]
    assert "150.0 s of it in stage_in" in one.claim
    assert (one.strength, one.check) == ("likely", "phase_s.stage_in <= 300")


def test_slow_file_operations_that_were_measured_make_it_certain() -> None:
    one = found(slow_files(0.2, late_s=150))["slow_metadata"]
    assert one.strength == "certain"
    assert "create_s: 0.2" in [cited.quote for cited in one.evidence]
    assert found(slow_files(0.0001, late_s=150))["slow_metadata"].strength == "likely"


def test_a_long_tool_is_not_a_slow_file_system() -> None:
    assert found(remote(stage_s=20, tool_s=600)) == {}
    assert "slow_metadata" not in found(remote(stage_s=20, tool_s=600), remote(stage_s=20))


def test_fetching_large_files_is_not_a_slow_file_system() -> None:
    story = remote(stage_s=150)
    story.events.insert(2, begun().message(4, "Retrieving s3://a/b from storage").events[-1])
    assert "slow_metadata" not in found(story)


# -- planning -------------------------------------------------------------------------------------


def checkpoints(count: int, each_s: float) -> Story:
    story = begun()
    now = 3.0
    for number in range(1, count + 1):
        story.job(number, rule="split", checkpoint=True)
        story.iteration(now, now + 0.2, (now, now + 0.1)).quick(number, now, now + 0.1, now + 1)
        story.plan(now + 1, now + 1 + each_s, detail="checkpoint")
        now += 1 + each_s
    story.job(count + 1, rule="all", needs=(count,))
    story.iteration(now, now + 0.2, (now, now + 0.1)).quick(count + 1, now, now + 0.1, now + 1)
    return story.end(now + 2)


def test_many_checkpoints_are_a_storm_with_the_time_of_re_planning() -> None:
    one = found(checkpoints(10, 15))
    assert set(one) == {"checkpoint_storm"}
    storm = one["checkpoint_storm"]
    assert storm.claim == (
        "the DAG was re-planned 10 times after jobs of split, which took 150.0 s of the run"
    )
    assert (storm.rules, storm.check) == (("split",), "phase_s.plan <= 76")


def test_one_checkpoint_or_many_fast_ones_are_not_a_storm() -> None:
    assert "checkpoint_storm" not in found(checkpoints(1, 150))
    assert found(checkpoints(10, 1)) == {}


def planning(parse_s: float, plan_s: float, work_s: float = 20) -> Story:
    parsed = 1 + parse_s
    story = Story(workflow_started=at(parsed), time=at(parsed))
    now = parsed + plan_s
    story.plan(parsed, now).job(1)
    story.iteration(now, now + 0.2, (now, now + 0.1)).quick(1, now, now + 0.1, now + work_s)
    return story.end(now + work_s + 1)


def test_parsing_a_snakefile_and_building_a_dag_are_distinguished() -> None:
    one = found(planning(150, 1))["slow_planning"]
    assert "150.0 s of it parsing the Snakefile" in one.claim
    assert (one.strength, one.check) == ("certain", "phase_s.parse <= 75")
    one = found(planning(1, 150))["slow_planning"]
    assert "150.0 s of it building the DAG" in one.claim
    assert found(planning(8, 1), planning(1, 1))["slow_planning"].rules == ()


def test_planning_that_is_short_or_small_compared_with_the_work_is_not_an_incident() -> None:
    assert found(planning(40, 40)) == {}
    assert found(planning(100, 100, 900)) == {}
    assert "slow_planning" not in found(planning(20, 1, 90), planning(20, 1))


# -- limits --------------------------------------------------------------------------------------


def held(count: int, length_s: float, *, at_once: int, **facts: Any) -> Story:
    """Return *count* jobs that all take the resource ``io``, *at_once* at a time."""
    story = begun(**facts)
    for number in range(1, count + 1):
        story.job(number, threads=1, resources={"io": 1, "mem_mb": 1})
    for number in range(1, count + 1):
        start = 3 + (number - 1) // at_once * length_s
        story.quick(number, 3, start, start + length_s)
    return story.end(4 + -(-count // at_once) * length_s)


def test_a_resource_that_holds_jobs_back_while_slots_are_free_is_named() -> None:
    one = found(held(4, 100, at_once=1, jobs=8, resources={"io": 1}))["idle_slots"]
    assert one.claim == (
        "ready jobs were held back for 300.0 s by io = 1; for 300.0 s at least half of the slots "
        "were free"
    )
    assert one.action.text.startswith("raise io in --resources from 1 to 4")
    assert (one.strength, one.evidence[0].ref) == ("likely", "B:1")


def test_advice_that_an_incident_gives_is_not_given_twice() -> None:
    """The tools are no part of that incident."""
    run = held(4, 100, at_once=1, jobs=8, resources={"io": 1}).run
    result = triage(Case(run, run.status(False)))
    assert [one.incident_class for one in result.incidents] == ["idle_slots"]
    (other,) = result.faster
    assert other.text.startswith("to make it faster: speed up the tools, starting with map")


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"jobs": 1}, id="slots taken"),
        pytest.param({"jobs": 8, "resources": {"mem_mb": 1}}, id="memory"),
    ],
)
def test_busy_slots_and_full_memory_are_not_an_incident(facts: Any) -> None:
    assert found(held(4, 100, at_once=1, **facts)) == {}


def test_fewer_slots_than_in_the_baseline_explain_a_slower_run() -> None:
    before = held(8, 10, at_once=4, **SLOTS)
    one = found(held(8, 10, at_once=1, jobs=1), before)["idle_slots"]
    assert one.claim.startswith("ready jobs were held back for ")
    assert "s by jobs = 1 (4 in the baseline)" in one.claim
    assert found(held(8, 40, at_once=4, **SLOTS), before).keys() & {"idle_slots"} == set()


def test_a_scheduler_that_selects_no_ready_job_is_a_stall() -> None:
    story = begun(**SLOTS).job(1).job(2)
    story.quick(1, 3, 3, 10).quick(2, 3, 200, 210)
    assert found(story.end(211))["idle_slots"].id == "idle_slots:stall"


def test_a_rate_that_lets_few_jobs_begin_is_named_and_no_stall_of_the_scheduler() -> None:
    rate = {"max_jobs_per_timespan": {"max_jobs": 1, "timespan": 60.0}}
    story = begun(jobs=100, settings=rate)
    for number in range(4):
        begin = 3 + 60 * number
        story.job(number).iteration(begin, begin, (begin, begin)).quick(number, 3, begin, begin + 5)
    one = found(story.end(188))["idle_slots"]
    assert one.claim == (
        "--max-jobs-per-timespan 1/60s kept 3 ready jobs back for 180.0 s, though slots were free"
    )
    assert one.action.move == (("max-jobs-per-timespan", "10/60s"),)
    assert (one.id, one.strength) == ("idle_slots:rate", "certain")


# -- reruns -------------------------------------------------------------------------------------


def reruns(count: int, reason: str, length_s: float = 300, **facts: Any) -> Story:
    jobs = [a_job("cut", f"cut/{n}", "config.tsv", n=str(n), reason=reason) for n in range(count)]
    return a_run(jobs, length_s=length_s, **facts)


TOUCHED = "Updated input files: config.tsv"
MISSING = "Missing output files: x"
CODE = "Code has changed since last execution"
PARAMS = "Params have changed since last execution"


def test_one_touched_file_that_makes_many_jobs_run_again_is_a_surprise() -> None:
    one = found(reruns(30, TOUCHED))["surprise_reruns"]
    assert one.claim == ("30 of 30 jobs ran again because of updated inputs of cut (config.tsv)")
    assert "what wrote or touched config.tsv" in one.action.text
    assert one.check == "jobs_planned <= 0"


def test_changed_code_is_named_by_its_rule() -> None:
    one = found(reruns(30, "Code has changed since last execution"))["surprise_reruns"]
    assert "changed code of cut" in one.claim


def test_a_config_that_changes_params_of_every_rule_is_one_surprise() -> None:
    jobs = [
        job
        for n in map(str, range(10))
        for job in (
            a_job("cut", f"cut/{n}", n=n, reason=PARAMS),
            a_job("count", f"count/{n}", f"cut/{n}", n=n, reason=PARAMS),
        )
    ]
    one = found(a_run(jobs, length_s=300))["surprise_reruns"]
    assert one.claim == "20 of 20 jobs ran again because of changed params of count, cut"
    assert len(one.evidence) == 2


def test_many_more_short_jobs_than_before_are_a_surprise() -> None:
    assert "surprise_reruns" in found(reruns(30, TOUCHED, 60), reruns(2, TOUCHED, 60))
    assert "surprise_reruns" not in found(reruns(30, TOUCHED, 60), reruns(30, TOUCHED, 60))


@pytest.mark.parametrize("reason", ["Forced execution", "Missing output files: cut/1", None])
def test_forced_or_new_jobs_are_not_a_surprise(reason: Any) -> None:
    assert "surprise_reruns" not in found(reruns(30, reason))


def test_jobs_that_had_to_run_anyway_are_not_counted_as_reruns() -> None:
    anyway = [a_job("x", f"x/{n}", "in", n=str(n), reason=f"{MISSING}; {CODE}") for n in range(100)]
    again = [a_job("y", f"y/{n}", "in", n=str(n), reason=PARAMS) for n in range(12)]
    one = found(a_run([*anyway, *again], length_s=300), a_run(again[:1]))["surprise_reruns"]
    assert one.claim == "12 of 112 jobs ran again because of changed params of y"


def test_few_reruns_and_short_ones_are_not_a_surprise() -> None:
    assert found(reruns(5, TOUCHED)) == {}
    assert found(reruns(30, TOUCHED, 60)) == {}


# -- choosing jobs --------------------------------------------------------------------------------


def chosen(scheduler: str, select_s: float, count: int = 20) -> Story:
    """Return short jobs whose ends wait while *scheduler* chooses the next."""
    story = begun(wraps="local", cores=1, settings={"scheduler": scheduler}, targets=("all",))
    at_s = 3.0
    for number in range(1, count + 1):
        story.job(number, threads=1, wildcards={"n": f"{number}"}, output=(f"{number}",))
        begin = at_s + select_s
        story.iteration(at_s, begin, (at_s, begin)).quick(number, 3, begin, begin + 0.2)
        at_s = begin + 0.2
    return story.iteration(at_s, at_s).end(at_s)


def test_a_scheduler_that_chooses_for_long_is_named_with_the_quick_one() -> None:
    one = found(chosen("ilp", 0.8), chosen("greedy", 0.05))["slow_selection"]
    assert (one.id, one.strength) == ("slow_selection", "certain")
    assert one.claim == (
        "choosing the next jobs took 16.0 s of Snakemake's main thread with the scheduler ilp, "
        "1.0 s in the baseline with greedy"
    )
    assert one.action.text == "use --scheduler greedy"


def test_without_a_baseline_selections_are_slow_from_two_minutes_on() -> None:
    assert "slow_selection" in found(chosen("ilp", 7))
    assert "slow_selection" not in found(chosen("ilp", 5))
    assert "slow_selection" not in found(chosen("greedy", 7))


def test_the_same_scheduler_as_before_is_not_why_a_run_is_slower() -> None:
    assert "slow_selection" not in found(chosen("ilp", 0.8), chosen("ilp", 0.05))


# -- held, and in the job script -------------------------------------------------------------------


HOLD = {"submitted": 4, "eligible": 300, "started": 301, "ended": 330, "reason": "JobHeldUser"}


def test_jobs_that_a_user_held_are_released() -> None:
    one = found(remote(queue_s=300, record=a_record(**HOLD)))["held_jobs"]
    assert one.claim == (
        "4 jobs of map were held in the cluster for 295.5 s at most: Slurm's reason is JobHeldUser "
        "(held until somebody releases it)"
    )
    assert one.action.text.startswith("release what is held")
    assert one.check == "phase_s.held <= 591"


def test_a_limit_of_the_account_is_no_busy_cluster() -> None:
    record = a_record(**{**HOLD, "eligible": 4, "reason": "QOSMaxJobsPerUserLimit"})
    incidents = found(remote(queue_s=300, record=record))
    assert "busy_cluster" not in incidents
    one = incidents["held_jobs"]
    assert "use another account or QOS" in one.action.text


def never_started(reason: str | None) -> Story:
    """Return an interrupted run of a group that the cluster never started."""
    story = begun().job(1, resources={"runtime": 10}).job(2, (1,), resources={"runtime": 10})
    story.group("g1", (1, 2), name="grow")
    known = stamps(ready=3, selected=3, submitting=4, accepted=5, finished=60)
    story.attempt(None, known, group="g1", status="cancelled", external_jobid="16")
    for job in (1, 2):
        story.attempt(job, stamps(finished=60), group="g1", status="cancelled")
    nothing = {"submitted": 4, "eligible": None, "started": None, "ended": None}
    record = a_record("16", **nothing, state="CANCELLED", reason=reason, time_limit_s=1200)
    return story.accounting(None, record, 61, group="g1").end(61, "interrupted")


def test_a_group_over_the_partition_s_limit_never_started() -> None:
    run = never_started("PartitionTimeLimit").run
    one, *_ = triage(Case(run, "interrupted")).incidents
    assert (one.incident_class, one.jobs, one.failures) == ("held_jobs", (1, 2), 2)
    assert one.claim == (
        "group grow (slurm 16) was held in the cluster and never started (55.0 s): Slurm's reason "
        "is PartitionTimeLimit (more time than the partition allows); it requests 20 min (2 jobs of 10 "
        "min), and partition main allows less"
    )
    assert one.action.text.startswith("lower its runtime")
    one, *_ = triage(Case(never_started("PartitionConfig").run, "interrupted")).incidents
    assert one.claim.endswith(
        "PartitionConfig (the partition does not allow what is requested); it requests 20 min (2 jobs of "
        "10 min), for example, of partition main"
    )


def test_a_job_that_never_started_on_a_busy_cluster_was_not_held() -> None:
    incidents = triage(Case(never_started("Priority").run, "interrupted")).incidents
    assert "held_jobs" not in {one.incident_class for one in incidents}


def test_a_job_script_that_loads_modules_for_long_is_an_incident() -> None:
    one = found(remote(queue_s=200, script_s=190))["slow_job_script"]
    assert one.claim == (
        "the cluster had started 4 submissions of map, and 190.0 s (median; 190.0 s at most) passed "
        "in the job script before Snakemake began: 190.0 s of the run"
    )
    assert one.check == "phase_s.job_script <= 380"
    assert "slow_job_script" not in found(remote(queue_s=200, script_s=20))
