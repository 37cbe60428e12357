"""What observing costs a local run: at most 3 % of its CPU.

A workflow of trivial local jobs, the worst case for whoever observes jobs, runs bare and with both
plugins in turns. Printed are the ratios of wall and CPU time (all child processes included), and
what of the CPU is ours:

* the recorder's thread, from the journal's last line (``observer_cpu_s``);
* our hooks inside Snakemake's threads, from one more run with a stopwatch on every entry into our
  code (see ``stopwatch.py``); loading our modules is part of it.

The bound stands for these two together. What the CPU ratio shows beyond them is noise, and what
two threads of one interpreter cost each other.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import NotMeasured, Usage, in_turns, program, run, say, spread, table, verdict

_BOUND_PERCENT = 3.0
_PLUGINS = ("--logger", "observe", "--executor", "timed", "--timed-wraps", "local")
_ENTRIES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Observed:
    """One observed run, and the CPU seconds that its recorder's thread used."""

    usage: Usage
    recorder_s: float


class Workflow:
    """A workflow of trivial jobs, run in a new folder each time."""

    def __init__(self, jobs: int, cores: int, *, failing: bool = False) -> None:
        self._arguments = ("--cores", str(cores), *(("--retries", "1") if failing else ()))
        self._text = (
            f'rule all:\n    input: expand("{{i}}.done", i=range({jobs}))\n'
            'rule touch:\n    output: "{i}.done"\n'
        )
        if failing:
            self._text += (
                "    resources: nth=lambda wildcards, attempt: attempt\n"
                '    log: "{i}.log"\n'
                '    shell: "echo no > {log}; test {resources.nth} = 2 && touch {output}"\n'
            )
        else:
            self._text += '    shell: "touch {output}"\n'

    def bare(self) -> Usage:
        """Run it with Snakemake's own local executor."""
        with tempfile.TemporaryDirectory() as folder:
            return run([program("snakemake"), *self._arguments], self._in(folder))

    def observed(self) -> Observed:
        """Run it with both plugins."""
        with tempfile.TemporaryDirectory() as folder:
            place = self._in(folder)
            usage = run([program("snakemake"), *self._arguments, *_PLUGINS], place)
            return Observed(usage, _recorder_seconds(place))

    def hooks(self) -> dict[str, dict[str, float]]:
        """Run it with both plugins under the stopwatch; return calls and CPU per entry."""
        with tempfile.TemporaryDirectory() as folder:
            place = self._in(folder)
            stopwatch = str(Path(__file__).with_name("stopwatch.py"))
            run([sys.executable, stopwatch, "hooks.json", *self._arguments, *_PLUGINS], place)
            found: dict[str, dict[str, float]] = json.loads((place / "hooks.json").read_text())
            return found

    def _in(self, folder: str) -> Path:
        (Path(folder) / "Snakefile").write_text(self._text)
        return Path(folder)


def _recorder_seconds(workdir: Path) -> float:
    (journal,) = (workdir / ".snakemake" / "observe").glob("*.jsonl")
    last: dict[str, Any] = json.loads(journal.read_bytes().splitlines()[-1])
    if last.get("observer_cpu_s") is None:
        raise NotMeasured("not measured: the journal does not end with the recorder's CPU time")
    return float(last["observer_cpu_s"])


def main() -> None:
    """Measure, and print the ratios and our share."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=400, help="default: %(default)s")
    parser.add_argument("--cores", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--failing", action="store_true", help="each job fails, and is retried")
    parser.add_argument("--pairs", type=int, default=5, help="default: %(default)s")
    words = parser.parse_args()

    workflow = Workflow(words.jobs, words.cores, failing=words.failing)
    found = in_turns(workflow.bare, workflow.observed, words.pairs)
    entries = workflow.hooks()
    hooks_s = sum(entry["cpu_s"] for entry in entries.values())

    what = "jobs that fail once" if words.failing else "trivial jobs"
    recorder = spread(100 * seen.recorder_s / seen.usage.cpu_s for _, seen in found)
    hooks = spread(100 * hooks_s / seen.usage.cpu_s for _, seen in found)
    both = spread(100 * (seen.recorder_s + hooks_s) / seen.usage.cpu_s for _, seen in found)
    table(
        f"{words.jobs} {what} on {words.cores} cores, {words.pairs} pairs",
        ("", "bare", "observed", "observed / bare"),
        [
            (
                "wall s",
                spread(bare.wall_s for bare, _ in found).show(".1f"),
                spread(seen.usage.wall_s for _, seen in found).show(".1f"),
                spread(seen.usage.wall_s / bare.wall_s for bare, seen in found).show(".3f"),
            ),
            (
                "CPU s",
                spread(bare.cpu_s for bare, _ in found).show(".1f"),
                spread(seen.usage.cpu_s for _, seen in found).show(".1f"),
                spread(seen.usage.cpu_s / bare.cpu_s for bare, seen in found).show(".3f"),
            ),
            (
                "peak MB",
                spread(bare.peak_mb for bare, _ in found).show(".0f"),
                spread(seen.usage.peak_mb for _, seen in found).show(".0f"),
                spread(seen.usage.peak_mb / bare.peak_mb for bare, seen in found).show(".3f"),
            ),
        ],
    )
    recorder_s = spread(seen.recorder_s for _, seen in found)
    table(
        "Our CPU, as a share of the observed run's",
        ("", "s", "ms per job", "%"),
        [
            (
                "the recorder's thread",
                recorder_s.show(),
                f"{1000 * recorder_s.median / words.jobs:.2f}",
                recorder.show(),
            ),
            (
                "hooks in Snakemake's threads",
                f"{hooks_s:.2f}",
                f"{1000 * hooks_s / words.jobs:.2f}",
                hooks.show(),
            ),
        ],
    )
    largest = sorted(entries.items(), key=lambda item: -item[1]["cpu_s"])
    table(
        "Hooks: the entries that cost most",
        ("", "calls", "µs each", "ms in all"),
        [
            (
                label,
                f"{entry['calls']:.0f}",
                f"{1e6 * entry['cpu_s'] / entry['calls']:.1f}",
                f"{1e3 * entry['cpu_s']:.1f}",
            )
            for label, entry in largest[:_ENTRIES_SHOWN]
        ],
    )
    say("Ours is found from inside; the CPU ratio is its check from outside.")
    verdict("our CPU", [(both.median, _BOUND_PERCENT, "% of the run's")])


if __name__ == "__main__":
    main()
