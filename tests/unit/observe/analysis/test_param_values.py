"""How params changed, taken from their texts alone."""

import pytest

from snakemake_logger_plugin_observe.analysis.param_values import (
    ParamsChange,
    between,
    differing_config,
    in_reason,
    looks_drawn,
    same_items,
)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("['a', 'b']", "['b', 'a']"),
        ("{'a': 1, 'b': [2, 3]}", "{'b': [3, 2], 'a': 1}"),
        ("{'a': 1},['x','y']", "['y','x'],{'a': 1}"),  # as Snakemake joins several params
        ("'a b c'", "'c a b'"),
        ("'a,b'", "'b,a'"),
        ("[1, -2.5]", "[-2.5, 1]"),
        (r"['it\'s', b'x']", r"[b'x', 'it\'s']"),
        ("opts=(1, {2, 3})", "opts=({3, 2}, 1)"),
    ],
)
def test_the_same_items_in_another_order_are_known_as_such(before: str, now: str) -> None:
    assert same_items(before, now)
    assert same_items(now, before)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("[1, 2]", "[1, 2]"),
        ("[1, 2]", "[1, 3]"),
        ("{'a': 1, 'b': 2}", "{'a': 2, 'b': 1}"),
        ("[1, [2, 3]]", "[2, [1, 3]]"),
        ("'-k 5 -t 3'", "'-k 3 -t 5'"),  # options: their order has a meaning
        ("['-k', '5', '-t', '3']", "['-k', '3', '-t', '5']"),
        ("[***, 1]", "[1, ***]"),
        ("[1, 2…", "[2, 1…"),
        ("[1, 2", "[2, 1"),
        ("[1, 2)", "[2, 1)"),
        ("1, 2]", "2, 1]"),
        ("'a", "a'"),
    ],
)
def test_anything_else_is_not(before: str, now: str) -> None:
    assert not same_items(before, now)


def test_deep_nesting_is_taken_apart_without_recursion() -> None:
    deep = "[" * 20_000
    assert not same_items(f"{deep}1, 2{']' * 20_000}", f"{deep}1, 3{']' * 20_000}")


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ("21", "31", "21 → 31"),
        ("'a b'", "'b a'", "the same items in another order: 'a b' → 'b a'"),
        ("k={'a': 1, 'b': 2}", "k={'a': 1, 'b': 3}", "'b': 2 → 'b': 3 (in k dict of 2)"),
        ("[1, 2]", "[1, 2, 3]", "3 is new (in a list of 3)"),
        ("[1, 2, 3]", "[1, 2]", "3 is gone (from a list of 2)"),
        ("[1]", "[2]", "[1] → [2]"),
        ("", "31", "nothing → 31"),
        ("k=1, o=[1, 2]", "k=2, o=[1, 3]", "k=1 → k=2; 2 → 3 (in o list of 2)"),
        ("k=1, o=2", "k=2, p=2", "k=1, o=2 → k=2, p=2"),
        (
            *("n=['a', 'b'], o='c,d'", "o='d,c', n=['b', 'a']"),
            "the same items in another order: n=['a', 'b'] → n=['b', 'a']; o='c,d' → o='d,c'",
        ),
    ],
)
def test_a_change_is_shown_as_what_it_is(before: str, now: str, words: str) -> None:
    assert str(ParamsChange(before, now)) == words


def test_a_long_change_loses_values_at_their_ends_and_never_in_between() -> None:
    a, b = "a" * 80, "b" * 80
    both = ParamsChange(f"n='{a}', o=1", f"n='{b}', o=2")
    assert both.within(500) == str(both)
    assert both.within(120) == f"n='{a[:26]}… → n='{b[:26]}…; o=1 → o=2"
    reordered = ParamsChange(f"'{a} {b}'", f"'{b} {a}'")
    assert reordered.within(120) == "the same items in another order"


def test_a_change_is_read_from_snakemakes_reason() -> None:
    assert in_reason("Union of … output: before: 1,'x' now: <nothing exclusive> ") == ParamsChange(
        "1,'x'", ""
    )
    assert in_reason(None) is None


def test_only_what_differs_between_two_jobs_params_is_a_change() -> None:
    assert between(("k=1", "n=2"), ("k=1", "n=3")) == ParamsChange("n=2", "n=3")
    assert between(("k=1",), ("k=1",)) is None


def test_a_config_keys_values_are_found_below_it() -> None:
    before, now = ("bwa.k=5", "bwab=1", "n=1"), ("bwa.k=7", "bwab=2", "n=1")
    assert differing_config(before, now, "bwa") == ParamsChange("bwa.k=5", "bwa.k=7")
    assert differing_config(before, now, "n") is None
    assert differing_config(("a=***",), ("a=1",), "a") is None


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        (["'./srt-k3x9qa1b'", "'./srt-7hd_2mxx'"], True),
        (["0.8444218515250481", "0.7579544029403025"], True),
        (["'2026-01-02 10:00:01'", "'2026-01-02 10:00:07'"], True),
        (["1767348001.25", "1767348007.5"], True),
        (["'10'", "'20'", "'30'"], False),
        (["'baseline'", "'candidate'"], False),
        (["'v1/reads.csv'", "'v2/reads.csv'"], False),
        (["a", "a"], False),
    ],
)
def test_values_that_look_random_or_like_times_are_drawn(values: list[str], drawn: bool) -> None:
    assert looks_drawn(values) is drawn
