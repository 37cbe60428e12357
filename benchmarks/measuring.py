"""What every benchmark here does: run commands, measure them in pairs, print a table.

A machine is never quiet, so no figure stands alone: two variants run in turns (A B A B ...), each
pair gives one ratio or difference, and the median is shown with its quartiles.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from rich.console import Console
from rich.table import Table

_A = TypeVar("_A")
_B = TypeVar("_B")
_CONSOLE = Console(width=120, highlight=False)


class NotMeasured(SystemExit):
    """A benchmark that could not measure: it says why, and only then exits with 1."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process, with every child it waited for, has used."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    """The largest resident set of any one process among them.

    ``run`` takes no peak that the process which started it could have lent.
    """


class Spread(NamedTuple):
    """A median, and the quartiles that say how far to trust it."""

    low: float
    median: float
    high: float

    def show(self, form: str = ".2f", unit: str = "") -> str:
        """Return it as text: ``1.02 (1.01 to 1.05)``; of a single value nothing but that."""
        if self.low == self.high:
            return f"{self.median:{form}}{unit}"
        return f"{self.median:{form}}{unit} ({self.low:{form}} to {self.high:{form}})"


def spread(values: Iterable[float]) -> Spread:
    """Return the median of *values* between their quartiles."""
    known = sorted(values)
    if len(known) < 2:
        return Spread(known[0], known[0], known[0])
    return Spread(*statistics.quantiles(known, n=4, method="inclusive"))


def program(name: str) -> str:
    """Return the program *name* that belongs to this very Python.

    Raises:
        NotMeasured: if it is not installed there.

    """
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise NotMeasured(f"not measured: {path} is missing")
    return str(path)


def environment(**more: str) -> dict[str, str]:
    """Return this environment, with this Python's programs first and no observing switched off."""
    kept = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_OBSERVE"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, **more}


# A child begins with its parent's peak, for the kernel keeps that across the exec; so the parent of
# what is measured is a small process, and not this one.
_LAUNCHER = """
import os, sys, time
begun = time.perf_counter()
child = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
status, used = os.wait4(child, 0)[1:]
wall = time.perf_counter() - begun
with open("/proc/self/status") as lines:
    own = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
code = os.waitstatus_to_exitcode(status)
answer = code, wall, used.ru_utime + used.ru_stime, used.ru_maxrss, own
os.write(int(sys.argv[1]), " ".join(map(str, answer)).encode())
"""


def run(command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Usage:
    """Run *command* to its end and return what it and its children used.

    Raises:
        NotMeasured: if it fails (with the end of its output), or if its memory cannot
            be distinguished from that of the process that started it.

    """
    answers, answer = os.pipe()
    with (cwd / "output.txt").open("wb") as output:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(answer), *command],
            cwd=cwd,
            env=env if env is not None else environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(answer,),
            check=False,
        )
    os.close(answer)
    with os.fdopen(answers) as pipe:
        code, wall, cpu, peak, own = map(float, (pipe.read() or "1 0 0 0 0").split())
    if code:
        said = (cwd / "output.txt").read_text(errors="replace")[-2000:]
        raise NotMeasured(f"not measured: {' '.join(command)} failed\n{said}")
    if peak <= own:
        raise NotMeasured(f"not measured: a peak of {peak:.0f} kB may be our own ({own:.0f} kB)")
    return Usage(wall, cpu, peak / 1024)


def in_turns(first: Callable[[], _A], second: Callable[[], _B], pairs: int) -> list[tuple[_A, _B]]:
    """Return what *first* and *second* answer in turns; one unmeasured turn of each warms up."""
    first()
    second()
    return [(first(), second()) for _ in range(pairs)]


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print *rows*, the first column to the left and the others to the right."""
    shown = Table(title=title, title_justify="left", box=None, padding=(0, 3, 0, 0))
    for number, column in enumerate(columns):
        shown.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*map(str, row))
    _CONSOLE.print(shown)
    _CONSOLE.print()


def say(text: str) -> None:
    """Print a line below a table."""
    _CONSOLE.print(text, soft_wrap=True, markup=False)


def verdict(what: str, bounds: Iterable[tuple[float, float, str]]) -> None:
    """Print the last line: whether each of *bounds* (value, limit, unit) is kept."""
    known = list(bounds)
    kept = all(value <= limit for value, limit, _ in known)
    said = [
        f"{value:.3g} of {limit:g} {unit} ({'kept' if value <= limit else 'missed'})"
        for value, limit, unit in known
    ]
    say(f"{'kept' if kept else 'MISSED'}: {what}: {', '.join(said)}")
