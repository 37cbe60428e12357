"""What the page of a large run costs: made in twice the CPU of ``path``, 6 MB, shown in 2 s.

A sound synthetic journal (see ``synthetic.py``) of 100,000 jobs is read by ``path`` and by
``report`` in turns; then a real Chromium opens the page: until its pictures are drawn, and what
drawing the timeline takes after each of some zooms. ``--jobs`` makes a smaller one, ``--journal``
takes one that is there.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from measuring import NotMeasured, Usage, program, run, spread, table, verdict

_WRITER = Path(__file__).with_name("synthetic.py")
_JOBS, _TIMES, _BOUND_MB, _BOUND_S = 100_000, 2.0, 6.0, 2.0
_DRAWN = """() => new Promise((done) =>
    requestAnimationFrame(() => done(performance.now())))"""
_ZOOMS = """() => Array.from({ length: 20 }, (_, n) => {
    const { view, timeline } = window.observed;
    view.from = (n % 10) * view.end / 20;
    view.to = view.from + view.end / (1 + n);
    timeline.draw();
    return timeline.took / 1000;
})"""


def shown(page: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Return seconds until a page's pictures were drawn, and those of each drawing after a zoom."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise NotMeasured("not measured: pip install '.[page]'") from None
    if chromium is None:
        raise NotMeasured("not measured: chromium is missing (make debian-packages)")
    first: list[float] = []
    zooms: list[float] = []
    with sync_playwright() as driver:
        for _ in range(rounds):
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(page.as_uri())
            tab.wait_for_selector("html[data-ready=yes]", state="attached", timeout=120_000)
            drawn = (
                "() => new Promise((done) => requestAnimationFrame(() => done(performance.now())))"
            )
            first.append(tab.evaluate(drawn) / 1000)
            zooms += tab.evaluate(_ZOOMS)
            browser.close()
    return first, zooms


def main() -> None:
    """Measure, and print a row for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=_JOBS)
    parser.add_argument("--journal", type=Path, help="measure with this journal")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        journal, page = args.journal or here / "run.jsonl", here / "page.html"
        if args.journal is None:
            run([sys.executable, str(_WRITER), str(args.jobs), str(journal)], here)
        used: dict[str, list[Usage]] = {"path": [], "report": []}
        for _ in range(args.rounds):
            for name, own in used.items():
                more = ["-o", str(page), "--force"] if name == "report" else []
                own.append(run([program("snakemake-observe"), name, str(journal), *more], here))
        megabytes = page.stat().st_size / 1e6
        first, zooms = shown(page, args.rounds)
    cpu = {name: spread(one.cpu_s for one in own) for name, own in used.items()}
    times = spread(
        after.cpu_s / before.cpu_s
        for before, after in zip(used["path"], used["report"], strict=True)
    )
    rows = [
        ("path, CPU", cpu["path"].show(".1f", " s"), ""),
        ("report, CPU", cpu["report"].show(".1f", " s"), ""),
        ("report, times as much", times.show(), f"{_TIMES:g}"),
        ("report, memory", f"{max(one.peak_mb for one in used['report']):.0f} MB", ""),
        ("the page", f"{megabytes:.1f} MB", f"{_BOUND_MB:g} MB"),
        ("until it is drawn", spread(first).show(".2f", " s"), f"{_BOUND_S:g} s"),
        ("drawn again after a zoom", spread(zooms).show(".3f", " s"), ""),
    ]
    table("The page of a large run", ["what", "measured", "bound"], rows)
    bounds = [
        (times.median, _TIMES, "times the CPU of path"),
        (megabytes, _BOUND_MB, "MB"),
        (spread(first).median, _BOUND_S, "s until it is drawn"),
    ]
    verdict("the page of a large run", bounds)


if __name__ == "__main__":
    main()
