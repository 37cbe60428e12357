"""docs/conformance.md lists every case of this suite."""

from pathlib import Path

import pytest
from cases import every_case

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"


@pytest.mark.sample
def test_the_page_has_a_line_for_every_case_and_all_are_the_same() -> None:
    text = PAGE.read_text(encoding="utf-8")
    features = [case.feature.partition(": ")[2].replace("|", "\\|") for case in every_case()]
    assert [one for one in features if f"\n| {one} |" not in text] == []
    assert "| differs" not in text.partition("## ")[2]
