"""The output of ``sacct``, parsed into Slurm accounting records."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.journal.records import SchedulerRecord, SchedulerStart

SLURM_ID: Final = re.compile(r"[0-9]{1,10}(_[0-9]{1,9})?")
FIELDS: Final = (
    *("JobID", "Submit", "Eligible", "Start", "End", "State", "Reason", "ExitCode", "NodeList"),
    *("Partition", "ReqCPUS", "AllocCPUS", "ReqMem", "TimelimitRaw", "UserCPU", "SystemCPU"),
    *("Suspended", "MaxRSS"),
)
_MOST_BYTES: Final = 2**63
_MOST_MINUTES: Final = 10**8
_UNLIMITED_MINUTES: Final = 365 * 24 * 60
_UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_CANCELLED_BY: Final = re.compile(r"CANCELLED by ([0-9]{1,10})")


class _Step(NamedTuple):
    """A step of a job: when it ran, in seconds since the epoch, and its peak memory."""

    started: int
    ended: int | None
    peak: int


def parse(text: str, since: int = 0) -> list[SchedulerRecord]:
    """Return the records in the output of ``sacct``; steps only add their job's peak memory.

    With ``-D`` a requeued job has one record per start: the last one counts, and the others are
    its earlier starts.
    """
    starts: dict[str, list[dict[str, str]]] = {}
    steps: dict[str, list[_Step]] = {}
    for row in _rows(text):
        job, dot, _ = row["JobID"].partition(".")
        if not SLURM_ID.fullmatch(job):  # tasks that are still pending: 20_[4-9]
            continue
        if (_seconds(row["Submit"]) or since) < since:  # a step's Submit is its start
            continue
        if not dot:
            starts.setdefault(job, []).append(row)
        elif (used := _bytes(row["MaxRSS"])) is not None:
            step = _Step(_seconds(row["Start"]) or 0, _seconds(row["End"]), used)
            steps.setdefault(job, []).append(step)
    return [_record(job, rows, steps.get(job, [])) for job, rows in starts.items()]


def _rows(text: str) -> Iterator[dict[str, str]]:
    for line in text.splitlines():
        cells = line.split("|")
        if len(cells) == len(FIELDS):
            yield dict(zip(FIELDS, cells, strict=True))


def _record(job: str, rows: list[dict[str, str]], steps: Sequence[_Step]) -> SchedulerRecord:
    in_order = sorted(
        rows, key=lambda row: (_seconds(row["Submit"]) or 0, _seconds(row["Start"]) or 0)
    )
    last = in_order[-1]
    code, _, signal = last["ExitCode"].partition(":")
    minutes = count(last["TimelimitRaw"])
    ended = _seconds(last["End"])
    return SchedulerRecord(
        cluster_job=job,
        state=last["State"].split(" ", 1)[0] or None,
        cancelled_by=by[1] if (by := _CANCELLED_BY.fullmatch(last["State"])) else None,
        reason=last["Reason"] if last["Reason"] not in ("", "None") else None,
        submitted=moment(last["Submit"]),
        eligible=moment(last["Eligible"]),
        started=_started(last),
        ended=moment(last["End"]),
        restarts=len(rows) - 1,
        earlier_starts=tuple(map(_earlier, in_order[:-1])),
        exit_code=count(code) if ended is not None else None,
        signal=count(signal) or None,
        nodes=last["NodeList"] if last["NodeList"] not in ("", "None assigned") else None,
        partition=last["Partition"] or None,
        cpus_requested=count(last["ReqCPUS"]),
        cpus_allocated=count(last["AllocCPUS"]),
        memory_requested_bytes=_requested(last),
        time_limit_s=_limit_s(minutes),
        user_s=seconds_of(last["UserCPU"]),
        system_s=seconds_of(last["SystemCPU"]),
        suspended_s=seconds_of(last["Suspended"]) or None,
        peak_rss_bytes=max((step.peak for step in steps), default=None),
        peak_together_bytes=_together(steps),
    )


def _limit_s(minutes: int | None) -> float | None:
    """Return a time limit in seconds; None if there is none, which may be printed as a year."""
    if minutes is None or minutes > _MOST_MINUTES or minutes == _UNLIMITED_MINUTES:
        return None
    return minutes * 60


def _earlier(row: dict[str, str]) -> SchedulerStart:
    return SchedulerStart(
        state=row["State"].split(" ", 1)[0] or None,
        started=moment(row["Start"]),
        ended=moment(row["End"]),
        nodes=row["NodeList"] or None,
    )


def _together(steps: Iterable[_Step]) -> int | None:
    """Return the largest sum of the peaks of steps that ran at once; None if there are none.

    A step that begins in the second in which another ended did not run beside it.
    """
    known = list(steps)
    sums = [
        sum(
            other.peak
            for other in known
            if other is one
            or (other.started <= one.started and (other.ended is None or other.ended > one.started))
        )
        for one in known
    ]
    return min(max(sums), _MOST_BYTES - 1) if sums else None


def _started(row: dict[str, str]) -> int | None:
    """Return when it started; of one that was cancelled before, Slurm first says when that was."""
    never = row["AllocCPUS"] == "0" and row["Start"] == row["End"]
    return None if never else moment(row["Start"])


def count(text: str) -> int | None:
    """Return a whole number that Slurm printed, or None."""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _seconds(text: str) -> int | None:
    """Return seconds since the epoch, up to the year 5138."""
    return (count(text) or None) if len(text) <= 11 else None


def moment(text: str) -> int | None:
    """Return a moment that Slurm printed as seconds since the epoch, or None."""
    seconds = _seconds(text)
    return None if seconds is None else seconds * 1_000_000


def _bytes(text: str) -> int | None:
    """Return the bytes of ``268435456``, ``262144K`` or ``0.25G``."""
    amount = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]+)?)([KMGT]?)", text)
    count = round(float(amount[1]) * _UNITS[amount[2]]) if amount else None
    return count if count is None or count < _MOST_BYTES else None


def _requested(row: dict[str, str]) -> int | None:
    """Return the requested memory; older versions add n (per node) or c (per CPU)."""
    text = row["ReqMem"]
    requested = _bytes(text.rstrip("nc"))
    cpus = count(row["ReqCPUS"])
    if requested is None or not text.endswith("c"):
        return requested or None
    return None if cpus is None or requested * cpus >= _MOST_BYTES else requested * cpus or None


def seconds_of(text: str) -> float | None:
    """Return the seconds of ``[DD-[HH:]]MM:SS[.mmm]``."""
    span = re.fullmatch(
        r"(?:(?:([0-9]{1,5})-)?([0-9]{1,3}):)?([0-9]{1,3}):([0-9]{1,2}(?:\.[0-9]+)?)", text
    )
    if span is None:
        return None
    days, hours, minutes = (int(part or 0) for part in span.groups()[:3])
    return round(((days * 24 + hours) * 60 + minutes) * 60 + float(span[4]), 6)
