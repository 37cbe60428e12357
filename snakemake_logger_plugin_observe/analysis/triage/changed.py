"""The fourth step: what changed since the baseline, and what a live Snakemake reports."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.phrasing import cut, jobs_of, named
from snakemake_logger_plugin_observe.analysis.triage.case import Case, LiveAnswer
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim
from snakemake_logger_plugin_observe.analysis.why.reason_text import Kind

KINDS: Final = ("input", "code", "params")
_MOST_RELEVANT_FIRST: Final = tuple(
    map(
        re.compile,
        (
            r"config|params|code|script|program|environment|targets|Snakefile|file ",
            r"command line|profile|executor|cores|jobs|resource|threads|host|Snakemake|Python",
            r"input|output|log|benchmark",
        ),
    )
)
_LAST: Final = len(_MOST_RELEVANT_FIRST)
CHANGES_IN_WORDS: Final[dict[Kind, str]] = {
    "updated_input": "updated inputs",
    "input_set": "another set of inputs",
    "code": "changed code",
    "params": "changed params",
    "environment": "a changed software environment",
    "incomplete": "incomplete outputs",
}
_MOST_ROOTS: Final = 4
_LONGEST: Final = 80
_STATUS, _PLAN = 4, 5
"""Columns of ``--summary``."""


def changed(case: Case) -> tuple[Claim, ...]:
    """Return what changed: first the differences between the two journals."""
    return tuple(_claims(case))


def _claims(case: Case) -> Iterator[Claim]:
    reasons = tuple(_reasons(case))
    if case.comparison is not None and case.baseline_side is not None:
        found = sorted(case.comparison.work.changes, key=_rank)
        yield from (Claim(_sentence(change), change.evidence) for change in found)
        if not found:
            other = "other " if reasons else ""
            cited = (
                *case.side.at_start("run_started"),
                *case.baseline_side.at_start("run_started"),
            )
            yield Claim(_no_difference(case, other), cited)
    yield from reasons
    for kind in KINDS:
        if answered := case.answer(kind):
            yield _listed(kind, answered)
    if answered := case.answer("summary"):
        yield from _summed_up(answered)


def _no_difference(case: Case, other: str) -> str:
    """Return that no difference is recorded, or that what changed cannot be known."""
    if case.run.is_unparsed:
        return (
            "unknown: the run failed while its Snakefile was read, so what is in that and in its "
            "config is not on record"
        )
    unplanned = "; changed inputs are not on record, since the run ended before its plan"
    return f"the two journals record no {other}difference{'' if case.run.jobs else unplanned}"


def _reasons(case: Case) -> Iterator[Claim]:
    """Yield the changes that Snakemake itself gave as the reason to run jobs."""
    if case.why is None:
        return
    changes = (share for share in case.why.roots if share.kind in CHANGES_IN_WORDS)
    for share in islice(changes, _MOST_ROOTS):
        rules = named([rule or "a job" for rule, _jobs in share.rules])
        files = f" ({named(share.files)})" if share.files else ""
        what = f"Snakemake ran {jobs_of(share.all.jobs)} because of {CHANGES_IN_WORDS[share.kind]}"
        quote = case.run.jobs[share.example].reason or "" if share.example >= 0 else ""
        yield Claim(f"{what} of {rules}{files}", case.side.at_line(share.line, quote))


def _rank(change: Change) -> int:
    """Return the rank of a change: targets, config and rules come first."""
    return next(
        (n for n, kind in enumerate(_MOST_RELEVANT_FIRST) if kind.match(change.what)), _LAST
    )


def _sentence(change: Change) -> str:
    """Return a change as one sentence: the rule, the fact, and its old and new value."""
    who = "" if change.subject == RUN else f"{change.subject}: "
    jobs = f" ({jobs_of(change.jobs)})" if change.jobs > 1 else ""
    if change.before is None:
        what = change.what.removesuffix(" new")
        return f"{who}new {what}: {cut(change.after or '', _LONGEST)}{jobs}"
    if change.values is not None:
        return f"{who}{change.what}: {change.values.within(2 * _LONGEST)}{jobs}"
    before = cut(change.before, _LONGEST)
    if change.after is None:
        return f"{who}{change.what.removesuffix(' gone')}: {before} → none{jobs}"
    return f"{who}{change.what}: {before} → {cut(change.after, _LONGEST)}{jobs}"


def _listed(kind: str, answered: LiveAnswer) -> Claim:
    """Return a claim about the files that ``--list-changes`` printed, one on each line."""
    files = [line for line in answered.lines if line.strip()]
    if not files:
        return Claim(
            f"Snakemake now sees no changed {kind}",
            (Citation("command", answered.name, ""),),
        )
    text = f"Snakemake now sees changed {kind} for {named(files)}"
    if kind == "params":  # 9.22 to 9.27.1, at least, list every output with recorded params
        text = f"Snakemake lists {named(files)} for params, though these may be unchanged"
    return Claim(text, (Citation("command", answered.name, files[0]),))


def _summed_up(answered: LiveAnswer) -> Iterator[Claim]:
    """Yield the outputs that ``--summary`` lists for an update, by their status."""
    by_status: dict[str, list[tuple[str, str]]] = {}
    rows = [line.split("\t") for line in answered.lines[1:]]
    for row in rows:
        if len(row) > _PLAN and row[_PLAN].strip() != "no update":
            by_status.setdefault(row[_STATUS], []).append((row[0], "\t".join(row)))
    for status, outputs in by_status.items():
        text = f"snakemake --summary lists {status}: {named([path for path, _row in outputs])}"
        yield Claim(text, (Citation("command", answered.name, outputs[0][1]),))
    if rows and not by_status:
        quoted = (Citation("command", answered.name, answered.lines[0]),)
        yield Claim("snakemake --summary lists nothing to update", quoted)
