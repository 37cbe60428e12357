"""The end of an attempt: computes its phases and makes its event.

While an attempt is recorded, two objects describe it. ``run.attempt.Attempt`` is part of the run,
and the recorder fills it directly. ``LiveAttempt`` adds what only the recorder needs: stamps as
they arrive, reports that later ones may replace, and names of files.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.events import AttemptFinished
from snakemake_logger_plugin_observe.journal.records import (
    Benchmark,
    Execution,
    Level,
    LogTail,
    Stamps,
    Status,
    Usage,
)
from snakemake_logger_plugin_observe.recording.event_of import event_of
from snakemake_logger_plugin_observe.recording.held_logs import HeldLogs
from snakemake_logger_plugin_observe.recording.last_execution import best_logs, without
from snakemake_logger_plugin_observe.recording.notes import Printed
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.exit_waits import exit_wait
from snakemake_logger_plugin_observe.run.fold import timeline_of
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.node_processes import innermost_executions, only_of
from snakemake_logger_plugin_observe.run.phases import in_seconds
from snakemake_logger_plugin_observe.run.readiness import ready_at
from snakemake_logger_plugin_observe.run.segments import Segment, phase_sums

_NOT_REACHED: Final = "another job of its group failed before it began"


@dataclass(slots=True)
class LiveAttempt:
    """An attempt that is being recorded, with what only the recorder needs."""

    attempt: Attempt
    stamps: dict[str, clock.Micros] = field(default_factory=dict)
    executions: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The fields of the executions in the main process, by job id."""
    submission: tuple[str, ...] = ()
    """The names of its fragments."""
    message: str | None = None
    """Why it failed, as the executor or Snakemake reported it."""
    errors: Mapping[int, str] = field(default_factory=dict)
    """What Snakemake printed about its jobs, by job id, if it failed."""
    node_levels: tuple[Level, ...] = ()
    problem: str | None = None
    """What was wrong with its fragments."""
    executor_logs: tuple[str, ...] = ()
    """The executor's log files of it."""
    held_logs: HeldLogs = field(default_factory=dict)
    """Its own logs that Snakemake has removed meanwhile, open."""
    logs: Mapping[int | None, tuple[LogTail, ...]] = field(default_factory=dict)
    """The ends of log files by job id, if it failed; None: those of the group's submission."""
    printed: dict[int, tuple[Printed, ...]] = field(default_factory=dict)
    """What its jobs' tools printed before they failed, by job id, if it is kept."""
    benchmarks: Mapping[int, Benchmark] = field(default_factory=dict)
    """What its jobs' benchmark files say, by job id."""


def stamps_of(run: Run, live: LiveAttempt) -> Stamps:
    """Return the attempt's stamps so far, with the moment at which it was ready."""
    selected = live.stamps.get("selected")
    if selected is not None and "ready" not in live.stamps:  # what it waited for has ended by then
        ready = ready_at(run, live.attempt.key)
        if ready is not None:
            live.stamps["ready"] = min(ready, selected)
    return Stamps(**live.stamps)


def end_attempt(run: Run, live: LiveAttempt, status: Status, *, revises: bool) -> AttemptFinished:
    """Fill in the end of *live* with *status*, and return its event.

    Args:
        run: the run.
        live: the attempt, with its stamp ``finished``.
        status: how it ended, as the executor reported it.
        revises: whether its end was written before.

    """
    attempt, is_job = live.attempt, live.attempt.job_id is not None
    levels = (*_main_level(run, live), *live.node_levels)
    executions = [execution for level in levels for execution in level.executions]
    ran = [execution for execution in executions if execution.tool_started is not None]
    innermost = innermost_executions(levels)
    cached = [execution.status == "cached" for execution in executions]
    if status == "success" and (any(cached) if is_job else all(cached) and cached):
        status = "cached"
    attempt.status = status
    attempt.external_jobid = attempt.external_jobid or _cluster_job(live.node_levels)
    attempt.exit_code = ran[-1].exit_code if ran and is_job else None
    attempt.signal = _signal(attempt.exit_code)
    attempt.message = _reason(status, executions, _with_node_error(levels, live.message))
    attempt.stamps = stamps_of(run, live)
    attempt.levels = (
        without(levels, innermost[-1:], "logs", "used")
        if is_job
        else without(levels, innermost, "logs")
    )
    attempt.used = _use(innermost, levels, attempt) if is_job else None
    attempt.benchmark = live.benchmarks.get(attempt.job_id) if attempt.job_id is not None else None
    attempt.logs = best_logs(live.logs.get(attempt.job_id, ()), innermost if is_job else ())
    attempt.offset = None  # so that a revision is computed from the run's clocks again
    timeline = timeline_of(run, attempt)
    attempt.set_segments(timeline.segments)
    attempt.node, attempt.offset = timeline.node, timeline.offset
    attempt.node_ended = timeline.node_ended
    attempt.exit_wait = exit_wait(levels)
    reasons = [*timeline.unobserved, *filter(None, [live.problem])]
    attempt.unobserved = tuple(dict.fromkeys(reasons))
    return _event(attempt, live.stamps["finished"], revises=revises)


def end_members(
    run: Run, live: LiveAttempt, *, revises: bool
) -> Iterator[tuple[AttemptFinished, Attempt]]:
    """Yield the attempts of the members of a group that ended, each with its event."""
    group, finished = live.attempt, live.stamps["finished"]
    # A job in the main process may wait in vain for its input, because of the one that makes it.
    tool_failed = any(one.status == "failed" for each in group.levels for one in each.executions)
    for job_id in run.members(group.group or ""):
        attempt = run.attempts.get((job_id, group.number)) or Attempt(
            job_id, group.group, group.number
        )
        job = run.jobs.get(job_id)
        levels = only_of(job, group.levels) if job is not None else ()
        executions = [execution for level in levels for execution in level.executions]
        innermost = innermost_executions(levels)
        error = live.errors.get(job_id) if not executions and not tool_failed else None
        status = "failed" if error is not None else _member_status(group, executions)
        attempt.group = group.group
        attempt.status = status
        attempt.external_jobid = group.external_jobid
        attempt.exit_code = executions[-1].exit_code if executions else None
        attempt.signal = _signal(attempt.exit_code)
        attempt.message = (
            _NOT_REACHED if status == "cancelled" else _reason(status, executions, error)
        )
        attempt.stamps = Stamps(finished=finished)
        attempt.levels = without(levels, innermost[-1:], "logs", "used")
        attempt.used = _use(innermost, group.levels, group)
        attempt.benchmark = live.benchmarks.get(job_id)
        read = live.logs.get(job_id, ())
        attempt.logs = best_logs(read, innermost) if status == "failed" else ()
        attempt.offset = group.offset
        timeline = timeline_of(run, attempt)
        attempt.set_segments(timeline.segments)
        attempt.node = timeline.node or group.node
        attempt.unobserved = tuple(timeline.unobserved)
        yield _event(attempt, finished, revises=revises), attempt


def _use(
    innermost: Sequence[Execution], levels: Sequence[Level], submission: Attempt
) -> Usage | None:
    """Return what the last execution used, with what Snakemake's processes around it held."""
    used = innermost[-1].used if innermost else None
    if used is None or any(level.in_main for level in levels):
        return used
    since = submission.started_last or 0  # what ran before the cluster started it again has gone
    around = [level for level in levels if _was_there(level, innermost[-1], since)]
    sizes = [level.peak_rss_bytes for level in around if level.peak_rss_bytes is not None]
    return used.but(snakemake_bytes=sum(sizes)) if sizes else used


def _was_there(level: Level, tool: Execution, since: clock.Micros) -> bool:
    """Whether a process ran while *tool* did: those of its earlier tries had ended."""
    begun = tool.tool_started or tool.begun or since
    return (level.started or since) >= since and (level.ended is None or level.ended >= begun)


def _event(attempt: Attempt, finished: clock.Micros, *, revises: bool) -> AttemptFinished:
    """Return the event of *attempt*'s end; ``Attempt.take`` is the inverse."""
    return event_of(
        AttemptFinished,
        time=finished,
        job_id=attempt.job_id,
        group=attempt.group,
        attempt=attempt.number,
        status=attempt.status,
        external_jobid=attempt.external_jobid,
        node=attempt.node,
        exit_code=attempt.exit_code,
        signal=attempt.signal,
        message=attempt.message,
        stamps=attempt.stamps,
        waits=attempt.waits,
        poll_interval_s=attempt.poll_interval_s,
        status_check=attempt.status_check,
        node_ended=attempt.node_ended,
        exit_wait_s=None if attempt.exit_wait is None else clock.to_seconds(attempt.exit_wait),
        node_starts=attempt.node_starts,
        levels=attempt.levels,
        **figures(attempt.segments),
        used=attempt.used,
        benchmark=attempt.benchmark,
        logs=attempt.logs,
        refusal=attempt.refusal,
        reported_as=attempt.reported_as,
        disk=attempt.disk,
        offset=attempt.offset,
        unobserved=attempt.unobserved,
        revises=revises,
    )


def figures(segments: Sequence[Segment]) -> dict[str, Any]:
    """Return the fields of ``AttemptFinished`` that come from an attempt's segments."""
    return {
        "start": segments[0].start if segments else None,
        "segments": tuple([(phase, clock.to_seconds(end - at)) for at, end, phase in segments]),
        "phases_s": in_seconds(phase_sums(segments)),
    }


def _main_level(run: Run, live: LiveAttempt) -> tuple[Level, ...]:
    """Return the main process as a level, if it ran the tool itself."""
    if not live.executions:
        return ()
    executions = []
    for job_id, fields in live.executions.items():
        job = run.jobs.get(job_id)
        known = {"rule": job.rule, "wildcards": job.wildcards} if job is not None else {}
        executions.append(event_of(Execution, **fields, **known))
    main = Level(
        clock="main",
        host=run.started.host if run.started is not None else "",
        pid=os.getpid(),
        wraps="local",
        in_main=True,
        executions=tuple(executions),
    )
    return (main,)


def _member_status(group: Attempt, executions: list[Execution]) -> Status:
    """Return a member's status: that of its tool if known, else its group's.

    If the submission succeeded, no member failed: a service ends by the signal that stops it.
    """
    if group.status != "failed":
        return "cached" if executions and executions[-1].status == "cached" else group.status
    if executions and executions[-1].status in ("success", "failed", "cached"):
        return executions[-1].status
    others = any(level.executions for level in group.levels)
    return "cancelled" if others and not executions else "failed"


def _cluster_job(levels: tuple[Level, ...]) -> str | None:
    """Return the cluster's job id that a process on the node reported."""
    return next((level.cluster_job for level in levels if level.cluster_job), None)


def _reason(status: str, executions: list[Execution], reported: str | None = None) -> str | None:
    """Return why an attempt failed: what was *reported*, else its last execution's message."""
    if status in ("success", "cached"):
        return None
    reason = reported or next((e.message for e in reversed(executions) if e.message), None)
    return reason.strip() if reason else None


def _with_node_error(levels: tuple[Level, ...], reported: str | None) -> str | None:
    """Return what was *reported* about a failure, after the node's error if no tool ran there.

    An input that never reached the node looks like success here, and then like a missing output.
    """
    nodes = [level for level in levels if not level.in_main]
    error = next((level.error for level in reversed(nodes) if level.error), None)
    if error is None or any(one.tool_started for level in nodes for one in level.executions):
        return reported
    return f"on the node: {error}\n{reported}" if reported else f"on the node: {error}"


def _signal(code: int | None) -> int | None:
    return -code if code is not None and code < 0 else None
