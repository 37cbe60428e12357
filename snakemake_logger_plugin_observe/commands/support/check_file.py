"""Read the check file: the limits and required outputs of a workflow's runs, in TOML."""

import contextlib
import difflib
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, NoReturn

from snakemake_logger_plugin_observe.analysis.check.budgets import Limit
from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES, Figure
from snakemake_logger_plugin_observe.console import UserError

VERSION: Final = 1
_VERIFY_TIMEOUT_S: Final = 600.0
_MAX_BYTES: Final = 1_000_000  # the file is written by hand
_TABLES: Final = ("version", "max", "min", "publish", "baseline", "outputs")
_PUBLISH: Final = ("files", "verify", "verify_timeout_s")
_BASELINE: Final = ("journal", "same_work", "same_outputs", "slower_by")
_OUTPUTS: Final = ("sha256",)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_AT: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

Keys = tuple[str, ...]
"""The names that lead to a value: ``("max", "phase_s", "latency_wait")``."""


class CheckFileError(UserError):
    """A file that cannot be used; the text is one line: file, line, and what to do."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run is compared with, and what the comparison must show; each key with its line."""

    journal: str | None = None
    """Relative to the file's folder; None for the newest earlier run of the same targets."""
    same_work: bool = True
    same_work_line: int | None = None
    slower_by: float | None = None
    slower_by_line: int | None = None
    same_outputs: bool = False
    same_outputs_line: int | None = None


@dataclass(frozen=True, slots=True)
class CheckFile:
    """The content of a check file; each entry with its line."""

    path: Path
    limits: tuple[Limit, ...] = ()
    files: tuple[tuple[str, int], ...] = ()
    """Globs, each with its line."""
    verify: tuple[tuple[tuple[str, ...], int], ...] = ()
    """Commands, each with its line."""
    verify_timeout_s: float = _VERIFY_TIMEOUT_S
    baseline: Baseline | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)
    """The checksums that outputs must have, by path."""
    sha256_line: int | None = None

    @property
    def requires_outputs(self) -> bool:
        """Whether the file lists files that must exist, or commands that verify them."""
        return bool(self.files or self.verify)


def read_check_file(path: Path) -> CheckFile:
    """Return the content of the file at *path*.

    Raises:
        CheckFileError: if it cannot be read, is not TOML, or has an unknown or invalid entry.

    """
    try:
        with path.open("rb") as file:  # a pipe may be named on purpose: <(...)
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        hint = (
            "; write a first one with check --init" if isinstance(error, FileNotFoundError) else ""
        )
        raise CheckFileError(f"{path}: {error.strerror or error}{hint}") from error
    if len(data) > _MAX_BYTES:
        raise CheckFileError(f"{path}: too large for a check file (over {_MAX_BYTES:,} bytes)")
    try:
        text = data.decode()
        return _Reader(path, tomllib.loads(text), text).file()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CheckFileError(f"{path}:{line}: not UTF-8, which TOML requires") from error
    except tomllib.TOMLDecodeError as error:
        text_of_error = str(error)
        found = _AT.search(text_of_error)
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise CheckFileError(f"{path}:{line}: not TOML: {_AT.sub('', text_of_error)}") from error
    except RecursionError as error:
        raise CheckFileError(f"{path}: nested too deeply") from error


def lines_of(text: str) -> dict[Keys, int]:
    """Return the line on which each key of a TOML document begins, tables included.

    A statement ends where the TOML parser accepts the lines since its beginning.
    """
    found: dict[Keys, int] = {}
    table: Keys = ()
    pending, begun = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        begun = begun if pending else number
        pending += line + "\n"
        try:
            statement = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        is_header = pending.lstrip().startswith("[")  # nothing else begins with a bracket
        paths = [path if is_header else table + path for path in _paths(statement)]
        for path in paths:
            found.setdefault(path, begun)
        if is_header:
            table = paths[-1]
        pending = ""
    return found


def _paths(value: Any, before: Keys = ()) -> Iterator[Keys]:
    """Yield the path of every key in *value*, each after its parent's."""
    if isinstance(value, list) and value and isinstance(value[-1], dict):
        value = value[-1]
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*before, key)
            yield from _paths(inner, (*before, key))


class _Reader:
    """Checks a parsed file; its errors name the line."""

    def __init__(self, path: Path, content: dict[str, Any], text: str) -> None:
        self._path, self._content, self._text = path, content, text
        self._lines = lines_of(text)

    def file(self) -> CheckFile:
        """Return the content as objects."""
        self._known(self._content, _TABLES, ())
        if "version" not in self._content:
            self._wrong((), f"no version: write version = {VERSION} at the top")
        if type(self._content["version"]) is not int or self._content["version"] != VERSION:
            self._wrong(
                ("version",),
                f"unknown version: this snakemake-observe reads version {VERSION} only",
            )
        limits = [*self._limits("max"), *self._limits("min")]
        publish = self._table("publish", _PUBLISH)
        digests = self._digests()
        return CheckFile(
            path=self._path,
            limits=tuple(sorted(limits, key=lambda limit: limit.file_line)),
            files=self._globs(publish.get("files", [])),
            verify=self._commands(publish.get("verify", [])),
            verify_timeout_s=self._timeout(publish.get("verify_timeout_s", _VERIFY_TIMEOUT_S)),
            baseline=self._baseline(),
            sha256=digests,
            sha256_line=self._line(("outputs", "sha256")) if digests else None,
        )

    def _digests(self) -> dict[str, str]:
        table = self._table("outputs", _OUTPUTS).get("sha256", {})
        at: Keys = ("outputs", "sha256")
        if not isinstance(table, dict):
            self._wrong(at, 'write it as a table: [outputs.sha256], with "path" = "checksum"')
        for path, digest in table.items():
            if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
                self._wrong((*at, path), f"{digest!r} is not a SHA-256 of 64 digits")
        return table

    def _limits(self, kind: Literal["max", "min"]) -> Iterator[Limit]:
        table = self._table(kind, tuple(FIGURES))
        for name, value in table.items():
            figure = FIGURES[name]
            if figure.parts == ():
                yield self._limit(kind, name, "", value, figure)
                continue
            if not isinstance(value, dict):
                kind_of_part = (
                    "a rule" if figure.parts is None else f"one of {', '.join(figure.parts)}"
                )
                self._wrong((kind, name), f"write {name}.X = ..., where X is {kind_of_part}")
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
            self._wrong(at, "must be more than 0 s")
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
                self._wrong(at, "an empty glob: name the files that must exist")
            if path.is_absolute() or ".." in path.parts or one.startswith("~"):
                self._wrong(at, f"{one!r}: globs must be below the run's working directory")
        return tuple((one, self._element(at, one)) for one in globs)

    def _commands(self, value: Any) -> tuple[tuple[tuple[str, ...], int], ...]:
        at = ("publish", "verify")
        what = 'a list of commands, each a list of arguments, as [["sha256sum", "--check", "SUMS"]]'
        if not isinstance(value, list):
            self._wrong(at, f"write {what}")
        found = tuple(self._texts(at, one, what) for one in value)
        if not all(command and command[0] for command in found):
            self._wrong(at, f"a command without a name: write {what}")
        return tuple((command, self._element(at, list(command))) for command in found)

    def _texts(self, at: Keys, value: Any, what: str) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self._wrong(at, f"write {what}")
        if any("\0" in one for one in value):
            self._wrong(at, "a path or argument cannot contain a NUL character")
        return tuple(value)

    def _baseline(self) -> Baseline | None:
        if "baseline" not in self._content:
            return None
        table, at = self._table("baseline", _BASELINE), ("baseline",)
        journal, same_work = table.get("journal"), table.get("same_work", False)
        slower_by, same_outputs = table.get("slower_by"), table.get("same_outputs", False)
        if journal is not None:
            self._texts((*at, "journal"), [journal], "a journal's path as a string")
        if not isinstance(same_work, bool):
            self._wrong((*at, "same_work"), f"{same_work!r} is not true or false")
        if not isinstance(same_outputs, bool):
            self._wrong((*at, "same_outputs"), f"{same_outputs!r} is not true or false")
        if slower_by is not None:
            self._number((*at, "slower_by"), slower_by, "a share: 0.2 is 20 % slower")
        if not (same_work or same_outputs) and slower_by is None:
            self._wrong(
                at,
                "nothing to check: write same_work = true, same_outputs = true or slower_by = 0.2",
            )
        return Baseline(
            journal,
            same_work,
            self._line((*at, "same_work")),
            slower_by,
            self._line((*at, "slower_by")),
            same_outputs,
            self._line((*at, "same_outputs")) if same_outputs else None,
        )

    def _table(self, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
        table = self._content.get(name, {})
        if not isinstance(table, dict):
            self._wrong((name,), f"write it as a table: [{name}]")
        self._known(table, keys, (name,))
        return table

    def _known(self, table: dict[str, Any], keys: tuple[str, ...], at: Keys) -> None:
        for name in table:
            if name not in keys:
                near = difflib.get_close_matches(name, keys, 1)
                hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(keys)}"
                self._wrong((*at, name), f"unknown key {'.'.join((*at, name))}; {hint}")

    def _line(self, at: Keys) -> int:
        while at and at not in self._lines:
            at = at[:-1]
        return self._lines.get(at, 1)

    def _element(self, at: Keys, element: Any) -> int:
        """Return the line of a list's element, or the list's line if the element has none."""
        begun = self._line(at)
        ends = (line for line in self._lines.values() if line > begun)
        lines = self._text.split("\n")[begun : min(ends, default=None)]
        for number, line in enumerate(lines, begun + 1):
            for inside in (line, line.rpartition("]")[0]):  # the last line may also end the list
                with contextlib.suppress(tomllib.TOMLDecodeError):
                    if element in tomllib.loads(f"it = [\n{inside}\n]")["it"]:
                        return number
        return begun

    def _wrong(self, at: Keys, why: str) -> NoReturn:
        raise CheckFileError(f"{self._path}:{self._line(at)}: {why}")
