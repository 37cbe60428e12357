"""Secrets of every shape are masked, exactly, and nothing else; no text takes long."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from secret_texts import HARMLESS, SECRET, SHAPES, Shape

from snakemake_logger_plugin_observe.journal import secret_names, secret_shapes
from snakemake_logger_plugin_observe.journal.late_pattern import LatePattern
from snakemake_logger_plugin_observe.journal.masking import Masker, secret_variables
from snakemake_logger_plugin_observe.journal.secret_names import is_secret

MASKER = Masker()
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.what)


@every_shape
def test_a_secret_is_masked_and_the_rest_is_not(shape: Shape) -> None:
    assert MASKER.text(shape.written) == shape.masked


@every_shape
def test_a_secret_is_masked_within_other_text(shape: Shape) -> None:
    text = MASKER.text(f"set -euo pipefail; x='1';\n{shape.written}\n(exit 1) # end")
    assert shape.secret not in text
    assert text.startswith("set -euo pipefail; x='1';\n")


@every_shape
def test_masked_text_stays_as_it_is(shape: Shape) -> None:
    assert MASKER.text(shape.masked) == shape.masked


@every_shape
def test_masking_may_keep_the_number_of_lines(shape: Shape) -> None:
    text = f"a\n{shape.written}\nb"
    masked = MASKER.text(text, keep_lines=True)
    assert shape.secret not in masked
    assert masked.count("\n") == text.count("\n")


@every_shape
def test_the_quick_check_finds_it(shape: Shape) -> None:
    assert MASKER.may_hold_a_secret(shape.written)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_not_masked(text: str) -> None:
    assert MASKER.text(text) == text


def test_all_harmless_texts_together_are_not_masked() -> None:
    text = "\n".join(HARMLESS)
    assert MASKER.text(text) == text


# -- the quick check -------------------------------------------------------------------------------

PATTERNS = {
    "tokens": (secret_shapes.TOKENS.compiled, secret_shapes.TOKEN_HINTS),
    "URLs": (secret_shapes.URLS.compiled, secret_shapes.URL_HINTS),
    "headers": (secret_shapes.HEADERS.compiled, secret_shapes.HEADER_HINTS),
    "commands": (secret_shapes.COMMANDS.compiled, secret_shapes.PROGRAM_HINTS),
    "keys": (secret_shapes.KEY_BLOCK.compiled, secret_shapes.KEY_HINTS),
    "names": (secret_names.STEM, secret_names.HINTS),
}


@pytest.mark.parametrize("what", PATTERNS)
@given(st.data())
def test_each_match_of_a_pattern_contains_one_of_its_hints(what: str, data: st.DataObject) -> None:
    pattern, hints = PATTERNS[what]
    text = data.draw(st.from_regex(pattern))
    found = pattern.search(text)
    assert found is not None
    if what == "commands" and MASKER.text(found[0]) == found[0]:
        return
    around = text[max(0, found.start() - 20) : found.end() + 1].lower()
    assert any(hint in around for hint in hints), found[0]


def test_every_pattern_is_a_regular_expression() -> None:
    """They are compiled when a text calls for one: too late for a mistake to be seen."""
    patterns = [one for one in vars(secret_shapes).values() if isinstance(one, LatePattern)]
    patterns += [program.flags for program in secret_shapes.PROGRAMS]
    assert all(pattern.compiled.flags for pattern in patterns)


@given(st.lists(st.sampled_from(SHAPES) | st.sampled_from(HARMLESS), max_size=4))
def test_what_is_masked_was_found_by_the_quick_check(parts: list[Shape | str]) -> None:
    text = " ".join(part if isinstance(part, str) else part.written for part in parts)
    if MASKER.text(text) != text:
        assert MASKER.may_hold_a_secret(text)


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("password", "DB_PASSWORD", "dbPassword", "DBPASS", "passphrase", "api_token", "apiKey"),
        *("accessKeyId", "aws_secret_access_key", "AccountKey", "client-secret", "x-api-key"),
        *("WANDB_KEY", "NCBI_API_KEY", "--storage-s3-access-key", "_auth", "proxy-auth", "--pwd"),
        *("token1", "token_prod", "credentials", "Authorization", "private_key", "ssh-key"),
    ],
)
def test_a_name_of_a_secret(name: str) -> None:
    assert is_secret(name, SECRET)


@pytest.mark.parametrize(
    "name",
    [
        *("key", "KEY", "sort_key", "SORT_KEY", "primary_key", "group-key", "max_tokens", "keys"),
        *("tokenizer", "passed", "passes", "bypass", "lowpass", "compass", "author", "authority"),
        *("secretary", "token_file", "password-stdin", "tokens", "no-auth", "use-token", "signal"),
        *("signature", "auth_type", "token_length", "max_passes", "keep", "donkey_key", "monkey"),
    ],
)
def test_a_name_of_something_else(name: str) -> None:
    assert not is_secret(name, SECRET)


@pytest.mark.parametrize("value", [True, None, "none", "yes", "", 3, 120, "basic", ["a"], {}])
def test_a_value_that_is_no_secret_under_any_name(value: object) -> None:
    assert not is_secret("password", value)


def test_a_long_number_under_a_secret_s_name_is_one() -> None:
    assert is_secret("pin_token", 4711_0815)


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        *(("0a1b2c3d4e5f60718293", True), ("data/a/b/c/d/e1/f", False), ("x1", False)),
        *(("550e8400-e29b-41d4-a716-446655440000", True), ("aB3-dE5x_gH7jK9-mN1pQ3", True)),
        *(("counts/sample1_all_reads.tsv", False), ("cosmic_v3.2_SBS_GRCh37", False)),
    ],
)
def test_a_weak_name_needs_a_value_that_looks_random(value: str, secret: bool) -> None:
    assert is_secret("ncbi_key", value) is secret


def test_values_of_the_environment_are_secrets_by_their_variables_names() -> None:
    environ = {
        "WANDB_API_KEY": SECRET,
        "MY_TOKEN": "short",
        "PATH": "/usr/bin:/usr/sbin",
        "SSH_AUTH_SOCK": "/tmp/agent.sock",
        "TOKEN_FILE": "/run/token-file",
        "KEY_PATH": "/etc/some/key",
        "DB_PASSWORD": "/run/secrets/db",
    }
    assert secret_variables(environ) == (SECRET,)


@pytest.mark.parametrize("value", ["/8chars+x", ".hunter2X9q", "/no-such-file"])
def test_a_value_is_a_path_if_it_exists_or_has_several_parts(value: str) -> None:
    assert secret_variables({"DB_PASSWORD": value}) == (value,)


def test_an_existing_file_is_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".password").touch()
    assert secret_variables({"DB_PASSWORD": "./password", "DB_TOKEN": ".password"}) == (
        "./password",
    )


# -- known values ----------------------------------------------------------------------------------

VALUE = 'it\'s a "long" $ecret/ü\nof two lines, at least'


@pytest.mark.parametrize(
    "written",
    [
        *(VALUE, VALUE.splitlines()[0], VALUE.splitlines()[1], repr(VALUE)),
        *("it'\\''s a \"long\" $ecret/ü", "it%27s%20a%20%22long%22%20%24ecret%2F%C3%BC"),
        "it%27s+a+%22long%22+%24ecret%2F%C3%BC",
    ],
)
def test_a_value_is_masked_however_it_is_written(written: str) -> None:
    text = Masker((VALUE,)).text(f"x {written} y")
    assert not re.search("long|ecret|two lines", text)


NOT_ASCII = "pässwörd-zqü€9"


@pytest.mark.parametrize(
    "written",
    [
        *(ascii(NOT_ASCII), repr(NOT_ASCII.encode()), json.dumps(NOT_ASCII)),
        r"$'p\303\244ssw\303\266rd-zq\303\274\342\202\2549'",
        r"'p'$'\303\244''ssw'$'\303\266''rd-zq'$'\303\274\342\202\254''9'",
    ],
)
def test_a_value_is_masked_however_it_is_written_in_ascii(written: str) -> None:
    assert not re.search("ss|rd|zq", Masker((NOT_ASCII,)).text(f"x {written} y"))


@pytest.mark.parametrize("code", ["\x1b(B", "\x1b[1m", "\x0f", "\x1b]8;;http://h\x07", "\x1b7"])
def test_a_known_value_with_a_terminal_s_code_inside_is_masked(code: str) -> None:
    assert Masker((SECRET,)).text(f"x {SECRET[:4]}{code}{SECRET[4:]} y") == "x *** y"


def test_a_rule_s_name_before_the_next_line_is_no_secret_s() -> None:
    text = "Error in rule token:\n    jobid: 5\n    output: a"
    assert MASKER.text(text) == text


def test_a_value_in_json_may_begin_on_the_next_line() -> None:
    assert (
        MASKER.text('{"token":\n    "x y"}\nPASS:\n"a": 3')
        == '{"token":\n    "***"}\nPASS:\n"a": 3'
    )


@pytest.mark.parametrize("value", ['"12 {}"', "1,{}", "a/{}", "({})"])
def test_only_the_whole_of_a_value_is_a_number_or_a_path(value: str) -> None:
    assert SECRET not in MASKER.text(f"pass={value.format(SECRET)}")


def test_a_known_value_is_masked_in_keys_too() -> None:
    value = Masker((SECRET,)).value({f"in/{SECRET}.txt": 3, "n": [f"{SECRET}"]})
    assert value == {"in/***.txt": 3, "n": ["***"]}


def test_what_stands_under_a_secret_s_name_is_masked_at_any_depth() -> None:
    value = {"db": {"password": SECRET, "port": 5432}, "api_tokens": 3, "token": [SECRET, 12345678]}
    assert MASKER.value(value) == {
        "db": {"password": "***", "port": 5432},
        "api_tokens": 3,
        "token": ["***", "***"],
    }


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        (("--config", "password=a b c", "n=1"), ("--config", "password=***", "n=1")),
        (("--default-resources", "api_token='x y'"), ("--default-resources", "api_token=***")),
        (("--set-resources", "map:api_token=x y"), ("--set-resources", "map:api_token=***")),
        (
            ("--storage-s3-access-key", "a:x", "b:y", "--cores", "1"),
            ("--storage-s3-access-key", "***", "***", "--cores", "1"),
        ),
        (
            ("--set-resources", "qc_pass:mem_mb=12000", "token:runtime=90"),
            ("--set-resources", "qc_pass:mem_mb=12000", "token:runtime=90"),
        ),
        (("--set-threads", "token=1000"), ("--set-threads", "token=1000")),
        (("--set-resources=token:mem_mb=1000",), ("--set-resources=token:mem_mb=1000",)),
        (("--config", "first_pass=out/x.bam"), ("--config", "first_pass=out/x.bam")),
        (("--token=a b",), ("--token=***",)),
        (("--logger-observe-mask=acme",), ("--logger-observe-mask=***",)),
        (("--logger-observe-notify", "curl x/y"), ("--logger-observe-notify", "***")),
        (("--logger-observe-notify=curl x/y",), ("--logger-observe-notify=***",)),
        (("--config", 'db={"password": "x y"}'), ("--config", 'db={"password": "***"}')),
    ],
)
def test_an_argument_is_masked_as_a_whole(
    arguments: tuple[str, ...], masked: tuple[str, ...]
) -> None:
    assert MASKER.arguments(arguments) == masked


# -- time ------------------------------------------------------------------------------------------

# Each is repeated up to a megabyte (in the slow tests): what a pattern that looks ahead or back too far needs hours for.
ADVERSARIAL = (
    *(
        "pass=[",
        "token=$(",
        "token=$((",
        "pw=`",
        "token: |\n a",
        "<token a",
        "token:\n",
        "a_",
        "1-",
    ),
    *("\x1b]8;;", "\x1b]a\x07", "\x1b(", "\x0e", "pass=1", "pass=a/", "pass=a.b/", "sshpass -P a "),
    *("pwd=/", "?key=", "key='", "sig=a1", "<key>", "token: \n", "key,"),
    *("a", " ", "\n", "'", '"', "\\", "\\'", '\\\\"', "a.", "a-", "-", "=", "a=", "a:", "://a:"),
    *("token", "token ", "token=", "token=\\'", "password='", 'secret="\\', "--token ", "<token>"),
    *(
        "key",
        "key=",
        "auth: ",
        "pass=a,",
        "token=a&",
        "://",
        "://a@",
        "ghp_",
        "eyJ",
        "-eyJ",
        "eyJa.",
    ),
    *(
        "SG.a",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----\n",
        "AAAAAAAAAAAAAAAAAAAA\n",
    ),
    *("mysql ", "mysql '", 'curl "', "curl -u a:", "docker login ", "openssl enc ", "mc a:// "),
    *(
        "\x1b[",
        "\x1b[0",
        "\x9b",
        "bearer ",
        "authorization: ",
        "cookie:",
        "setenv pass",
        "login a ",
    ),
    *("identified by ", "xox", "sk-", "1//0", "dp.st.", ":AA", "Q~", "hooks.slack.com/", "a3t"),
)
SCRIPT = """
import sys
from snakemake_logger_plugin_observe.journal.masking import Masker
masker = Masker(("hunter2X9q", "a" * 40))
size = int(sys.argv[1])
for part in sys.stdin.read().split("\\0"):
    for end in ("", "!", "'", '"', "\\\\", " x"):
        masker.text("token " + part * (size // 10 // len(part)) + end, keep_lines=True)
    masker.text(part * (size // len(part)))
print("done")
"""


@pytest.mark.parametrize("size", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_text_that_is_made_to_take_long_does_not(size: int) -> None:
    """A pattern that backtracks takes hours here; the limit is no measurement."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(size)],
        input="\0".join(ADVERSARIAL),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr
