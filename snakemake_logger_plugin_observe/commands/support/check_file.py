"""Read the check file: the limits and required outputs of a workflow's runs, in TOML."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from snakemake_logger_plugin_observe.analysis.check.budgets import Limit
from snakemake_logger_plugin_observe.console import UserError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from snakemake_logger_plugin_observe.commands.support.check_tables import CheckTables

_MAX_BYTES: Final = 1_000_000  # the file is written by hand
_KINDS: Final[tuple[Literal["max", "min"], ...]] = ("max", "min")
_IN_LIST: Final = "list = ["
_AT: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

Keys = tuple[str | int, ...]
"""What leads to a value: ``("max", "phase_s", "latency_wait")``, ``("publish", "files", 0)``."""


class CheckFileError(UserError):
    """A file that cannot be used; the text is one line: file, line, and what to do."""


@dataclass(frozen=True, slots=True)
class CheckFile:
    """The content of a check file, and the line of each key and of each element of a list."""

    path: Path
    tables: "CheckTables"
    lines: Mapping[Keys, int]

    def line(self, *at: str | int) -> int:
        """Return the line of a value."""
        return _line(self.lines, at)

    @property
    def limits(self) -> Iterator[Limit]:
        """Its limits, each with its line."""
        for kind in _KINDS:
            table = getattr(self.tables, kind).model_dump(exclude_unset=True)
            for figure, value in table.items():
                if not isinstance(value, dict):
                    yield Limit(kind, figure, "", value, self.line(kind, figure))
                    continue
                for part, number in value.items():
                    yield Limit(kind, figure, part, number, self.line(kind, figure, part))


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
        content, lines = tomllib.loads(text), lines_of(text)
        return CheckFile(path, _tables(path, content, lines), lines)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CheckFileError(f"{path}:{line}: not UTF-8, which TOML requires") from error
    except tomllib.TOMLDecodeError as error:
        text_of_error = str(error)
        found = _AT.search(text_of_error)
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise CheckFileError(f"{path}:{line}: not TOML: {_AT.sub('', text_of_error)}") from error
    except ValueError as error:  # a number of thousands of digits
        raise CheckFileError(f"{path}: not TOML: {error}") from error
    except RecursionError as error:
        raise CheckFileError(f"{path}: nested too deeply") from error


# -- lines -----------------------------------------------------------------------------------------


def lines_of(text: str) -> dict[Keys, int]:
    """Return the line on which each key of a TOML document begins, or an element of its list.

    A statement ends where the TOML parser accepts the lines since its beginning, an element where
    the parser accepts them with a bracket that closes the list.
    """
    found: dict[Keys, int] = {}
    table: Keys = ()
    in_list: Keys = ()
    count = 0
    pending, begun = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        rest = line.lstrip().removeprefix(",") if pending == _IN_LIST else line
        pending, begun = f"{pending}{rest}\n", begun or number
        statement = _parsed(pending)
        accepted = _parsed(f"{pending}]") if statement is None else statement
        if accepted is None:
            continue
        is_header = pending.lstrip().startswith("[")  # nothing else begins with a bracket
        if in_list:
            paths: list[Keys] = [(*in_list, count + n) for n in range(len(accepted["list"]))]
        else:
            paths = list(_paths(accepted, () if is_header else table))
        for path in paths:
            found.setdefault(path, begun)
        if statement is None:
            in_list = in_list or [path for path in paths if isinstance(path[-1], str)][-1]
            count += sum(isinstance(path[-1], int) for path in paths)
            pending = _IN_LIST
        else:
            table = paths[-1] if is_header else table
            pending, in_list, count = "", (), 0
        begun = 0
    return found


def _parsed(text: str) -> dict[str, Any] | None:
    """Return a TOML document, or None if it is not complete."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _paths(value: Any, before: Keys = ()) -> Iterator[Keys]:
    """Yield the path of every key in *value* and of a list's elements, each after its parent's."""
    if isinstance(value, list) and value and isinstance(value[-1], dict):
        value = value[-1]
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*before, key)
            yield from _paths(inner, (*before, key))
    elif isinstance(value, list):
        yield from ((*before, index) for index in range(len(value)))


# -- mistakes --------------------------------------------------------------------------------------


def _tables(path: Path, content: dict[str, Any], lines: Mapping[Keys, int]) -> "CheckTables":
    """Return the content of a file as its models; raise CheckFileError for its first mistake."""
    from pydantic import ValidationError

    from snakemake_logger_plugin_observe.commands.support.check_tables import CheckTables

    def place(mistake: "ErrorDetails") -> tuple[int, int]:
        """Sort by line, but another version first, which explains all, and a missing one last."""
        rank = {"missing": 2}.get(mistake["type"], int(mistake["loc"] != ("version",)))
        return rank, _line(lines, mistake["loc"])

    try:
        return CheckTables.model_validate(content)
    except ValidationError as error:
        first = min(error.errors(), key=place)
        line = _line(lines, first["loc"])
        raise CheckFileError(f"{path}:{line}: {_text(CheckTables, first)}") from None


def _line(lines: Mapping[Keys, int], at: Keys) -> int:
    """Return the line of a value, or else of what it is in."""
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)


def _text(model: Any, mistake: "ErrorDetails") -> str:
    """Return what is wrong, and what to write."""
    *tables, key = mistake["loc"]
    name = ".".join(map(str, mistake["loc"]))
    if mistake["type"] == "missing":
        return "no version: write version = 1 at the top"
    if mistake["type"] == "model_type":
        return f"write it as a table: [{name}]"
    if mistake["type"] != "extra_forbidden":
        return mistake["msg"].removeprefix("Value error, ")
    for table in tables:
        annotation = model.model_fields[table].annotation
        model = next(iter(get_args(annotation)), annotation)  # the model of "Model | None"
    near = difflib.get_close_matches(str(key), model.model_fields, 1)
    hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(model.model_fields)}"
    return f"unknown key {name}; {hint}"
