"""What to change: each piece is simulated, and given with what it would save."""

from dataclasses import replace
from typing import Any

import pytest
import strategies
from builders import (
    SECOND,
    Story,
    a_record,
    an_execution,
    at,
    begun,
    grouped,
    in_main,
    killed,
    level,
    logger_only,
    on_cluster,
    stamps,
)
from hypothesis import given

from snakemake_logger_plugin_observe.analysis.advice.advice import (
    MOST_JOBS,
    Trials,
    advise,
    is_small,
    least_of,
)
from snakemake_logger_plugin_observe.analysis.advice.advised import Advice, saved
from snakemake_logger_plugin_observe.analysis.advice.lever import Lever
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.path.utilisation import utilisation
from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Argument, parse_scenario
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if
from snakemake_logger_plugin_observe.journal.events import Wake
from snakemake_logger_plugin_observe.journal.records import StatusCheck, Usage
from snakemake_logger_plugin_observe.reporters.as_text.advice import changes
from snakemake_logger_plugin_observe.run.model import Run

MB = 1_000_000
SLURM = "--slurm-init-seconds-before-status-checks"


def advice(story: Story) -> tuple[Advice, ...]:
    run = story.run
    return advise(run, account(run))


def kinds(story: Story) -> list[str]:
    return [one.lever.kind for one in advice(story)]


def piece(story: Story, kind: str) -> tuple[str, tuple[Argument, ...], float]:
    """Return the text of a piece of advice, its move, and what it saves in seconds."""
    (one,) = (one for one in advice(story) if one.lever.kind == kind)
    return one.lever.text, one.lever.move, one.saves / SECOND


def in_turn(
    count: int = 4, at_once: int = 1, tool_s: float = 10, requested: Any = None, **facts: Any
) -> Story:
    """Return jobs of a local run that were all ready at 3, *at_once* of them at a time."""
    asks = {key: facts.pop(key) for key in ("threads", "resources_each") if key in facts}
    each = {"threads": asks.get("threads", 1), "resources": asks.get("resources_each", {})}
    used = facts.pop("used", None)
    story = begun(**{"wraps": "local", **facts})
    for number in range(count):
        story.job(number, requested=requested or {}, **each)
        begin = 3 + number // at_once * tool_s
        if number % at_once == 0:
            story.iteration(begin, begin, (begin, begin))
        story.quick(number, 3, begin, begin + tool_s, used=used)
    end = 3 + -(-count // at_once) * tool_s
    return story.iteration(end, end).end(end)


# -- limits ---------------------------------------------------------------------------------------


def of_memory(count: int = 8, **facts: Any) -> Story:
    """Return jobs that request 6000 MB each, one at a time of 8000 MB."""
    settings = {"cores": 2, "resources": {"mem_mb": 8000}, **facts}
    return in_turn(count, resources_each={"mem_mb": 6000}, **settings)


def test_a_resource_that_lets_one_job_run_at_a_time_should_be_raised_so_that_two_fit() -> None:
    assert piece(of_memory(), "limits") == (
        "raise mem_mb in --resources from 8000 to 12000, if the machine has as much",
        (("resources", "mem_mb=12000"),),
        40,
    )
    first = advice(of_memory())[0]
    assert first.lever.kind == "limits"
    assert first.lever.why == "map requests 6000: one at a time"


@pytest.mark.parametrize(("count", "value", "saves_s"), [(8, 24000, 60), (6, 18000, 40)])
def test_a_limit_is_raised_no_further_than_saves_about_as_much(
    count: int, value: int, saves_s: float
) -> None:
    """Eight jobs need two rounds of four, or of six; six need two of three, or of four."""
    text, _, found_s = piece(of_memory(count, cores=40), "limits")
    assert f"from 8000 to {value}" in text
    assert found_s == saves_s


def test_a_request_far_above_what_is_used_should_be_lower() -> None:
    """To twice what the largest of the rule's jobs used."""
    story = of_memory(used=Usage(peak_rss_bound_bytes=91 * MB, processes_at_once=1))
    assert piece(story, "requests") == ("let map request mem_mb=200 in place of 6000", (), 40)
    first = advice(story)[0].lever
    assert (first.kind, first.why) == (
        "requests",
        "its jobs used at most 91, and ran one at a time",
    )
    for used in (None, Usage(peak_rss_bytes=3001 * MB, processes_at_once=1)):
        assert "requests" not in kinds(of_memory(used=used))


def test_memory_is_raised_to_no_more_than_the_machine_has() -> None:
    text, move, _ = piece(of_memory(cores=40, memory_bytes=24_100_000_000), "limits")
    assert text == "raise mem_mb in --resources from 8000 to 24000 (of the machine's 24100)"
    text, move, _ = piece(of_memory(cores=40, memory_bytes=13_000_000_000), "limits")
    assert (text, move) == (
        "raise mem_mb in --resources from 8000 to 12000 (of the machine's 13000)",
        (("resources", "mem_mb=12000"),),
    )
    assert "limits" not in kinds(of_memory(cores=40, memory_bytes=9_000_000_000))


def test_cores_are_raised_to_those_of_the_machine() -> None:
    assert piece(in_turn(cores=1, cpus=2), "limits") == (
        "raise --cores from 1 to 2 (of the machine's 2)",
        (("cores", "2"),),
        20,
    )
    assert "limits" not in kinds(in_turn(cores=1, cpus=1))
    assert "limits" not in kinds(in_turn(cores=4, threads=4, cpus=2))


def test_tools_that_already_fill_the_machine_gain_nothing_by_more_cores() -> None:
    """Nor is it said that they could be faster: any tool could."""
    full = Usage(user_s=19.0, system_s=0.8)
    assert kinds(in_turn(cores=1, cpus=2, used=full)) == []
    assert piece(in_turn(cores=1, cpus=4, used=full), "limits")[2] == 20


def test_jobs_that_only_wait_may_be_more_than_the_machine_has_cores() -> None:
    """What they wait for is not known: so much is saved at most, if that serves more at once."""
    waiting = Usage(user_s=0.1, system_s=0.1)
    story = in_turn(8, 2, cores=2, cpus=2, used=waiting)
    (one,) = (one for one in advice(story) if one.lever.kind == "limits")
    assert (one.lever.text, one.saves / SECOND) == ("raise --cores from 2 to 8", 30)
    assert one.lever.why == (
        "a job of map used 0.02 cores on average; this helps if it did not wait for a core"
    )
    assert one.lever.at_most
    assert one.lever.at_most
    half = Usage(user_s=5, system_s=0)  # other work on the machine may have kept it from a core
    assert "limits" not in kinds(in_turn(8, 2, cores=2, cpus=2, used=half))
    assert "limits" not in kinds(in_turn(8, 2, cores=2, cpus=2))


def test_threads_that_jobs_do_not_keep_busy_should_be_fewer() -> None:
    """Two jobs of one thread run at a time, each as long as with two."""
    story = in_turn(4, cores=2, cpus=2, threads=2, used=Usage(user_s=8.0, system_s=0.5))
    (one,) = (one for one in advice(story) if one.lever.kind == "threads")
    text = "lower the threads of map from 2 to 1, in the rule or with --set-threads"
    assert (one.lever.text, one.lever.why) == (text, "its jobs used 0.85 cores on average")
    assert (one.lever.move, one.lever.at_most) == ((("set-threads", "map=1"),), True)
    assert one.saves == 20 * SECOND
    both = in_turn(4, cores=2, cpus=2, threads=2, used=Usage(user_s=18.0, system_s=0.5))
    assert "threads" not in kinds(both)


def test_of_an_unknown_machine_more_cores_are_a_condition() -> None:
    assert piece(in_turn(cores=1), "limits")[0].endswith("if the machine has as much")


def test_threads_that_rise_with_the_cores_are_simulated() -> None:
    """Under 4 cores a job takes 4 threads, so one runs at a time still."""
    capped = {"cores": 2, "threads": 2, "requested": {"threads": 4}}
    assert "limits" not in kinds(in_turn(**capped, cpus=4))
    assert piece(in_turn(**capped, cpus=8), "limits")[1] == (("cores", "8"),)


def test_two_limits_that_hold_jobs_back_together_are_raised_together() -> None:
    both = {"cores": 1, "resources": {"gpu": 1}, "resources_each": {"gpu": 1}}
    text, move, saves_s = piece(in_turn(4, **both), "limits")
    assert text.startswith("raise --cores from 1 to ")
    assert " and raise gpu in --resources from 1 to " in text
    assert [name for name, _ in move] == ["cores", "resources"]
    assert saves_s >= 20


@pytest.mark.parametrize(
    "facts", [{"cores": 4}, {"cores": 9, "resources": {"gpu": 9}, "resources_each": {"gpu": 1}}]
)
def test_a_limit_that_held_nothing_back_is_left(facts: dict[str, Any]) -> None:
    assert "limits" not in kinds(in_turn(4, at_once=4, **facts))


def test_slots_of_a_cluster_should_be_raised() -> None:
    text, move, _ = piece(in_turn(4, wraps="slurm", jobs=1), "limits")
    assert (text, move) == ("raise --jobs from 1 to 4", (("jobs", "4"),))


def test_waiting_that_more_slots_would_not_end_is_not_for_want_of_them() -> None:
    """They waited while no job ran: for what, the journal does not show."""
    assert "limits" not in kinds(on_cluster(4, slot_s=20, tool_s=5, jobs=2))


def test_a_rate_that_jobs_waited_for_should_be_raised_and_not_the_cores() -> None:
    rate = {"max_jobs_per_timespan": {"max_jobs": 1, "timespan": 2.0}}
    story = begun(wraps="local", cores=4, settings=rate)
    for number in range(4):
        begin = 3 + 2 * number
        story.job(number, threads=1).iteration(begin, begin, (begin, begin))
        story.quick(number, 3, begin, begin + 1).iteration(begin + 1, begin + 1, (begin + 1,) * 2)
    story.end(10)
    assert piece(story, "rate") == (
        "raise --max-jobs-per-timespan from 1/2s to 10/2s",
        (("max-jobs-per-timespan", "10/2s"),),
        6,
    )
    assert "limits" not in kinds(story)


# -- Snakemake's own work -------------------------------------------------------------------------


def slowly_selected(scheduler: str, count: int = 20, work_s: float = 0.1) -> Story:
    """Return short jobs, each selected in half a second."""
    story = begun(wraps="local", cores=1, cpus=1, settings={"scheduler": scheduler})
    for number in range(count):
        begin = 3 + number * (0.5 + work_s)
        story.job(number, threads=1).iteration(begin, begin + 0.5, (begin, begin + 0.5))
        story.quick(number, 3, begin + 0.5, begin + 0.5 + work_s)
    end = 3 + count * (0.5 + work_s)
    return story.iteration(end, end).end(end)


def test_a_scheduler_that_took_long_to_choose_should_be_the_greedy_one() -> None:
    story = slowly_selected("ilp")
    first = advice(story)[0].lever
    assert (first.kind, first.text) == ("scheduler", "use --scheduler greedy")
    assert first.why == "choosing jobs with ilp (select) took 67 % of the run"
    shares = account(slowly_selected("ilp").run)
    assert round(100 * shares.makespan_by_phase["select"] / shares.makespan) == 67
    assert (first.move, first.at_most) == ((("scheduler", "greedy"),), True)
    assert "scheduler" not in kinds(slowly_selected("greedy"))


def test_many_short_jobs_should_be_fewer() -> None:
    text, move, saves_s = piece(slowly_selected("greedy"), "fewer_jobs")
    assert text == "let one job of map make the outputs of 10"
    assert move == (("merge", "map=10"),)
    assert saves_s == pytest.approx(18 * 0.5)


@pytest.mark.parametrize("shape", [{"count": 19}, {"work_s": 10.1}])
def test_few_or_long_jobs_should_stay_as_they_are(shape: dict[str, Any]) -> None:
    assert "fewer_jobs" not in kinds(slowly_selected("ilp", **shape))


# -- on a cluster ---------------------------------------------------------------------------------


def test_checks_soon_after_ends_come_first_if_waiting_for_them_took_longest() -> None:
    first = advice(on_cluster(queue_s=5, tool_s=6, poll_s=30, every_s=40))[0]
    assert (first.lever.kind, first.lever.text) == ("wake", "add --timed-wake on")
    assert first.lever.move == (("wake", None),)
    assert 26 * SECOND < first.saves <= 30 * SECOND


@pytest.mark.parametrize("wraps", ["sge", "an-unknown-one", "slurm"])
def test_where_checks_cannot_follow_ends_a_shorter_interval_is_advised(wraps: str) -> None:
    story = on_cluster(queue_s=5, tool_s=6, poll_s=30, every_s=40, wraps=wraps)
    if wraps == "slurm":
        story.add(Wake(time=at(3), on=False, reason="its sleep is its own"))
    first = advice(story)[0]
    assert first.lever.kind == "polling"
    assert "from 40 to 5, if your site's polling policy allows it" in first.lever.text
    assert 0 < first.saves <= 30 * SECOND


def test_of_a_run_whose_checks_followed_ends_neither_is_advised() -> None:
    story = on_cluster(queue_s=5, tool_s=6, poll_s=30, every_s=40)
    story.add(Wake(time=at(3), on=True))
    assert not {"wake", "polling"} & set(kinds(story))


def exiting_late(
    *, wait_s: float | None = 2, poll_s: float = 26, woken: bool = False, **facts: Any
) -> Story:
    """Return three jobs in turn, of 10 s each, whose processes take 4 s to end.

    Each is noticed *poll_s* later, by checks that come soon after ends or every 40 s.
    """
    story = begun(**facts)
    if woken:
        story.add(Wake(time=at(3), on=True))
    now = 3.0
    for job_id in (1, 2, 3):
        tool_s, ended_s, reported_s = now + 10, now + 14, now + 14 + poll_s
        one = an_execution(begun=now, tool_started=now, tool_ended=tool_s, checked=tool_s)
        known = stamps(
            ready=now,
            selected=now,
            submitting=now,
            accepted=now,
            reported=reported_s,
            finished=reported_s,
        )
        story.job(job_id, needs=(job_id - 1,) if job_id > 1 else ())
        story.attempt(
            *(job_id, known),
            level(one, pid=job_id, started=now, loaded=now, planned=now, ended=ended_s),
            external_jobid=f"7{job_id}",
            poll_interval_s=40,
            exit_wait_s=wait_s,
        )
        now = reported_s
    return story.end(now)


def test_where_ends_are_noticed_soon_what_processes_wait_at_their_ends_is_advised() -> None:
    text, move, saves_s = piece(exiting_late(poll_s=1, woken=True), "quick_exit")
    assert (text, move) == ("add --timed-quick-exit on", (("quick-exit", None),))
    assert saves_s == 3 * 2
    for known in ({"wait_s": 0.01}, {"wait_s": None}, {"quick_exit": True}):
        assert "quick_exit" not in kinds(exiting_late(poll_s=1, woken=True, **known))


def test_early_checks_and_quick_exits_that_both_help_are_one_piece_of_advice() -> None:
    """By itself, the second saves nothing: each end waits as much longer for its check."""
    story = exiting_late()
    assert "quick_exit" not in kinds(story)
    text, move, saves_s = piece(story, "wake")
    assert text == "add --timed-wake on and --timed-quick-exit on"
    assert move == (("wake", None), ("quick-exit", None))
    assert piece(exiting_late(wait_s=0.3), "wake")[0] == "add --timed-wake on"
    assert saves_s >= piece(exiting_late(wait_s=None), "wake")[2] + 3


@pytest.mark.parametrize(("wait_s", "said"), [(5, True), (59, True), (60, False), (None, False)])
def test_early_checks_find_outputs_that_nfs_shows_late(wait_s: int | None, said: bool) -> None:
    settings = {} if wait_s is None else {"latency_wait_s": wait_s}
    first = advice(on_cluster(queue_s=5, tool_s=6, poll_s=30, every_s=40, settings=settings))[0]
    assert first.lever.kind == "wake"
    assert first.lever.why.endswith("; on NFS with --latency-wait 60") == said


def test_polling_without_a_flag_is_no_advice() -> None:
    assert "polling" not in kinds(on_cluster(tool_s=6, poll_s=30))
    assert "polling" not in kinds(on_cluster(tool_s=6, poll_s=30, every_s=1, wraps="aws-batch"))


def test_many_short_jobs_with_large_overhead_should_be_grouped() -> None:
    story = on_cluster(4, queue_s=10, startup_s=6, tool_s=1, slot_s=5, jobs=1)
    found = [one.lever for one in advice(story) if one.lever.kind == "grouping"]
    assert [(one.move, one.rule) for one in found] in ([((("group", "map=2"),), "map")], [])


@pytest.mark.parametrize(
    "shape",
    [
        {"count": 2, "tool_s": 1},  # too few
        {"count": 4, "tool_s": 17},  # the tools take longer than the overhead
        {"count": 4, "tool_s": 61, "queue_s": 100},  # not short, however long the queue
        {"count": 4, "tool_s": 1, "startup_s": 0},  # no process of their own on a node
    ],
)
def test_few_or_long_jobs_should_not_be_grouped(shape: dict[str, Any]) -> None:
    story = on_cluster(**{"queue_s": 10, "startup_s": 6, **shape})
    assert "grouping" not in kinds(story)
    assert "queue" in kinds(story)


def test_the_queue_is_simulated_at_half_its_length() -> None:
    assert piece(on_cluster(queue_s=20, tool_s=5), "queue")[1:] == ((("queue", "x0.5"),), 10)


def test_a_job_script_is_simulated_without_its_time() -> None:
    text, move, saves = piece(on_cluster(queue_s=1, script_s=20, tool_s=5), "job_script")
    assert text.startswith("take out of the job script")
    assert (move, saves) == ((), 20)


def test_what_held_jobs_back_is_named_by_the_scheduler() -> None:
    story = on_cluster(queue_s=40, tool_s=5)
    end = story.events.pop()
    held = {"submitted": 2, "eligible": 40, "started": 43, "ended": 48}
    story.accounting(1, a_record(**held, reason="JobHeldUser"), moment_s=48)
    story.add(end)
    (one,) = (one for one in advice(story) if one.lever.kind == "held")
    assert one.lever.why.endswith("Slurm's reason: JobHeldUser")
    assert (one.lever.at_most, one.saves / SECOND) == (True, 37)


# -- what no setting changes ----------------------------------------------------------------------


def test_files_and_planning_are_upper_bounds_without_a_command() -> None:
    staged = on_cluster(stage_s=20, tool_s=5)
    assert piece(staged, "staging") == ("move files closer to where they are used", (), 20)
    planned = Story().plan(2, 11).job(1).quick(1, 11, 11, 12).end(12)
    assert piece(planned, "planning")[1:] == ((), 9)
    for story in (staged, planned):
        assert all(one.lever.at_most for one in advice(story) if one.lever.without)


def test_the_snakefile_is_read_on_each_node_too() -> None:
    """So a faster one saves time there, which the bound has to have in it."""
    text, _, saves_s = piece(on_cluster(plan_s=20, tool_s=5), "planning")
    assert (text, saves_s) == ("make the Snakefile faster to read and to plan", 20)


def test_planning_a_small_workflow_is_not_the_users_to_fix() -> None:
    """Snakemake takes some tenths of a second to plan whatever workflow, and to start and to end."""
    story = Story(plugin_loaded=at(1.7)).plan(2, 2.4).job(1).quick(1, 2.4, 2.4, 2.5).end(4)
    assert kinds(story) == []


def test_what_makes_a_snakefile_slow_is_named() -> None:
    """What it does at its top level is read; input functions are called while the DAG is built."""
    reading = Story(workflow_started=at(10)).plan(11, 12).job(1).quick(1, 12, 12, 13).end(13)
    text = "make faster what the Snakefile computes at its top level"
    assert piece(reading, "planning")[0] == text
    planned = Story().plan(2, 11).job(1).quick(1, 11, 11, 12).end(12)
    assert piece(planned, "planning")[0] == "make input functions faster, or constrain wildcards"


def test_reading_and_planning_are_two_things_and_each_saves_its_own_time() -> None:
    story = Story(workflow_started=at(9)).plan(10, 15).job(1).quick(1, 15, 15, 16).end(16)
    found = [one for one in advice(story) if one.lever.kind == "planning"]
    parse_s, plan_s = (one.saves / SECOND for one in found)
    assert "reading it took" in found[0].lever.why
    assert "building the DAG" in found[1].lever.why
    phases = account(story.run).makespan_by_phase
    assert (parse_s, plan_s) == (phases["parse"] / SECOND, phases["plan"] / SECOND)


def test_the_start_of_jobs_own_snakemakes_is_not_the_snakefiles_fault() -> None:
    assert "planning" not in kinds(with_own_snakemakes())


def test_planning_that_took_no_longer_than_starting_snakemake_is_that_of_a_busy_machine() -> None:
    story = Story(plugin_loaded=at(4), workflow_started=at(4.5)).plan(5, 7)
    assert "planning" not in kinds(story.job(1).quick(1, 7, 7, 8).end(8))


def test_files_that_each_job_has_within_milliseconds_are_not_slow() -> None:
    """Of many short jobs: what Snakemake itself does for each is in ``fewer_jobs``."""
    story = begun(wraps="local", cores=1)
    for number in range(300):
        begin = 3 + number * 0.012
        tool = {
            "running": begin,
            "tool_started": begin + 0.005,
            "tool_ended": begin + 0.006,
        }
        one = an_execution(begun=begin, prepared=begin, **tool)
        chosen = dict.fromkeys(("selected", "submitting", "accepted"), begin)
        ended = dict.fromkeys(("reported", "finished"), begin + 0.012)
        story.job(number, threads=1).iteration(begin, begin, (begin, begin))
        story.attempt(number, stamps(ready=3, **chosen, **ended), in_main(one))
    story.end(3 + 300 * 0.012)
    assert account(story.run).makespan_by_class["staging"] > 0.2 * story.run.makespan
    assert "staging" not in kinds(story)


def test_compute_names_the_rule_that_owns_most_of_the_run() -> None:
    story = begun().job(1, rule="short").job(2, rule="long").job(3, rule="long")
    story.quick(1, 3, 3, 10).quick(2, 3, 3, 53).quick(3, 3, 3, 20).end(53)
    assert piece(story, "compute") == (
        "speed up the tools, starting with long",
        (("faster", "long=2"),),
        25,
    )


def test_a_service_is_not_the_tool_to_speed_up() -> None:
    story = begun().job(1, rule="serve", service=True).job(2, rule="use")
    story.quick(1, 3, 3, 20).quick(2, 3, 3, 15).end(20)
    assert [one.lever.rule for one in advice(story) if one.lever.kind == "compute"] in ([], ["use"])


# -- of any run -----------------------------------------------------------------------------------


@pytest.mark.parametrize("story", [grouped, killed, logger_only])
def test_runs_without_large_levers_have_no_such_advice(story: Any) -> None:
    assert not {"polling", "grouping", "limits"} & set(kinds(story()))


def test_a_run_without_length_has_no_advice() -> None:
    run = Run()
    assert advise(run, account(run)) == ()


def test_a_run_of_many_jobs_is_simulated_only_if_asked_for() -> None:
    run = Run()
    run.jobs = dict.fromkeys(range(MOST_JOBS), None)  # type: ignore[assignment]
    assert is_small(run)
    run.jobs[MOST_JOBS] = None  # type: ignore[assignment]
    assert not is_small(run)


@given(strategies.tampered_runs())
def test_advice_on_any_run_saves_something_and_no_more_than_the_run(run: Run) -> None:
    for one in advise(run, account(run)):
        assert run.makespan / 20 - 1 <= one.saves <= run.makespan


@given(strategies.simulated_runs())
def test_each_piece_of_advice_saves_what_its_simulation_says(
    simulated: strategies.Simulated,
) -> None:
    run = simulated.run
    trials = Trials(run, account(run))
    for one in advise(run, account(run)):
        assert trials.saves(one.lever.move, one.lever.without, one.lever.requests) == one.saves


def test_a_simulation_that_is_not_like_the_run_claims_nothing() -> None:
    run = in_turn(cores=1).run
    (move,) = (one.lever.move for one in advise(run, account(run)) if one.lever.kind == "limits")
    model = build_model(run)
    slower = model.changed(loop=[5 * SECOND] * model.count)
    assert advise(run, account(run), slower) == ()
    assert Trials(run, account(run), slower).saves(move) is None


def just_seen_by_a_growing_interval() -> Run:
    """Return a job on Slurm that ended half a second before the check that found it.

    The one before found nothing, so the next would have come 23 s later.
    """
    flag = "--slurm-init-seconds-before-status-checks"
    story = begun(wraps="slurm", executor="timed", command=("snakemake", flag, "3")).job(1)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=20.5, finished=21)
    tool = an_execution(begun=16, tool_started=16, tool_ended=18, checked=18)
    node = level(tool, started=6, loaded=15, planned=16, ended=19)
    found = StatusCheck(begun=at(20), previous=at(7), slept=at(7))
    story.iteration(3, 4, (3, 3.5))
    story.attempt(1, known, node, node_starts=(6,), status_check=found, poll_interval_s=13)
    return story.end(22).run


def test_whether_a_growing_interval_s_check_just_misses_an_end_is_no_gain() -> None:
    run = just_seen_by_a_growing_interval()
    move = (("faster", "map=2"),)
    trials = Trials(run, account(run))
    assert trials.are_like_the_run
    assert trials.saves(move) is None
    assert trials.saves((("poll", "3"),)) == 0  # the interval in force
    (found,) = what_if(run, [parse_scenario(move)], account(run).segments).predictions
    assert found.interval is not None
    low, high = found.interval
    assert low <= run.makespan < high


def test_of_what_simulations_save_the_least_is_claimed() -> None:
    """But for the worst of seven: luck is not advised."""
    assert least_of([1, 2, 3, 4, 5, 6, 7]) == 2
    assert least_of([1, 2, 3]) == 1
    assert least_of([4]) == 4


def test_what_most_simulations_save_is_said_as_a_range() -> None:
    one = Advice(Lever("compute", "speed up", "twice as fast"), 3_200_000, (3_200_000, 16_400_000))
    assert (
        changes([one], 40_000_000)
        == "speed up (twice as fast), to save 3.20 s to 16.4 s (8 to 41 %)."
    )
    assert saved(one) == "3.2 to 16.4 s"
    assert saved(replace(one, between=(3_200_000, 3_200_000))) == "3.2 s"


def test_a_setting_that_the_run_has_not_saves_nothing_known() -> None:
    run = in_turn(cores=1).run
    assert Trials(run, account(run)).saves((("poll", "5"),)) is None


# -- as text --------------------------------------------------------------------------------------


def with_own_snakemakes(cpus: int = 2) -> Story:
    """Return eight jobs, two at a time, that each start a Snakemake: 10 s, of which the tool 1 s."""
    story = begun(wraps="local", cores=2, cpus=cpus)
    for number in range(8):
        begin = 3 + number // 2 * 10
        story.job(number, threads=1, local=True)
        if number % 2 == 0:
            story.iteration(begin, begin, (begin, begin))
        known = stamps(
            ready=3,
            selected=begin,
            submitting=begin,
            accepted=begin,
            reported=begin + 10,
            finished=begin + 10,
        )
        tool = an_execution(begun=begin + 7, prepared=begin + 7, tool_started=begin + 7)
        tool = tool.but(**({key: at(begin + 8) for key in ("tool_ended", "reported", "checked")}))
        inner = level(tool, started=begin + 0.1, loaded=begin + 6, planned=begin + 7)
        inner = inner.but(ended=at(begin + 9))
        outer = an_execution(running=begin, tool_started=begin, tool_ended=begin + 10)
        used = Usage(user_s=0.01, system_s=0.01)
        story.attempt(number, known, in_main(outer), inner, used=used)
    return story.iteration(43, 43).end(43)


def test_jobs_that_start_a_snakemake_each_keep_cores_busy_and_should_do_without() -> None:
    """Starting Snakemake is work for a core, so more at once on a full machine save nothing."""
    found = {one.lever.kind: one for one in advice(with_own_snakemakes())}
    assert "limits" not in found
    first = found["nested"]
    assert first.lever.text == "let map do without run: and shadow:, with script: or shell:"
    assert first.lever.why == "each of its 8 jobs starts a whole Snakemake for them"
    assert first.lever.at_most
    assert first.saves / SECOND == pytest.approx(36, abs=0.5)
    assert found["fewer_jobs"].lever.move == (("merge", "map=4"),)


@pytest.mark.parametrize(("cpus", "most_s"), [(2, 5), (8, 35)])
def test_more_of_them_at_once_are_faster_only_on_more_cores(cpus: int, most_s: float) -> None:
    run = with_own_snakemakes(cpus).run
    saves = Trials(run, account(run)).saves((("cores", "8"),))
    assert saves is not None
    assert most_s - 6 < saves / SECOND < most_s


def test_threads_that_jobs_do_not_need_are_fewer_before_more_cores_are_asked_for() -> None:
    """On an overbooked machine, too: one thread each lets four run at once."""
    used = Usage(user_s=0.01, system_s=0.01)
    story = in_turn(4, cores=4, cpus=2, threads=4, requested={"threads": 8}, used=used)
    found = {one.lever.kind: one for one in advice(story)}
    assert "limits" not in found
    assert found["threads"].lever.move == (("set-threads", "map=1"),)
    assert found["threads"].saves / SECOND == 30
    assert found["threads"].lever.at_most


def piped(count: int = 4, cores: int = 2) -> Story:
    """Return pairs of jobs that a pipe joins, one pair of two cores at a time, for 10 s each."""
    story = begun(wraps="local", cores=cores, cpus=2)
    used = Usage(user_s=0.1, system_s=0.0)
    for number in range(count):
        gen, use, begin = 2 * number, 2 * number + 1, 3 + 10 * number
        story.job(gen, rule="gen", group=f"g{number}", threads=1, pipes=(f"p/{number}",))
        story.job(use, (gen,), rule="use", group=f"g{number}", threads=1)
        story.group(f"g{number}", (gen, use))
        story.iteration(begin, begin, (begin, begin))
        known = stamps(
            ready=3,
            selected=begin,
            submitting=begin,
            accepted=begin,
            reported=begin + 10,
            finished=begin + 10,
        )
        moments = {"begun": begin, "prepared": begin, "running": begin, "tool_started": begin}
        tools = [an_execution(one, **moments, tool_ended=begin + 10) for one in ("gen", "use")]
        story.attempt(None, known, in_main(*tools), group=f"g{number}")
        for job_id, one in zip((gen, use), tools, strict=True):
            member = stamps(finished=begin + 10)
            story.attempt(job_id, member, in_main(one), group=f"g{number}", used=used)
    return story.end(3 + 10 * count)


def test_jobs_that_a_pipe_joins_take_the_sum_of_their_cores() -> None:
    """So no slot was idle, and twice as many cores let two pairs run at a time."""
    story = piped()
    assert utilisation(story.run).stalled == 0
    text, move, saves_s = piece(story, "limits")
    assert (text, move, saves_s) == ("raise --cores from 2 to 8", (("cores", "8"),), 30)


@pytest.mark.parametrize("rule", ["gen", "use"])
def test_of_jobs_that_a_pipe_joins_either_may_be_the_one_that_the_other_waits_for(
    rule: str,
) -> None:
    (one,) = (one for one in advice(piped()) if one.lever.kind == "compute")
    assert one.lever.text == (
        "speed up the tools, starting with gen and use, whichever the other waits for"
    )
    assert one.lever.at_most
    run = piped().run
    saves = Trials(run, account(run)).saves((("faster", f"{rule}=2"),))
    assert saves == one.saves == 20 * SECOND
    scenario = parse_scenario([("faster", f"{rule}=2")])
    (found,) = what_if(run, [scenario], account(run).segments).predictions
    assert found.bound == "lower"
    assert any("is joined by a pipe to" in line for line in found.assumptions)


@pytest.mark.parametrize(
    ("name", "condition"),
    [("disk_mb", ", if the machine has as much"), ("licence", ", if there is as much")],
)
def test_only_what_a_machine_has_is_said_to_be_the_machines(name: str, condition: str) -> None:
    story = in_turn(4, cores=8, resources={name: 1}, resources_each={name: 1})
    assert piece(story, "limits")[0] == f"raise {name} in --resources from 1 to 4{condition}"


def test_tools_of_a_second_are_not_worth_the_work() -> None:
    assert "compute" not in kinds(begun().job(1).quick(1, 3, 3, 4.5).end(5))


def test_each_piece_is_a_clause_with_its_gain() -> None:
    run = of_memory().run
    assert changes(advise(run, account(run)), run.makespan) == (
        "raise mem_mb in --resources from 8000 to 12000, if the machine has as much (map requests "
        "6000: one at a time), to save at most 40.0 s (48 %); or speed up the tools, starting with map "
        "(twice as fast), to save 40.0 s (48 %)."
    )


def test_an_upper_bound_is_said_to_be_one() -> None:
    run = on_cluster(stage_s=90, tool_s=7).run
    assert "to save at most 1 min 30 s (90 %)" in changes(advise(run, account(run)), run.makespan)


def test_a_rule_s_name_cannot_control_the_terminal() -> None:
    run = on_cluster(tool_s=97, rule="a\x1b[2J").run
    assert "\x1b" not in changes(advise(run, account(run)), run.makespan)


def test_a_slow_submit_command_is_named_with_its_seconds() -> None:
    story = begun(jobs=9, wraps="cluster-generic")
    for number in range(1, 6):
        begin = 3 * number
        taken, ended = begin + 3, begin + 5
        handled = max(18.5, ended)  # until 18 the main thread submits
        one = an_execution(begun=taken, tool_started=taken, tool_ended=ended, checked=ended)
        known = stamps(
            ready=3,
            selected=3,
            submitting=begin,
            accepted=taken,
            reported=ended,
            finished=handled,
        )
        node = level(one, started=taken, loaded=taken, planned=taken, ended=ended)
        story.job(number, threads=1).attempt(number, known, node, external_jobid=f"7{number}")
    story.job(6, local=True)  # no submit command runs for it
    here = an_execution(begun=3, tool_started=3.1, tool_ended=3.2)
    known = stamps(ready=3, selected=3, submitting=3, accepted=3.1, reported=3.2, finished=3.3)
    story.attempt(6, known, in_main(here))
    story.end(20)
    assert piece(story, "submit") == ("make the submit command answer sooner", (), 14.2)
    assert "it took 3 s for each of 5 submissions" in changes(advice(story), story.run.makespan)
