"""What the scheduler was asked for, where that is less than what the workflow requests.

Its record is what counts: it ends a job that uses more than that, whatever the Snakefile says.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

MB: Final = 1_000_000
"""Snakemake's mem_mb. A scheduler takes the same number for MiB."""
_MIB: Final = 1 << 20
_ROUNDED: Final = 0.01
_MINUTE_S: Final = 60
UNLIMITED_S: Final = 365 * 24 * 3600
"""What Slurm records as the limit of a job that has none: nobody asked for a year."""
_PER_CPU: Final = "mem_mb_per_cpu"


@dataclass(frozen=True, slots=True)
class Overridden:
    """A rule's request that the scheduler was not asked for, but for less."""

    rule: str
    resource: Literal["memory", "runtime"]
    declared: float
    """What the rule's job requests: bytes, or seconds."""
    submitted: float
    """What the scheduler was asked for."""
    because: str
    """What made the difference, as a clause; empty if that is not known."""
    fix: str
    """An imperative."""
    attempts: tuple[Attempt, ...]

    @property
    def claim(self) -> str:
        """Return ``the scheduler was asked for 500 MB, not 8000``, with what made it so.

        A time limit may have been lowered since; the record is of the job's end.
        """
        because = f": {self.because}" if self.because else ""
        if self.resource == "memory":
            asked, of_rule = f"{self.submitted / _MIB:.0f} MB", f"{self.declared / MB:.0f}"
            return f"the scheduler was asked for {asked}, not {of_rule}{because}"
        limit, of_rule = f"{self.submitted / _MINUTE_S:.3g} min", f"{self.declared / 60:.3g}"
        return f"the limit in the cluster was {limit}, not the {of_rule} of the rule{because}"


def memory_requested(job: JobDescribed, record: SchedulerRecord | None) -> int | None:
    """Return the bytes that a job's submission requested: the scheduler's record counts.

    Where it is the number of the rule's mem_mb, that is the figure: 400 MB for ``--mem 400``.
    """
    declared = amount(job.resources.get("mem_mb"))
    submitted = record.memory_requested_bytes if record is not None else None
    if declared is None or submitted is None:
        return submitted if declared is None else round(declared * MB)
    return round(declared * MB) if _is_same(declared, submitted) else submitted


def memory_was_asked_for(job: JobDescribed, record: SchedulerRecord | None) -> bool:
    """Whether the workflow asks for the memory that ``memory_requested`` returns.

    A submit command may not pass it on: then the scheduler has given the partition's default.
    """
    submitted = record.memory_requested_bytes if record is not None else None
    if record is None or submitted is None:
        return True
    declared, per_cpu = (amount(job.resources.get(name)) for name in ("mem_mb", _PER_CPU))
    cpus = record.cpus_requested or job.threads or 1
    asked = (declared, None if per_cpu is None else per_cpu * cpus)
    return any(one is not None and _is_same(one, submitted) for one in asked)


def runtime_requested(job: JobDescribed, record: SchedulerRecord | None) -> float | None:
    """Return the seconds that a job's submission may take: the scheduler's record counts."""
    declared = amount(job.resources.get("runtime"))
    if record is not None and record.time_limit_s and record.time_limit_s != UNLIMITED_S:
        return record.time_limit_s
    return None if declared is None else declared * _MINUTE_S


def amount(value: Any) -> float | None:
    """Return a resource's value if it is an amount, else None."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12
    return float(value) if known else None


def _is_same(declared_mb: float, submitted: int) -> bool:
    return declared_mb * MB * (1 - _ROUNDED) <= submitted <= declared_mb * _MIB + _MIB


def overridden(run: Run) -> list[Overridden]:
    """Return the requests of each rule that were submitted with less than it declares."""
    found: dict[tuple[str, str, float, float], list[Overridden]] = {}
    for attempt in run.attempts.values():
        for one in _of_attempt(run, attempt):
            key = (one.rule, one.resource, one.declared, one.submitted)
            found.setdefault(key, []).append(one)
    return [
        replace(own[-1], attempts=tuple(attempt for one in own for attempt in one.attempts))
        for own in found.values()
    ]


def lowered_limit(run: Run, rules: Collection[str | None]) -> Overridden | None:
    """Return a time limit of a job of *rules* that is below its rule's runtime; None if none is."""
    known = (one for one in overridden(run) if one.resource == "runtime")
    return next((one for one in known if one.rule in rules), None)


def _of_attempt(run: Run, attempt: Attempt) -> Iterator[Overridden]:
    job, record = run.job_of(attempt), attempt.accounting
    if job is None or record is None:
        return
    declared, submitted = amount(job.resources.get("mem_mb")), record.memory_requested_bytes
    if declared and submitted and submitted < declared * MB * (1 - _ROUNDED):
        because, fix = _why(run, job, record, submitted)
        yield Overridden(
            *(job.rule, "memory", declared * MB, submitted, because, fix), attempts=(attempt,)
        )
    minutes, limit = amount(job.resources.get("runtime")), record.time_limit_s
    if minutes and limit and limit < (minutes - 1) * _MINUTE_S:
        yield Overridden(
            *(job.rule, "runtime", minutes * _MINUTE_S, limit, ""),
            _restore_runtime(run),
            attempts=(attempt,),
        )


def _why(run: Run, job: JobDescribed, record: SchedulerRecord, submitted: int) -> tuple[str, str]:
    """Return why less memory was submitted than the rule requests, and what to do about it."""
    per_cpu = amount(job.resources.get(_PER_CPU))
    cpus = record.cpus_requested or job.threads or 1
    if per_cpu and _is_same(per_cpu * cpus, submitted):
        each = f" × {cpus} CPUs" if cpus > 1 else ""
        settings = run.started.settings if run.started is not None else {}
        of_defaults = _PER_CPU in str(settings.get("default_resources") or "")
        where = "--default-resources" if of_defaults else "the rule, or --default-resources"
        of = " of the defaults" if of_defaults else ""
        return (
            f"{_PER_CPU}={per_cpu:g}{each}{of} wins over mem_mb",
            f"remove {_PER_CPU} from {where} (or from the profile), so that mem_mb is submitted",
        )
    return "", f"pass mem_mb on to the scheduler ({_how_submitted(run)})"


def _restore_runtime(run: Run) -> str:
    """Return what to do about a time limit that is lower than the rule's runtime."""
    if run.started is not None and run.started.wraps == "slurm":  # it always passes runtime on
        return (
            "find out what lowered the time limit: somebody at the scheduler (scontrol update), or "
            "a --time in the rule's slurm_extra"
        )
    return f"pass runtime on to the scheduler ({_how_submitted(run)})"


def _how_submitted(run: Run) -> str:
    """Return where it is said what a submission requests."""
    wraps = run.started.wraps if run.started is not None else None
    if wraps == "cluster-generic":
        return "in the command of --cluster-generic-submit-cmd, in the scheduler's unit"
    return "see the submission's own options in the rule and the profile"
