"""Jobs that a hold kept from ever starting, and that have gone with it since.

Nothing is left to release, and the next run submits other jobs: its submissions may be held again.
"""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.slurm_reasons import kind_of

_PHASE: Final = "held"
WHO_HELD_IT: Final = "find out who or what held it (scontrol hold, or --hold in what is requested)"


def never_started(one: Attempt) -> bool:
    """Whether the scheduler recorded an attempt, and no start of it."""
    return one.accounting is not None and one.accounting.started is None


def are_gone(attempts: Sequence[Attempt]) -> bool:
    """Whether all were held until they ended."""
    records = [one.accounting for one in attempts if never_started(one)]
    return len(records) == len(attempts) > 0 and all(
        record is not None and record.ended is not None and kind_of(record.reason) == _PHASE
        for record in records
    )


def before_going_on(case: Case) -> str:
    """Return what to find out before the next run, to begin a sentence with; empty if nothing."""
    held = [one for one in case.run.attempts.values() if one.phases.get(_PHASE)]
    over = case.live is None or case.live.all_ended
    gone = over and any(are_gone([one]) for one in held)
    return f"{WHO_HELD_IT}; then " if gone else ""
