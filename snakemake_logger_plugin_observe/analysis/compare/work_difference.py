"""What the two sides of a comparison did: their jobs, attempts, rules and reasons."""

from collections import Counter
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.extent import up_to_date
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Match
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared
from snakemake_logger_plugin_observe.analysis.why.reason_text import KINDS, Kind, parse
from snakemake_logger_plugin_observe.run.model import Run


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


def work_difference(compared: Compared) -> WorkDifference:
    """Return what the two sides did."""
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
        in_dag=(len(before.jobs) + up_to_date(before), len(after.jobs) + up_to_date(after)),
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
