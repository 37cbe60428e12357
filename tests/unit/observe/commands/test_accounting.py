"""``accounting`` on the command line: the query, the records added to the journal, the exit code."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import Story, a_record, chain, grouped, killed, printing, retried, sacct

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.__main__ import main
from snakemake_logger_plugin_observe.journal.events import Accounting
from snakemake_logger_plugin_observe.journal.reading import read_journal

Command = Callable[[str, str], Path]
Said = pytest.CaptureFixture[str]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return retried().write(tmp_path / "j.jsonl")


def added(path: Path) -> list[tuple[Any, ...]]:
    """Return the Slurm records in the journal at *path*, which must be valid."""
    reading = read_journal(path)
    found = [event for event in reading if isinstance(event, Accounting)]
    assert reading.problems == []
    return [(one.job_id, one.group, one.attempt, one.record) for one in found]


BOTH = printing(sacct({"JobID": "77"}, {"JobID": "78", "Submit": 16}))
RECORDS = [(1, None, 1, a_record("77")), (1, None, 2, a_record("78", submitted=16))]


def test_slurm_s_records_are_added_to_the_journal(
    journal: Path, command: Command, capsys: Said
) -> None:
    calls = command("sacct", BOTH)
    assert main(["accounting", str(journal)]) == 0
    out, error = capsys.readouterr()
    assert (
        out == f"{journal}: Slurm accounting has records of 2 of 2 jobs; 2 new records imported\n"
    )
    assert (error, added(journal)) == ("", RECORDS)
    assert " -j 77,78 " in calls.read_text()


def test_importing_again_adds_nothing(journal: Path, command: Command, capsys: Said) -> None:
    command("sacct", BOTH)
    main(["accounting", str(journal)])
    before = journal.read_bytes()
    capsys.readouterr()
    assert main(["accounting", str(journal)]) == 0
    assert capsys.readouterr().out == (
        f"{journal}: Slurm accounting has records of 2 of 2 jobs; nothing new\n"
    )
    assert journal.read_bytes() == before


def test_a_record_that_has_changed_is_added(journal: Path, command: Command) -> None:
    command("sacct", printing(sacct({"JobID": "77", "End": "Unknown"}, {"JobID": "78"})))
    main(["accounting", str(journal)])
    command("sacct", printing(sacct({"JobID": "77"}, {"JobID": "78"})))
    assert main(["accounting", str(journal)]) == 0
    assert added(journal)[2:] == [(1, None, 1, a_record("77"))]


def test_jobs_unknown_to_slurm_are_exit_code_1(
    journal: Path, command: Command, capsys: Said
) -> None:
    command("sacct", printing(sacct({"JobID": "77"}, {"JobID": "78_1"}, {"JobID": "78_2"})))
    assert main(["accounting", str(journal)]) == 1
    assert capsys.readouterr().out == (
        f"{journal}: Slurm accounting has records of 1 of 2 jobs; 1 new record imported\n"
    )
    assert added(journal) == RECORDS[:1]


def test_older_jobs_with_the_same_ids_are_ignored(journal: Path, command: Command) -> None:
    long_ago = {"Submit": -3600}
    command("sacct", printing(sacct({"JobID": "77", **long_ago}, {"JobID": "78", **long_ago})))
    assert main(["accounting", str(journal)]) == 1
    assert added(journal) == []


def test_the_answer_in_json(journal: Path, command: Command, capsys: Said) -> None:
    command("sacct", printing(sacct({"JobID": "77"})))
    assert main(["accounting", str(journal), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found.pop("run")["journal"] == str(journal)
    assert found == {"schema_version": 1, "jobs": 2, "known": 1, "added": 1}


def test_a_group_is_one_job_to_slurm(tmp_path: Path, command: Command) -> None:
    path = grouped().write(tmp_path / "j.jsonl")
    calls = command("sacct", printing(sacct({"JobID": "77"})))
    assert main(["accounting", str(path)]) == 0
    assert added(path) == [(None, "g1", 1, a_record("77"))]
    assert " -j 77 " in calls.read_text()


def test_a_killed_run_gets_its_records(tmp_path: Path, command: Command, capsys: Said) -> None:
    """Its journal ends in a torn line, and its process is gone."""
    story = killed()
    host = story.events[0].but(host=socket.gethostname(), pid=os.getpid())
    story.events[0] = host
    path = story.write(tmp_path / "j.jsonl")
    with path.open("ab") as file:
        file.write(b'{"event":"sche')
    command("sacct", printing(sacct({"JobID": "77"})))
    assert main(["accounting", str(path)]) == 0
    events = list(read_journal(path))
    assert events[-1].record == a_record("77")
    capsys.readouterr()
    main(["cost", str(path), "--format", "json"])
    assert json.loads(capsys.readouterr().out)["run"]["makespan_s"] == 20.0


def test_the_journal_stays_valid(journal: Path, command: Command, capsys: Said) -> None:
    command("sacct", BOTH)
    main(["accounting", str(journal)])
    assert main(["validate", str(journal)]) == 0


def test_added_records_are_shown_by_jobs(journal: Path, command: Command, capsys: Said) -> None:
    command("sacct", BOTH)
    main(["accounting", str(journal)])
    capsys.readouterr()
    main(["jobs", str(journal), "--format", "json"])
    first, _ = json.loads(capsys.readouterr().out)["attempts"]
    record = first["scheduler"]
    assert (record["held_s"], record["queued_s"], record["state"]) == (1.0, 2.0, "COMPLETED")
    assert record["submitted"] == "2026-03-01T12:00:05.000000Z"


# -- errors ------------------------------------------------------------------------


def refused(capsys: Said, path: Path) -> str:
    before = path.read_bytes()
    assert main(["accounting", str(path)]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n"), path.read_bytes()) == ("", 1, before)
    return error.removeprefix("snakemake-observe: ").rstrip("\n")


def test_a_run_that_has_not_ended_is_refused(
    tmp_path: Path, command: Command, capsys: Said
) -> None:
    calls = command("sacct", BOTH)
    mine = {"host": socket.gethostname(), "pid": os.getpid()}
    story = Story(**mine, process_started=clock.process_started()).job(1)
    path = story.write(tmp_path / "j.jsonl")
    assert (
        refused(capsys, path)
        == f"{path}: the run has not ended; it imports Slurm accounting itself when it ends"
    )
    assert not calls.exists()


def test_a_run_without_slurm_job_ids_is_refused(
    tmp_path: Path, command: Command, capsys: Said
) -> None:
    calls = command("sacct", BOTH)
    path = chain().write(tmp_path / "j.jsonl")
    why = f"{path}: no job of this run has a Slurm job id"
    assert refused(capsys, path) == why
    assert not calls.exists()


def test_without_sacct_the_error_asks_for_the_cluster(
    journal: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert refused(capsys, journal) == (
        "sacct cannot be run (No such file or directory); run this on the cluster that ran the jobs"
    )


def test_a_failing_sacct_is_an_error_of_one_line(
    journal: Path, command: Command, capsys: Said
) -> None:
    command("sacct", "printf 'no\\ndatabase\\n' >&2; exit 1")
    assert refused(capsys, journal) == (
        "sacct failed with exit code 1: no database; run this on the cluster that ran the jobs"
    )


@pytest.mark.parametrize("text", ["4294967294", "9" * 15])
def test_a_huge_number_is_not_a_traceback(journal: Path, command: Command, text: str) -> None:
    cells = {"TimelimitRaw": text, "End": text}
    command("sacct", printing(sacct({"JobID": "77", **cells}, {"JobID": "78", **cells})))
    assert main(["accounting", str(journal)]) == 0


def test_a_journal_that_disappears_is_an_error(
    journal: Path, command: Command, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It exists when it is read, and is gone when sacct has answered."""
    command("sacct", f"rm {journal}\n{BOTH}")
    assert main(["accounting", str(journal)]) == 2
    why = f"snakemake-observe: {journal}: No such file or directory\n"
    assert capsys.readouterr() == ("", why)
