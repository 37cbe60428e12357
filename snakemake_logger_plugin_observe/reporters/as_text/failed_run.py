"""A failed run on its first screen: what failed, what to do, and what the failures cost."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.failures import submissions, workflow_errors
from snakemake_logger_plugin_observe.analysis.failures.cause_names import full_cause
from snakemake_logger_plugin_observe.analysis.failures.failure_advice import (
    failure_advice,
    left_behind,
)
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.headline import (
    first_failure,
    first_removed,
    headline,
    progress,
)
from snakemake_logger_plugin_observe.analysis.failures.memory_needs import memory_needs
from snakemake_logger_plugin_observe.analysis.failures.messages import NOT_SUBMITTED, Cause
from snakemake_logger_plugin_observe.analysis.failures.output_checks import output_check
from snakemake_logger_plugin_observe.analysis.failures.still_out import first_cancel
from snakemake_logger_plugin_observe.analysis.jobs.submitted_requests import lowered_limit
from snakemake_logger_plugin_observe.analysis.live import status_checks
from snakemake_logger_plugin_observe.analysis.live.status_checks import reporter
from snakemake_logger_plugin_observe.analysis.live.summary import still_out
from snakemake_logger_plugin_observe.analysis.phrasing import plural, submission_name
from snakemake_logger_plugin_observe.analysis.run_again import once_this_run_has_ended
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.unended import go_on, left_in_flight
from snakemake_logger_plugin_observe.pasting import harmless
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_text.common import reader
from snakemake_logger_plugin_observe.reporters.words import duration, percent
from snakemake_logger_plugin_observe.run.scope import not_reached_words

_TO_DO: Final[dict[Cause, str]] = {
    "time_limit": "request more time for {rule}, then run again",
    "missing_input": "find out which job or person was to make that input",
    "missing_output": "make {rule} write the output that it declares, or wait longer for it "
    "(--latency-wait) if the file is there by now",
    "environment": "mend the software environment of {rule}, then run again",
    "not_started": "make the folder into which the cluster is to write its logs, then run again",
    "misreported": "correct what reports the jobs' states to Snakemake, then run again",
    "lost": "run again; if it is lost again, ask for the node's log",
    "cancelled": "find out who cancelled it, then run again",
}

_AGAIN: Final = re.compile(r"(?:^|[,;] then )(run again)(?:: what is done stays done)?")
_FAILED: Final = {"failed": "FAILED", "killed": "FAILED before the run was killed"}


def parts(answer: CostAnswer) -> list[RenderableType]:
    """Return what failed and what to do about it; nothing if the run did not fail."""
    source = answer.source
    if source.status == "interrupted":
        return list(interrupted(source, answer.failures, answer.blocked))
    if source.status == "killed" and not answer.failures:
        return [*_blocked(answer.blocked), _line(_and_go_on(source, _changes(answer.blocked)))]
    if source.status != "failed" and not answer.failures:
        return []
    return list(_parts(answer))


def interrupted(
    source: Source, found: Sequence[Failure], blocked: Sequence[Incident] = ()
) -> Iterator[Text]:
    """Yield how far an interrupted run got, what failed before that, and how to go on."""
    yield Text(f"INTERRUPTED: {progress(source.run)}.", "bold red")
    yield from _blocked(blocked)
    if what := headline(source.run, found) if first_failure(found) is not None else None:
        yield Text(harmless(f"Failed before that: {what}"), "red")
    never_began = next((one for one in found if one.cause == "not_started"), None)
    first = first_failure(found) or never_began  # the same command would end in the same way
    if blocked and first is None:
        to_do = _and_go_on(source, _changes(blocked))
    else:
        to_do = _to_do(source, first) if first is not None else _and_go_on(source, "")
    yield _line(to_do)
    if found:
        yield reader("jobs", source, "--failed", purpose="the failures, with their logs")


def _blocked(found: Sequence[Incident]) -> Iterator[Text]:
    """Yield what kept jobs of a run that ended early from starting: it would do so again."""
    yield from (Text(harmless(f"Stood still before that: {one.claim}"), "red") for one in found)


def _changes(found: Sequence[Incident]) -> str:
    """Return what to change before the run is started again, so that it does not stand still."""
    texts = (_AGAIN.split(one.action.text)[0].rstrip(",; ") for one in found)
    return "; ".join(dict.fromkeys(text for text in texts if text))


def _line(to_do: str) -> Text:
    return Text.assemble(("What to do: ", "bold"), harmless(to_do) + ".")


def _parts(answer: CostAnswer) -> Iterator[RenderableType]:
    source, found = answer.source, answer.failures
    what = headline(source.run, found, source.other_run) or _given_up(found)
    failed = _FAILED.get(source.status, "FAILED so far")
    yield Text(harmless(f"{failed}: {what}" if what else f"{failed}."), "bold red")
    how_far = progress(source.run, not_reached_words(source.status))
    yield Text(" · ".join(filter(None, (how_far, _lost(answer)))))
    if not fix_of_what_stands_still(answer):
        yield from what_to_do(source, found)
    if found:
        yield reader("jobs", source, "--failed", purpose="the failures, with their logs")


def fix_of_what_stands_still(answer: CostAnswer) -> str:
    """Return what to mend about a job that failed, and that the run goes on waiting for.

    What to do about the run, which stands still because of it, follows on the same line. Empty if
    what failed first is no such job.
    """
    source, first = answer.source, first_failure(answer.failures)
    waited_for = {job for one in answer.blocked for job in one.jobs}
    if source.status != "running" or first is None or first_removed(source.run, answer.failures):
        return ""
    if not waited_for & {row.attempt.job_id for row in first.rows}:
        return ""
    return _AGAIN.split(_fix(source, first))[0].rstrip(",; ")


def _given_up(found: Sequence[Failure]) -> str:
    """Return what ended a job that the run itself only gave up when it ended; empty if nothing."""
    one = next(iter(found), None)
    if one is None or one.outcome == "succeeded":
        return ""
    return f"{submission_name(one.rule, one.wildcards, one.group_name)}: {full_cause(one.decisive)}"


def what_to_do(source: Source, found: Sequence[Failure]) -> Iterator[Text]:
    """Yield what to do about what failed first, or about Snakemake's own error, if it is known."""
    run, to_do = source.run, ""
    if (removed := first_removed(run, found)) is not None:
        to_do = removed.fix
    elif (first := first_failure(found)) is not None:
        to_do = _to_do(source, first)
    elif source.status == "failed" and (error := workflow_errors.ending_error(run)) is not None:
        explained = workflow_errors.explain_run(run, error, source.other_run)
        to_do = f"{first_cancel(run)}{explained.to_do}"
    if to_do:
        yield _line(to_do)


def _to_do(source: Source, first: Failure) -> str:
    """Return what to do about a failure, and about what the run left."""
    if source.status in ("interrupted", "killed"):
        return _and_go_on(source, _fix(source, first))
    to_do = f"{first_cancel(source.run)}{_fix(source, first)}"
    return once_this_run_has_ended(to_do) if source.status == "running" else to_do


def _and_go_on(source: Source, fix: str) -> str:
    """Return how to go on after a run that ended early: what it left may be incomplete."""
    left, killed = left_in_flight(source.run), source.status == "killed"
    on = go_on(source.run, left, killed=killed, still_out=still_out(source.live))
    before, _again, behind = _AGAIN.split(fix, maxsplit=1) if _AGAIN.search(fix) else (fix, "", "")
    return f"{before}; then {on}{behind}" if before else f"{on}{behind}"


def _fix(source: Source, first: Failure) -> str:
    rule = first.rule or submission_name(None, {}, first.group_name)
    if (check := output_check(source.run, first)) is not None:
        return f"{check.to_do}; then run again"
    if first.has_invalid_output:
        return f"make {rule} write its output as ensure() declares it, then run again"
    if first.cause in NOT_SUBMITTED:
        to_do = submissions.to_do_about(source.run, first)
        return to_do if first.cause == "unanswered" else f"{to_do}; then run again"
    if first.cause == "out_of_memory":
        return f"{memory_needs(source.run, [first]).fix(rule)}; then run again"
    if first.cause == "cancelled" and (who := first.decisive.why.by) is not None:
        name = who.removeprefix("user ")
        if source.run.started is not None and name == source.run.started.user:
            return f"run again: you ({name}) cancelled it"
        return f"ask {who} why it had to be cancelled, then run again"
    if first.cause == "time_limit" and (lowered := lowered_limit(source.run, {first.rule})):
        return f"{lowered.fix}; then run again"
    if first.cause == "contradicted":
        state = first.decisive.why.state
        too = " and the cluster's record call" if state not in (None, "COMPLETED") else " calls"
        who_said = f"{status_checks.reporter(source.run)}{too}"
        return f"find out why {who_said} a job of {rule} failed that ended well; then run again"
    if first.cause in _TO_DO:
        return _TO_DO[first.cause].format(rule=rule)
    again = "; retries did not help" if first.verdict == "deterministic" else ""
    known = failure_advice(source.run, rule, [first], str(source.path))
    said = known.is_specific or first.decisive.line is not None
    fix = known.fix if said else f"fix the error of {rule}"
    fix = fix.removesuffix(", then run again").removesuffix("; then run again")
    if first.decisive.why.called_successful:
        fix += f"; and correct what {reporter(source.run)} reports: it had failed"
    fix += left_behind(source.run, [first])
    if fix.endswith("then run again"):
        return f"{fix}: what is done stays done{again}"
    joint = ";" if ";" in fix or ":" in fix else ","
    return f"{fix}{joint} then run again: what is done stays done{again}"


def _lost(answer: CostAnswer) -> str:
    """Return what the failures cost of all the time that the jobs took."""
    lost = sum(one.lost for one in answer.failures)
    if not lost:
        return ""
    spent = sum(answer.account.jobs_by_phase.values())
    times = sum(len(one.occurrences) for one in answer.failures)
    share = f", {percent(lost, spent)} % of the jobs' time" if spent else ""
    return f"{plural(times, 'failure')}{_retries(answer)} cost {duration(lost)}{share}"


def _retries(answer: CostAnswer) -> str:
    """Return that there are more failures than jobs that failed, since retries failed as well."""
    times = [len(one.occurrences) for one in answer.failures]
    if sum(times) == len(times):
        return ""
    attempts = ({(one.key, each.attempt) for each in one.occurrences} for one in answer.failures)
    inside = sum(map(len, attempts)) < sum(times)
    return f", {'retries on the node' if inside else 'retries'} included,"
