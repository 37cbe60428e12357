"""Many checkpoints, each of which has the whole DAG looked at again."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    below,
    is_replanning,
    replanning_time,
)

CLASS: Final = "checkpoint_storm"
_FEWEST: Final = 5
_CITED: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident where re-planning after checkpoints weighs, or explains the slowness."""
    replans = [(one.end - one.time, one) for one in case.run.phases if is_replanning(one)]
    took = min(replanning_time(case.run), case.spent("plan"))
    before = replanning_time(case.baseline) if case.baseline is not None else 0
    if len(replans) < _FEWEST or not (case.weighs(took) or case.explains_slowness(took - before)):
        return
    replans.sort(key=lambda one: -one[0])
    rules = dict.fromkeys(job.rule for job in case.run.jobs.values() if job.checkpoint)
    names = ", ".join(rules) or "checkpoints"
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="workflow semantics",
        claim=f"the DAG was planned again {len(replans):,} times after jobs of {names}: "
        f"{took / 1e6:.1f} s of the run",
        strength="certain",
        explains=took,
        failures=0,
        evidence=tuple(
            cited
            for length, one in replans[:_CITED]
            for cited in case.side.at_event(one, f"plan: {length / 1e6:.1f} s, checkpoint")
        ),
        wrong_if="a run with one checkpoint for all of them that takes as long",
        action=Action(
            f"let one checkpoint find out for all what {names} finds out for each",
            "after every end of a checkpoint's job the whole DAG is evaluated again",
        ),
        check=below(case, "plan"),
        rules=tuple(rules),
    )
