"""``--timed-announce on``: announces the run's job states to other logger plugins.

Each state becomes a log record that follows the ``remote_job_state`` contract. It goes into the
queue that Snakemake's plugin handlers read; the console and the log file have separate handlers and
never receive it. The recorder's thread announces states as it writes them to the journal. Another
thread scans the folder of fragments to detect that a submission has started on its node; that is
written to the journal, also where no other plugin listens.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import QueueHandler
from typing import Any, Final

from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_executor_plugin_timed.watching import Watch
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.console import SNAKEMAKE_LOGGER
from snakemake_logger_plugin_observe.journal.events import (
    AttemptEvent,
    AttemptFinished,
    AttemptStarted,
    AttemptSubmitted,
    Event,
)
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.job_state import KEY, JobState, Phase
from snakemake_logger_plugin_observe.recording.log_listener import ignore
from snakemake_logger_plugin_observe.recording.session import Session
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.model import Run

_OUR_HANDLERS: Final = "snakemake_logger_plugin_observe"
_ANNOUNCED: Final = "_timed_announced"
_SCAN_EVERY_S: Final = 2.0
_DRAIN_S: Final = 5.0
"""A busy machine takes some tenths of a second; only a file system that hangs takes all of it."""


def announcing(session: Session, workflow: Any, fragments: Fragments | None) -> "Announcing | None":
    """Start announcing *workflow*'s jobs; return None if no run is recorded.

    Without another plugin that listens, the journal alone gets the jobs' starts on their nodes.
    """
    try:
        if session.recorder is None:
            return None
        listening = _has_other_handlers(workflow.logger_manager.queue_listener)
        return Announcing(session, fragments, listening=listening)
    except Exception as error:
        session.fault(error)
        return None


def _has_other_handlers(listener: Any) -> bool:
    """Return whether other plugins listen, after adding a filter to those that print."""
    handlers = listener.handlers if listener is not None else ()
    others = [h for h in handlers if type(h).__module__.split(".")[0] != _OUR_HANDLERS]
    for handler in others:
        if getattr(handler, "writes_to_stream", False):
            handler.addFilter(_is_not_announced)
    return bool(others)


def _is_not_announced(record: logging.LogRecord) -> bool:
    return not hasattr(record, _ANNOUNCED)


class Announcing:
    """Announces one run's jobs; its methods are called in Snakemake's threads and do not block."""

    def __init__(
        self, session: Session, fragments: Fragments | None, *, listening: bool = True
    ) -> None:
        """Listen to the events of *session*'s recorder, and watch *fragments*.

        Args:
            session: the session whose run it is.
            fragments: where the nodes' processes write; None if they do not.
            listening: whether another plugin listens; else nothing is announced.

        """
        self._session = session
        self._listening = listening
        self._watch = FragmentWatch(fragments, session.put) if fragments is not None else None
        if listening:
            session.put(notes.ListenerAdded(clock.now(), Announcer(session, send)))

    def expect(self, key: Key, submission: tuple[str, ...]) -> None:
        """Watch for a submission's first sign of life."""
        if self._watch is not None and submission:
            self._watch.expect(key, submission)

    def forget(self, key: Key) -> None:
        """Stop watching for a submission that has ended."""
        if self._watch is not None:
            self._watch.forget(key)

    def stop(self) -> None:
        """Stop watching: there are no more jobs."""
        if self._watch is not None:
            self._watch.stop()

    def drain(self) -> None:
        """Wait for the last announcements, briefly: Snakemake closes its loggers next."""
        if not self._listening:
            return
        done = threading.Event()
        self._session.put(notes.Drain(clock.now(), done))
        done.wait(_DRAIN_S)


def send(state: JobState) -> None:
    """Pass a state to the plugin handlers of Snakemake's logger, and to no other handler."""
    logger = logging.getLogger(SNAKEMAKE_LOGGER)
    record = logger.makeRecord(
        logger.name,
        logging.INFO,
        __file__,
        0,
        f"Job {state.job}: {state.phase}.",
        (),
        None,
        extra={KEY: state.payload(), _ANNOUNCED: True},
    )
    ignore(record)
    for handler in logger.handlers:
        if isinstance(handler, QueueHandler):
            handler.handle(record)


@dataclass(slots=True)
class _Announced:
    """What has been announced about one attempt of a job."""

    phase: Phase | None = None
    external_jobid: str | None = None
    queued: clock.Micros | None = None
    started: clock.Micros | None = None


class Announcer:
    """Announces job states from journal events; called on the recorder's thread."""

    def __init__(self, session: Session, announce: Callable[[JobState], None]) -> None:
        """Pass every state to *announce*, unless *session*'s executor reports states itself."""
        self._session = session
        self._announce = announce
        self._announced: dict[Key, _Announced] = {}
        self._group_began: clock.Micros | None = None

    def __call__(self, event: Event, run: Run, mask: Callable[[str], str]) -> None:
        """Announce what *event* means for jobs; a group's event means its members."""
        match event:
            case AttemptSubmitted():
                for key, announced in self._of(event, run):
                    announced.external_jobid = event.external_jobid
                    announced.queued = _queued_at(event, local=self._is_local(run, key))
                    if announced.phase is None:
                        self._send(run, key, "queued")
            case AttemptStarted():
                for key, _ in self._of(event, run):
                    self._running(run, key, event.node_started or event.time)
            case AttemptFinished(revises=False, job_id=None):
                self._group_began = max(event.node_starts, default=None)  # its members follow
            case AttemptFinished(revises=False, job_id=int()):
                self._ended(event, run, mask)

    def _of(self, event: AttemptEvent, run: Run) -> list[tuple[Key, _Announced]]:
        members = run.members(event.group or "") if event.job_id is None else (event.job_id,)
        keys: list[Key] = [(member, event.attempt) for member in members]
        return [(key, self._announced.setdefault(key, _Announced())) for key in keys]

    def _running(self, run: Run, key: Key, started: clock.Micros) -> None:
        announced = self._announced[key]
        if announced.phase is None:
            self._send(run, key, "queued")
        if announced.phase == "queued":
            announced.started = started
            self._send(run, key, "running")

    def _ended(self, event: AttemptFinished, run: Run, mask: Callable[[str], str]) -> None:
        """Announce an end, after any earlier state that was too short to be noticed."""
        ((key, announced),) = self._of(event, run)
        ok = event.status in ("success", "cached")
        started, stopped = _window(event)
        if started is None and event.group is not None:
            started = self._group_began
        if started is not None:
            self._running(run, key, started)
        announced.started = started or announced.started
        announced.external_jobid = event.external_jobid or announced.external_jobid
        reason = event.message or (None if event.status == "failed" else event.status)
        self._send(
            run,
            key,
            "succeeded" if ok else "failed",
            stopped=stopped,
            exit_code=event.exit_code,
            reason=None if ok or reason is None else mask(reason),
        )
        del self._announced[key]

    def _is_local(self, run: Run, key: Key) -> bool:
        """Whether a job runs in the main process, where it may start before it is accepted."""
        job = run.jobs.get(key[0]) if isinstance(key[0], int) else None
        return self._session.wraps in (None, "local") or (job is not None and bool(job.local))

    def _send(self, run: Run, key: Key, phase: Phase, **more: Any) -> None:
        job_id, number = key
        executor = "local" if self._is_local(run, key) else str(self._session.wraps)
        announced = self._announced[key]
        announced.phase = phase
        if self._session.remote_states_seen and executor != "local":
            return
        self._announce(
            JobState(
                job=job_id,
                executor=executor,
                phase=phase,
                external_jobid=announced.external_jobid,
                queued=announced.queued,
                started=announced.started,
                attempt=number,
                **more,
            )
        )


def _queued_at(event: AttemptSubmitted, *, local: bool) -> clock.Micros | None:
    """Return when a job was queued; a local one may already run when it is accepted."""
    return event.stamps.submitting if local else event.stamps.accepted


def _window(event: AttemptFinished) -> tuple[clock.Micros | None, clock.Micros | None]:
    """Return when a job's execution began and ended, by the clock of the host that ran it.

    For a job submitted on its own: from the first sign of life to the last process's end. For a
    group's member, and a job in the main process: its tool's start and end.
    """
    on_nodes = [level for level in event.levels if not level.in_main]
    if event.group is None and (event.node_starts or on_nodes):
        began = [level.started for level in on_nodes if level.started is not None]
        ended = [level.ended for level in on_nodes if level.ended is not None]
        return max(event.node_starts, default=min(began, default=None)), max(ended, default=None)
    executions = [execution for level in event.levels for execution in level.executions]
    began = [e.tool_started for e in executions if e.tool_started is not None]
    ended = [e.tool_ended for e in executions if e.tool_ended is not None]
    return min(began, default=None), max(ended, default=None)


class FragmentWatch:
    """Scans the folder of fragments every other second, while submissions are expected to start."""

    def __init__(self, fragments: Fragments, put: Callable[[notes.AnyNote], None]) -> None:
        """Call *put* with the first sign of life of each expected submission."""
        self._fragments = fragments
        self._put = put
        self._expected: dict[Key, tuple[str, ...]] = {}
        self._watch = Watch(
            self._scan,
            self._expected,
            every_s=_SCAN_EVERY_S,
            name="timed-watch",
            failed=self._report,
        )

    def expect(self, key: Key, submission: tuple[str, ...]) -> None:
        """Watch for a submission."""
        self._expected[key] = submission
        self._watch.expect()

    def forget(self, key: Key) -> None:
        """Stop watching for it."""
        self._expected.pop(key, None)

    def stop(self) -> None:
        """Make the thread end, without waiting for it."""
        self._watch.stop()

    def _report(self, error: Exception) -> None:
        reason = f"scanning fragments: {error!r}"[:200]
        self._put(notes.InternalError(clock.now(), reason))

    def _scan(self) -> None:
        expected = dict(self._expected)
        present = set(self._fragments.present(expected.values()))
        for key, submission in expected.items():
            if submission not in present:
                continue
            report = self._fragments.read(submission)
            signs = report.starts or tuple(lv.started for lv in report.levels if lv.started)
            if signs:
                self._expected.pop(key, None)
                node = next((level.node or level.host for level in report.levels), None)
                self._put(notes.SeenOnNode(clock.now(), key, signs[0], node))
