"""What keeps a run from its end whatever else is done: the same next step in every answer."""

from snakemake_logger_plugin_observe.analysis.live.state import LiveView
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.detectors import held_jobs, stuck
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.run.model import Run


def blocked(run: Run, status: str, live: LiveView | None) -> tuple[Incident, ...]:
    """Return why a run stands still, or would stand still again if it was started again.

    Args:
        run: the run.
        status: its status.
        live: what its jobs do now, if some are out.

    """
    case = Case(run, status, live=live)
    held = held_jobs.detect(case) if status in ("interrupted", "killed") else ()
    return (*stuck.detect(case), *(one for one in held if one.jobs))
