"""Bursts of jobs from a fake executor, which ends them at once, to a recorder of its own process."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.run.fold import fold

RUN = Path(__file__).parents[2] / "benchmarks" / "burst_run.py"
JOBS, FAILED_ONCE = 1600, 8  # of a large run the recorder keeps less in memory


def burst(folder: Path, *more: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(RUN), str(folder), str(JOBS), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def said(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    yield from map(json.loads, process.stdout)


def observe(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "snakemake_logger_plugin_observe", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def journal_in(folder: Path) -> Path:
    (journal,) = (folder / ".snakemake" / "observe").glob("*.jsonl")
    return journal


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A burst that went on to its end: its journal, and what was sent."""
    folder = tmp_path_factory.mktemp("burst")
    with burst(folder) as process:
        *_, last = said(process)
    assert (process.returncode, last["faults"]) == (0, [])
    return journal_in(folder), last


def test_no_event_of_a_burst_is_lost(ended: tuple[Path, dict[str, Any]]) -> None:
    journal, last = ended
    lines = Counter(json.loads(line)["event"] for line in journal.read_bytes().splitlines())
    sent = last["sent"]
    assert sent["JobEndLogged"] == JOBS
    assert lines["job"] == sent["JobInfo"] == JOBS + FAILED_ONCE
    assert lines["attempt_finished"] == sent["Finished"] == JOBS + FAILED_ONCE
    assert lines["scheduler_iteration"] == sent["IterationEnded"]
    assert "gap" not in lines


def test_every_job_of_a_burst_has_its_end_and_the_fragments_are_gone(
    ended: tuple[Path, dict[str, Any]],
) -> None:
    journal, _ = ended
    run = fold(read_journal(journal))
    assert {one.job_id for one in run.attempts.values()} == set(range(JOBS))
    assert Counter(one.status for one in run.attempts.values()) == {
        "success": JOBS,
        "failed": FAILED_ONCE,
    }
    assert all("compute" in one.phases for one in run.attempts.values())
    assert list(journal.parent.glob("**/*.fragment")) == []


def test_the_figures_of_a_burst_s_end_are_those_of_its_journal(
    ended: tuple[Path, dict[str, Any]],
) -> None:
    """Though the recorder has forgotten most of what it wrote of attempts that ended well."""
    journal, _ = ended
    done = observe("validate", str(journal))
    assert (done.returncode, "every figure follows from the stamps" in done.stdout) == (0, True)


def test_after_a_kill_in_a_burst_all_that_was_written_is_whole_and_read(tmp_path: Path) -> None:
    """What was sent before the recorder had caught up is there; some of the rest may be lost."""
    settled = 200
    with burst(tmp_path, "--rate", "1000", "--settle", str(settled)) as process:
        for sample in said(process):
            if sample.get("ended", 0) >= 2 * settled:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    journal = journal_in(tmp_path)
    text = journal.read_bytes()
    lines = [json.loads(line) for line in text.splitlines()]
    assert text.endswith(b"\n")
    ends = [one["job_id"] for one in lines if one["event"] == "attempt_finished"]
    assert len(lines) == len({json.dumps(one) for one in lines})
    assert set(range(settled)) - set(ends) == set()
    for command in ("cost", "path", "jobs"):
        assert observe(command, str(journal)).returncode == 0
