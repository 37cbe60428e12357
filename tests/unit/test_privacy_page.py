"""The tables of docs/privacy.md are generated from the tests of secrets."""

from pathlib import Path

import pytest
from privacy_table import BEGIN, DOCUMENT, places, table


@pytest.fixture(autouse=True)
def integration_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "integration"))


def test_the_tables_of_secrets_are_generated_from_the_tests() -> None:
    written = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2]
    assert written == f"\n\n{table(places())}", "make record-privacy writes it"


def test_each_test_of_a_place_has_a_row_of_one_line() -> None:
    assert len(places()) >= 9
    assert all(str(row).count("|") == 4 and "\n" not in str(row) for row in places())
