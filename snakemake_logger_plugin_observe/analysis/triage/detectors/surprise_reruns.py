"""A small change made many jobs run again: a touched file, a line of code, a parameter."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.reasons import Kind
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.truth.finding import named
from snakemake_logger_plugin_observe.analysis.why import RootShare

CLASS: Final = "surprise_reruns"
_FEWEST: Final = 10
_WHAT: Final[dict[Kind, str]] = {
    "updated_input": "updated inputs",
    "input_set": "another set of inputs",
    "code": "changed code",
    "params": "changed params",
    "environment": "a changed software environment",
}
_REPAIR: Final[dict[Kind, str]] = {
    "updated_input": "find out who wrote or touched {files}: copy and check out with times kept, "
    "and keep what changes often out of what many rules read",
    "input_set": "confirm that the other inputs are meant; let the input function name them in the "
    "same way each time",
    "code": "confirm that the change of {rules} is meant: then the jobs had to run again",
    "params": "confirm that the change of params of {rules} is meant; keep what alters no result "
    "(paths, hosts, times) out of params",
    "environment": "confirm that the environment of {rules} was meant to change, and pin it",
}


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each change that many jobs would not have run without."""
    if case.why is None:
        return
    for share in case.why.roots:
        if share.kind in _WHAT and share.alone.jobs >= _FEWEST:
            yield from _of(case, share)


def _of(case: Case, share: RootShare) -> Iterator[Incident]:
    run = case.run
    length = run.makespan
    all_jobs = case.why.all if case.why is not None else share.all
    took = round(length * share.alone.time / all_jobs.time) if all_jobs.time else 0
    before = case.comparison.work.jobs[0] if case.comparison is not None else None
    surprising = before is not None and all_jobs.jobs - before >= _FEWEST
    if not (case.weighs(took) or case.explains_slowness(took) or surprising):
        return
    quote = run.jobs[share.example].reason or "" if share.example >= 0 else ""
    evidence = case.side.at_line(share.line, quote)
    if not evidence:
        return
    rules = tuple(rule for rule, _jobs in share.rules if rule)
    files = f" ({named(share.files)})" if share.files else ""
    text = _REPAIR[share.kind].format(files=named(share.files) or "it", rules=named(rules) or "it")
    yield Incident(
        id=f"{CLASS}:{share.kind}:{','.join(rules)}",
        incident_class=CLASS,
        lives_in="workflow semantics",
        claim=f"{share.alone.jobs:,} of {all_jobs.jobs:,} jobs ran again because of "
        f"{_WHAT[share.kind]} of {named(rules) or 'a job'}{files}",
        strength="certain",
        explains=took,
        failures=0,
        evidence=evidence,
        refuted_by="the change was meant to alter their results",
        action=Action(
            text,
            "Snakemake's rerun triggers saw a change there, and all that needs it ran after it",
        ),
        check=f"jobs_planned <= {all_jobs.jobs - share.alone.jobs}",
        rules=rules,
    )
