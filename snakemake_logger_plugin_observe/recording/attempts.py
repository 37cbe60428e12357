"""Attempts while they happen: each note finds its attempt, and live events are made.

When an attempt ends, its node's report is folded in, and its ending is written: with its members'
if it was a group, and once more if the report comes late.
"""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.events import (
    Accounting,
    AttemptStarted,
    AttemptSubmitted,
    GroupDescribed,
    JobDescribed,
    OutputsRecorded,
)
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord, Wait
from snakemake_logger_plugin_observe.recording.attempt_end import (
    LiveAttempt,
    ending,
    member_endings,
    stamps_of,
)
from snakemake_logger_plugin_observe.recording.failure_evidence import Remains
from snakemake_logger_plugin_observe.recording.job_state import JobState
from snakemake_logger_plugin_observe.recording.job_state_record import fold_state
from snakemake_logger_plugin_observe.recording.log_records import Note
from snakemake_logger_plugin_observe.recording.node_reports import NodeReport, NodeReports
from snakemake_logger_plugin_observe.recording.output_checksums import OutputsWatch
from snakemake_logger_plugin_observe.recording.provenance import sha256
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run


class AttemptTracker:
    """Joins the notes of one run to its attempts; used by the recorder's thread alone.

    Methods called ``on_<kind>`` take the notes of that kind.
    """

    def __init__(
        self,
        run: Run,
        workdir: Path,
        emit: Callable[..., None],
        *,
        commands: bool = True,
        outputs: tuple[OutputsWatch, Callable[[Note], None]] | None = None,
    ) -> None:
        """Track attempts.

        Args:
            run: the run whose attempts they are.
            workdir: its working directory.
            emit: handed every event that is made.
            commands: whether jobs' shell commands are kept.
            outputs: what looks at outputs, and what takes the notes of what it found.

        """
        self.run = run
        self._commands = commands
        self._remains = Remains(run, workdir, outputs)
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
        self._hears_ends = False

    def on_wrapped(self, _moment: clock.Micros, reports: NodeReports | None) -> None:
        """The executor is timed, and its nodes' reports lie in *reports*."""
        self._reports = reports
        if reports is not None:
            reports.remove_left_over()

    def on_hears_ends(self, _moment: clock.Micros) -> None:
        """Executors tell the ends of jobs; log records about them are no news."""
        self._hears_ends = True

    def error(self, moment: clock.Micros, text: str) -> None:
        """Remember an error that Snakemake printed: a job that ends next may be its subject."""
        self._remains.error(moment, text)

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
        if not self._commands:
            facts["shellcmd"] = None
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
        live.external_jobid = external_jobid or live.external_jobid
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
        live.executions.setdefault(key[0], {"number": 1}).update(stages)
        if "tool_started" in stages and live.job_id is not None:
            started = AttemptStarted(
                time=stages["tool_started"],
                job_id=live.job_id,
                attempt=live.number,
                node=self._host,
            )
            self._emit(started)

    def on_begun_elsewhere(
        self, moment: clock.Micros, key: Key, sign: clock.Micros, node: str | None
    ) -> None:
        """A submission gave its first *sign* of life on its node; noticed while it is there."""
        if key in self._live:
            live = self._live[key]
            self._emit(
                AttemptStarted(
                    time=moment,
                    job_id=live.job_id,
                    group=live.group,
                    attempt=live.number,
                    node=node,
                    node_started=sign,
                )
            )

    def on_remote_state(self, moment: clock.Micros, state: JobState) -> None:
        """An executor itself told how one of its jobs is; it may be late."""
        for key in self._attempts_meant(state):
            if (live := self._live.get(key)) is not None:
                live.told = fold_state(live.told, state, live.external_jobid)
                if live.told is not None:
                    live.external_jobid = live.external_jobid or live.told.cluster_job
                return
            if (ended := self.run.attempts.get(key)) is not None:
                record = fold_state(ended.accounting, state, ended.external_jobid)
                if record is not None and record != ended.accounting:
                    self._account(moment, ended, record)
                return

    def _attempts_meant(self, state: JobState) -> list[Key]:
        """Return the attempts that a state may be about: by its external id, else the newest."""
        job: int | str = state.job
        if job not in self._last_number and isinstance(job, int):
            job = self._group_of.get(job, job)
        keys = [(job, number) for number in range(self._last_number.get(job, 0), 0, -1)]

        def known_as(key: Key) -> str | None:
            attempt = self._live.get(key) or self.run.attempts.get(key)
            return attempt.external_jobid if attempt is not None else None

        named = [
            key for key in keys if state.external_jobid and known_as(key) == state.external_jobid
        ]
        return named or keys[:1]

    def _account(
        self, moment: clock.Micros, attempt: Attempt | LiveAttempt, record: SchedulerRecord
    ) -> None:
        number, job_id, group = attempt.number, attempt.job_id, attempt.group
        self._emit(
            Accounting(time=moment, job_id=job_id, group=group, attempt=number, record=record)
        )

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
        logs: tuple[str, ...] = (),
    ) -> None:
        """Snakemake logged a job's failure; without the wrapper, that may be all there is."""
        if self.run.wrapped:  # the executor itself has told, without what Snakemake adds
            return
        live = self._live.get((job_id, self._last_number.get(job_id, 0)))
        if live is not None:
            live.message = message
            live.external_jobid = external_jobid or live.external_jobid
            live.aux_logs = logs
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
        logs: tuple[str, ...] = (),
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
        live.aux_logs = live.aux_logs or logs
        self._end(live, status)

    def _end(self, live: LiveAttempt, status: str) -> None:
        """Fold the node's report in, write the attempt's end, and its members'."""
        self._live.pop(live.key, None)
        if status == "failed":
            live.logs = self._remains.last_lines(live)
            live.message = live.message or self._remains.said_about(live)
        if status == "success":
            self.last_success = max(self.last_success, live.stamps["finished"])
            self._remains.look_at_outputs(live)
        if live.submission and self._reports is not None:
            report = self._read(live.submission)
            self._take_report(live, report)
            if report.complete:
                self._reports.remove(live.submission)
            else:
                self._late.append(live)
        self._write_ending(live, status, revises=False)

    def on_outputs(self, moment: clock.Micros, **facts: Any) -> None:
        """What a job's outputs are has been found out."""
        self._emit(OutputsRecorded(time=moment, **facts))

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
            for member in member_endings(self.run, live.written, live.logs):
                self._emit(*member)
        if live.told is not None and not revises:
            self._account(live.written.time, live, live.told)

    def _look_again(self, live: LiveAttempt) -> None:
        """Fold in what came late, and clear away what was left."""
        if self._reports is None or not live.submission or live.written is None:
            return
        report = self._read(live.submission)
        if (report.starts, report.levels) != (live.node_starts, live.levels):
            self._take_report(live, report)
            self._write_ending(live, live.written.status, revises=True)
        self._reports.remove(live.submission)
