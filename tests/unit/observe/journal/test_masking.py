"""Secrets do not reach a journal; ordinary text is not changed."""

import json
import os
import re
import shlex

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.journal.events import Message
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.secret_names import names_a_secret
from snakemake_logger_plugin_observe.journal.writing import to_line

MASKED = Masker()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("curl https://ann:pa55word@host/x", "curl https://ann:***@host/x"),
        ("psql postgresql://ann:pa55word@host:5432/db", "psql postgresql://ann:***@host:5432/db"),
        ("tool --token abcdef", "tool --token ***"),
        ("tool --token=abcdef -x", "tool --token=*** -x"),
        ("tool --db-password 'abcdef' in.txt", "tool --db-password '***' in.txt"),
        ("GITHUB_TOKEN=abcdef tool", "GITHUB_TOKEN=*** tool"),
        ("export AWS_SECRET_ACCESS_KEY=abc/def+g", "export AWS_SECRET_ACCESS_KEY=***"),
        ('{"api_key": "abcdef", "n": 1}', '{"api_key": "***", "n": 1}'),
        ("{'client_secret': 'abcdef'}", "{'client_secret': '***'}"),
        ("apikey=abcdef&n=1", "apikey=***&n=1"),
        ("passwd: abcdef", "passwd: ***"),
        ("PGPASSWORD=abcdef psql", "PGPASSWORD=*** psql"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ("Authorization: Basic YW5uOnBhc3M=", "Authorization: Basic ***"),
        ("with AKIAIOSFODNN7EXAMPLE here", "with *** here"),
        ("ghp_" + "a1B2" * 9, "***"),
        ("glpat-abcdefghij_klmnop-q", "***"),
        ("xoxb-1234567890-abcdef", "***"),
        ("hf_" + "a1B2" * 8, "***"),
        ("github_pat_" + "a1B2" * 8, "***"),
        ("sk-ant-api03-abcdefghijklmnop", "***"),
        ("git clone https://abcdefghijklmnopqrst@host/x", "git clone https://***@host/x"),
        ("curl -u ann:pa55word https://host", "curl -u ann:*** https://host"),
        ("tool --pass abcdef", "tool --pass ***"),
        ("MYSQL_PWD=abcdef mysql", "MYSQL_PWD=*** mysql"),
        ("--token='a b c' in.txt", "--token='***' in.txt"),
        ("psql postgres://ann:p@ss@host/db", "psql postgres://ann:***@host/db"),
        ("k: -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- x", "k: *** x"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE, cut off", "***"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM.abc-def_g", "***"),
    ],
)
def test_common_shapes_of_secrets_are_masked(text: str, masked: str) -> None:
    assert MASKED.text(text) == masked


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('PASSWORD="correct horse battery" tool', "horse"),
        ("tool --password 'correct horse battery' in.txt", "horse"),
        ("https://ann:pa@ss@host/x", "ss@"),
    ],
)
def test_a_secret_is_masked_to_its_end(text: str, secret: str) -> None:
    """A quoted value goes on to its closing quote; half a password shown is half a password."""
    assert secret not in MASKED.text(text)


@pytest.mark.parametrize(
    "text",
    [
        "samtools sort -@ 4 -o out.bam in.bam",
        "cp s3://bucket/key/a.txt results/token/a.txt",
        "https://host:8080/path?x=1",
        "cat secret_santa.txt",
        "the password is not known",
        "--secret",
        "echo 10:30 a@b",
        "awk '{print $1}' access_log.txt",
        "user@host:/path",
    ],
)
def test_ordinary_text_is_not_masked(text: str) -> None:
    assert MASKED.text(text) == text


@pytest.mark.parametrize(
    "text",
    ["train --tokenizer bert", "llm --max-tokens 512", "tokenize=True", "secretary=Ann"],
)
def test_a_name_that_only_begins_like_a_secret_s_is_not_masked(text: str) -> None:
    """A name is a secret's where the word ends there: ``token``, but not ``tokenizer``."""
    assert MASKED.text(text) == text


def test_the_word_basic_alone_is_not_masked() -> None:
    """FastQC's first module: ``basic`` names a scheme only in an authorization header."""
    text = "grep '>>Basic Statistics' fastqc_data.txt"
    assert MASKED.text(text) == text


def test_the_values_of_declared_variables_are_masked_everywhere() -> None:
    masker = Masker(("hunter22", "hunter22-longer"))
    assert masker.text("x-hunter22-longer y/hunter22/z") == "x-*** y/***/z"


def test_values_too_short_to_be_secrets_are_not_masked() -> None:
    """Else a value such as 1 would mask half a journal."""
    assert Masker(("1", "abc")).text("abc 1 abc") == "abc 1 abc"


def test_a_value_is_matched_literally() -> None:
    assert Masker(("a.c+d",)).text("abcd a.c+d") == "abcd ***"


def test_lists_and_mappings_are_masked_recursively() -> None:
    masker = Masker(("hunter22",))
    value = {"a": ["hunter22", {"b": ("x hunter22",)}], "n": 1, "none": None}
    assert masker.value(value) == {"a": ["***", {"b": ["x ***"]}], "n": 1, "none": None}


def test_the_argument_after_a_secret_flag_is_masked() -> None:
    words = ("snakemake", "--api-token", "correct horse", "--cores", "1", "--token=abc")
    assert MASKED.arguments(words) == (
        *("snakemake", "--api-token", "***", "--cores", "1", "--token=***"),
    )


def test_a_flag_after_a_secret_flag_is_not_masked() -> None:
    assert MASKED.arguments(("--token", "--cores", "1")) == ("--token", "--cores", "1")


def test_a_config_value_is_masked_by_its_name() -> None:
    assert MASKED.arguments(("--config", "api_key=abc", "n=1")) == (
        "--config",
        "api_key=***",
        "n=1",
    )


@given(st.text(max_size=60))
def test_masking_masked_text_changes_nothing(text: str) -> None:
    once = MASKED.text(text)
    assert MASKED.text(once) == once


@given(st.text(max_size=20), st.text(min_size=4, max_size=10), st.text(max_size=20))
@example("", "00\x9b@", "")
def test_a_declared_value_is_masked_in_any_text(before: str, secret: str, after: str) -> None:
    if "*" not in secret:
        assert secret not in Masker((secret,)).text(f"{before}{secret}{after}")


_PIECES = st.sampled_from(
    [
        *("--api-key ", "PASSWD=", "Token: ", "https://a:b@c ", "BEARER abcdefgh ", "eyJ"),
        *("AKIAIOSFODNN7EXAMPLE ", "xoxb-1234567890 ", '"', "\\", "\n", "ä", "hunter22"),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=6).map("".join))
def test_the_quick_check_finds_every_line_that_needs_masking(text: str) -> None:
    masker = Masker(("hunter22", 'q"uo\\te', "grüße"))
    if masker.text(text) != text:
        assert masker.may_hold_a_secret(text)


@pytest.mark.parametrize("value", ["hunter22", 'q"uo\\te', "grüße", "äöüß", "Tab\there", "1234"])
def test_the_quick_check_finds_values_that_json_escapes(value: str) -> None:
    assert Masker((value,)).may_hold_a_secret(f"x{value}y")


def test_the_quick_check_skips_ordinary_lines() -> None:
    assert not MASKED.may_hold_a_secret("sort -k1,1 in.bed > out.bed")


def test_a_declared_value_is_masked_in_shell_python_and_json_quoting() -> None:
    value = 'we"ird\\vélue$secr'
    masker = Masker((value,))
    for written in (value, repr(value), json.dumps(value), shlex.quote(value)):
        assert "ird" not in masker.text(f"echo {written} > out")


def test_the_working_directory_is_not_masked() -> None:
    assert MASKED.text("PWD=/home/ann bypass=1") == "PWD=/home/ann bypass=1"


def test_text_that_matches_a_pattern_is_masked() -> None:
    masker = Masker(patterns=(re.compile(r"patient-\d+"), re.compile("(?<=MRN )[A-Z]+")))
    text = "in/patient-0042.bam of MRN ABC, not patient-x"
    assert masker.text(text) == "in/***.bam of MRN ***, not patient-x"


def test_a_pattern_is_matched_before_json_escapes_the_text() -> None:
    event = Message(time=0, level="info", kind="info", text='say "ünï\n42"')
    masker = Masker(patterns=(re.compile('"ünï\n'),))
    assert json.loads(to_line(event, masker))["text"] == 'say ***42"'


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Command 'set -e; it''s\n(a; b)' returned non-zero exit status 7.",
            "Command *** returned non-zero exit status 7.",
        ),
        (
            "Command 'kill -9 $$' died with <Signals.SIGKILL: 9>.",
            "Command *** died with <Signals.SIGKILL: 9>.",
        ),
        ("in line 3:\nCommand 'set -e; a very long one that was c", "in line 3:\nCommand ***"),
        ("The Command is fine", "The Command is fine"),
    ],
)
def test_commands_in_messages_are_masked_if_commands_are_left_out(
    message: str, expected: str
) -> None:
    assert Masker(commands=False).text(message) == expected


def test_mask_patterns_are_masked_in_the_command() -> None:
    words = ("snakemake", "--logger-observe-mask", "acme-1", "x+", "--cores", "2", "all")
    masked = ("snakemake", "--logger-observe-mask", "***", "***", "--cores", "2", "all")
    assert MASKED.arguments(words) == masked


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("api_token", True),
        ("DB_PASSWORD", True),
        ("credentials", True),
        ("private-key", True),
        ("max_tokens", False),
        ("tokenizer", False),
        ("samples", False),
        ("bypass", False),
    ],
)
def test_a_secret_is_recognised_by_its_name(name: str, secret: bool) -> None:
    assert names_a_secret(name) is secret


def test_a_declared_secret_may_hold_bytes_that_are_not_utf_8() -> None:
    secret = os.fsdecode(b"hunter\xff22")
    line = to_line(
        Message(time=1, level="info", kind="x", text=f"log in: {secret}"), Masker((secret,))
    )
    assert b"hunter" not in line
