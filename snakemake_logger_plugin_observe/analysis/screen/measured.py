"""The figures of a run that its last line has, for the limits of a check file."""

from snakemake_logger_plugin_observe.analysis.check.measured_run import Measurement
from snakemake_logger_plugin_observe.analysis.screen.restored import RestoredScreen
from snakemake_logger_plugin_observe.journal.first_screen import FirstScreen
from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES
from snakemake_logger_plugin_observe.run.scope import job_counts, part_of

_OF_ATTEMPTS = frozenset(phase.name for phase in ATTEMPT_PHASES)


def measured_by_ends(
    found: RestoredScreen, screen: FirstScreen, figure: str, part: str
) -> Measurement | None:
    """Return a figure of a run; None if it is not known exactly from its last line.

    It is the same as that of all lines, without the lines that it is from.

    Args:
        found: the run.
        screen: its first screen, as its last line has it.
        figure: the figure's name in a check file.
        part: the part of it, if it has parts.

    """
    accounts = found.account
    match figure:
        case "makespan_s":
            return _exactly(accounts.makespan / 1e6)
        case "class_share" if accounts.makespan and not _is_partial(found):
            return _exactly(accounts.makespan_by_class[part] / accounts.makespan)
        case "phase_s" if part not in _OF_ATTEMPTS:
            return _exactly(accounts.makespan_by_phase.get(part, 0) / 1e6)
        case "failed_jobs":
            return _exactly(screen.failed_jobs)
        case "retries" if not screen.unseen_executions:
            return _exactly(screen.retries)
        case _:
            return None


def _exactly(value: float) -> Measurement:
    return Measurement(value, value)


def _is_partial(found: RestoredScreen) -> bool:
    """Whether its shares are not those of a run of all jobs."""
    return bool(part_of(found.run) or job_counts(found.run).up_to_date)
