"""What keeps a run from its end whatever else is done: the same next step in every answer."""

from snakemake_logger_plugin_observe.analysis.live.state import LeftRunning, LiveView
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.detectors import (
    held_jobs,
    killed_run,
    stuck,
    submission_setup,
)
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.run.model import Run


def blocked(
    run: Run, status: str, live: LiveView | None, left_running: LeftRunning | None = None
) -> tuple[Incident, ...]:
    """Return why a run stands still, or would stand still again if it was started again.

    Args:
        run: the run.
        status: its status.
        live: what its jobs do now, if some are out.
        left_running: what the run before has on the cluster.

    """
    case = Case(run, status, live=live, left_running=left_running)
    if status == "running":
        before = (one for one in killed_run.detect(case) if one.id == killed_run.LEFT_BEFORE)
        return (*before, *stuck.detect(case))
    if status not in ("interrupted", "killed"):
        return ()
    held = (one for one in held_jobs.detect(case) if one.jobs)
    return (*stuck.detect(case), *held, *submission_setup.detect(case))
