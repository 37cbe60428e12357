"""Two runs compared by speed, work and findings, with one verdict over all three."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.checksums import (
    Contents,
    contents,
    recorded,
    unmade,
)
from snakemake_logger_plugin_observe.analysis.compare.differences import changes
from snakemake_logger_plugin_observe.analysis.compare.explanations import Explanations, explain
from snakemake_logger_plugin_observe.analysis.compare.extent import extent, touched, up_to_date
from snakemake_logger_plugin_observe.analysis.compare.job_matching import match
from snakemake_logger_plugin_observe.analysis.compare.lineage import Lineage
from snakemake_logger_plugin_observe.analysis.compare.same_work import (
    dependencies,
    job_set,
    judge,
    outputs_and_logs,
)
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding
from snakemake_logger_plugin_observe.analysis.compare.speed import (
    RunLengths,
    Speed,
    ToolTime,
    speed,
)
from snakemake_logger_plugin_observe.analysis.compare.tool_times import tools
from snakemake_logger_plugin_observe.analysis.compare.verdict import OUTCOMES, verdict
from snakemake_logger_plugin_observe.analysis.compare.work_difference import (
    WorkDifference,
    work_difference,
)
from snakemake_logger_plugin_observe.run.model import Run

_CUT_SHORT: Final = OUTCOMES.keys() - {"nothing_to_do"}
SAME_RUN: Final = "A and B are the same run"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer; A is the baseline, B the candidate."""

    verdict: str
    same_work: bool | None
    """False if work is gone or a finding is unsafe, None if the two are not comparable."""
    checked: Literal["contents", "plan"]
    reasons: tuple[str, ...]
    """Why the two are not comparable, or why it is not the same work."""
    speed: Speed
    work: WorkDifference
    contents: Contents
    explanations: Explanations
    """What explains the outputs that differ."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Party:
    """One side: the run compared in detail, its status, and the lengths of all its runs."""

    run: Run
    status: str
    measured: RunLengths
    history: Sequence[float] = ()
    """Lengths of similar runs, including this one."""
    published: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each published file as it is in the run's folder now, by path."""
    varying: Collection[str] = ()
    """Outputs that differ among this side's own runs, and so cannot be compared."""
    between: Callable[[], Iterable[Run]] = tuple
    """Reads the runs between the other side and this one in their folder."""


def compare(before: Party, after: Party) -> Comparison:
    """Return how *after*, the candidate, compares with *before*, the baseline."""
    compared = _compared(before, after)
    if any(party.status in OUTCOMES for party in (before, after)):
        ended = (before.status not in _CUT_SHORT, after.status not in _CUT_SHORT)
        compared = replace(compared, ended=ended)
    findings = judge.findings(compared)
    measured = speed(before.measured, after.measured, (before.run, after.run), before.history)
    why_not = _not_comparable(compared, before, after, findings)
    if why := _lengths_differ_anyway(compared, before, after, findings):
        ran = _tools(compared) if not compared.planned else None
        measured = replace(measured, verdict=None, why_not=why, tools=ran)
    same, sentence, because = verdict(compared, findings, measured, why_not)
    return Comparison(
        verdict=sentence,
        same_work=same,
        checked="contents" if compared.contents.checked else "plan",
        reasons=because,
        speed=measured,
        work=work_difference(compared),
        contents=compared.contents,
        explanations=compared.explanations,
        findings=findings,
    )


def _compared(before: Party, after: Party) -> Compared:
    matched = match(before.run, after.run)
    lineages = (Lineage(before.run), Lineage(after.run))
    varying = {*before.varying, *after.varying}
    outputs = [p for p in {**lineages[0].makers, **before.published} if p not in varying]
    products = {*lineages[0].products, *before.published} - varying
    files = (recorded(before.run, before.published), recorded(after.run, after.published))
    found = changes(before.run, after.run, matched)
    failed = unmade(before.run) | unmade(after.run)
    made = contents(outputs, products, *files, lineages[1].makers, unmade=failed)
    runs = (before.run, after.run)
    compared = Compared(
        before=CitedRun("A", before.run),
        after=CitedRun("B", after.run),
        match=matched,
        changes=found,
        contents=made,
        explanations=explain(made.differing, runs, matched, lineages, found, between=after.between),
        files=files,
        unpublished=tuple(path for path in before.published if path not in after.published),
        lineages=lineages,
    )
    moved = outputs_and_logs.same_elsewhere(compared)
    missing = compared.contents.missing
    return replace(
        compared,
        contents=replace(
            compared.contents,
            missing=tuple(path for path in missing if path not in moved),
            equal=(*compared.contents.equal, *(path for path in missing if path in moved)),
        ),
        moved=moved,
        not_found=frozenset(job_set.not_found(compared)),
    )


def of_itself(comparison: Comparison) -> Comparison:
    """Return the comparison of two journals of one run, which has nothing to show."""
    measured = replace(comparison.speed, verdict=None, why_not=SAME_RUN, tools=None)
    return replace(comparison, verdict=SAME_RUN, speed=measured, reasons=())


def _lengths_differ_anyway(
    compared: Compared, before: Party, after: Party, findings: Sequence[Finding]
) -> str:
    """Return why the lengths of the two show nothing; empty if they can be compared."""
    outcomes = [
        f"{name} {OUTCOMES[party.status]}"
        for name, party in (("A", before), ("B", after))
        if party.status in OUTCOMES
    ]
    if outcomes:
        return " and ".join(outcomes)
    if compared.planned:
        return "a dry run runs no job"
    if touched(compared) or _ran_other_jobs(compared, findings):
        return extent(compared)
    return ""


def _tools(compared: Compared) -> ToolTime | None:
    """Return how long the tools of B's jobs took, and when they last ran; None if unknown."""
    run = compared.after.run
    both = tools(compared.before.run, run, compared.match.pairs).values()
    jobs = sum(len(tool.jobs) for tool in both)
    if not jobs:
        return None
    before, after = sum(tool.before for tool in both), sum(tool.after for tool in both)
    return ToolTime(len(run.jobs), jobs, before / 1e6, after / 1e6)


def _ran_other_jobs(compared: Compared, findings: Sequence[Finding]) -> bool:
    """Whether jobs ran in one of the two that did not run in the other, though it had them.

    Of two runs of all their jobs, one may have fewer, and be faster for it; of incremental ones,
    what each had to run is chance.
    """
    found = compared.match
    alone = any((pair.before.job_id < 0) != (pair.after.job_id < 0) for pair in found.pairs)
    made_before = (job_set.UP_TO_DATE, job_set.MADE_ALREADY, job_set.CACHED)
    if alone or any(one.id in made_before for one in findings):
        return True
    incremental = any(up_to_date(side.run) for side in (compared.before, compared.after))
    return incremental and any(job.job_id >= 0 for job in (*found.gone, *found.added))


def _not_comparable(
    compared: Compared, before: Party, after: Party, findings: Sequence[Finding]
) -> tuple[str, ...]:
    """Return why the two are not comparable; empty if they are.

    Of other input data, equal products show that it makes no difference; if nothing was to do, the
    products are those of the run that made them.
    """
    same = compared.contents.same
    why = [
        f"{name} {OUTCOMES[party.status]}"
        for name, party in (("A", before), ("B", after))
        if party.status in _CUT_SHORT or (party.status in OUTCOMES and not same)
    ]
    if not compared.match.pairs and not why:
        why.append("they have no job in common")
    if not same:
        why += [finding.claim for finding in findings if finding.id == dependencies.OTHER_DATA]
    return tuple(why)
