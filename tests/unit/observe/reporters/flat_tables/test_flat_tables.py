"""Runs as flat tables: the columns are an interface, and what is unknown has no value."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import Story, begun, chain, grouped, killed, logger_only, on_cluster, retried, stamps

from snakemake_logger_plugin_observe.journal.records import Usage
from snakemake_logger_plugin_observe.reporters.flat_tables import TABLES

PAGE = (Path(__file__).parents[5] / "docs" / "tables.md").read_text()
KINDS = {"text": str, "integer": int, "number": float, "moment": datetime}
STORIES = (chain, grouped, killed, logger_only, retried)


def table(name: str, story: Story) -> list[dict[str, Any]]:
    found = TABLES[name]
    return [dict(zip(found.names, row, strict=True)) for row in found.rows(story.run)]


@pytest.mark.parametrize("name", TABLES)
def test_the_page_lists_the_columns_in_order(name: str) -> None:
    section = PAGE.partition(f"## The table `{name}`\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", section, re.MULTILINE)
    assert listed == [(one.name, one.kind, one.meaning) for one in TABLES[name].columns]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("story", STORIES)
def test_a_column_has_one_type(name: str, story: Callable[[], Story]) -> None:
    """Data frames guess a column's type from some of its values."""
    for row in TABLES[name].rows(story().run):
        for column, cell in zip(TABLES[name].columns, row, strict=True):
            assert cell is None or type(cell) is KINDS[column.kind], column.name


@pytest.mark.parametrize("name", TABLES)
def test_names_differ_and_end_in_their_unit(name: str) -> None:
    columns = TABLES[name].columns
    assert len({one.name for one in columns}) == len(columns)
    for one in columns:
        assert (one.kind == "number") <= one.name.endswith("_s"), one.name
        assert (one.kind == "moment") == one.name.endswith("_at"), one.name


def test_an_attempt_has_its_moments_its_phases_and_their_sum() -> None:
    first, second = table("attempts", retried())
    assert (first["status"], first["exit_code"], first["message"]) == ("failed", 3, "exit status 3")
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert first["wildcards"] == '{"sample": "a"}'
    assert first["ready_at"] == datetime(2026, 3, 1, 12, 0, 3, tzinfo=UTC)
    assert first["compute_start_at"] == datetime(2026, 3, 1, 12, 0, 8, tzinfo=UTC)
    assert first["compute_end_at"] == datetime(2026, 3, 1, 12, 0, 11, tzinfo=UTC)
    assert first["compute_s"] == 3.0
    assert first["latency_wait_s"] == 0.0
    phases = [value for name, value in first.items() if name.endswith("_s") and name in PHASES]
    assert sum(phases) == first["total_s"] == 11.0


PHASES = {
    one.name
    for one in TABLES["attempts"].columns
    if one.kind == "number"
    and one.name.split("_s")[0] not in ("total", "used_cpu")
    and not one.name.startswith(("requested", "used", "total"))
}


def test_what_an_unobserved_stretch_may_contain_is_unknown() -> None:
    (row,) = table("attempts", logger_only())
    assert row["unobserved_s"] == 5.0
    assert row["slot_wait_s"] == 1.0
    assert row["compute_s"] is None
    assert row["member_wait_s"] == 0.0


def test_an_attempt_without_an_end_has_no_phases_that_it_did_not_come_to() -> None:
    rows = {row["job_id"]: row for row in table("attempts", killed())}
    assert rows[1]["queue_wait_s"] == 0.0
    assert rows[2]["status"] == "submitted"
    assert rows[2]["compute_s"] is None
    assert rows[2]["finished_at"] is None


def test_a_group_has_a_row_of_its_own_and_shares_its_phases_with_none() -> None:
    whole, first, _ = table("attempts", grouped())
    assert (whole["job_id"], whole["rule"], whole["wildcards"]) == (None, None, None)
    assert whole["group"] == first["group"] == "g1"
    assert whole["compute_s"] == 0.0
    assert (first["compute_s"], first["queue_wait_s"]) == (2.0, 0.0)


def test_requested_and_used_resources_stand_side_by_side() -> None:
    used = Usage(user_s=3, system_s=1, peak_rss_bytes=50_000_000)
    story = on_cluster(tool_s=8, used=used, asks={"mem_mb": 100, "runtime": 5}, threads=2)
    (row,) = table("attempts", story)
    assert (row["requested_threads"], row["used_cpu_s"]) == (2, 4.0)
    assert (row["requested_memory_bytes"], row["used_memory_bytes"]) == (100_000_000, 50_000_000)
    assert row["used_memory_is"] in ("exact", "at_least")
    assert (row["requested_runtime_s"], row["used_runtime_s"]) == (300.0, 8.0)


def test_a_rule_has_its_jobs_and_what_those_that_succeeded_took() -> None:
    (row,) = table("rules", retried())
    assert (row["jobs"], row["succeeded"], row["attempts"], row["failed_attempts"]) == (1, 1, 2, 1)
    assert (row["compute_jobs"], row["compute_mean_s"], row["compute_sum_s"]) == (1, 3.0, 3.0)
    assert row["since_selected_mean_s"] == 10.0
    assert row["memory_max_bytes"] is None


def test_a_rule_without_success_has_no_figures() -> None:
    story = begun().job(1, rule="bad").quick(1, 3, 4, 9, status="failed", exit_code=1).end(10)
    (row,) = table("rules", story)
    assert (row["rule"], row["jobs"], row["succeeded"]) == ("bad", 1, 0)
    assert row["since_selected_mean_s"] is None
    assert (row["compute_jobs"], row["compute_mean_s"]) == (0, None)


def test_moments_beyond_what_a_date_can_hold_are_cut_to_it() -> None:
    story = begun().job(1)
    story.attempt(1, stamps(ready=3, selected=4, finished=9)).end(10)
    run = story.run
    (attempt,) = run.attempts.values()
    attempt.stamps = attempt.stamps.but(ready=-(10**18), selected=10**18)
    (cells,) = TABLES["attempts"].rows(run)
    row = dict(zip(TABLES["attempts"].names, cells, strict=True))
    assert (row["ready_at"].year, row["selected_at"].year) == (1, 9999)
