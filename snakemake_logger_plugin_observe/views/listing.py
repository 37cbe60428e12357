"""The runs of a folder, by the first and the last line of each journal."""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from snakemake_logger_plugin_observe.commands.support import folder_runs
from snakemake_logger_plugin_observe.journal.folders import journals_at
from snakemake_logger_plugin_observe.reporters.flat_tables.column import moment_of
from snakemake_logger_plugin_observe.views.errors import one_kind_of_error, path_of
from snakemake_logger_plugin_observe.views.run_view import RunView, open_run


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run, without its jobs; what its journal has no end for is None."""

    journal: Path
    run_id: str
    status: str
    start: datetime | None
    end: datetime | None
    makespan_s: float | None
    jobs: int | None
    """How many jobs have an attempt."""
    failed_attempts: int | None
    tags: dict[str, str]

    def open(self) -> RunView:
        """Return the whole run.

        Raises:
            ObserveError: if its journal cannot be read any more.

        """
        return open_run(self.journal)


def list_runs(folder: str | os.PathLike[str] = ".") -> list[RunSummary]:
    """Return the runs of a folder, the newest last; dry runs are left out.

    Args:
        folder: a working directory, or a folder of journals.

    Raises:
        ObserveError: if it cannot be read. A folder without a journal has no runs.

    """
    with one_kind_of_error():
        place = path_of(folder)
        os.listdir(place)
        runs = folder_runs.outlines(journals_at(place))
        return [_summary(one) for one in runs if one.started.kind == "run"]


def _summary(one: folder_runs.Begun) -> RunSummary:
    ended = one.finished if isinstance(one, folder_runs.Outline) else None
    return RunSummary(
        journal=one.path,
        run_id=one.started.run_id,
        status=one.status,
        start=moment_of(folder_runs.start_of(one.started)),
        end=moment_of(ended.time) if ended is not None else None,
        makespan_s=ended.makespan_s if ended is not None else None,
        jobs=ended.job_count if ended is not None else None,
        failed_attempts=ended.failed_attempts if ended is not None else None,
        tags=dict(one.started.tags),
    )
