"""What a tool prints reaches the console as it is, and its end is kept.

The console's file descriptors belong to the process, so each test runs in a process of its own.
"""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.external.log_tails import printed_tail
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import LogTail

# Runs its argument by a shell as a tool whose last 3 lines are kept, and writes what was kept.
_RUN = """
import sys
from snakemake.shell import shell
from snakemake_executor_plugin_timed import tool_processes
assert tool_processes.install(int(sys.argv[2]))
tool_processes.begin()
process = sys.modules["snakemake.shell"].sp.Popen(["sh", "-c", sys.argv[1]])
code = process.wait()
print("after", file=sys.stderr, flush=True)
with open(sys.argv[3], "w") as file:
    print(code, [(one.source, one.last_bytes()) for one in tool_processes.end().printed], file=file)
"""


def program(command: str, kept: Path, lines: int = 3) -> list[str]:
    return [sys.executable, "-c", _RUN, command, str(lines), str(kept)]


def test_stderr_is_passed_on_and_its_end_kept(tmp_path: Path) -> None:
    command = program("echo a; echo b >&2; exit 3", tmp_path / "kept")
    done = subprocess.run(command, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"a\n", b"b\nafter\n")
    assert (tmp_path / "kept").read_text() == "3 [('stderr', b'b\\n')]\n"


def test_where_stdout_and_stderr_go_to_the_same_place_their_order_stays(tmp_path: Path) -> None:
    command = program(
        "for n in 1 2 3 4 5; do echo out $n; echo err $n >&2; done", tmp_path / "kept"
    )
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    lines = [f"{kind} {n}" for n in range(1, 6) for kind in ("out", "err")]
    assert done.stdout.decode().splitlines() == [*lines, "after"]
    assert (tmp_path / "kept").read_text().startswith("0 [('stdout and stderr', b'out 1")


def test_all_of_much_output_is_passed_on_before_the_tool_counts_as_ended(tmp_path: Path) -> None:
    command = program("seq 200000 >&2", tmp_path / "kept")
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr.decode().split() == [*map(str, range(1, 200_001)), "after"]
    assert (tmp_path / "kept").read_text().endswith("199999\\n200000\\n')]\n")


def test_a_terminal_stays_a_terminal(tmp_path: Path) -> None:
    child, console = pty.fork()
    if child == 0:
        command = program("test -t 1 && test -t 2 && echo a >&2 && echo b", tmp_path / "kept")
        os.execv(command[0], command)  # noqa: S606 - this Python
    shown = b""
    try:
        while data := os.read(console, 1000):
            shown += data
    except OSError:  # the end of a terminal
        pass
    os.waitpid(child, 0)
    assert shown == b"a\r\nb\r\nafter\r\n"
    assert (tmp_path / "kept").read_text() == "0 [('stdout and stderr', b'a\\nb\\n')]\n"


def test_a_tool_is_not_waited_for_longer_because_of_what_it_left_in_the_background(
    tmp_path: Path,
) -> None:
    """It goes on to print, too."""
    command = program("(sleep 0.3; echo late >&2) & echo early >&2", tmp_path / "kept")
    command[2] += "\nimport time; time.sleep(1)"
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b"early\nafter\nlate\n"
    assert (tmp_path / "kept").read_text() == "0 [('stderr', b'early\\n')]\n"


def test_a_tool_notices_that_the_console_has_gone(tmp_path: Path) -> None:
    command = program("yes >&2", tmp_path / "kept")
    with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        assert running.stderr.read(2) == b"y\n"
        running.stderr.close()
        running.wait(timeout=60)
    assert not (tmp_path / "kept").exists()  # Python itself cannot print "after"


def test_nothing_is_kept_unless_asked_for(tmp_path: Path) -> None:
    command = program("echo b >&2", tmp_path / "kept", lines=0)
    subprocess.run(command, capture_output=True, check=True)
    assert (tmp_path / "kept").read_text() == "0 []\n"


# -- as lines ------------------------------------------------------------------------------------


def kept(data: bytes, most: int = 3, *secrets: str) -> LogTail:
    return printed_tail("(stderr)", data, most, mask=Masker(secrets))


def test_the_last_lines_are_kept_as_a_terminal_shows_them() -> None:
    found = kept(b"one\ntwo\n1 %\r2 %\r\n\x1b[31mError:\x1b[0m bad\n\n")
    assert found == LogTail(path="(stderr)", lines=("two", "2 %", "Error: bad"))


def test_a_line_whose_begin_is_missing_is_left_out() -> None:
    assert kept(b"x" * 1495 + b"\nend\n").lines == ("end",)


def test_secrets_are_masked_before_lines_are_cut() -> None:
    assert kept(b"a horse battery\n", 3, "horse battery").lines == ("a ***",)


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_a_tool_that_printed_nothing_is_said_to(data: bytes) -> None:
    assert kept(data) == LogTail(path="(stderr)", problem="the tool printed nothing to it")
