"""Clocks that are wrong, or set during a run: figures stay true, or carry their bounds.

This machine's clock is not touched. A node's clock is shifted only for its processes: by a module that
Python loads first and a ``date`` script, or by Debian's ``faketime``.
"""

import functools
import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab import BOTH, Lab, attempts_of, phases_s

from snakemake_logger_plugin_observe.journal.records import Offset
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.unobserved import OTHER_CLOCK

pytestmark = pytest.mark.timed

WITHIN_S = 0.3
RULES = ("first", "second")
ON_THE_NODE = ("node_startup", "node_plan", "stage_in", "compute", "stage_out", "node_exit")
NO_FAKETIME = pytest.mark.skipif(shutil.which("faketime") is None, reason="not run: no faketime")

# One after the other; each records when its tool ended, by the kernel's uptime, which is not shifted.
SNAKEFILE = """
    rule all:
        input: "first.txt", "second.txt"

    rule first:
        output: "first.txt"
        resources: hold=3
        priority: 2
        shell: "sleep 2; touch {output}; cat /proc/uptime >> first.tool"

    rule second:
        output: "second.txt"
        resources: hold=1
        shell: "sleep 1; touch {output}; cat /proc/uptime >> second.tool"
"""

# Holds a job for some seconds, then runs it with the node's clock.
SUBMIT = r"""#!/bin/sh
setsid sh -c '
    sleep "$1"
    export JOB="$(basename "$2" | cut -d. -f2)"
    . ./node.sh
    cat /proc/uptime > "$JOB.there"
    node "$2"
    cat /proc/uptime > "$JOB.gone"
' submit "$@" > "$(basename "$2").out" 2>&1 < /dev/null &
echo $!
"""

# What a node's Python reads: its clock, and the name of its kernel's boot ("" is unknown). It
# keeps when it truly started its tool, and when it truly ended.
SITECUSTOMIZE = """
import atexit, builtins, io, os, select, subprocess, time

shift, boot = float(os.environ["SHIFT"]), os.environ.get("BOOT")
real_time, real_time_ns, real_open = time.time, time.time_ns, builtins.open
if shift:
    time.time = lambda: real_time() + shift
    time.time_ns = lambda: real_time_ns() + round(shift * 1e9)

def opened(file, *args, **kwargs):
    if file == "/proc/sys/kernel/random/boot_id" and boot is not None:
        return io.StringIO(boot)
    return real_open(file, *args, **kwargs)

def note(what):
    with real_open(os.environ["JOB"] + what, "a") as noted:
        print(time.clock_gettime(time.CLOCK_BOOTTIME), file=noted)

class Popen(subprocess.Popen):
    def __init__(self, *args, **kwargs):
        note(".tool")
        super().__init__(*args, **kwargs)

builtins.open, subprocess.Popen = opened, Popen
atexit.register(note, ".there")
if "FAKETIME" in os.environ:  # it breaks Python's sleep, which names an absolute moment
    time.sleep = lambda seconds: select.select([], [], [], seconds) and None
    note(".tool")
"""


@dataclass
class Seen:
    """A run on a node whose clock is *shift_s* ahead, and the true times of its jobs there."""

    run: Run
    shift_s: float
    faked: bool
    there: dict[str, list[float]]
    gone: dict[str, float]
    """When its job's script had ended, some time after Snakemake in it."""
    tool: dict[str, list[float]]

    def attempt(self, rule: str) -> Attempt:
        (attempt,) = attempts_of(self.run, rule)
        return attempt

    def offset(self, rule: str) -> Offset:
        offset = self.attempt(rule).offset
        assert offset is not None
        return offset

    def queue_s(self, rule: str) -> float:
        """Return how long it really waited in the queue."""
        return self.there[rule][0] - self.attempt(rule).stamps.accepted / 1e6

    def poll_s(self, rule: str) -> tuple[float, float]:
        """Return how long it really waited for the status check: from its script's end, or before.

        A status check that found the job running makes the script's end a part of ``node_exit``.
        """
        reported = self.attempt(rule).stamps.reported / 1e6
        return reported - self.gone[rule], reported - self.there[rule][1]


def moments(path: Path) -> list[float]:
    """Return the moments that a file contains in seconds since boot."""
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return [boot + float(line.split()[0]) for line in path.read_text().splitlines()]


def on_a_node(lab: Lab, shift_s: float, node: str) -> Seen:
    """Run the workflow with jobs that are started by the shell function *node*."""
    lab.snakefile(SNAKEFILE)
    (lab.folder / "node").mkdir()
    (lab.folder / "node" / "sitecustomize.py").write_text(SITECUSTOMIZE)
    (lab.folder / "node.sh").write_text(f"node() {{\n{node}\n}}\n")
    (lab.folder / "submit.sh").write_text(SUBMIT)
    (lab.folder / "submit.sh").chmod(0o755)
    lab.snakemake(
        *(*BOTH, "--jobs", "1", "--timed-wraps", "cluster-generic"),
        *("--seconds-between-status-checks", "1", "--cluster-generic-submit-cmd"),
        f"{lab.folder}/submit.sh {{resources.hold}}",
    )
    there = {rule: moments(lab.folder / f"{rule}.there") for rule in RULES}
    gone = {rule: moments(lab.folder / f"{rule}.gone")[0] for rule in RULES}
    tool = {rule: moments(lab.folder / f"{rule}.tool") for rule in RULES}
    return Seen(lab.run(), shift_s, "faketime" in node, there, gone, tool)


def injected(lab: Lab, shift_s: int, boot: str) -> Seen:
    """Run it where Python and ``date`` have another clock, of another kernel's boot."""
    shim = lab.folder / "bin" / "date"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec /bin/date -d "{shift_s} seconds" "$@"\n')
    shim.chmod(0o755)
    return on_a_node(
        lab,
        shift_s,
        f'export SHIFT={shift_s} BOOT="{boot}" PATH="$PWD/bin:$PATH"\n'
        'export PYTHONPATH="$PWD/node:$PYTHONPATH"\nsh "$1"',
    )


def faked(lab: Lab, shift_s: int, *, known: bool) -> Seen:
    """Run it under faketime, with this kernel's boot *known* or not."""
    return on_a_node(
        lab,
        shift_s,
        f'export SHIFT=0 {"" if known else "BOOT="} PYTHONPATH="$PWD/node:$PYTHONPATH"\n'
        "export DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1\n"
        f'faketime -f "{shift_s:+d}s" sh "$1"',
    )


OTHER_BOOT = "11111111-2222-3333-4444-555555555555"
NODES: dict[str, Callable[[Lab, int], Seen]] = {
    "another boot": lambda lab, shift_s: injected(lab, shift_s, OTHER_BOOT),
    "the same boot": lambda lab, shift_s: faked(lab, shift_s, known=True),
    "an unknown boot": lambda lab, shift_s: faked(lab, shift_s, known=False),
}


@pytest.fixture(scope="module")
def run_there(new_lab: Callable[[str], Lab]) -> Callable[[str, int], Seen]:
    """Return what runs the workflow once for each node and shift."""
    return functools.cache(
        lambda node, shift_s: NODES[node](new_lab(node.replace(" ", "-")), shift_s)
    )


@pytest.fixture
def seen(request: pytest.FixtureRequest, run_there: Callable[[str, int], Seen]) -> Seen:
    return run_there(*request.param)


def about(seconds: float) -> object:
    return pytest.approx(seconds, abs=WITHIN_S)


def is_between(seconds: float, least: float, most: float) -> bool:
    return least - WITHIN_S <= seconds <= most + WITHIN_S


def on(*nodes: str) -> pytest.MarkDecorator:
    """Return the mark of a test of runs on *nodes*, with clocks ahead and behind."""
    return pytest.mark.parametrize(
        "seen",
        [
            pytest.param(
                *((node, shift_s),),
                marks=() if node == "another boot" else NO_FAKETIME,
                id=f"{node}, {shift_s:+d} s",
            )
            for node in nodes
            for shift_s in (90, -90)
        ],
        indirect=True,
    )


@on(*NODES)
def test_compute_is_the_tool_s_true_time(seen: Seen) -> None:
    """Under faketime a thread may be delayed before it starts its tool; no clock causes that."""
    for rule in RULES:
        *before, began, ended = seen.tool[rule]
        compute = phases_s(seen.attempt(rule))["compute"]
        earliest = before[-1] if seen.faked else began
        assert ended - began - WITHIN_S <= compute <= ended - earliest + WITHIN_S


@on(*NODES)
def test_the_phases_on_the_node_sum_to_its_true_time(seen: Seen) -> None:
    for rule in RULES:
        began, ended = seen.there[rule]
        found = phases_s(seen.attempt(rule))
        there_s = sum(found[phase] for phase in ON_THE_NODE)
        assert is_between(there_s, ended - began, seen.gone[rule] - began)


@on(*NODES)
def test_the_sum_of_queue_and_poll_wait_is_true(seen: Seen) -> None:
    for rule in RULES:
        found = phases_s(seen.attempt(rule))
        together = found.get("queue_wait", 0) + found.get("poll_wait", 0)
        least, most = (seen.queue_s(rule) + poll_s for poll_s in seen.poll_s(rule))
        assert is_between(together, least, most)


@on(*NODES)
def test_an_injected_wait_is_within_the_bounds_of_its_phase(seen: Seen) -> None:
    """Exact ones have no bounds, and equal the injected wait."""
    for rule in RULES:
        offset, found = seen.offset(rule), phases_s(seen.attempt(rule))
        bounds = offset.queue_wait_bounds_s, offset.poll_wait_bounds_s
        waited = (seen.queue_s(rule), seen.queue_s(rule)), seen.poll_s(rule)
        for phase, (least, most), bound in zip(
            ("queue_wait", "poll_wait"), waited, bounds, strict=True
        ):
            if bound is None:
                assert offset.low_s == offset.high_s
                assert is_between(found[phase], least, most)
            else:
                assert bound[0] - WITHIN_S <= most
                assert least <= bound[1] + WITHIN_S
                assert bound[0] <= found.get(phase, 0) <= bound[1]


@on(*NODES)
def test_the_true_offset_is_within_its_bounds(seen: Seen) -> None:
    for rule in RULES:
        offset = seen.offset(rule)
        assert offset.low_s - 0.02 <= seen.shift_s <= offset.high_s + 0.02


@on("another boot")
def test_a_later_job_s_bounds_are_no_wider(seen: Seen) -> None:
    widths = [seen.offset(r).high_s - seen.offset(r).low_s for r in RULES]
    assert widths[1] <= widths[0]


@on("the same boot")
def test_within_one_boot_the_offset_is_exact_with_any_clock(seen: Seen) -> None:
    for rule in RULES:
        offset = seen.offset(rule)
        assert offset.low_s == offset.assumed_s == offset.high_s
        assert offset.assumed_s == pytest.approx(seen.shift_s, abs=0.02)
        assert seen.attempt(rule).unobserved == ()


@on("an unknown boot")
def test_a_node_with_the_main_hosts_name_and_another_clock_is_reported(
    seen: Seen,
) -> None:
    for rule in RULES:
        assert seen.offset(rule).host == socket.gethostname()
        assert seen.attempt(rule).unobserved == (OTHER_CLOCK,)


# -- the main process's clock, set while a run goes on -------------------------------------------------

# The wall clock of every Python here is set once a file is there.
SET_LATER = """
import os, time

step, sign = float(os.environ["STEP"]), os.environ["SIGN"]
real_time, real_time_ns = time.time, time.time_ns

def by():
    return step if os.path.exists(sign) else 0.0

time.time = lambda: real_time() + by()
time.time_ns = lambda: real_time_ns() + round(by() * 1e9)
"""


@pytest.mark.parametrize("step_s", [3.2, -3600])
def test_setting_the_wall_clock_during_a_run_is_reported_and_changes_no_duration(
    lab: Lab, step_s: float
) -> None:
    """The process that is spawned for ``after`` reads the clock when it has been set."""
    lab.snakefile("""
        rule all:
            input: "during.txt", "after.txt"

        rule during:
            output: "during.txt"
            shell:
                "cat /proc/uptime > during.tool; sleep 1; touch sign; sleep 1; "
                "cat /proc/uptime >> during.tool; touch {output}"

        rule after:
            input: "during.txt"
            output: "after.txt"
            run:
                shell(
                    "cat /proc/uptime > after.tool; sleep 1; "
                    "cat /proc/uptime >> after.tool; touch {output}"
                )
    """)
    (lab.folder / "main").mkdir()
    (lab.folder / "main" / "sitecustomize.py").write_text(SET_LATER)
    path = f"{lab.folder}/main:{os.environ.get('PYTHONPATH', '')}"
    began = time.monotonic()
    lab.snakemake(*BOTH, "--cores", "1", PYTHONPATH=path, SIGN="sign", STEP=str(step_s))
    took = time.monotonic() - began
    run = lab.run()
    for rule in ("during", "after"):
        (attempt,) = attempts_of(run, rule)
        tool = moments(lab.folder / f"{rule}.tool")
        assert phases_s(attempt)["compute"] == about(tool[1] - tool[0])
        assert attempt.unobserved == ()
    # From the stamp at its exit on, the interpreter may wait a second for a timer of Snakemake's,
    # and takes its time on a busy machine: less than any step.
    assert took - 2.5 <= run.makespan / 1e6 <= took
    (message,) = [one.text for one in run.messages if one.kind == "clock_set"]
    assert f"set {'forward' if step_s > 0 else 'back'} by {abs(step_s):.2f}" in message
    assert f"! {message[:60]}" in lab.observe("cost").stdout
