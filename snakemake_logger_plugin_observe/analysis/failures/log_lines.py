"""The line of a log that shows what went wrong: the cause, before what is printed after it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.journal.error_lines import (
    is_error,
    is_progress,
    is_word,
    last_error,
    without_colours,
)
from snakemake_logger_plugin_observe.journal.records import LogTail


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log file."""

    path: str
    number: int | None
    """Its number in the file; None if the file is too long to count its lines."""
    text: str

    @property
    def place(self) -> str:
        """Return where it is: a file with its line, or ``on stderr`` of what was not in a file."""
        if self.path.startswith("(") and self.path.endswith(")"):
            return f"on {self.path[1:-1]}"
        return self.path if self.number is None else f"{self.path}:{self.number}"


def last_meaningful_line(log: LogTail) -> LogLine | None:
    """Return the line of *log* that shows what went wrong, or None.

    It is the last that reads like an error; else the last that is no news of progress.
    """
    lines = tuple(map(without_colours, log.lines))
    at = last_error(lines)
    if at is None and log.earlier_error is not None:
        return LogLine(log.path, log.earlier_error_line, log.earlier_error)
    if at is None:
        at = next((n for n in reversed(range(len(lines))) if _may_be(lines[n])), None)
    if at is None:
        return None
    if _PANICKED.search(lines[at]) and at + 1 < len(lines) and is_word(lines[at + 1]):
        at += 1  # its first line is only where
    first = log.first_line
    return LogLine(log.path, None if first is None else first + at, lines[at])


_PANICKED: Final = re.compile(r"\bpanicked at \S+:\d+:\d+:$")


def line_of_failure(logs: Sequence[LogTail]) -> LogLine | None:
    """Return the line of the first of *logs* that reads like an error; else of the first at all."""
    lines = [line for log in logs if (line := last_meaningful_line(log)) is not None]
    return next((line for line in lines if is_error(line.text)), lines[0] if lines else None)


def _may_be(text: str) -> bool:
    return is_word(text) and not is_progress(text)
