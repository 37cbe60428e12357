"""``--wake``: a run as it would have been with checks soon after ends."""

import random
from typing import Any

import pytest
from builders import Story, a_record, an_execution, at, begun, level, on_cluster, stamps
from simulations import assumptions, changed, makespan

from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.early_checks import woken
from snakemake_logger_plugin_observe.analysis.whatif.scenario import ScenarioError
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import SAME
from snakemake_logger_plugin_observe.journal.events import Wake
from snakemake_logger_plugin_observe.journal.records import StatusCheck
from snakemake_logger_plugin_observe.run.model import Run

S = 1_000_000


def drawn(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - not for keys


def three_in_turn(
    *, silent: bool = False, wake: Wake | None = None, wraps: str, **facts: Any
) -> Run:
    """Return a run of three jobs of 10 s that were each noticed 30 s later.

    Args:
        silent: whether the last one's process was killed on its node.
        wake: whether the run had early checks, if it is recorded.
        wraps: the executor.
        facts: what else is recorded of its start.

    """
    story = begun(wraps=wraps, **facts)
    if wake is not None:
        story.add(wake)
    now = 3
    for job_id in (1, 2, 3):
        story.job(job_id, needs=(job_id - 1,) if job_id > 1 else ())
        ended = None if silent and job_id == 3 else now + 10
        one = an_execution(begun=now, tool_started=now, tool_ended=now + 10, checked=now + 10)
        known = stamps(
            ready=now,
            selected=now,
            submitting=now,
            accepted=now,
            reported=now + 40,
            finished=now + 40,
        )
        story.attempt(
            *(job_id, known),
            level(one, pid=job_id, started=now, loaded=now, planned=now, ended=ended),
            external_jobid=str(70 + job_id),
            poll_interval_s=40,
        )
        now += 40
    story.phase("shutdown", now, now + 40, poll_interval_s=40)
    return story.end(now + 40).run


def test_each_end_waits_for_a_look_and_a_step_and_the_last_sleep_goes() -> None:
    run = three_in_turn(wraps="cluster-generic")
    model = build_model(run)
    assert makespan(model) == 123 * S
    assert model.rest.asleep == 40 * S
    assert woken(model, 40 * S, (0, 0), drawn(1)).rest.asleep is None
    for seed in range(20):
        took = makespan(woken(model, 40 * S, (0, 0), drawn(seed)))
        assert 33 * S <= took <= (33 + 3 * 1.5) * S
    assert "the first step is learned" in " ".join(assumptions(run, "wake"))


def test_a_scheduler_that_lags_is_checked_again_and_the_step_is_learned() -> None:
    model = build_model(three_in_turn(wraps="cluster-generic"))
    for seed in range(20):
        took = makespan(woken(model, 400 * S, (3 * S, 3 * S), drawn(seed)))
        assert (33 + 3 * 3) * S <= took <= (33 + 4.5 + 2 * 4) * S


def test_where_checks_are_not_recorded_slurm_has_its_usual_lag() -> None:
    model = build_model(three_in_turn(wraps="slurm"))
    assert makespan(changed(three_in_turn(wraps="slurm"), "wake")) >= (33 + 3 * 0.5) * S
    took = makespan(woken(model, 400 * S, (1_500_000, 1_500_000), drawn(1)))
    assert (33 + 3 * 1.5) * S <= took <= (33 + 3 * 2.5) * S


@pytest.mark.parametrize(
    ("recorded_s", "least", "most"),
    [
        pytest.param(0, 0, 1_100_000, id="its second is the one after the node's end"),
        pytest.param(2, 2_000_000, 3_100_000, id="two seconds later"),
        pytest.param(None, 400_000, 1_500_000, id="not recorded: as is usual on Slurm"),
        pytest.param(-5, 400_000, 1_500_000, id="before its node's end: clocks differ"),
    ],
)
def test_when_the_cluster_shows_an_end_is_known_to_the_second_of_its_record(
    recorded_s: float | None, least: int, most: int
) -> None:
    run = one_checked_after_30_s(recorded_s)
    model = build_model(run)
    assert model.lag is not None
    assert (model.lag.low, model.lag.high) == (least, most)
    for seed in range(20):
        took = makespan(woken(model, 400 * S, (0, 0), drawn(seed))) - 13 * S
        assert least <= took <= most + 1 * S + 4 * S


def one_checked_after_30_s(recorded_s: float | None, missed_s: float = -10) -> Run:
    """Return a run of one job of 10 s on Slurm, whose end a recorded check found 30 s later.

    Args:
        recorded_s: how long after its end on the node its record has its end, if it has one.
        missed_s: how long after that end the check before it came.

    """
    one = an_execution(begun=3, tool_started=3, tool_ended=13, checked=13)
    story = begun(wraps="slurm").job(1)
    story.attempt(
        *(1, stamps(ready=3, selected=3, submitting=3, accepted=3, reported=43, finished=43)),
        level(one, started=3, loaded=3, planned=3, ended=13),
        external_jobid="71",
        poll_interval_s=40,
        status_check=StatusCheck(
            begun=at(43), previous=at(13 + missed_s), slept=at(13 + missed_s), blocked_s=0
        ),
    )
    if recorded_s is not None:
        times = {"submitted": 3, "eligible": 3, "started": 3, "ended": 13 + recorded_s}
        story.accounting(1, a_record(**times))
    return story.end(43).run


def test_records_that_come_late_say_nothing_of_when_checks_see_an_end() -> None:
    model = build_model(one_checked_after_30_s(0, missed_s=20))
    assert model.lag is not None
    assert model.lag.low >= 20 * S


def test_what_the_last_sleep_hid_shows_the_wait_for_the_timer_of_the_rate() -> None:
    rate = {"max_jobs_per_timespan": {"max_jobs": 100, "timespan": 30.0}}
    run = three_in_turn(wraps="cluster-generic", settings=rate)
    took = makespan(woken(build_model(run), 40 * S, (0, 0), drawn(1)))
    assert (33 - 10 + 30) * S <= took <= (33 - 10 + 30 + 3 * 1.5) * S


def test_an_end_that_no_node_reports_waits_as_long_as_it_did() -> None:
    run = three_in_turn(silent=True, wraps="cluster-generic")
    assert 63 <= makespan(changed(run, "wake")) / S <= 63 + 2 * 1.5


def test_the_executor_s_own_interval_stays_the_upper_bound() -> None:
    model = build_model(three_in_turn(wraps="cluster-generic"))
    for seed in range(20):
        took = makespan(woken(model, 1 * S, (20 * S, 20 * S), drawn(seed)))
        assert 93 * S <= took <= 96 * S


def test_of_a_run_that_was_made_with_it_it_is_the_run() -> None:
    run = three_in_turn(wake=Wake(time=at(3), on=True), wraps="slurm")
    model = changed(run, "wake")
    assert assumptions(run, "wake") == [SAME]
    assert makespan(model) == 163 * S  # no check of its own at a fixed time
    assert assumptions(run, "poll=40") == [SAME]


def test_a_run_with_early_checks_has_each_end_noticed_as_long_after_it_under_other_limits() -> None:
    story = on_cluster(4, tool_s=10, poll_s=2, every_s=40, wraps="slurm")
    story.add(Wake(time=at(3), on=True))
    assert makespan(changed(story.run, "jobs=1")) == (3 + 4 * 12) * S


def test_what_another_interval_would_change_of_a_run_with_early_checks_is_not_claimed() -> None:
    run = three_in_turn(wake=Wake(time=at(3), on=True), wraps="slurm")
    with pytest.raises(ScenarioError, match="what another interval would change is not known"):
        changed(run, "poll=5")


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (three_in_turn(wraps="sge"), "the sge executor keeps its own pace"),
        (
            three_in_turn(
                wraps="slurm", wake=Wake(time=at(3), on=False, reason="its sleep is its own")
            ),
            "its sleep is its own",
        ),
        (begun(wraps="slurm").quick(1, 3, 3, 9).end(9).run, "did not sleep"),
        (Story(wrapped=False).run, "was not wrapped"),
    ],
)
def test_where_it_cannot_be_there_is_no_prediction(run: Run, why: str) -> None:
    with pytest.raises(ScenarioError, match=why):
        changed(run, "wake")
