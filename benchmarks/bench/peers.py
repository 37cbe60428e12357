"""What is compared: how each logger plugin is installed, switched on, and what it has recorded.

What a peer recorded is read after each run, so that none is measured that was not at work.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple


class Record(NamedTuple):
    """What a run left on disk or sent away."""

    size_bytes: int
    ended_jobs: int | None
    """Jobs whose end is in it; None if it is nothing that can be read later."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A logger plugin, in an environment of its own."""

    name: str
    distributions: tuple[str, ...]
    roots: tuple[str, ...]
    """The modules that each start of Snakemake imports because they are installed."""
    flags: tuple[str, ...] = ()
    """What switches it on; ``{port}`` is a free port."""
    record: Callable[[Path, Path], Record] | None = None
    """Reads what is recorded in a run's folder, or in the peer's home; None: nothing is kept."""
    says: str = ""
    """What its output has to contain if nothing is kept."""
    server: str = ""
    """A script next to this one that stands in for its server."""
    variables: tuple[tuple[str, str], ...] = ()
    """For its environment; ``{port}`` is the server's."""
    note: str = ""
    """What a reader of the tables must know."""


def _lines(name: str, ended: bytes) -> Callable[[Path, Path], Record]:
    """Return a reader of files of lines, of which those that contain *ended* are a job's end."""

    def read(folder: Path, home: Path) -> Record:  # noqa: ARG001  # as the others
        size = count = 0
        for path in folder.glob(name):
            with path.open("rb") as lines:  # line by line: this process must stay small
                for line in lines:
                    size += len(line)
                    count += ended in line
        return Record(size, count)

    return read


def _database(folder: Path, home: Path) -> Record:  # noqa: ARG001  # as the others
    """Read snkmt's database, which all runs of a user share."""
    path = home / "data" / "snkmt" / "snkmt.db"
    if not path.exists():
        return Record(0, 0)
    with sqlite3.connect(path) as database:
        (ended,) = database.execute("SELECT count(*) FROM jobs WHERE status = 'SUCCESS'").fetchone()
    return Record(sum(one.stat().st_size for one in path.parent.glob("snkmt.db*")), ended)


def _reported(folder: Path, home: Path) -> Record:  # noqa: ARG001  # as the others
    """Read what the stand-in for flowo's server wrote down: each report's event and length."""
    path = folder / "reports.jsonl"
    reports = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    ended = sum(one["event"] == "job_finished" for one in reports)
    return Record(sum(one["bytes"] for one in reports), ended)


OURS: Final = Peer(
    "observe",
    (),
    ("snakemake_logger_plugin_observe", "snakemake_executor_plugin_timed"),
    ("--logger", "observe"),
    _lines(".snakemake/observe/*.jsonl", b'"attempt_finished"'),
    note="the logger plugin alone",
)
BOTH: Final = (*OURS.flags, "--executor", "timed", "--timed-wraps", "local")
"""Both plugins of ours, for local jobs."""

PEERS: Final = (
    Peer(
        "snakesee",
        ("snakesee", "snakemake-logger-plugin-snakesee"),
        ("snakemake_logger_plugin_snakesee",),
        ("--logger", "snakesee"),
        _lines(".snakesee_events.jsonl", b'"job_finished"'),
    ),
    Peer(
        "snkmt",
        ("snakemake-logger-plugin-snkmt",),
        ("snakemake_logger_plugin_snkmt",),
        ("--logger", "snkmt"),
        _database,
        note="into its default SQLite database, which exists before the first run that is measured",
    ),
    Peer(
        "flowo",
        ("snakemake-logger-plugin-flowo",),
        (
            *("snakemake_logger_plugin_flowo", "snakemake_executor_plugin_slurm"),
            "snakemake_executor_plugin_slurm_jobstep",
        ),
        ("--logger", "flowo"),
        _reported,
        server="flowo_server.py",
        variables=(("FLOWO_HOST", "http://127.0.0.1:{port}"), ("FLOWO_USER_TOKEN", "bench")),
        note="reports to a stand-in that accepts everything: neither the CPU of a server nor of "
        "PostgreSQL is in the figures; its bytes are what it sends. It installs the slurm executor",
    ),
    Peer(
        "rich",
        ("snakemake-logger-plugin-rich",),
        ("snakemake_logger_plugin_rich",),
        ("--logger", "rich"),
        says="Workflow Finished",
        note="shows a run on the console, keeps nothing",
    ),
    Peer(
        "prometheus",
        ("snakemake-logger-plugin-prometheus",),
        ("snakemake_logger_plugin_prometheus",),
        ("--logger", "prometheus", "--logger-prometheus-port", "{port}"),
        says="Metrics server started on port",
        note="keeps its metrics in memory while the run goes on; nobody asks for them here",
    ),
)
