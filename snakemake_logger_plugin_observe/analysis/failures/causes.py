"""Why an attempt failed, or one execution in it: one of a small closed set of causes.

Evidence is read in this order: the scheduler's own record; whether the submission was refused or
lost; how a tool ended that was reported as successful; the messages of Snakemake and of executors;
how the tool ended. If none of these names the
cause, one may be inferred, as likely and not certain: for example, a tool that signal 9 killed
while it held nearly all the memory that its job had requested ran out of memory; unless jobs of the
run succeeded with as much over their requests, so that no limit was there.
"""

import signal
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import messages
from snakemake_logger_plugin_observe.analysis.failures.memory_limit import MemoryLimit
from snakemake_logger_plugin_observe.analysis.failures.messages import BY_STATE, Cause
from snakemake_logger_plugin_observe.analysis.failures.request_use import RequestUse, request_use
from snakemake_logger_plugin_observe.analysis.submission.said import said_about
from snakemake_logger_plugin_observe.analysis.submission.signs import ended_before_its_script
from snakemake_logger_plugin_observe.journal.events import Allocation
from snakemake_logger_plugin_observe.journal.records import Execution, SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import FAILED, Attempt
from snakemake_logger_plugin_observe.run.endings import TIME_LIMIT_SIGNALS, exit_of
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.node_processes import innermost_executions
from snakemake_logger_plugin_observe.run.scheduler_ends import is_out
from snakemake_logger_plugin_observe.run.unobserved import (
    NO_NODE_STAMPS,
    NODE_CUT_OFF,
    ONLY_A_SIGN,
)

# Slurm ends a job up to a minute after its limit, and sends it a signal some time before that.
_NEAR_THE_LIMIT: Final = 90 * 1_000_000
_LAST_OWN_CODE: Final = 128
"""A shell reports a signal with a larger one."""
_LAST_LOG_LINES: Final = 5
_ROOT: Final = "0"


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Why one execution failed; None where unknown."""

    cause: Cause
    certain: bool = True
    """Whether a message or a record names the cause; otherwise it is inferred, and only likely."""
    exit_code: int | None = None
    """As the process returned it, never negative."""
    signal: int | None = None
    state: str | None = None
    """The last state of its submission in the scheduler's record."""
    by: str | None = None
    """Who cancelled it, by that record: ``root``, ``user 1000``."""
    called_successful: bool = False
    """Whether its tool had failed, and Snakemake only missed its outputs: its end was reported as
    a success."""
    from_outside: bool = False
    """Whether its process on the node was killed, by the cluster's log: nothing shows by whom."""
    no_memory_limit: bool = False
    """Whether it used nearly all its memory or more, and jobs of its run succeeded with as much
    over their requests."""


def failure_cause(
    run: Run,
    attempt: Attempt,
    execution: Execution | None,
    *,
    last: bool,
    limit: MemoryLimit | None = None,
) -> FailureCause:
    """Return why *execution* failed, or why *attempt* did if it never ran its tool.

    Args:
        run: the run.
        attempt: the attempt.
        execution: one execution of the tool in it, or None.
        last: whether nothing came after it in the attempt; only then are the attempt's end,
            messages and records about it.
        limit: what is known of a limit on memory in the run, if the caller has it.

    """
    code, number = exit_of(attempt, execution, last=last)
    by_log = _signal_on_the_node(attempt) if last and code is None and number is None else None
    number = number or by_log
    record = run.record_of(attempt) if last else None
    state = record.state if record is not None else None
    reported = [execution.message] if execution is not None and execution.message else []
    if last and attempt.message and attempt.message not in reported:
        reported.insert(0, attempt.message)
    message = "\n".join(reported)
    believed = last and _was_called_successful(message, execution)
    if believed:
        message = (execution.message if execution is not None else None) or ""
    misreported = record is not None and _was_misreported(run, attempt, execution, record)
    named = _named_by_attempt(run, attempt, execution, record) if last else None
    use = request_use(run, attempt, None if last else execution)
    no_limit = use.nearly_all_memory and (limit or MemoryLimit(run)).is_refuted(attempt, use)
    cause: Cause
    if misreported and is_out(record):
        cause, certain = "misreported", True
    elif named := named or messages.from_snakemake(message):
        cause, certain = named, True
    elif inferred := _inferred(attempt, use, number, no_limit=no_limit, last=last):
        cause, certain = inferred, False
    elif (code or number) and _tool_had_no_memory(attempt, execution, message, last=last):
        cause, certain = "out_of_memory", False
    elif number is not None:
        cause, certain = "signal", True
    elif code:
        cause, certain = "exit_code", True
    elif last and not message and _succeeded_on_the_node(attempt):
        cause, certain = "contradicted", True
    elif misreported:
        cause, certain = "misreported", False
    elif attempt.status == "lost" or (last and _vanished(attempt, record)):
        cause, certain = "lost", False
    else:
        cause, certain = ("exception" if messages.is_exception(message) else "other"), True
    from_outside = cause == "signal" and by_log is not None
    ended = (code, number, state, cancelled_by(record), believed)
    return FailureCause(cause, certain, *ended, from_outside, no_limit)


def cancelled_by(record: SchedulerRecord | None) -> str | None:
    """Return who cancelled a job, by its record; None if nobody did, or that is not known."""
    if record is None or record.cancelled_by is None:
        return None
    return "root" if record.cancelled_by == _ROOT else f"user {record.cancelled_by}"


def _named_by_attempt(
    run: Run, attempt: Attempt, execution: Execution | None, record: SchedulerRecord | None
) -> Cause | None:
    """Return the cause that the scheduler, the executor or their logs name, if any."""
    stamps = attempt.stamps
    refused = attempt.levels == () and stamps.accepted is None and not attempt.is_member
    if run.wrapped and refused and stamps.submitting is not None:
        answer = said_about(run, attempt).answer
        return "unanswered" if answer == "no_answer" else "refused"
    if ended_before_its_script(attempt, record):
        return "not_started"
    if record is not None:
        if record.state in BY_STATE:
            return BY_STATE[record.state]
        if record.reason and (found := messages.from_executor(record.reason)):
            return found
    own = execution.message if execution is not None else None
    if attempt.message and attempt.external_jobid and attempt.message != own:
        found = messages.from_executor(attempt.message)
        if found is not None:
            return found
    return messages.from_log(line for log in attempt.logs for line in log.lines)


def _was_called_successful(message: str, execution: Execution | None) -> bool:
    """Whether Snakemake looked for outputs because a tool that had failed was called successful."""
    if execution is None or not execution.exit_code:
        return False
    return messages.is_missing_output(message)


def _was_misreported(
    run: Run, attempt: Attempt, execution: Execution | None, record: SchedulerRecord
) -> bool:
    """Whether an end was reported to Snakemake that the scheduler's record contradicts.

    A record may be a moment behind: of a job that had begun, only its end counts, and that the
    cluster queued it again.
    """
    if attempt.status not in FAILED or not attempt.external_jobid or attempt.end_from_record:
        return False
    submission = run.submission_of(attempt) or attempt
    if is_out(record):
        never_began = not submission.node_starts and not attempt.levels
        return submission.was_queued_again or (record.state == "PENDING" and never_began)
    ran_well = execution is None or execution.status == "success"
    return record.state == "COMPLETED" and ran_well


def _inferred(
    attempt: Attempt, used: RequestUse, number: int | None, *, no_limit: bool, last: bool
) -> Cause | None:
    """Return the cause that the resources used and the signal suggest, if any."""
    cut_off = last and NODE_CUT_OFF in attempt.unobserved
    if used.nearly_all_memory and not no_limit and (cut_off or number == signal.SIGKILL):
        return "out_of_memory"
    if last and used.nearly_all_time and (cut_off or number in TIME_LIMIT_SIGNALS):
        return "time_limit"
    return None


def _signal_on_the_node(attempt: Attempt) -> int | None:
    """Return the signal that killed the processes on the node, by the cluster's log, if one did."""
    if NODE_CUT_OFF not in attempt.unobserved:
        return None
    return messages.signal_in_log(line for log in attempt.logs for line in log.lines)


def _tool_had_no_memory(
    attempt: Attempt, execution: Execution | None, message: str, *, last: bool
) -> bool:
    """Whether the tool itself reported, at its end, that there was no memory left."""
    own = execution.logs if execution is not None else ()
    logs = (attempt.logs or own) if last else own
    lines = [line for log in logs for line in log.lines[-_LAST_LOG_LINES:]]
    return messages.is_out_of_memory([message, *lines])


def _succeeded_on_the_node(attempt: Attempt) -> bool:
    """Whether the executor reported a failure, and the processes on the node that all went well."""
    levels = [level for level in attempt.levels if not level.in_main]
    executions = innermost_executions(levels)
    if attempt.reported_as != "failed" or len(levels) < len(attempt.levels) or not executions:
        return False
    ended = all(level.ended is not None and level.error is None for level in levels)
    return ended and all(one.status in ("success", "cached") for one in executions)


def _vanished(attempt: Attempt, record: SchedulerRecord | None) -> bool:
    """Whether a submission's processes on the node disappeared without an end.

    Not if its node wrote nothing, and its job script ended by itself, by the scheduler's record.
    """
    if record is not None and record.state == "FAILED" and not attempt.levels:
        by_itself = 0 < (record.exit_code or 0) <= _LAST_OWN_CODE and not record.signal
        if by_itself:
            return False
    unseen = (NODE_CUT_OFF, ONLY_A_SIGN, NO_NODE_STAMPS)
    return attempt.external_jobid is not None and any(one in attempt.unobserved for one in unseen)


def allocation_that_ran_out(run: Run, status: str) -> Allocation | None:
    """Return the cluster job that Snakemake itself ran in, if its time limit ended the run.

    A killed run is known only up to the last line of its journal. If that is long before the end of
    the allocation, nothing shows what ended the run.
    """
    known = run.allocation
    if known is None or known.end is None or run.end is None:
        return None
    if status not in ("killed", "interrupted"):
        return None
    return known if abs(run.end - known.end) <= _NEAR_THE_LIMIT else None
