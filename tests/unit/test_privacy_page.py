"""Each row of docs/privacy.md names a test that exists."""

import re
from pathlib import Path

REPO = Path(__file__).parents[2]


def test_every_test_that_the_page_names_exists() -> None:
    page = (REPO / "docs" / "privacy.md").read_text()
    named = set(re.findall(r"`(test_\w+(?:\.py)?)`", page))
    files = list((REPO / "tests").rglob("test_*.py"))
    there = {path.name for path in files}
    for path in files:
        there.update(re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE))
    assert named
    assert named - there == set()
