"""The state of each job that is out: by its node, by the scheduler, or not known and why."""

from typing import Any

import pytest
from builders import NODE, Story, an_execution, at, begun, level
from out_on_cluster import SUBMITTED, answered, computing, out, over, queued, view_of

from snakemake_logger_plugin_observe.analysis.live.on_cluster import OFFLINE, is_slurm
from snakemake_logger_plugin_observe.analysis.live.state import LiveState, LiveView
from snakemake_logger_plugin_observe.analysis.live.summary import counts, lines
from snakemake_logger_plugin_observe.analysis.live.take_in import take_in
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.run.fold import extend_to

FIRST = (1, 1)


def only(view: LiveView) -> LiveState:
    (one,) = view.states
    return one


def shown(view: LiveView) -> tuple[Any, ...]:
    one = only(view)
    return one.state, None if one.since is None else one.since - at(0), one.reason, one.node


def test_a_job_is_pending_for_the_scheduler_s_reason() -> None:
    view = view_of(out("71"), answered(queued(reason="JobHeldUser")))
    assert shown(view) == ("pending", 5_000_000, "JobHeldUser", None)


def test_a_begin_time_is_said_with_the_moment() -> None:
    story = out("71")
    view = view_of(story, answered(queued(reason="BeginTime", eligible=at(3600))))
    (line,) = lines(story.run, view)
    assert line.text.endswith("pending for 55 s: BeginTime, until 2026-03-01 13:00:00 UTC")


def test_a_job_without_a_sign_of_life_is_in_its_job_script() -> None:
    running = queued(state="RUNNING", reason=None, started=20, nodes="n1")
    assert shown(view_of(out("71"), answered(running))) == ("job_script", 20_000_000, None, "n1")


def test_a_job_whose_node_is_not_timed_runs() -> None:
    story = begun().job(1).submitted(1, SUBMITTED, external_jobid="71")
    running = queued(state="RUNNING", reason=None, started=20, nodes="n1")
    assert only(view_of(story, answered(running))).state == "running"


def test_a_shell_s_sign_of_life_is_a_start() -> None:
    report = NodeReport((at(22),))
    running = queued(state="RUNNING", reason=None, started=20, nodes="n1")
    view = view_of(out("71"), answered(running), {FIRST: report})
    assert shown(view) == ("starting", 22_000_000, None, "n1")


def test_a_tool_that_has_begun_computes_also_where_the_scheduler_was_not_asked() -> None:
    view = view_of(out("71"), reports={FIRST: computing(9)}, not_asked=OFFLINE)
    assert shown(view) == ("computing", 9_000_000, None, NODE)
    assert view.problem == OFFLINE


def test_a_tool_that_has_ended_leaves_snakemake_to_finish() -> None:
    node = over().levels[0].but(ended=None)
    running = queued(state="RUNNING", reason=None, started=5, nodes="n1")
    view = view_of(out("71"), answered(running), {FIRST: NodeReport((at(6),), (node,))})
    assert shown(view) == ("finishing", 11_000_000, None, NODE)


def group_of_three() -> tuple[Story, NodeReport]:
    """Return a group, whose first member has ended, whose second computes, and its processes."""
    story = begun().group("g1", (1, 2, 3), name="g")
    for number in (1, 2, 3):
        story.job(number, wildcards={"i": str(number)}, group="g1")
    story.submitted(None, SUBMITTED, group="g1", external_jobid="16", fragments=("f/1",))
    first = an_execution("map", wildcards={"i": "1"}, begun=8, tool_started=9, tool_ended=20)
    second = an_execution("map", wildcards={"i": "2"}, begun=21, tool_started=22, status="running")
    node = level(
        first.but(checked=at(20), status="success"),
        second,
        started=6.5,
        loaded=7,
        planned=8,
    )
    return story, NodeReport((at(6),), (node,))


def test_before_its_first_tool_and_after_its_last_a_group_waits_for_no_member() -> None:
    story, _ = group_of_three()
    running = answered(queued("16", state="RUNNING", reason=None, started=5, nodes="n1"))
    outer = an_execution(None, begun=8)
    before = level(outer, wraps="slurm-jobstep", started=6.5, loaded=7, planned=8)
    view = view_of(story, running, {("g1", 1): NodeReport((at(6),), (before,))})
    assert {one.state for one in view.states} == {"starting"}
    tools = (
        an_execution("map", wildcards={"i": str(number)}, begun=8, tool_started=9, tool_ended=20)
        for number in (1, 2, 3)
    )
    after = level(*tools, started=6.5, loaded=7, planned=8)
    view = view_of(story, running, {("g1", 1): NodeReport((at(6),), (after,))})
    assert [one.state for one in view.states] == ["finishing", "done", "done", "done"]


def test_each_member_of_a_group_does_what_its_own_tool_does() -> None:
    story, report = group_of_three()
    running = queued("16", state="RUNNING", reason=None, started=5, nodes="n1")
    reports = {("g1", 1): report}
    view = view_of(story, answered(running), reports)
    shown = {one.key[0]: (one.state, one.since and one.since - at(0)) for one in view.states}
    assert shown == {
        "g1": ("computing", 22_000_000),
        1: ("done", 20_000_000),
        2: ("computing", 22_000_000),
        3: ("waiting", None),
    }
    assert counts(view) == "1 computing, 1 done in a group, 1 waiting in a group"
    run = story.run
    extend_to(run, at(60))
    take_in(run, reports, view)
    phases = {key[0]: one.phases for key, one in run.attempts.items()}
    assert phases[1]["compute"] == 11_000_000
    assert phases[2]["compute"] == 38_000_000
    assert phases[3] == {}
    assert "compute" not in phases["g1"]
    assert "unobserved" not in phases["g1"]


def test_a_suspended_job_is_said_to_be() -> None:
    suspended = queued(state="SUSPENDED", reason=None, started=8)
    view = view_of(out("71"), answered(suspended), {FIRST: computing()})
    assert shown(view) == ("suspended", None, None, NODE)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (over(), "the tool succeeded"),
        (over(-15), "the tool ended by signal 15, SIGTERM"),
        (over(2), "the tool ended by exit code 2"),
    ],
)
def test_a_node_that_has_ended_is_not_noticed_yet(report: NodeReport, reason: str) -> None:
    view = view_of(out("71"), answered(ids=("71",)), {FIRST: report})
    assert shown(view) == ("ended", 12_000_000, reason, NODE)


def test_a_job_that_the_scheduler_ended_is_not_noticed_yet() -> None:
    failed = queued(state="FAILED", reason=None, started=20, ended=20, exit_code=0, signal=53)
    view = view_of(out("71"), answered(failed))
    assert shown(view) == ("ended", 20_000_000, "Slurm says FAILED 0:53", None)


def test_nobody_notices_the_end_of_what_a_killed_run_left() -> None:
    story = out("71")
    view = view_of(story, answered(ids=("71",)), {FIRST: over()}, attended=False)
    assert counts(view) == "1 ended"
    assert [line.text for line in lines(story.run, view)] == [
        f"map i=1 (slurm 71): ended 48 s ago on {NODE}: the tool succeeded"
    ]


def test_who_cancelled_a_job_is_said() -> None:
    by = queued(state="CANCELLED", reason=None, started=8, ended=20, cancelled_by="0")
    view = view_of(out("71"), answered(by), {FIRST: computing()})
    assert shown(view) == ("ended", 20_000_000, "Slurm says CANCELLED by 0", NODE)


def test_a_requeued_job_is_pending_whatever_its_node_wrote_before() -> None:
    again = queued(reason="BeginTime")
    assert only(view_of(out("71"), answered(again), {FIRST: computing()})).state == "pending"


def test_a_job_that_the_scheduler_does_not_know_is_gone() -> None:
    gone = view_of(out("71"), answered(ids=("71",)), {FIRST: computing()})
    assert only(gone).state == "gone"


def test_slurm_s_record_of_another_job_says_nothing_of_another_scheduler_s() -> None:
    story = out("71", wraps="cluster-generic", command=("snakemake",), settings={})
    foreign = queued(state="FAILED", reason=None, started=20, ended=20).but(submitted=at(-90_000))
    answer = answered(foreign, ids=("71",))
    assert only(view_of(story, answer, {FIRST: computing()})).state == "computing"
    assert only(view_of(story, answer)).state == "unknown"


def test_a_job_submitted_just_now_is_not_gone() -> None:
    view = view_of(out("71"), answered(ids=("71",)), now_s=8)
    assert shown(view) == (
        "unknown",
        5_000_000,
        "it was submitted just now, and the scheduler does not show it yet",
        None,
    )


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"not_asked": OFFLINE}, OFFLINE),
        (
            {"answer": answered(ids=("71",), problem="squeue did not answer in time")},
            "squeue did not answer in time",
        ),
    ],
)
def test_without_an_answer_it_is_not_known_and_why(more: dict, reason: str) -> None:
    view = view_of(out("71"), **more)
    assert only(view).state == "unknown"
    assert only(view).reason == f"nothing has been written on the node yet, and {reason}"
    assert view.problem is not None
    assert view.problem.endswith(reason)


def test_a_sentence_is_no_id() -> None:
    one = only(view_of(out("Submitted batch job 311"), answered()))
    assert (one.state, one.has_no_id) == ("unknown", True)
    assert one.reason is not None
    assert one.reason == "nothing has been written on the node yet, and there is no id to ask by"


def test_a_job_of_another_cluster_is_not_asked_about() -> None:
    one = only(view_of(out("311;far"), answered()))
    assert (one.state, one.has_no_id) == ("unknown", False)
    assert one.reason is not None
    assert one.reason.endswith("it is on the cluster far, which was not asked")


def test_no_scheduler_has_blanks_in_its_ids() -> None:
    story = out("Welcome to cluster FOO", wraps="cluster-generic", command=("snakemake",))
    assert only(view_of(story, answered())).has_no_id
    story = out("lsf-77", wraps="cluster-generic", command=("snakemake",))
    assert not only(view_of(story, answered())).has_no_id


def test_an_end_by_a_signal_is_none_where_slurm_may_have_requeued_the_job() -> None:
    view = view_of(out("71"), reports={FIRST: over(-15)}, not_asked=OFFLINE)
    (state, since, reason, _) = shown(view)
    assert (state, since) == ("unknown", 12_000_000)
    assert reason == (
        f"the tool ended by signal 15, SIGTERM on {NODE}, and whether Slurm starts it again is "
        f"open: {OFFLINE}"
    )
    assert only(view_of(out("71"), reports={FIRST: over(2)}, not_asked=OFFLINE)).state == "ended"


def test_a_sentence_is_no_id_without_an_answer_too() -> None:
    one = only(view_of(out("sbatch: error: no"), not_asked=OFFLINE))
    assert (one.state, one.has_no_id) == ("unknown", True)


def test_a_job_that_is_not_submitted_yet_was_selected() -> None:
    story = begun().job(1)
    assert shown(view_of(story)) == ("selected", 2_000_000, None, None)


def test_a_job_that_is_not_described_yet_is_known_by_its_selection() -> None:
    story = begun().iteration(3, 4.5, (3, 4), ready=1, selected=(7,)).heartbeat(20, (7, 1))
    view = view_of(story)
    assert shown(view) == ("selected", 4_000_000, None, None)
    assert [line.text for line in lines(story.run, view)] == [
        "job 7: selected 56 s ago, not submitted yet"
    ]


def test_without_the_timing_executor_nothing_is_known() -> None:
    story = Story(wrapped=False).plan(2, 3).job(1)
    one = only(view_of(story))
    assert one.state == "unknown"
    assert one.reason is not None
    assert "--executor timed" in one.reason


def test_jobs_of_this_host_are_not_out() -> None:
    local = begun(wraps="local").job(1)
    assert view_of(local).states == ()
    assert view_of(begun().job(1, local=True)).states == ()


def test_a_member_does_what_its_group_does() -> None:
    story = begun().group("g1", (1, 2), name="pair")
    story.job(1, rule="a", group="g1").job(2, rule="b", group="g1")
    story.submitted(None, SUBMITTED, group="g1", external_jobid="71")
    view = view_of(story, answered(queued(reason="PartitionTimeLimit")))
    assert {one.key: one.state for one in view.states} == {
        ("g1", 1): "pending",
        (1, 1): "pending",
        (2, 1): "pending",
    }
    assert [one.key for one in view.submissions] == [("g1", 1)]
    assert counts(view) == "2 pending"


def test_only_the_last_start_of_a_job_counts() -> None:
    before = level(an_execution(tool_started=9, status="running"), started=6.5, pid=1)
    again = level(started=30, pid=2).but(restarts=1)
    report = NodeReport((at(6), at(29)), (before, again))
    assert shown(view_of(out("71"), reports={FIRST: report}))[:2] == ("starting", 29_000_000)


def test_a_node_s_clock_that_is_ahead_gives_no_moment_in_the_future() -> None:
    view = view_of(out("71"), reports={FIRST: computing(90)}, now_s=60)
    assert only(view).since == at(60)


def test_slurm_runs_jobs_by_its_plugin_or_by_sbatch() -> None:
    generic = {"wraps": "cluster-generic"}
    sbatch = ("snakemake", "--cluster-generic-submit-cmd", "sbatch --parsable")
    assert is_slurm(begun().run)
    assert is_slurm(begun(**generic, command=sbatch).run)
    assert not is_slurm(begun(**generic, command=("snakemake", "qsub")).run)
    assert not is_slurm(begun(wraps="lsf").run)


def test_a_submit_script_s_id_may_be_another_scheduler_s() -> None:
    story = out("71", wraps="cluster-generic", command=("snakemake", "./submit.sh"))
    assert only(view_of(story, answered(queued()))).state == "pending"
    of_another = queued().but(submitted=at(500))
    assert only(view_of(story, answered(of_another), now_s=600)).state != "pending"
    assert only(view_of(story, answered(ids=("71",)), now_s=600)).state == "unknown"


def test_what_needs_attention_comes_first_and_what_is_alike_is_one_line() -> None:
    story = out("71", "72", "73")
    held = [queued(one, reason="JobHeldUser") for one in ("72", "73")]
    view = view_of(story, answered(queued(state="RUNNING", started=8), *held), {FIRST: computing()})
    assert [line.text for line in lines(story.run, view)] == [
        "2 jobs of map (slurm 72, 73): pending for up to 55 s: JobHeldUser",
        f"map i=1 (slurm 71): computing on {NODE} for 51 s",
    ]
    assert counts(view) == "1 computing, 2 pending"
