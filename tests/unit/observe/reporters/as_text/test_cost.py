"""The text of `cost`."""

import pytest
from answers import PATH, cost, render
from builders import (
    Story,
    a_record,
    at,
    begun,
    chain,
    grouped,
    stamps,
)
from failing import fails, nested, on_node
from out_on_cluster import answered, out, queued

from snakemake_logger_plugin_observe.analysis.live.states import live_view
from snakemake_logger_plugin_observe.analysis.live.take_in import take_in
from snakemake_logger_plugin_observe.commands.support.cost_answer import cost as cost_of
from snakemake_logger_plugin_observe.journal.events import (
    FileSystem,
)
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.fold import extend_to


@pytest.mark.parametrize("width", [100, 60])
def test_the_seconds_add_up_to_the_makespan(width: int) -> None:
    """However narrow: what falls off the edge are bars and meanings, not seconds."""
    text = render(cost(chain().run), width=width)
    (total,) = (line for line in text.splitlines() if line.strip().startswith("Σ"))
    assert total.split() == ["Σ", "=", "makespan", "21.0"]


def test_a_run_with_nothing_to_do_needs_no_change() -> None:
    """What little time it took went into planning, but that is not the answer."""
    idle = begun().planned(3, {}, all=1).end(30, "nothing_to_do")
    lines = render(cost(idle.run)).splitlines()
    assert lines[3:5] == ["Nothing ran: its one job was up to date.", ""]
    assert lines[5].startswith("Where the 30.0 s went")


def test_a_killed_run_says_what_to_do_on_its_first_screen() -> None:
    """Its tool may still run on this machine, and Snakemake's lock is left."""
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    run = begun(wraps="local").job(1, rule="map").submitted(1, known).run
    text = " ".join(render(cost(run), width=300).split())
    assert (
        "What to do: check on this host (ps -ef) whether the tools of map still run, and end those "
        "that do; then run the same command again with --rerun-incomplete (after snakemake "
        "--unlock, if it is reported that the directory is locked)."
    ) in text


def test_a_run_that_ended_in_order_has_nothing_to_make_again() -> None:
    ended = begun().planned(3, {"map": 2}).job(1, rule="map").quick(1, 3, 3, 4)
    text = render(cost(ended.end(5, "interrupted").run), width=300)
    assert "What to do: run the same command again: what is done stays done." in text


def test_after_a_failure_a_run_that_ended_early_is_gone_on_with_as_without_one() -> None:
    """What was in flight may be incomplete: Snakemake would refuse to run again."""
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    story = begun(wraps="local").job(1, rule="map").submitted(1, known).job(2, rule="sum")
    fails(story, 2, "Error: no sample", rule="sum")
    on = (
        "check on this host (ps -ef) whether the tools of map still run, and end those that do; "
        "then run the same command again with --rerun-incomplete"
    )
    fix = "What to do: fix the error that sum reported (logs/a.log:1); then "
    text = " ".join(render(cost(story.run), width=500).split())
    assert f"{fix}{on} (after snakemake --unlock," in text
    text = " ".join(render(cost(story.end(9, "interrupted").run), width=500).split())
    assert f"{fix}{on}." in text


def test_a_log_that_snakemake_removed_with_an_output_folder_is_not_what_to_read() -> None:
    story = begun(wraps="local").job(1, output=("res",), log=("res/map.log",))
    kept = LogTail(path="res/map.log", lines=("begin", "Error: no such sequence"), first_line=1)
    fails(story, 1, logs=(kept,)).end(9, "failed")
    assert (
        "What to do: fix the error that map reported (res/map.log:2); res/map.log is inside the "
        "output folder res, and Snakemake removes the outputs of a failed job, the log with them; "
        "its last lines were kept in the journal: declare the log outside of that folder; then run "
        "again: what is done stays done."
    ) in render(cost(story.run), width=400)


def test_an_output_that_is_not_as_declared_is_not_called_missing() -> None:
    story = begun().job(1, rule="align")
    said = "Detected unexpected empty output files"
    story.quick(1, 3, 3, 4, status="failed", message=said).end(5, "failed")
    lines = render(cost(story.run)).splitlines()
    assert lines[3] == f"FAILED: align: invalid output: {said}"
    assert lines[5] == (
        "What to do: make align write its output as ensure() declares it, then run again."
    )


@pytest.mark.parametrize(
    ("state", "who"),
    [
        (None, "the status command (./status.sh) calls"),
        ("COMPLETED", "the status command (./status.sh) calls"),
        ("FAILED", "the status command (./status.sh) and the cluster's record call"),
    ],
)
def test_only_who_contradicts_the_node_is_asked_why(state: str | None, who: str) -> None:
    story = begun(wraps="cluster-generic", settings={"status_cmd": "./status.sh"}).job(1)
    on_node(story, 1, 0, status="failed", exit_code=None, reported_as="failed")
    if state is not None:
        story.accounting(1, a_record("71", state=state, exit_code=None))
    text = " ".join(render(cost(story.end(12, "failed").run)).split())
    assert f"find out why {who} a job of map failed that ended well; then run again" in text


def test_a_phase_of_less_than_half_a_class_is_not_called_most_of_it() -> None:
    """Of the group's overhead, 9 s, the time between its members is 2 s: not most of it."""
    assert "most of it member_wait" not in " ".join(render(cost(grouped().run)).split())


def test_a_slow_file_system_is_reported() -> None:
    quick = {"create_s": 0.0002, "stat_s": 0.0001, "remove_s": 0.0099}
    slow = {"create_s": 0.0412, "stat_s": 0.0001, "remove_s": 1.2}
    measured = [
        FileSystem(time=at(2), when="start", path="/w", **quick),
        FileSystem(time=at(21), when="end", path="/w", **slow),
    ]
    run = chain().run
    run.file_systems.extend(measured)
    found = [line for line in render(cost(run)).splitlines() if "slow" in line]
    assert found == [
        "! slow file system at run end: a file in /w took 0.041 s to create, 1.20 s to remove"
    ]


@pytest.mark.parametrize(("count", "last"), [(13, "r12"), (14, "… 2 more rules")])
def test_more_rules_than_fit_are_counted_unless_it_is_one(count: int, last: str) -> None:
    story = begun()
    for job_id in range(1, count + 1):
        story.job(job_id, rule=f"r{job_id - 1}").quick(job_id, 3, 3, 30 - job_id)
    lines = render(cost(story.end(31).run)).splitlines()
    table = lines[next(n for n, line in enumerate(lines) if line.startswith("Rules")) + 1 :]
    assert table[: table.index("")][-1].strip().startswith(last)


def test_a_run_that_failed_before_any_job_is_not_called_slow_at_planning() -> None:
    """Nothing else could take its time."""
    run = begun().message(4, "WorkflowError:\nno", level="error").end(5, "failed").run
    text = render(cost(run), width=300)
    assert "FAILED: " in text
    assert "Reading the Snakefile" not in text


def test_a_run_whose_jobs_are_all_done_is_said_to_shut_down() -> None:
    """For how long so far, and with the settings that decide that, as after its end."""
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=20, finished=21)
    story = begun(wraps="slurm", jobs=2, plugins=("observe", "timed")).planned(3, {"map": 1})
    story.job(1).attempt(1, known, external_jobid="71", poll_interval_s=40).heartbeat(49)
    text = " ".join(render(cost_of(Source(PATH, story.run, "running")), width=300).split())
    assert (
        "All jobs are done, and the shutdown goes on, for 28.0 s so far: Snakemake waits for its "
        "executor, which may sleep until its next status check."
    ) in text
    _before, _name, after = text.partition(" shutdown last job done → exit 28.0 ")
    assert "every 40 s: --slurm-init-seconds-before-status-checks" in after
    assert "soon after each end: --timed-wake on" in after


def test_a_local_run_that_shuts_down_waits_for_no_status_check() -> None:
    story = begun(wraps="local").planned(3, {"map": 1}).job(1).quick(1, 3, 3, 5).heartbeat(9)
    text = render(cost_of(Source(PATH, story.run, "running")), width=300)
    assert "All jobs are done, and the shutdown goes on, for 4.00 s so far.\n" in text


def test_a_failed_job_that_the_run_still_waits_for_has_one_line_of_what_to_do() -> None:
    """What to mend about it comes first; then what to do about the run, which stands still."""
    run = out("71", wraps="slurm").planned(3, {"map": 2}).run
    extend_to(run, at(600))
    record = queued("71", state="CANCELLED", cancelled_by="root", started=6, ended=12)
    view = live_view(run, {}, answered(record), at(600))
    take_in(run, {}, view)
    text = " ".join(render(cost_of(Source(PATH, run, "running", live=view)), width=300).split())
    assert "FAILED so far: map i=1: cancelled" in text
    assert text.count("What to do: ") == 1
    assert (
        "What to do: ask user root why it had to be cancelled; stop Snakemake (Ctrl-C), then run "
        "the same command again with --rerun-incomplete (because the job is over"
    ) in text


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (fails(begun().job(1), 1), "1 failure cost "),
        (
            fails(fails(begun().job(1), 1), 1, number=2, start_s=6),
            "2 failures, retries included, cost ",
        ),
        (nested(), "6 failures, retries on the node included, cost "),
    ],
)
def test_failures_that_are_more_than_the_jobs_that_failed_include_retries(
    story: Story, expected: str
) -> None:
    story.end(50, "failed")
    assert f" · {expected}" in render(cost_of(Source(PATH, story.run, "failed")), width=300)


def test_jobs_that_have_not_begun_have_one_name_on_a_screen() -> None:
    story = fails(begun().planned(3, {"map": 4}).job(1), 1)
    for status, name in (("running", "waiting"), ("killed", "not started")):
        text = render(cost_of(Source(PATH, story.run, status)), width=300)
        assert text.count(f", 3 {name}") == 2
        assert "not reached" not in text


@pytest.mark.parametrize(
    ("user", "to_do"),
    [
        ("root", "run again: you (root) cancelled it."),
        ("ada", "ask root why it had to be cancelled, then run again."),
    ],
)
def test_a_user_is_not_sent_to_ask_themselves(user: str, to_do: str) -> None:
    story = on_node(begun().job(1), 1, 1, status="failed")
    story.accounting(1, a_record("71", state="CANCELLED", cancelled_by="0")).end(30, "failed")
    run = story.run
    assert run.started is not None
    run.started = run.started.but(user=user)
    assert f"What to do: {to_do}" in render(cost_of(Source(PATH, run, "failed")), width=300)
