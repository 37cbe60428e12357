"""Whether one failure is another one again: ends, last lines, durations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.analysis.failures.causes import FailureCause
from snakemake_logger_plugin_observe.analysis.failures.signatures import (
    LogLine,
    Occurrence,
    again,
    kinds,
    plain,
    signature,
)


def occasion(text: str | None = None, *, length_s: float | None = 1, **more: Any) -> Occurrence:
    why = {"cause": "exit_code", "exit_code": 13}
    told = {
        name: more.pop(name) for name in list(more) if name in FailureCause.__dataclass_fields__
    }
    return Occurrence(
        **{
            "attempt": 1,
            "number": 1,
            "why": FailureCause(**{**why, **told}),
            "line": None if text is None else LogLine("logs/a.log", 1, text),
            "length": None if length_s is None else round(length_s * 1e6),
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
def test_what_changes_from_run_to_run_without_meaning_is_left_out(one: str, other: str) -> None:
    assert plain(one) == plain(other)


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
def test_what_means_something_is_kept(one: str, other: str) -> None:
    assert plain(one) != plain(other)


def test_between_jobs_their_wildcards_mean_nothing() -> None:
    one = plain("cannot open in/gut_a.fq of gut_a", {"sample": "gut_a"})
    assert one == plain("cannot open in/s1.fq of s1", {"sample": "s1"})
    assert one == "cannot open in/{sample}.fq of {sample}"
    assert plain("a cat sat", {"x": "a"}) == "{x} cat sat"
    assert plain("nothing", {"x": ""}) == "nothing"


words = st.text(alphabet="abc ./:_-([", max_size=30)
numbers = st.integers(0, 10**12)


@given(words, words, numbers, numbers)
def test_no_number_by_itself_means_anything(before: str, after: str, one: int, other: int) -> None:
    assert plain(f"{before} {one} {after}") == plain(f"{before} {other} {after}")


@given(st.text(alphabet="(a*)+[]{}\\.-x", max_size=600), st.text(max_size=20))
def test_no_line_and_no_wildcard_is_too_strange(text: str, value: str) -> None:
    assert isinstance(plain(text, {"w": value}), str)


@pytest.mark.parametrize(
    ("before", "now", "same", "differs"),
    [
        (occasion("no such file"), occasion("no such file"), True, ()),
        (occasion("no such file"), occasion("disk full"), False, ("line",)),
        (occasion("a", exit_code=13), occasion("a", exit_code=14), False, ("end",)),
        (occasion(), occasion(), True, ()),
        (occasion(), occasion(length_s=60), False, ("duration",)),
        (occasion(), occasion(length_s=1.4), True, ()),
        (occasion(), occasion(length_s=None), True, ()),
        (occasion("no such file"), occasion("no such file", length_s=60), True, ("duration",)),
        (occasion("no such file"), occasion(), True, ()),
        (occasion(**SIGNAL), occasion(**SIGNAL), True, ()),
        (occasion(**SIGNAL), occasion(), False, ("end",)),
        (
            occasion(exit_code=None, cause="missing_output", message="a.txt is missing"),
            occasion(exit_code=None, cause="missing_output", message="b.txt is missing"),
            False,
            ("message",),
        ),
        (
            occasion(exit_code=None, cause="missing_output", message="a.txt is missing"),
            occasion(),
            False,
            ("end",),
        ),
        (
            occasion(exit_code=None, cause="time_limit", state="TIMEOUT"),
            occasion(exit_code=None, cause="lost", state="NODE_FAIL"),
            False,
            ("end",),
        ),
        (
            occasion(exit_code=None, cause="other"),
            occasion(exit_code=None, cause="other"),
            None,
            (),
        ),
        (
            occasion(exit_code=None, cause="other", message="bus error in step 1"),
            occasion(exit_code=None, cause="other", message="bus error in step 2"),
            True,
            (),
        ),
    ],
)
def test_a_failure_is_the_same_again_or_not(
    before: Occurrence, now: Occurrence, same: bool | None, differs: tuple[str, ...]
) -> None:
    found = again(before, now)
    assert (found.same, found.differs) == (same, differs)
    assert again(now, before).same == same


def test_snakemake_s_message_that_tells_an_exit_code_again_is_no_word_of_the_tool() -> None:
    one = occasion(message="CalledProcessError in file 'a', line 1: returned 13", length_s=1)
    other = occasion(message="CalledProcessError in file 'a', line 1: returned 13", length_s=90)
    assert again(one, other).same is False


def test_two_jobs_failed_in_the_same_way_if_only_their_wildcards_differ() -> None:
    one, other = occasion("no gut_a.fq"), occasion("no s1.fq", length_s=500)
    assert signature(one, {"s": "gut_a"}) == signature(other, {"s": "s1"})
    assert signature(one, {}) != signature(other, {})
    assert signature(one, {}) != signature(occasion("no gut_a.fq", exit_code=1), {})


def test_what_failed_is_told_apart_by_the_way_that_it_did() -> None:
    none, other, silent = (("exit", 1, words) for words in ("no file", "no room", ""))
    killed = ("signal", 9, "no file")
    assert kinds([(1, none), (2, other), (3, none), (4, killed)]) == ((1, 3), (2,), (4,))
    assert kinds([(1, silent), (2, none), (3, silent)]) == ((1, 3, 2),)
    assert kinds([(1, silent), (2, none), (3, other)]) == ((1,), (2,), (3,))
    assert kinds([]) == ()
