"""How much time an incident's action would save, predicted by simulating the run with it."""

from collections.abc import Callable

import pytest
from builders import Story, an_execution, begun, level, on_cluster, stamps
from triaged import ONE, timed, triage_of

from snakemake_logger_plugin_observe.analysis.advice import advice
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.gain import PredictedGain
from snakemake_logger_plugin_observe.analysis.triage.note import predicted
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.clock import to_seconds

PATHS = {"B": "runs/late one.jsonl"}


def predicted_gain(after: Story, before: Story | None = None) -> PredictedGain:
    """Return what the first incident's action would save."""
    found = triage_of(after, before, paths=PATHS)
    assert found.gain is not None, found.incidents
    assert predicted(found.gain) in [claim.text for claim in found.note.next_action]
    return found.gain


def held(limit: int) -> Story:
    """Return a run of four jobs of 100 s, as many at a time as *limit* allows."""
    story = begun(jobs=8, resources={"io": limit})
    for number in range(1, 5):
        story.job(number, threads=1, resources={"io": 1})
    for number in range(1, 5):
        start = 3 + (number - 1) // limit * 100
        story.quick(number, 3, start, start + 100)
    return story.end(4 + 4 // limit * 100)


def one_by_one(count: int, *, startup_s: float, tool_s: float) -> Story:
    """Return *count* submissions, each started when the last one has ended."""
    story = begun(jobs=1)
    for number in range(1, count + 1):
        story.job(number, threads=1)
    at_s = 3.0
    for number in range(1, count + 1):
        loaded, ended = at_s + startup_s, at_s + startup_s + tool_s
        one = an_execution(begun=loaded, tool_started=loaded, tool_ended=ended, checked=ended)
        node = level(one, started=at_s, loaded=loaded, planned=loaded, ended=ended)
        known = stamps(
            ready=3, selected=at_s, submitting=at_s, accepted=at_s, reported=ended, finished=ended
        )
        story.attempt(number, known, node)
        at_s = ended
    return story.end(at_s)


@pytest.mark.parametrize(
    ("after", "before", "flag", "saves_s"),
    [
        pytest.param(
            *(lambda: timed(ONE | {"count": 5}), lambda: timed(ONE), "--faster count=5", 12),
            id="a tool as fast as before saves the time that it took longer",
        ),
        pytest.param(
            *(lambda: held(1), lambda: held(2), "--resources io=2", 200),
            id="a restored limit saves the time that jobs waited for it",
        ),
        pytest.param(
            *(lambda: held(1), None, "--resources io=4", 300),
            id="without a baseline it is raised as in cost and path",
        ),
    ],
)
def test_the_first_action_comes_with_its_predicted_gain(
    after: Callable[[], Story],
    before: Callable[[], Story] | None,
    flag: str,
    saves_s: float,
) -> None:
    found = predicted_gain(after(), before() if before is not None else None)
    assert str(found.command) == f"snakemake-observe whatif 'runs/late one.jsonl' {flag}"
    assert found.saves is not None
    assert to_seconds(found.saves) == saves_s


def test_more_frequent_status_checks_save_most_of_the_waiting() -> None:
    found = predicted_gain(on_cluster(4, tool_s=20, poll_s=150, every_s=200))
    assert str(found.command).endswith(" --wake")
    assert found.saves is not None
    assert 145 <= to_seconds(found.saves) <= 150


def test_groups_save_start_ups() -> None:
    found = predicted_gain(one_by_one(20, startup_s=10, tool_s=5))
    assert str(found.command).endswith(" --group map=10")
    assert found.saves is not None
    assert to_seconds(found.saves) == pytest.approx(20 * 15 - 2 * 15, abs=1)  # ten side by side


def test_a_run_too_large_to_simulate_names_only_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(advice, "MOST_JOBS", 3)
    found = predicted_gain(on_cluster(4, tool_s=20, poll_s=150, every_s=200))
    assert found.saves is None
    assert predicted(found) == "the gain can be predicted"
    assert str(found.command).startswith("snakemake-observe whatif 'runs/late one.jsonl' ")


def test_what_no_setting_makes_shorter_is_an_upper_bound() -> None:
    found = predicted_gain(on_cluster(1, tool_s=20, stage_s=150))
    assert (found.command, found.at_most) == (None, True)
    assert predicted(found) == "predicted gain: at most 150.0 s"


def test_an_action_that_no_simulation_covers_is_said_to_save_what_is_not_known() -> None:
    found = predicted_gain(timed(dict.fromkeys(ONE, 4)), timed(ONE))
    assert predicted(found) == "how much that saves is not known"


def test_a_run_that_failed_has_no_predicted_gain() -> None:
    story = on_cluster(4, tool_s=20, poll_s=150, every_s=200)
    assert triage(Case(story.run, "success")).gain is not None
    assert triage(Case(story.run, "failed")).gain is None


def test_start_ups_side_by_side_are_an_incident_though_groups_would_save_nothing() -> None:
    found = triage_of(on_cluster(4, startup_s=300, tool_s=1), paths=PATHS)
    (one,) = (each for each in found.incidents if each.incident_class == "node_startup")
    assert one.action.text.startswith("make the Snakefile faster to parse")
    assert one.action.move == ()
    assert found.gain is not None
    assert (found.gain.command, found.gain.at_most) == (None, True)
    assert predicted(found.gain) == "predicted gain: at most 300.0 s"
