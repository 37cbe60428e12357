"""What our code takes of the threads that Snakemake calls it in, by a stopwatch on each entry.

Snakemake's scheduler runs in the main thread: what is spent there delays every job. The log's
handler is called in a thread of Snakemake's own, the tools are waited for in others.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measuring import run, say

from bench.environments import Environment
from bench.local_jobs import snakefile
from bench.peers import BOTH, OURS
from bench.results import Sample, in_rounds
from bench.runs import WITH_TIMED, fresh_folder

MEASURE = "hooks"
_STOPWATCH = Path(__file__).with_name("stopwatch.py")
_SHOWN = 12


def measure(
    environments: dict[str, Environment], jobs: int, rounds: int, call: str
) -> Iterator[Sample]:
    """Yield samples of a run of *jobs* jobs under both plugins."""
    ours = environments[OURS.name]

    few = jobs // 4

    def once() -> dict[str, float]:
        less, more = _watched(ours, few), _watched(ours, jobs)
        _show(more, jobs)
        # What happens once, such as loading what records, is no cost per job.
        main_s, other_s = (
            (_sum(more, name) - _sum(less, name)) / (jobs - few) for name in ("main_s", "other_s")
        )
        once_s = _sum(more, "main_s") + _sum(more, "other_s") - jobs * (main_s + other_s)
        return {
            "scheduler_us_per_job": 1e6 * main_s,
            "other_threads_us_per_job": 1e6 * other_s,
            "once_ms": 1e3 * once_s,
        }

    yield from in_rounds(MEASURE, jobs, [(WITH_TIMED, once)], rounds, call)


def _watched(ours: Environment, jobs: int) -> dict[str, Any]:
    """Return what the stopwatch found in a run of *jobs* jobs."""
    with fresh_folder() as folder:
        (folder / "Snakefile").write_text(snakefile(jobs))
        arguments = [str(_STOPWATCH), "hooks.json", "--cores", "2", *BOTH]
        run([ours.program("python"), *arguments], folder, ours.variables())
        found: dict[str, Any] = json.loads((folder / "hooks.json").read_text())
        return found


def _sum(answer: dict[str, Any], name: str) -> float:
    return float(sum(one[name] for one in answer["entries"].values()))


def _show(answer: dict[str, Any], jobs: int) -> None:
    """Print the entries that cost most, and those that no longer are where they were."""
    largest = sorted(
        answer["entries"].items(), key=lambda item: -item[1]["main_s"] - item[1]["other_s"]
    )
    for label, one in largest[:_SHOWN]:
        main, other = (1e6 * one[name] / jobs for name in ("main_s", "other_s"))
        say(f"  {label}: {one['calls']} calls, {main:.0f} and {other:.0f} µs per job")
    if answer["missing"]:
        say(f"  not watched, for they were never there: {', '.join(answer['missing'])}")
