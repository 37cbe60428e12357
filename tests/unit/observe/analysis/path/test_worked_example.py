"""The worked example of docs/method.md."""

import re
from pathlib import Path

from builders import SECOND, Story, an_execution, begun, level, stamps

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.cost.releases import Release, Releases, as_release
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import Submissions
from snakemake_logger_plugin_observe.analysis.path.paths import paths

PAGE = Path(__file__).parents[5] / "docs" / "method.md"
_ROW = re.compile(r"\| (\d+) \| (\d+) \| `(\w+)` \| (\w+) \|")
_A, _B, _C, _D = 1, 2, 3, 4
_NAMES = {None: "Snakemake", _A: "a", _B: "b", _C: "c", _D: "d"}


def on_its_node(
    story: Story,
    job_id: int,
    main_s: tuple[int, ...],
    node_s: tuple[int, int],
    tool_s: tuple[int, int],
) -> Story:
    """Add an attempt: ready, selected, submitting, accepted, finished; its node; its tool."""
    ready, selected, submitting, accepted, finished = main_s
    known = stamps(
        ready=ready,
        selected=selected,
        submitting=submitting,
        accepted=accepted,
        reported=finished,
        finished=finished,
    )
    begin, end = tool_s
    one = an_execution(begun=begin, tool_started=begin, tool_ended=end, checked=end)
    node = level(one, started=node_s[0], loaded=begin, planned=begin, ended=node_s[1])
    return story.attempt(job_id, known, node)


def example() -> Story:
    story = begun(jobs=2).job(_A, rule="a").job(_B, rule="b").job(_D, rule="d")
    story.job(_C, rule="c", needs=(_A, _B)).iteration(3, 6, (3, 4))
    on_its_node(story, _A, (3, 4, 4, 5, 12), (6, 10), (7, 9)).iteration(12, 14, (12, 13))
    on_its_node(story, _B, (3, 4, 5, 6, 22), (7, 20), (8, 19)).iteration(22, 24, (22, 23))
    on_its_node(story, _D, (3, 13, 13, 14, 32), (15, 18), (16, 17))
    return on_its_node(story, _C, (22, 23, 23, 24, 32), (25, 29), (26, 28)).end(33)


def test_the_actual_path_is_that_of_the_docs_page() -> None:
    written = [
        (int(start), int(end), phase, owner)
        for start, end, phase, owner in _ROW.findall(PAGE.read_text())
    ]
    run = example().run
    found = [
        ((one.start - run.start) / SECOND, (one.end - run.start) / SECOND, one.phase, who)
        for one in partition(run)
        for who in [_NAMES[one.job_id]]
    ]
    assert found == written
    assert f"Σ = {run.makespan // SECOND} s" in PAGE.read_text()


def test_the_critical_path_the_slack_and_the_overhead_are_those_of_the_docs_page() -> None:
    found = paths(example().run)
    assert [(one.rule, one.compute // SECOND) for one in found.critical.chain] == [
        ("b", 11),
        ("c", 2),
    ]
    assert {one.rule: one.slack // SECOND for one in found.critical.slacks} == {
        "a": 9,
        "b": 0,
        "c": 0,
        "d": 12,
    }
    assert found.overhead == 20 * SECOND
    text = " ".join(PAGE.read_text().split())
    assert "11 + 2 = 13 s; `a` (2 s) has a slack of 13 − 2 − 2 = 9 s" in text
    assert "The overhead beyond the critical path is 33 − 13 = 20 s." in text


def test_the_job_on_neither_path_was_released_by_the_slot_of_a() -> None:
    run = example().run
    attempt = run.attempts[(_D, 1)]
    found = Releases(run, Submissions(run)).of(attempt, attempt.stamps.selected)
    assert found.attempt is run.attempts[(_A, 1)]
    assert found.moment - run.start == 12 * SECOND
    assert as_release(found) == Release("freed_slot", _A, None, 1)
