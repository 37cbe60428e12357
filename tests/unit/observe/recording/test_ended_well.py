"""What stays in memory of attempts that ended well."""

from collections.abc import Callable

import pytest
from builders import Story, chain, grouped, killed, logger_only, mixed, on_cluster, retried

from snakemake_logger_plugin_observe.analysis.screen import recorded
from snakemake_logger_plugin_observe.recording import ended_well, run_end
from snakemake_logger_plugin_observe.recording.ended_well import EndedWell
from snakemake_logger_plugin_observe.run.model import Run

AS_IT_IS = ended_well.FEW
STORIES = (chain, grouped, retried, killed, logger_only, mixed, on_cluster)


@pytest.fixture(autouse=True)
def of_any_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_well, "FEW", 0)


def forgotten(run: Run) -> Run:
    ended = EndedWell(run)
    for one in list(run.attempts.values()):
        if not one.is_member:
            ended.forget(one)
    return run


def end(run: Run, status: str) -> tuple[object, ...]:
    moment = (run.end or 0) + 1
    run_end.begin(run, moment)
    final, accounts = run_end.finished(run, moment, status)
    run.finished = final
    screen = recorded.first_screen(run, accounts, 0)
    if screen is not None:
        screen = screen.but(advice=())  # of a large run there is none
    return final.but(observer_cpu_s=None), accounts, screen, run_end.summary(run, status, accounts)


@pytest.mark.parametrize("status", ["success", "failed", "interrupted"])
@pytest.mark.parametrize("story", STORIES)
def test_the_run_s_end_says_the_same_without_what_is_forgotten(
    story: Callable[[], Story], status: str
) -> None:
    assert end(forgotten(story().run), status) == end(story().run, status)


def test_of_an_attempt_that_ended_well_its_waits_and_its_job_s_reason_are_forgotten() -> None:
    run = forgotten(mixed().run)
    known = [one for one in run.attempts.values() if one.external_jobid and one.number == 1]
    assert {one.waits for one in known if one.status == "success"} <= {()}
    assert {run.jobs[one.job_id].reason for one in known if one.job_id in run.jobs} <= {None}


def test_what_says_why_something_failed_is_kept() -> None:
    kept, whole = forgotten(retried().run), retried().run
    for key, attempt in whole.attempts.items():
        if attempt.status == "failed" or attempt.number > 1:
            assert kept.attempts[key].levels == attempt.levels


def test_of_a_small_run_nothing_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_well, "FEW", 10)
    assert forgotten(mixed().run) == mixed().run


def test_of_a_run_whose_changes_are_simulated_nothing_is_forgotten() -> None:
    assert AS_IT_IS == recorded.MOST_SIMULATED
