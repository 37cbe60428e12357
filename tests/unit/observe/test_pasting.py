"""A printed command is split into exactly its arguments, or it is not printed."""

import ast
import shlex
import shutil
import subprocess
import tomllib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import hostile

from snakemake_logger_plugin_observe import pasting
from snakemake_logger_plugin_observe.pasting import (
    Command,
    command,
    double_quoted,
    harmless,
    harmless_lines,
    option,
    path,
    toml_key,
)

printable = hostile.filter(str.isprintable)


@given(st.lists(hostile, min_size=1, max_size=4).map(tuple))
def test_a_line_is_split_into_exactly_its_arguments(arguments: tuple[str, ...]) -> None:
    one = Command(arguments, "shows it")
    if one.line is None:
        assert shlex.split(one.commented, comments=True) == []
        assert one.why_not in str(one)
    else:
        assert shlex.split(one.line, comments=True) == list(arguments)
        assert shlex.split(one.commented, comments=True) == list(arguments)
        assert str(one) == one.line


@given(st.lists(hostile, min_size=1, max_size=4).map(tuple))
def test_a_line_is_one_line_that_a_terminal_shows_as_it_is(arguments: tuple[str, ...]) -> None:
    text = Command(arguments).commented
    assert text == harmless(text)
    assert "\n" not in text


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "ksh"])
def test_shells_take_a_line_as_it_is_meant(shell: str) -> None:
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"no {shell} here")
    arguments = (
        *("a b", "'", '"', "`id`", "$(id)", "${HOME}", ";id", "&", "|", ">x", "#x", "!!", "~", "*"),
        *("{a,b}", "[a]", "=ls", "a=b", "\\", "\\n", "-n", "", "%1", "é", "a'b\"c`d$e", "\u00a0"),
    )
    line = Command(("printf", "%s\\0", *arguments)).line
    done = subprocess.run([program, "-c", str(line)], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{one}\0" for one in arguments)


@pytest.mark.parametrize(
    "character",
    ["\n", "\r", "\t", "\0", "\x1b", "\x7f", "\x9b", "\u202e", "\u200b", "\ud800", "\u2028"],
)
def test_an_argument_that_a_terminal_would_obey_or_hide_is_not_offered(character: str) -> None:
    one = command("scancel", f"7{character}", purpose="cancels them")
    assert one.line is None
    assert one.commented == (
        "# no command to paste (cancels them): an argument of it contains control or invisible "
        "characters"
    )


def test_a_line_that_a_terminal_would_cut_is_not_offered() -> None:
    assert command("cat", "x" * 3_900).line == f"cat {'x' * 3_900}"
    assert command("cat", "é" * 2_100).why_not == "it would be too long to paste"


def test_a_value_does_not_become_a_flag() -> None:
    assert path("-rf") == "./-rf"
    assert path("runs/-rf") == "runs/-rf"
    assert option("--rule", "-x") == ("--rule=-x",)
    assert option("--rule", "map") == ("--rule", "map")


@given(hostile)
def test_quoted_text_is_the_same_in_toml_and_in_python(text: str) -> None:
    quoted = double_quoted(text)
    assert harmless(quoted) == quoted
    assert ast.literal_eval(quoted) == text
    if not any(unicodedata.category(one) == "Cs" for one in text):
        assert tomllib.loads(f"max.{toml_key(text)} = {quoted}") == {"max": {text: text}}


@given(hostile)
def test_harmless_text_has_no_control_characters_and_is_left_alone(text: str) -> None:
    once = harmless(text)
    assert not {unicodedata.category(one) for one in once} & pasting._OBEYED
    assert harmless(once) == once
    assert harmless_lines(text).replace("\n", "").replace("\t", "") == harmless(
        text.replace("\n", "").replace("\t", "")
    )


@given(printable)
def test_printable_text_stays(text: str) -> None:
    assert harmless(text) == text
