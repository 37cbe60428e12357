"""The jobs that ended because a job with which they share a pipe or a service had failed.

Snakemake runs such jobs side by side. When one fails, it kills the others; a job that still writes
to a failed reader's pipe ends by SIGPIPE before that. Neither failed by itself: they are cancelled.
"""

import signal
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FAILED, Attempt
from snakemake_logger_plugin_observe.run.endings import exit_of
from snakemake_logger_plugin_observe.run.model import Run

_MESSAGE: Final = "Snakemake stopped it, because {name} failed, with which it shares a pipe"
_READER_GONE: Final = "{name}, which reads its pipe, had failed"


def cancel_stopped_partners(run: Run) -> None:
    """Set the jobs of *run* that ended because such a partner had failed to cancelled."""
    for attempt in list(run.attempts.values()):
        if attempt.job_id is None and attempt.status in FAILED and attempt.levels:
            members = _members(run, attempt)
            for partners in _side_by_side(run, members):
                _cancel(run, partners)


def _members(run: Run, group: Attempt) -> list[Attempt]:
    keys = ((member, group.number) for member in run.members(group.group or ""))
    return [run.attempts[key] for key in keys if key in run.attempts]


def _side_by_side(run: Run, members: list[Attempt]) -> list[list[Attempt]]:
    """Return the members that are connected by pipes or services, each such set by itself.

    In the main process, the only groups that run as such are these.
    """
    if any(level.in_main for one in members for level in one.levels):
        return [members]
    sets = [{one.job_id} for one in members]
    for one in members:
        for other in members:
            if _streams(run, other.job_id, one.job_id):
                joined = [known for known in sets if {one.job_id, other.job_id} & known]
                sets = [known for known in sets if known not in joined]
                sets.append(set().union(*joined))
    return [[one for one in members if one.job_id in known] for known in sets if len(known) > 1]


def _streams(run: Run, writer: int | None, reader: int | None) -> bool:
    """Whether *reader* reads a pipe of *writer*'s, or uses its service."""
    source = run.jobs.get(writer) if writer is not None else None
    user = run.jobs.get(reader) if reader is not None else None
    if source is None or user is None or writer not in (user.dependencies or ()):
        return False
    return source.service or bool(set(source.pipes or ()) & set(user.input))


def _cancel(run: Run, partners: list[Attempt]) -> None:
    ended = sorted(
        (moment, one.job_id or 0, one)
        for one in partners
        if (moment := _failed_at(one)) is not None
    )
    if len(ended) < 2:
        return
    # A writer whose reader stops to read ends before that reader does.
    ended.sort(key=lambda each: _lost_its_reader(run, each[2], partners))
    (since, _, first), *others = ended
    if _lost_its_reader(run, ended[-1][2], partners):
        since = min(moment for moment, _, _ in ended)
    for moment, _, one in others:
        message = _because(run, first, one) if moment >= since else None
        if message is not None:
            one.status, one.message, one.stopped_with = "cancelled", message, first.job_id


def _lost_its_reader(run: Run, one: Attempt, partners: list[Attempt]) -> bool:
    """Whether SIGPIPE ended *one*, and a reader of its pipe failed by itself.

    A reader that Snakemake killed was ended by the failure of its writer.
    """
    if _failed_at(one) is None or _end_of(one)[1] != signal.SIGPIPE:
        return False
    readers = (each for each in partners if _streams(run, one.job_id, each.job_id))
    return any(_failed_at(each) is not None and not _was_killed(each) for each in readers)


def _end_of(one: Attempt) -> tuple[int | None, int | None]:
    return exit_of(one, one.executions[-1], last=True)


def _was_killed(one: Attempt) -> bool:
    """Whether the shell itself was killed: one that reports 137 saw its own command killed."""
    code, number = _end_of(one)
    return number == signal.SIGKILL and code is None


def _failed_at(one: Attempt) -> Micros | None:
    """Return when the tool of a failed member ended, by the clock of the process that ran it."""
    executions = one.executions
    if one.status not in (*FAILED, "cancelled") or not executions:
        return None
    last = executions[-1]
    return last.tool_ended if last.status in FAILED else None


def _because(run: Run, first: Attempt, one: Attempt) -> str | None:
    """Return why *one* ended if *first*'s failure ended it, None if it failed by itself."""
    name = run.rule_of(first) or "a job"
    if _was_killed(one):
        return _MESSAGE.format(name=name)
    reader = run.job_of(first)
    reads = reader is not None and one.job_id in (reader.dependencies or ())
    if _end_of(one)[1] == signal.SIGPIPE and reads:
        return _READER_GONE.format(name=name)
    return None
