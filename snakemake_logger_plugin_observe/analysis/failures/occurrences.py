"""Each time that a job or a group failed, and what was lost with it."""

from collections.abc import Iterator, Sequence

from snakemake_logger_plugin_observe.analysis.failures.causes import FailureCause, failure_cause
from snakemake_logger_plugin_observe.analysis.failures.log_lines import LogLine, line_of_failure
from snakemake_logger_plugin_observe.analysis.failures.memory_limit import MemoryLimit
from snakemake_logger_plugin_observe.analysis.failures.messages import NOT_SUBMITTED
from snakemake_logger_plugin_observe.analysis.failures.signatures import Occurrence
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.submission.said import said_about
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import Execution, LogTail
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scheduler_ends import ended_badly


def occurrences_in(
    run: Run, row: Row, limit: MemoryLimit | None = None
) -> Iterator[tuple[Occurrence, Execution | None]]:
    """Yield each time that the job failed in one attempt, with the execution that failed."""
    attempt = row.attempt
    failed = ended_badly(run, attempt)
    by_itself = not attempt.is_member or run.failed_by_itself(attempt)
    if not by_itself and run.submission_of(attempt) is not None:
        return  # counted for the group, or for another member
    if attempt.job_id is None and failed_members(run, attempt):
        return  # counted for these members
    executions = run.final_executions(attempt) if attempt.job_id is not None else []
    unsuccessful = run.failed_executions(attempt)
    for number, one in enumerate(executions, 1):
        ends_it = failed and number == len(executions)
        if one in unsuccessful or ends_it:
            ran = one.tool_started is not None
            cause = failure_cause(run, attempt, one, last=ends_it, limit=limit)
            # The last execution's logs are the attempt's, also where it failed unnoticed.
            of_attempt = ends_it or (number == len(executions) and not one.logs)
            line = _last_line(attempt.logs if of_attempt else one.logs, cause)
            message = one.message or (attempt.message if ends_it else None)
            which = (attempt.number, number if ran else None)
            yield Occurrence(*which, cause, message, line, _tool_duration(one)), one
    if failed and not executions:
        cause = failure_cause(run, attempt, None, last=True, limit=limit)
        line = _last_line(attempt.logs, cause)
        message = attempt.message
        if cause.cause in NOT_SUBMITTED:
            message = said_about(run, attempt).text or message
        yield (
            Occurrence(attempt.number, None, cause, message, line, row.since_selected),
            None,
        )


def _tool_duration(one: Execution) -> Micros | None:
    if one.tool_started is None or one.tool_ended is None:
        return None
    return one.tool_ended - one.tool_started


def _last_line(logs: Sequence[LogTail], why: FailureCause) -> LogLine | None:
    """Return the line of its *logs* that shows what went wrong.

    What was not submitted never ran: what is in its job's log, an earlier attempt wrote.
    """
    if why.cause in NOT_SUBMITTED:
        return None
    return line_of_failure(logs)


def lost_with(run: Run, attempt: Attempt) -> tuple[Attempt, ...]:
    """Return the attempts that were in vain because *attempt* failed; none if it did not fail.

    Those are itself, and for the first member that failed of a group all the group's.
    """
    if not ended_badly(run, attempt):
        return ()
    if attempt.group is None or not counts_for_group(run, attempt):
        return (attempt,)
    by_themselves = set(failed_members(run, attempt))
    names = (attempt.group, *run.members(attempt.group))
    keys = ((name, attempt.number) for name in names if name not in by_themselves)
    others = (run.attempts[key] for key in keys if key in run.attempts)
    return (attempt, *(one for one in others if one is not attempt))


def counts_for_group(run: Run, attempt: Attempt) -> bool:
    """Whether the group's failed submission counts for *attempt*: itself, or its first member."""
    if attempt.job_id is None:
        return True
    return failed_members(run, attempt)[:1] == [attempt.job_id]


def failed_members(run: Run, attempt: Attempt) -> list[int]:
    """Return the members that failed by themselves in one submission of their group."""
    found: list[int] = []
    for member in run.members(attempt.group or ""):
        own = run.attempts.get((member, attempt.number))
        if own is not None and run.failed_by_itself(own):
            found.append(member)
    return found
