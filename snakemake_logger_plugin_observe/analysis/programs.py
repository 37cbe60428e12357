"""Programs that are declared as inputs: files that a job runs, and does not only read."""

import re
from typing import Final

from snakemake_logger_plugin_observe.journal.events import JobDescribed

_RUN_BY: Final = (
    r"(?:^|[;&|(\n]|\b(?:bash|sh|zsh|python[\d.]*|Rscript|perl|julia|ruby|node|awk|source|time)\b)"
    r"(?:\s+-\S+)*\s*"
)


def runs(job: JobDescribed, path: str) -> bool:
    """Return whether the command of *job* runs the file at *path*."""
    command = job.shellcmd or ""
    if path not in command:
        return False
    return re.search(rf"{_RUN_BY}{re.escape(path)}(?![\w./-])", command) is not None
