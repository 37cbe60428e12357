"""Attempts while they run: assigns each note to its attempt, and makes events from it.

When an attempt ends, its node's report is read, and its end is written; for a group, its members'
ends too. They are written again if the report arrives late.
"""

import socket
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.journal.events import (
    Accounting,
    AnyEvent,
    AttemptStarted,
    AttemptSubmitted,
    GroupDescribed,
    InputsChanged,
    JobDescribed,
    OutputsRecorded,
)
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.records import (
    Benchmark,
    Refusal,
    SchedulerRecord,
    Status,
    Usage,
    Wait,
)
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.attempt_end import (
    LiveAttempt,
    end_attempt,
    end_members,
    stamps_of,
)
from snakemake_logger_plugin_observe.recording.benchmark_figures import benchmark_figures
from snakemake_logger_plugin_observe.recording.disk_room import disk_room
from snakemake_logger_plugin_observe.recording.ended_well import EndedWell
from snakemake_logger_plugin_observe.recording.event_of import event_of
from snakemake_logger_plugin_observe.recording.failure_evidence import FailureEvidence, jobs_of
from snakemake_logger_plugin_observe.recording.input_watch import InputWatch
from snakemake_logger_plugin_observe.recording.job_state import JobState, updated_record
from snakemake_logger_plugin_observe.recording.provenance import sha256
from snakemake_logger_plugin_observe.recording.shown_values import KeptParams
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.refined import refined_phases_s

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.recording.node_reports import NodeReports

_PROBLEM_LENGTH: Final = 200
_COPIES: Final = ".snakemake/"
"""Where Snakemake keeps local copies of files in a storage, which it fetches again."""


class Emit(Protocol):
    """A function that takes every event that is made."""

    def __call__(self, event: AnyEvent, attempt: Attempt | None = None) -> None:
        """Add *event* to the run and to the journal; *attempt*: what it was made from."""


class AttemptTracker:
    """Assigns the notes of one run to its attempts; used only on the recorder's thread."""

    def __init__(
        self,
        run: Run,
        workdir: Path,
        emit: Emit,
        *,
        mask: Masker,
        keyed: Callable[[str], str] = str,
        commands: bool = True,
        examine_outputs: Callable[[JobDescribed, Attempt], None] | None = None,
        inputs: InputWatch | None = None,
    ) -> None:
        """Track attempts.

        Args:
            run: the run whose attempts they are.
            workdir: its working directory.
            emit: takes every event that is made.
            mask: masks secrets before texts are cut.
            keyed: returns a digest with the folder's key, so that it cannot be guessed.
            commands: whether jobs' shell commands are kept.
            examine_outputs: called for each job of a submission that succeeded.
            inputs: looks whether jobs' inputs are changed while they go on.

        """
        self.run = run
        self.last_success: clock.Micros = 0
        self._commands = commands
        self._evidence = FailureEvidence(run, workdir, mask)
        self._mask = mask
        self._keyed = keyed
        self._examine_outputs = examine_outputs
        self._inputs = inputs
        self._workdir = workdir
        self._emit = emit
        self._host = socket.gethostname()
        self._reports: NodeReports | None = None
        self._live: dict[Key, LiveAttempt] = {}
        self._incomplete: list[LiveAttempt] = []
        self._last_number: dict[int | str, int] = {}
        self._group_of: dict[int, str] = {}
        self._scripts: dict[str, str | None] = {}
        self._params = KeptParams()
        self._ends_hooked = False
        self._ended_well = EndedWell(run)

    @property
    def in_flight(self) -> Collection[Key]:
        """The keys of the attempts that were selected and have not ended, in that order."""
        return self._live.keys()

    def executor_timed(self, note: notes.ExecutorTimed) -> None:
        """Read the nodes' reports from now on, after removing those that earlier runs left."""
        self._reports = note.reports
        if note.reports is not None:
            note.reports.remove_left_over()

    def ends_hooked(self) -> None:
        """Ignore log records about jobs' ends from now on."""
        self._ends_hooked = True

    def error(self, moment: clock.Micros, text: str, job_id: int | None) -> None:
        """Remember an error that Snakemake printed: it may be about a job that ends next."""
        self._evidence.error(moment, text, job_id)

    def finish(self, moment: clock.Micros, status: Status) -> None:
        """End all open attempts with *status*, and read late reports a last time.

        With ``--immediate-submit`` Snakemake does not wait for jobs, so they stay submitted.
        """
        for live in list(self._live.values()) if self._waits_for_jobs() else ():
            live.stamps["finished"] = moment
            self._end(live, status)
        for live in self._incomplete:
            self._read_again(live)
        if self._reports is not None:
            self._reports.close()

    def _waits_for_jobs(self) -> bool:
        """Whether Snakemake waits for its jobs' ends, instead of assuming them at once."""
        started = self.run.started
        return started is None or not started.settings.get("immediate_submit")

    # -- jobs and groups -------------------------------------------------------------------

    def job_info(self, note: notes.JobInfo) -> None:
        """Write a job's description; if it runs a script, its code digest is that of the file.

        Params are short, and so is what was masked in a command: without a key, they could be
        found by trying which text has their digest.
        """
        more: dict[str, Any] = {}
        if note.params_digest is not None:
            more["params_digest"] = self._keyed(note.params_digest)
        if note.code_digest is not None and self._is_masked(note.shellcmd):
            more["code_digest"] = self._keyed(note.code_digest)
        if (group := self._group_of.get(note.job_id)) is not None:
            more["group"] = group
        if not self._commands:
            more |= {"shellcmd": None, "params": ()}
        elif note.params and not self._params.is_new(note.rule, note.params_digest, note.params):
            more["params"] = ()
        if note.script:
            if note.script not in self._scripts:
                self._scripts[note.script] = sha256(self._workdir / note.script)
            if digest := self._scripts[note.script]:
                more["code_digest"] = f"sha256:{digest}"
        job = event_of(JobDescribed, note)
        if more:
            job = job.but(**more)
        self._emit(job)
        if self._inputs is not None and _runs_a_tool(job):
            own = frozenset(job.output)
            self._inputs.begin(
                job.job_id,
                (one for one in job.input if one not in own and not one.startswith(_COPIES)),
            )

    def _is_masked(self, command: str | None) -> bool:
        """Whether something in *command* is not written to the journal."""
        if command is None or not self._mask.may_hold_a_secret(command):
            return False
        return self._mask.text(command) != command

    def group_info(self, note: notes.GroupInfo) -> None:
        """Write which jobs are submitted together."""
        for member in note.members:
            self._group_of[member] = note.group
        self._emit(event_of(GroupDescribed, note))

    # -- from the selection to the tool ------------------------------------------------------

    def selected(self, note: notes.Selected) -> None:
        """Begin an attempt of each job or group that the scheduler selected."""
        for job_id in note.job_ids:
            number = self._last_number.get(job_id, 0) + 1
            self._open(job_id, number).stamps["selected"] = note.time

    def _open(self, job_id: int | str, number: int) -> LiveAttempt:
        """Return the attempt, after beginning it if it is new."""
        key = (job_id, number)
        if key not in self._live:
            self._last_number[job_id] = max(number, self._last_number.get(job_id, 0))
            single = job_id if isinstance(job_id, int) else None
            group = None if isinstance(job_id, int) else job_id
            self._live[key] = LiveAttempt(Attempt(single, group, number))
        return self._live[key]

    def stamps_taken(self, note: notes.StampsTaken) -> None:
        """Keep stamps that no later note will contain."""
        if note.key in self._live:
            self._live[note.key].stamps |= note.stamps

    def accepted(self, note: notes.Accepted) -> None:
        """Write that the executor accepted a submission."""
        live = self._open(*note.key)
        live.stamps |= {**note.stamps, "accepted": note.time}
        live.submission = note.submission
        attempt = live.attempt
        attempt.external_jobid = note.external_jobid or attempt.external_jobid
        self._emit(
            event_of(
                AttemptSubmitted,
                time=note.time,
                job_id=attempt.job_id,
                group=attempt.group,
                attempt=attempt.number,
                external_jobid=note.external_jobid,
                stamps=stamps_of(self.run, live),
                fragments=self._fragments_of(note.submission),
            ),
            attempt,
        )

    def _fragments_of(self, submission: tuple[str, ...]) -> tuple[str, ...]:
        """Return where a submission's fragments are, for readers while it goes on."""
        if self._reports is None:
            return ()
        return tuple(f"{self._reports.folder.name}/{name}" for name in submission)

    def files_wait(self, note: notes.FilesWait) -> None:
        """Keep the time that the main process spent on a job's files."""
        live = self._holder(note.key)
        if live is not None:
            wait = event_of(Wait, phase=note.phase, start=note.time, end=note.end)
            live.attempt.waits = (*live.attempt.waits, wait)

    def execution_stages(self, note: notes.ExecutionStages) -> None:
        """Keep an execution in the main process, and write when its tool starts."""
        live = self._holder(note.key)
        job_id = note.key[0]
        if live is None or not isinstance(job_id, int):
            return
        outcome = {"status": note.status, "exit_code": note.exit_code, "message": note.message}
        known: dict[str, Any] = {name: one for name, one in outcome.items() if one is not None}
        if note.used is not None:
            known["used"] = event_of(Usage, **note.used())
        live.printed[job_id] = note.printed
        live.executions.setdefault(job_id, {}).update({**note.moments, **known})
        attempt, started = live.attempt, note.moments.get("tool_started")
        if started is not None and attempt.job_id is not None:
            event = event_of(
                AttemptStarted,
                time=started,
                job_id=attempt.job_id,
                attempt=attempt.number,
                node=self._host,
            )
            self._emit(event, attempt)

    def seen_on_node(self, note: notes.SeenOnNode) -> None:
        """Write a submission's first sign of life on its node."""
        if note.key in self._live:
            attempt = self._live[note.key].attempt
            self._emit(
                event_of(
                    AttemptStarted,
                    time=note.time,
                    job_id=attempt.job_id,
                    group=attempt.group,
                    attempt=attempt.number,
                    node=note.node,
                    node_started=note.sign,
                ),
                attempt,
            )

    def _holder(self, key: Key) -> LiveAttempt | None:
        """Return the attempt that holds a job's notes: its own, or its group's."""
        if key in self._live:
            return self._live[key]
        group = self._group_of.get(key[0]) if isinstance(key[0], int) else None
        return self._live.get((group, key[1])) if group is not None else None

    # -- states that executors report themselves ---------------------------------------------

    def remote_state(self, note: notes.RemoteState) -> None:
        """Update a submission's scheduler record; it is written once the attempt has ended."""
        for key in self._keys_meant(note.state):
            if (live := self._live.get(key)) is not None:
                attempt = live.attempt
                record = updated_record(attempt.accounting, note.state, attempt.external_jobid)
                if record is not None:
                    attempt.accounting = record
                    attempt.external_jobid = attempt.external_jobid or record.cluster_job
                return
            if (ended := self.run.attempts.get(key)) is not None:
                record = updated_record(ended.accounting, note.state, ended.external_jobid)
                if record is not None and record != ended.accounting:
                    self._write_record(note.time, ended, record)
                return

    def _keys_meant(self, state: JobState) -> list[Key]:
        """Return the attempts that a state may be about: by its external id, else the newest."""
        job: int | str = state.job
        if job not in self._last_number and isinstance(job, int):
            job = self._group_of.get(job, job)
        keys = [(job, number) for number in range(self._last_number.get(job, 0), 0, -1)]

        def external_id(key: Key) -> str | None:
            live = self._live.get(key)
            attempt = live.attempt if live is not None else self.run.attempts.get(key)
            return attempt.external_jobid if attempt is not None else None

        named = [
            key for key in keys if state.external_jobid and external_id(key) == state.external_jobid
        ]
        return named or keys[:1]

    def _write_record(
        self, moment: clock.Micros, attempt: Attempt, record: SchedulerRecord
    ) -> None:
        self._emit(
            event_of(
                Accounting,
                time=moment,
                job_id=attempt.job_id,
                group=attempt.group,
                attempt=attempt.number,
                record=record,
                phases_s=refined_phases_s(attempt, record),
            )
        )

    # -- ends --------------------------------------------------------------------------------

    def job_error_logged(self, note: notes.JobErrorLogged) -> None:
        """Take a logged failure as the attempt's end, if nothing reports ends more precisely."""
        if self.run.wrapped:
            return
        live = self._live.get((note.job_id, self._last_number.get(note.job_id, 0)))
        if live is not None:
            live.message = note.message
            live.attempt.external_jobid = note.external_jobid or live.attempt.external_jobid
            live.executor_logs = note.logs
        if not self._ends_hooked:
            self._ended_unwrapped(note.job_id, note.time, "failed")

    def job_end_logged(self, note: notes.JobEndLogged) -> None:
        """Take a logged success as the attempt's end, if nothing reports ends more precisely."""
        if not self.run.wrapped and not self._ends_hooked:
            self._ended_unwrapped(note.job_id, note.time, "success")

    def _ended_unwrapped(self, job_id: int, moment: clock.Micros, status: Status) -> None:
        """End the attempt of a job, or of its group with all its members."""
        group = self._group_of.get(job_id)
        holder: int | str = job_id
        if (job_id, self._last_number.get(job_id, 0)) not in self._live and group is not None:
            holder = group
        number = self._last_number.get(holder, 0)
        live = self._live.get((holder, number))
        if live is not None:
            live.stamps["finished"] = moment
            self._end(live, status)

    def finished(self, note: notes.Finished) -> None:
        """End an attempt that Snakemake has handled."""
        live = self._open(*note.key)
        if note.status == "success" and not self._waits_for_jobs():
            self._live.pop(note.key)  # Snakemake only knows that it was submitted
            return
        live.stamps |= {**note.stamps, "finished": note.time}
        live.message = note.message or live.message
        live.submission = live.submission or note.submission
        live.attempt.poll_interval_s = note.poll_interval_s
        live.attempt.status_check = note.status_check
        live.executor_logs = live.executor_logs or note.logs
        live.held_logs = note.held
        live.attempt.reported_as = note.reported_as
        if note.refusal is not None:
            live.attempt.refusal = event_of(Refusal, **note.refusal)
        self._end(live, note.status)

    def _end(self, live: LiveAttempt, status: Status) -> None:
        """Read the node's report, and write the attempt's end and its members'."""
        self._live.pop(live.attempt.key, None)
        if status == "failed":
            live.attempt.disk = disk_room(self._workdir)
            live.logs = self._evidence.log_tails(live)
            live.held_logs = {}
            live.message = live.message or self._evidence.printed_error(live)
            live.errors = self._evidence.errors_of_jobs(live)
        if self._inputs is not None:
            for job in jobs_of(self.run, live.attempt):
                wanted = status in ("success", "failed")
                self._inputs.end(job.job_id, live.attempt.number, wanted=wanted)
        if status == "success":
            self.last_success = max(self.last_success, live.stamps["finished"])
            live.benchmarks = self._benchmarks(live)
            if self._examine_outputs is not None:
                for job in jobs_of(self.run, live.attempt):
                    self._examine_outputs(job, live.attempt)
        if live.submission and self._reports is not None:
            report = self._read(live.submission)
            _take_report(live, report)
            if report.complete:
                self._reports.remove(live.submission)
            else:
                self._incomplete.append(live)
        self._write_end(live, status, revises=False)
        if not (self._incomplete and self._incomplete[-1] is live):  # else it may be revised
            self._ended_well.forget(live.attempt)

    def _benchmarks(self, live: LiveAttempt) -> dict[int, Benchmark]:
        """Return what the benchmark files say that the jobs of *live* have written."""
        known = (
            (job.job_id, benchmark_figures(job.benchmark, self._workdir, live.stamps["selected"]))
            for job in jobs_of(self.run, live.attempt)
            if job.benchmark is not None and "selected" in live.stamps
        )
        return {job_id: figures for job_id, figures in known if figures is not None}

    def inputs_changed(self, note: notes.InputsFoundChanged) -> None:
        """Write which inputs were changed while an attempt went on."""
        self._emit(event_of(InputsChanged, note))

    def outputs_found(self, note: notes.OutputsFound) -> None:
        """Write the sizes or checksums of an attempt's outputs."""
        self._emit(event_of(OutputsRecorded, note))

    def _read(self, submission: tuple[str, ...]) -> NodeReport:
        """Return a submission's report; if it cannot be read, only the node's phases are lost."""
        try:
            return self._reports.read(submission) if self._reports is not None else NodeReport()
        except Exception as error:
            return NodeReport(problem=_problem(error))

    def _write_end(self, live: LiveAttempt, status: Status, *, revises: bool) -> None:
        try:
            event = end_attempt(self.run, live, status, revises=revises)
        except Exception as error:  # a bad report from a node must not lose the attempt's end
            live.attempt.node_starts = live.node_levels = ()
            live.problem = _problem(error)
            event = end_attempt(self.run, live, status, revises=revises)
        self._emit(event, live.attempt)
        if live.attempt.group is not None:
            for member_event, member in end_members(self.run, live, revises=revises):
                self._emit(member_event, member)
        if live.attempt.accounting is not None:
            self._write_record(event.time, live.attempt, live.attempt.accounting)

    def _read_again(self, live: LiveAttempt) -> None:
        """Revise an end if more was reported since, and remove the reports."""
        if self._reports is None:
            return
        report = self._read(live.submission)
        if (report.starts, report.levels) != (live.attempt.node_starts, live.node_levels):
            _take_report(live, report)
            self._write_end(live, live.attempt.status, revises=True)
        self._reports.remove(live.submission)


def _runs_a_tool(job: JobDescribed) -> bool:
    """Whether a job is more than a name for its inputs, as ``rule all`` is."""
    return bool(job.output or job.shellcmd or job.script)


def _take_report(live: LiveAttempt, report: NodeReport) -> None:
    live.attempt.node_starts = report.starts
    live.node_levels = report.levels
    live.problem = report.problem


def _problem(error: Exception) -> str:
    return f"fragment: {type(error).__name__}: {error}"[:_PROBLEM_LENGTH]
