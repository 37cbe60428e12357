"""What reading costs: ``cost`` on 10,000 jobs, at most 2 s and 200 MB; ``compare`` of two, 4 s.

With ``--command why``, what that takes: at most 1.5 s.

Sound synthetic journals (see ``synthetic.py``) of 1,000 and 10,000 jobs, with ``--large`` also of
100,000, are read in turns, beside a command that reads nothing. Printed are wall and CPU time, the
largest resident set, and the slope from size to size: what a thousand more jobs take, and the
exponent with which time grows (1 is linear). Two journals of 10,000 jobs are compared: one run with
itself, and two that differ in which jobs failed and in each job's command.
"""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from measuring import Usage, program, run, spread, table, verdict

_WRITER = Path(__file__).with_name("synthetic.py")
_JOBS, _BOUND_MB = 10_000, 200.0
_BOUND_S = {"cost": 2.0, "why": 1.5}
_COMPARE_BOUND_S = 4.0


def read(journal: Path, command: str) -> Usage:
    """Run *command* on *journal* as a person would, and return what it used."""
    return run([program("snakemake-observe"), command, str(journal)], journal.parent)


def measure(
    sizes: Iterable[int], rounds: int, command: str
) -> tuple[dict[int, list[Usage]], dict[int, float]]:
    """Return what *command* on journals of *sizes* used, round by round, and their size in MB."""
    with tempfile.TemporaryDirectory() as folder:
        journals = {size: Path(folder) / f"{size}.jsonl" for size in sizes}
        for size, journal in journals.items():
            # In a process of its own: what this one grows to, its children would seem to use.
            run([sys.executable, str(_WRITER), str(size), str(journal)], Path(folder))
            if size <= _JOBS:
                read(journal, "validate")  # fails unless the journal is sound
        used: dict[int, list[Usage]] = {0: [], **{size: [] for size in journals}}
        for _ in range(rounds):
            used[0].append(run([program("snakemake-observe"), "--version"], Path(folder)))
            for size, journal in journals.items():
                used[size].append(read(journal, command))
        megabytes = {size: journal.stat().st_size / 1e6 for size, journal in journals.items()}
        return used, megabytes


def compared(rounds: int) -> dict[str, list[Usage]]:
    """Return what comparing two journals of 10,000 jobs used, by how far the two differ."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        one, other = here / "one.jsonl", here / "other.jsonl"
        for journal, seed in ((one, "0"), (other, "1")):
            run([sys.executable, str(_WRITER), str(_JOBS), str(journal), "--seed", seed], here)
        text = other.read_text()
        other.write_text(text.replace('"shellcmd":"', '"shellcmd":"nice '))
        words = [program("snakemake-observe"), "compare", str(one)]
        used: dict[str, list[Usage]] = {"itself": [], "another": []}
        for _ in range(rounds):
            for with_what, journal in (("itself", one), ("another", other)):
                used[with_what].append(run([*words, str(journal)], here))
        return used


def main() -> None:
    """Measure, and print one row per size and one per slope."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--large", action="store_true", help="read 100,000 jobs too")
    parser.add_argument("--command", choices=_BOUND_S, default="cost", help="default: %(default)s")
    words = parser.parse_args()

    sizes = (1_000, _JOBS, *((100_000,) if words.large else ()))
    used, megabytes = measure(sizes, words.rounds, words.command)
    wall = {size: spread(one.wall_s for one in many) for size, many in used.items()}
    cpu = {size: spread(one.cpu_s for one in many) for size, many in used.items()}
    peak = {size: spread(one.peak_mb for one in many) for size, many in used.items()}
    table(
        f"snakemake-observe {words.command}, {words.rounds} rounds",
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
        "Slope",
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
    verdict(
        f"{words.command} of {_JOBS:,} jobs",
        [(wall[_JOBS].median, _BOUND_S[words.command], "s"), (peak[_JOBS].median, _BOUND_MB, "MB")],
    )
    _show_compared(compared(words.rounds))


def _show_compared(used: dict[str, list[Usage]]) -> None:
    walls = {name: spread(one.wall_s for one in many) for name, many in used.items()}
    table(
        f"snakemake-observe compare, two journals of {_JOBS:,} jobs",
        ("a run with", "wall s", "CPU s", "peak MB"),
        [
            (
                name,
                walls[name].show(),
                spread(one.cpu_s for one in many).show(),
                spread(one.peak_mb for one in many).show(".0f"),
            )
            for name, many in used.items()
        ],
    )
    slowest = max(wall.median for wall in walls.values())
    verdict(f"compare of two runs of {_JOBS:,} jobs", [(slowest, _COMPARE_BOUND_S, "s")])


def _exponent(few: int, many: int, seconds: dict[int, float]) -> float:
    """Return the power of the number of jobs with which time beyond the start grows."""
    beyond = [max(seconds[size] - seconds[0], 1e-3) for size in (few, many)]
    return math.log(beyond[1] / beyond[0]) / math.log(many / few)


if __name__ == "__main__":
    main()
