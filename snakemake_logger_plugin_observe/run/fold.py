"""Events folded into a run: the recorder folds its own, the reader those of a journal."""

from collections.abc import Iterable

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import (
    RECORDED_LATER,
    AnyEvent,
    AttemptEvent,
    AttemptFinished,
    AttemptStarted,
    AttemptSubmitted,
    JobDescribed,
    LeanAttemptFinished,
    UpToDate,
)
from snakemake_logger_plugin_observe.journal.records import Stamps, UpToDateJob
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt, Key, written_segments
from snakemake_logger_plugin_observe.run.clock_offsets import bounds_from_attempt
from snakemake_logger_plugin_observe.run.interruption import cancel_cut_off
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.pipe_partners import cancel_stopped_partners
from snakemake_logger_plugin_observe.run.refined import refine
from snakemake_logger_plugin_observe.run.scheduler_ends import take_recorded_ends
from snakemake_logger_plugin_observe.run.segments import Timeline
from snakemake_logger_plugin_observe.run.timeline import TimelineInput, member_timeline, timeline


def fold(events: Iterable[AnyEvent]) -> Run:
    """Return the run that *events* describe."""
    run = Run()
    for event in events:
        add(run, event)
    complete(run)
    return run


def add(run: Run, event: AnyEvent, attempt: Attempt | None = None) -> None:  # noqa: PLR0915 - one case for each kind
    """Fold one event into *run*; a later event about the same thing replaces an earlier one.

    Args:
        run: the run, which is changed.
        event: what happened.
        attempt: the recorder's attempt that *event* was made from; None when reading.

    """
    if event.event not in RECORDED_LATER:
        run.last_moment = max(run.last_moment, event.time)
    # Dispatch on the name: an isinstance check per model costs more than reading the event.
    if event.event == "accounting":
        if known := run.attempts.get(_key(event)):
            known.accounting, known.accounting_line = event.record, event.line
            if event.phases_s:
                refine(known)
        return
    if event.event == "outputs":
        if known := run.attempts.get(_key(event)):
            known.outputs, known.outputs_line = event.files, event.line
        return
    if event.event == "inputs_changed":
        if known := run.attempts.get(_key(event)):
            known.changed_inputs = event
        return
    match event.event:
        case "attempt_submitted" | "attempt_started" | "attempt_finished":
            _add_attempt(run, event, attempt)
        case "job":
            _add_job(run, event)
        case "group":
            run.groups[event.group] = event
        case "scheduler_iteration":
            run.iterations.append(event)
        case "run_phase":
            run.phases.append(event)
            run.last_replanning |= dict.fromkeys(event.changed_jobs, event)
        case "message":
            run.messages.append(event)
        case "wake":
            run.wake = event
        case "early_check":
            run.early_checks.append(event)
        case "status_check_counts":
            run.status_checks = event
        case "paused":
            run.pauses.append(event)
        case "run_started":
            run.started = event
        case "run_finished":
            run.finished = event
        case "provenance":
            run.provenance = event
        case "allocation":
            run.allocation = event
        case "planned":
            run.planned = event
        case "blocked":
            run.blocked = event
        case "up_to_date":
            for job in event.jobs:
                _add_kept(run, event, job)
        case "file_system":
            run.file_systems.append(event)
        case "heartbeat":
            run.heartbeat = event
        case _:
            run.gaps.append(getattr(event, "reason", ""))


def _key(event: AttemptEvent) -> Key:
    return (event.job_id if event.job_id is not None else event.group or "", event.attempt)


def _add_job(run: Run, event: JobDescribed) -> None:
    before = run.jobs.get(event.job_id)
    if before is not None and before.attempt not in (None, event.attempt):
        run.earlier_jobs[(event.job_id, before.attempt)] = before
    run.jobs[event.job_id] = event
    if event.params and event.params_digest:
        run.params[(event.rule, event.params_digest)] = event.params


def _add_kept(run: Run, event: UpToDate, job: UpToDateJob) -> None:
    job_id = -1 - len(run.kept)
    described = JobDescribed(
        time=event.time,
        job_id=job_id,
        rule=job.rule,
        wildcards=job.wildcards,
        input=job.input,
        output=job.output,
    )
    run.kept[job_id] = described


def _add_attempt(
    run: Run, event: AttemptSubmitted | AttemptStarted | AttemptFinished, recorded: Attempt | None
) -> None:
    key = _key(event)
    attempt = recorded or run.attempts.get(key)
    if attempt is None:
        attempt = Attempt(event.job_id, event.group, event.attempt)
    if run.attempts.get(key) is not attempt:
        run.put(attempt)
    attempt.line = event.line
    match event.event:
        case "attempt_submitted":
            if attempt.tool_started is None:  # a local tool may start before this is recorded
                attempt.status = "submitted"
            attempt.external_jobid = event.external_jobid
            attempt.stamps = event.stamps
            attempt.fragments = event.fragments
            attempt.submitted_line = event.line
        case "attempt_started":
            attempt.status = "running"
            attempt.node = event.node
            if event.node_started is not None:
                attempt.node_starts = (event.node_started,)
            else:
                attempt.tool_started = event.time
        case "attempt_finished":
            if recorded is None:
                attempt.take(event)
                if event.start is not None or isinstance(event, LeanAttemptFinished):
                    attempt.set_segments(written_segments(event))
                else:
                    attempt.set_segments(timeline_of(run, attempt).segments)
            known = event.offset
            if known and known.low_s != known.high_s and not attempt.is_member:
                run.clocks |= bounds_from_attempt(event.levels, known)


def timeline_of(run: Run, attempt: Attempt) -> Timeline:
    """Return *attempt*'s timeline, computed from its stamps.

    For an attempt that has ended, the clock's bounds are those recorded with its end, so that
    missing lines before it make no difference.
    """
    if attempt.is_member:
        end = attempt.stamps.finished or run.last_moment
        return member_timeline(attempt.levels, attempt.offset, end, run.main, run.pauses)
    clocks = run.clocks
    if attempt.offset:
        clocks = bounds_from_attempt(attempt.levels, attempt.offset)
    return timeline(
        TimelineInput(
            stamps=attempt.stamps,
            status_check=attempt.status_check,
            waits=attempt.waits,
            node_starts=attempt.node_starts,
            levels=attempt.levels,
            wrapped=run.wrapped,
            touched=run.started is not None and run.started.kind == "touch",
            group=attempt.job_id is None,
            main=run.main,
            clocks=clocks,
            until=None if attempt.status in FINAL else run.last_moment,
            tool_started=attempt.tool_started,
            pauses=run.pauses,
        )
    )


def extend_to(run: Run, moment: Micros) -> None:
    """Extend a run that has no end yet to *moment*."""
    run.last_moment = max(run.last_moment, moment)
    complete(run)


def complete(run: Run) -> None:
    """Give attempts without an end their segments, up to the last moment in the journal.

    Those that were cut off with their run, or stopped with a partner, are cancelled.
    """
    cancel_cut_off(run)
    cancel_stopped_partners(run)
    if run.finished is None and not run.is_dry_run:
        _add_unreported(run)
    for attempt in run.attempts.values():
        if attempt.status not in FINAL:
            computed = timeline_of(run, attempt)
            attempt.set_segments(computed.segments)
            attempt.unobserved, attempt.offset = tuple(computed.unobserved), computed.offset
            attempt.node = attempt.node or computed.node
            refine(attempt)
    _add_open_members(run)
    take_recorded_ends(run)


def add_in_flight(run: Run) -> None:
    """Add the attempts of a run that goes on of which nothing was written yet but their job."""
    if run.finished is None and not run.is_dry_run:
        _add_unreported(run)
    _add_open_members(run)


def _add_unreported(run: Run) -> None:
    """Add the attempts that were in flight and of which nothing but that was written.

    Without the timing executor an attempt is written when it ends; a job is described, and a
    heartbeat names it, when it has been selected.
    """
    group_of = {member: name for name, group in run.groups.items() for member in group.members}
    described = (
        (group_of.get(job_id, job.group or job_id), job.attempt or 1)
        for job_id, job in run.jobs.items()
    )
    named = run.heartbeat.attempts if run.heartbeat is not None else ()
    for name, number in (*described, *named):
        if (name, number) not in run.attempts and number > run.last_numbers.get(name, 0):
            single = name if isinstance(name, int) else None
            group = None if isinstance(name, int) else name
            run.put(_unreported(run, Attempt(single, group, number)))


def _unreported(run: Run, attempt: Attempt) -> Attempt:
    """Return *attempt* as its job's description shows it.

    Snakemake describes a job when it is about to run: without the timing executor that is the only
    sign of it.
    """
    job = run.jobs.get(attempt.job_id) if attempt.job_id is not None else None
    if job is not None:
        attempt.line = job.line
    if job is not None and not run.wrapped:
        attempt.stamps = Stamps(selected=job.time)
        attempt.status = "submitted"
    return attempt


def _add_open_members(run: Run) -> None:
    """Add an attempt for each member of a group that has no end yet."""
    for key, attempt in list(run.attempts.items()):
        if attempt.job_id is None and attempt.status not in FINAL:
            for member in run.members(key[0]):
                if (member, key[1]) not in run.attempts:
                    run.put(
                        Attempt(
                            *(member, attempt.group, attempt.number, attempt.status),
                            external_jobid=attempt.external_jobid,
                            node=attempt.node,
                            line=attempt.line,
                        )
                    )
