"""``watch`` in a terminal next to a real run: before it, during it and after it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import BOTH, Lab
from terminal import ENTERS_SCREEN, LEAVES_SCREEN, SHOWS_CURSOR, Terminal

SNAKEFILE = """
rule all:
    input: "long.txt", "next.txt"
rule bad:
    output: "bad.txt"
    log: "logs/bad.log"
    shell: "echo Error: no such column: gc > {log}; exit 3"
rule long:
    output: "long.txt"
    log: "logs/long.log"
    shell: "echo reads it > {log}; until [ -e go ]; do sleep 0.1; done; touch {output}"
rule next:
    input: "bad.txt"
    output: "next.txt"
    shell: "touch {output}"
"""

Watch = Callable[..., Terminal]


@pytest.fixture
def watch(lab: Lab) -> Iterator[Watch]:
    """Return a function that starts ``watch`` in a terminal."""
    terminals: list[Terminal] = []

    def start(*arguments: str, size: tuple[int, int] = (100, 30), **environment: str) -> Terminal:
        program = (sys.executable, "-m", "snakemake_logger_plugin_observe", "watch")
        known = lab.environment(**{"TERM": "xterm-256color", **environment})
        known = {name: value for name, value in known.items() if name not in ("COLUMNS", "LINES")}
        columns, lines = size
        found = Terminal((*program, *arguments), lab.folder, known, columns=columns, lines=lines)
        terminals.append(found)
        return found

    yield start
    for one in terminals:
        one.close()


def begin(lab: Lab) -> subprocess.Popen[bytes]:
    lab.snakefile(SNAKEFILE)
    arguments = (*BOTH, "--timed-wraps", "local", "--cores", "2", "--keep-going")
    return subprocess.Popen(
        lab.command(*arguments),
        cwd=lab.folder,
        env=lab.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_before_during_and_after_a_run(lab: Lab, watch: Watch) -> None:
    """A failure and a job that goes on are shown as they are; q, Ctrl-C and the end leave it clean."""
    before = watch()
    before.shows("Waiting for a run to begin in")
    run = begin(lab)
    try:
        before.shows("long  computing", "bad attempt 1 (exit 3): not tried again", "no such column")
        before.shows("1 in flight, 1 failed, 2 will not run", "2 jobs will not run:")

        at = len(before.printed)
        before.press("l")
        assert "logs/long.log" in before.shows("long: logs/long.log", "reads it", since=at)
        at = len(before.printed)
        before.press("f")
        before.shows("Failures (1 attempt)", since=at)
        before.resize(60, 26)
        at = len(before.printed)
        before.press("o")
        before.shows("long  computing", "Failures (1 attempt)", since=at)

        during = watch(NO_COLOR="1", size=(80, 12))
        shown = during.shows("long  computing", "q quit")
        assert "\x1b[3" not in during.printed  # no colour
        assert "In flight" in shown
        during.press("q")
        left_clean(during, 0)
        assert during.printed.rstrip().endswith("Left; the run was not touched.")

        interrupted = watch()
        interrupted.shows("long  computing")
        interrupted.press("\x03")
        left_clean(interrupted, 130)

        dumb = watch("--offline", TERM="dumb")
        dumb.shows("failed: bad attempt 1 (exit 3): Error: no such column: gc")
        Path(lab.folder / "go").touch()
        assert dumb.ends() == 0
        assert "\x1b" not in dumb.printed
        left_clean(before, 0)
        last = before.printed.rpartition(LEAVES_SCREEN)[2]
        assert "local through timed · failed" in last
    finally:
        Path(lab.folder / "go").touch()
        assert run.wait(240) == 1
    after = lab.observe("watch")
    assert after.returncode == 0
    assert "Failures (1 attempt)" in after.stdout


def left_clean(terminal: Terminal, code: int) -> None:
    """Check how a program ended, and that the terminal is as it was."""
    assert terminal.ends() == code
    assert terminal.attributes == terminal.before
    assert terminal.printed.count(ENTERS_SCREEN) == terminal.printed.count(LEAVES_SCREEN) == 1
    assert SHOWS_CURSOR in terminal.printed


def test_a_folder_that_is_removed_is_one_line(lab: Lab, watch: Watch) -> None:
    folder = lab.folder / "elsewhere"
    folder.mkdir()
    terminal = watch("elsewhere")
    terminal.shows("Waiting for a run to begin in")
    folder.rmdir()
    assert terminal.ends() == 2
    last = terminal.printed.rpartition(LEAVES_SCREEN)[2]
    assert last.strip() == "snakemake-observe: elsewhere: the folder is gone"


def test_it_writes_nothing(lab: Lab) -> None:
    lab.snakefile("rule a:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    lab.snakemake(*BOTH, "--timed-wraps", "local", "--cores", "1")
    before = {str(one): os.stat(one).st_mtime_ns for one in lab.folder.rglob("*")}
    assert lab.observe("watch", "--once").returncode == 0
    assert {str(one): os.stat(one).st_mtime_ns for one in lab.folder.rglob("*")} == before
