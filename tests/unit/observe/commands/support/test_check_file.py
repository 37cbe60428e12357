"""The check file: what is read, and the error for each mistake."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.analysis.check.budgets import Limit
from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES
from snakemake_logger_plugin_observe.commands.support.check_file import (
    CheckFileError,
    read_check_file,
)
from snakemake_logger_plugin_observe.commands.support.check_tables import Baseline, CheckTables

WHOLE = """\
version = 1

[max]
makespan_s = 120
class_share.scheduling = 0.5
queue_wait_s = { p95 = 600 }
rule_compute_s."a b" = 2.5

[max.phase_s]
latency_wait = 1

[min]
jobs_planned = 30

[publish]
files = [
    "results/**",  # all of it
    'a "b".txt', "c.txt",
]
verify = [
    ["python3", "{here}/verify.py", "."],
    ["true"]]
verify_timeout_s = 5

[baseline]
journal = "baseline.jsonl"
same_work = true
slower_by = 0.2
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "observe.toml"


def test_every_entry_is_read_with_its_line(path: Path) -> None:
    path.write_text(WHOLE)
    check = read_check_file(path)
    assert set(check.limits) == {
        Limit("max", "makespan_s", "", 120, 4),
        Limit("max", "class_share", "scheduling", 0.5, 5),
        Limit("max", "queue_wait_s", "p95", 600, 6),
        Limit("max", "rule_compute_s", "a b", 2.5, 7),
        Limit("max", "phase_s", "latency_wait", 1, 10),
        Limit("min", "jobs_planned", "", 30, 13),
    }
    publish, baseline = check.tables.publish, check.tables.baseline
    assert publish.files == ("results/**", 'a "b".txt', "c.txt")
    assert publish.verify == (("python3", "{here}/verify.py", "."), ("true",))
    assert publish.verify_timeout_s == 5
    assert baseline == Baseline(journal="baseline.jsonl", same_work=True, slower_by=0.2)
    assert {at: line for at, line in check.lines.items() if at[0] in ("publish", "baseline")} == {
        ("publish",): 15,
        ("publish", "files"): 16,
        ("publish", "files", 0): 17,
        ("publish", "files", 1): 18,
        ("publish", "files", 2): 18,
        ("publish", "verify"): 20,
        ("publish", "verify", 0): 21,
        ("publish", "verify", 1): 22,
        ("publish", "verify_timeout_s"): 23,
        ("baseline",): 25,
        ("baseline", "journal"): 26,
        ("baseline", "same_work"): 27,
        ("baseline", "slower_by"): 28,
    }


def test_all_but_the_version_may_be_left_out(path: Path) -> None:
    path.write_text("version = 1\n")
    check = read_check_file(path)
    assert list(check.limits) == []
    assert check.tables == CheckTables(version=1)


V = "version = 1\n"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", ":1: no version: write version = 1 at the top"),
        ("[max]\n", ":1: no version: write version = 1 at the top"),
        ("version = 2\n", ":1: unknown version: this snakemake-observe reads version 1 only"),
        ("version = true\n", ":1: unknown version: this snakemake-observe reads version 1 only"),
        (V + "x = \n", ":2: not TOML: Invalid value"),
        (V + "[max]\na = [1,\n", ":4: not TOML: "),
        (V + "[max]\nretries = 1\nretries = 2\n", ":4: not TOML: Cannot overwrite a value"),
        (V + "maxx = 1\n", ":2: unknown key maxx; did you mean max?"),
        (V + "max = 1\n", ":2: write it as a table: [max]"),
        (
            V + "[max]\n\njobs_planed = 3\n",
            ":4: unknown key max.jobs_planed; did you mean jobs_planned?",
        ),
        (V + "[max]\nzzz = 3\n", f":3: unknown key max.zzz; use one of {', '.join(FIGURES)}"),
        (V + "[max]\nretries = '3'\n", ":3: '3' is not a whole number from 0 to 1e15"),
        (V + "[max]\nretries = true\n", ":3: True is not a whole number from 0 to 1e15"),
        (V + "[max]\nretries = 0.5\n", ":3: 0.5 is not a whole number from 0 to 1e15"),
        (V + "[max]\nretries = -1\n", ":3: -1 is not a whole number from 0 to 1e15"),
        (V + "[max]\nmakespan_s = nan\n", ":3: nan is not a number of seconds, 0 or more"),
        (V + "[max]\nmakespan_s = inf\n", ":3: inf is not a number of seconds, 0 or more"),
        (V + "[max]\nmakespan_s.x = 1\n", ":3: {'x': 1} is not a number of seconds, 0 or more"),
        (V + "[max]\nclass_share.queue = 50\n", ":3: 50 is not a share of 0 to 1: 0.5 is half"),
        (
            V + "[max]\nclass_share.queues = 0.5\n",
            ":3: unknown key max.class_share.queues; did you mean queue?",
        ),
        (
            V + "[max]\nqueue_wait_s = 600\n",
            ":3: write queue_wait_s.X = ..., where X is one of p50, p90, p95, p99",
        ),
        (
            V + "[max]\nrule_compute_s = 2\n",
            ":3: write rule_compute_s.X = ..., where X is a rule",
        ),
        (
            V + "[publish]\nfiles = 'a'\n",
            ':3: write a list of globs, as ["results/published/**"]',
        ),
        (
            V + "[publish]\nfiles = [\n'ok',\n'/etc/*',\n]\n",
            ":5: '/etc/*': globs must be below the run's working directory",
        ),
        (
            V + "[publish]\nfiles = ['a/../../b']\n",
            ":3: 'a/../../b': globs must be below the run's working directory",
        ),
        (V + "[publish]\nfiles = ['~/b']\n", ":3: '~/b': globs must be below the run's working"),
        (V + "[publish]\nfiles = ['']\n", ":3: an empty glob: name the files that must"),
        (V + '[publish]\nfiles = ["a\\u0000"]\n', ":3: a path or argument cannot contain a NUL"),
        (V + "[publish]\nfile = ['a']\n", ":3: unknown key publish.file; did you mean files?"),
        (
            V + "[publish]\nverify = ['python3', 'x']\n",
            ':3: write a list of commands, each a list of arguments, as [["sha256sum", "--check", "SUMS"]]',
        ),
        (V + "[publish]\nverify = 'x'\n", ":3: write a list of commands, each a list of arguments"),
        (V + "[publish]\nverify = [[]]\n", ":3: a command without a name: write its program first"),
        (
            V + "[publish]\nverify = [['']]\n",
            ":3: a command without a name: write its program first",
        ),
        (
            V + "[publish]\nverify_timeout_s = 'x'\n",
            ":3: 'x' is not a number of seconds, more than 0",
        ),
        (V + "[publish]\nverify_timeout_s = 0\n", ":3: 0 is not a number of seconds, more than 0"),
        (
            V + "[max]\nmemory_of_request = -0.1\n",
            ":3: -0.1 is not a share, 0 or more: 0.5 is half",
        ),
        (V + "[max]\nretries = 1" + 400 * "0" + "\n", "0 is not a whole number from 0 to 1e15"),
        (V + "[max]\nretries = 0x1" + 9999 * "0" + "\n", ":3: Exceeds the limit (4300 digits)"),
        (V + "[max]\nretries = 1" + 9999 * "0" + "\n", ": not TOML: Exceeds the limit (4300 "),
        (V + "[publish]\nfiles = [\n'ok',\n\n3\n]\n", ":6: write a list of globs, as"),
        (
            V + "[publish]\nverify = [\n['true'],\n[\n'a',\n3]\n]\n",
            ":5: write a list of commands, each a list of arguments, as",
        ),
        (V + "publish = { files = ['ok', '~'] }\n", ":2: '~': globs must be below the run's"),
        (
            V + "[baseline]\n",
            ":2: nothing to check: write same_work = true, same_outputs = true or",
        ),
        (V + "[baseline]\nsame_outputs = 1\n", ":3: 1 is not true or false"),
        (V + "[outputs]\nsha256 = 1\n", ":3: write it as a table: [outputs.sha256]"),
        (V + "[outputs.sha256]\na = 'b'\n", ":3: 'b' is not a SHA-256 of 64 digits"),
        (V + "[baseline]\nsame_work = 1\n", ":3: 1 is not true or false"),
        (V + "[baseline]\njournal = 1\n", ":3: write a journal's path as a string"),
        (
            V + "[baseline]\nslower_by = 'x'\n",
            ":3: 'x' is not a share, 0 or more: 0.2 is 20 % slower",
        ),
    ],
)
def test_a_mistake_is_an_error_of_one_line_with_its_place(
    path: Path, text: str, error: str
) -> None:
    path.write_text(text)
    with pytest.raises(CheckFileError) as caught:
        read_check_file(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:")
    assert error in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (V + "[outputs.sha256]\na = 'b'\n[max]\nretrys = 1\n", ":3: 'b' is not a SHA-256"),
        (V + "[max]\nretrys = 1\n[outputs.sha256]\na = 'b'\n", ":3: unknown key max.retrys"),
        ("new = 1\nversion = 2\n", ":2: unknown version: "),
        ("# one\nvesion = 1\n", ":2: unknown key vesion; did you mean version?"),
    ],
)
def test_of_several_mistakes_the_first_is_reported_but_another_version_before_all(
    path: Path, text: str, error: str
) -> None:
    path.write_text(text)
    with pytest.raises(CheckFileError) as caught:
        read_check_file(path)
    assert str(caught.value).startswith(f"{path}{error}")


def test_a_missing_file_s_error_mentions_init(path: Path) -> None:
    with pytest.raises(CheckFileError) as caught:
        read_check_file(path)
    assert (
        str(caught.value)
        == f"{path}: No such file or directory; write a first one with check --init"
    )


def test_a_folder_is_an_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(CheckFileError, match=r"observe\.toml: Is a directory$"):
        read_check_file(path)


def test_bytes_that_are_not_utf_8_are_reported_with_their_line(path: Path) -> None:
    path.write_bytes(b"version = 1\n# \xff\n")
    with pytest.raises(CheckFileError, match=r":2: not UTF-8, which TOML requires$"):
        read_check_file(path)


def test_a_huge_file_is_not_parsed(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**43)
    with pytest.raises(CheckFileError, match=r"too large for a check file \(over 1,000,000 bytes"):
        read_check_file(path)


def test_a_deeply_nested_file_is_an_error(path: Path) -> None:
    path.write_text("version = " + "[" * 100_000)
    with pytest.raises(CheckFileError):
        read_check_file(path)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "observe.toml"
    path.write_bytes(b"version = 1\n" + data)
    with contextlib.suppress(CheckFileError):
        read_check_file(path)
