"""Tools are waited for with wait4: they end as before, and what each used is known."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from snakemake.shell import shell

from snakemake_executor_plugin_timed import tool_processes

SHELL = sys.modules["snakemake.shell"]  # the package's attribute of this name is a class
BURN = "import time\nwhile time.process_time() < 0.2: pass"


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(SHELL, "sp", subprocess)
    assert tool_processes.install()
    yield
    tool_processes.end()


def cpu_s(tool: tool_processes.ToolProcesses) -> list[float]:
    return [process.used.ru_utime + process.used.ru_stime for process in tool.ended]


def test_a_shell_command_of_a_tool_is_measured_with_its_children() -> None:
    tool_processes.begin()
    shell(f"{sys.executable} -c {BURN!r} | cat; true".replace("\\n", "\n"))
    tool = tool_processes.end()
    assert tool.started == 1
    (used,) = cpu_s(tool)
    assert used >= 0.2


def test_tools_of_several_threads_are_measured_apart() -> None:
    found: dict[str, tool_processes.ToolProcesses] = {}

    def run(name: str, command: str) -> None:
        tool_processes.begin()
        shell(command)
        found[name] = tool_processes.end()

    busy = f"{sys.executable} -c '{BURN}'"
    threads = [threading.Thread(target=run, args=one) for one in (("a", busy), ("b", "true"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (busy_s,), (idle_s,) = cpu_s(found["a"]), cpu_s(found["b"])
    assert busy_s >= 0.2 > idle_s


def test_all_commands_of_a_tool_count() -> None:
    tool_processes.begin()
    shell("true")
    assert list(shell("echo a; echo b", iterable=True)) == ["a", "b"]
    assert shell("echo a", read=True) == "a\n"
    assert len(tool_processes.end().ended) == 3


def test_a_command_that_is_not_waited_for_has_started_and_not_ended() -> None:
    tool_processes.begin()
    lines = shell("echo a; echo b", iterable=True)
    assert next(lines) == "a"
    tool = tool_processes.end()
    assert (tool.started, tool.ended) == (1, [])
    assert list(lines) == ["b"]


def test_what_no_tool_starts_is_not_measured() -> None:
    shell("true")
    tool_processes.begin()
    assert tool_processes.end().started == 0


def test_installing_twice_changes_nothing() -> None:
    known = SHELL.sp
    assert tool_processes.install()
    assert SHELL.sp is known
    assert known.PIPE is subprocess.PIPE
    assert issubclass(known.Popen, subprocess.Popen)
    assert subprocess.Popen is not known.Popen


def test_a_snakemake_that_starts_its_tools_in_another_way_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SHELL, "sp", object())
    assert not tool_processes.install()


# -- a process ends as it does without us --------------------------------------------------------

KINDS = pytest.mark.parametrize("kind", [subprocess.Popen, tool_processes._Popen])


@KINDS
@pytest.mark.parametrize(("command", "code"), [("exit 3", 3), ("kill -9 $$", -9), ("true", 0)])
def test_its_exit_code_is_the_same(kind: Any, command: str, code: int) -> None:
    assert kind(["sh", "-c", command]).wait() == code


@KINDS
def test_it_can_be_terminated_while_another_thread_waits(kind: Any) -> None:
    process = kind(["sleep", "30"])
    waiting = threading.Thread(target=process.wait)
    waiting.start()
    process.terminate()
    waiting.join()
    assert process.returncode == -signal.SIGTERM


@KINDS
def test_terminating_one_that_has_ended_does_nothing(kind: Any) -> None:
    process = kind(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    process.terminate()
    process.kill()
    assert process.returncode == 0


@KINDS
def test_one_that_runs_has_no_exit_code_yet(kind: Any) -> None:
    process = kind(["sleep", "30"])
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL


@KINDS
def test_one_that_somebody_else_has_waited_for_ends_with_0(kind: Any) -> None:
    process = kind(["sh", "-c", "exit 3"])
    os.waitpid(process.pid, 0)
    assert process.wait() == 0


def test_one_that_ended_before_it_was_terminated_is_measured_all_the_same() -> None:
    tool_processes.begin()
    process = tool_processes._Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    process.terminate()
    assert process.wait() == 0
    assert [one.pid for one in tool_processes.end().ended] == [process.pid]


def test_a_command_that_cannot_be_started_raises_as_before() -> None:
    tool_processes.begin()
    with pytest.raises(FileNotFoundError):
        tool_processes._Popen(["/nowhere/at/all"])
    assert tool_processes.end().started == 0
