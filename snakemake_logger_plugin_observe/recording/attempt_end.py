"""An attempt as its notes left it, and the event that ends it: decomposed into its phases."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.events import AttemptFinished, JobDescribed
from snakemake_logger_plugin_observe.journal.records import (
    Execution,
    Level,
    LogTail,
    SchedulerRecord,
    Stamps,
    Status,
    Wait,
)
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run, seconds
from snakemake_logger_plugin_observe.run.node_processes import innermost_executions
from snakemake_logger_plugin_observe.run.segments import Segment, phase_sums

_NOT_REACHED: Final = "another job of its group failed before it was begun"


@dataclass(slots=True)
class LiveAttempt:
    """An attempt while its notes come in: of a job, or of a group (then ``job_id`` is None)."""

    job_id: int | None
    group: str | None
    number: int
    stamps: dict[str, clock.Micros] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    executions: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What the main process ran of it itself: fields of ``Execution`` by job id."""
    submission: tuple[str, ...] = ()
    """The names of its reports from the node."""
    external_jobid: str | None = None
    message: str | None = None
    poll_interval_s: float | None = None
    node_starts: tuple[clock.Micros, ...] = ()
    levels: tuple[Level, ...] = ()
    problem: str | None = None
    aux_logs: tuple[str, ...] = ()
    """The executor's own log files of it, where it told of them."""
    logs: dict[int | None, tuple[LogTail, ...]] = field(default_factory=dict)
    """If it failed: the ends of log files by job id; a group's own, under None, beside them."""
    written: AttemptFinished | None = None
    told: SchedulerRecord | None = None
    """What its executor itself told of it."""

    @property
    def key(self) -> Key:
        """What identifies this attempt in its run."""
        return (self.job_id if self.job_id is not None else self.group or "", self.number)


def stamps_of(run: Run, live: LiveAttempt) -> Stamps:
    """Return the attempt's stamps so far, with the moment at which it was ready."""
    known: dict[str, clock.Micros] = dict(live.stamps)
    selected = known.get("selected")
    ready = run.ready_at(live.key)
    if ready is not None and selected is not None:
        known["ready"] = min(ready, selected)
    return Stamps(**known)


Ending = tuple[AttemptFinished, list[Segment]]
"""The event that ends an attempt, and the segments that its phases were summed from."""


def ending(run: Run, live: LiveAttempt, status: str, *, revises: bool) -> Ending:
    """Return the end of *live* with *status*, its phases made from all that is known."""
    levels = (*_main_level(run, live), *live.levels)
    executions = [one for level in levels for one in level.executions]
    ran = [one for one in executions if one.tool_started is not None]
    innermost = innermost_executions(levels)
    hits = [one.status == "cached" for one in executions]
    if status == "success" and (any(hits) if live.job_id is not None else all(hits) and hits):
        status = "cached"
    code = ran[-1].exit_code if ran and live.job_id is not None else None
    draft = Attempt(
        live.job_id,
        live.group,
        live.number,
        status=status,
        stamps=stamps_of(run, live),
        waits=tuple(live.waits),
        node_starts=live.node_starts,
        levels=levels,
    )
    laid = run.lay(draft)
    reasons = [*laid.unobserved, *filter(None, [live.problem])]
    event = AttemptFinished(
        time=live.stamps["finished"],
        job_id=live.job_id,
        group=live.group,
        attempt=live.number,
        status=status,
        external_jobid=live.external_jobid or _own_id(live.levels),
        node=laid.node,
        exit_code=code,
        signal=_signal(code),
        message=_why(status, executions, _with_the_nodes(levels, live.message)),
        stamps=draft.stamps,
        waits=draft.waits,
        poll_interval_s=live.poll_interval_s,
        node_starts=live.node_starts,
        levels=levels,
        **figures(laid.segments),
        used=innermost[-1].used if innermost and live.job_id is not None else None,
        logs=live.logs.get(live.job_id, ()),
        offset=laid.offset,
        unobserved=tuple(dict.fromkeys(reasons)),
        revises=revises,
    )
    return event, laid.segments


def member_endings(
    run: Run, whole: AttemptFinished, logs: Mapping[int | None, tuple[LogTail, ...]]
) -> Iterator[Ending]:
    """Yield the ends of the members of the group that ended with *whole*."""
    for job_id in run.members(whole.group or ""):
        job = run.jobs.get(job_id)
        own = (_only(level, job) for level in whole.levels if job is not None)
        levels = tuple(level for level in own if level.executions)
        executions = [one for level in levels for one in level.executions]
        innermost = innermost_executions(levels)
        code = executions[-1].exit_code if executions else None
        status = _member_status(whole, executions)
        draft = Attempt(
            job_id,
            whole.group,
            whole.attempt,
            stamps=Stamps(finished=whole.stamps.finished),
            levels=levels,
            offset=whole.offset,
        )
        laid = run.lay(draft)
        event = AttemptFinished(
            time=whole.time,
            job_id=job_id,
            group=whole.group,
            attempt=whole.attempt,
            status=status,
            external_jobid=whole.external_jobid,
            node=laid.node or whole.node,
            exit_code=code,
            signal=_signal(code),
            message=_NOT_REACHED if status == "cancelled" else _why(status, executions),
            stamps=draft.stamps,
            levels=levels,
            **figures(laid.segments),
            used=innermost[-1].used if innermost else None,
            logs=logs.get(job_id, ()) if status == "failed" else (),
            offset=whole.offset,
            unobserved=tuple(laid.unobserved),
            revises=whole.revises,
        )
        yield event, laid.segments


def figures(segments: list[Segment]) -> dict[str, Any]:
    """Return the fields of an attempt's end that come from its segments."""
    return {
        "start": segments[0].start if segments else None,
        "segments": tuple((one.phase, clock.to_seconds(one.length)) for one in segments),
        "phases_s": seconds(phase_sums(segments)),
    }


def _main_level(run: Run, live: LiveAttempt) -> tuple[Level, ...]:
    """Return the main process as a level, where it ran the tool itself."""
    if not live.executions:
        return ()
    executions = []
    for job_id, one in live.executions.items():
        job = run.jobs.get(job_id)
        known = {"rule": job.rule, "wildcards": job.wildcards} if job is not None else {}
        executions.append(Execution(**{**known, **one}))
    here = Level(
        clock="main",
        host=run.started.host if run.started is not None else "",
        pid=os.getpid(),
        wraps="local",
        in_main=True,
        executions=tuple(executions),
    )
    return (here,)


def _only(level: Level, job: JobDescribed) -> Level:
    """Return *level* with nothing but *job*'s executions."""
    executions = (
        one for one in level.executions if (one.rule, one.wildcards) == (job.rule, job.wildcards)
    )
    return level.model_copy(update={"executions": tuple(executions), "waits": ()})


def _member_status(whole: AttemptFinished, executions: list[Execution]) -> Status:
    """Return a member's status: its own tool's where it is known, else its group's.

    In a submission that succeeded nothing failed: services end by the signal that ends them.
    """
    if whole.status != "failed":
        return "cached" if executions and executions[-1].status == "cached" else whole.status
    if executions and executions[-1].status in ("success", "failed", "cached"):
        return executions[-1].status
    others = any(level.executions for level in whole.levels)
    return "cancelled" if others and not executions else "failed"


def _own_id(levels: tuple[Level, ...]) -> str | None:
    """Return the cluster's id that the node knew, where the executor told none."""
    return next((level.cluster_job for level in levels if level.cluster_job), None)


def _why(status: str, executions: list[Execution], told: str | None = None) -> str | None:
    """Return why an attempt failed: what was *told* of it, else what its last try said."""
    if status in ("success", "cached"):
        return None
    said = told or next((one.message for one in reversed(executions) if one.message), None)
    return said.strip() if said else None


def _with_the_nodes(levels: tuple[Level, ...], told: str | None) -> str | None:
    """Return what was *told* of a failure, after what the node said where it came to no try.

    An input that did not come there looks like success here, and then like a missing output.
    """
    said = next((level.error for level in reversed(levels) if level.error), None)
    if said is None or any(level.executions for level in levels):
        return told
    return f"on the node: {said}\n{told}" if told else f"on the node: {said}"


def _signal(code: int | None) -> int | None:
    return -code if code is not None and code < 0 else None
