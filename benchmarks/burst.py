"""20,000 jobs that a fake executor ends at once, at 2,000 a second: does the recorder keep up?

Three bursts (see ``burst_run.py``), each with the real recorder in a process of its own. In the
first the pace is kept: how long the queue gets, how long after the last job all is written, and
whether as many lines of each kind are in the journal as were sent. The second waits after each
5,000 jobs until all is written, so that its memory is that of what the recorder keeps. The third is
killed by SIGKILL when half of the jobs have ended: every line of its journal has to be whole.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import NotMeasured, environment, say, table, verdict

_RUN = Path(__file__).with_name("burst_run.py")
_LINES = {
    "job": "JobInfo",
    "attempt_finished": "Finished",
    "scheduler_iteration": "IterationEnded",
}
"""The note that becomes a line of each kind, whatever else is in the same burst of lines."""
_STEP = 5000
_BOUND_END_S = 0.3
_BOUND_MB = 30.0


def burst(
    folder: Path, jobs: int, *more: str, kill_at: int | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run one burst in *folder*; return its samples, and what it said at its end.

    Raises:
        NotMeasured: if it failed.

    """
    command = [sys.executable, str(_RUN), str(folder), str(jobs), *more]
    samples: list[dict[str, Any]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        for line in process.stdout or ():
            with contextlib.suppress(ValueError):  # the last may be cut off
                samples.append(json.loads(line))
            if kill_at is not None and samples and samples[-1].get("ended", 0) >= kill_at:
                process.send_signal(signal.SIGKILL)
                break
    if kill_at is None and process.returncode:
        raise NotMeasured(f"not measured: {' '.join(command)} failed: {samples[-1:]}")
    return (samples, {}) if kill_at is not None else (samples[:-1], samples[-1])


def lines_in(folder: Path) -> list[bytes]:
    """Return the lines of the one journal in *folder*."""
    (journal,) = (folder / ".snakemake" / "observe").glob("*.jsonl")
    return journal.read_bytes().splitlines(keepends=True)


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=20_000, help="default: %(default)s")
    parser.add_argument("--rate", type=int, default=2000, help="jobs a second; default: 2000")
    words = parser.parse_args()
    rate = ("--rate", str(words.rate))
    with tempfile.TemporaryDirectory() as folder:
        paced, settled, killed = (Path(folder) / name for name in ("paced", "settled", "killed"))
        for path in (paced, settled, killed):
            path.mkdir()
        _show_queue(*burst(paced, words.jobs, *rate), lines_in(paced))
        bounds = _show_memory(*burst(settled, words.jobs, *rate, "--settle", str(_STEP)))
        samples, _ = burst(killed, words.jobs, *rate, kill_at=words.jobs // 2)
        _show_killed(samples, lines_in(killed))
    verdict("the recorder", bounds)


def _show_queue(
    samples: Sequence[dict[str, Any]], end: dict[str, Any], lines: Sequence[bytes]
) -> None:
    longest = max(samples, key=lambda one: one["queue"])
    took = max(one["at_s"] for one in samples)
    table(
        f"The queue, {end['sent']['JobEndLogged']:,} jobs in {took:.1f} s",
        ("", "notes", "at s"),
        [
            ("longest", f"{longest['queue']:,}", longest["at_s"]),
            *(
                (f"{share} % of the jobs ended", f"{one['queue']:,}", one["at_s"])
                for share in (25, 50, 75, 100)
                if (one := _sample_at(samples, share * samples[-1]["ended"] // 100)) is not None
            ),
        ],
    )
    say(f"All is written {end['written_s']:.2f} s after the last job.")
    written = Counter(json.loads(line)["event"] for line in lines)
    table(
        "Lines in the journal",
        ("", "sent", "written", "lost"),
        [
            (
                kind,
                f"{end['sent'][note]:,}",
                f"{written[kind]:,}",
                end["sent"][note] - written[kind],
            )
            for kind, note in _LINES.items()
        ],
    )


def _sample_at(samples: Sequence[dict[str, Any]], ended: int) -> dict[str, Any] | None:
    return next((one for one in samples if one["ended"] >= ended), None)


def _show_memory(
    samples: Sequence[dict[str, Any]], end: dict[str, Any]
) -> list[tuple[float, float, str]]:
    """Show the memory after each step, when nothing is queued; return the bounds."""
    rows, begun, last = [], samples[0]["rss_kb"], samples[0]["rss_kb"]
    bounds = [(end["end_cpu_s"] * _STEP / samples[-1]["ended"], _BOUND_END_S, "s CPU at the end")]
    for ended in range(_STEP, samples[-1]["ended"] + 1, _STEP):
        idle = [one for one in samples if one["ended"] >= ended and not one["queue"]]
        size = idle[0]["rss_kb"] if idle else end["rss_kb"]
        more = (size - begun) / 1024
        rows.append((f"{ended:,}", f"{more:.1f}", f"{(size - last) / 1024 * 1000 / _STEP:.2f}"))
        if ended == _STEP:
            bounds.append((more, _BOUND_MB, f"MB more at {_STEP:,} jobs"))
        last = size
    table("Memory, all that was sent is written", ("jobs", "MB more", "MB per 1,000 jobs"), rows)
    say(f"The end took {end['end_cpu_s']:.2f} s of CPU, {end['end_s']:.2f} s in all.")
    return bounds


def _show_killed(samples: Sequence[dict[str, Any]], lines: Sequence[bytes]) -> None:
    whole = sum(1 for line in lines if line.endswith(b"\n") and json.loads(line))
    ends = sum(1 for line in lines if line.startswith(b'{"event":"attempt_finished"'))
    say(
        f"Killed when {samples[-1]['ended']:,} jobs had ended and {samples[-1]['queue']:,} notes "
        f"waited: {whole:,} of {len(lines):,} lines are whole, with {ends:,} ends of attempts."
    )


if __name__ == "__main__":
    main()
