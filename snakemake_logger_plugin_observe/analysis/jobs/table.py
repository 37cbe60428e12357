"""The attempts of a run as rows, filtered and sorted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.jobs.resource_use import (
    ResourceUse,
    resource_use,
    why_unknown,
)
from snakemake_logger_plugin_observe.analysis.phrasing import group_name
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED
from snakemake_logger_plugin_observe.run.scheduler_ends import ended_badly

_HIDDEN_IN_A_NODE: Final = (
    *("held", "queue_wait", "job_script", "node_startup", "node_plan", "stage_in", "compute"),
    *("stage_out", "node_exit", "poll_wait"),
)
_HIDDEN_IN_MAIN: Final = ("stage_in", "compute", "stage_out")
SORT_KEYS: Final = ("time", "start", "rule", "status", "job")


@dataclass(frozen=True, slots=True)
class Row:
    """An attempt, with the description of its job."""

    attempt: Attempt
    status: str
    """Its status, or ``in_flight``: see ``Run.status_of``."""
    rule: str | None
    wildcards: dict[str, str]
    group_name: str | None
    reason: str | None
    log: tuple[str, ...]
    command: str | None
    """The first line of its shell command that is not empty."""
    line: int | None
    use: ResourceUse
    use_unknown: str | None = None
    """Why it is not known what it used, if it is not."""

    @property
    def total(self) -> Micros:
        """The sum over its phases."""
        return sum(self.attempt.phases.values())

    @property
    def since_selected(self) -> Micros:
        """Its phases from the moment it was selected."""
        return self.attempt.since_selected

    @property
    def phases(self) -> dict[str, Micros | None]:
        """Microseconds per phase; None for phases that an unobserved stretch may contain."""
        known: dict[str, Micros | None] = dict(self.attempt.phases)
        if UNOBSERVED not in known and self.attempt.segments:
            return known
        remote = self.attempt.external_jobid is not None
        for phase in _HIDDEN_IN_A_NODE if remote else _HIDDEN_IN_MAIN:
            known.setdefault(phase, None)
        return known


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which attempts to list, and in what order."""

    rule: str | None = None
    status: str | None = None
    failed: bool = False
    sort: str = "start"


def rows(run: Run, wanted: RowFilter | None = None) -> list[Row]:
    """Return the attempts that *wanted* selects; the submission of a group is a row of its own."""
    wanted = wanted or RowFilter()
    attempts = list(run.attempts.values())
    if wanted.rule is not None:
        attempts = [one for one in attempts if run.rule_of(one) == wanted.rule]
    if wanted.failed:
        failed = {one.key[0] for one in attempts if _failed_once(run, one)}
        attempts = [one for one in attempts if one.key[0] in failed]
    if wanted.status is not None:
        attempts = [one for one in attempts if run.status_of(one) == wanted.status]
    return rows_of(run, attempts, wanted.sort)


def rows_of(run: Run, attempts: Iterable[Attempt], sort: str = "start") -> list[Row]:
    """Return a row for each of *attempts*."""
    return sorted((_row(run, one) for one in attempts), key=lambda row: _sort_key(row, sort))


def _failed_once(run: Run, attempt: Attempt) -> bool:
    """Whether an attempt failed, or an execution inside it that a retry recovered."""
    if ended_badly(run, attempt):
        return True
    return attempt.job_id is not None and bool(run.failed_executions(attempt))


def _row(run: Run, attempt: Attempt) -> Row:
    job = run.job_of(attempt)
    return Row(
        attempt=attempt,
        status=run.status_of(attempt),
        rule=job.rule if job else None,
        wildcards=job.wildcards if job else {},
        group_name=group_name(run, attempt.group),
        reason=job.reason if job else None,
        log=job.log if job else (),
        command=_first_line(job.shellcmd) if job else None,
        line=attempt.line,
        use=resource_use(run, attempt),
        use_unknown=why_unknown(run, attempt),
    )


def _first_line(command: str | None) -> str | None:
    return next((line.strip() for line in (command or "").splitlines() if line.strip()), None)


def _sort_key(row: Row, by: str) -> tuple[object, ...]:
    attempt = row.attempt
    job = (0, attempt.job_id) if attempt.job_id is not None else (1, 0)
    start = attempt.start if attempt.start is not None else attempt.stamps.finished or 0
    match by:
        case "time":
            return (-row.total, *job, attempt.number)
        case "rule":
            return (row.rule or "", *job, attempt.number)
        case "status":
            return (row.status, *job, attempt.number)
        case "job":
            return (*job, attempt.group or "", attempt.number)
        case _:
            return (start, *job, attempt.number)
