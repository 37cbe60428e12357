"""Attempts while they happen: each note finds its attempt, and live events are made.

When an attempt ends, its node's report is folded in, and its ending is written: with its members'
if it was a group, and once more if the report comes late.
"""

import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.endings import (
    LiveAttempt,
    ending,
    member_endings,
    stamps_of,
)
from snakemake_logger_plugin_observe.events import (
    AttemptStarted,
    AttemptSubmitted,
    GroupDescribed,
    JobDescribed,
    Level,
    Wait,
)
from snakemake_logger_plugin_observe.provenance import sha256
from snakemake_logger_plugin_observe.run import Attempt, Key, Run

_ERRORS_KEPT: Final = 50


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a submission's processes on the node left: first signs of life, and levels."""

    starts: tuple[clock.Micros, ...] = ()
    levels: tuple[Level, ...] = ()
    complete: bool = False
    problem: str | None = None


class NodeReports(Protocol):
    """Where the node's reports lie; the executor plugin knows."""

    def read(self, submission: tuple[str, ...]) -> NodeReport:
        """Return what there is of *submission*'s reports."""

    def remove(self, submission: tuple[str, ...]) -> None:
        """Remove the reports; they have been folded in."""

    def remove_left_over(self) -> None:
        """Remove what runs that were killed long ago left behind."""


class AttemptTracker:
    """Joins the notes of one run to its attempts; used by the recorder's thread alone.

    Methods called ``on_<kind>`` take the notes of that kind.
    """

    def __init__(self, run: Run, workdir: Path, emit: Callable[..., None]) -> None:
        """Track the attempts of *run*, in *workdir*; every event made is handed to *emit*."""
        self.run = run
        self.last_success: clock.Micros = 0
        self._workdir = workdir
        self._emit = emit
        self._host = socket.gethostname()
        self._reports: NodeReports | None = None
        self._live: dict[Key, LiveAttempt] = {}
        self._late: list[LiveAttempt] = []
        self._last_number: dict[int | str, int] = {}
        self._group_of: dict[int, str] = {}
        self._scripts: dict[str, str | None] = {}
        self._errors: deque[tuple[clock.Micros, str]] = deque(maxlen=_ERRORS_KEPT)
        self._hears_ends = False

    def on_wrapped(self, _moment: clock.Micros, reports: NodeReports | None) -> None:
        """The executor is timed, and its nodes' reports lie in *reports*."""
        self._reports = reports
        if reports is not None:
            reports.remove_left_over()

    def submissions_outside(self) -> list[Attempt]:
        """Return the attempts that the cluster knows by an id."""
        return [a for a in self.run.attempts.values() if a.external_jobid and not a.is_member]

    def on_hears_ends(self, _moment: clock.Micros) -> None:
        """Executors tell the ends of jobs; log records about them are no news."""
        self._hears_ends = True

    def error(self, moment: clock.Micros, text: str) -> None:
        """Remember an error that Snakemake printed: a job that ends next may be its subject."""
        self._errors.append((moment, text))

    def finish(self, moment: clock.Micros, status: str) -> None:
        """End what has not ended yet with *status*, and look for late reports once more.

        With ``--immediate-submit`` nobody waits for an end: what was submitted stays so.
        """
        for live in list(self._live.values()) if self._waits_for_jobs() else ():
            live.stamps["finished"] = moment
            self._end(live, status)
        for live in self._late:
            self._look_again(live)

    def _waits_for_jobs(self) -> bool:
        """Whether Snakemake waits for its jobs' ends, instead of taking each for done at once."""
        started = self.run.started
        return started is None or not started.settings.get("immediate_submit")

    def on_job(self, moment: clock.Micros, job_id: int, **facts: Any) -> None:
        """A job is about to run, or was planned; a script's digest is its file's."""
        facts["group"] = self._group_of.get(job_id)
        if script := facts.get("script"):
            if script not in self._scripts:
                self._scripts[script] = sha256(self._workdir / script)
            if digest := self._scripts[script]:
                facts["code_digest"] = f"sha256:{digest}"
        self._emit(JobDescribed(time=moment, job_id=job_id, **facts))

    def on_group(self, moment: clock.Micros, group: str, **facts: Any) -> None:
        """Jobs are about to be handed to the executor together."""
        for member in facts.get("members", ()):
            self._group_of[member] = group
        self._emit(GroupDescribed(time=moment, group=group, **facts))

    def on_selected(self, moment: clock.Micros, job_ids: tuple[int | str, ...]) -> None:
        """The scheduler chose jobs or groups: an attempt of each begins."""
        for job_id in job_ids:
            number = self._last_number.get(job_id, 0) + 1
            self._open(job_id, number).stamps["selected"] = moment

    def _open(self, job_id: int | str, number: int) -> LiveAttempt:
        """Return the attempt, begun if it is new."""
        key = (job_id, number)
        if key not in self._live:
            self._last_number[job_id] = max(number, self._last_number.get(job_id, 0))
            single = job_id if isinstance(job_id, int) else None
            group = None if isinstance(job_id, int) else job_id
            self._live[key] = LiveAttempt(single, group, number)
        return self._live[key]

    def on_stamps(self, _moment: clock.Micros, key: Key, stamps: dict[str, clock.Micros]) -> None:
        """Moments of an attempt that nothing later may tell."""
        if key in self._live:
            self._live[key].stamps |= stamps

    def on_accepted(
        self,
        moment: clock.Micros,
        key: Key,
        stamps: dict[str, clock.Micros],
        external_jobid: str | None,
        submission: tuple[str, ...],
    ) -> None:
        """The executor took the submission."""
        live = self._open(*key)
        live.stamps |= {**stamps, "accepted": moment}
        live.external_jobid = external_jobid
        live.submission = submission
        self._emit(
            AttemptSubmitted(
                time=moment,
                job_id=live.job_id,
                group=live.group,
                attempt=live.number,
                external_jobid=external_jobid,
                stamps=stamps_of(self.run, live),
            )
        )

    def on_wait(self, moment: clock.Micros, key: Key, phase: str, end: clock.Micros) -> None:
        """The main process worked on a job's files for a while."""
        live = self._holder(key)
        if live is not None:
            live.waits.append(Wait(phase=phase, start=moment, end=end))

    def on_try(self, _moment: clock.Micros, key: Key, stages: dict[str, Any]) -> None:
        """The main process's own executor started or ended a job's tool."""
        live = self._holder(key)
        if live is None or not isinstance(key[0], int):
            return
        live.tries.setdefault(key[0], {"number": 1}).update(stages)
        if "tool_started" in stages and live.job_id is not None:
            started = AttemptStarted(
                time=stages["tool_started"],
                job_id=live.job_id,
                attempt=live.number,
                node=self._host,
            )
            self._emit(started)

    def _holder(self, key: Key) -> LiveAttempt | None:
        """Return the attempt that holds a job's notes: its own, or its group's."""
        if key in self._live:
            return self._live[key]
        group = self._group_of.get(key[0]) if isinstance(key[0], int) else None
        return self._live.get((group, key[1])) if group is not None else None

    def on_job_error(
        self,
        moment: clock.Micros,
        job_id: int,
        message: str | None = None,
        external_jobid: str | None = None,
    ) -> None:
        """Snakemake logged a job's failure; without the wrapper, that may be all there is."""
        if self.run.wrapped:  # the executor itself has told, without what Snakemake adds
            return
        live = self._live.get((job_id, self._last_number.get(job_id, 0)))
        if live is not None:
            live.message = message
            live.external_jobid = external_jobid
        if not self._hears_ends:
            self._ended_unwrapped(job_id, moment, "failed")

    def on_job_finished(self, moment: clock.Micros, job_id: int) -> None:
        """Snakemake logged a job's end; without the wrapper, that may be all there is."""
        if not self.run.wrapped and not self._hears_ends:
            self._ended_unwrapped(job_id, moment, "success")

    def _ended_unwrapped(self, job_id: int, moment: clock.Micros, status: str) -> None:
        """End the attempt of a job, or of its group with all its members, that only was logged."""
        group = self._group_of.get(job_id)
        holder: int | str = job_id
        if (job_id, self._last_number.get(job_id, 0)) not in self._live and group is not None:
            holder = group
        number = self._last_number.get(holder, 0)
        live = self._live.get((holder, number))
        if live is not None:
            live.stamps["finished"] = moment
            self._end(live, status)

    def on_finished(
        self,
        moment: clock.Micros,
        *,
        key: Key,
        status: str,
        stamps: dict[str, clock.Micros],
        message: str | None = None,
        submission: tuple[str, ...] = (),
        poll_interval_s: float | None = None,
    ) -> None:
        """Snakemake has done all it does about an attempt's end."""
        live = self._open(*key)
        if status == "success" and not self._waits_for_jobs():
            self._live.pop(key)  # that it was submitted is all that Snakemake knows
            return
        live.stamps |= {**stamps, "finished": moment}
        live.message = message or live.message
        live.submission = live.submission or submission
        live.poll_interval_s = poll_interval_s
        self._end(live, status)

    def _end(self, live: LiveAttempt, status: str) -> None:
        """Fold the node's report in, write the attempt's end, and its members'."""
        self._live.pop(live.key, None)
        if status == "failed":
            live.message = live.message or self._said_about(live)
        if status == "success":
            self.last_success = max(self.last_success, live.stamps["finished"])
        if live.submission and self._reports is not None:
            report = self._read(live.submission)
            self._take_report(live, report)
            if report.complete:
                self._reports.remove(live.submission)
            else:
                self._late.append(live)
        self._write_ending(live, status, revises=False)

    def _said_about(self, live: LiveAttempt) -> str | None:
        """Return the error that Snakemake printed about a job whose tool had not failed."""
        job = self.run.jobs.get(live.job_id) if live.job_id is not None else None
        reported = live.stamps.get("reported")
        if job is None or reported is None:
            return None
        for moment, text in reversed(self._errors):
            if moment >= reported and _is_about(job, text):
                return text
        return None

    def _read(self, submission: tuple[str, ...]) -> NodeReport:
        """Return a submission's report; a fault in reading it costs the node's phases alone."""
        try:
            return self._reports.read(submission) if self._reports is not None else NodeReport()
        except Exception as fault:
            return NodeReport(problem=f"fragment: {type(fault).__name__}: {fault}"[:200])

    def _take_report(self, live: LiveAttempt, report: NodeReport) -> None:
        live.node_starts = report.starts
        live.levels = report.levels
        live.problem = report.problem

    def _write_ending(self, live: LiveAttempt, status: str, *, revises: bool) -> None:
        try:
            live.written, segments = ending(self.run, live, status, revises=revises)
        except Exception as fault:  # an end must not be lost over what a node left
            live.node_starts, live.levels = (), ()
            live.problem = f"fragment: {type(fault).__name__}: {fault}"[:200]
            live.written, segments = ending(self.run, live, status, revises=revises)
        self._emit(live.written, segments)
        if live.group is not None:
            for member in member_endings(self.run, live.written):
                self._emit(*member)

    def _look_again(self, live: LiveAttempt) -> None:
        """Fold in what came late, and clear away what was left."""
        if self._reports is None or not live.submission or live.written is None:
            return
        report = self._read(live.submission)
        if (report.starts, report.levels) != (live.node_starts, live.levels):
            self._take_report(live, report)
            self._write_ending(live, live.written.status, revises=True)
        self._reports.remove(live.submission)


def _is_about(job: JobDescribed, text: str) -> bool:
    """Whether an error that names *job*'s rule names the job too: by its id, or by an output."""
    if f"rule {job.rule} " not in text:
        return False
    lines = text.splitlines()
    named = any(f"{line} ".startswith(f"{path} ") for path in job.output for line in lines)
    return named or f"Job {job.job_id} " in text
