"""The scheduler's own words: what Slurm's accounting recorded of a run's jobs.

One ``sacct`` query by explicit ids. Its moments are the scheduler's clock, in whole seconds, so
they stand beside the stamps and never replace them.
"""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from snakemake_logger_plugin_observe.journal.events import Accounting
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.model import Run

PATIENCE_S: Final = 5.0
_IDS_PER_QUERY: Final = 400
_ID: Final = re.compile(r"[0-9]{1,10}(_[0-9]{1,9})?")
_FIELDS: Final = (
    *("JobID", "Submit", "Eligible", "Start", "End", "State", "Reason", "ExitCode", "NodeList"),
    *("Partition", "ReqCPUS", "AllocCPUS", "ReqMem", "TimelimitRaw", "UserCPU", "SystemCPU"),
    "MaxRSS",
)
_CLOCK_MAY_DIFFER_S: Final = 300
_MOST_BYTES: Final = 2**63
_MOST_MINUTES: Final = 10**8
_UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class AccountingError(Exception):
    """The scheduler's accounting could not be asked; one line says why."""


def allocation(job: str) -> dict[str, Any] | None:
    """Return where the Slurm *job* runs and until when: fields of ``Allocation``.

    None where *job* is no id of Slurm's; what squeue does not answer is left out.
    """
    if not _ID.fullmatch(job):
        return None
    facts: dict[str, Any] = {"cluster_job": job}
    with contextlib.suppress(Exception):
        said = _said_by(["squeue", "-h", "-j", job, "-o", "%e|%N"], PATIENCE_S)
        end, _, nodes = said.strip().partition("|")
        facts |= {"end": _moment(end), "nodes": nodes or None}
    return facts


def slurm_ids(ids: Iterable[str | None]) -> list[str]:
    """Return those of *ids* that Slurm could have given, each once."""
    return list(dict.fromkeys(one for one in ids if one is not None and _ID.fullmatch(one)))


def query(ids: Sequence[str], since: int, patience_s: float = PATIENCE_S) -> list[SchedulerRecord]:
    """Return what Slurm's accounting holds of the jobs called *ids*, by one record a job.

    Args:
        ids: job ids, or ``ARRAY_TASK``.
        since: seconds since the epoch; jobs submitted well before are others that had such an id.
        patience_s: seconds that all of it may take.

    Raises:
        AccountingError: if ``sacct`` is not there, fails or takes too long.

    """
    until = time.monotonic() + patience_s
    records: list[SchedulerRecord] = []
    left = iter(slurm_ids(ids))
    while chunk := list(islice(left, _IDS_PER_QUERY)):
        text = _ask(chunk, until - time.monotonic())
        found = parse(text, since - _CLOCK_MAY_DIFFER_S)
        records.extend(record for record in found if record.cluster_job in chunk)
    return records


def _ask(ids: list[str], patience_s: float) -> str:
    fields = ",".join(_FIELDS)
    command = ["sacct", "-n", "-P", "-D", "--noconvert", "-j", ",".join(ids), "-o", fields]
    return _said_by(command, patience_s)


def _said_by(command: list[str], patience_s: float) -> str:
    """Return what one of Slurm's commands prints, its moments as seconds since the epoch.

    Raises:
        AccountingError: if it is not there, fails or takes too long.

    """
    name = command[0]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "SLURM_TIME_FORMAT": "%s", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=max(0.1, patience_s),
            start_new_session=True,  # a Ctrl-C is meant for Snakemake
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AccountingError(f"{name} did not answer in time") from None
    except OSError as error:
        raise AccountingError(f"{name} cannot be run ({error.strerror})") from None
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:200]
        raise AccountingError(f"{name} failed with exit code {done.returncode}: {said}")
    return done.stdout


def parse(text: str, since: int = 0) -> list[SchedulerRecord]:
    """Return the records in what ``sacct`` printed; steps count for their job's memory alone.

    With ``-D`` a requeued job has one record a start; the last one counts, the others are its
    restarts.
    """
    starts: dict[str, list[dict[str, str]]] = {}
    memory: dict[str, list[int]] = {}
    for row in _rows(text):
        job, dot, _ = row["JobID"].partition(".")
        if not _ID.fullmatch(job):  # the tasks that still wait: 20_[4-9]
            continue
        if (_seconds(row["Submit"]) or since) < since:  # a step's is its start
            continue
        if not dot:
            starts.setdefault(job, []).append(row)
        elif (used := _bytes(row["MaxRSS"])) is not None:
            memory.setdefault(job, []).append(used)
    return [
        _record(job, rows, max(memory.get(job, []), default=None)) for job, rows in starts.items()
    ]


def _rows(text: str) -> Iterator[dict[str, str]]:
    for line in text.splitlines():
        cells = line.split("|")
        if len(cells) == len(_FIELDS):
            yield dict(zip(_FIELDS, cells, strict=True))


def _record(job: str, rows: list[dict[str, str]], memory: int | None) -> SchedulerRecord:
    last = max(rows, key=lambda row: (_seconds(row["Submit"]) or 0, _seconds(row["Start"]) or 0))
    code, _, signal = last["ExitCode"].partition(":")
    minutes = _number(last["TimelimitRaw"])
    ended = _seconds(last["End"])
    return SchedulerRecord(
        cluster_job=job,
        state=last["State"].split(" ", 1)[0] or None,
        reason=last["Reason"] if last["Reason"] not in ("", "None") else None,
        submitted=_moment(last["Submit"]),
        eligible=_moment(last["Eligible"]),
        started=_moment(last["Start"]),
        ended=_moment(last["End"]),
        restarts=len(rows) - 1,
        exit_code=_number(code) if ended is not None else None,
        signal=_number(signal) or None,
        nodes=last["NodeList"] or None,
        partition=last["Partition"] or None,
        cpus_requested=_number(last["ReqCPUS"]),
        cpus_allocated=_number(last["AllocCPUS"]),
        memory_requested_bytes=_requested(last),
        time_limit_s=None if minutes is None or minutes > _MOST_MINUTES else minutes * 60,
        user_s=_span(last["UserCPU"]),
        system_s=_span(last["SystemCPU"]),
        peak_rss_bytes=memory,
    )


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _seconds(text: str) -> int | None:
    """Return seconds since the epoch, up to the year 5138."""
    return (_number(text) or None) if len(text) <= 11 else None


def _moment(text: str) -> int | None:
    seconds = _seconds(text)
    return None if seconds is None else seconds * 1_000_000


def _bytes(text: str) -> int | None:
    """Return the bytes of ``268435456``, ``262144K`` or ``0.25G``."""
    found = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]+)?)([KMGT]?)", text)
    count = round(float(found[1]) * _UNITS[found[2]]) if found else None
    return count if count is None or count < _MOST_BYTES else None


def _requested(row: dict[str, str]) -> int | None:
    """Return the memory asked for: older versions say whether per node (n) or per CPU (c)."""
    text = row["ReqMem"]
    asked = _bytes(text.rstrip("nc"))
    cpus = _number(row["ReqCPUS"])
    if asked is None or not text.endswith("c"):
        return asked or None
    return None if cpus is None or asked * cpus >= _MOST_BYTES else asked * cpus or None


def _span(text: str) -> float | None:
    """Return the seconds of ``[DD-[HH:]]MM:SS[.mmm]``."""
    found = re.fullmatch(
        r"(?:(?:([0-9]{1,5})-)?([0-9]{1,3}):)?([0-9]{1,3}):([0-9]{1,2}(?:\.[0-9]+)?)", text
    )
    if found is None:
        return None
    days, hours, minutes = (int(part or 0) for part in found.groups()[:3])
    return round(((days * 24 + hours) * 60 + minutes) * 60 + float(found[4]), 6)


def told_by(records: Iterable[SchedulerRecord], run: Run, moment: int) -> Iterator[Accounting]:
    """Yield the events that fold *records* into *run*, for what they tell that it does not know."""
    submissions = {
        attempt.external_jobid: attempt
        for attempt in run.attempts.values()
        if attempt.external_jobid is not None and not attempt.is_member
    }
    for record in records:
        attempt = submissions.get(record.cluster_job)
        if attempt is not None and attempt.accounting != record:
            yield Accounting(
                time=moment,
                job_id=attempt.job_id,
                group=attempt.group,
                attempt=attempt.number,
                record=record,
            )
