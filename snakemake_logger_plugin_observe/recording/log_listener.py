"""A logging filter on Snakemake's logger: each record becomes notes in the thread that logs it.

Only in that thread can the job that a record is about be read. Records that do not pass the filter
reach the plugin's handler instead, on Snakemake's listener thread.
"""

import logging
import os
from collections.abc import Callable
from typing import Any, Final, Protocol

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.console import SNAKEMAKE_LOGGER
from snakemake_logger_plugin_observe.probe import ask
from snakemake_logger_plugin_observe.recording import (
    blocked_jobs,
    dag_counts,
    job_descriptions,
    job_ends,
    job_state,
    live_objects,
    log_records,
    notes,
    raised,
)

_SEEN: Final = "_observe_seen"
_UNNOTED: Final = frozenset({"shellcmd", "progress", "rulegraph", "debug_dag", "group_error"})
"""Events of which nothing is noted, unless an executor has put its job's state into the record."""
_UNNOTED_ENDS: Final = _UNNOTED | {"job_finished"}
"""As above, for runs whose executors report the ends of jobs."""


_Make = Callable[[logging.LogRecord, clock.Micros], notes.FromRecord | None]


class Receiver(Protocol):
    """Takes the notes that a log listener makes; the session."""

    def record_note(self, note: notes.FromRecord) -> None:
        """Take a note that was made of a log record."""

    def put(self, note: notes.AnyNote) -> None:
        """Take a note that was made of Snakemake's live objects."""

    def fault(self, error: BaseException) -> None:
        """Take an internal error."""


class LogListener(logging.Filter):
    """Lets every record pass, and makes notes of it; its methods never raise."""

    def __init__(self, receiver: Receiver) -> None:
        """Start listening for *receiver*."""
        super().__init__()
        self.remote_states_seen = False
        """Whether the run's executor reports its jobs' states itself."""
        self.jobs = job_descriptions.JobReader()
        """Describes the jobs of the run."""
        self._receiver = receiver
        self._workflow: Any = None
        self._wrapped = False
        self._hooks_wanted = False
        self._unnoted = _UNNOTED
        self._pid = os.getpid()
        self._live: dict[str | None, _Make] = {
            "job_started": log_records.selected,
            "job_info": self._description,
            "group_info": self._description,
            "error": _error,
        }
        """How to make notes of frequent events, and of those that the thread knows more about."""
        self._logger = logging.getLogger(SNAKEMAKE_LOGGER)
        self._logger.addFilter(self)

    def stop(self) -> None:
        """Stop listening."""
        self._logger.removeFilter(self)

    def follow(self, workflow: Any, *, wrapped: bool, hook_ends: bool) -> None:
        """Make notes of the run of *workflow*.

        Args:
            workflow: Snakemake's workflow, which is starting; None if it is unknown.
            wrapped: whether its executor is timed, and so its scheduler is.
            hook_ends: whether to hook into its executors: nothing else reports its jobs' ends.

        """
        self._wrapped = wrapped
        self.remote_states_seen = False
        self.jobs = job_descriptions.JobReader()
        self._workflow = workflow
        self._hooks_wanted = hook_ends
        self._unnoted = _UNNOTED if hook_ends else _UNNOTED_ENDS

    def unfollow(self) -> None:
        """Drop the references to a workflow whose run has ended."""
        self.jobs = job_descriptions.JobReader()
        self._workflow = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True, after making notes of *record*.

        A process that was forked off this one has no recorder's thread, so it makes none.
        """
        fields = record.__dict__
        if _SEEN not in fields:
            fields[_SEEN] = True
            try:
                event = fields.get("event")
                kind = None if event is None else str(event)
                unnoted = kind in self._unnoted
                if kind is None and self._wrapped:  # iterations are recorded in detail
                    unnoted = log_records.is_selection(record)
                if not unnoted or job_state.may_be_in(record):
                    self._listen(record, kind)
            except Exception as error:
                self._receiver.fault(error)
        return True

    def take(self, record: logging.LogRecord) -> None:
        """Make notes of *record*, which reached the plugin's handler, unless it passed here."""
        if _SEEN not in record.__dict__:
            try:
                if (note := log_records.note_of(record)) is not None:
                    self._receiver.record_note(note)
                self._note_state(record)
            except Exception as error:
                self._receiver.fault(error)

    def _listen(self, record: logging.LogRecord, kind: str | None) -> None:
        if os.getpid() != self._pid:
            return
        moment = clock.now()  # the record was just made
        make = self._live.get(kind)
        note = make(record, moment) if make is not None else None
        if note is None:
            note = log_records.note_of(record, moment)
        if note is not None:
            self._receiver.record_note(note)
        if job_state.may_be_in(record):
            self._note_state(record)
        if self._workflow is not None and log_records.is_planned(record):
            self._planned(moment)

    def _note_state(self, record: logging.LogRecord) -> None:
        """Make a note of the state of a remote job that an executor put into *record*."""
        if (state := log_records.remote_state(record)) is not None:
            self.remote_states_seen = True
            self._receiver.record_note(state)

    def _description(
        self, record: logging.LogRecord, moment: clock.Micros
    ) -> notes.JobInfo | notes.GroupInfo | None:
        """Return a note of the job or group that logs *record*, made from its live object."""
        job = live_objects.logging_job()
        if job is None:
            return None
        if self._hooks_wanted:
            self._hook_ends(job)
        if job.is_group():
            return live_objects.group_info(job, moment)
        return self.jobs.describe(job, moment, log_records.job_texts(record))

    def _hook_ends(self, job: Any) -> None:
        """Hook into the executors of the first job's scheduler."""
        self._hooks_wanted = False
        scheduler = ask(lambda: job.dag.workflow.scheduler)
        if scheduler is not None and job_ends.hook(scheduler, self._receiver.put):
            self._unnoted = _UNNOTED_ENDS
            self._receiver.put(notes.EndsHooked(clock.now()))

    def _planned(self, moment: clock.Micros) -> None:
        """Count the DAG's jobs now that it is planned, and again after each re-planning."""
        workflow, self._workflow = self._workflow, None
        dag = ask(lambda: workflow.dag)
        if dag is not None:
            reader = dag_counts.DagReader(dag)
            self._receiver.put(reader.read(moment))
            dag_counts.on_replanning(dag, lambda: self._replanned(reader))

    def _replanned(self, reader: dag_counts.DagReader) -> None:
        try:
            if os.getpid() == self._pid:
                moment = clock.now()
                self._receiver.put(reader.read(moment))
                if (note := blocked_jobs.after_replanning(reader.dag, moment)) is not None:
                    self._receiver.put(note)
        except Exception as error:
            self._receiver.fault(error)


def _error(record: logging.LogRecord, moment: clock.Micros) -> notes.LogMessage:
    """Return the error in *record* with what its exception is about."""
    return log_records.error_of(record, moment, *raised.logged_error())


def ignore(record: logging.LogRecord) -> None:
    """Mark *record* as one that needs no notes: it was seen, or we made it for other listeners."""
    record.__dict__[_SEEN] = True
