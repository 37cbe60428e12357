"""The jobs that took the longest in all their attempts."""

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import nlargest
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import group_name
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_COSTLIEST: Final = 5


@dataclass(frozen=True, slots=True)
class CostlyJob:
    """A job or group by all its attempts."""

    rule: str | None
    """None for a group."""
    wildcards: Mapping[str, str]
    group: str | None
    """The name of its group, if it is in one or is one."""
    job_id: int | None
    attempts: int
    phases: Mapping[str, Micros]
    """The time by phase, over its attempts, without waiting for a slot."""

    @property
    def since_selected(self) -> Micros:
        """The time of its attempts, each from its selection on."""
        return sum(self.phases.values())


def costliest(run: Run) -> tuple[CostlyJob, ...]:
    """Return the jobs of *run* whose attempts took the longest since each was selected."""
    took: dict[int | str, int] = {}
    for one in run.attempts.values():
        if (since := one.since_selected) > 0:
            took[one.key[0]] = took.get(one.key[0], 0) + since
    least = min(nlargest(_COSTLIEST, took.values()), default=0)
    longest = (one for one in run.attempts.values() if took.get(one.key[0], -1) >= least)
    by_key: dict[int | str, list[Attempt]] = {}
    for one in sorted(longest, key=_by_start):
        if one.since_selected > 0:
            by_key.setdefault(one.key[0], []).append(one)
    found = [_costly(run, attempts) for attempts in by_key.values()]
    return tuple(sorted(found, key=lambda job: -job.since_selected)[:_COSTLIEST])


def _by_start(attempt: Attempt) -> tuple[int, int, int, int]:
    start = attempt.start if attempt.start is not None else attempt.stamps.finished or 0
    job = (1, 0) if attempt.job_id is None else (0, attempt.job_id)
    return (start, *job, attempt.number)


def _costly(run: Run, attempts: list[Attempt]) -> CostlyJob:
    """Return a job by its *attempts*; it is described as it was at the last."""
    phases: dict[str, Micros] = {}
    for one in attempts:
        for name, micros in one.phases.items():
            if name != "slot_wait":
                phases[name] = phases.get(name, 0) + micros
    last = attempts[-1]
    job = run.job_of(last)
    return CostlyJob(
        rule=job.rule if job else None,
        wildcards=job.wildcards if job else {},
        group=group_name(run, last.group),
        job_id=last.job_id,
        attempts=len(attempts),
        phases=phases,
    )
