"""Every exception class of Snakemake has its cause and next step, and docs/incidents.md lists them."""

from pathlib import Path
from typing import Any

import pytest
from exceptions_of_snakemake import EXAMPLES, classes, worded

from snakemake_logger_plugin_observe.analysis.failures.error_meanings import explain
from snakemake_logger_plugin_observe.journal.records import ErrorDetails

PAGE = Path(__file__).parents[5] / "docs" / "incidents.md"
BEGIN, END = "<!-- written by a test: the classes -->", "<!-- the end of the classes -->"
BASES = {"IOException", "RuleException", "WorkflowError"}
"""Snakemake raises these with texts of all kinds; what they have in common is a line."""


def explained() -> dict[str, Any]:
    return {name: explain(text, ErrorDetails(exception=name)) for name, text in worded()}


def test_every_class_is_of_a_known_kind() -> None:
    unknown = {name for name, found in explained().items() if found.kind is None}
    assert unknown <= BASES


def test_every_class_is_found_under_its_own_name() -> None:
    assert {name for name, found in explained().items() if found.exception != name} == set()


@pytest.mark.parametrize("name", [one.__name__ for one in classes()])
def test_no_text_has_an_empty_place(name: str) -> None:
    found = explained()[name]
    for text in (found.cause, found.to_do, found.why, found.wrong_if):
        assert "{" not in text
        assert "None" not in text
        assert "  " not in text


def table() -> str:
    """Return a row for each cause and next step, with the classes that have them."""
    rows: dict[tuple[str, str], list[str]] = {}
    for name, found in explained().items():
        rows.setdefault((found.cause, found.to_do), []).append(f"`{name}`")
    lines = [
        f"| {', '.join(names)} | {_cell(cause)} | {_cell(to_do)} |"
        for (cause, to_do), names in rows.items()
    ]
    return "\n".join(["| exception | for example | what to do |", "|---|---|---|", *lines])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def test_the_page_has_every_class(request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    shown, _, after = rest.partition(END)
    if set(EXAMPLES) == {one.__name__ for one in classes()}:  # older Snakemakes lack some
        if request.config.getoption("--update-golden", default=False):
            PAGE.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}", encoding="utf-8")
            shown = f"\n\n{table()}\n\n"
        assert shown.strip() == table(), "pytest --update-golden writes it"
    assert [name for name in explained() if f"`{name}`" not in shown] == []
