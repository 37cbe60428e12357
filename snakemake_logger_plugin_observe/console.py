"""What is said to the user on stderr, each in one line. Standard library only."""

import contextlib
import logging
import sys
from contextlib import AbstractContextManager
from typing import Any, Final

SNAKEMAKE_LOGGER: Final = "snakemake.logging"
"""The name of the logger that all of Snakemake logs to."""


class UserError(Exception):
    """Why a command has no answer; its text is one line: what is wrong, and what to do."""


def warn(text: str) -> None:
    """Print *text* on stderr, prefixed with our name; do nothing if the terminal is gone."""
    if sys.stderr is None:  # closed from the start; print would take stdout instead
        return
    try:
        with _console_lock():
            print(f"snakemake-observe: {_printable(text)}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def _printable(text: str) -> str:
    """Return *text* with control characters escaped: paths and messages may contain some."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "backslashreplace").decode()
        for one in text
    )


def _console_lock() -> AbstractContextManager[Any]:
    """Return the lock that Snakemake holds while it writes a line, which ours must not split."""
    for handler in logging.getLogger(SNAKEMAKE_LOGGER).handlers:
        if getattr(handler, "stream", None) is sys.stderr and handler.lock is not None:
            return handler.lock
    return contextlib.nullcontext()


_warned_before: list[str] = []


def warn_once(text: str) -> None:
    """Print *text* if it is the first such warning: both plugins may fail for the same reason."""
    if not _warned_before:
        _warned_before.append(text)
        warn(text)


def sentence(error: BaseException) -> str:
    """Return *error* in one line."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]
