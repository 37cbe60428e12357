"""Slurm's answer about jobs that are out: one question by explicit ids, with a time limit.

``squeue`` knows what is pending and running, ``sacct`` what has ended. Where a partition's limit
keeps a job, ``sinfo`` says what the partition allows. Nothing else is asked, and nothing again.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from snakemake_logger_plugin_observe.external import slurm_accounting
from snakemake_logger_plugin_observe.external.sacct_records import (
    SLURM_ID,
    count,
    moment,
    seconds_of,
)
from snakemake_logger_plugin_observe.external.slurm_commands import (
    SlurmError,
    check_readable,
    output_of,
)
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.queue_answer import PartitionLimits, QueueAnswer
from snakemake_logger_plugin_observe.run.slurm_states import COMPLETING, RUNNING, WAITING

PATIENCE_S: Final = 3.0
"""The time limit for everything that is asked: it answers in milliseconds, or not at all."""
_FOR_THE_QUEUE_S: Final = 2.0
_CLOCK_MAY_DIFFER_S: Final = 300
_FIELDS: Final = ("%i", "%T", "%V", "%S", "%e", "%N", "%P", "%C", "%l", "%r")
"""The reason comes last: it is the only text that may contain the separator."""
_UNKNOWN_ID: Final = "Invalid job id"
_NOT_ENDED: Final = WAITING | RUNNING | {COMPLETING}
_GOES_ON: Final = WAITING | RUNNING
"""Of the others, the accounting may know the end."""
_AT_ONCE: Final = 1_000_000
_BEGINS_LATER: Final = "BeginTime"
_OF_PARTITIONS: Final = "Partition"
"""How the reasons begin by which a partition's state or limits keep a job."""


def query(ids: Sequence[str], since: int, patience_s: float = PATIENCE_S) -> QueueAnswer:
    """Return what Slurm says of the jobs *ids*; never raises, and never waits longer.

    Args:
        ids: job ids, or ``ARRAY_TASK``; what is no such id is not asked about.
        since: seconds since the epoch; a job submitted well before it is another with that id.
        patience_s: time limit for all of it, in seconds.

    """
    until = time.monotonic() + patience_s
    wanted = slurm_accounting.slurm_ids(ids)
    if not wanted:
        return QueueAnswer()
    problems: list[str] = []
    found: dict[str, SchedulerRecord] = {}
    try:
        found |= {one.cluster_job: one for one in _queued(wanted, since, until)}
    except SlurmError as error:
        problems.append(str(error))
    ended = [one for one in wanted if one not in found or found[one].state not in _GOES_ON]
    waited = [one for one in found if one not in ended and _waited(found[one])]
    try:
        if ended or waited:
            known = slurm_accounting.query([*ended, *waited], since, until - time.monotonic())
            found |= {one.cluster_job: one for one in known if _is_news(one, found)}
            found |= {name: _with_its_wait(found[name], known) for name in waited}
            problems = []
    except SlurmError as error:
        if ended:
            problems.append(str(error))
    return QueueAnswer(
        frozenset(wanted), found, "; ".join(problems) or None, _partitions(found, until)
    )


def in_the_queue(ids: Sequence[str], since: int, patience_s: float) -> list[SchedulerRecord]:
    """Return the records of those jobs that ``squeue`` knows; none if it cannot be asked.

    The accounting's own records come some seconds late; the queue knows a job from the first.
    """
    wanted = slurm_accounting.slurm_ids(ids)
    if not wanted:
        return []
    with suppress(SlurmError):
        return list(_queued(wanted, since, time.monotonic() + patience_s))
    return []


def _is_news(one: SchedulerRecord, found: Mapping[str, SchedulerRecord]) -> bool:
    """Whether the accounting's record says more than the queue's: it may lag behind it."""
    return one.cluster_job not in found or one.state not in _NOT_ENDED


def _waited(one: SchedulerRecord) -> bool:
    """Whether a job runs that had not started at once: what kept it back, ``squeue`` forgets."""
    if one.state not in RUNNING or one.started is None or one.submitted is None:
        return False
    return one.started - one.submitted > _AT_ONCE


def _with_its_wait(one: SchedulerRecord, known: Sequence[SchedulerRecord]) -> SchedulerRecord:
    """Return a record of the queue with what the accounting says of the wait before its start."""
    for other in known:
        if other.cluster_job == one.cluster_job and other.started == one.started:
            return one.but(eligible=other.eligible, reason=other.reason)
    return one


def _queued(ids: Sequence[str], since: int, until: float) -> Iterator[SchedulerRecord]:
    """Yield the records of what is in the queue, or has just left it.

    Raises:
        SlurmError: if ``squeue`` cannot be asked.

    """
    command = ["squeue", "-h", "-r", "-t", "all", "-o", "|".join(_FIELDS), "-j", ",".join(ids)]
    try:
        text = output_of(command, min(_FOR_THE_QUEUE_S, until - time.monotonic()))
    except SlurmError as error:
        if _UNKNOWN_ID in str(error):  # asked about a single job that it no longer knows
            return
        raise
    wanted = frozenset(ids)
    check_readable("squeue", text, "|", len(_FIELDS))
    for line in text.splitlines():
        cells = line.split("|", len(_FIELDS) - 1)
        if len(cells) != len(_FIELDS) or not SLURM_ID.fullmatch(cells[0]):
            continue
        record = _record(dict(zip(_FIELDS, cells, strict=True)))
        submitted = record.submitted
        old = submitted is not None and submitted < (since - _CLOCK_MAY_DIFFER_S) * 1_000_000
        if record.cluster_job in wanted and not old:
            yield record


def _record(row: Mapping[str, str]) -> SchedulerRecord:
    state = row["%T"].strip() or None
    waits = state in WAITING  # then its start and its end are what Slurm expects
    return SchedulerRecord(
        cluster_job=row["%i"],
        state=state,
        reason=row["%r"] if row["%r"] not in ("", "None") else None,
        submitted=moment(row["%V"]),
        eligible=moment(row["%S"]) if waits and row["%r"] == _BEGINS_LATER else None,
        started=None if waits else moment(row["%S"]),
        ended=None if state in _NOT_ENDED else moment(row["%e"]),
        nodes=row["%N"] or None,
        partition=row["%P"] or None,
        cpus_requested=count(row["%C"]),
        time_limit_s=seconds_of(row["%l"]),
    )


def _partitions(
    records: Mapping[str, SchedulerRecord], until: float
) -> Mapping[str, PartitionLimits]:
    """Return what the partitions allow whose limits keep a job; nothing if it is not known."""
    names = {
        name
        for one in records.values()
        if one.partition is not None and (one.reason or "").startswith(_OF_PARTITIONS)
        for name in one.partition.split(",")
    }
    found: dict[str, PartitionLimits] = {}
    left = until - time.monotonic()
    if not names or left <= 0:
        return found
    with suppress(SlurmError):
        command = ["sinfo", "-h", "-p", ",".join(sorted(names)), "-o", "%R|%l|%a"]
        for line in output_of(command, left).splitlines():
            name, _, rest = line.partition("|")
            limit, _, available = rest.partition("|")
            found[name] = PartitionLimits(seconds_of(limit), available or None)
    return found
