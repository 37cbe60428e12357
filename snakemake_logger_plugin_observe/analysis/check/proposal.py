"""Limits that a run itself keeps to, with headroom: what a first file of budgets may say."""

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
_SHARES_TELL: Final = 60_000_000
"""The shares of a shorter run are chance."""
_MOST_NAMED: Final = 10
"""Files that end alike in one folder; more of them are one glob."""
_TOOL_MATTERS_S: Final = 1.0
_NO_LINE: Final = 0  # a proposal is not in a file yet


@dataclass(frozen=True, slots=True)
class Proposed:
    """A limit, and where it came from."""

    limit: Limit
    because: str


def limits(subject: MeasuredRun) -> Iterator[Proposed]:
    """Yield limits that the run keeps to, of those figures that are known of it."""
    yield from _length(subject, "makespan_s", "", 1.5, 10)
    yield from _exactly(subject, "jobs_planned", "max", "of this run: more is wider discovery")
    for name in _COUNTS:
        yield from _exactly(subject, name, "max", "in this run")
    for name in _REQUESTS:
        yield from _request(subject, name)
    long = subject.account.makespan >= _SHARES_TELL
    for name, micros in subject.account.makespan_by_class.items() if long else ():
        share = micros / (subject.account.makespan or 1)
        wasted = name not in ("compute", UNOBSERVED, UNATTRIBUTED)
        if wasted and share >= _SHARE_MATTERS:
            yield from _share(subject, name)
    yield from _length(subject, "queue_wait_s", "p95", 2, 10)
    for rule in sorted({job.rule for job in subject.run.jobs.values() if job.rule}):
        longest = measure(subject, "rule_compute_s", rule).high
        if longest is not None and longest >= _TOOL_MATTERS_S:
            yield from _length(subject, "rule_compute_s", rule, 2, 1)
    yield from _exactly(subject, "jobs_planned", "min", "of this run: fewer is narrower discovery")


def _exactly(subject: MeasuredRun, name: str, kind: str, of: str) -> Iterator[Proposed]:
    found = measure(subject, name)
    if found.low is not None and found.exact:
        value = int(found.low)
        limit = Limit("max" if kind == "max" else "min", name, "", value, _NO_LINE)
        yield Proposed(limit, f"{value:,} {of}")


def _length(
    subject: MeasuredRun, name: str, part: str, times: float, spare_s: float
) -> Iterator[Proposed]:
    """Yield a length with *times* its headroom, or *spare_s* where that is more: starts vary."""
    high = measure(subject, name, part).high
    if high is not None:
        value = _round_length(max(high * times, high + spare_s))
        more = f"times {times:g}" if high * times > high + spare_s else f"and {spare_s:g} s"
        said = f"{high:.3f} s in this run, {more}, rounded up"
        yield Proposed(Limit("max", name, part, value, _NO_LINE), said)


def _share(subject: MeasuredRun, part: str) -> Iterator[Proposed]:
    high = measure(subject, "class_share", part).high
    if high is not None:
        value = min(1.0, math.ceil(high * 100 + 10) / 100)
        said = f"{high:.2f} of this run, and 0.1"
        yield Proposed(Limit("max", "class_share", part, value, _NO_LINE), said)


def _request(subject: MeasuredRun, name: str) -> Iterator[Proposed]:
    high = measure(subject, name).high
    if high is not None:
        value = max(0.9, math.ceil(high * 100) / 100)
        said = f"{high:.2f} at most in this run; nearly all is too close"
        yield Proposed(Limit("max", name, "", value, _NO_LINE), said)


def _round_length(seconds: float) -> float:
    """Return the next length, up, that a person would write; a tenth of a second at least."""
    if seconds <= 0.1:
        return 0.1
    magnitude = 10.0 ** math.floor(math.log10(seconds))
    for step in _LENGTHS:
        value = round(step * magnitude, 6)
        if value >= seconds:
            return value
    return math.ceil(seconds)


def final_outputs(subject: MeasuredRun) -> list[str]:
    """Return globs of what the run made and no job of it read, below its working directory.

    Many files in one folder that end alike are one glob; few are named, so that none can be lost.
    """
    jobs = subject.run.jobs.values()
    read = {name for job in jobs for name in job.input if job.output}  # by more than a target
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
    """Return a file's folder, and how its name ends."""
    return posixpath.dirname(name), posixpath.splitext(name)[1]


def _literal(name: str) -> str:
    """Return a glob that matches *name* alone."""
    return re.sub(r"[*?[]", r"[\g<0>]", name)
