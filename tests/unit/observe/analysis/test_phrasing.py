"""How sentences name jobs, groups, files and counts."""

import pytest

from snakemake_logger_plugin_observe.analysis.phrasing import cut, named, plural, submission_name


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs"), (1234, "1,234 jobs")]
)
def test_a_count_has_its_noun(count: int, text: str) -> None:
    assert plural(count, "job") == text


@pytest.mark.parametrize(
    ("rule", "wildcards", "group", "name"),
    [
        ("map", {}, None, "map"),
        ("map", {"sample": "a", "n": "1"}, None, "map sample=a, n=1"),
        ("map", {"sample": "x" * 300}, None, f"map sample={'x' * 300}"),
        (None, {}, "pair", "group pair"),
        (None, {}, "0b0a1c2d-1111-2222-3333-444455556666", "group 0b0a1c2d"),
        (None, {}, None, "(not described)"),
    ],
)
def test_a_job_is_named_by_rule_and_wildcards_a_group_by_its_name(
    rule: str | None, wildcards: dict[str, str], group: str | None, name: str
) -> None:
    assert submission_name(rule, wildcards, group) == name


def test_many_things_are_named_by_the_first_and_a_count() -> None:
    assert named("abc") == "a, b, c"
    assert named("abcde") == "a, b, c and 2 more"


@pytest.mark.parametrize(("text", "shown"), [("abcde", "abcde"), ("abcdef", "abcd…")])
def test_a_text_is_cut_to_its_length(text: str, shown: str) -> None:
    assert cut(text, 5) == shown
