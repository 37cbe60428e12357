"""The ways in which a job's attempts ended, and their words."""

from itertools import pairwise
from typing import Any

import pytest
from builders import begun

from snakemake_logger_plugin_observe.analysis.failures.causes import FailureCause
from snakemake_logger_plugin_observe.analysis.failures.endings import Ending, describe, endings
from snakemake_logger_plugin_observe.analysis.failures.log_lines import LogLine
from snakemake_logger_plugin_observe.analysis.failures.requests import differing_requests
from snakemake_logger_plugin_observe.analysis.failures.signatures import (
    Occurrence,
    compare_failures,
)
from snakemake_logger_plugin_observe.run.attempt import Attempt


def failed(attempt: int, line: str = "", code: int | None = 3, **more: Any) -> Occurrence:
    cause = more.pop("cause", "exit_code")
    why = FailureCause(cause, exit_code=code if cause == "exit_code" else None)
    said = LogLine("a.log", 1, line) if line else None
    return Occurrence(attempt, more.pop("execution", 1), why, line=said, **more)


def ways(*occurrences: Occurrence) -> tuple[Ending, ...]:
    return endings(occurrences, [compare_failures(a, b) for a, b in pairwise(occurrences)])


def words(*occurrences: Occurrence, requested: dict[int, str] | None = None) -> str:
    return describe(ways(*occurrences), requested)


def test_attempts_that_ended_in_the_same_way_are_one_ending() -> None:
    assert words(failed(1, "no room"), failed(2, "no room"), failed(3, "no room")) == (
        "attempts 1 to 3 ended with exit code 3: no room"
    )


def test_an_ending_of_which_too_little_is_known_counts_with_the_one_before() -> None:
    found = ways(failed(1, "no room"), failed(2), failed(3, "no room"))
    assert [one.attempts for one in found] == [(1, 2, 3)]


def test_two_texts_stay_different_behind_one_that_is_missing() -> None:
    found = ways(failed(1, "no room"), failed(2), failed(3, "no such file"))
    assert [one.attempts for one in found] == [(1, 2), (3,)]


def test_a_way_that_recurs_is_described_once() -> None:
    assert words(failed(1, "a fox"), failed(2, "a hen", 4), failed(3, "a fox")) == (
        "attempts 1 and 3 ended with exit code 3: a fox; attempt 2 ended with exit code 4: a hen"
    )


def test_executions_inside_an_attempt_are_counted() -> None:
    inside = [failed(1, execution=number) for number in (1, 2, 3)]
    assert words(*inside) == "attempt 1 ended with exit code 3 (3 executions)"


def test_executions_of_one_attempt_that_ended_differently_are_named() -> None:
    inside = [failed(1, "a fox"), failed(1, "a hen", execution=2), failed(1, "a hen", execution=3)]
    assert words(*inside, failed(2, "a hen")) == (
        "attempt 1, execution 1 ended with exit code 3: a fox; "
        "attempts 1 and 2 ended with exit code 3 (3 executions): a hen"
    )


@pytest.mark.parametrize(
    ("cause", "message", "expected"),
    [
        ("refused", "sbatch: error: no", "attempt 2 (90 GB) was refused: sbatch: error: no"),
        ("out_of_memory", None, "attempt 2 (90 GB) ran out of memory"),
        ("cancelled", None, "attempt 2 (90 GB) was cancelled from outside"),
        (
            "missing_output",
            "MissingOutputException in rule a in file 'S', line 3:\na.txt (missing locally)",
            "attempt 2 (90 GB) did not write an output: a.txt (missing locally)",
        ),
    ],
)
def test_each_cause_has_its_verb(cause: str, message: str | None, expected: str) -> None:
    one = failed(2, cause=cause, message=message)
    assert words(one, requested={1: "30 GB", 2: "90 GB"}) == expected


def test_only_requests_that_differ_are_named() -> None:
    story = begun()
    for number in (1, 2):
        asks = {"mem_mb": 30_000 * number, "mem": f"{30 * number} GB", "runtime": 60 * number}
        story.job(1, attempt=number, resources={**asks, "n": number, "disk_mb": 5}, threads=4)
        story.quick(1, 3, 3, 4, number=number)
    attempts = [Attempt(1, None, number) for number in (1, 2)]
    assert differing_requests(story.run, attempts) == {
        1: "30 GB, 60 min, n=1",
        2: "60 GB, 120 min, n=2",
    }
    assert differing_requests(story.run, attempts[:1]) == {}
