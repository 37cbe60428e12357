"""How often a job failed and whether its retries helped, in words."""

from typing import Any

import pytest
from builders import Story, begun
from failing import deterministic, different, fails, flaky, on_node, recovered_inside, succeeds

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure, failures
from snakemake_logger_plugin_observe.analysis.failures.story import retry_setting, story_of


def only(story: Story) -> Failure:
    (found,) = failures(story.run)
    return found


def twice(*lines: str, **more: Any) -> Story:
    story = begun(wraps="local").job(1, **more)
    for number in (1, 2):
        fails(story, 1, *lines, number=number, start_s=3 * number)
    return story


def of_unknown_kind() -> Story:
    story = begun(wraps="local").job(1)
    fails(story, 1).end(5)
    return fails(story, 1, number=2, start_s=6, took_s=60)


def inside_one_attempt() -> Story:
    return on_node(begun(wraps="slurm").job(1), 1, 13, 13, 13)


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (deterministic, "failed after 3 attempts, each the same way: retries did not help"),
        (different, "failed after 3 attempts, in different ways: retries did not help"),
        (twice, "failed after 2 attempts, each with exit code 13: retries did not help"),
        (
            of_unknown_kind,
            "failed after 2 attempts, whether each the same way is unknown: retries did not help",
        ),
        (
            inside_one_attempt,
            "failed after 1 attempt (3 failures), each with exit code 13: retries did not help",
        ),
        (flaky, "failed once; recovered on retry 1"),
        (recovered_inside, "failed once; recovered on a retry inside attempt 1"),
    ],
)
def test_the_story_of_a_failed_job(story: Any, expected: str) -> None:
    assert story_of(only(story())) == expected


def test_a_text_stands_with_what_was_the_same() -> None:
    story = succeeds(twice("no room"), 1, 3, 20)
    assert story_of(only(story), text="no room") == (
        "failed twice, each the same way (no room); recovered on retry 2"
    )


def test_a_run_that_goes_on_may_retry_a_job_once_more() -> None:
    assert story_of(only(twice("a")), final=False) == (
        "failed so far after 2 attempts, each the same way"
    )


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"retries": 2, "own_retries": True}, "retries: 2 from rule map"),
        ({"retries": 2, "own_retries": False}, "--retries 2"),
        ({"retries": 2}, None),
        ({"retries": 0}, None),
    ],
)
def test_retries_of_the_rule_and_of_the_command_line_are_told_apart(
    facts: dict[str, Any], expected: str | None
) -> None:
    assert retry_setting(only(twice("a", **facts))) == expected
