"""The first screen in a run's last line is the one that a reader of all lines makes."""

from collections.abc import Callable

import pytest
from answers import STORIES
from builders import Story, chain, grouped, killed, on_cluster, retried
from hypothesis import given
from screens import both_texts, last_line
from strategies import Simulated, simulated_runs, tampered_runs

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.screen import recorded
from snakemake_logger_plugin_observe.analysis.screen.recorded import first_screen
from snakemake_logger_plugin_observe.analysis.screen.restored import restored
from snakemake_logger_plugin_observe.journal.events import Gap, RunFinished
from snakemake_logger_plugin_observe.journal.first_screen import as_read
from snakemake_logger_plugin_observe.run.ends import NotReadError, run_of_ends
from snakemake_logger_plugin_observe.run.model import Run

WIDTHS = (40, 72, 100, 10_000)


def ended(story: Story) -> RunFinished:
    last = last_line(story.run)
    assert last is not None
    return last


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("story", STORIES.values())
def test_both_ways_give_one_text(story: Callable[[], Story], width: int) -> None:
    if story().run.finished is not None and (texts := both_texts(story().run, width)) is not None:
        assert texts[0] == texts[1]


@pytest.mark.parametrize("story", [chain, grouped, retried])
def test_a_run_that_succeeded_has_a_screen(story: Callable[[], Story]) -> None:
    assert both_texts(story().run) is not None


@given(simulated_runs())
def test_both_ways_give_one_text_of_any_simulated_run(simulated: Simulated) -> None:
    texts = both_texts(simulated.run)
    assert texts is not None
    assert texts[0] == texts[1]


@given(tampered_runs())
def test_both_ways_give_one_text_of_any_readable_run(run: Run) -> None:
    texts = both_texts(run) if run.finished is not None else None
    if texts is not None:
        assert texts[0] == texts[1]


def test_the_recorder_s_sums_are_enough() -> None:
    """It does not make the segments of the makespan, which advice and rates need."""
    run = on_cluster(4, tool_s=6, poll_s=91, every_s=40).run
    last, whole = last_line(run), first_screen(run, account(run), 0)
    assert last is not None
    assert last.screen == whole
    assert whole.advice


@pytest.mark.parametrize("status", ["failed", "interrupted", "nothing_to_do"])
def test_a_run_that_did_not_succeed_has_none(status: str) -> None:
    story = chain()
    story.events.pop()
    assert last_line(story.end(19, status).run) is None


def test_a_journal_with_a_gap_has_none() -> None:
    story = chain()
    last = story.events.pop()
    story.add(Gap(time=last.time, reason="lines were lost"))
    story.events.append(last)
    assert last_line(story.run) is None


def test_a_large_run_is_not_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ended(chain()).screen.advice is not None
    monkeypatch.setattr(recorded, "MOST_SIMULATED", 1)
    assert ended(chain()).screen.advice is None


def test_a_screen_of_another_version_is_not_used() -> None:
    story = chain()
    last = ended(story)
    other = last.screen.but(version=99)
    assert restored(story.run.started, last) is not None
    assert restored(story.run.started, last.but(screen=other)) is None


def test_phases_that_are_not_known_are_not_used() -> None:
    story = chain()
    last = ended(story)
    sums = last.makespan.but(by_phase_s={"dozing": 3.0})
    assert restored(story.run.started, last.but(makespan=sums)) is None


def test_what_was_not_read_is_not_taken_for_nothing() -> None:
    story = chain()
    run = run_of_ends(story.run.started, ended(story))
    for name in ("jobs", "attempts", "kept"):
        with pytest.raises(NotReadError):
            list(getattr(run, name))
        with pytest.raises(NotReadError):
            len(getattr(run, name))
        with pytest.raises(NotReadError):
            getattr(run, name).values()
        with pytest.raises(NotReadError):
            bool(getattr(run, name))


def test_a_screen_that_no_reader_would_accept_is_not_written() -> None:
    screen = ended(chain()).screen
    assert as_read(screen) == screen
    assert as_read(screen.but(exit_wait_s=-1.0)) is None
    assert as_read(screen.but(exit_wait_s=float("nan"))) is None


def test_a_killed_run_has_no_last_line() -> None:
    assert killed().run.finished is None
