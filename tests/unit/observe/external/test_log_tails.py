"""The ends of log files: the last lines, with their numbers, or why there are none."""

import os
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.external.log_tails import tails
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import LogTail

MASK = Masker()


def tail(folder: Path, content: bytes) -> LogTail:
    (folder / "a.log").write_bytes(content)
    (found,) = tails(["a.log"], folder, mask=MASK)
    return found


def test_a_short_log_is_read_completely(tmp_path: Path) -> None:
    assert tail(tmp_path, b"one\n\nthree\n") == LogTail(
        path="a.log", bytes=11, first_line=1, lines=("one", "", "three")
    )


def test_the_last_twenty_lines_are_read_with_their_numbers(tmp_path: Path) -> None:
    found = tail(tmp_path, b"".join(b"%d\n" % n for n in range(1, 101)))
    assert (found.first_line, found.lines) == (81, tuple(str(n) for n in range(81, 101)))


def test_the_last_error_before_them_is_kept_where_none_of_them_is_one(tmp_path: Path) -> None:
    news = b"".join(b"read %d\n" % n for n in range(25))
    found = tail(tmp_path, b"Error: first\nError: no index\nbye\n" + news)
    assert (found.earlier_error, found.earlier_error_line) == ("Error: no index", 2)
    assert found.first_line == 9
    found = tail(tmp_path, b"Error: no index\n" + news + b"Error: last\n")
    assert (found.earlier_error, found.earlier_error_line) == (None, None)


def test_only_the_end_of_a_long_log_is_read_without_line_numbers(tmp_path: Path) -> None:
    found = tail(tmp_path, b"x" * 99 + b"\n" + (b"y" * 9_999 + b"\n") * 300)
    assert found.bytes == 100 + 300 * 10_000
    assert found.first_line is None
    assert found.lines == ("y" * 500 + "…",)  # the one before it is cut


@pytest.mark.parametrize("shown", [10, 25, 40])
def test_no_end_of_a_value_is_left_where_a_log_of_one_line_is_cut(
    tmp_path: Path, shown: int
) -> None:
    value = b"correct horse battery staple zq7"
    (tmp_path / "a.log").write_bytes(
        (b"a " * 20_000 + value + b" b" * 10_000)[: 40_000 + len(value) + 16 * 1024 - shown]
    )
    (found,) = tails(["a.log"], tmp_path, mask=Masker((value.decode(),)))
    assert found.lines == ("b " * 250 + "…",)


def test_a_line_without_a_newline_is_read(tmp_path: Path) -> None:
    assert tail(tmp_path, b"one\ntwo").lines == ("one", "two")


def test_a_progress_bar_is_shown_in_its_last_state(tmp_path: Path) -> None:
    assert tail(tmp_path, b"1 %\r50 %\r100 %\nend\r\n").lines == ("100 %", "end")


def test_bytes_that_are_not_utf_8_are_shown_as_escapes(tmp_path: Path) -> None:
    assert tail(tmp_path, b"caf\xe9\n").lines == ("caf\\xe9",)


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", "it is empty"), (b"ELF\0\0\0", "it is not text")]
)
def test_a_log_without_lines_has_a_reason(tmp_path: Path, content: bytes, problem: str) -> None:
    found = tail(tmp_path, content)
    assert (found.bytes, found.lines, found.problem) == (len(content), (), problem)


def test_a_missing_log_is_reported(tmp_path: Path) -> None:
    assert tails(["a.log"], tmp_path, mask=MASK) == (
        LogTail(path="a.log", problem="it does not exist"),
    )


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.log")
    assert tails(["a.log"], tmp_path, mask=MASK) == (
        LogTail(path="a.log", problem="it is not a regular file"),
    )


def test_a_folder_is_not_a_log(tmp_path: Path) -> None:
    assert tails(["."], tmp_path, mask=MASK)[0].problem == "it is not a regular file"


def test_a_log_written_after_the_job_s_end_is_another_attempt_s(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("second\n")
    os.utime(path, ns=(0, 5_000_000_000))
    before, after = (
        tails(["a.log"], tmp_path, mask=MASK, last_written=s * 1_000_000)[0] for s in (4, 5)
    )
    assert before.problem == "another attempt has written to it since"
    assert after.lines == ("second",)


def test_each_log_is_read_once_and_eight_at_most(tmp_path: Path) -> None:
    names = [f"{n}.log" for n in (1, 1, *range(1, 20))]
    assert [one.path for one in tails(names, tmp_path, mask=MASK)] == [
        f"{n}.log" for n in range(1, 9)
    ]


SLURM = b"""
SNAKEMAKE
Building DAG of jobs...
rule all:
    jobid: 0
    reason: Forced execution
    resources: tmpdir=<TBD>
srun: cluster configuration lacks support for cpu binding
localrule all:
    jobid: 0
    resources: tmpdir=/tmp
this is the tool
    input: speaking

RuleException:
CalledProcessError in file "Snakefile", line 3:
[Wed Nov 25 01:09:00 2026]
Error in rule all:
    message: None
Shutting down, this might take some time.
srun: error: n1: task 0: Exited with exit code 1
"""


def executor_log_tail(folder: Path, content: bytes) -> LogTail:
    (folder / "slurm.log").write_bytes(content)
    (found,) = tails([str(folder / "slurm.log")], folder, mask=MASK, of_executor=True)
    return found


def test_only_the_tool_s_lines_of_an_executor_s_log_are_read(tmp_path: Path) -> None:
    found = executor_log_tail(tmp_path, SLURM)
    assert (found.path, found.first_line) == ("slurm.log", 12)
    assert found.lines == ("this is the tool", "    input: speaking")


def test_only_the_last_execution_s_lines_are_read(tmp_path: Path) -> None:
    again = SLURM + SLURM.replace(b"this is the tool", b"once more")
    assert executor_log_tail(tmp_path, again).lines == ("once more", "    input: speaking")


def test_a_tool_without_output_is_reported(tmp_path: Path) -> None:
    silent = SLURM.replace(b"this is the tool\n    input: speaking\n", b"")
    assert executor_log_tail(tmp_path, silent).problem == "the tool printed nothing to it"


def test_an_executor_s_log_without_snakemake_s_lines_is_read_from_its_end(tmp_path: Path) -> None:
    found = executor_log_tail(
        tmp_path, b"slurmstepd: error: *** JOB 7 CANCELLED DUE TO TIME LIMIT ***\n"
    )
    assert found.lines == ("slurmstepd: error: *** JOB 7 CANCELLED DUE TO TIME LIMIT ***",)


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")


def in_logs(tmp_path: Path) -> LogTail:
    (found,) = tails(["logs/a.log"], tmp_path / "work", mask=MASK)
    return found


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Return a folder of this user's, with a file that is called like the log."""
    (tmp_path / "work" / "logs").mkdir(parents=True)
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "a.log").write_text("mine\n")
    return tmp_path / "private"


@pytest.mark.parametrize("target", ["private/a.log", "nowhere"])
def test_a_log_that_is_a_link_is_not_followed(tmp_path: Path, private: Path, target: str) -> None:
    (tmp_path / "work" / "logs" / "a.log").symlink_to(tmp_path / target)
    expected = LogTail(path="logs/a.log", problem="it is a link, which is not followed")
    assert in_logs(tmp_path) == expected


def test_a_folder_of_logs_may_be_a_link_of_this_user_s(tmp_path: Path, private: Path) -> None:
    (tmp_path / "work" / "logs").rmdir()
    (tmp_path / "between").symlink_to(private)
    (tmp_path / "work" / "logs").symlink_to("../between")
    assert in_logs(tmp_path).lines == ("mine",)


@AS_ROOT
@pytest.mark.parametrize("theirs", ["work/logs", "between"])
def test_a_folder_of_logs_that_is_another_user_s_link_is_not_followed(
    tmp_path: Path, private: Path, theirs: str
) -> None:
    """Not even behind a link that is this user's."""
    (tmp_path / "work" / "logs").rmdir()
    (tmp_path / "between").symlink_to(private)
    (tmp_path / "work" / "logs").symlink_to("../between")
    os.lchown(tmp_path / theirs, 12345, 12345)
    assert in_logs(tmp_path).problem == (
        "a link of another user leads there, which is not followed"
    )


@AS_ROOT
def test_another_user_s_link_to_their_own_folder_is_followed(tmp_path: Path, private: Path) -> None:
    """It shows nothing that they could not have put there."""
    (tmp_path / "work" / "logs").rmdir()
    (tmp_path / "work" / "logs").symlink_to(private)
    os.lchown(tmp_path / "work" / "logs", 12345, 12345)
    os.chown(private, 12345, 12345)
    assert in_logs(tmp_path).lines == ("mine",)


def test_links_that_lead_to_themselves_end(tmp_path: Path, private: Path) -> None:
    (tmp_path / "work" / "logs").rmdir()
    (tmp_path / "work" / "logs").symlink_to("logs")
    assert in_logs(tmp_path).problem == "too many links lead there"


def test_a_log_that_has_not_changed_since_an_earlier_failure_is_not_about_this_one(
    tmp_path: Path,
) -> None:
    """Such as that of a job whose retry was never accepted."""
    seen: dict[str, tuple[int, ...]] = {}

    def read() -> LogTail:
        (found,) = tails(["a.log"], tmp_path, mask=MASK, seen=seen)
        return found

    (tmp_path / "a.log").write_bytes(b"no room\n")
    assert read().lines == ("no room",)
    assert read() == LogTail(
        path="a.log", bytes=8, problem="nothing was written to it since an earlier failure"
    )
    (tmp_path / "a.log").write_bytes(b"no room either\n")
    assert read().lines == ("no room either",)


def test_a_log_from_before_the_attempt_is_not_about_it(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"no room\n")
    written = clock.from_wall((tmp_path / "a.log").stat().st_mtime_ns // 1000)
    (before,) = tails(["a.log"], tmp_path, mask=MASK, first_written=written + 10_001)
    (since,) = tails(["a.log"], tmp_path, mask=MASK, first_written=written + 10_000)
    assert before.problem == "it was last written before this attempt began"
    assert since.lines == ("no room",)
