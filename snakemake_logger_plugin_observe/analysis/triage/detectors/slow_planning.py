"""Parsing the Snakefile, or building the DAG, takes long before the first job."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    phase_limit,
    replanning_time,
)
from snakemake_logger_plugin_observe.clock import Micros

CLASS: Final = "slow_planning"


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if planning took a large share of the run, or explains its slowness."""
    parse, replanned = case.spent("parse"), replanning_time(case.run)
    first = max(0, case.spent("plan") - replanned)
    before = 0
    if case.baseline is not None:
        known = case.baseline_by_phase
        replanned = replanning_time(case.baseline)
        before = known.get("parse", 0) + max(0, known.get("plan", 0) - replanned)
    if not (case.is_large(parse + first) or case.explains_slowness(parse + first - before)):
        return
    evidence = tuple(_cited(case, parse, first))
    if not evidence:
        return
    parsing = parse >= first
    what = "parsing the Snakefile" if parsing else "building the DAG"
    fix = (
        "find what the Snakefile computes at its top level (globs, tables, calls), and compute it "
        "once, in a rule, a checkpoint or a saved file"
        if parsing
        else "reduce the search: constrain wildcards, remove ambiguous rules, and make input "
        "functions fast"
    )
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="workflow semantics",
        claim=f"{(parse + first) / 1e6:.1f} s of the run passed before the first job, "
        f"{max(parse, first) / 1e6:.1f} s of it {what}",
        strength="certain" if parsing else "likely",
        explains=parse + first,
        failures=0,
        evidence=evidence,
        wrong_if="a dry run plans quickly: then the file system was slow at that time",
        action=Action(
            fix,
            "no job starts before it is done"
            + (", and each job on a node repeats it" if case.run.on_cluster else ""),
            without=("parse", "plan"),
        ),
        check=phase_limit(case, "parse" if parsing else "plan"),
    )


def _cited(case: Case, parse: Micros, first: Micros) -> Iterator[Citation]:
    if parse:
        yield from case.side.at_start(f"workflow_started: {parse / 1e6:.1f} s after plugin_loaded")
    if first:
        plan = next((one for one in case.run.phases if one.phase == "plan"), None)
        if plan is not None:
            yield from case.side.at_event(plan, f"plan: {(plan.end - plan.time) / 1e6:.1f} s")
