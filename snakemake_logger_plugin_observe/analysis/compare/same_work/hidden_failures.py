"""Whether retries hide a failure that is no chance."""

from collections.abc import Iterator

from snakemake_logger_plugin_observe.analysis.citations import Citation, Side
from snakemake_logger_plugin_observe.analysis.compare.differences import RUN
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure, failures, patterns
from snakemake_logger_plugin_observe.analysis.failures.signatures import kinds, signature
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of

MASKED, RAISED, FAILED = "failures_masked", "retries_changed", "attempts_failed"


def findings(it: Compared) -> Iterator[Finding]:
    """Tell of retries that were raised, and of what failed behind them."""
    of_all = any(one.what == "retries" and one.subject == RUN for one in it.changes)
    for change in it.changes:
        if change.what == "retries" and change.subject == RUN:
            claim = f"retries: {change.before} → {change.after} (--retries)"
            yield Finding(RAISED, "neutral", claim, change.evidence)
        elif change.what == "retries" and not of_all:
            claim = f"retries of {change.subject}: {change.before} → {change.after}"
            yield Finding(RAISED, "neutral", claim, change.evidence)
    before, after = failures(it.before.run), failures(it.after.run)
    known = {(one.rule, one.cause, one.masked) for one in before}
    by_rule: dict[str, list[Failure]] = {}
    for one in after:
        alike = {(one.rule, one.cause, True), (one.rule, one.cause, one.masked)}
        if known.isdisjoint(alike):
            by_rule.setdefault(one.rule or one.group_name or "", []).append(one)
    no_chance = {
        pattern.rule for pattern in patterns(it.after.run, after) if pattern.pattern == "every_job"
    }
    for rule, found in by_rule.items():
        yield from _failed(it.after, rule, found, no_chance=rule in no_chance)


def _failed(side: Side, rule: str, found: list[Failure], *, no_chance: bool) -> Iterator[Finding]:
    """Tell of the failures of one rule that the baseline did not have: those of no chance first."""
    hidden = [one for one in found if no_chance or _came_again(one)]
    if hidden:
        claim = f"{_what(rule, hidden)}, {_how(hidden)}: retries hide what is no chance"
        yield Finding(MASKED, "unsafe", claim, _cited(side, hidden))
    if others := [one for one in found if not (no_chance or _came_again(one))]:
        yield Finding(
            FAILED, "neutral", f"{_what(rule, others)}, unlike in A", _cited(side, others)
        )


def _came_again(one: Failure) -> bool:
    return one.verdict in ("deterministic", "repeated")


def _what(rule: str, found: list[Failure]) -> str:
    times = sum(len(one.occurrences) for one in found)
    return f"{jobs_of(len(found))} of {rule} failed {times:,} time{'' if times == 1 else 's'}"


def _how(found: list[Failure]) -> str:
    """Say what was the same: all of it, or what each job by itself did, or what each did first."""
    if not all(_came_again(one) or len(one.occurrences) == 1 for one in found):
        return "each job in the same way first"
    ways = kinds((one, signature(one.last, one.wildcards)) for one in found)
    return "each time in the same way" if len(ways) == 1 else "each job in the same way each time"


def _cited(side: Side, found: list[Failure]) -> tuple[Citation, ...]:
    cited: list[Citation] = []
    for one in found[:3]:
        failed = (row for row in one.rows if row.attempt.status != "success")
        row = next(failed, one.rows[0])  # executions inside an attempt that succeeded in the end
        said = row.attempt.message or row.attempt.status
        cited.extend(side.at_line(row.attempt.line, said))
    return tuple(cited)
