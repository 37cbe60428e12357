"""Jobs spent long in their job script, before Snakemake began on the node."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    cite_longest,
    matters,
    phase_limit,
    rules_of,
)

CLASS: Final = "slow_job_script"
_PHASE: Final = "job_script"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if job scripts took a large share of the run, or explain its slowness."""
    if not matters(case, _PHASE):
        return
    spent = sorted(a.phases[_PHASE] for a in case.run.attempts.values() if a.phases.get(_PHASE))
    if not spent:
        return
    rules = rules_of(case, (_PHASE,))
    whose = f" of {named(rules)}" if rules else ""
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"the cluster had started {plural(len(spent), 'submission')}{whose}, and "
        f"{spent[len(spent) // 2] / 1e6:.1f} s (median; {spent[-1] / 1e6:.1f} s at most) passed in "
        f"the job script before Snakemake began: {case.spent(_PHASE) / 1e6:.1f} s of the run",
        strength="certain",
        explains=case.spent(_PHASE),
        failures=0,
        evidence=cite_longest(case, (_PHASE,)),
        wrong_if="the job script does nothing before it starts Snakemake, and the cluster has no "
        "prolog",
        action=Action(
            "take out of the job script what each job need not do (module load, conda activate, "
            "pulling a container), or do it once before the run: the environment of the "
            "submission is passed on",
            "it runs in each job, on its node, before Snakemake starts",
            without=(_PHASE,),
        ),
        check=phase_limit(case, _PHASE),
        rules=rules,
    )
