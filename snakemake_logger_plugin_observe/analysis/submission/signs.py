"""The signs in a run that the setup of its submissions cannot go well."""

import re
from collections.abc import Iterable
from typing import Final

from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.slurm_states import ENDS

# Slurm's daemon sets it where it could not open the files that a job prints into.
_NO_OUTPUT_FILE: Final = 53
_BLANK: Final = re.compile(r"\s")


def ended_before_its_script(attempt: Attempt, record: SchedulerRecord | None) -> bool:
    """Whether Slurm ended a job at once, because it could not open the job's log file."""
    if record is None or record.state != "FAILED" or record.signal != _NO_OUTPUT_FILE:
        return False
    return not attempt.node_starts and not any(not level.in_main for level in attempt.levels)


def is_no_id(external: str | None) -> bool:
    """Whether what was taken for a job's id is a sentence or an error, and no id."""
    return external is not None and _BLANK.search(external.strip()) is not None


def ended_unnoticed(attempt: Attempt, record: SchedulerRecord | None) -> bool:
    """Whether the cluster ended a job whose end Snakemake never noticed."""
    if record is None or record.state not in ENDS or record.ended is None:
        return False
    return attempt.stamps.accepted is not None and attempt.stamps.reported is None


def never_submitted(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the attempts that were selected, and never began to be submitted."""
    return [
        one
        for one in attempts
        if one.stamps.selected is not None
        and one.stamps.submitting is None
        and one.stamps.accepted is None
    ]
