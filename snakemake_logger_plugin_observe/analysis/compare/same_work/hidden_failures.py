"""Raised retries, new failures, and deterministic failures that retries hide."""

from collections.abc import Iterator

from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import RUN
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure, failures
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import (
    failing_in_every_job,
    rule_patterns,
)
from snakemake_logger_plugin_observe.analysis.failures.signatures import group_alike, signature
from snakemake_logger_plugin_observe.analysis.phrasing import plural

MASKED, RAISED, FAILED = "failures_masked", "retries_changed", "attempts_failed"


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield changes of the retries, and failures that the baseline did not have."""
    of_all = any(one.what == "retries" and one.subject == RUN for one in compared.changes)
    for change in compared.changes:
        if change.what == "retries" and change.subject == RUN:
            claim = f"retries: {change.before} → {change.after} (--retries)"
            yield Finding(RAISED, "neutral", claim, change.evidence)
        elif change.what == "retries" and not of_all:
            claim = f"retries of {change.subject}: {change.before} → {change.after}"
            yield Finding(RAISED, "neutral", claim, change.evidence)
    before, after = failures(compared.before.run), failures(compared.after.run)
    known = {(one.rule, one.cause, one.masked) for one in before}
    by_rule: dict[str, list[Failure]] = {}
    for one in after:
        alike = {(one.rule, one.cause, True), (one.rule, one.cause, one.masked)}
        if known.isdisjoint(alike):
            by_rule.setdefault(one.rule or one.group_name or "", []).append(one)
    deterministic = failing_in_every_job(rule_patterns(compared.after.run, after))
    for rule, found in by_rule.items():
        yield from _failed(compared.after, rule, found, deterministic=rule in deterministic)


def _failed(
    side: CitedRun, rule: str, found: list[Failure], *, deterministic: bool
) -> Iterator[Finding]:
    """Yield a rule's failures that the baseline did not have, deterministic ones first."""
    hidden = [one for one in found if deterministic or _came_again(one)]
    if hidden:
        recovered = any(one.outcome == "succeeded" for one in hidden)
        retries = "retries hide a deterministic failure" if recovered else "retries did not help"
        claim = f"{_what(rule, hidden)}, {_how(hidden)}: {retries}"
        yield Finding(MASKED, "unsafe", claim, _cited(side, hidden))
    if others := [one for one in found if not (deterministic or _came_again(one))]:
        yield Finding(
            FAILED, "neutral", f"{_what(rule, others)}, unlike in A", _cited(side, others)
        )


def _came_again(one: Failure) -> bool:
    return one.verdict in ("deterministic", "repeated")


def _what(rule: str, found: list[Failure]) -> str:
    times = sum(len(one.occurrences) for one in found)
    return f"{plural(len(found), 'job')} of {rule} failed {plural(times, 'time')}"


def _how(found: list[Failure]) -> str:
    """Return which failures were the same: all, those of each job, or the first of each job."""
    if not all(_came_again(one) or len(one.occurrences) == 1 for one in found):
        return "each job the same way at first"
    ways = group_alike((one, signature(one.last, one.wildcards)) for one in found)
    return "the same way every time" if len(ways) == 1 else "each job the same way every time"


def _cited(side: CitedRun, found: list[Failure]) -> tuple[Citation, ...]:
    cited: list[Citation] = []
    for one in found[:3]:
        failed = (row for row in one.rows if row.attempt.status != "success")
        row = next(failed, one.rows[0])  # executions inside an attempt that succeeded in the end
        cited.extend(side.at_line(row.attempt.line, row.attempt.message or row.attempt.status))
    return tuple(cited)
