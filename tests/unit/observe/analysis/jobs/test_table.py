"""Attempts as rows: filtered, sorted, with unknown phases shown as unknown."""

from typing import Any

import pytest
from builders import (
    REMOTE_STAMPS,
    Story,
    begun,
    grouped,
    killed,
    logger_only,
    node_level,
    retried,
    stamps,
)

from snakemake_logger_plugin_observe.analysis.jobs.table import SORT_KEYS, RowFilter, rows
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.model import Run


def several() -> Run:
    """Return a run of three jobs: 1 fails and is retried, 2 is long, 3 fails for good."""
    story = begun().job(1, rule="sort").job(2, rule="map").job(3, rule="zip")
    story.quick(2, 3, 3, 20)
    story.quick(1, 3, 4, 6, status="failed")
    story.quick(3, 3, 5, 8, status="failed")
    return story.quick(1, 6, 7, 9, number=2).end(21).run


def keys(run: Run, **choice: Any) -> list[Key]:
    return [row.attempt.key for row in rows(run, RowFilter(**choice))]


def test_every_attempt_is_a_row() -> None:
    assert sorted(keys(several())) == [(1, 1), (1, 2), (2, 1), (3, 1)]


def test_rows_are_sorted_by_start() -> None:
    assert keys(several()) == [(1, 1), (2, 1), (3, 1), (1, 2)]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("time", [(2, 1), (3, 1), (1, 1), (1, 2)]),
        ("start", [(1, 1), (2, 1), (3, 1), (1, 2)]),
        ("rule", [(2, 1), (1, 1), (1, 2), (3, 1)]),
        ("status", [(1, 1), (3, 1), (1, 2), (2, 1)]),
        ("job", [(1, 1), (1, 2), (2, 1), (3, 1)]),
    ],
)
def test_rows_can_be_sorted(sort: str, expected: Any) -> None:
    assert keys(several(), sort=sort) == expected


@pytest.mark.parametrize("sort", SORT_KEYS)
def test_groups_and_jobs_sort_together(sort: str) -> None:
    assert sorted(map(str, keys(grouped().run, sort=sort))) == ["('g1', 1)", "(1, 1)", "(2, 1)"]


def test_failed_lists_every_attempt_of_the_jobs_that_failed_once() -> None:
    assert keys(several(), failed=True) == [(1, 1), (3, 1), (1, 2)]


def test_rows_can_be_filtered_by_rule_or_status() -> None:
    assert keys(several(), rule="sort") == [(1, 1), (1, 2)]
    assert keys(several(), status="failed") == [(1, 1), (3, 1)]
    assert keys(several(), rule="sort", status="success") == [(1, 2)]
    assert keys(several(), rule="none") == []


def test_a_row_has_the_description_of_its_job() -> None:
    first = rows(retried().run)[0]
    assert (first.rule, first.wildcards, first.log) == ("map", {"sample": "a"}, ("logs/a.log",))
    assert (first.line, first.group_name) == (5, None)


def test_a_group_s_submission_is_a_row_without_a_rule() -> None:
    row = rows(grouped().run, RowFilter(sort="job"))[-1]
    assert (row.attempt.job_id, row.rule, row.group_name) == (None, None, "pair")
    assert row.wildcards == {}


def test_a_row_s_time_since_selection_excludes_the_wait_for_a_slot() -> None:
    row = rows(several(), RowFilter(rule="zip"))[0]
    assert (row.total, row.since_selected) == (5_000_000, 3_000_000)


def phases_of(story: Story) -> dict[str, int | None]:
    (row,) = rows(story.run, RowFilter(rule="map"))
    return row.phases


def test_observed_phases_are_known() -> None:
    story = begun().job(1).attempt(1, REMOTE_STAMPS, node_level(), external_jobid="77")
    assert None not in phases_of(story).values()


def test_phases_on_a_node_without_timing_are_unknown() -> None:
    found = phases_of(begun().job(1).attempt(1, REMOTE_STAMPS, external_jobid="77"))
    assert {name for name, micros in found.items() if micros is None} == {
        *("held", "queue_wait", "job_script", "node_startup", "node_plan", "stage_in", "compute"),
        *("stage_out", "node_exit", "poll_wait"),
    }
    assert found["submit"] == 1_000_000


def test_without_the_wrapper_hidden_phases_are_unknown_and_not_0() -> None:
    found = phases_of(logger_only())
    assert (found["slot_wait"], found["unobserved"], found["compute"]) == (
        1_000_000,
        5_000_000,
        None,
    )


def test_an_attempt_without_stamps_has_only_unknown_phases() -> None:
    found = phases_of(begun().job(1).attempt(1, stamps(finished=9)))
    assert set(found.values()) == {None}


def test_a_killed_run_s_attempts_are_rows_too() -> None:
    found = {row.attempt.key: row.attempt.status for row in rows(killed().run)}
    assert found == {(1, 1): "success", (2, 1): "submitted", (3, 1): "running"}
