"""Counts the instructions of small pieces of work, and compares them with known figures.

``make bench-short``. What a machine does besides makes no difference to a count of callgrind's, so
a change that makes the plugins' imports, the recorder or the reader slower by a few percent shows
here. The known figures and their margins are in ``short.json``; runs of an unchanged tree stay
far within the margins. They hold for the Python that they were counted with: with another, the
table is printed, and nothing is compared. Exit code 1: something is slower by more than its margin.

After a change that is meant to be so, ``make bench-short RENEW=yes`` writes the figures again; the
margins stay.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from counting import counted, pieces
from measuring import NotMeasured, say, table
from short_work import FEW, MANY

_HERE: Final = Path(__file__).parent
_FIGURES: Final = _HERE / "short.json"
_SMALL, _LARGE = 50, 150
_UNITS: Final = {
    "imports": "million instructions: both packages, installed and unused",
    "recording": "thousand instructions per local job: the recorder",
    "cost": "times json.loads: cost --format json",
    "path": "times json.loads: path",
}


def count() -> dict[str, float]:
    """Return each figure, counted now.

    Raises:
        NotMeasured: if there is no valgrind, or the work fails.

    """
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        journals = []
        for jobs in (_SMALL, _LARGE):
            journals.append(str(here / f"{jobs}.jsonl"))
            command = [sys.executable, str(_HERE / "synthetic.py"), str(jobs), journals[-1]]
            subprocess.run(command, check=True, env=_environment())
        works = {"imports": (), "recording": (), "reading": tuple(journals)}
        started = [_start(here / name, name, *words) for name, words in works.items()]
        for process in started:
            _end(process)
        found = {name: pieces(here / name) for name in works}
    (imported,) = found["imports"]
    few, many = found["recording"]
    loads, cost, path = zip(found["reading"][::2], found["reading"][1::2], strict=True)
    per_loads = loads[1] - loads[0]
    return {
        "imports": imported / 1e6,
        "recording": (many - few) / (MANY - FEW) / 1e3,
        "cost": (cost[1] - cost[0]) / per_loads,
        "path": (path[1] - path[0]) / per_loads,
    }


def _environment() -> dict[str, str]:
    """Return what makes a count the same each time: no random hashes, nothing to be compiled."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONHASHSEED": "0"}


def _start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a piece of work under callgrind, after it has run once without, to be compiled."""
    folder.mkdir()
    work = [sys.executable, str(_HERE / "short_work.py"), *words]
    subprocess.run(work, check=True, env=_environment())
    return subprocess.Popen(
        [*counted(folder), *work],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> None:
    said, _ = process.communicate()
    if process.returncode:
        raise NotMeasured(f"not measured: {said[-2000:]}")


def compared(
    now: Mapping[str, float], known: Mapping[str, Mapping[str, float]]
) -> tuple[list[tuple[str, ...]], list[str]]:
    """Return a table's rows, and the names of what has become slower by more than its margin."""
    rows, slower = [], []
    for name, value in now.items():
        figure, margin = known[name]["figure"], known[name]["margin"]
        change = value / figure - 1
        said = "as before"
        if change > margin:
            said = "SLOWER"
            slower.append(name)
        elif change < -margin:
            said = "faster: RENEW=yes"
        rows.append(
            (
                _UNITS[name],
                f"{value:.2f}",
                f"{figure:.2f}",
                f"{100 * change:+.2f} %",
                f"{100 * margin:g} %",
                said,
            )
        )
    return rows, slower


def main() -> None:
    """Count, print the table, and compare or renew the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renew", action="store_true", help="write the figures again")
    words = parser.parse_args()
    kept = json.loads(_FIGURES.read_text())
    now = count()
    rows, slower = compared(now, kept["figures"])
    table("Instruction counts", ("", "now", "known", "change", "margin", ""), rows)
    python = platform.python_version()
    if words.renew:
        for name, value in now.items():
            kept["figures"][name]["figure"] = round(value, 3)
        kept["python"] = python
        _FIGURES.write_text(json.dumps(kept, indent=2) + "\n")
        say(f"written: {_FIGURES.name}")
    elif python != kept["python"]:
        say(f"not compared: the figures are for Python {kept['python']}, and this is {python}")
    elif slower:
        say(f"slower: {', '.join(slower)}; if that is meant to be so: make bench-short RENEW=yes")
        sys.exit(1)


if __name__ == "__main__":
    main()
