"""How much time jobs ask for that are pending over it, and how much their partition allows."""

from collections.abc import Sequence

from snakemake_logger_plugin_observe.analysis.live.state import LiveState, LiveView
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.run.slurm_reasons import kind_of


def asked_and_allowed(case: Case, view: LiveView, states: Sequence[LiveState]) -> str | None:
    """Return how much time a job asks for, and how much its partition allows."""
    record = states[0].record
    if kind_of(states[0].reason) != "time_limit" or record is None or record.time_limit_s is None:
        return None
    who_asks = "it asks" if len(states) == 1 else "each asks"
    text = f"({who_asks} for {_minutes(record.time_limit_s)}{_of_members(case, states[0])}"
    allowed = view.partitions.get(record.partition or "")
    if allowed is None or allowed.time_limit_s is None:
        return f"{text}, more than partition {record.partition} allows)"
    return f"{text}, partition {record.partition} allows {_minutes(allowed.time_limit_s)})"


def _of_members(case: Case, one: LiveState) -> str:
    """Return how a group's time adds up from its members', if it does."""
    record, run = one.record, case.run
    members = [run.jobs.get(job_id) for job_id in run.members(str(one.key[0]))]
    asked = [job.resources.get("runtime") for job in members if job is not None]
    minutes = [value for value in asked if isinstance(value, int | float)]
    if not minutes or len(minutes) != len(members) or record is None:
        return ""
    if round(sum(minutes) * 60) != round(record.time_limit_s or 0):
        return ""
    each = f" of {minutes[0]:g} min each" if len(set(minutes)) == 1 else ""
    return f", the sum of its {len(members)} jobs{each}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:g} h"
