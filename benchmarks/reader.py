"""What reading costs: ``cost`` on 10,000 jobs in 2 s and 200 MB, ``compare`` of two in 4 s.

And ``why`` in 1.5 s, ``triage`` in 2 s, one ``whatif`` in 3 s; and ``path``, which has to grow with
the number of jobs and no faster: on 100,000 (``--large``) 10 s of CPU and 1 GB.

Sound synthetic journals (see ``synthetic.py``) of 1,000 and 10,000 jobs, with ``--large`` also of
100,000, are read in turns, as is a command that reads nothing. Printed are wall and CPU time, the
largest resident set, and the slope from size to size: what a thousand more jobs take, and the
exponent with which time grows (1 is linear). Two journals of 10,000 jobs are compared: one run with
itself, and two that differ in which jobs failed and in each job's command.
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
_JOBS, _BOUND_MB = 10_000, 200.0
_BOUND_S = {"cost": 2.0, "why": 1.5, "triage": 2.0, "whatif": 3.0}
_MANY, _PATH_BOUND_S, _PATH_BOUND_MB = 100_000, 10.0, 1000.0
_COMPARE_BOUND_S = 4.0
_WORDS = {"cost": (), "path": (), "why": (), "triage": (), "whatif": ("--jobs", "800")}
_Used = dict[int, list[Usage]]


def read(journal: Path, command: str) -> Usage:
    """Run *command* on *journal* as a user would, and return what it used."""
    words = [program("snakemake-observe"), command, str(journal), *_WORDS.get(command, ())]
    return run(words, journal.parent)


def measure(
    sizes: Iterable[int], rounds: int, commands: Sequence[str]
) -> tuple[dict[str, _Used], dict[int, float]]:
    """Return what *commands* on journals of *sizes* used, round by round, and their size in MB."""
    with tempfile.TemporaryDirectory() as folder:
        journals = {size: Path(folder) / f"{size}.jsonl" for size in sizes}
        for size, journal in journals.items():
            # In a process of its own: what this one grows to, its children would seem to use.
            run([sys.executable, str(_WRITER), str(size), str(journal)], Path(folder))
            if size <= _JOBS:
                read(journal, "validate")  # fails unless the journal is sound
        used: dict[str, _Used] = {
            command: {0: [], **{size: [] for size in journals}} for command in commands
        }
        for _ in range(rounds):
            nothing = run([program("snakemake-observe"), "--version"], Path(folder))
            for command, own in used.items():
                own[0].append(nothing)
                for size, journal in journals.items():
                    own[size].append(read(journal, command))
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
    """Measure, and print of each command one row per size and one per slope."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--large", action="store_true", help="read 100,000 jobs too")
    parser.add_argument(
        "--command", choices=[*_WORDS, "compare"], help="measure this one alone (default: all)"
    )
    words = parser.parse_args()

    sizes = (1_000, _JOBS, *((_MANY,) if words.large else ()))
    alone = words.command
    commands = tuple(one for one in _WORDS if alone in (None, one))
    if commands:
        used, megabytes = measure(sizes, words.rounds, commands)
        for command, own in used.items():
            _show(command, own, megabytes, sizes)
    if alone in (None, "compare"):
        _show_compared(compared(words.rounds))


def _show(command: str, used: _Used, megabytes: dict[int, float], sizes: Sequence[int]) -> None:
    """Print what *command* used, its slope, and whether it keeps its bounds."""
    wall = {size: spread(one.wall_s for one in many) for size, many in used.items()}
    cpu = {size: spread(one.cpu_s for one in many) for size, many in used.items()}
    peak = {size: spread(one.peak_mb for one in many) for size, many in used.items()}
    table(
        f"snakemake-observe {' '.join((command, *_WORDS[command]))}, {len(used[0])} rounds",
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
    if command in _BOUND_S:
        bounds = [(wall[_JOBS].median, _BOUND_S[command], "s")]
        if command == "cost":
            bounds.append((peak[_JOBS].median, _BOUND_MB, "MB"))
        verdict(f"{command} of {_JOBS:,} jobs", bounds)
    elif _MANY in sizes:
        bounds = [(cpu[_MANY].median, _PATH_BOUND_S, "s of CPU")]
        bounds.append((peak[_MANY].median, _PATH_BOUND_MB, "MB"))
        verdict(f"{command} of {_MANY:,} jobs", bounds)


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
