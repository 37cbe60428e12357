"""A small change made many jobs run again: a touched file, a line of code, a parameter."""

from collections.abc import Iterable, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.why.reason_text import Kind
from snakemake_logger_plugin_observe.analysis.why.why import RootShare

CLASS: Final = "surprise_reruns"
_FEWEST: Final = 10
_CITED: Final = 3
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
    """Yield an incident where many jobs would not have run but for changes."""
    found = case.why
    if found is None or found.changed.jobs < _FEWEST:
        return
    again, everything = found.changed, found.all
    took = round(case.run.makespan * again.time / everything.time) if everything.time else 0
    before = case.comparison.work.jobs[0] if case.comparison is not None else None
    surprising = before is not None and everything.jobs - before >= _FEWEST
    if not (case.weighs(took) or case.explains_slowness(took) or surprising):
        return
    shares = _to_blame(found.roots)
    evidence = tuple(one for share in shares[:_CITED] for one in _cited(case, share))
    if not evidence:
        return
    kind = shares[0].kind
    alike = [share for share in shares if share.kind == kind]
    rules = tuple(dict.fromkeys(rule for share in alike for rule, _jobs in share.rules if rule))
    files = named(dict.fromkeys(path for share in alike for path in share.files))
    others = len(shares) - len(alike)
    more = f", and {others} more change{'' if others == 1 else 's'}" if others else ""
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="workflow semantics",
        claim=f"{again.jobs:,} of {everything.jobs:,} jobs ran again because of {_WHAT[kind]} of "
        f"{named(rules) or 'a job'}{f' ({files})' if files else ''}{more}",
        strength="certain",
        explains=took,
        failures=0,
        evidence=evidence,
        wrong_if="the change was meant to alter their results",
        action=Action(
            _REPAIR[kind].format(files=files or "it", rules=named(rules) or "it"),
            "Snakemake's rerun triggers saw a change there, and all that needs it ran after it",
        ),
        check=f"jobs_planned <= {everything.jobs - again.jobs}",
        rules=rules,
    )


def _to_blame(roots: Iterable[RootShare]) -> list[RootShare]:
    """Return the changes without which jobs would not have run, that of most jobs first.

    Where each such job has several, all of them are.
    """
    changes = [share for share in roots if share.kind in _WHAT]
    alone = [share for share in changes if share.alone.jobs]
    return sorted(alone or changes, key=lambda share: (-share.alone.jobs, -share.all.jobs))


def _cited(case: Case, share: RootShare) -> tuple[Citation, ...]:
    quote = case.run.jobs[share.example].reason or "" if share.example >= 0 else ""
    return case.side.at_line(share.line, quote)
