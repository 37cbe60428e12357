"""A failed run in one line: what failed first and how, and how far the run got."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import workflow_errors
from snakemake_logger_plugin_observe.analysis.failures.cause_names import short_cause
from snakemake_logger_plugin_observe.analysis.failures.console_only import (
    console_only,
    errors_on_the_console,
)
from snakemake_logger_plugin_observe.analysis.failures.endings import describe, line_about
from snakemake_logger_plugin_observe.analysis.failures.essence import (
    of_missing_output,
    on_one_line,
)
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.other_run import OtherRun
from snakemake_logger_plugin_observe.analysis.failures.output_checks import output_check
from snakemake_logger_plugin_observe.analysis.failures.removed_input import RemovedInput
from snakemake_logger_plugin_observe.analysis.failures.removed_inputs import removed_inputs
from snakemake_logger_plugin_observe.analysis.failures.signatures import group_alike, signature
from snakemake_logger_plugin_observe.analysis.failures.snakemake_failures import error_of
from snakemake_logger_plugin_observe.analysis.phrasing import cut, plural, submission_name
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import in_flight_words, job_counts

_LONGEST: Final = 160
_WAYS: Final = 2
_OTHERS: Final = 3


def first_failure(found: Sequence[Failure]) -> Failure | None:
    """Return the failure that came first among those of jobs that never succeeded, or None."""
    never = [one for one in found if one.outcome == "failed"]
    return min(never, key=lambda one: one.rows[-1].attempt.stamps.finished or 0, default=None)


def first_removed(run: Run, found: Sequence[Failure]) -> RemovedInput | None:
    """Return the inputs that were gone when the job needed them that failed first, if they were.

    If no job failed, those of the job that Snakemake could not start.
    """
    first = first_failure(found)
    removed = removed_inputs(run, found)
    reader = first.job_id if first is not None else None
    return next((one for one in removed if first is None or one.reader.job_id == reader), None)


def headline(run: Run, found: Sequence[Failure], other: OtherRun | None = None) -> str | None:
    """Return what failed in one line, or what ended the run if no job did; None if nothing did.

    Args:
        run: the run.
        found: its failures.
        other: another run of its directory that may have held its lock.

    """
    first = first_failure(found)
    if (removed := first_removed(run, found)) is not None:
        return removed.claim
    if first is None:
        return _error(run, other)
    never = [one for one in found if one.outcome == "failed"]
    ways = group_alike((one, _way(one)) for one in never)
    alike = next(way for way in ways if any(one is first for one in way))
    others = [one for way in ways if way is not alike for one in way]
    return _how(run, first, alike) + _otherwise(others)


def _way(one: Failure) -> tuple[object, ...]:
    """Return a key that jobs share of which the same can be said."""
    earlier = (signature(way.last, one.wildcards) for way in one.ways[:-1])
    last = one.ways[-1].last if len(one.ways) > 1 else one.decisive
    return (*earlier, *signature(last, one.wildcards))


def _how(run: Run, first: Failure, alike: Sequence[Failure]) -> str:
    """Return which job failed first and how, and how many more failed in the same way."""
    name = submission_name(first.rule, first.wildcards, first.group_name)
    more = f", and {plural(len(alike) - 1, 'more job')}" if len(alike) > 1 else ""
    if len(first.ways) > 1:
        return f"{name}{more}: {run.with_relative_paths(_in_ways(first))}"
    if not more and (check := output_check(run, first)) is not None:
        return f"{name} {check.text}"
    attempts = {len(one.rows) for one in alike}
    how_often = f" after {max(attempts)} attempts" if len(attempts) == 1 != max(attempts) else ""
    cause, said = cause_and_text(run, first)
    if console_only(run, first) is not None:
        text = f"{name}{more}: {cause}"
        return f"{text}; its log says: {said}" if said else text
    if error_of(run, first) is not None:
        how_often = ""
    text = f"{name}{more}: {cause}{how_often}"
    return f"{text}: {said}" if said else text


def cause_and_text(run: Run, one: Failure) -> tuple[str, str]:
    """Return why a job failed, and what it printed or reported about that; the latter may be empty.

    Those of ``headline``, of one job and its decisive failure.
    """
    if (error := error_of(run, one)) is not None:
        return cut(error.cause, _LONGEST), ""
    said = cut(_said(run, one), _LONGEST)
    if console_only(run, one) is not None:
        return errors_on_the_console(len(one.rows)), said
    return short_cause(one), said


def _otherwise(others: Sequence[Failure]) -> str:
    """Return how many jobs failed in other ways, and how; empty if none did."""
    if not others:
        return ""
    counts = Counter(short_cause(one) for one in others)
    causes = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    counted = [f"{number:,} × {cause}" for cause, number in causes[:_OTHERS]]
    shown = "; ".join(counted) if len(causes) > 1 else causes[0][0]
    more = f"; and {plural(len(causes) - _OTHERS, 'more way')}" if len(causes) > _OTHERS else ""
    return f"; {plural(len(others), 'more job')} failed otherwise: {shown}{more}"


def _in_ways(one: Failure) -> str:
    """Return the first ways in which its attempts ended, each with its own text."""
    shown = one.ways[:_WAYS]
    text = describe(shown, one.requested, _LONGEST // len(shown))
    return f"{text}; …" if len(one.ways) > _WAYS else text


def _said(run: Run, one: Failure) -> str:
    """Return the last line of its log, or else a message that says more than its exit code.

    What the cluster ended had not printed anything about that, nor has what ended well.
    """
    if one.cause in ("cancelled", "misreported", "contradicted") or one.decisive.why.from_outside:
        return ""
    if (line := line_about(one.decisive)) is not None:
        return on_one_line(line.text)
    message = of_missing_output(run.with_relative_paths(one.decisive.message or ""))
    return "" if message.startswith("CalledProcessError") else message


def _error(run: Run, other: OtherRun | None) -> str | None:
    error = workflow_errors.ending_error(run)
    return cut(workflow_errors.explain_run(run, error, other).cause, _LONGEST) if error else None


def progress(run: Run, not_begun: str = "not reached") -> str:
    """Return how far a run got: ``80 of 84 done, 3 not reached``; *not_begun* says the latter."""
    counts = job_counts(run)
    others = {
        "failed": counts.failed,
        "cancelled": counts.cancelled,
        in_flight_words(counts): counts.in_flight,
        not_begun: counts.not_reached or 0,
    }
    shown = [f"{number:,} {name}" for name, number in others.items() if number]
    if counts.planned:
        done = f"{counts.done:,} of {plural(counts.planned, 'job')} done"
    elif counts.done or shown:
        done = f"{plural(counts.done, 'job')} done"
    else:
        return "before any job was planned" if counts.planned is None else ""
    return ", ".join([done, *shown])
