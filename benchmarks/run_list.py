"""What a list of runs costs: ``runs`` in a folder of 3,000 journals in 2 s.

The journals are copies of one synthetic run of 100 jobs, each with a start, an id and a length of
its own. Listed are the newest 20; the trend is computed from the newest 50 full runs. With
``--gzip`` all journals are compressed as ``runs --prune --gzip`` does it.
"""

import argparse
import gzip
import json
import random
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measuring import program, run, spread, table, verdict

_WRITER = Path(__file__).with_name("synthetic.py")
_BOUND_S = 2.0
_MOMENTS = ("time", "process_started", "plugin_loaded", "workflow_started")


def fill(folder: Path, journals: int, *, compressed: bool) -> None:
    """Write a folder of journals, an hour apart."""
    one = folder / "one"
    run([sys.executable, str(_WRITER), "100", str(one)], folder)
    first, *others = one.read_bytes().splitlines(keepends=True)
    one.unlink()
    started, ended = json.loads(first), json.loads(others[-1])
    started["workdir"], begun = str(folder.parents[1]), datetime(2026, 1, 1, tzinfo=UTC)
    draw = random.Random(1)  # noqa: S311 - lengths of runs
    for number in range(journals):
        moment = begun + timedelta(hours=number)
        written = moment.isoformat().replace("+00:00", ".000000Z")
        told = {**started, **{name: written for name in _MOMENTS if started.get(name)}}
        told["run_id"] = f"{number:032x}"
        end = {**ended, "makespan_s": ended["makespan_s"] * draw.gauss(1, 0.05)}
        text = [json.dumps(told).encode() + b"\n", *others[:-1]]
        last = json.dumps(end, separators=(",", ":")).encode() + b"\n"
        path = folder / f"{moment:%Y%m%dT%H%M%S}-{number:06x}.jsonl"
        if compressed:
            packed = path.with_name(f"{path.name}.gz")
            packed.write_bytes(gzip.compress(b"".join(text)) + gzip.compress(last))
        else:
            path.write_bytes(b"".join(text) + last)


def main() -> None:
    """Measure, and print what a list took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--journals", type=int, default=3000, help="default: %(default)s")
    parser.add_argument("--gzip", action="store_true", help="compressed journals")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / ".snakemake" / "observe"
        folder.mkdir(parents=True)
        fill(folder, words.journals, compressed=words.gzip)
        command = [program("snakemake-observe"), "runs", root]
        used = [run(command, Path(root)) for _ in range(words.rounds)]
    wall = spread(one.wall_s for one in used)
    row = (f"{words.journals:,}", wall.show(), spread(one.cpu_s for one in used).show())
    peak = spread(one.peak_mb for one in used).show(".0f")
    table("snakemake-observe runs", ("journals", "wall s", "CPU s", "peak MB"), [(*row, peak)])
    verdict(f"a list of {words.journals:,} runs", [(wall.median, _BOUND_S, "s")])


if __name__ == "__main__":
    main()
