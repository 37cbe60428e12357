"""The run was killed or interrupted with jobs in flight or not started."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.failures.causes import (
    allocation_that_ran_out,
)
from snakemake_logger_plugin_observe.analysis.live.state import LeftRunning
from snakemake_logger_plugin_observe.analysis.live.summary import still_out
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.analysis.triage import cluster_jobs, in_flight
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import KILLED
from snakemake_logger_plugin_observe.analysis.triage.holds import before_going_on
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.unended import before_jobs, go_on
from snakemake_logger_plugin_observe.run.attempt import Attempt

CLASS: Final = KILLED
LEFT_BEFORE: Final = f"{KILLED}:before"
"""The id of the incident about jobs that the run before left."""
_LEFT: Final = (
    "jobs that still run may overwrite outputs of the next run, and those that were cut off left "
    "incomplete outputs"
)
_BY: Final = {
    "interrupted": "the run was interrupted (Ctrl-C, or SIGINT)",
    "terminated": "the run was terminated (SIGTERM)",
}


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if jobs were left, unless the run's own allocation reached its limit."""
    if case.left_running is not None:
        yield _of_the_run_before(case, case.left_running)
    if (
        case.status not in ("killed", "interrupted")
        or allocation_that_ran_out(case.run, case.status) is not None
    ):
        return
    left = in_flight.left(case)
    before = before_jobs(case.run)
    if not left and not in_flight.not_started(case) and before is None:
        return
    ended = "the run was interrupted"
    if case.status == "killed":
        ended = f"the run was killed after {case.run.makespan / 1e6:.1f} s at least,"
    cited: list[Citation] = []
    for message in case.run.messages:
        if message.kind in _BY:
            ended = _BY[message.kind] if case.status == "interrupted" else ended
            cited += case.side.at_event(message, message.text)
    cited += case.side.at_event(case.run.heartbeat, "the last sign of life")
    cited += case.side.at_end(f"status: {case.status}")
    cited += in_flight.evidence(case, left)
    if not cited:  # cut off before any job: only the beginning of the journal is left
        cited += case.side.at_event(case.run.planned, "planned")
    cited = cited or [*case.side.at_start("the run, which has no last event")]
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"{ended} {_how_far(case, left, before)}{in_flight.now(case)}",
        strength="certain",
        explains=in_flight.lost(case, left),
        failures=len(left),
        cut_off=True,
        evidence=tuple(cited),
        wrong_if=_wrong_if(case, left),
        action=Action(
            before_going_on(case)
            + go_on(
                case.run,
                left,
                killed=case.status == "killed",
                still_out=still_out(case.live),
            ),
            _LEFT if left and in_flight.may_go_on(case, left) else "what is done stays done",
            commands=in_flight.commands(case, left),
        ),
        rules=in_flight.rules(case, left),
        jobs=tuple(one.job_id for one in left if one.job_id is not None),
    )


def _of_the_run_before(case: Case, left: LeftRunning) -> Incident:
    """Return that the run before, which was cut off, still has jobs on the cluster."""
    many, ids = len(left.ids) > 1, named(left.ids, 8)
    return Incident(
        id=LEFT_BEFORE,
        incident_class=CLASS,
        where="operating context",
        claim=f"{plural(len(left.ids), 'job')} of the run before (slurm {ids}), which was "
        f"{left.status}, {'are' if many else 'is'} still queued or running on the cluster, and may "
        "write the files that this run makes",
        strength="certain",
        explains=0,
        failures=0,
        evidence=(
            Citation("command", "squeue", named(left.ids, 8)),
            *case.side.at_start("the run"),
        ),
        wrong_if="squeue does not show them any more",
        action=Action(
            f"cancel {ids}; then see whether files that they had begun are whole",
            "two jobs that write the same file leave it broken",
            commands=cluster_jobs.commands("slurm", left.ids),
        ),
    )


def _wrong_if(case: Case, left: Sequence[Attempt]) -> str:
    if case.status == "killed":
        return "the process of the run is still alive"
    if left and not in_flight.may_go_on(case, left):
        return "the tools had sent themselves the signal that ended them"
    return "the jobs had already ended, but their end was not recorded"


def _how_far(case: Case, left: Sequence[Attempt], before: str | None) -> str:
    if before is not None:
        return f"while {before}; no job had started"
    return f"with {in_flight.describe(case, left)}"
