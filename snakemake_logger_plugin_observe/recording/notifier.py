"""Starts the process that sends a run's notice, and says to it that the run has failed or ended.

It is started with the run, in a session of its own, so a signal that ends the run does not end it,
and a run that is killed has its notice, too. All that the run does later is to write a byte.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.external import notice
from snakemake_logger_plugin_observe.journal.events import AttemptFinished
from snakemake_logger_plugin_observe.run.attempt import FAILED
from snakemake_logger_plugin_observe.run.model import Run

_PYTHON: Final = ("-I", "-S")
"""It needs the standard library only."""


class Notifier:
    """The notice of one run; used only by its recorder."""

    def __init__(self, command: str, fault: Callable[[str], None]) -> None:
        """Take the user's shell *command*; *fault* is called with one line if it cannot be run."""
        self._command = command
        self._fault = fault
        self._process: subprocess.Popen[bytes] | None = None
        self._has_failed = False
        self._said = False

    def start(self, journal: Path | None, workdir: Path) -> None:
        """Start the process that waits for the run; without a journal there is no answer."""
        if journal is None:
            self._fault("no notice will be sent: the run has no journal")
            return
        try:
            self._process = subprocess.Popen(
                [sys.executable, *_PYTHON, notice.__file__, str(journal), str(workdir)],
                cwd=workdir,
                env={**os.environ, notice.COMMAND: self._command},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError, RuntimeError) as error:
            self._fault(f"no notice will be sent: {error}")

    def ended_attempt(self, run: Run, event: AttemptFinished) -> None:
        """Take the end of an attempt: a failure counts if Snakemake does not try again."""
        members = [event.job_id] if event.job_id is not None else run.members(event.group or "")
        retries = (run.jobs[one].retries or 0 for one in members if one in run.jobs)
        is_members = event.job_id is not None and event.group is not None  # its group decides
        if event.status in FAILED and not is_members and event.attempt > max(retries, default=0):
            self._has_failed = True

    def journal_written(self) -> None:
        """Say that the run has failed, if it has: all that is known of it is in the journal now."""
        if self._has_failed and not self._said:
            self._said = True
            self._say(notice.FAILED)

    def run_ended(self) -> None:
        """Say that the run has ended; its process may go on for a while."""
        self._say(notice.ENDED)
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()  # type: ignore[union-attr]
            if self._process.poll() is None:  # it has only to start the one that waits
                self._process.returncode = 0

    def _say(self, byte: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # it may have sent its notice already
                os.write(self._process.stdin.fileno(), byte)
