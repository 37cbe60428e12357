"""Runs with an injected fault: how they are started, waited for and compared with the bare run."""

import importlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from lab import Lab, without_moments

FAULTS: Final = Path(__file__).parents[1] / "faults"
ONE: Final = "rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n"
SLEEPERS: Final = """
    rule all:
        input: expand("{i}.txt", i=range(3))
    rule sleeper:
        output: "{i}.txt"
        shell: "sleep 1.5; touch {output}"
"""


def injected(
    module: str, name: str | None = None, where: str = "main", **how: Any
) -> dict[str, str]:
    """Return the environment that puts a fault into a run; see injected/sitecustomize.py.

    Raises:
        ModuleNotFoundError: if there is no such module; the fault would never happen.
        AttributeError: if the module has no such function or method.

    """
    if module:
        owner = importlib.import_module(module)
        if name is not None:
            attrgetter(name)(owner)
    fault = {"module": module, "name": name, "where": where, **how}
    return {"INJECTED": json.dumps(fault), **on_the_path("injected")}


def on_the_path(folder: str) -> dict[str, str]:
    """Return the environment in which Python searches *folder* of tests/faults first."""
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(FAULTS / folder), *([known] if known else [])])}


def ours(stderr: str) -> list[str]:
    """Return our lines on the console."""
    return [line for line in stderr.splitlines() if "snakemake-observe" in line]


def warnings(stderr: str) -> list[str]:
    """Return our lines on the console that are not the run's summary."""
    ends = ("success", "failed", "interrupted", "nothing_to_do")
    return [line for line in ours(stderr) if line.split(": ", 1)[1].split(" ")[0] not in ends]


@contextmanager
def started(lab: Lab, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run Snakemake in a process session of its own, which is killed at the end."""
    process = subprocess.Popen(
        lab.command(*arguments),
        cwd=lab.folder,
        env=lab.environment(**environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Kill what is left of a process session of ``started``."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


def wait_until(true: Callable[[], Any], seconds: float = 600) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def journal_says(lab: Lab, text: str, times: int = 1) -> Callable[[], bool]:
    return lambda: any(journal.read_text().count(text) >= times for journal in lab.journals)


def outputs(lab: Lab) -> dict[str, bytes]:
    """Return the files that the run made."""
    return {
        str(path.relative_to(lab.folder)): path.read_bytes()
        for path in sorted(lab.folder.rglob("*"))
        if path.is_file() and ".snakemake" not in path.parts and not path.name.startswith("submit")
    }


def seen(lab: Lab, done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what a user sees of a run: exit code, console, files."""
    return {
        "exit code": done.returncode,
        "stdout": done.stdout,
        "stderr": comparable(lab, done.stderr),
        "files": outputs(lab),
    }


def comparable(lab: Lab, text: str) -> str:
    """Return console text without times, our lines, and our frames in Python's tracebacks."""
    lines: list[str] = []
    skipped = False
    for line in without_moments(text).replace(str(lab.folder), "HERE").splitlines():
        if line.startswith("  File "):
            skipped = "snakemake_executor_plugin_timed" in line
        elif line and not line.startswith("    "):
            skipped = False
        if not skipped:
            lines.append(line)
    return "\n".join(lines)
