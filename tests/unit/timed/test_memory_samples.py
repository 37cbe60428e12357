"""Samples of tools' memory: a lower bound, of their whole tree of processes."""

import _thread
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from snakemake_executor_plugin_timed import memory_samples
from snakemake_executor_plugin_timed.memory_samples import (
    MemorySamples,
    Sampled,
    _children,
    memory_of_tree,
)

HOLD = "import sys, time; held = bytearray(int(sys.argv[1])); print(flush=True); time.sleep(60)"


def started(size: int, *before: str) -> "subprocess.Popen[bytes]":
    """Return a process that holds *size* bytes, which it has by now."""
    command = [*before, sys.executable, "-c", HOLD, str(size)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def sampled(samples: MemorySamples, pid: int) -> None:
    """Wait until there is a sample."""
    while not samples._watched[pid].found.samples:
        time.sleep(0.01)


def test_a_process_and_its_children_are_sampled() -> None:
    samples = MemorySamples()
    own = started(30_000_000)
    of_child = started(60_000_000, "sh", "-c", '"$@"; true', "sh")
    for process in (own, of_child):
        samples.watch(process.pid)
    for process in (own, of_child):
        sampled(samples, process.pid)
    found = [samples.forget(process.pid).peak for process in (own, of_child)]
    marks = list(memory_of_tree(of_child.pid))
    (child,) = _children(of_child.pid)
    os.kill(child, signal.SIGKILL)
    for process in (own, of_child):
        process.kill()
        process.communicate()
    assert 30_000_000 < found[0] < 60_000_000 < found[1]
    assert len(marks) == 2


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets an item for each thread that is started to take samples."""
    starts: list[int] = []
    start = _thread.start_new_thread

    def counted(function: Any, arguments: Any) -> int:
        starts.append(1)
        return start(function, arguments)

    monkeypatch.setattr(_thread, "start_new_thread", counted)
    return starts


def test_the_thread_ends_when_nothing_is_watched_and_begins_again(
    monkeypatch: pytest.MonkeyPatch, starts: list[int]
) -> None:
    monkeypatch.setattr(memory_samples, "_IDLE_S", 0.01)
    samples = MemorySamples()
    for _ in range(2):
        process = started(1)
        samples.watch(process.pid)
        sampled(samples, process.pid)
        process.kill()
        process.communicate()
        assert samples.forget(process.pid).peak > 0
        while samples._runs:
            time.sleep(0.01)
    assert len(starts) == 2


def test_the_thread_waits_for_the_next_tool(
    monkeypatch: pytest.MonkeyPatch, starts: list[int]
) -> None:
    monkeypatch.setattr(memory_samples, "_IDLE_S", 60)
    samples = MemorySamples()
    process = started(1)
    for _ in range(3):
        samples.watch(process.pid)
        sampled(samples, process.pid)
        samples.forget(process.pid)
        while not samples._idle:
            time.sleep(0.01)
    process.kill()
    process.communicate()
    assert len(starts) == 1


def test_a_tool_is_sampled_whether_the_thread_waits_or_is_about_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_samples, "_IDLE_S", 0.0001)
    monkeypatch.setattr(memory_samples, "_FIRST_S", 0.0)
    samples = MemorySamples()
    process = started(1)
    for _ in range(50):
        samples.watch(process.pid)
        sampled(samples, process.pid)
        samples.forget(process.pid)
    process.kill()
    process.communicate()


def test_a_process_that_was_gone_before_its_first_sample_has_none() -> None:
    samples = MemorySamples()
    process = subprocess.Popen(["true"])
    samples.watch(process.pid)
    process.wait()
    assert samples.forget(process.pid) == Sampled()
    assert samples.forget(process.pid) == Sampled()


def test_a_process_whose_number_is_another_s_by_now_is_not_sampled() -> None:
    """Only children of ours are."""
    assert list(memory_of_tree(os.getppid())) == []
    assert list(memory_of_tree(2**22 + 1)) == []


def test_processes_that_hold_memory_at_once_are_summed() -> None:
    """The shell around them holds next to nothing."""
    samples = MemorySamples()
    hold = [sys.executable, "-c", HOLD, "60000000"]
    script = '"$@" & "$@" & wait'
    process = subprocess.Popen(["sh", "-c", script, "sh", *hold], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    samples.watch(process.pid)
    sampled(samples, process.pid)
    found = samples.forget(process.pid)
    for child in _children(process.pid):
        os.kill(child, signal.SIGKILL)
    process.communicate()
    assert found.at_once == 2
    assert 60_000_000 < found.peak < 120_000_000 < found.together
