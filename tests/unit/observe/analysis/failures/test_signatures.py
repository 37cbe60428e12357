"""Whether two failures are the same, by end, last line and duration."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.analysis.failures.causes import FailureCause
from snakemake_logger_plugin_observe.analysis.failures.log_lines import LogLine
from snakemake_logger_plugin_observe.analysis.failures.signatures import (
    Occurrence,
    compare_failures,
    group_alike,
    normalised,
    signature,
)


def occurrence(text: str | None = None, *, duration_s: float | None = 1, **more: Any) -> Occurrence:
    why = {"cause": "exit_code", "exit_code": 13}
    of_cause = {
        name: more.pop(name) for name in list(more) if name in FailureCause.__dataclass_fields__
    }
    return Occurrence(
        **{
            "attempt": 1,
            "execution": 1,
            "why": FailureCause(**{**why, **of_cause}),
            "line": None if text is None else LogLine("logs/a.log", 1, text),
            "duration": None if duration_s is None else round(duration_s * 1e6),
            **more,
        }
    )


SIGNAL = {"cause": "signal", "exit_code": None, "signal": 9}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tool[4711]: no space left", "tool[99]: no space left"),
        ("2026-11-25T04:22:43 failed", "2026-11-26T23:01:00.123Z failed"),
        ("[Wed Nov 25 04:22:43 2026] failed", "[Thu Nov 26 14:00:01 2026] failed"),
        ("bad pointer 0x7f00aa12", "bad pointer 0x55d0b3c4"),
        ("cannot open /tmp/job.12.x/in.fa: gone", "cannot open /tmp/job.77.y/out.fa: gone"),
        ("cannot open scratch/tmpab12cd34/in", "cannot open scratch/tmpzz98yx76/in"),
        (
            "run 01234567-89ab-cdef-0123-456789abcdef lost",
            "run fedcba98-7654-3210-fedc-ba9876543210 lost",
        ),
        ("chunk 0a1b2c3d4e5f broke", "chunk ffee00112233 broke"),
        ("took 1.5e-3 s", "took 12 s"),
        ("\x1b[31mno such file\x1b[0m", "no such file"),
        ("no   such\tfile", "no such file "),
    ],
)
def test_texts_that_differ_only_in_varying_parts_are_equal(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no such file", "no such sequence"),
        ("sample1: no such file", "sample2: no such file"),
        ("KeyError: 'gut_a'", "KeyError: 'gut_b'"),
        ("cannot open in.fa", "cannot open out.fa"),
        ("", "no such file"),
    ],
)
def test_texts_that_differ_in_meaning_stay_different(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_wildcard_values_are_replaced_by_their_names() -> None:
    one = normalised("cannot open in/gut_a.fq of gut_a", {"sample": "gut_a"})
    assert one == normalised("cannot open in/s1.fq of s1", {"sample": "s1"})
    assert one == "cannot open in/{sample}.fq of {sample}"
    assert normalised("a cat sat", {"x": "a"}) == "{x} cat sat"
    assert normalised("nothing", {"x": ""}) == "nothing"


words = st.text(alphabet="abc ./:_-([", max_size=30)
numbers = st.integers(0, 10**12)


@given(words, words, numbers, numbers)
def test_numbers_are_ignored(before: str, after: str, one: int, other: int) -> None:
    assert normalised(f"{before} {one} {after}") == normalised(f"{before} {other} {after}")


@given(st.text(alphabet="(a*)+[]{}\\.-x", max_size=600), st.text(max_size=20))
def test_any_text_and_wildcard_can_be_normalised(text: str, value: str) -> None:
    assert isinstance(normalised(text, {"w": value}), str)


@pytest.mark.parametrize(
    ("before", "now", "same", "differs"),
    [
        (occurrence("no such file"), occurrence("no such file"), True, ()),
        (occurrence("no such file"), occurrence("disk full"), False, ("line",)),
        (occurrence("a", exit_code=13), occurrence("a", exit_code=14), False, ("end",)),
        (occurrence(), occurrence(), True, ()),
        (occurrence(), occurrence(duration_s=60), None, ("duration",)),
        (occurrence(), occurrence(duration_s=1.4), True, ()),
        (occurrence(), occurrence(duration_s=None), True, ()),
        (
            occurrence("no such file"),
            occurrence("no such file", duration_s=60),
            True,
            ("duration",),
        ),
        (occurrence("no such file"), occurrence(), True, ()),
        (occurrence(**SIGNAL), occurrence(**SIGNAL), True, ()),
        (occurrence(**SIGNAL), occurrence(), False, ("end",)),
        (
            occurrence(exit_code=None, cause="missing_output", message="a.txt is missing"),
            occurrence(exit_code=None, cause="missing_output", message="b.txt is missing"),
            False,
            ("message",),
        ),
        (
            occurrence(exit_code=None, cause="missing_output", message="a.txt is missing"),
            occurrence(),
            False,
            ("end",),
        ),
        (
            occurrence(exit_code=None, cause="time_limit", state="TIMEOUT"),
            occurrence(exit_code=None, cause="lost", state="NODE_FAIL"),
            False,
            ("end",),
        ),
        (
            occurrence(exit_code=None, cause="other"),
            occurrence(exit_code=None, cause="other"),
            None,
            (),
        ),
        (
            occurrence(exit_code=None, cause="other", message="bus error in step 1"),
            occurrence(exit_code=None, cause="other", message="bus error in step 2"),
            True,
            (),
        ),
    ],
)
def test_two_failures_are_the_same_or_differ_in_named_ways(
    before: Occurrence, now: Occurrence, same: bool | None, differs: tuple[str, ...]
) -> None:
    found = compare_failures(before, now)
    assert (found.same, found.differs) == (same, differs)
    assert compare_failures(now, before).same == same


def test_a_message_that_only_repeats_the_exit_code_is_ignored() -> None:
    one = occurrence(message="CalledProcessError in file 'a', line 1: returned 13", duration_s=1)
    other = occurrence(message="CalledProcessError in file 'a', line 1: returned 13", duration_s=90)
    assert compare_failures(one, other).same is None


def test_jobs_that_differ_only_in_wildcards_have_the_same_signature() -> None:
    one, other = occurrence("no gut_a.fq"), occurrence("no s1.fq", duration_s=500)
    assert signature(one, {"s": "gut_a"}) == signature(other, {"s": "s1"})
    assert signature(one, {}) != signature(other, {})
    assert signature(one, {}) != signature(occurrence("no gut_a.fq", exit_code=1), {})


def test_failures_are_grouped_by_how_they_failed() -> None:
    none, other, silent = (("exit", 1, words) for words in ("no file", "no room", ""))
    killed = ("signal", 9, "no file")
    assert group_alike([(1, none), (2, other), (3, none), (4, killed)]) == ((1, 3), (2,), (4,))
    assert group_alike([(1, silent), (2, none), (3, silent)]) == ((1, 3, 2),)
    assert group_alike([(1, silent), (2, none), (3, other)]) == ((1,), (2,), (3,))
    assert group_alike([]) == ()


def is_no_number(value: str) -> bool:
    return not re.fullmatch(r"1[1.]*", value)


@given(text=st.text("ab1 ."), value=st.text("ab1.", min_size=1).filter(is_no_number))
def test_a_wildcard_s_value_is_replaced_where_it_is_a_word(text: str, value: str) -> None:
    word = rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])"
    assert normalised(text, {"s": value}) == normalised(re.sub(word, "{s}", text))


@pytest.mark.parametrize(
    "text",
    ["unexpected token in line 1", "/bin/sh: 1: qsub: not found", "sbatch: invalid --gress=gpu:1"],
)
def test_a_number_in_a_message_is_not_taken_for_a_wildcard_of_that_value(text: str) -> None:
    keys = {signature(occurrence(text), {"i": value}) for value in ("1", "2", "3")}
    assert len(keys) == 1


def test_numbers_that_are_wildcards_do_not_make_failures_differ() -> None:
    texts = {value: f"cannot open in/{value}.txt of {value}" for value in ("1", "12")}
    assert len({signature(occurrence(text), {"i": i}) for i, text in texts.items()}) == 1
