"""A small change made many jobs run again: a touched file, a line of code, a parameter."""

from collections.abc import Iterable, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of, named, plural
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.changed import CHANGES_IN_WORDS
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.why.reason_text import Kind
from snakemake_logger_plugin_observe.analysis.why.why import RootShare

CLASS: Final = "surprise_reruns"
_FEWEST: Final = 10
_CITED: Final = 3
_FIX: Final[dict[Kind, str]] = {
    "updated_input": "find out what wrote or touched {files}; preserve modification times when "
    "copying, and keep files that change often out of inputs that many rules share",
    "input_set": "confirm that the changed set of inputs is intended; make the input function "
    "return the same paths every time",
    "code": "confirm that the change in the code of {rules} is intended: then the jobs had to run",
    "params": "confirm that the change in the params of {rules} is intended; keep values that "
    "do not affect results (paths, hosts, times) out of params",
    "environment": "confirm that the change in the environment of {rules} is intended, and pin it",
}


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if many jobs ran only because of changes."""
    reasons = case.why
    if reasons is None or reasons.changed.jobs < _FEWEST:
        return
    rerun, everything = reasons.changed, reasons.all
    took = round(case.run.makespan * rerun.time / everything.time) if everything.time else 0
    before = case.comparison.work.jobs[0] if case.comparison is not None else None
    surprising = before is not None and everything.jobs - before >= _FEWEST
    if not (case.is_large(took) or case.explains_slowness(took) or surprising):
        return
    shares = _decisive(reasons.roots)
    evidence = tuple(one for share in shares[:_CITED] for one in _cited(case, share))
    if not evidence:
        return
    if any(one.root == shares[0].root and one.headline for one in case.reruns):
        return  # the runs before show that it is no change: an incident of its own class
    kind = shares[0].kind
    alike = [share for share in shares if share.kind == kind]
    rules = tuple(dict.fromkeys(rule for share in alike for rule, _jobs in share.rules if rule))
    files = named(dict.fromkeys(path for share in alike for path in share.files))
    others = len(shares) - len(alike)
    more = f", and {plural(others, 'more change')}" if others else ""
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="workflow semantics",
        claim=f"{rerun.jobs:,} of {jobs_of(everything.jobs)} ran again because of "
        f"{CHANGES_IN_WORDS[kind]} of "
        f"{named(rules) or 'a job'}{f' ({files})' if files else ''}{more}",
        strength="certain",
        explains=took,
        failures=0,
        evidence=evidence,
        wrong_if="the change was intended to alter their results",
        action=Action(
            _FIX[kind].format(files=files or "it", rules=named(rules) or "it"),
            "Snakemake's rerun triggers found a change there, and everything downstream ran again",
        ),
        check=f"jobs_planned <= {everything.jobs - rerun.jobs}",
        rules=rules,
    )


def _decisive(roots: Iterable[RootShare]) -> list[RootShare]:
    """Return the changes that are the only reason for some jobs to run, most jobs first.

    If every job has several reasons, all changes are returned.
    """
    changes = [share for share in roots if share.kind in _FIX]
    alone = [share for share in changes if share.alone.jobs]
    return sorted(alone or changes, key=lambda share: (-share.alone.jobs, -share.all.jobs))


def _cited(case: Case, share: RootShare) -> tuple[Citation, ...]:
    quote = case.run.jobs[share.example].reason or "" if share.example >= 0 else ""
    return case.side.at_line(share.line, quote)
