"""Many checkpoints, each of which makes Snakemake re-plan the whole DAG."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    is_replanning,
    phase_limit,
    replanning_time,
)

CLASS: Final = "checkpoint_storm"
_FEWEST: Final = 5
_CITED: Final = 3


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if re-planning took a large share of the run, or explains its slowness."""
    replans = [(phase.end - phase.time, phase) for phase in case.run.phases if is_replanning(phase)]
    took = min(replanning_time(case.run), case.spent("plan"))
    before = replanning_time(case.baseline) if case.baseline is not None else 0
    if len(replans) < _FEWEST or not (case.is_large(took) or case.explains_slowness(took - before)):
        return
    replans.sort(key=lambda replan: -replan[0])
    rules = dict.fromkeys(job.rule for job in case.run.jobs.values() if job.checkpoint)
    names = ", ".join(rules) or "checkpoints"
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="workflow semantics",
        claim=f"the DAG was re-planned {len(replans):,} times after jobs of {names}, which took "
        f"{took / 1e6:.1f} s of the run",
        strength="certain",
        explains=took,
        failures=0,
        evidence=tuple(
            cited
            for length, phase in replans[:_CITED]
            for cited in case.side.at_event(phase, f"plan: {length / 1e6:.1f} s, checkpoint")
        ),
        wrong_if="a run with a single checkpoint takes as long",
        action=Action(
            f"replace the checkpoints of {names} with one that discovers everything at once",
            "Snakemake re-evaluates the whole DAG after each checkpoint job",
            without=("plan",),
        ),
        check=phase_limit(case, "plan"),
        rules=tuple(rules),
    )
