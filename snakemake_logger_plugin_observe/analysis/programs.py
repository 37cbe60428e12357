"""Programs that are declared as inputs: files that a job runs, and does not only read."""

import re
from typing import Final

from snakemake_logger_plugin_observe.journal.events import JobDescribed

_PROGRAM: Final = re.compile(
    r"(?:^|[;&|(\n]|\b(?:bash|sh|zsh|python[\d.]*|Rscript|perl|julia|ruby|node|awk|source|time)\b)"
    r"(?:\s+-\S+)*\s*(?=(?P<name>[^\s;&|()<>'\"]+))"
)
"""What begins a command, or comes after an interpreter and its flags."""


def runs(job: JobDescribed, path: str) -> bool:
    """Return whether *job* runs the file at *path*, by its command or as its script."""
    if is_script(job, path):
        return True
    command = job.shellcmd or ""
    if path not in command:
        return False
    return any(found["name"] == path for found in _PROGRAM.finditer(command))


def is_script(job: JobDescribed, path: str) -> bool:
    """Return whether the file at *path* is the script of *job*."""
    script = job.script or ""
    return script == path or script.endswith(f"/{path}")
