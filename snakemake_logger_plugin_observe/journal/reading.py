"""A journal is read, event by event, in as much detail as an answer needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import IO, Final

from msgspec import ValidationError
from msgspec.json import Decoder

from snakemake_logger_plugin_observe.journal.events import (
    EVENTS,
    SCHEMA_VERSION,
    AnyEvent,
    LeanAttemptFinished,
    LeanJobDescribed,
    RunStarted,
    at_line,
    decoder,
)
from snakemake_logger_plugin_observe.journal.lines import (
    BYTE_ORDER_MARK,
    JournalError,
    kind_of,
    loaded,
    next_line,
    opened,
    unreadable,
    why_the_end,
)

_KNOWN: Final = frozenset(model.event for model in EVENTS)
# How the lines about attempts and scheduler iterations begin: most of a journal.
_OF_ATTEMPTS: Final = tuple(
    b'{"event":"%s"' % kind.encode()
    for kind in (
        *("attempt_submitted", "attempt_started", "attempt_finished", "outputs", "accounting"),
        "scheduler_iteration",
    )
)
HEARTBEAT: Final = b'{"event":"heartbeat"'
_OUTPUTS: Final = b'{"event":"outputs"'
_ATTEMPT_FINISHED: Final = b'{"event":"attempt_finished"'
_STATUS: Final = b'"status":"'
_MOST_PROBLEMS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that could not be read, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        """Return it as text."""
        return f"line {self.line}: {self.reason}"


class Detail(Enum):
    """How much of a journal to read; less saves time and memory."""

    WHOLE = auto()
    FAILURES = auto()
    """Everything except the processes of attempts of jobs that never failed, and the heartbeats
    before the last."""
    FIGURES = auto()
    """Everything except the processes of attempts."""
    TIMES = auto()
    """As above, and only the times and dependencies of jobs, without their texts."""
    JOBS = auto()
    """Everything except attempts: the jobs, and how the run ended."""
    OUTPUTS = auto()
    """As above, with the outputs of jobs, and the attempts that failed or were retries."""


@dataclass(slots=True)
class Reading:
    """A journal being read: iterate once for its events; ``problems`` fills meanwhile."""

    path: Path
    problems: list[Problem]
    detail: Detail = Detail.WHOLE

    def __iter__(self) -> Iterator[AnyEvent]:
        """Yield each known event, with its line set.

        Raises:
            JournalError: if the file cannot be opened, is empty, is not a journal, or has a newer
                schema than this reader supports.

        """
        try:
            with opened(self.path) as file:
                yield from self._events(file)
        except OSError as error:
            raise unreadable(self.path, error) from error

    def _events(self, file: IO[bytes]) -> Iterator[AnyEvent]:
        run_id: str | None = None
        number = 0
        heartbeat: tuple[int, bytes] | None = None
        while line := next_line(file):
            number += 1
            if (why := why_the_end(line)) is not None:
                self.problems.append(Problem(number, why))
                break
            if len(self.problems) >= _MOST_PROBLEMS:
                why = f"{_MOST_PROBLEMS:,} lines cannot be read: read up to here"
                self.problems.append(Problem(number, why))
                break
            begun = run_id is not None
            if begun and self.detail is not Detail.WHOLE and line.startswith(HEARTBEAT):
                heartbeat = number, line
                continue
            if begun and self._skips(line):
                continue
            line = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
            event = self._event(number, line)
            if run_id is None:
                run_id = self._checked_start(number, line, event).run_id
            elif event is not None and event.event == "run_started":
                if event.run_id != run_id:
                    self.problems.append(Problem(number, "another run begins: read up to here"))
                    break
                self.problems.append(Problem(number, "run_started: again, so it is not used"))
                continue
            if event is not None:
                yield at_line(event, number)
        if heartbeat is not None and (event := self._event(*heartbeat)) is not None:
            yield at_line(event, heartbeat[0])
        if run_id is None:
            what = "no complete line in it" if number else "it is empty"
            raise JournalError(f"{self.path}: {what}, so there is no run to show")

    def _skips(self, line: bytes) -> bool:
        match self.detail:
            case Detail.JOBS:
                return line.startswith(_OF_ATTEMPTS)
            case Detail.OUTPUTS if line.startswith(_OF_ATTEMPTS):
                return not line.startswith(_OUTPUTS) and (
                    not line.startswith(_ATTEMPT_FINISHED) or _succeeded_at_once(line)
                )
        return False

    def _event(self, number: int, line: bytes) -> AnyEvent | None:
        try:
            return self._decoder(line).decode(line)
        except ValidationError as error:
            kind = kind_of(line)
            if kind is None:
                self.problems.append(Problem(number, "not a JSON object with an event"))
            elif kind in _KNOWN:
                self.problems.append(Problem(number, f"{kind}: {_where_first(str(error))}"))
            return None
        except (ValueError, RecursionError):
            self.problems.append(Problem(number, "not a JSON object with an event"))
            return None

    def _decoder(self, line: bytes) -> Decoder[AnyEvent]:
        match self.detail:
            case Detail.WHOLE:
                return decoder()
            case Detail.FAILURES if _may_contain_a_failure(line):
                return decoder()
            case Detail.TIMES:
                return decoder(LeanAttemptFinished, LeanJobDescribed)
            case _:
                return decoder(LeanAttemptFinished)

    def _checked_start(self, number: int, line: bytes, event: AnyEvent | None) -> RunStarted:
        first = loaded(line)
        if first.get("event") != "run_started":
            raise JournalError(
                f"{self.path}:{number}: not a run journal (its first line is no run_started)"
            )
        version = first.get("schema_version")
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise JournalError(
                f"{self.path}:{number}: schema version {version} is newer than this "
                f"snakemake-observe reads ({SCHEMA_VERSION}); update it"
            )
        if not isinstance(event, RunStarted):
            raise JournalError(f"{self.path}:{number}: {self.problems[-1].reason}")
        return event


def _where_first(error: str) -> str:
    """Return what is wrong with a line's values, after the field that it is about."""
    what, _, where = error.replace("`", "").partition(" - at $.")
    return f"{where}: {what}" if where else what


def why_unreadable(path: Path) -> str | None:
    """Return why the file at *path* is not read as a journal, in one line; None if it is."""
    try:
        for _ in read_journal(path, Detail.JOBS):  # to its end: damaged gzip may begin well
            pass
    except (JournalError, OSError, ValueError) as error:
        return str(error)
    return None


def _may_contain_a_failure(line: bytes) -> bool:
    """Whether *line* may be about a job that ever failed: a quick test that misses none."""
    return b'"failed"' in line or b'"lost"' in line or b'"attempt":1,' not in line


def _succeeded_at_once(line: bytes) -> bool:
    """Whether the end of an attempt is the success of a job's first one."""
    at = line.find(_STATUS)  # the attempt's own: those of executions come after it
    return b'"attempt":1,' in line[:at] and line.startswith(
        (b"success", b"cached"), at + len(_STATUS)
    )


def read_journal(path: Path, detail: Detail = Detail.WHOLE) -> Reading:
    """Return a one-time reading of the journal at *path*; it is opened when iterated."""
    return Reading(path, [], detail)
