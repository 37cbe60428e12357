"""What a workflow's runs must keep to, as the TOML file says that the person named."""

import contextlib
import difflib
import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, NoReturn

from snakemake_logger_plugin_observe.analysis.check.budgets import Limit
from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES, Figure

VERSION: Final = 1
_VERIFY_TIMEOUT_S: Final = 600.0
_LARGEST: Final = 1_000_000  # bytes: it is written by hand
_TABLES: Final = ("version", "max", "min", "publish", "baseline")
_PUBLISH: Final = ("files", "verify", "verify_timeout_s")
_BASELINE: Final = ("journal", "same_work", "slower_by")
_AT: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

Keys = tuple[str, ...]
"""The names that lead to a value: ``("max", "phase_s", "latency_wait")``."""


class CheckFileError(Exception):
    """A file that cannot be used; its text is one line: file, line, and what to do."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run is compared with, and what the comparison must show; each thing with its line."""

    journal: str | None = None
    """Relative to the file's folder; None for the newest run before that is alike."""
    same_work: bool = True
    same_work_line: int | None = None
    slower_by: float | None = None
    slower_by_line: int | None = None


@dataclass(frozen=True, slots=True)
class CheckFile:
    """All that a file says; each thing with its line."""

    path: Path
    limits: tuple[Limit, ...] = ()
    files: tuple[tuple[str, int], ...] = ()
    """Globs, each with its line."""
    verify: tuple[tuple[tuple[str, ...], int], ...] = ()
    """Commands, each with its line."""
    verify_timeout_s: float = _VERIFY_TIMEOUT_S
    baseline: Baseline | None = None

    @property
    def proves(self) -> bool:
        """Whether it asks for anything outside the journal."""
        return bool(self.files or self.verify)


def read_check_file(path: Path) -> CheckFile:
    """Return what the file at *path* says.

    Raises:
        CheckFileError: if it cannot be read, is no TOML, or says something that is not known.

    """
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = "; check --init proposes one" if isinstance(error, FileNotFoundError) else ""
        raise CheckFileError(f"{path}: {error.strerror or error}{hint}") from error
    if len(data) > _LARGEST:
        raise CheckFileError(f"{path}: too large for a file of budgets ({len(data):,} bytes)")
    try:
        text = data.decode()
        return _Reader(path, tomllib.loads(text), text).file()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CheckFileError(f"{path}:{line}: not UTF-8, as TOML has to be") from error
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _AT.search(said)
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise CheckFileError(f"{path}:{line}: not TOML: {_AT.sub('', said)}") from error
    except RecursionError as error:
        raise CheckFileError(f"{path}: nested too deep") from error


def lines_of(text: str) -> dict[Keys, int]:
    """Return the line on which each key of a TOML document begins, tables among them.

    TOML's own parser decides where a statement ends: it takes lines until they are whole.
    """
    found: dict[Keys, int] = {}
    table: Keys = ()
    pending, begun = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        begun = begun if pending else number
        pending += line + "\n"
        try:
            told = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        is_header = pending.lstrip().startswith("[")  # no other statement begins so
        paths = [path if is_header else table + path for path in _paths(told)]
        for path in paths:
            found.setdefault(path, begun)
        if is_header:
            table = paths[-1]
        pending = ""
    return found


def _paths(told: Any, before: Keys = ()) -> Iterator[Keys]:
    """Yield the path of every key below, each after its parent's."""
    inner = told[-1] if isinstance(told, list) and told and isinstance(told[-1], dict) else told
    if isinstance(inner, dict):
        for key, value in inner.items():
            yield (*before, key)
            yield from _paths(value, (*before, key))


class _Reader:
    """Takes a parsed file apart, and says on which line something is wrong with it."""

    def __init__(self, path: Path, told: dict[str, Any], text: str) -> None:
        self._path, self._told, self._text = path, told, text
        self._lines = lines_of(text)

    def file(self) -> CheckFile:
        """Return it all."""
        self._known(self._told, _TABLES, ())
        if "version" not in self._told:
            self._wrong((), f"no version: write version = {VERSION} at its top")
        if type(self._told["version"]) is not int or self._told["version"] != VERSION:
            self._wrong(("version",), f"this snakemake-observe knows version {VERSION} alone")
        limits = [*self._limits("max"), *self._limits("min")]
        publish = self._table("publish", _PUBLISH)
        return CheckFile(
            path=self._path,
            limits=tuple(sorted(limits, key=lambda limit: limit.file_line)),
            files=self._globs(publish.get("files", [])),
            verify=self._commands(publish.get("verify", [])),
            verify_timeout_s=self._timeout(publish.get("verify_timeout_s", _VERIFY_TIMEOUT_S)),
            baseline=self._baseline(),
        )

    def _limits(self, kind: Literal["max", "min"]) -> Iterator[Limit]:
        table = self._table(kind, tuple(FIGURES))
        for name, value in table.items():
            figure = FIGURES[name]
            if figure.parts == ():
                yield self._limit(kind, name, "", value, figure)
                continue
            if not isinstance(value, dict):
                some = "a rule" if figure.parts is None else f"one of {', '.join(figure.parts)}"
                self._wrong((kind, name), f"write {name}.X = …, where X is {some}")
            if figure.parts is not None:
                self._known(value, figure.parts, (kind, name))
            for part, inner in value.items():
                yield self._limit(kind, name, part, inner, figure)

    def _limit(
        self, kind: Literal["max", "min"], name: str, part: str, value: Any, figure: Figure
    ) -> Limit:
        at: Keys = (kind, name, part) if part else (kind, name)
        what = {"count": "a whole number", "s": "seconds"}.get(figure.unit, "a share: 0.5 is half")
        number = self._number(at, value, what)
        if figure.unit == "count" and type(value) is not int:
            self._wrong(at, f"{value!r} is not a whole number")
        if figure.unit == "share" and number > 1:
            self._wrong(at, f"{value} is not a share of 0 to 1: 0.5 is half")
        return Limit(kind, name, part, value, self._line(at))

    def _timeout(self, value: Any) -> float:
        at = ("publish", "verify_timeout_s")
        if value == 0:
            self._wrong(at, "0 s is no time to verify anything in")
        return self._number(at, value, "seconds")

    def _number(self, at: Keys, value: Any, what: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong(at, f"{value!r} is not a number ({what})")
        if not math.isfinite(value) or value < 0 or value > 1e15:
            self._wrong(at, f"{value} is out of range ({what}, not below 0)")
        return float(value)

    def _globs(self, value: Any) -> tuple[tuple[str, int], ...]:
        at = ("publish", "files")
        globs = self._texts(at, value, 'a list of globs, as ["results/published/**"]')
        for one in globs:
            path = PurePosixPath(one)
            if not one.strip():
                self._wrong(at, "an empty glob: name the files that have to be there")
            if path.is_absolute() or ".." in path.parts or one.startswith("~"):
                self._wrong(at, f"{one!r}: globs are below the run's working directory")
        return tuple((one, self._element(at, one)) for one in globs)

    def _commands(self, value: Any) -> tuple[tuple[tuple[str, ...], int], ...]:
        at = ("publish", "verify")
        what = 'a list of commands, each a list of words, as [["sha256sum", "--check", "SUMS"]]'
        if not isinstance(value, list):
            self._wrong(at, f"write {what}")
        found = tuple(self._texts(at, one, what) for one in value)
        if not all(words and words[0] for words in found):
            self._wrong(at, f"a command without a name: write {what}")
        return tuple((words, self._element(at, list(words))) for words in found)

    def _texts(self, at: Keys, value: Any, what: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self._wrong(at, f"write {what}")
        if any("\0" in one for one in value):
            self._wrong(at, "no path and no word of a command has a NUL in it")
        return tuple(value)

    def _baseline(self) -> Baseline | None:
        if "baseline" not in self._told:
            return None
        table, at = self._table("baseline", _BASELINE), ("baseline",)
        journal, same_work = table.get("journal"), table.get("same_work", False)
        slower_by = table.get("slower_by")
        if journal is not None:
            self._texts((*at, "journal"), [journal], "a journal's path, as a text")
        if not isinstance(same_work, bool):
            self._wrong((*at, "same_work"), f"{same_work!r} is neither true nor false")
        if slower_by is not None:
            self._number((*at, "slower_by"), slower_by, "0.2 is a fifth slower")
        if not same_work and slower_by is None:
            self._wrong(at, "it asks for nothing: write same_work = true, or slower_by = 0.2")
        return Baseline(
            journal,
            same_work,
            self._line((*at, "same_work")),
            slower_by,
            self._line((*at, "slower_by")),
        )

    def _table(self, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
        table = self._told.get(name, {})
        if not isinstance(table, dict):
            self._wrong((name,), f"write it as a table: [{name}]")
        self._known(table, keys, (name,))
        return table

    def _known(self, table: dict[str, Any], keys: tuple[str, ...], at: Keys) -> None:
        for name in table:
            if name not in keys:
                near = difflib.get_close_matches(name, keys, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}"
                self._wrong((*at, name), f"not known: {'.'.join((*at, name))}; {hint}")

    def _line(self, at: Keys) -> int:
        while at and at not in self._lines:
            at = at[:-1]
        return self._lines.get(at, 1)

    def _element(self, at: Keys, element: Any) -> int:
        """Return the line of a list's element, or the list's where it has none of its own."""
        begun = self._line(at)
        ends = (line for line in self._lines.values() if line > begun)
        lines = self._text.split("\n")[begun : min(ends, default=None)]
        for number, line in enumerate(lines, begun + 1):
            for inside in (line, line.rpartition("]")[0]):  # the last may end the list as well
                with contextlib.suppress(tomllib.TOMLDecodeError):
                    if element in tomllib.loads(f"it = [\n{inside}\n]")["it"]:
                        return number
        return begun

    def _wrong(self, at: Keys, why: str) -> NoReturn:
        raise CheckFileError(f"{self._path}:{self._line(at)}: {why}")
