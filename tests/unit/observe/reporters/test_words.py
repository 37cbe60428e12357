"""Small words and numbers."""

import unicodedata

import pytest
from builders import T0
from hypothesis import example, given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.reporters import words


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (0, "0.000 s"),
        (410_000, "0.410 s"),
        (1_000_000, "1.00 s"),
        (9_990_000, "9.99 s"),
        (12_300_000, "12.3 s"),
        (59_960_000, "1 min 00 s"),
        (60_000_000, "1 min 00 s"),
        (124_000_000, "2 min 04 s"),
        (3_599_600_000, "1 h 00 min"),
        (3_600_000_000, "1 h 00 min"),
        (7_380_000_000, "2 h 03 min"),
        (360_000_000_000, "100 h 00 min"),
    ],
)
def test_a_duration_has_the_units_that_a_user_reads(micros: int, shown: str) -> None:
    assert words.duration(micros) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (5, "5 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (4096, "4.1 kB"),
        (130_000_000, "130 MB"),
        (999_499_999, "999 MB"),
        (8_000_000_000, "8.0 GB"),
        (12_000_000_000, "12 GB"),
        (10**12, "1.0 TB"),
        (2**63 - 1, "9223372.0 TB"),
    ],
)
def test_a_size_has_the_decimal_units_of_snakemake(count: int, shown: str) -> None:
    """``mem_mb`` is in millions of bytes."""
    assert words.size(count) == shown


@given(st.integers(0, 10**15))
def test_a_size_is_within_five_percent(count: int) -> None:
    amount, unit = words.size(count).split(" ")
    bytes_shown = (
        float(amount) * {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[unit]
    )
    assert bytes_shown == pytest.approx(count, rel=0.05)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 100, "0"),
        (1, 1000, "<1"),
        (1, 0, "0"),
        (1, 3, "33"),
        (100, 100, "100"),
        (996, 1000, "100"),
    ],
)
def test_a_share_is_a_whole_percentage(part: int, whole: int, shown: str) -> None:
    assert words.percent(part, whole) == shown


@given(st.integers(1, 1000), st.integers(0, 100_000))
@example(5, 995)
def test_a_small_share_is_never_shown_as_zero(part: int, more: int) -> None:
    assert words.percent(part, part + more) != "0"


@pytest.mark.parametrize(
    ("part", "whole", "drawn"),
    [
        (0, 10, ""),
        (10, 10, "████"),
        (5, 10, "██"),
        (1, 32, "▏"),
        (1, 1000, "▏"),
        (3, 32, "▍"),
        (1, 0, ""),
    ],
)
def test_a_bar_has_a_resolution_of_an_eighth_of_a_character(
    part: int, whole: int, drawn: str
) -> None:
    assert words.bar(part, whole, 4) == drawn


@given(st.integers(0, 1000), st.integers(1, 1000), st.integers(1, 40))
def test_a_bar_is_never_wider_than_its_column(part: int, more: int, width: int) -> None:
    assert len(words.bar(part, part + more, width)) <= width


@pytest.mark.parametrize(("micros", "places"), [(999_999, 3), (1_000_000, 2), (20_000_000, 1)])
def test_longer_times_have_fewer_decimals(micros: int, places: int) -> None:
    assert words.decimals(micros) == places


def test_a_moment_is_shown_to_the_second() -> None:
    assert words.clock_time(T0 + 999_999) == "2026-03-01 12:00:00 UTC"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, grüße ✓", "plain, grüße ✓"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb\nc\td", "a\\rb\\nc\\td"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b", "a\\u2028b"),
        ("a\udcffb", "a\\udcffb"),
        ("\x07", "\\x07"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert words.harmless(text) == shown


@given(st.text())
def test_harmless_text_has_no_control_characters(text: str) -> None:
    bad = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not any(unicodedata.category(one) in bad for one in words.harmless(text))


@pytest.mark.parametrize(
    ("rule", "wildcards", "group", "name"),
    [
        ("map", {}, None, "map"),
        ("map", {"sample": "a", "n": "1"}, None, "map sample=a, n=1"),
        (None, {}, "pair", "group pair"),
        ("map", {"s": "\x1b[2J"}, None, "map s=\\x1b[2J"),
    ],
)
def test_a_job_is_named_by_rule_and_wildcards_or_by_its_group(
    rule: str | None, wildcards: dict[str, str], group: str | None, name: str
) -> None:
    assert words.job_name(rule, wildcards, group) == name
