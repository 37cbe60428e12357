"""What reading costs: ``cost`` on 10,000 jobs in 2 s and 200 MB, one ``whatif`` of them in 3 s.

And ``path``, which has to grow with the number of jobs and no faster: on 100,000 (``--large``) 10 s
of CPU and 1 GB. Sound synthetic journals (see ``synthetic.py``) of 1,000 and 10,000 jobs, with
``--large`` also of 100,000, are read in turns, beside a command that reads nothing. Printed are
wall and CPU time, the largest resident set, and the slope from size to size: what a thousand
more jobs take, and the exponent with which time grows (1 is linear).
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from measuring import Usage, program, run, spread, table, verdict

_WRITER = Path(__file__).with_name("synthetic.py")
_JOBS, _BOUND_S, _BOUND_MB = 10_000, 2.0, 200.0
_WHATIF_BOUND_S = 3.0
_MANY, _PATH_BOUND_S, _PATH_BOUND_MB = 100_000, 10.0, 1000.0
_COMMANDS = ("cost", "path")


def read(journal: Path, command: str = "cost", *more: str) -> Usage:
    """Run *command* on *journal* as a person would, and return what it used."""
    return run([program("snakemake-observe"), command, str(journal), *more], journal.parent)


def measure(
    sizes: Iterable[int], rounds: int
) -> tuple[dict[str, dict[int, list[Usage]]], dict[int, float], list[Usage]]:
    """Return what reading journals of *sizes* used, round by round, and their size in MB.

    And what one ``whatif`` of 10,000 jobs used.
    """
    with tempfile.TemporaryDirectory() as folder:
        journals = {size: Path(folder) / f"{size}.jsonl" for size in sizes}
        for size, journal in journals.items():
            # In a process of its own: what this one grows to, its children would seem to use.
            run([sys.executable, str(_WRITER), str(size), str(journal)], Path(folder))
            if size <= _JOBS:
                read(journal, "validate")  # fails unless the journal is sound
        used: dict[str, dict[int, list[Usage]]] = {
            command: {0: [], **{size: [] for size in journals}} for command in _COMMANDS
        }
        replayed: list[Usage] = []
        for _ in range(rounds):
            replayed.append(read(journals[_JOBS], "whatif", "--jobs", "800"))
            nothing = run([program("snakemake-observe"), "--version"], Path(folder))
            for command, own in used.items():
                own[0].append(nothing)
                for size, journal in journals.items():
                    own[size].append(read(journal, command))
        megabytes = {size: journal.stat().st_size / 1e6 for size, journal in journals.items()}
        return used, megabytes, replayed


def main() -> None:
    """Measure, and print one row per size and one per slope."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--large", action="store_true", help="read 100,000 jobs too")
    words = parser.parse_args()

    sizes = (1_000, _JOBS, *((_MANY,) if words.large else ()))
    used, megabytes, replayed = measure(sizes, words.rounds)
    for command, own in used.items():
        _show(command, own, megabytes, sizes)
    took = spread(one.wall_s for one in replayed)
    most = spread(one.peak_mb for one in replayed)
    table(
        "whatif --jobs 800",
        ("jobs", "wall s", "peak MB"),
        [(f"{_JOBS:,}", took.show(), most.show(".0f"))],
    )
    verdict(f"one what-if of {_JOBS:,} jobs", [(took.median, _WHATIF_BOUND_S, "s")])


def _show(
    command: str,
    used: dict[int, list[Usage]],
    megabytes: dict[int, float],
    sizes: Sequence[int],
) -> None:
    """Print what *command* used, its slope, and whether it keeps its bounds."""
    wall = {size: spread(one.wall_s for one in many) for size, many in used.items()}
    cpu = {size: spread(one.cpu_s for one in many) for size, many in used.items()}
    peak = {size: spread(one.peak_mb for one in many) for size, many in used.items()}
    table(
        f"snakemake-observe {command}, {len(used[0])} rounds",
        ("jobs", "journal MB", "wall s", "CPU s", "peak MB"),
        [
            (
                f"{size:,}" if size else "none (--version)",
                f"{megabytes[size]:.1f}" if size else "",
                wall[size].show(),
                cpu[size].show(),
                peak[size].show(".0f"),
            )
            for size in used
        ],
    )
    table(
        f"Slope of {command}",
        ("", "CPU ms per 1,000 more", "MB per 1,000 more", "exponent of CPU"),
        [
            (
                f"{few:,} to {many:,}",
                f"{1e6 * (cpu[many].median - cpu[few].median) / (many - few):.0f}",
                f"{1e3 * (peak[many].median - peak[few].median) / (many - few):.1f}",
                f"{_exponent(few, many, {size: one.median for size, one in cpu.items()}):.2f}",
            )
            for few, many in pairwise(sizes)
        ],
    )
    if command == "cost":
        bounds = [(wall[_JOBS].median, _BOUND_S, "s"), (peak[_JOBS].median, _BOUND_MB, "MB")]
        verdict(f"cost of {_JOBS:,} jobs", bounds)
    elif _MANY in sizes:
        bounds = [(cpu[_MANY].median, _PATH_BOUND_S, "s of CPU")]
        bounds.append((peak[_MANY].median, _PATH_BOUND_MB, "MB"))
        verdict(f"path of {_MANY:,} jobs", bounds)


def _exponent(few: int, many: int, seconds: dict[int, float]) -> float:
    """Return the power of the number of jobs with which time beyond the start grows."""
    beyond = [max(seconds[size] - seconds[0], 1e-3) for size in (few, many)]
    return math.log(beyond[1] / beyond[0]) / math.log(many / few)


if __name__ == "__main__":
    main()
