"""Everything that the page of a run shows: the answers of the commands about it, each made once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.advice import MOST_JOBS, is_small
from snakemake_logger_plugin_observe.analysis.compare.comparison import compare, of_itself
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, rows
from snakemake_logger_plugin_observe.analysis.path.paths import paths
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.steps import triage
from snakemake_logger_plugin_observe.analysis.whatif import build_model
from snakemake_logger_plugin_observe.analysis.whatif.savings import savings
from snakemake_logger_plugin_observe.commands.support import cost_answer
from snakemake_logger_plugin_observe.commands.support.failed_answer import failed
from snakemake_logger_plugin_observe.commands.support.sides import Side, is_same_run, parties
from snakemake_logger_plugin_observe.commands.support.triage_case import gather, unread
from snakemake_logger_plugin_observe.commands.support.why_answer import why_all
from snakemake_logger_plugin_observe.reporters.answers import (
    CompareAnswer,
    JobsAnswer,
    PathAnswer,
    Source,
    TriageAnswer,
)
from snakemake_logger_plugin_observe.reporters.page.answer import PageAnswer, PageSide, PairAnswer

_NO_SAVINGS: Final = (
    f"of a run of more than {MOST_JOBS:,} jobs, what a change would save is not on the page; "
    "snakemake-observe path --savings shows it"
)
_NO_OTHER_RUN: Final = (
    f"for the page of a run of more than {MOST_JOBS:,} jobs, no other run is looked at; "
    "snakemake-observe why and triage show what changed since the run before it"
)


def page(source: Source, *, withheld: bool = False) -> PageAnswer:
    """Return what the page of a run shows.

    Args:
        source: the run, read in enough detail for failures.
        withheld: whether something was taken out of it that is not to be on the page: then no
            other run is looked at, and no file.

    """
    run, small = source.run, is_small(source.run)
    found = paths(run)
    accounts = account(run, found.actual)
    measured = not source.length_unknown and bool(found.makespan)
    model = build_model(run, found.actual) if small and measured else None
    reruns = cost_answer.needless(source) if small and not withheld else ()
    every = tuple(rows(run))
    uses = {row.attempt.key: row.use for row in every}
    known = cost_answer.AlreadyComputed(accounts, model, found.utilisation.held_back, uses)
    cost = cost_answer.cost(source, reruns, known)
    saved = tuple(savings(model, found.actual)) if model is not None else None
    alone = withheld or not small
    case, _, baseline = gather(source, alone=alone)
    if withheld:
        case = replace(case, read=None)
    return PageAnswer(
        cost,
        PathAnswer(source, found, saved),
        every,
        failed=_failed(source, every, case.failures),
        triage=_triage(source, case, baseline),
        why=why_all(source, alone=alone) if not run.is_dry_run else None,
        left_out=() if small else (_NO_SAVINGS, _NO_OTHER_RUN),
    )


def _failed(
    source: Source, every: tuple[Row, ...], failures: Sequence[Failure]
) -> JobsAnswer | None:
    """Return what failed, or recovered on a retry."""
    if not failures and source.status != "failed":
        return None
    keys = {one.key for one in failures}
    selected = tuple(row for row in every if row.attempt.key[0] in keys)
    return failed(source, selected, every=failures)


def _triage(source: Source, case: Case, baseline: Source | None) -> TriageAnswer:
    found = triage(case)
    return TriageAnswer(
        source=source,
        baseline=baseline,
        triage=found,
        missing=(*case.missing, *unread(found.excerpts)),
        paths=case.paths,
    )


def pair(before: Side, after: Side, *, withheld: bool = False) -> PairAnswer:
    """Return what the page of two runs shows.

    Args:
        before: the baseline, A.
        after: the candidate, B.
        withheld: as in ``page``.

    """
    one, other = parties(before, after)
    if withheld:
        one, other = (replace(party, published={}, between=tuple) for party in (one, other))
    comparison = compare(one, other)
    if is_same_run(before.source, after.source):
        comparison = of_itself(comparison)
    answer = CompareAnswer(before.source, after.source, comparison)
    return PairAnswer(answer, _side(before.source), _side(after.source))


def _side(source: Source) -> PageSide:
    found = paths(source.run)
    accounts = account(source.run, found.actual)
    return PageSide(source, accounts, found, tuple(rows(source.run)))
