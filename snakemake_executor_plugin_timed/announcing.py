"""``--timed-announce on``: the run's own events, announced to other logger plugins alone.

Each state of a job becomes a log record by the ``remote_job_state`` contract, put into the queue
that Snakemake's plugin handlers read from; its console and its log file have handlers of their own,
and never see it. Only the recorder's thread announces, from what it writes to the journal; that a
submission has begun on its node is seen in the folder of fragments, on one more thread.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from logging.handlers import QueueHandler
from typing import Any, Final

from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.console import SNAKEMAKE_LOGGER
from snakemake_logger_plugin_observe.journal.events import (
    AttemptEvent,
    AttemptFinished,
    AttemptStarted,
    AttemptSubmitted,
    Event,
)
from snakemake_logger_plugin_observe.recording.job_state import KEY, JobState, Phase
from snakemake_logger_plugin_observe.recording.session import Session
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.model import Run

_OUR_HANDLERS: Final = "snakemake_logger_plugin_observe"
_ANNOUNCED: Final = "_timed_announced"
_LOOK_EVERY_S: Final = 2.0
_LAST_WORDS_S: Final = 0.5


def announcing(session: Session, workflow: Any, fragments: Fragments | None) -> "Announcing | None":
    """Return what announces *workflow*'s jobs, or None where nobody else listens."""
    try:
        if session.recorder is None or not _others_listen(workflow.logger_manager.queue_listener):
            return None
        return Announcing(session, fragments)
    except Exception as fault:
        session.fault(fault)
        return None


def _others_listen(listener: Any) -> bool:
    """Return whether plugins but ours listen; one that is the console must not show ours."""
    handlers = listener.handlers if listener is not None else ()
    others = [one for one in handlers if type(one).__module__.split(".")[0] != _OUR_HANDLERS]
    for one in others:
        if getattr(one, "writes_to_stream", False):
            one.addFilter(_is_not_announced)
    return bool(others)


def _is_not_announced(record: logging.LogRecord) -> bool:
    return not hasattr(record, _ANNOUNCED)


class Announcing:
    """Announces one run's jobs; its methods are called in Snakemake's threads, and never wait."""

    def __init__(self, session: Session, fragments: Fragments | None) -> None:
        """Have the recorder of *session* tell its events, and look out for *fragments*."""
        self._session = session
        self._watch = FragmentWatch(fragments, session.put) if fragments is not None else None
        session.put("listening", clock.now(), listener=Announcer(session, send))

    def expect(self, key: Key, submission: tuple[str, ...]) -> None:
        """Look out for the first sign of a submission."""
        if self._watch is not None and submission:
            self._watch.expect(key, submission)

    def forget(self, key: Key) -> None:
        """Look out for it no longer: it has ended."""
        if self._watch is not None:
            self._watch.forget(key)

    def stop(self) -> None:
        """Look out no longer: there are no more jobs."""
        if self._watch is not None:
            self._watch.stop()

    def wait_until_told(self) -> None:
        """Let the last announcements out, for Snakemake closes its loggers next."""
        told = threading.Event()
        self._session.put("all_told", clock.now(), told=told)
        told.wait(_LAST_WORDS_S)


def send(state: JobState) -> None:
    """Hand a state to the plugin handlers of Snakemake's logger, and to nobody else."""
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
    Session.spare(record)
    for handler in logger.handlers:
        if isinstance(handler, QueueHandler):
            handler.handle(record)


@dataclass(slots=True)
class _Told:
    """What was announced of one job's attempt."""

    phase: Phase | None = None
    external_jobid: str | None = None
    queued: clock.Micros | None = None
    started: clock.Micros | None = None


class Announcer:
    """Makes announcements of events; called on the recorder's thread."""

    def __init__(self, session: Session, announce: Callable[[JobState], None]) -> None:
        """Hand every state to *announce*, unless the executor of *session* tells it itself."""
        self._session = session
        self._announce = announce
        self._told: dict[Key, _Told] = {}
        self._group_began: clock.Micros | None = None

    def __call__(self, event: Event, run: Run, mask: Callable[[str], str]) -> None:
        """Announce what *event* says about jobs, a group's being its members."""
        match event:
            case AttemptSubmitted():
                for key, told in self._of(event, run):
                    told.external_jobid = event.external_jobid
                    told.queued = _entered(event, local=self._is_local(run, key))
                    if told.phase is None:
                        self._say(run, key, "queued")
            case AttemptStarted():
                for key, _ in self._of(event, run):
                    self._running(run, key, event.node_started or event.time)
            case AttemptFinished(revises=False, job_id=None):
                self._group_began = max(event.node_starts, default=None)  # its members follow
            case AttemptFinished(revises=False, job_id=int()):
                self._ended(event, run, mask)

    def _of(self, event: AttemptEvent, run: Run) -> list[tuple[Key, _Told]]:
        members = run.members(event.group or "") if event.job_id is None else (event.job_id,)
        keys: Iterable[Key] = ((member, event.attempt) for member in members)
        return [(key, self._told.setdefault(key, _Told())) for key in keys]

    def _running(self, run: Run, key: Key, started: clock.Micros) -> None:
        told = self._told[key]
        if told.phase is None:
            self._say(run, key, "queued")
        if told.phase == "queued":
            told.started = started
            self._say(run, key, "running")

    def _ended(self, event: AttemptFinished, run: Run, mask: Callable[[str], str]) -> None:
        """Announce an end, and before it what went too fast to be seen."""
        ((key, told),) = self._of(event, run)
        ok = event.status in ("success", "cached")
        started, stopped = _window(event)
        if started is None and event.group is not None:
            started = self._group_began
        if started is not None:
            self._running(run, key, started)
        told.started = started or told.started
        told.external_jobid = event.external_jobid or told.external_jobid
        reason = event.message or (None if event.status == "failed" else event.status)
        self._say(
            run,
            key,
            "succeeded" if ok else "failed",
            stopped=stopped,
            exit_code=event.exit_code,
            reason=None if ok or reason is None else mask(reason),
        )
        del self._told[key]

    def _is_local(self, run: Run, key: Key) -> bool:
        """Whether a job runs in the main process: then its queue and its start may overlap."""
        job = run.jobs.get(key[0]) if isinstance(key[0], int) else None
        return self._session.wraps in (None, "local") or (job is not None and bool(job.local))

    def _say(self, run: Run, key: Key, phase: Phase, **more: Any) -> None:
        job_id, number = key
        executor = "local" if self._is_local(run, key) else str(self._session.wraps)
        told = self._told[key]
        told.phase = phase
        if self._session.executor_tells_states and executor != "local":
            return
        self._announce(
            JobState(
                job=job_id,
                executor=executor,
                phase=phase,
                external_jobid=told.external_jobid,
                queued=told.queued,
                started=told.started,
                attempt=number,
                **more,
            )
        )


def _entered(event: AttemptSubmitted, *, local: bool) -> clock.Micros | None:
    """Return when a job began to wait; a local one may have begun to run when it is accepted."""
    return event.stamps.submitting if local else event.stamps.accepted


def _window(event: AttemptFinished) -> tuple[clock.Micros | None, clock.Micros | None]:
    """Return when a job's execution began and ended, by the clock of the place where it ran.

    A job of its own fills its submission, from the first sign of life to the last process's end;
    a group's member, and a job of the main process, has the time of its tool.
    """
    elsewhere = [one for one in event.levels if not one.in_main]
    if event.group is None and (event.node_starts or elsewhere):
        began = [one.started for one in elsewhere if one.started is not None]
        ended = [one.ended for one in elsewhere if one.ended is not None]
        return max(event.node_starts, default=min(began, default=None)), max(ended, default=None)
    executions = [one for level in event.levels for one in level.executions]
    began = [one.tool_started for one in executions if one.tool_started is not None]
    ended = [one.tool_ended for one in executions if one.tool_ended is not None]
    return min(began, default=None), max(ended, default=None)


class FragmentWatch:
    """Looks at the folder of fragments every other second, while a submission is waited for."""

    def __init__(self, fragments: Fragments, put: Callable[..., None]) -> None:
        """Tell *put* of the first sign of each submission that is expected."""
        self._fragments = fragments
        self._put = put
        self._expected: dict[Key, tuple[str, ...]] = {}
        self._failed = False
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="timed-watch", daemon=True)
        self._thread.start()

    def expect(self, key: Key, submission: tuple[str, ...]) -> None:
        """Look out for a submission."""
        self._expected[key] = submission
        self._wanted.set()

    def forget(self, key: Key) -> None:
        """Look out for it no longer."""
        self._expected.pop(key, None)

    def stop(self) -> None:
        """End the thread; it is not waited for."""
        self._stopped.set()
        self._wanted.set()

    def _work(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_S):
            if not self._expected:
                self._wanted.clear()
                if not self._expected:  # else one was expected in between
                    self._wanted.wait()
                continue
            try:
                self._look()
            except Exception as fault:  # a shared file system may answer again
                if not self._failed:
                    reason = f"looking for fragments: {fault!r}"[:200]
                    self._put("fault", clock.now(), reason=reason)
                self._failed = True

    def _look(self) -> None:
        expected = dict(self._expected)
        there = set(self._fragments.there(expected.values()))
        for key, submission in expected.items():
            if submission not in there:
                continue
            report = self._fragments.read(submission)
            signs = report.starts or tuple(one.started for one in report.levels if one.started)
            if signs:
                self._expected.pop(key, None)
                node = next((one.node or one.host for one in report.levels), None)
                self._put("begun_elsewhere", clock.now(), key=key, sign=signs[0], node=node)
