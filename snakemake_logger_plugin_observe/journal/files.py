"""Journal files: the only code that creates, appends to or reads one."""

import errno
import fcntl
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import IO, Any, Final, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.events import (
    ADAPTER,
    EVENTS,
    LEAN_ADAPTER,
    LEANEST_ADAPTER,
    SCHEMA_VERSION,
    AnyEvent,
    Event,
    OutputsRecorded,
    RunFinished,
    RunStarted,
    at_line,
)
from snakemake_logger_plugin_observe.journal.masked_events import masked, texts_of
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import lighten
from snakemake_logger_plugin_observe.journal.trusted_paths import make_folder, open_folder

SUBFOLDER: Final = Path(".snakemake", "observe")
_KNOWN: Final = frozenset(
    name for model in EVENTS for name in get_args(model.model_fields["event"].annotation)
)
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}".encode()
_RUN_FINISHED: Final = b'\n{"event":"run_finished"'
# How the lines about attempts and scheduler iterations begin: most of a journal.
_OF_ATTEMPTS: Final = tuple(
    b'{"event":"%s"' % kind.encode()
    for kind in (
        *("attempt_submitted", "attempt_started", "attempt_finished", "outputs", "accounting"),
        *("scheduler_iteration", "scheduler_round"),
    )
)
_UNREADABLE: Final = (
    "; its owner can let you read it (chmod), and later ones with --logger-observe-mode 0640"
)
_HEARTBEAT: Final = b'{"event":"heartbeat"'
_OUTPUTS: Final = b'{"event":"outputs"'
_ATTEMPT_FINISHED: Final = b'{"event":"attempt_finished"'
_STATUS: Final = b'"status":"'
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"  # an editor may put it before the first line
_LINE_LIMIT: Final = 64 * 1024 * 1024
# A file may be nearly all hole: a few bytes on disk, terabytes of NUL to read. No line of a journal
# has a NUL, and after a crash only few bytes are.
_SHORT_LINE: Final = 64 * 1024
_BLOCK: Final = 1024 * 1024


class JournalError(Exception):
    """A journal that cannot be used; its text is one line with file and line number."""


def unreadable(path: Path, error: OSError) -> JournalError:
    """Return the error of a journal, or a folder of them, that cannot be read."""
    hint = _UNREADABLE if isinstance(error, PermissionError) else ""
    return JournalError(f"{path}: {error.strerror or error}{hint}")


class JournalWriter:
    """Appends whole lines to a new file, so that a killed process leaves no partial line."""

    def __init__(self, folder: Path, run_id: str, started: clock.Micros, mode: int) -> None:
        """Create ``<folder>/<UTC start>-<run id>.jsonl`` with the permissions *mode*.

        Raises:
            OSError: if the folder or the file cannot be created, or the file already exists.

        """
        stamp = clock.format_moment(started)[:19].replace("-", "").replace(":", "")
        self.path = folder / f"{stamp}-{run_id[:6]}.jsonl"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        folder_of_journals = open_journals_folder(folder, make=True)
        try:
            descriptor = os.open(self.path.name, flags, mode, dir_fd=folder_of_journals)
        finally:
            os.close(folder_of_journals)
        self._descriptor = _above_stderr(descriptor)
        os.fchmod(self._descriptor, mode)

    def write(self, line: bytes) -> None:
        """Append *line* (without its newline) in one write.

        Raises:
            OSError: if it could not be written completely; the written part is removed.

        """
        data = line + b"\n"
        written = os.write(self._descriptor, data)
        if written < len(data):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def still_there(self) -> bool:
        """Return whether the file still exists under its name."""
        try:
            return os.stat(self.path).st_ino == os.fstat(self._descriptor).st_ino
        except OSError:
            return False

    def remove_if_empty(self) -> None:
        """Remove the file if nothing was written to it, and it is still there."""
        if os.fstat(self._descriptor).st_size == 0 and self.still_there():
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def open_journals_folder(folder: Path, *, make: bool = False) -> int:
    """Return a descriptor of a folder of journals, for ``dir_fd`` arguments.

    The default folder may be shared: other users' links are not followed to it. One that the user
    named may be whatever the user likes.

    Args:
        folder: the folder.
        make: whether it is made if it is not there.

    Raises:
        OSError: if there is none, it cannot be made, or a link on the way is not to be followed.

    """
    if folder.parts[-len(SUBFOLDER.parts) :] == SUBFOLDER.parts:
        return make_folder(folder) if make else open_folder(folder.parents[1], SUBFOLDER)
    if make:
        folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _above_stderr(descriptor: int) -> int:
    """Return *descriptor*, moved if it has the number of a closed standard stream.

    Otherwise, output to that stream would end up in the file.
    """
    if descriptor > 2:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(descriptor)
    return moved


def to_line(event: Event, mask: Masker | None = None) -> bytes:
    """Return *event* as one JSON line, without its newline, masked.

    Bytes that are not UTF-8 (in paths, mostly) are written as backslash escapes.
    """
    try:
        line = event.model_dump_json().encode()
    except (PydanticSerializationError, UnicodeEncodeError):
        line = _REPLACED
    if _REPLACED in line:
        event = type(event).model_validate(_readable(event.model_dump()))
        line = event.model_dump_json().encode()
    if mask is not None and mask.may_hold_a_secret(texts_of(event)):
        line = to_json(masked(type(event), from_json(line), mask))
    return line


def _readable(value: Any) -> Any:
    """Return *value* with what UTF-8 cannot represent as backslash escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value


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
            with _opened(self.path) as file:
                yield from self._events(file)
        except OSError as error:
            raise unreadable(self.path, error) from error

    def _events(self, file: IO[bytes]) -> Iterator[AnyEvent]:
        run_id: str | None = None
        number = 0
        heartbeat: tuple[int, bytes] | None = None
        while line := _next_line(file):
            number += 1
            if (why := _why_the_end(line)) is not None:
                self.problems.append(Problem(number, why))
                break
            begun = run_id is not None
            if begun and self.detail is not Detail.WHOLE and line.startswith(_HEARTBEAT):
                heartbeat = number, line
                continue
            if begun and self._skips(line):
                continue
            line = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
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
            raise JournalError(f"{self.path}: no complete line in it, so there is no run to show")

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
        adapter = self._adapter(line)
        try:
            event = adapter.validate_json(line)
            if adapter is not ADAPTER:
                lighten(event)
                if event.event == "attempt_finished":
                    lighten(event.stamps, event.offset, event.used)
            return event
        except ValidationError as error:
            kind = _kind(line)
            if kind is None:
                self.problems.append(Problem(number, "not a JSON object with an event"))
            elif kind in _KNOWN:
                first = error.errors(include_url=False, include_input=False)[0]
                where = ".".join(str(part) for part in first["loc"][1:]) or kind
                self.problems.append(Problem(number, f"{kind}: {where}: {first['msg']}"))
            return None
        except (ValueError, RecursionError, OverflowError) as error:
            self.problems.append(Problem(number, str(error)))
            return None

    def _adapter(self, line: bytes) -> TypeAdapter[AnyEvent]:
        match self.detail:
            case Detail.WHOLE:
                return ADAPTER
            case Detail.FAILURES:
                return ADAPTER if _may_contain_a_failure(line) else LEAN_ADAPTER
            case Detail.TIMES:
                return LEANEST_ADAPTER
            case _:
                return LEAN_ADAPTER

    def _checked_start(self, number: int, line: bytes, event: AnyEvent | None) -> RunStarted:
        first = _loaded(line)
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


def _next_line(file: IO[bytes]) -> bytes:
    """Return the next line, or what could be the beginning of one; empty at the end."""
    line = file.readline(_SHORT_LINE)
    if len(line) < _SHORT_LINE or line.endswith(b"\n") or b"\0" in line:
        return line
    return line + file.readline(_LINE_LIMIT - _SHORT_LINE)


def _why_the_end(line: bytes) -> str | None:
    """Return why a file is not read from this *line* on, or None if it goes on behind it."""
    if len(line) >= _SHORT_LINE and b"\0" in line:
        return "NUL bytes instead of text: read up to here"
    if line.endswith(b"\n"):
        return None
    if len(line) >= _LINE_LIMIT:
        return "too long for a journal line: read up to here"
    return "torn line: the writer was cut off here"


def _all_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines that a reading of the journal reads, and the one that ends it."""
    while line := _next_line(file):
        yield line
        if _why_the_end(line) is not None:
            return


def _opened(path: Path) -> IO[bytes]:
    """Open a journal for reading, without waiting for a pipe in its place.

    Raises:
        JournalError: if it is not a regular file.
        OSError: if it cannot be opened.

    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    return open(_regular(path, os.open(path, flags)), "rb")


def _regular(path: Path, descriptor: int) -> int:
    """Return *descriptor* if it is that of a regular file."""
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise JournalError(f"{path}: not a journal: it is not a regular file")


def _loaded(line: bytes) -> dict[str, Any]:
    """Return the JSON object of *line*, or an empty one."""
    try:
        loaded = from_json(line)
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _kind(line: bytes) -> str | None:
    kind = _loaded(line).get("event")
    return kind if isinstance(kind, str) else None


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


def read_outputs(path: Path) -> Iterator[OutputsRecorded]:
    """Yield what jobs made, if it was recorded, and nothing else of the journal at *path*.

    Raises:
        JournalError: if the file cannot be read.

    """
    try:
        with _opened(path) as file:
            while line := _next_line(file):
                if _why_the_end(line) is not None:
                    return
                if line.startswith(_OUTPUTS):
                    event = _event_in(line)
                    if isinstance(event, OutputsRecorded):
                        yield event
    except OSError as error:
        raise unreadable(path, error) from error


def repeated_lines(path: Path) -> Iterator[Problem]:
    """Yield the lines of a journal that are the same as an earlier one: none is written twice.

    Raises:
        JournalError: if the file cannot be read.

    """
    first: dict[bytes, int] = {}
    try:
        with _opened(path) as file:
            for number, line in enumerate(_all_lines(file), 1):
                if line.strip():
                    digest = blake2b(line.strip(), digest_size=16).digest()
                    before = first.setdefault(digest, number)
                    if before != number:
                        yield Problem(number, f"the same as line {before}")
    except OSError as error:
        raise unreadable(path, error) from error


def lines_at(path: Path, numbers: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the JSON objects of the lines with these *numbers*, as written.

    Raises:
        JournalError: if the file cannot be read.

    """
    wanted, last = frozenset(numbers), max(numbers, default=0)
    try:
        with _opened(path) as file:
            numbered = zip(range(1, last + 1), _all_lines(file), strict=False)
            return {
                n: _loaded(line.removeprefix(_BYTE_ORDER_MARK) if n == 1 else line)
                for n, line in numbered
                if n in wanted
            }
    except OSError as error:
        raise unreadable(path, error) from error


def read_ends(path: Path) -> tuple[RunStarted, RunFinished | None] | None:
    """Return a journal's first event and its ``run_finished``, without reading what is between.

    None if the file is not a readable journal.
    """
    try:
        with _opened(path) as file:
            first = _event_in(_next_line(file).removeprefix(_BYTE_ORDER_MARK))
            if not isinstance(first, RunStarted) or first.schema_version > SCHEMA_VERSION:
                return None
            at = _last_at(file, _RUN_FINISHED)
            if at is None:
                return first, None
            file.seek(at + 1)
            last = _event_in(_next_line(file))
    except (JournalError, OSError, ValueError):
        return None
    return first, last if isinstance(last, RunFinished) else None


def contains(path: Path, text: bytes) -> bool:
    """Return whether a line of a journal begins with *text*; False if it cannot be read."""
    try:
        with _opened(path) as file:
            while line := _next_line(file):
                if line.startswith(text):
                    return True
                if _why_the_end(line) is not None:
                    return False
    except OSError:
        return False
    return False


def _last_at(file: IO[bytes], text: bytes) -> int | None:
    """Return where *text* is for the last time; None if it is not behind the last NUL byte."""
    end = file.seek(0, os.SEEK_END)
    behind = b""
    while end > 0:
        start = max(0, end - _BLOCK)
        block = os.pread(file.fileno(), end - start, start)
        _, nul, block = block.rpartition(b"\0")
        if (at := (block + behind).rfind(text)) >= 0:
            return end - len(block) + at
        if nul or not block:
            return None
        end, behind = start, block[: len(text) - 1]
    return None


def _event_in(line: bytes) -> AnyEvent | None:
    try:
        return ADAPTER.validate_json(line)
    except (ValueError, RecursionError, OverflowError):
        return None


def append(path: Path, events: Sequence[Event]) -> None:
    """Append *events*, masked, to the journal at *path*; a torn last line is ended first.

    Raises:
        JournalError: if it could not be written completely; the written part is removed.

    """
    lines = b"".join(to_line(event, Masker()) + b"\n" for event in events)
    if not lines:
        return
    try:
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(_regular(path, os.open(path, flags)), "r+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                lines = lines if file.read(1) == b"\n" else b"\n" + lines
            _append(file, lines)
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        why = "a link; name the journal itself" if is_link else error.strerror or error
        raise JournalError(f"{path}: {why}") from error


def _append(file: FileIO, data: bytes) -> None:
    """Write *data* at the end of *file*, its current position.

    Raises:
        OSError: if it could not be written completely; the written part is removed.

    """
    end = file.tell()
    if file.write(data) < len(data):
        file.truncate(end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def journals_in(workdir: Path) -> list[Path]:
    """Return the journals below *workdir*, the newest run last (their names sort by start).

    Raises:
        JournalError: if their folder may not be read.

    """
    return journals_below(workdir / SUBFOLDER)


def journals_below(folder: Path) -> list[Path]:
    """Return the journals in *folder*, sorted by name; none if there is no such folder.

    Raises:
        JournalError: if it may not be read.

    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        hint = "; its owner can let you read it" if isinstance(error, PermissionError) else ""
        raise JournalError(f"{folder}: {error.strerror or error}{hint}") from error
    return [folder / name for name in sorted(names) if name.endswith(".jsonl")]


def is_journal(path: Path) -> bool:
    """Return whether *path* begins as a run's journal does."""
    try:
        with _opened(path) as file:
            line = _next_line(file).removeprefix(_BYTE_ORDER_MARK)
            return _kind(line) == "run_started"
    except (JournalError, OSError, ValueError):
        return False
