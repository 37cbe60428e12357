"""The run was killed or interrupted with work left: jobs in flight, or not begun."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.failures.causes import (
    allocation_that_ran_out,
)
from snakemake_logger_plugin_observe.analysis.triage import in_flight
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import KILLED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.citations import Citation

CLASS: Final = KILLED
_BY: Final = {
    "interrupted": "the run was interrupted (Ctrl-C, or SIGINT)",
    "terminated": "the run was asked to end (SIGTERM)",
}


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where something was left; its own allocation's end is a time limit."""
    if (
        case.status not in ("killed", "interrupted")
        or allocation_that_ran_out(case.run, case.status) is not None
    ):
        return
    left = in_flight.left(case)
    if not left and not in_flight.not_begun_of(case):
        return
    word = "the run was killed" if case.status == "killed" else "the run was interrupted"
    cited: list[Citation] = []
    for message in case.run.messages:
        if message.kind in _BY:
            word = _BY[message.kind] if case.status == "interrupted" else word
            cited += case.side.at_event(message, message.text)
    cited += case.side.at_end(f"status: {case.status}")
    cited += in_flight.evidence(case, left)
    if not cited:  # cut off before any job: the journal's beginning is all there is
        cited += case.side.at_event(case.run.planned, "planned")
    cited = cited or [*case.side.at_start("the run, which has no last line")]
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"{word} with {in_flight.told(case, left)}",
        strength="certain",
        explains=in_flight.lost(case, left),
        failures=len(left),
        cut_off=True,
        evidence=tuple(cited),
        wrong_if="the run's process is alive after all"
        if case.status == "killed"
        else "the jobs had ended, and only their end was not seen",
        action=Action(
            in_flight.advice(case, left),
            "jobs that outlive their Snakemake write over what the next run makes; their outputs "
            "are incomplete until then",
        ),
        rules=in_flight.rules(case, left),
        jobs=tuple(one.job_id for one in left if one.job_id is not None),
    )
