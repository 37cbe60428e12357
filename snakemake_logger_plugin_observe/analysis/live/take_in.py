"""What the node and the scheduler show of a run that goes on, taken into the run.

Only the run in memory is changed, so that every answer about it counts the same: attempts get their
node's processes, the scheduler's record and a status, and time that only the live view can name
gets its phase. Nothing of it is written to the journal.
"""

from collections.abc import Iterator, Mapping

from snakemake_logger_plugin_observe.analysis.live.state import ON_A_NODE, LiveState, LiveView
from snakemake_logger_plugin_observe.analysis.live.states import FROM_THE_SCHEDULER
from snakemake_logger_plugin_observe.analysis.live.status_checks import overdue
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.endings import exit_of
from snakemake_logger_plugin_observe.run.fold import complete
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.node_processes import only_of
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED
from snakemake_logger_plugin_observe.run.refined import refine
from snakemake_logger_plugin_observe.run.segments import Segment
from snakemake_logger_plugin_observe.run.slurm_states import RUNNING, SPARED_TOOLS, WAITING
from snakemake_logger_plugin_observe.run.unobserved import NODE_CUT_OFF, SUSPENDED, UNNOTICED


def take_in(run: Run, reports: Mapping[Key, NodeReport], view: LiveView) -> None:
    """Change *run* to what *view* and the node's *reports* show of its attempts."""
    for one in view.states:
        attempt = run.attempts[one.key]
        _set_status(attempt, one)
        if one.key != one.submission:
            continue
        report = reports.get(one.key)
        if report is not None:
            attempt.node_starts = report.starts or attempt.node_starts
            attempt.levels = report.levels
            _give_members_theirs(run, attempt)
        if one.record is not None:
            attempt.accounting = _with_restarts(one.record, attempt)
    for one in view.states:
        attempt = run.attempts[one.key]
        attempt.cut_off = attempt.cut_off or _ended_by_the_cluster(attempt, one)
    complete(run)
    if view.attended:
        _fail_what_was_cancelled(run, view)
    for one in view.states:
        if one.key != one.submission and one.known:  # its group has all the time up to now
            run.attempts[one.key].unobserved = ()
    for one in view.states:
        if one.key != one.submission:
            _name_members_time(run.attempts[one.key], one, run.last_moment)
    late = overdue(run, view)
    for one in view.submissions:
        noticed_soon = view.attended and one not in late
        _name_open_time(run.attempts[one.key], one, noticed_soon=noticed_soon)
        attempt = run.attempts[one.key]
        refine(attempt)  # what is named now shows where the job script ended
        if one.state in ON_A_NODE:  # its processes report their end when it comes
            attempt.unobserved = tuple(why for why in attempt.unobserved if why != NODE_CUT_OFF)


def _give_members_theirs(run: Run, group: Attempt) -> None:
    """Give the members of a group, if it is one, the processes that ran them."""
    for job_id in run.members(group.group or "") if group.job_id is None else ():
        member, job = run.attempts.get((job_id, group.number)), run.jobs.get(job_id)
        if member is not None and job is not None:
            member.levels = only_of(job, group.levels)


def _name_members_time(attempt: Attempt, one: LiveState, now: Micros) -> None:
    """Give a member that computes its time up to *now*; what the others wait is their group's."""
    known = [segment for segment in attempt.segments if segment.phase != UNOBSERVED]
    if one.state == "computing" and attempt.levels:
        since = known[-1].end if known else one.since
        if since is not None and since < now:
            known.append(Segment(since, now, "compute"))
    attempt.set_segments(known)


def _ended_by_the_cluster(attempt: Attempt, one: LiveState) -> bool:
    """Whether the signal that ended its tool may be the scheduler's, so that no tool failed.

    It cancelled or requeued the job by its record, or nobody knows what became of the job.
    """
    last = max(attempt.executions, key=lambda each: each.tool_ended or 0, default=None)
    if last is None or exit_of(attempt, last, last=True)[1] not in FROM_THE_SCHEDULER:
        return False
    state = one.record.state if one.record is not None else None
    return one.state == "unknown" or state in SPARED_TOOLS or state in WAITING | RUNNING


def take_in_records(run: Run, records: Mapping[Key, SchedulerRecord]) -> None:
    """Give attempts that have ended what the scheduler says of their waits and ends."""
    for key, record in records.items():
        attempt = run.attempts[key]
        attempt.accounting = _with_restarts(record, attempt)
        refine(attempt)


def _with_restarts(record: SchedulerRecord, attempt: Attempt) -> SchedulerRecord:
    """Return a record that shows, of a job that waits though it had begun, that it was requeued.

    ``squeue`` does not print how often Slurm has started a job.
    """
    starts = max(len(attempt.node_starts), *(1 + one.restarts for one in attempt.levels), 0)
    if record.state not in WAITING or not starts or record.restarts >= starts:
        return record
    return record.but(restarts=starts)


def _set_status(attempt: Attempt, one: LiveState) -> None:
    """Set the status of an attempt; one that ended unnoticed is running still for Snakemake."""
    if one.state in ON_A_NODE or one.state == "ended":
        attempt.status = "running"
    elif one.state in ("pending", "suspended"):
        attempt.status = "submitted"
    attempt.node = one.node or attempt.node


def _fail_what_was_cancelled(run: Run, view: LiveView) -> None:
    """Call what somebody cancelled at the scheduler failed: the run goes on, and did not do it."""
    for one in view.states:
        attempt = run.attempts[one.key]
        if attempt.end_from_record and attempt.status == "cancelled":
            attempt.status = "failed"


def _name_open_time(attempt: Attempt, one: LiveState, *, noticed_soon: bool) -> None:
    """Give the time up to now, which nothing in the journal explains, the phase that it is in.

    *noticed_soon*: whether an end would be no later than the next status check.
    """
    if not attempt.segments or attempt.segments[-1].phase != UNOBSERVED:
        return
    *before, last = attempt.segments
    named: list[Segment] = []
    at = last.start
    for phase, until in _phases(attempt, one, last.end, noticed_soon=noticed_soon):
        end = min(max(at, until), last.end)
        if end > at:
            named.append(Segment(at, end, phase))
            at = end
    attempt.set_segments([*before, *named])
    if one.state == "suspended":
        attempt.unobserved = (SUSPENDED,)
    if one.state == "ended" and not noticed_soon:
        attempt.unobserved = (UNNOTICED,)
    if not any(segment.phase == UNOBSERVED for segment in attempt.segments):
        attempt.unobserved = ()


def _phases(
    attempt: Attempt, one: LiveState, now: Micros, *, noticed_soon: bool
) -> Iterator[tuple[str | None, Micros]]:
    """Yield the phases of the time since the last stamp, each with its end."""
    record = one.record
    started = record.started if record is not None else None
    has_begun = bool(attempt.node_starts or attempt.levels)
    match one.state:
        case "pending":
            yield one.phase, now
        case "job_script" | "running" if started is not None:
            yield "queue_wait", started
            yield (one.phase or UNOBSERVED), now
        case "starting":
            between = attempt.job_id is None and any(one.tool_started for one in attempt.executions)
            yield ("member_wait" if between else one.phase), now
        case "computing" if attempt.job_id is None and has_begun:
            yield None, now  # its members own it
        case "computing":
            yield one.phase, now
        case "finishing":
            yield one.phase, now
        case "ended" if one.since is not None:
            if started is not None and not has_begun:
                yield "queue_wait", started
            yield UNOBSERVED, one.since
            yield (one.phase if noticed_soon else UNOBSERVED), now
        case _:
            yield UNOBSERVED, now
