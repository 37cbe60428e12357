"""What the pictures of a large run cost: none has more than 1 MB as an SVG.

A sound synthetic journal (see ``synthetic.py``) of 100,000 jobs is drawn in each picture of one
run, as an SVG and as a PNG. ``--jobs`` makes a smaller one, ``--journal`` takes one that is there,
``--without`` leaves out a picture: the sweep takes a minute.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from measuring import program, run, table, verdict

from snakemake_logger_plugin_observe.reporters.plots import PICTURES
from snakemake_logger_plugin_observe.reporters.plots.asked import Reads

_WRITER = Path(__file__).with_name("synthetic.py")
_JOBS, _BOUND_MB = 100_000, 1.0
_ONE_RUN = [name for name, picture in PICTURES.items() if picture.READS is not Reads.LIST]


def main() -> None:
    """Measure, and print a row for each picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=_JOBS)
    parser.add_argument("--journal", type=Path, help="measure with this journal")
    parser.add_argument("--without", choices=_ONE_RUN, action="append", default=[])
    args = parser.parse_args()
    rows, largest = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        journal = args.journal or here / "run.jsonl"
        if args.journal is None:
            run([sys.executable, str(_WRITER), str(args.jobs), str(journal)], here)
        for what in (name for name in _ONE_RUN if name not in args.without):
            svg, png = here / "x.svg", here / "x.png"
            observe = [
                program("snakemake-observe"),
                "plot",
                what,
                str(journal.absolute()),
                "--force",
            ]
            used = run([*observe, "-o", str(svg)], here)
            run([*observe, "-o", str(png)], here)
            sizes = [one.stat().st_size / 1e6 for one in (svg, png)]
            largest = max(largest, sizes[0])
            rows.append((what, *(f"{one:.3f} MB" for one in sizes), f"{used.cpu_s:.1f} s"))
    table("Pictures of a large run", ("picture", "SVG", "PNG", "CPU"), rows)
    verdict("the largest SVG", [(largest, _BOUND_MB, "MB")])


if __name__ == "__main__":
    main()
