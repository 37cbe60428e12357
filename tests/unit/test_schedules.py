"""The schedules that other tests compare with are consistent runs."""

from hypothesis import given, settings
from schedules import Lived, again, lives

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.run.readiness import ready_at

MANY = settings(max_examples=100)


@MANY
@given(lives())
def test_the_journal_of_a_schedule_has_its_true_phases(lived: Lived) -> None:
    run = lived.run
    recorded = {key: dict(attempt.phases) for key, attempt in run.attempts.items()}
    assert recorded == {key: phases for key, phases in lived.phases.items() if key in recorded}
    assert set(lived.order) <= set(recorded)


@MANY
@given(lives())
def test_jobs_are_found_ready_when_the_schedule_made_them_ready(lived: Lived) -> None:
    run = lived.run
    for key, release in lived.releases.items():
        assert ready_at(run, key) == release.ready


@MANY
@given(lives())
def test_a_schedule_simulated_again_is_the_same(lived: Lived) -> None:
    assert again(lived).makespan == lived.makespan


@MANY
@given(lives())
def test_no_chain_of_tools_is_longer_than_the_run(lived: Lived) -> None:
    assert lived.critical() <= lived.makespan == account(lived.run).makespan
