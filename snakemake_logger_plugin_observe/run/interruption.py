"""What ended together with its run: the jobs that the run's own interruption cut off.

Ctrl-C reaches Snakemake and the tools that it runs on this machine alike, and so does a SIGTERM to
all of its processes. Tools that end by it did not fail: they are cancelled, whatever Snakemake
wrote about them.
"""

import re
import signal
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FAILED, Attempt
from snakemake_logger_plugin_observe.run.endings import exit_of
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scheduler_ends import (
    ended_before_it_was_given_up,
    interrupted_at,
)

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
# Snakemake may report the signal a little later than the tools end by it.
_LATER: Final = 5_000_000
_AT_ONCE: Final = 500_000
_ENDED: Final = "CalledProcessError"
_DIED: Final = re.compile(r"died with <Signals\.SIG(?:INT|TERM)\b|exit status (?:130|143)\b")


def cancel_cut_off(run: Run) -> None:
    """Set the attempts that the interruption of *run* cut off to cancelled."""
    since = _interrupted_at(run)
    if since is None:
        return
    all_died = not run.wrapped and _all_died(run, since - _LATER)
    for attempt in run.attempts.values():
        if ended_before_it_was_given_up(run, attempt):
            continue
        if attempt.job_id is not None and _was_cut_off(attempt, since, all_died=all_died):
            attempt.status, attempt.cut_off = "cancelled", True
    for attempt in run.attempts.values():
        if attempt.job_id is None and attempt.status in FAILED:
            _cancel_group(run, attempt)


def _interrupted_at(run: Run) -> Micros | None:
    """Return when the run was first interrupted or terminated, None if it was not."""
    first = interrupted_at(run)
    if first is None and run.finished is not None and run.finished.status == "interrupted":
        return 0
    return first


def _all_died(run: Run, since: Micros) -> bool:
    """Whether every tool of which Snakemake logged an end since then died of such a signal.

    Without the timing executor, which job a message is about is not recorded.
    """
    ends = [one.text for one in run.messages if one.time >= since and _ENDED in one.text]
    return bool(ends) and all(_DIED.search(text) for text in ends)


def _was_cut_off(attempt: Attempt, since: Micros, *, all_died: bool) -> bool:
    """Whether an attempt's tool ended by the signal, or at it after Snakemake had given it up.

    A tool that handles Ctrl-C exits with a code of its own.
    """
    if attempt.cut_off:
        return True
    if attempt.status not in ("failed", "cancelled"):
        return False
    executions = attempt.executions
    last = executions[-1] if executions else None
    code, number = exit_of(attempt, last, last=True)
    if number in _SIGNALS or (all_died and code is None and number is None):
        return (attempt.stamps.finished or 0) >= since - _LATER
    if attempt.status == "failed" or last is None or last.tool_ended is None:
        return False
    return last.tool_ended >= since - _AT_ONCE


def _cancel_group(run: Run, group: Attempt) -> None:
    """Cancel the submission of a group if its members were cut off, and none failed by itself."""
    keys = [(member, group.number) for member in run.members(group.group or "")]
    members = [run.attempts[key] for key in keys if key in run.attempts]
    if not any(one.cut_off for one in members) or any(map(run.failed_executions, members)):
        return
    for one in (group, *members):
        if one.status in FAILED:
            one.status = "cancelled"
