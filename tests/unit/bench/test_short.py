"""Counted instructions next to the known figures."""

import json
from pathlib import Path

import counting
import short

KNOWN = {
    "imports": {"figure": 8.0, "margin": 0.01},
    "recording": {"figure": 1000.0, "margin": 0.01},
}


def test_what_is_within_its_margin_is_as_before() -> None:
    rows, slower = short.compared({"imports": 8.04, "recording": 995.0}, KNOWN)
    assert [row[1:] for row in rows] == [
        ("8.04", "8.00", "+0.50 %", "1 %", "as before"),
        ("995.00", "1000.00", "-0.50 %", "1 %", "as before"),
    ]
    assert slower == []


def test_what_is_beyond_it_is_slower_or_worth_renewing() -> None:
    rows, slower = short.compared({"imports": 8.1, "recording": 900.0}, KNOWN)
    assert [row[-1] for row in rows] == ["SLOWER", "faster: RENEW=yes"]
    assert slower == ["imports"]


def test_there_is_a_known_figure_for_all_that_is_counted() -> None:
    kept = json.loads(Path(short.__file__).with_name("short.json").read_text())
    assert list(kept["figures"]) == list(short._UNITS)


def test_only_what_lies_between_two_marks_is_taken(tmp_path: Path) -> None:
    for number, counted in enumerate((900, 10, 7, 30), start=1):
        (tmp_path / f"counted.{number}").write_text(f"version: 1\ntotals: {counted}\n")
    assert counting.pieces(tmp_path) == [10, 30]
