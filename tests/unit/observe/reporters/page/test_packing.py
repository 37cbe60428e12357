"""What is packed is read as it was, and unknown stays unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pages import unpacked, unpacked_texts

from snakemake_logger_plugin_observe.reporters.page.packing import Numbered, numbers, texts


@pytest.mark.parametrize("width", [1, 2, 4])
@given(data=st.data())
def test_numbers_are_read_as_they_were(width: int, data: st.DataObject) -> None:
    most = (1 << 8 * width) - 2
    values = data.draw(st.lists(st.none() | st.integers(0, most)))
    assert unpacked(numbers(values, width), width) == values


def test_what_does_not_fit_is_unknown() -> None:
    assert unpacked(numbers([-1, 254, 255, 70_000], 1), 1) == [None, 254, None, None]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_are_read_as_they_were(values: list[str]) -> None:
    assert unpacked_texts(texts(values)) == values


def test_a_text_has_one_number() -> None:
    known = Numbered()
    assert [known.of(text) for text in ("a", "b", None, "a")] == [0, 1, None, 0]
    assert list(known.texts) == ["a", "b"]
