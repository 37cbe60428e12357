"""The table of faults: each test has its row, and docs/reliability.md is generated from them."""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

HERE: Final = Path(__file__).parent
DOCUMENT: Final = HERE.parents[1] / "docs" / "reliability.md"
BEGIN: Final = "<!-- from here on written by the tests: make record-faults -->"
SECTIONS: Final = {
    "test_journal_storage": "The journal's file system",
    "test_reports": "Reports from the nodes",
    "test_shared_folder": "A shared folder",
    "test_own_faults": "Internal errors",
    "test_executors_that_fail": "Executors that fail",
    "test_killed": "Killed",
    "test_surroundings": "Signals, terminals and surroundings",
}
_Test = TypeVar("_Test", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, and what its test checks."""

    module: str
    test: str
    fault: str
    snakemake: str
    journal: str

    def __str__(self) -> str:
        """Return it as a line of the table."""
        return f"| {self.fault} | {self.snakemake} | {self.journal} | `{self.test}` |"


def fault(what: str, *, snakemake: str, journal: str) -> Callable[[_Test], _Test]:
    """Give a test its row: the fault, what Snakemake does, and what the journal contains."""

    def mark(test: _Test) -> _Test:
        row = Row(test.__module__.rpartition(".")[2], test.__name__, what, snakemake, journal)
        test.fault_row = row  # type: ignore[attr-defined]
        return test

    return mark


def rows() -> list[Row]:
    """Return the rows of all tests, in the order of the sections and of the files."""
    modules = [importlib.import_module(name) for name in SECTIONS]
    found = [vars(module).values() for module in modules]
    return [one.fault_row for values in found for one in values if hasattr(one, "fault_row")]


def table(shown: Iterable[Row]) -> str:
    """Return *shown* as the sections of the document."""
    parts = []
    shown = list(shown)
    for module, title in SECTIONS.items():
        lines = [str(row) for row in shown if row.module == module]
        head = (
            "| fault | what Snakemake does | what the journal contains | test |\n|---|---|---|---|"
        )
        parts.append("\n".join([f"## {title}\n", head, *lines]))
    return "\n\n".join(parts) + "\n"


def record(shown: Iterable[Row]) -> None:
    """Write *shown* into the document, below the part that is written by hand."""
    by_hand = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[0]
    DOCUMENT.write_text(f"{by_hand}{BEGIN}\n\n{table(shown)}", encoding="utf-8")
