"""The one way in which this project speaks on the console; the standard library alone."""

import contextlib
import logging
import sys
from contextlib import AbstractContextManager
from typing import Any, Final

SNAKEMAKE_LOGGER: Final = "snakemake.logging"
"""The name of the logger through which all of Snakemake speaks."""


def warn(text: str) -> None:
    """Say *text* on stderr as one line of ours; a terminal that is gone hears nothing."""
    if sys.stderr is None:  # closed from the start; print would take stdout instead
        return
    try:
        with _the_word():
            print(f"snakemake-observe: {text}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def _the_word() -> AbstractContextManager[Any]:
    """Return what Snakemake holds while it writes a line, so that ours does not land in one."""
    for handler in logging.getLogger(SNAKEMAKE_LOGGER).handlers:
        if getattr(handler, "stream", None) is sys.stderr and handler.lock is not None:
            return handler.lock
    return contextlib.nullcontext()


_said_before: list[str] = []


def warn_once(text: str) -> None:
    """Say *text*, the first of such warnings in this process; both plugins may meet one fault."""
    if not _said_before:
        _said_before.append(text)
        warn(text)


def sentence(fault: BaseException) -> str:
    """Return what *fault* is, in one line."""
    return f"{type(fault).__name__}: {fault}".splitlines()[0][:300]
