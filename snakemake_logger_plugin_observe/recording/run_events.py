"""A run's own events: planning, scheduler iterations, messages, its clock, and how it ended.

Used only on the recorder's thread, as ``attempts`` is.
"""

import math
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.failures import tracebacks
from snakemake_logger_plugin_observe.journal.events import (
    Allocation,
    Blocked,
    EarlyCheck,
    Gap,
    Message,
    Paused,
    Planned,
    Provenance,
    RunPhase,
    SchedulerIteration,
    StatusCheckCounts,
    UpToDate,
    Wake,
)
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import RunStatus, UpToDateJob
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.attempts import AttemptTracker, Emit
from snakemake_logger_plugin_observe.recording.event_of import event_of
from snakemake_logger_plugin_observe.recording.similar_file import similar_file
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import job_counts

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.recording.slurm_lookup import AccountingQuery

_MOST_REMOVED: Final = 20_000
_KEPT_TEXT: Final = 4000


class RunEvents:
    """Makes the events that are about the run itself, not about one of its attempts."""

    def __init__(
        self,
        run: Run,
        attempts: AttemptTracker,
        emit: Emit,
        *,
        mask: Masker,
        started: clock.Micros,
        facts: Mapping[str, Any],
    ) -> None:
        """Follow a run.

        Args:
            run: the run.
            attempts: the tracker of its attempts.
            emit: takes every event that is made.
            mask: masks secrets before texts are cut.
            started: when its workflow started.
            facts: fields of ``RunStarted``.

        """
        self.run = run
        self._attempts = attempts
        self._emit = emit
        self._mask = mask
        self._started = started
        self._facts = facts
        self._flags: set[str] = set()
        self._last_error: clock.Micros = 0
        self._planning_since: clock.Micros | None = None
        self._query: AccountingQuery | None = None
        self._watch = clock.ClockWatch()
        self._deadline = math.inf
        self._messages_dropped = 0
        self._removed: deque[notes.LogMessage] = deque(maxlen=_MOST_REMOVED)

    def sources_found(self, note: notes.SourcesFound) -> None:
        """Write where the workflow's source text came from."""
        self._emit(event_of(Provenance, note))

    def allocation_found(self, note: notes.AllocationFound) -> None:
        """Write which cluster job Snakemake itself runs in."""
        self._emit(event_of(Allocation, note))

    def message(self, note: notes.LogMessage) -> None:
        """Write a message, and remember what it implies for the run."""
        if note.kind == "building_dag":
            self._planning_since = note.time
        text = note.text
        if len(text) > _KEPT_TEXT:
            text = tracebacks.shortened(self._mask.text(text), _KEPT_TEXT)
        error = note.error
        if note.kind == "removing_temporary":  # one for each temp() file: of interest to few
            self._removed.append(note)
            return
        if note.level == "error":
            self._write_removed(text)
            self._last_error = note.time
            self._attempts.error(note.time, text, note.job_id)
            error = self._with_similar_file(error, text)
        if note.kind == "select_jobs" and self.run.wrapped:  # iterations are recorded in detail
            return
        self._flags.add(note.kind)
        if time.monotonic() > self._deadline:  # so many messages that the exit would wait
            self._messages_dropped += 1
            return
        self._emit(event_of(Message, note, text=text, error=error))

    def _write_removed(self, error: str) -> None:
        """Write which temporary folders were removed, of those that held files that are missing."""
        if "Missing files after" not in error:
            return
        for note in self._removed:
            folder = note.text.removeprefix("Removing temporary output ").rstrip(".")
            if f"{folder}/" in error:
                self._emit(event_of(Message, note))
        self._removed.clear()

    def _with_similar_file(self, error: notes.ErrorFacts | None, text: str) -> Any:
        """Return what is known of an error, with a file that may be the one that it misses."""
        started = self.run.started
        similar = similar_file(text, Path(started.workdir)) if started and started.workdir else None
        if similar is None:
            return error
        return replace(error or notes.ErrorFacts(), similar=similar)

    def check_clock(self, moment: clock.Micros) -> None:
        """Write a warning if this host's wall clock was set since the last check."""
        since = self._watch.since
        if step := self._watch.step():
            text = (
                f"the clock of {socket.gethostname()} was set {'forward' if step > 0 else 'back'} "
                f"by {abs(step) / 1e6:.3f} s between {clock.format_moment(since)} and "
                f"{clock.format_moment(clock.now())}: durations are not affected, and later times "
                "are given as if it had not been set"
            )
            self._emit(Message(time=moment, level="warning", kind="clock_set", text=text))

    def paused(self, note: notes.MainPaused) -> None:
        """Write when the main process did not run."""
        self._emit(event_of(Paused, note))

    def dag_ready(self, moment: clock.Micros) -> None:
        """End the first planning, without the deployment that was part of it."""
        if self._planning_since is None:
            return
        since = self._facts.get("workflow_started") or self._planning_since
        self._planning_since = None
        deploying = [m.time for m in self.run.messages if m.kind == "deploying"]
        until = min([moment, *deploying])
        self._emit(RunPhase(time=since, phase="plan", end=until))
        if until < moment:
            self._emit(RunPhase(time=until, phase="deploy", end=moment))

    def dag_counts(self, note: notes.DagCounts) -> None:
        """Write the DAG's numbers of jobs, now that it has been planned or planned again."""
        self._emit(event_of(Planned, note))
        if note.new_up_to_date:
            jobs = tuple(event_of(UpToDateJob, job) for job in note.new_up_to_date)
            self._emit(UpToDate(time=note.time, jobs=jobs))

    def jobs_blocked(self, note: notes.JobsBlocked) -> None:
        """Write how many jobs will not run."""
        self._emit(event_of(Blocked, note))

    def phase_ended(self, note: notes.RunPhaseEnded) -> None:
        """Write a phase of the run's own work."""
        self._emit(event_of(RunPhase, note))

    def iteration_ended(self, note: notes.IterationEnded) -> None:
        """Write an iteration of the scheduler's main loop."""
        self._emit(event_of(SchedulerIteration, note))

    def wake_decided(self, note: notes.WakeDecided) -> None:
        """Write whether the executor's sleep can be cut short."""
        self._emit(event_of(Wake, note))

    def checked_early(self, note: notes.CheckedEarly) -> None:
        """Write a status check that came before the executor's own time."""
        self._emit(event_of(EarlyCheck, note))

    def checks_made(self, note: notes.ChecksMade) -> None:
        """Write how often the executor checked."""
        self._emit(event_of(StatusCheckCounts, note))

    def accounting_wanted(self) -> None:
        """Start the query of Slurm's accounting; all jobs have ended."""
        from snakemake_logger_plugin_observe.external.slurm_accounting import slurm_ids
        from snakemake_logger_plugin_observe.recording.slurm_lookup import AccountingQuery

        if ids := slurm_ids(self.run.external_jobids):
            self._query = AccountingQuery(ids, self._started // 1_000_000)

    def write_accounting(self, moment: clock.Micros) -> None:
        """Write what Slurm recorded; waits for the answer."""
        if self._query is None:
            return
        from snakemake_logger_plugin_observe.external.slurm_accounting import accounting_events

        records, problem = self._query.answer()
        for event in accounting_events(records, self.run, moment):
            self._emit(event)
        if problem is not None:
            text = f"Slurm's accounting could not be queried: {problem}"
            self._emit(Message(time=moment, level="info", kind="accounting", text=text))

    # -- the end ---------------------------------------------------------------------------

    def hurry(self, patience_s: float) -> None:
        """Drop messages after *patience_s* seconds: the exit would wait for them."""
        self._deadline = time.monotonic() + patience_s

    def close(self, moment: clock.Micros) -> None:
        """End the attempts and the planning that have not ended yet."""
        if self._messages_dropped:
            reason = "more messages than could be written by the exit"
            self._emit(Gap(time=moment, reason=reason, lost=self._messages_dropped))
        given_up = "interrupted" in self._flags or self._last_error
        self._attempts.finish(moment, "cancelled" if given_up else "lost")
        if self._planning_since is not None:
            self.dag_ready(moment)

    def end(self, moment: clock.Micros, begins_at: Callable[[], int | None]) -> str:
        """Write the run's last event, with both accounts; return a summary of the run.

        Args:
            moment: when the run ended.
            begins_at: returns where in the journal the last line will begin, None if not known.

        """
        from snakemake_logger_plugin_observe.recording import run_end

        run_end.begin(self.run, moment)
        status = self._status()
        if self._ended_early() and "exited" not in self._flags and not self._last_error:
            text = (
                "Snakemake ended before it had started a job, and logged no error: code of the "
                "workflow may have called sys.exit()"
            )
            self._emit(Message(time=moment, level="error", kind="exited", text=text))
        final, accounts = run_end.finished(self.run, moment, status)
        final = run_end.with_screen(final, self.run, accounts, begins_at(), self._mask)
        self._emit(final)
        return run_end.summary(self.run, status, accounts)

    def _status(self) -> RunStatus:
        kind = self._facts.get("kind")
        if self._flags & {"interrupted", "terminated"}:
            return "interrupted"
        if self._failed():
            return "failed"
        if self._ended_early():
            return "failed"
        if kind == "dry_run":
            return "dry_run"
        return "nothing_to_do" if "nothing_to_do" in self._flags else "success"

    def _failed(self) -> bool:
        """Whether a job's last attempt failed, or an error came after the last success."""
        latest = {attempt.key[0]: attempt for attempt in self.run.attempts.values()}
        if any(attempt.status in ("failed", "cancelled") for attempt in latest.values()):
            return True
        return self._last_error > self._attempts.last_success or "failed" in self._flags

    def _ended_early(self) -> bool:
        """Whether Snakemake ended before its work was done, though it reported no error.

        An exit in the code of the workflow does that; where that was not noticed, it is seen that
        no job was started.
        """
        if "exited" in self._flags:
            counts = job_counts(self.run)
            return counts.planned is None or counts.done < counts.planned
        started = self.run.started
        if started is None or started.kind != "run" or started.settings.get("immediate_submit"):
            return False
        if self.run.attempts or self._flags & {"nothing_to_do", "select_jobs"}:
            return False
        if self.run.planned is None:
            return "building_dag" in self._flags
        return bool(sum(self.run.planned.to_run.values()))
