"""Two runs compared by speed, work and findings, with one verdict over all three."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.checksums import (
    Contents,
    contents,
    recorded,
    unmade,
)
from snakemake_logger_plugin_observe.analysis.compare.differences import changes
from snakemake_logger_plugin_observe.analysis.compare.explanations import Explanations, explain
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Match, match
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
from snakemake_logger_plugin_observe.analysis.phrasing import all_up_to_date, jobs_of
from snakemake_logger_plugin_observe.analysis.why.reason_text import KINDS, Kind, parse
from snakemake_logger_plugin_observe.run.model import Run

_LESS: Final = frozenset({job_set.NARROWED, job_set.CUT, job_set.NOT_MADE})
_MORE: Final = frozenset({job_set.WIDENED, job_set.ADDED})
_OUTCOMES: Final = {
    "failed": "failed",
    "interrupted": "was interrupted",
    "killed": "was killed",
    "running": "is still running",
    "unknown": "has no recorded end",
    "nothing_to_do": "had nothing to do",
}
_CUT_SHORT: Final = _OUTCOMES.keys() - {"nothing_to_do"}
_CANNOT_TELL: Final = "cannot tell"
SAME_RUN: Final = "A and B are the same run"


@dataclass(frozen=True, slots=True)
class WorkDifference:
    """The jobs and attempts of both sides."""

    match: Match
    rules_added: tuple[str, ...]
    rules_gone: tuple[str, ...]
    jobs: tuple[int, int]
    """How many ran."""
    in_dag: tuple[int, int]
    """How many ran or were up to date."""
    attempts: tuple[int, int]
    failed_attempts: tuple[int, int]
    reasons: dict[Kind, tuple[int, int]]
    """Kinds of causes whose numbers of jobs differ; see ``reason_text.KINDS``."""
    changes: tuple[Change, ...]
    ended: tuple[bool, bool] = (True, True)
    """Whether each side got to the end of its plan: what is missing from one that did not, was not
    reached there."""


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
    if any(party.status in _OUTCOMES for party in (before, after)):
        ended = (before.status not in _CUT_SHORT, after.status not in _CUT_SHORT)
        compared = replace(compared, ended=ended)
    findings = judge.findings(compared)
    measured = speed(before.measured, after.measured, (before.run, after.run), before.history)
    why_not = _not_comparable(compared, before, after, findings)
    if why := _lengths_differ_anyway(compared, before, after, findings):
        ran = _tools(compared) if not compared.planned else None
        measured = replace(measured, verdict=None, why_not=why, tools=ran)
    same, verdict, because = _verdict(compared, findings, measured, why_not)
    return Comparison(
        verdict=verdict,
        same_work=same,
        checked="contents" if compared.contents.checked else "plan",
        reasons=because,
        speed=measured,
        work=_work(compared),
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
        f"{name} {_OUTCOMES[party.status]}"
        for name, party in (("A", before), ("B", after))
        if party.status in _OUTCOMES
    ]
    if outcomes:
        return " and ".join(outcomes)
    if compared.planned:
        return "a dry run runs no job"
    if _touched(compared) or _ran_other_jobs(compared, findings):
        return _extent(compared)
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
    incremental = any(_kept(side.run) for side in (compared.before, compared.after))
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
        f"{name} {_OUTCOMES[party.status]}"
        for name, party in (("A", before), ("B", after))
        if party.status in _CUT_SHORT or (party.status in _OUTCOMES and not same)
    ]
    if not compared.match.pairs and not why:
        why.append("they have no job in common")
    if not same:
        why += [finding.claim for finding in findings if finding.id == dependencies.OTHER_DATA]
    return tuple(why)


def _verdict(
    compared: Compared, findings: Sequence[Finding], measured: Speed, why_not: tuple[str, ...]
) -> tuple[bool | None, str, tuple[str, ...]]:
    if idle := _idle(compared, measured):
        known = "; its outputs' checksums are those of A" if not why_not else ""
        return (True if not why_not else None), f"{idle}{known}", why_not
    if why_not:
        return None, f"not comparable, because {'; '.join(why_not)}", why_not
    unsafe = tuple(finding.claim for finding in findings if finding.kind == "unsafe")
    less = [f for f in findings if f.id in _LESS and f.kind != "safe" and not _is_empty(f)]
    more = [f for f in findings if f.id in _MORE]
    if less and more and not compared.planned:
        return False, _joined(compared, measured, "different work", "but "), unsafe or _claims(less)
    if less:
        return False, _amount(compared, measured, "less", "faster"), unsafe or _claims(less)
    if any(_may_matter(compared, finding) for finding in more):
        return False, _amount(compared, measured, "more", "slower"), unsafe or _claims(more)
    if unsafe:
        if compared.planned:
            return False, "not as planned", unsafe
        return False, _joined(compared, measured, "not the same work", "but "), unsafe
    extra = " and more" if any(finding.kind == "neutral" for finding in more) else ""
    how = (
        f"the same work{extra} (outputs' checksums equal)"
        if compared.contents.checked
        else f"the same plan{extra} (contents unchecked)"
    )
    if compared.planned:
        return True, f"as planned, {how}", ()
    return True, _joined(compared, measured, how), ()


def _joined(compared: Compared, measured: Speed, work: str, link: str = "") -> str:
    """Return the verdict on the work and on the speed; without one, the work comes first."""
    if measured.verdict is None:
        return f"{work}; {_extent(compared)}"
    if measured.verdict == _CANNOT_TELL:
        return f"{work}; cannot tell which is faster"
    return f"{measured.verdict}, {link}{work}"


def _amount(compared: Compared, measured: Speed, did: str, expected: str) -> str:
    """Return the verdict on a run that did less or more, which may explain its speed."""
    if compared.planned:
        return f"{did} than planned"
    if measured.verdict in (None, _CANNOT_TELL):
        new = job_set.new_values(compared) if did == "more" else ""
        return _joined(compared, measured, f"{did} work{': ' if new else ''}{new}")
    because = " because" if measured.verdict == expected else ", though"
    return f"{measured.verdict}{because} it did {did}"


def _idle(compared: Compared, measured: Speed) -> str:
    """Return what is known of a run with nothing to do, after one that ran to its end."""
    if measured.why_not != f"B {_OUTCOMES['nothing_to_do']}":
        return ""
    run = compared.after.run
    kept = _kept(run)
    return f"{measured.why_not}: {all_up_to_date(kept)}" if kept else ""


def _extent(compared: Compared) -> str:
    """Return how much of the work each side did, where that differs, instead of a speed."""
    if touched := _touched(compared):
        whose = "its" if len(touched) == 1 else "their"
        return f"{' and '.join(touched)} only touched {whose} outputs"
    before, after = (_ran(side.run) for side in (compared.before, compared.after))
    return f"B ran {after[0]:,} of {jobs_of(after[1])}, A {before[0]:,} of {before[1]:,}"


def _touched(compared: Compared) -> list[str]:
    """Return which sides ran with ``--touch``: no tool ran there."""
    return [
        side.name
        for side in (compared.before, compared.after)
        if side.run.started is not None and side.run.started.kind == "touch"
    ]


def _ran(run: Run) -> tuple[int, int]:
    """Return how many jobs ran, and how many there were with those that were made before."""
    cached = sum(1 for one in run.attempts.values() if one.status == "cached")
    return len(run.jobs) - cached, len(run.jobs) + _kept(run)


def _kept(run: Run) -> int:
    return sum(run.planned.up_to_date.values()) if run.planned is not None else 0


def _claims(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(finding.claim for finding in findings)


def _may_matter(compared: Compared, more: Finding) -> bool:
    """Whether nothing shows that work that was added leaves the results as they were."""
    return more.kind == "unsafe" or (more.id == job_set.WIDENED and not compared.same_bytes)


def _is_empty(finding: Finding) -> bool:
    """Whether only steps without outputs are gone."""
    return finding.id == job_set.CUT and finding.kind == "neutral"


def _work(compared: Compared) -> WorkDifference:
    before, after = compared.before.run, compared.after.run
    old = {job.rule for job in before.all_jobs.values()}
    new = {job.rule for job in after.all_jobs.values()}
    attempts = [
        [attempt for attempt in run.attempts.values() if attempt.job_id is not None]
        for run in (before, after)
    ]
    failed = [sum(1 for one in side if one.status == "failed") for side in attempts]
    return WorkDifference(
        match=compared.match,
        rules_added=tuple(sorted(new - old)),
        rules_gone=tuple(sorted(old - new)),
        jobs=(len(before.jobs), len(after.jobs)),
        in_dag=(len(before.jobs) + _kept(before), len(after.jobs) + _kept(after)),
        attempts=(len(attempts[0]), len(attempts[1])),
        failed_attempts=(failed[0], failed[1]),
        reasons=_reasons(before, after),
        changes=compared.changes,
        ended=compared.ended,
    )


def _reasons(before: Run, after: Run) -> dict[Kind, tuple[int, int]]:
    """Return the kinds of causes whose numbers of jobs differ."""
    texts = [Counter(job.reason for job in run.jobs.values()) for run in (before, after)]
    kinds = {text: {cause.kind for cause in parse(text)} for text in {**texts[0], **texts[1]}}
    one, other = (_kinds(jobs, kinds) for jobs in texts)
    differing = [kind for kind in KINDS if kind != "unknown" and one[kind] != other[kind]]
    return {kind: (one[kind], other[kind]) for kind in differing}


def _kinds(jobs: Counter[str | None], kinds: dict[str | None, set[Kind]]) -> Counter[Kind]:
    """Return how many *jobs*, counted by reason, had a cause of each kind."""
    found: Counter[Kind] = Counter()
    for text, many in jobs.items():
        found.update(dict.fromkeys(kinds[text], many))
    return found
