"""Slurm queries on background threads: the run and its end do not wait for them."""

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import SECOND, T0, a_record, at, printing, sacct

from snakemake_logger_plugin_observe.external import slurm_accounting
from snakemake_logger_plugin_observe.recording import slurm_lookup
from snakemake_logger_plugin_observe.recording.slurm_lookup import (
    AccountingQuery,
    look_up_allocation,
)

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.recording.notes import AllocationFound

Command = Callable[[str, str], Path]
BEGAN = T0 // SECOND


# -- the query before a run's end ---------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm_accounting, "PATIENCE_S", 0.5)


def test_a_query_hurries_when_its_answer_is_wanted(command: Command) -> None:
    command("sacct", printing(sacct({})))
    began = time.monotonic()
    assert AccountingQuery(["71"], BEGAN).answer() == ([a_record()], None)
    assert time.monotonic() - began < 1.5


def test_a_job_that_the_accounting_does_not_know_yet_is_looked_for_in_the_queue(
    command: Command,
) -> None:
    command("sacct", printing(sacct({})))
    submitted = at(5) // SECOND
    asked = command("squeue", f"echo '72|PENDING|{submitted}|N/A|N/A||main|1|10:00|BeginTime'")
    (known, late), problem = AccountingQuery(["71", "72"], BEGAN).answer()
    assert (known, problem) == (a_record(), None)
    assert (late.cluster_job, late.state, late.reason) == ("72", "PENDING", "BeginTime")
    assert " -j 72" in asked.read_text()


def test_without_a_queue_to_ask_what_the_accounting_knows_is_the_answer(command: Command) -> None:
    command("sacct", printing(sacct({})))
    command("squeue", "exit 1")
    assert AccountingQuery(["71", "72"], BEGAN).answer() == ([a_record()], None)


def test_a_query_starts_by_itself_after_a_moment(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_lookup, "_RECORDS_COME_LATE_S", 0.05)
    calls = command("sacct", "exit 0")
    AccountingQuery(["71"], BEGAN)
    until = time.monotonic() + 5
    while not calls.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no database >&2; exit 3", "sacct failed with exit code 3: no database"),
        ("exec sleep 30", "sacct did not answer in time"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_query_that_fails_returns_the_reason_in_time(
    command: Command, script: str, why: str
) -> None:
    command("sacct", script)
    began = time.monotonic()
    assert AccountingQuery(["71"], BEGAN).answer() == ([], why)
    assert time.monotonic() - began < 3


@pytest.mark.usefixtures("impatient")
def test_a_query_that_never_returns_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm_accounting, "query", lambda *_: time.sleep(10))
    began = time.monotonic()
    assert AccountingQuery(["71"], BEGAN).answer() == ([], "sacct did not answer in time")
    assert time.monotonic() - began < 3


def test_an_error_in_a_query_is_returned_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: Any) -> None:
        raise KeyError

    monkeypatch.setattr(slurm_accounting, "query", fault)
    assert AccountingQuery(["71"], BEGAN).answer() == ([], "KeyError")


# -- Snakemake's own allocation -----------------------------------------------------------------


def allocation() -> tuple[str, str | None, int | None]:
    """Return the allocation that is found from another thread: its id, its nodes and its end."""
    found: queue.SimpleQueue[AllocationFound] = queue.SimpleQueue()
    look_up_allocation("80", found.put)
    note = found.get(timeout=5)
    assert found.empty()
    return note.cluster_job, note.nodes, note.end


def test_an_allocation_has_its_nodes_and_its_end(command: Command) -> None:
    calls = command("squeue", f"echo '{BEGAN + 60}|node[1-3]'")
    assert allocation() == ("80", "node[1-3]", at(60))
    assert calls.read_text() == "%s -h -j 80 -o %e|%N\n"


@pytest.mark.parametrize("text", ["N/A|", "", "|", f"{'9' * 15}|"])
def test_what_squeue_does_not_print_is_unknown(command: Command, text: str) -> None:
    command("squeue", f"echo '{text}'")
    assert allocation() == ("80", None, None)


@pytest.mark.parametrize("script", ["exit 1", "exec sleep 30"])
def test_without_squeue_s_answer_an_allocation_has_only_its_id(
    command: Command, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(slurm_accounting, "PATIENCE_S", 0.3)
    command("squeue", script)
    assert allocation() == ("80", None, None)


def test_an_id_that_is_not_slurm_s_is_not_looked_up(command: Command) -> None:
    calls = command("squeue", "exit 0")
    found: queue.SimpleQueue[AllocationFound] = queue.SimpleQueue()
    look_up_allocation("80; rm", found.put)
    time.sleep(0.1)
    assert (found.empty(), calls.exists()) == (True, False)
