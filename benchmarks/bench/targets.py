"""What this project wants to cost at most, next to what was measured: met, or a gap."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

from bench import cluster_jobs, hooks, imports, local_jobs, reader
from bench.peers import OURS
from bench.results import BARE, LOADS, Results
from bench.runs import WITH_TIMED
from bench.spans import Span, span

_THREADS: Final = ("scheduler", "other_threads")
_LARGEST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """A bound, and how what it bounds is found; the median is compared with it."""

    what: str
    bound: float
    unit: str
    measured: Callable[[Results], list[float]]
    form: str = ".2f"

    def found(self, results: Results) -> Span | None:
        """Return what was measured, or None."""
        values = self.measured(results)
        return span(values) if values else None


def _ratio(name: str, jobs: int) -> Callable[[Results], list[float]]:
    return lambda results: [
        ours / bare for bare, ours in results.pairs(local_jobs.MEASURE, jobs, WITH_TIMED, name)
    ]


def _more(name: str, jobs: int) -> Callable[[Results], list[float]]:
    return lambda results: [
        ours - bare for bare, ours in results.pairs(local_jobs.MEASURE, jobs, WITH_TIMED, name)
    ]


def _scheduler(results: Results) -> list[float]:
    return [
        value
        for size in results.sizes(hooks.MEASURE)[-1:]
        for value in results.values(hooks.MEASURE, size, WITH_TIMED, "scheduler_us_per_job")
    ]


def _from_inside(results: Results) -> list[float]:
    """Return the CPU of our own code, by what the bare run uses, plus 1: as a ratio would be."""
    found: list[float] = []
    for size in results.sizes(hooks.MEASURE)[-1:]:
        recorder = results.values(local_jobs.MEASURE, size, WITH_TIMED, "recorder_s")
        bare = results.values(local_jobs.MEASURE, size, BARE, "cpu_s")
        if recorder and bare:
            for one in results.of(hooks.MEASURE, size, WITH_TIMED):
                per_job = sum(one.values[f"{name}_us_per_job"] for name in _THREADS)
                ours = span(recorder).median + size * per_job / 1e6 + one.values["once_ms"] / 1e3
                found.append(1 + ours / span(bare).median)
    return found


def _node(results: Results) -> list[float]:
    return [
        1000 * (ours - bare) / size
        for size in results.sizes(cluster_jobs.MEASURE)[-1:]
        for bare, ours in results.pairs(cluster_jobs.MEASURE, size, WITH_TIMED, "node_cpu_s")
    ]


def _journal(results: Results) -> list[float]:
    return [
        value / 1000 / size
        for size in results.sizes(local_jobs.MEASURE)[-1:]
        for value in results.values(local_jobs.MEASURE, size, WITH_TIMED, "recorded_bytes")
    ]


def _imports(results: Results) -> list[float]:
    return results.values(imports.MEASURE, 0, OURS.name, "taken_ms")


def _slowest(command: str) -> Callable[[Results], list[float]]:
    """Return the wall time of a command on the largest journal that it was measured on."""
    return lambda results: [
        value
        for size in results.sizes(reader.MEASURE)[-1:]
        for value in results.values(reader.MEASURE, size, command, "wall_s")
    ]


def _of_loads(command: str) -> Callable[[Results], list[float]]:
    """Return a command's CPU on the largest journal, divided by that of ``json.loads``."""
    return lambda results: [
        ours / loads
        for size in results.sizes(reader.MEASURE)[-1:]
        for loads, ours in results.pairs(reader.MEASURE, size, command, "cpu_s", than=LOADS)
    ]


def memory_per_attempt(results: Results, command: str) -> list[float]:
    """Return the kB per attempt from the second largest journal to the largest."""
    for few, many in list(pairwise(results.sizes(reader.MEASURE)))[-1:]:
        less, more = (results.of(reader.MEASURE, size, command) for size in (few, many))
        if less and more:
            known = span(one.values["peak_mb"] for one in less).median
            attempts = more[0].values["attempts"] - less[0].values["attempts"]
            return [1024 * (one.values["peak_mb"] - known) / attempts for one in more]
    return []


def _largest(name: str) -> Callable[[Results], list[float]]:
    return lambda results: results.values(reader.MEASURE, _LARGEST, "path", name)


def _gigabytes(results: Results) -> list[float]:
    return [value / 1024 for value in _largest("peak_mb")(results)]


TARGETS: Final = (
    Target("both packages, installed and unused", 3, "ms of CPU", _imports),
    *(
        Target(
            f"CPU of {jobs:,} trivial local jobs", 1.015, "times bare", _ratio("cpu_s", jobs), ".3f"
        )
        for jobs in (400, 5000)
    ),
    Target("the same, by the CPU of our own code", 1.015, "times bare", _from_inside, ".3f"),
    Target("on the scheduler's thread", 50, "µs of CPU per job", _scheduler, ".0f"),
    Target("after the last of 5,000 jobs", 0.3, "s more than bare", _more("end_s", 5000)),
    Target("main process at 5,000 jobs", 30, "MB more than bare", _more("peak_mb", 5000), ".1f"),
    Target("on the node, per submission", 20, "ms of CPU", _node, ".1f"),
    Target("journal, per local attempt", 2.5, "kB", _journal),
    *(
        Target(f"`{command}`, any size", 0.3, "s", _slowest(command))
        for command in ("bare", "runs", "check budgets")
    ),
    *(
        Target(f"`{command}`", most, "times json.loads", _of_loads(command), ".1f")
        for command, most in (("cost --format json", 2), ("jobs", 2), ("path", 3))
    ),
    *(
        Target(
            f"`{command}`, memory per attempt",
            2.5,
            "kB",
            partial(memory_per_attempt, command=command),
        )
        for command in ("cost --format json", "jobs", "path")
    ),
    Target("`path` of 1,000,000 jobs, time", 100, "s", _largest("wall_s"), ".0f"),
    Target("`path` of 1,000,000 jobs, memory", 6, "GB", _gigabytes),
)


def rows(results: Results) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is bounded, its bound, what was measured, and whether the bound is met."""
    for target in TARGETS:
        found = target.found(results)
        bound = f"≤ {target.bound:g} {target.unit}"
        if found is None:
            yield target.what, bound, "not measured", ""
        else:
            met = "met" if found.median <= target.bound else "**gap**"
            yield target.what, bound, found.show(target.form), met
