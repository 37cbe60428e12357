"""What a peer has recorded is counted, so that none is measured that was not at work."""

import sqlite3
from pathlib import Path

from bench.peers import OURS, PEERS, Record

BY_NAME = {peer.name: peer for peer in (OURS, *PEERS)}


def test_the_ends_of_jobs_in_a_file_of_lines_are_counted(tmp_path: Path) -> None:
    lines = '{"event_type":"job_started"}\n{"event_type":"job_finished"}\n'
    (tmp_path / ".snakesee_events.jsonl").write_text(lines)
    assert BY_NAME["snakesee"].record(tmp_path, tmp_path) == Record(len(lines), 1)
    assert BY_NAME["observe"].record(tmp_path, tmp_path) == Record(0, 0)


def test_the_ends_of_jobs_in_a_database_of_all_runs_are_counted(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "snkmt"
    folder.mkdir(parents=True)
    assert BY_NAME["snkmt"].record(tmp_path, tmp_path) == Record(0, 0)
    with sqlite3.connect(folder / "snkmt.db") as database:
        database.execute("CREATE TABLE jobs (status TEXT)")
        database.executemany("INSERT INTO jobs VALUES (?)", [("SUCCESS",), ("RUNNING",)])
    size = (folder / "snkmt.db").stat().st_size
    assert BY_NAME["snkmt"].record(tmp_path, tmp_path) == Record(size, 1)


def test_reports_to_a_server_are_counted_by_what_was_sent(tmp_path: Path) -> None:
    reports = '{"event": "job_info", "bytes": 700}\n{"event": "job_finished", "bytes": 300}\n'
    (tmp_path / "reports.jsonl").write_text(reports)
    assert BY_NAME["flowo"].record(tmp_path, tmp_path) == Record(1000, 1)
