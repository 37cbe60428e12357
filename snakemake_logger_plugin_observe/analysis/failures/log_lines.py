"""The last line of a log that shows what went wrong."""

import re
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.journal.records import LogTail

# Last lines of a log that do not show what went wrong.
_MEANINGLESS: Final = re.compile(
    r"\W*|\s*at [\w.$<>/]+\(.*|Execution halted|Calls: .*|Traceback \(most recent call last\):"
    r"|Shutting down, this might take some time\.|srun: error: .*Exited with exit code \d+"
    r"|srun: (?:Terminating|launch/slurm|got SIG|Job step aborted).*|srun: error: .*: Killed"
    r"|Will exit after finishing currently running jobs.*"
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log file."""

    path: str
    number: int | None
    """Its number in the file; None if the file is too long to count its lines."""
    text: str


def last_meaningful_line(log: LogTail) -> LogLine | None:
    """Return the last line of *log* that shows what went wrong, or None."""
    for number in reversed(range(len(log.lines))):
        text = log.lines[number]
        if text.strip() and not _MEANINGLESS.fullmatch(text):
            first = log.first_line
            return LogLine(log.path, None if first is None else first + number, text)
    return None
