"""The tables of docs/privacy.md: shapes and places of secrets, each with the test that tries it."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from secret_texts import SHAPES

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "privacy.md"
BEGIN: Final = "<!-- from here on written by the tests: make record-privacy -->"
MODULES: Final = ("test_privacy",)
_Test = TypeVar("_Test", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Place:
    """A place where a secret was put, and what became of it."""

    test: str
    where: str
    held: str

    def __str__(self) -> str:
        """Return it as a line of the table."""
        return f"| {self.where} | {self.held} | `{self.test}` |"


def place(where: str, *, held: str) -> Callable[[_Test], _Test]:
    """Give a test its row: where it puts secrets, and what is found in the files afterwards."""

    def mark(test: _Test) -> _Test:
        test.place = Place(test.__name__, where, held)  # type: ignore[attr-defined]
        return test

    return mark


def places() -> list[Place]:
    """Return the places of all tests, in the order of the file."""
    tests = [value for name in MODULES for value in vars(import_module(name)).values()]
    return [test.place for test in tests if hasattr(test, "place")]


def table(shown: Iterable[Place]) -> str:
    """Return both tables."""
    head = "| a secret in | what the files contain | test |\n|---|---|---|"
    shapes = "\n".join(
        f"| {shape.what} | {_code(shape.text.replace('{}', 'X'))} | {_code(shape.masked)} |"
        for shape in SHAPES
        if shape.what[:10] != "a token of"
    )
    services = ", ".join(
        shape.what.removeprefix("a token of ")
        for shape in SHAPES
        if shape.what.startswith("a token of")
    )
    return (
        "Real runs, each of whose files (journal, fragments while a job runs, what is announced) "
        "is searched for the secret:\n\n"
        f"{head}\n" + "\n".join(map(str, shown)) + "\n\n"
        "Shapes, wherever they occur (`X` is the secret):\n\n"
        f"| secret | as it was | as it is written |\n|---|---|---|\n{shapes}\n\n"
        f"Tokens by their prefix, among others of: {services}.\n"
    )


def _code(text: str) -> str:
    shown = text.replace("\x1b", "␛").replace("\x07", "␇").replace("|", "\\|")
    lines = shown.splitlines()
    if len(lines) > 4:
        lines = [*lines[:2], "…", *lines[-2:]]
    return f"`` {'⏎'.join(lines)} ``"


def record(shown: Iterable[Place]) -> None:
    """Write *shown* into the document, below the part that is written by hand."""
    by_hand = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[0]
    DOCUMENT.write_text(f"{by_hand}{BEGIN}\n\n{table(shown)}", encoding="utf-8")


def main() -> None:
    """Write the tables, if every test of a place passes."""
    tests = DOCUMENT.parents[1] / "tests" / "integration"
    if code := pytest.main([str(tests / f"{name}.py") for name in MODULES]):
        sys.exit(code)
    sys.path.insert(0, str(tests))
    record(places())


if __name__ == "__main__":
    main()
