"""From the journal, the node's fragments and the scheduler's answer to each attempt's state.

The node and the scheduler are believed over the journal, which only knows what Snakemake has
noticed. Of the two, the node knows best what it has done, and the scheduler what has become of a
job that could not write any more: one that never started, was cancelled, or lost its node.
"""

import re
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.live.on_cluster import (
    is_slurm,
    may_be_slurm,
    of_this_run,
    out,
    record_in,
)
from snakemake_logger_plugin_observe.analysis.live.state import (
    ON_A_NODE,
    LiveState,
    LiveView,
    RunningCommand,
    State,
)
from snakemake_logger_plugin_observe.analysis.live.status_checks import status_command
from snakemake_logger_plugin_observe.analysis.submission.signs import is_no_id
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.records import Execution, Level, SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.endings import describe_exit, exit_of
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.node_processes import innermost_executions, only_of
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer
from snakemake_logger_plugin_observe.run.slurm_states import (
    BY_ITSELF,
    COMPLETING,
    RUNNING,
    SUSPENDED,
    WAITING,
)

_SHOWS_LATE: Final = 15_000_000
"""So long after its submission, the accounting may not have a job's record yet."""
_ID: Final = re.compile(r"\d{1,15}([_+]\d{1,9})?(;(?P<cluster>[\w.-]{1,64}))?")
"""A job id as ``sbatch --parsable`` prints it, with the cluster's name where there are several."""
FROM_THE_SCHEDULER: Final = frozenset({signal.SIGTERM, signal.SIGKILL})
"""The signals by which Slurm ends a job that is cancelled, preempted or requeued."""
NOT_TIMED: Final = "the run was recorded without --executor timed, which records the cluster's ids"


def live_view(
    run: Run,
    reports: Mapping[Key, NodeReport],
    answer: QueueAnswer,
    now: Micros,
    *,
    not_asked: str | None = None,
    attended: bool = True,
    commands: Sequence[RunningCommand] = (),
) -> LiveView:
    """Return what everything does that is out.

    Args:
        run: the run.
        reports: what the node has written, by the submission's attempt.
        answer: what the scheduler answered.
        now: the moment.
        not_asked: why the scheduler was not asked; None if it was.
        attended: whether the run's process is there.
        commands: what that process has started and waits for.

    """
    answer = of_this_run(run, answer)
    states: dict[Key, LiveState] = {}
    for attempt in out(run):
        submission = run.submission_of(attempt) if attempt.is_member else attempt
        above = states.get(submission.key) if submission is not None else None
        if attempt.is_member and above is not None:
            levels = reports.get(above.key, NodeReport()).levels
            states[attempt.key] = _member(run, attempt, above, levels)
            continue
        record = record_in(run, attempt, answer)
        if record is None and attempt.end_from_record:
            record = attempt.accounting
        report = reports.get(attempt.key, NodeReport())
        known = _Evidence(run, attempt, report, record, answer)
        found = known.state(now, not_asked)
        states[attempt.key] = found
    failed = f"Slurm gave no answer: {answer.problem}" if answer.problem is not None else None
    problem = not_asked or failed
    return LiveView(now, states, problem, answer.partitions, attended, tuple(commands))


def _member(run: Run, attempt: Attempt, above: LiveState, levels: Sequence[Level]) -> LiveState:
    """Return what a group's member does while its submission is *above*, with its processes."""
    job = run.job_of(attempt)
    found = replace(above, key=attempt.key)
    last = _last_start(levels)
    if job is None or above.state not in ON_A_NODE or not _begun(last):
        return found
    own = list(only_of(job, last))
    begun = _begun(own)
    if not begun:
        return replace(found, state="waiting", since=None)
    if (tool := _open_tool(own)) is not None:
        return replace(found, state="computing", since=tool.tool_started)
    return replace(found, state="done", since=max(one.tool_ended or 0 for one in begun))


class _Evidence:
    """What is known about one submission."""

    def __init__(
        self,
        run: Run,
        attempt: Attempt,
        report: NodeReport,
        record: SchedulerRecord | None,
        answer: QueueAnswer,
    ) -> None:
        self._run = run
        self._attempt = attempt
        self._record = record
        self._answer = answer
        self._report = report
        self._levels = _last_start(report.levels)
        self._node = next((level.node or level.host for level in self._levels), None)
        self._now: Micros = 0
        self._not_asked: str | None = None

    def state(self, now: Micros, not_asked: str | None) -> LiveState:
        """Return what the submission does *now*; *not_asked*: why the scheduler was not."""
        self._now, self._not_asked = now, not_asked
        found = self._state()
        has_no_id = self._is_no_id(self._attempt.external_jobid)
        since = None if found.since is None else min(found.since, self._now)
        return replace(found, has_no_id=has_no_id, since=since)

    def _state(self) -> LiveState:
        attempt, record = self._attempt, self._record
        if attempt.stamps.accepted is None and attempt.external_jobid is None:
            return self._before_submission()
        scheduler = record.state if record is not None else None
        if record is not None and scheduler in WAITING:
            return self._is("pending", record.submitted, record.reason)
        if self._report.complete and self._may_start_again():
            return self._is("unknown", self._ended(), self._whether_it_starts_again())
        if self._report.complete:
            return self._is("ended", self._ended(), self._how_it_ended())
        if record is not None and scheduler == COMPLETING:
            return self._is("ended", record.ended or self._ended(), "Slurm is cleaning up after it")
        if record is not None and scheduler is not None and scheduler not in RUNNING:
            return self._is("ended", record.ended, said(record))
        if record is None and self._is_gone():
            return self._is("gone", None, "neither squeue nor sacct knows it")
        return self._on_its_node()

    def _is_no_id(self, external: str | None) -> bool:
        """Whether what a submission printed is nothing, or a sentence."""
        if external is None:
            accepted = self._attempt.stamps.accepted is not None
            return accepted and status_command(self._run) is not None
        if is_slurm(self._run):
            return not _ID.fullmatch(external)
        return is_no_id(external)

    def _may_start_again(self) -> bool:
        """Whether Slurm may have ended it, to start it again, and did not say what became of it."""
        unanswered = self._not_asked is not None or self._answer.problem is not None
        if self._record is not None or not unanswered or not may_be_slurm(self._run):
            return False
        return self._last_signal() in FROM_THE_SCHEDULER

    def _last_signal(self) -> int | None:
        last = self._last_execution()
        if last is None or not last.exit_code:
            return None
        return exit_of(self._attempt, last, last=True)[1]

    def _whether_it_starts_again(self) -> str:
        why = self._not_asked or self._answer.problem
        return (
            f"{self._how_it_ended()} on {self._node}, and whether Slurm starts it again is open: "
            f"{why}"
        )

    def _before_submission(self) -> LiveState:
        """Return the state of what no executor has accepted, as far as the journal shows."""
        since = self._attempt.stamps.selected or self._selected() or self._described()
        if not self._run.wrapped:
            return self._is("unknown", since, NOT_TIMED)
        return self._is("selected", since, None)

    def _selected(self) -> Micros | None:
        """Return when the scheduler selected it last, as its iterations show."""
        name = self._attempt.key[0]
        iterations = reversed(self._run.iterations)
        found = next((one for one in iterations if name in one.selected), None)
        if found is None:
            return None
        return found.selections[-1][1] if found.selections else found.idle

    def _described(self) -> Micros | None:
        job = self._run.job_of(self._attempt)
        if job is not None:
            return job.time
        group = self._run.groups.get(self._attempt.group or "")
        return group.time if group is not None else None

    def _on_its_node(self) -> LiveState:
        """Return the state of what runs, or of what nothing says that it does not run."""
        record = self._record
        if record is not None and record.state in SUSPENDED:
            return self._is("suspended", None, None)
        tool = _open_tool(self._levels)
        if tool is not None:
            return self._is("computing", tool.tool_started, None)
        if ended := _last_end(self._levels):
            between = self._attempt.job_id is None and not self._have_all_run()
            return self._is("starting" if between else "finishing", ended, None)
        if self._levels or self._report.starts:
            began = [level.started for level in self._levels if level.started is not None]
            since = max(self._report.starts, default=None) or min(began, default=None)
            return self._is("starting", since, None)
        if record is not None and record.state in RUNNING:
            state: State = "job_script" if self._attempt.fragments else "running"
            return self._is(state, record.started, None)
        return self._is("unknown", self._attempt.stamps.accepted, self._why_unknown())

    def _have_all_run(self) -> bool:
        """Whether the tools of all members of a group have run, so that none starts next."""
        jobs = (self._run.jobs.get(one) for one in self._run.members(self._attempt.group or ""))
        return all(job is not None and _begun(only_of(job, self._levels)) for job in jobs)

    def _is_gone(self) -> bool:
        """Whether the scheduler answered, and does not know a job that it should."""
        accepted = self._attempt.stamps.accepted or self._run.start or 0
        asked = self._attempt.external_jobid in self._answer.asked
        is_its_own = is_slurm(self._run) or bool(self._answer.records)
        late = self._now - accepted > _SHOWS_LATE
        return asked and is_its_own and self._answer.problem is None and late

    def _why_unknown(self) -> str:
        """Return why nothing is known of what was submitted."""
        silent = "nothing has been written on the node yet"
        if not self._attempt.fragments:
            silent = "what the node does is not timed"
        if self._not_asked is not None:
            return f"{silent}, and {self._not_asked}"
        if self._answer.problem is not None:
            return f"{silent}, and {self._answer.problem}"
        if self._attempt.external_jobid in self._answer.asked:
            if self._now - (self._attempt.stamps.accepted or 0) > _SHOWS_LATE:
                return f"{silent}, and Slurm, which may not be its scheduler, does not know it"
            return "it was submitted just now, and the scheduler does not show it yet"
        shown = self._attempt.external_jobid or "none"
        if self._is_no_id(self._attempt.external_jobid):
            return f"{silent}, and there is no id to ask by"
        if found := _ID.fullmatch(shown):
            return f"{silent}, and it is on the cluster {found['cluster']}, which was not asked"
        return f"{silent}, and its id is no Slurm id: {shown}"

    def _ended(self) -> Micros | None:
        ends = [level.ended for level in self._levels if level.ended is not None]
        if ends:
            return max(ends)
        return self._record.ended if self._record is not None else None

    def _how_it_ended(self) -> str | None:
        """Return the end by the node, and by the scheduler where it says something else."""
        last = self._last_execution()
        words: list[str] = []
        if last is not None and last.exit_code:
            code, signal = exit_of(self._attempt, last, last=True)
            words.append(f"the tool ended by {describe_exit(code, signal)}")
        elif last is not None and last.status == "success":
            words.append("the tool succeeded")
        elif any(level.error for level in self._levels):
            words.append("Snakemake failed on the node")
        if (record := self._record) is not None and record.ended is not None:
            its_own = record.state in BY_ITSELF  # else the scheduler ended it
            words.insert(len(words) if its_own else 0, said(record))
        return "; ".join(words) or None

    def _last_execution(self) -> Execution | None:
        executions = innermost_executions(self._levels)
        return max(executions, key=lambda one: one.tool_ended or 0, default=None)

    def _is(self, state: State, since: Micros | None, reason: str | None) -> LiveState:
        nodes = self._record.nodes if self._record is not None else None
        return LiveState(
            self._attempt.key,
            self._attempt.key,
            state,
            since,
            reason,
            self._node or nodes if state != "pending" else None,
            self._attempt.external_jobid,
            self._record,
        )


def said(record: SchedulerRecord) -> str:
    """Return how a job ended in Slurm's words: ``CANCELLED by 0``, ``FAILED 0:53``."""
    words = f"Slurm says {record.state or 'nothing of its state'}"
    if record.cancelled_by is not None:
        words += f" by {record.cancelled_by}"
    if record.exit_code or record.signal:
        words += f" {record.exit_code or 0}:{record.signal or 0}"
    return words


def _last_start(levels: Iterable[Level]) -> list[Level]:
    """Return the processes of the last start: the cluster may have started a job again."""
    found = list(levels)
    last = max((level.restarts for level in found), default=0)
    return [level for level in found if level.restarts == last]


def _begun(levels: Sequence[Level]) -> list[Execution]:
    """Return the tools that have begun."""
    return [one for one in innermost_executions(levels) if one.tool_started is not None]


def _last_end(levels: Iterable[Level]) -> Micros | None:
    """Return when the last tool ended that did, None if none has."""
    ends = (one.tool_ended for one in innermost_executions(list(levels)))
    return max((one for one in ends if one is not None), default=None)


def _open_tool(levels: list[Level]) -> Execution | None:
    """Return the tool that has begun and not ended, the last one if there are several."""
    open_ones = [one for one in _begun(levels) if one.tool_ended is None]
    return max(open_ones, key=lambda one: one.tool_started or 0, default=None)
