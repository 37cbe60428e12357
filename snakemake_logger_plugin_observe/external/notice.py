"""A notice: the user's command, with the answer about a run on its standard input.

Beside a run, this file is a program of its own, in a session of its own: it waits until the run
ends, however it ends, or first fails, and holds nothing that the run could wait for. Standard
library only, so that it waits in a small process. The command is the user's: of a flag, or named.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

COMMAND: Final = "SNAKEMAKE_OBSERVE_NOTIFY"
"""The environment variable in which the process gets the command: ``ps`` shows no environment."""
FAILED: Final = b"f"
"""What the run says when a job has failed for good."""
ENDED: Final = b"e"
"""What the run says when it has ended."""

_READER: Final = ("-P", "-m", "snakemake_logger_plugin_observe", "cost")
_OF_A_TERMINAL: Final = (COMMAND, "COLUMNS")
_GRACE_S: Final = 5.0
"""After the first failure a run that is about to end is waited for, so that the answer is whole."""
_READING_S: Final = 120.0
LIMIT_S: Final = 60.0
_LOOK_S: Final = 0.1
_TAIL_BYTES: Final = 4000
_SUMMARY: Final = 200
_NICE: Final = 10


@dataclass(frozen=True, slots=True)
class NoticeResult:
    """How the command of a notice ended."""

    why: str
    """What went wrong; empty if it ended with exit code 0."""
    printed: str
    """The end of what it printed, on both of its outputs."""


def send(journal: str, command: str, folder: str, limit_s: float = LIMIT_S) -> NoticeResult:
    """Run *command* with what ``snakemake-observe`` says of a run.

    Args:
        journal: the run's journal.
        command: a shell command. Its standard input is the answer as text; its environment has the
            name of a file with the answer as JSON (``SNAKEMAKE_OBSERVE_JSON``), the run's
            status, a summary in one line and the journal's path.
        folder: where it is run.
        limit_s: after so many seconds it is killed, with all processes in its group.

    """
    with tempfile.TemporaryDirectory(prefix="snakemake-observe-") as private:
        answer, document = Path(private, "answer.txt"), Path(private, "answer.json")
        answer.write_bytes(_answer(journal, "text", folder))
        document.write_bytes(_answer(journal, "json", folder))
        status, summary = _of_run(document)
        told = {
            "SNAKEMAKE_OBSERVE_JSON": str(document),
            "SNAKEMAKE_OBSERVE_STATUS": status,
            "SNAKEMAKE_OBSERVE_SUMMARY": summary or _no_summary(answer),
            "SNAKEMAKE_OBSERVE_JOURNAL": journal,
        }
        environment = {name: one for name, one in os.environ.items() if name != COMMAND}
        return _run(command, answer, {**environment, **told}, folder, limit_s)


def _answer(journal: str, form: str, folder: str) -> bytes:
    """Return what the reader prints, or why there is no answer."""
    try:
        done = subprocess.run(
            [sys.executable, *_READER, f"--format={form}", "--", journal],
            cwd=folder,
            env={name: one for name, one in os.environ.items() if name not in _OF_A_TERMINAL},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_READING_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _no_answer(f"snakemake-observe: {error}\n", form)
    if done.returncode == 0:
        return done.stdout
    return _no_answer(done.stderr.decode("utf-8", "replace")[-_TAIL_BYTES:], form)


def _no_answer(text: str, form: str) -> bytes:
    return (json.dumps({"error": text}) + "\n" if form == "json" else text).encode()


def _of_run(document: Path) -> tuple[str, str]:
    """Return a run's status and the run in one line; empty if there is no answer."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        known = json.loads(document.read_bytes())
        return str(known["run"]["status"]), str(known["summary"])
    return "unknown", ""


def _no_summary(answer: Path) -> str:
    """Return in one line why there is no answer."""
    words = answer.read_text("utf-8", "replace").split()
    return textwrap.shorten(" ".join(["Snakemake: no answer:", *words]), _SUMMARY, placeholder="…")


def _run(
    command: str, answer: Path, environment: Mapping[str, str], folder: str, limit_s: float
) -> NoticeResult:
    """Run the command until it ends, or its time is over; of what it prints, keep the end."""
    until = time.monotonic() + limit_s
    with answer.open("rb") as text:
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", command],
                cwd=folder,
                env=environment,
                stdin=text,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return NoticeResult(f"could not be started: {error}", "")
    with process:
        printed = _watch(process, until)
        code = process.poll()
        if code is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return NoticeResult(f"was killed after {limit_s:g} s", printed)
    why = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return NoticeResult(why if code else "", printed)


def _watch(process: "subprocess.Popen[bytes]", until: float) -> str:
    """Return the end of what a process prints until it ends, or until a moment."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    outlet, tail, is_open = process.stdout.fileno(), b"", True
    os.set_blocking(outlet, False)
    while True:
        ended = process.poll() is not None
        ready = select.select([outlet] if is_open else [], [], [], 0 if ended else _LOOK_S)[0]
        if ready:
            chunk = os.read(outlet, 65536)
            is_open, tail = bool(chunk), (tail + chunk)[-_TAIL_BYTES:]
        if time.monotonic() >= until or (ended and not ready):
            return tail.decode("utf-8", "replace")


# -- beside a run ------------------------------------------------------------------------------


def _wait(run: int | None) -> None:
    """Return when the run has said that it ended, or some time after it failed, or when it is gone.

    Args:
        run: a descriptor of its process, where the kernel has those: a child of it may keep the
            pipe on standard input open.

    """
    watched = [0] if run is None else [0, run]
    patience_s: float | None = None
    while True:
        ready = select.select(watched, [], [], patience_s)[0]
        if 0 not in ready or os.read(0, 1) != FAILED:
            return
        patience_s = _GRACE_S


def _process_of_run() -> int | None:
    """Return a descriptor of the process that started this one; None if there can be none."""
    opening: Any = getattr(os, "pidfd_open", None)
    with contextlib.suppress(OSError):
        return int(opening(os.getppid())) if opening is not None else None
    return None


def _report(journal: Path, result: NoticeResult) -> None:
    """Write next to the journal why a notice was not sent: nobody else is there to be told."""
    shown = "".join(one if one.isprintable() or one == "\n" else "?" for one in result.printed)
    file = journal.with_name(f"{journal.name.removesuffix('.jsonl')}.notice.txt")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with contextlib.suppress(OSError), os.fdopen(os.open(file, flags, 0o600), "w") as out:
        out.write(f"The command of --logger-observe-notify {result.why}.\n{shown}")


def main(journal: str, folder: str) -> None:
    """Wait beside the run that started this process, and send its notice."""
    run = _process_of_run()
    if os.fork():  # so that the run has no child that outlives its jobs
        os._exit(0)
    command = os.environ.pop(COMMAND)
    _wait(run)
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    result = send(journal, command, folder)
    if result.why:
        _report(Path(journal), result)


if __name__ == "__main__":
    main(*sys.argv[1:])
