"""The logs of a failed job that Snakemake removes: for a retry, or with their output folder.

They are opened in the thread that reports the failure, before Snakemake handles it: what is open
can still be read once it is removed. Other logs are opened by the recorder, later.
"""

import io
import os
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe.journal.trusted_paths import open_file

_MOST_FILES: Final = 8

HeldLogs = dict[str, io.FileIO]
"""Open files, by the paths that the job has for them; each is closed when nothing refers to it."""


def hold(job: Any) -> HeldLogs:
    """Return the logs of a job or group that Snakemake will remove, opened; never raises."""
    held: HeldLogs = {}
    try:
        retried = job.restart_times > job.attempt - 1
        for one in job.jobs if job.is_group() else (job,):
            outputs = tuple(f"{path}{os.sep}" for path in one.output)
            for path in map(str, one.log):
                inside = bool(outputs) and path.startswith(outputs)
                if len(held) < _MOST_FILES and (retried or inside):
                    _open(path, held)
    except Exception:  # this Snakemake's job is different: its logs are read as all others
        return held
    return held


def _open(path: str, held: HeldLogs) -> None:
    try:
        held[path] = io.FileIO(open_file(Path(), path))
    except OSError:  # it does not exist, or is none that is read
        return
