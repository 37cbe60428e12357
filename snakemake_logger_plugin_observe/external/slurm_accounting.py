"""Slurm accounting records of a run's jobs, and the allocation that Snakemake runs in.

One ``sacct`` query by explicit ids. Its moments are on the scheduler's clock, in whole seconds, so
they are kept next to the stamps and never replace them.
"""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from snakemake_logger_plugin_observe.external.sacct_records import FIELDS, SLURM_ID, moment, parse
from snakemake_logger_plugin_observe.external.slurm_commands import check_readable, output_of
from snakemake_logger_plugin_observe.journal.events import Accounting
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.external_ids import id_in
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.refined import refined_phases_s

PATIENCE_S: Final = 5.0
_IDS_PER_QUERY: Final = 400
_CLOCK_MAY_DIFFER_S: Final = 300


def allocation(job: str) -> dict[str, Any] | None:
    """Return the nodes and end time of the Slurm *job*, as fields of ``Allocation``.

    None if *job* is not a Slurm job id; fields that squeue does not report are left out.
    """
    if not SLURM_ID.fullmatch(job):
        return None
    facts: dict[str, Any] = {"cluster_job": job}
    with contextlib.suppress(Exception):
        output = output_of(["squeue", "-h", "-j", job, "-o", "%e|%N"], PATIENCE_S)
        end, _, nodes = output.strip().partition("|")
        facts |= {"end": moment(end), "nodes": nodes or None}
    return facts


def slurm_ids(ids: Iterable[str | None]) -> list[str]:
    """Return the *ids* that are Slurm job ids, without duplicates."""
    return list(dict.fromkeys(id_ for id_ in ids if id_ is not None and SLURM_ID.fullmatch(id_)))


def query(ids: Sequence[str], since: int, patience_s: float = PATIENCE_S) -> list[SchedulerRecord]:
    """Return Slurm's accounting records of the jobs *ids*, one per job.

    Args:
        ids: job ids, or ``ARRAY_TASK``.
        since: seconds since the epoch; a job submitted well before it is another with that id.
        patience_s: time limit for the whole query, in seconds.

    Raises:
        SlurmError: if ``sacct`` is missing, fails or takes too long.

    """
    until = time.monotonic() + patience_s
    records: list[SchedulerRecord] = []
    left = iter(slurm_ids(ids))
    while chunk := list(islice(left, _IDS_PER_QUERY)):
        text = _sacct(chunk, until - time.monotonic())
        parsed = parse(text, since - _CLOCK_MAY_DIFFER_S)
        records.extend(record for record in parsed if record.cluster_job in chunk)
    return records


def _sacct(ids: list[str], patience_s: float) -> str:
    fields = ",".join(FIELDS)
    command = ["sacct", "-n", "-P", "-D", "--noconvert", "-j", ",".join(ids), "-o", fields]
    text = output_of(command, patience_s)
    check_readable("sacct", text, "|", len(FIELDS))
    return text


def accounting_events(
    records: Iterable[SchedulerRecord], run: Run, queried: int
) -> Iterator[Accounting]:
    """Yield an event for each of *records* that is new to *run* or has changed."""
    submissions = {
        id_in(attempt.external_jobid): attempt
        for attempt in run.attempts.values()
        if attempt.external_jobid is not None and not attempt.is_member
    }
    for record in records:
        attempt = submissions.get(record.cluster_job)
        if attempt is not None and attempt.accounting != record:
            yield Accounting(
                time=queried,
                job_id=attempt.job_id,
                group=attempt.group,
                attempt=attempt.number,
                record=record,
                phases_s=refined_phases_s(attempt, record),
            )
