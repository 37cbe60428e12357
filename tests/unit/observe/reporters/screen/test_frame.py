"""Frames of ``watch``: golden texts, what fits where, and text that stays text."""

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from answers import ESCAPES
from builders import Story, at, begun, stamps
from out_on_cluster import answered, computing, out, over, queued
from rich.text import Text
from watching import on_this_machine, out_on_slurm, seen

from snakemake_logger_plugin_observe.analysis.remaining.estimate import Remaining
from snakemake_logger_plugin_observe.journal.events import EarlyCheck, Paused
from snakemake_logger_plugin_observe.reporters.as_json.watch import shape
from snakemake_logger_plugin_observe.reporters.forms import text as text_form
from snakemake_logger_plugin_observe.reporters.palette import PALETTE
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.screen.frame import Page, Shown, choices, frame
from snakemake_logger_plugin_observe.reporters.screen.plain import PlainLines
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView
from snakemake_logger_plugin_observe.run.scope import job_counts

Golden = Callable[[str, str], None]


def text(view: WatchView, width: int = 100, height: int | None = None, **shown: object) -> str:
    what = Shown(**shown)  # type: ignore[arg-type]
    reply = Reply(view, lambda one, columns: frame(one, what, columns, height), lambda _: {})
    return text_form.render(reply, width=width)


@pytest.mark.parametrize("width", [60, 100])
def test_a_run_on_a_cluster(golden: Golden, width: int) -> None:
    golden(f"watch-cluster-{width}.txt", text(out_on_slurm(), width))


def test_a_run_on_this_machine(golden: Golden) -> None:
    golden("watch-local-100.txt", text(seen(on_this_machine(), 55)))


def test_a_run_that_has_ended(golden: Golden) -> None:
    story = begun(wraps="local", cores=1).planned(3, {"map": 2}).job(1).quick(1, 3, 3, 9)
    story.job(2).quick(2, 3, 9, 12, status="failed", message="exit status 1", exit_code=1)
    golden("watch-failed-100.txt", text(seen(story.end(13, "failed"), 20)))


def test_the_failures_and_a_log(golden: Golden) -> None:
    view = out_on_slurm()
    golden("watch-failures-100.txt", text(view, page="failures", keys=True))
    log = ("reading", "Error: no such column: gc")
    golden("watch-log-100.txt", text(view, page="log", log_name="map s=b: logs/b.log", log=log))


SELECTED = stamps(ready=3, selected=4, accepted=4)


def colours(view: WatchView) -> dict[str, str]:
    """Return the colour of what each job in flight does."""
    rows = [row for row in frame(view, Shown(), 100, None) if isinstance(row, Text)]
    found = {}
    for one in view.flights:
        (row,) = (row for row in rows if row.plain.strip().startswith(one.name))
        span = next(
            (span for span in row.spans if one.does in row.plain[span.start : span.end]), None
        )
        found[one.does] = str(span.style) if span is not None else ""
    return found


def test_what_a_job_does_has_the_colour_of_its_cost_class() -> None:
    assert colours(out_on_slurm()) == {
        "ended, unnoticed": PALETTE["scheduling"].terminal,
        "pending": PALETTE["queue"].terminal,
        "computing": PALETTE["compute"].terminal,
    }
    story = out("71", jobs=1).planned(3, {"map": 1})
    held = seen(story, 900, answered(queued("71", reason="JobHeldUser")))
    assert colours(held) == {"pending": PALETTE["limits"].terminal}
    assert colours(seen(on_this_machine(), 55)) == {"computing": PALETTE["compute"].terminal}
    unwrapped = seen(begun(wrapped=False).planned(3, {"map": 1}).job(1).submitted(1, SELECTED), 9)
    assert colours(unwrapped) == {"running": ""}


@pytest.mark.parametrize("height", [5, 10, 16, 24, 40])
@pytest.mark.parametrize("page", ["overview", "failures", "log"])
def test_a_frame_fits_its_terminal_and_names_what_is_left_out(height: int, page: Page) -> None:
    view = out_on_slurm()
    many = replace(view, flights=view.flights * 30, failures=view.failures * 30)
    log = tuple(f"line {number}" for number in range(100))
    lines = text(many, 80, height, page=page, log=log, log_name="x", keys=True).splitlines()
    assert len(lines) <= max(height, 18)  # the head, the foot and a row of each table
    if page == "overview":
        assert any(line.startswith("› map s=e") for line in lines)
        assert any(line.endswith("more jobs") for line in lines)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_the_counts_are_never_cut(width: int) -> None:
    row = replace(out_on_slurm().rules[0], failed=2, cancelled=1, never=2)
    shown = text(replace(out_on_slurm(), rules=(row,)), width, 24).splitlines()
    assert max(map(len, shown[2:4])) <= width
    assert (
        " ".join("\n".join(shown[2:5]).split())
        .split("% ")[1]
        .startswith(
            "1 of 11 jobs done, 4 in flight, 1 waiting, 2 failed, 1 cancelled, 2 will not run"
        )
    )


def test_a_group_that_is_left_out_is_no_job() -> None:
    view = out_on_slurm()
    group = replace(view.flights[0], is_group=True)
    many = replace(view, rules=(), failures=(), flights=(*view.flights[:1] * 30, group))
    assert "… and 1 more group" not in text(many, 80)
    shown = text(many, 80, 20)
    left_out = 31 - sum(line.startswith("  map s=e") for line in shown.splitlines())
    assert f"  … and {left_out - 1} more jobs and 1 more group" in shown.splitlines()


def test_the_chosen_job_is_in_the_frame() -> None:
    view = out_on_slurm()
    many = replace(view, flights=tuple(replace(view.flights[0], name=f"j{n}") for n in range(50)))
    for chosen in (0, 20, 49):
        shown = text(many, 80, 24, chosen=chosen, keys=True)
        assert f"› j{chosen} " in shown


def test_only_a_rule_s_jobs_are_shown() -> None:
    view = out_on_slurm()
    assert "\n  map s=c  " in text(view)
    assert "\n  map s=c  " not in text(view, rule="sort")
    assert len(choices(view, Shown(rule="map"))) == 5
    assert len(choices(view, Shown(page="failures"))) == 1


def test_texts_of_the_journal_do_nothing_to_the_terminal() -> None:
    story = begun(jobs=1).planned(3, {ESCAPES: 2}).job(1, rule=ESCAPES, wildcards={"s": ESCAPES})
    story.quick(1, 3, 4, 8, status="failed", message=f"{ESCAPES}\n{ESCAPES}")
    story.job(2, rule=ESCAPES, wildcards={"s": ESCAPES})
    known = stamps(ready=3, selected=9, submitting=9, accepted=9)
    story.submitted(2, known, external_jobid=ESCAPES)
    view = seen(story, 20, answered(queued("1", reason=ESCAPES)))
    shown = text(view, 200) + text(view, 200, page="log", log_name=ESCAPES, log=(ESCAPES,))
    shown += "\n".join(PlainLines(ESCAPES).lines(view))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\r" not in shown


def test_without_a_plan_nothing_is_said_of_what_waits() -> None:
    story = begun().job(1).quick(1, 3, 4, 8)
    assert "1 job done (what was planned is not known)" in text(seen(story, 9))
    assert shape((seen(story, 9),))["runs"][0]["jobs"]["waiting"] is None


def test_a_run_that_stands_still_says_so_first() -> None:
    story = out("71", jobs=1).planned(3, {"map": 1})
    view = seen(story, 900, answered(queued("71", reason="JobHeldUser")))
    assert view.still
    assert view.remaining is None
    assert "Remaining: not known: nothing moves by itself" in text(view)
    assert "Last moved 15 min ago: nothing moves: map i=1 (slurm 71): pending" in text(view)


def test_what_was_submitted_just_now_or_waits_for_a_time_does_not_stand_still() -> None:
    story = out("71", "72", jobs=2).planned(3, {"map": 2})
    assert not seen(story, 9, answered()).still
    later = queued("71", reason="BeginTime")
    held = queued("72", reason="JobHeldUser")
    assert not seen(story, 900, answered(later, held)).still
    assert seen(story, 900, answered(held, ids=("71",))).still


def test_where_nothing_is_known_it_is_not_said_that_nothing_moves() -> None:
    view = seen(out("71", jobs=1).planned(3, {"map": 1}), 900, answered(problem="timed out"))
    assert not view.still
    assert view.why_still.startswith("nothing is known to move: map i=1 (slurm 71): not known: ")


def test_what_stands_still_has_a_next_step() -> None:
    story = out("71", jobs=1).planned(3, {"map": 1})
    view = seen(story, 900, answered(queued("71", reason="JobHeldUser")))
    command = f"snakemake-observe triage {view.path}  # what to do"
    assert f"  {command}" in text(view).splitlines()
    cancelled = queued("71", state="CANCELLED", started=9, ended=12)
    assert command in text(seen(story, 900, answered(cancelled)))
    assert "triage" not in text(seen(story, 20, answered(cancelled)))


def test_plain_lines_say_once_that_something_stands_still_however_long_it_does() -> None:
    printer = PlainLines()
    story = out("71", jobs=1).planned(3, {"map": 1})
    held = answered(queued("71", reason="JobHeldUser"))
    still, counts = printer.lines(seen(story, 900, held))
    assert still.startswith("12:15:00 nothing moves: map i=1 (slurm 71): pending for 15 min")
    assert "snakemake-observe triage" in still
    assert counts.startswith("12:15:00 0 of 1 job done, 1 in flight")
    assert [
        line for now in range(901, 1100) for line in printer.lines(seen(story, now, held))
    ] == []


def blocked_run() -> Story:
    story = begun(wraps="local", cores=1, settings={"keep_going": True})
    story.ordered({"map": 3, "sort": 3, "all": 1}, "all", all={"sort": 3}, sort={"map": 3})
    story.job(1).quick(1, 3, 3, 9).job(2).quick(2, 3, 9, 12, status="failed", exit_code=1)
    return story.blocked(12, sort=1, all=1)


def test_jobs_that_will_not_run_are_counted_apart_from_those_that_wait() -> None:
    shown = text(seen(blocked_run(), 12))
    assert "1 of 7 jobs done, 3 waiting, 1 failed, 2 will not run" in shown
    assert "; 2 jobs will not run: what they need failed" in shown
    assert table_of(shown) == [
        ["rule", "done", "waiting", "failed", "will", "not", "run", "usually"],
        ["map", "1", "1", "1", "6.00", "s"],
        ["sort", "0", "2", "1"],
        ["all", "0", "1"],
    ]


def test_once_the_run_has_ended_they_were_not_run_like_the_others() -> None:
    shown = text(seen(blocked_run().end(13, "failed"), 20))
    assert "1 of 7 jobs done, 1 failed, 5 not reached" in shown
    assert "will not run" not in shown


def interrupted(kind: str, text: str) -> Story:
    """Return a run on Slurm of two jobs in flight and two that wait, asked to end at 20 s."""
    story = out("71", "72", jobs=2).planned(3, {"map": 3, "all": 1})
    return story.message(20, text, kind=kind)


def test_a_run_that_is_ending_on_request_starts_nothing_more() -> None:
    story = interrupted("terminated", "Will exit after finishing currently running jobs.")
    both = [queued(one, state="RUNNING", started=6) for one in ("71", "72")]
    view = seen(story, 30, answered(*both), {(1, 1): computing(), (2, 1): computing()})
    shown = text(view)
    assert "0 of 4 jobs done, 2 in flight, 2 will not run" in shown
    assert view.why_still == (
        "ending on request: nothing more is started; 2 jobs, longest map i=1, computing for 21 s"
    )
    assert "2 jobs will not run: the run is ending on request" in shown


def test_while_jobs_are_cancelled_no_status_check_is_waited_for() -> None:
    story = interrupted("interrupted", "Terminating processes on user request.")
    ended = answered(*(queued(one, state="CANCELLED", ended=21) for one in ("71", "72")))
    view = seen(story, 30, ended)
    assert view.why_still == (
        "ending on request: nothing more is started, and what is in flight is cancelled"
    )
    assert not view.still


def test_what_an_interruption_cancelled_did_not_fail() -> None:
    story = interrupted("interrupted", "Terminating processes on user request.")
    story.quick(1, 3, 4, 22, status="cancelled", external_jobid="71")
    story.quick(2, 3, 4, 22, status="failed", signal=15, external_jobid="72")
    view = seen(story.end(23, "interrupted"), 30)
    counts = job_counts(story.run)
    assert (counts.cancelled, counts.failed, counts.not_reached) == (2, 0, 2)
    assert "0 of 4 jobs done, 2 cancelled, 2 not reached" in text(view)
    assert (view.failures, view.failed_attempts) == ((), 0)
    found = shape((view,))["runs"][0]["jobs"]
    assert (found["failed"], found["cancelled"]) == (0, 2)


def test_a_retry_that_never_came_leaves_a_job_that_failed() -> None:
    story = begun(wraps="local", cores=1).planned(3, {"map": 2}).job(1, retries=2)
    story.quick(1, 3, 3, 9, status="failed", exit_code=1)
    assert "0 of 2 jobs done, 2 waiting" in text(seen(story, 10))
    shown = text(seen(story.end(10, "failed"), 20))
    assert "0 of 2 jobs done, 1 failed, 1 not reached" in shown


def test_of_a_run_that_had_nothing_to_do_what_was_up_to_date_is_said() -> None:
    story = begun(wraps="local").planned(3, {}, map=2, all=1)
    assert "3 up to date" in text(seen(story.end(4, "nothing_to_do"), 9)).splitlines()


def table_of(shown: str) -> list[list[str]]:
    """Return the words of the rules' table, without its empty columns."""
    lines = shown.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("rule "))
    return [line.replace("in flight", "").split() for line in lines[first : lines.index("", first)]]


def test_a_lower_bound_is_said_to_be_one_and_names_what_has_not_run() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 3, "sort": 3}, sort={"map": 3})
    view = seen(story.job(1, threads=1).quick(1, 3, 3, 13), 13)
    expected = "Remaining: at least 20 s by 1 job of this run; no job has succeeded yet of: sort"
    assert expected in text(view).splitlines()
    remaining = shape((view,))["runs"][0]["remaining"]
    assert (remaining["median_s"], remaining["at_least_s"], remaining["is_bound"]) == (
        None,
        20,
        True,
    )


def test_where_a_checkpoint_may_add_jobs_the_figure_is_a_lower_bound() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 3, "split": 1})
    story.job(1).quick(1, 3, 3, 13).job(4, rule="split", checkpoint=True)
    known = stamps(ready=3, selected=13, submitting=13, accepted=13)
    (line,) = (
        one for one in text(seen(story.submitted(4, known), 14)).splitlines() if "Remain" in one
    )
    assert line.startswith("Remaining: at least")
    assert line.endswith("more jobs may come from checkpoint split")


def test_an_end_that_is_not_noticed_yet_is_shown_for_that() -> None:
    story = out("71", jobs=1).planned(3, {"map": 1})
    view = seen(story, 20, answered(queued("71", state="COMPLETED", ended=12)), {(1, 1): over()})
    (one,) = view.flights
    assert (one.does, one.length) == ("ended, unnoticed", 8_000_000)
    assert "wait for the next status check" in view.why_still


def test_an_end_that_status_checks_did_not_see_does_not_wait_for_the_next_one() -> None:
    story = out("71", jobs=1).planned(3, {"map": 1})
    ended = answered(queued("71", state="COMPLETED", ended=12))
    for moment in (11, 13):
        story.add(EarlyCheck(time=at(moment), rung=1))
    view = seen(story, 20, ended, {(1, 1): over()})
    assert view.why_still.startswith("wait for the next status check (map i=1 (slurm 71): ended")
    story.add(EarlyCheck(time=at(14), rung=1))
    view = seen(story, 20, ended, {(1, 1): over()})
    assert view.why_still.startswith(
        "2 status checks since have not seen its end (map i=1 (slurm 71): ended 8 s ago"
    )


def test_plain_lines_name_each_failure_once_and_counts_when_they_change() -> None:
    printer, story = PlainLines(), on_this_machine()
    (first,) = printer.lines(seen(story, 55))
    assert first == (
        "12:00:55 4 of 8 jobs done, 1 in flight, 3 waiting. "
        "Remaining: about 40 s, spread not known, by 4 jobs of this run"
    )
    assert list(printer.lines(seen(story, 56))) == []
    story.quick(4, 3, 50, 58, status="failed", message="exit status 1", exit_code=1)
    (failure,) = printer.lines(seen(story, 59))
    assert failure == "12:00:58 failed: map s=4 attempt 1 (exit 1): exit status 1"
    (counts,) = printer.lines(seen(story, 66))
    assert counts.startswith("12:01:06 4 of 8 jobs done, 1 failed, 3 will not run")
    assert list(printer.lines(seen(story, 80))) == []


def test_json_has_the_same_figures() -> None:
    view = out_on_slurm()
    found = json.loads(json.dumps(shape((view,)), allow_nan=False))["runs"][0]
    assert found["jobs"] == {
        "planned": 8,
        "done": 1,
        "in_flight": 4,
        "waiting": 3,
        "failed": 0,
        "cancelled": 0,
        "will_not_run": 0,
    }
    states = {one["name"]: one["state"] for one in found["in_flight"]}
    assert states == {
        "map s=b": "pending",
        "map s=c": "computing",
        "map s=d": "pending",
        "map s=e": "ended",
    }
    assert found["remaining"]["without_basis"] == ["sort"]
    assert io.StringIO(text(view)).readline().startswith("run 2026-03-01 12:00:00 UTC")


def test_a_job_that_is_kept_pending_makes_the_remaining_time_a_bound() -> None:
    story = out("71", "72", jobs=2).planned(3, {"map": 2})
    past = out("61", "62", jobs=2).planned(3, {"map": 2})
    for job_id in (1, 2):
        past.quick(job_id, 3, 4, 60)
    answer = answered(
        queued("71", reason="JobHeldUser"), queued("72", state="RUNNING", started=6), ids=("72",)
    )
    view = seen(story, 20, answer, {(2, 1): computing()}, earlier=(past.end(61),))
    assert "Remaining: at least 40 s" in text(view)
    assert "kept pending: map i=1" in text(view)
    assert shape((view,))["runs"][0]["remaining"]["is_bound"]


def test_once_no_job_is_left_only_the_end_of_snakemake_remains() -> None:
    story = begun(jobs=1).ordered({"map": 1}).job(1).quick(1, 3, 3, 13, poll_interval_s=40.0)
    assert "Remaining: no job; Snakemake ends in about 30 s" in text(seen(story, 23)).splitlines()
    stale = replace(seen(story, 23), remaining=Remaining(middle=9 * 10**7, behind=1))
    assert "Remaining: no job; Snakemake ends" in text(stale).splitlines()


def test_a_figure_that_the_run_has_outdated_has_its_age() -> None:
    view = seen(on_this_machine(), 55)
    assert view.remaining is not None
    old = replace(view, remaining=replace(view.remaining, behind=12 * 10**6))
    shown = " ".join(text(old, 200).split())
    assert "by 4 jobs of this run; computed 10 s ago, before what has happened since" in shown
    gone = replace(view, remaining=Remaining(without_basis=("map",), behind=12 * 10**6))
    assert "Remaining: being computed anew" in text(gone).splitlines()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ((0, 0, 0), "about 1 s"),
        ((4, 3, 5), "about 4 s (3 to 5 s)"),
        ((60, 28, 131), "about 60 s (30 to 130 s)"),
        ((119, 117, 121), "about 2 min"),
        ((150, 30, 200), "about 2 min (0.5 to 3 min)"),
        ((7000, 3000, 9000), "about 117 min (50 to 150 min)"),
        ((9000, 7000, 9900), "about 2.5 h (1.9 to 2.8 h)"),
    ],
)
def test_both_ends_of_a_range_have_the_unit_of_its_figure(
    seconds: tuple[int, int, int], expected: str
) -> None:
    middle, low, high = (one * 10**6 for one in seconds)
    left = Remaining(middle, low, high, at_least=low)
    view = replace(seen(on_this_machine(), 55), remaining=left, overdue_names=())
    assert f"Remaining: {expected}" in text(view).splitlines()


def test_one_job_that_will_not_run_is_one() -> None:
    story = begun(wraps="local", cores=1, settings={"keep_going": True})
    story.ordered({"map": 2, "all": 1}, "all", all={"map": 2})
    story.job(1).quick(1, 3, 3, 9).job(2).quick(2, 3, 9, 12, status="failed", exit_code=1)
    assert "; 1 job will not run: what it needs failed" in text(seen(story.blocked(12, all=1), 12))


def test_a_rule_whose_attempts_failed_is_not_said_to_have_none_that_ended() -> None:
    story = begun(wraps="local", cores=1).ordered({"flaky": 2})
    story.job(1, rule="flaky", retries=2).quick(1, 3, 3, 9, status="failed", exit_code=1)
    expected = "Remaining: not known: no job has succeeded yet, here or before, of: flaky"
    assert expected in text(seen(story, 12)).splitlines()


def test_a_job_that_is_kept_pending_is_not_also_overdue() -> None:
    story = out("71", "72", jobs=2).planned(3, {"map": 3})
    story.job(3).quick(3, 3, 4, 9)
    held, runs = queued("71", reason="JobHeldUser"), queued("72", state="RUNNING", started=6)
    view = seen(story, 20, answered(held, runs, ids=("72",)), {(2, 1): computing()})
    assert view.overdue_names == ("map i=2",)
    assert [(one.kept, one.overdue) for one in view.flights] == [(True, False), (False, True)]
    expected = (
        "Remaining: not known: in flight for longer than any before it: map i=2; kept pending"
    )
    assert expected in text(view)


def test_a_rule_whose_lengths_a_pause_cut_is_not_said_to_have_no_job_that_ended() -> None:
    story = begun(wraps="local", cores=1).ordered({"map": 4})
    story.add(Paused(time=at(20), end=at(77)))
    known = stamps(ready=3, selected=4, submitting=4, accepted=4)
    story.job(1, threads=1).submitted(1, known).started(1, 4).quick(1, 3, 4, 79)
    shown = text(seen(story, 79)).splitlines()
    expected = "at least 55 s by 1 job of this run; no whole length is known yet of: map"
    assert f"Remaining: {expected}" in shown
