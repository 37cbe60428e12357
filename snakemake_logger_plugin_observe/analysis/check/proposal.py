"""Limits that a run itself passes, with headroom: a first check file for its workflow."""

import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.check.budgets import Limit
from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun
from snakemake_logger_plugin_observe.analysis.check.metrics import measure
from snakemake_logger_plugin_observe.run.phases import UNATTRIBUTED, UNOBSERVED

_LENGTHS: Final = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_COUNTS: Final = ("failed_jobs", "retries", "masked_failures", "missing_logs", "missing_benchmarks")
_REQUESTS: Final = ("memory_of_request", "time_of_request")
_SHARE_MATTERS: Final = 0.2
_SHARES_MATTER_MICROS: Final = 60_000_000
"""Shares of shorter runs vary too much."""
_MOST_NAMED: Final = 10
"""More files than this with one ending in one folder become a glob."""
_TOOL_MATTERS_S: Final = 1.0
_NO_LINE: Final = 0  # a proposal is not in a file yet


@dataclass(frozen=True, slots=True)
class Proposed:
    """A limit, and where it comes from."""

    limit: Limit
    because: str


def limits(measured: MeasuredRun) -> Iterator[Proposed]:
    """Yield limits that the run passes, for each of its known figures.

    Of a run in which some jobs were up to date, how much it did and how long it took are left out:
    the next full run has more of both.
    """
    full = not measured.partial
    if full:
        yield from _length(measured, "makespan_s", "", 1.5, 10)
    yield from _exactly(measured, "jobs_planned", "max", "in this run; more means wider discovery")
    for name in _COUNTS:
        yield from _exactly(measured, name, "max", "in this run")
    for name in _REQUESTS:
        yield from _request(measured, name)
    long = full and measured.account.makespan >= _SHARES_MATTER_MICROS
    for name, micros in measured.account.makespan_by_class.items() if long else ():
        share = micros / (measured.account.makespan or 1)
        wasted = name not in ("compute", UNOBSERVED, UNATTRIBUTED)
        if wasted and share >= _SHARE_MATTERS:
            yield from _share(measured, name)
    yield from _length(measured, "queue_wait_s", "p95", 2, 10)
    for rule in sorted({job.rule for job in measured.run.jobs.values() if job.rule}):
        longest = measure(measured, "rule_compute_s", rule).high
        if longest is not None and longest >= _TOOL_MATTERS_S:
            yield from _length(measured, "rule_compute_s", rule, 2, 1)
    yield from _exactly(
        measured, "jobs_planned", "min", "in this run; fewer means narrower discovery"
    )


def _exactly(measured: MeasuredRun, name: str, kind: str, of: str) -> Iterator[Proposed]:
    measurement = measure(measured, name)
    if measurement.low is not None and measurement.exact:
        value = int(measurement.low)
        limit = Limit("max" if kind == "max" else "min", name, "", value, _NO_LINE)
        yield Proposed(limit, f"{value:,} {of}")


def _length(
    measured: MeasuredRun, name: str, part: str, times: float, spare_s: float
) -> Iterator[Proposed]:
    """Yield a limit of *times* the length, or *spare_s* more where that is larger."""
    high = measure(measured, name, part).high
    if high is not None:
        value = _round_length(max(high * times, high + spare_s))
        headroom = f"times {times:g}" if high * times > high + spare_s else f"plus {spare_s:g} s"
        because = f"{high:.3f} s in this run, {headroom}, rounded up"
        yield Proposed(Limit("max", name, part, value, _NO_LINE), because)


def _share(measured: MeasuredRun, part: str) -> Iterator[Proposed]:
    high = measure(measured, "class_share", part).high
    value = math.ceil((high or 0) * 100 + 10) / 100
    if high is not None and value < 1:  # no share is above 1
        because = f"{high:.2f} of this run, plus 0.1"
        yield Proposed(Limit("max", "class_share", part, value, _NO_LINE), because)


def _request(measured: MeasuredRun, name: str) -> Iterator[Proposed]:
    high = measure(measured, name).high
    if high is not None:
        value = max(0.9, math.ceil(high * 100) / 100)
        because = f"at most {high:.2f} in this run; more than 0.9 is too close"
        yield Proposed(Limit("max", name, "", value, _NO_LINE), because)


def _round_length(seconds: float) -> float:
    """Return *seconds* rounded up to a round number, at least a tenth of a second."""
    if seconds <= 0.1:
        return 0.1
    magnitude = 10.0 ** math.floor(math.log10(seconds))
    for step in _LENGTHS:
        value = round(step * magnitude, 6)
        if value >= seconds:
            return value
    return math.ceil(seconds)


def final_outputs(measured: MeasuredRun) -> list[str]:
    """Return globs of the outputs in the working directory that no job of the run read.

    Many files with one ending in one folder become one glob; a few are listed by name.
    """
    jobs = measured.run.jobs.values()
    read = {name for job in jobs for name in job.input if job.output}  # target rules do not count
    made = dict.fromkeys(name for job in jobs for name in job.output if name not in read)
    inside = [name for name in map(posixpath.normpath, made) if name and name[0] not in "/.~"]
    alike = Counter(map(_kind, inside))
    globs = (
        f"{_literal(folder)}/*{_literal(suffix)}"
        if folder and alike[folder, suffix] > _MOST_NAMED
        else _literal(name)
        for name in inside
        for folder, suffix in (_kind(name),)
    )
    return list(dict.fromkeys(globs))


def _kind(name: str) -> tuple[str, str]:
    """Return a file's folder and suffix."""
    return posixpath.dirname(name), posixpath.splitext(name)[1]


def _literal(name: str) -> str:
    """Return a glob that matches only *name*."""
    return re.sub(r"[*?[]", r"[\g<0>]", name)
