"""The recorder: notes in, events out to the journal, on a thread of its own.

Snakemake's threads only put notes into a queue. Here they are joined to attempts, an attempt that
ends is decomposed into its phases, and the run's last event carries both accounts. A file system
that fails or hangs costs lines of the journal, never the run.
"""

import os
import platform
import queue
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.account import Account, account
from snakemake_logger_plugin_observe.capture import Note
from snakemake_logger_plugin_observe.events import Account as AccountTotals
from snakemake_logger_plugin_observe.events import (
    AttemptFinished,
    AttemptStarted,
    AttemptSubmitted,
    Event,
    Gap,
    GroupDescribed,
    JobDescribed,
    Level,
    Message,
    RunFinished,
    RunPhase,
    RunStarted,
    SchedulerRound,
    Stamps,
    Try,
    Wait,
)
from snakemake_logger_plugin_observe.journal import SUBFOLDER, JournalWriter, to_line
from snakemake_logger_plugin_observe.mask import Masker
from snakemake_logger_plugin_observe.phases import CLASSES
from snakemake_logger_plugin_observe.provenance import look_up, sha256
from snakemake_logger_plugin_observe.run import Attempt, Key, Run, seconds
from snakemake_logger_plugin_observe.session import JournalSettings

_PATIENCE_S: Final = 10.0
_ERRORS_KEPT: Final = 50


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a submission's processes on the node left: the first sign of life, and levels."""

    started: clock.Micros | None = None
    levels: tuple[Level, ...] = ()
    complete: bool = False
    problem: str | None = None


class NodeReports(Protocol):
    """Where the node's reports lie; the executor plugin knows."""

    def read(self, submission: str) -> NodeReport:
        """Return what there is of *submission*'s report."""

    def remove(self, submission: str) -> None:
        """Remove the report; it has been folded in."""


@dataclass(slots=True)
class _Live:
    """An attempt while its notes come in."""

    job_id: int | None
    group: str | None
    number: int
    stamps: dict[str, clock.Micros] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    tries: dict[int, dict[str, Any]] = field(default_factory=dict)
    submission: str | None = None
    external_jobid: str | None = None
    message: str | None = None
    node_started: clock.Micros | None = None
    levels: tuple[Level, ...] = ()
    complete: bool = True
    notes: list[str] = field(default_factory=list)
    written: AttemptFinished | None = None

    @property
    def key(self) -> Key:
        return (self.job_id if self.job_id is not None else self.group or "", self.number)


class Recorder:
    """Records one run; made when its workflow starts, finished when the run ends."""

    def __init__(
        self,
        settings: JournalSettings,
        *,
        fault: Callable[[str], None],
        secrets: tuple[str, ...],
        workdir: Path,
        started: clock.Micros,
        facts: Mapping[str, Any],
    ) -> None:
        """Begin to record.

        Args:
            settings: where and how the journal is written.
            fault: told in one line what went wrong, as often as it does.
            secrets: texts that must not reach the journal.
            workdir: the run's working directory.
            started: when the workflow started.
            facts: fields of ``RunStarted`` that are known already.

        """
        self.run_id = uuid.uuid4().hex
        self.run = Run()
        self._settings = settings
        self._fault = fault
        self._mask = Masker(secrets)
        self._workdir = workdir
        self._started = started
        self._facts = dict(facts)
        self._reports: NodeReports | None = None
        self._writer: JournalWriter | None = None
        self._lost = 0
        self._live: dict[Key, _Live] = {}
        self._last_number: dict[int | str, int] = {}
        self._group_of: dict[int, str] = {}
        self._late: dict[Key, _Live] = {}
        self._last_success = 0
        self._last_error = 0
        self._errors: deque[tuple[clock.Micros, str]] = deque(maxlen=_ERRORS_KEPT)
        self._flags: set[str] = set()
        self._planning_since: clock.Micros | None = None
        self._host = socket.gethostname()
        self._scripts: dict[str, str | None] = {}
        self._hears_ends = False
        self._answer: str | None = None
        self._queue: queue.SimpleQueue[Note | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="observe-recorder", daemon=True)
        self._thread.start()

    @property
    def folder(self) -> Path:
        """The folder in the working directory that holds what this project writes there."""
        return self._workdir / SUBFOLDER

    def put(self, note: Note) -> None:
        """Take a note from any thread; returns at once."""
        self._queue.put(note)

    def finish(self, moment: clock.Micros) -> str | None:
        """End the journal with *moment* as the run's end; return the answer in one line.

        Waits for the file system for some seconds at most.
        """
        self._queue.put(Note("finish", moment))
        self._queue.put(None)
        self._thread.join(_PATIENCE_S)
        if self._thread.is_alive():
            self._fault("the journal's file system does not answer; the journal ends early")
            return None
        return self._answer

    # -- the recorder's own thread ---------------------------------------------------------

    def _work(self) -> None:
        self._guarded(Note("begin", self._started))
        while (note := self._queue.get()) is not None:
            self._guarded(note)
        if self._writer is not None:
            self._writer.close()

    def _guarded(self, note: Note) -> None:
        try:
            handler = getattr(self, f"_on_{note.kind}", None)
            if handler is not None:
                handler(note.time, **note.facts)
        except Exception as fault:
            reason = f"{note.kind}: {type(fault).__name__}: {fault}"
            self._fault(f"a fault of ours, the run goes on: {reason.splitlines()[0][:300]}")
            self._write(Gap(time=note.time, reason=reason[:300], lost=1))

    def _emit(self, event: Any) -> None:
        self.run.add(event)
        self._write(event)

    def _write(self, event: Event) -> None:
        """Append *event*, after the gap that lost lines left; a failure is told once."""
        if self._writer is None:
            return
        try:
            if self._lost:
                gap = Gap(time=event.time, reason="lines could not be written", lost=self._lost)
                self._writer.write(to_line(gap))
                self._lost = 0
            self._writer.write(to_line(event, self._mask))
        except OSError as error:
            self._lost += 1
            self._fault(
                f"{self._writer.path}: {error.strerror or error}; the run goes on, "
                "the journal has a gap"
            )

    # -- the run ---------------------------------------------------------------------------

    def _on_begin(self, moment: clock.Micros) -> None:
        import snakemake

        from snakemake_logger_plugin_observe import __version__

        process_started = clock.process_started() if self._owns_process() else None
        event = RunStarted(
            time=moment,
            run_id=self.run_id,
            observe_version=__version__,
            snakemake_version=str(snakemake.__version__),
            python_version=platform.python_version(),
            host=self._host,
            pid=os.getpid(),
            process_started=process_started,
            workdir=str(self._workdir),
            command=self._mask.words(_command()),
            tags=self._settings.tags,
            **{"platform": platform.platform(), "user": _user(), **self._facts},
        )
        folder = self._settings.folder or self.folder
        try:
            self._writer = JournalWriter(
                folder, self.run_id, process_started or moment, self._settings.mode
            )
        except OSError as error:
            self._fault(
                f"no journal, the run goes on: {folder} cannot be written "
                f"({error.strerror or error}); --logger-observe-dir names another folder"
            )
        self._emit(event)
        look_up(event.snakefile, self._workdir, self.put)

    def _owns_process(self) -> bool:
        return not _recorded_before()

    def _on_provenance(self, moment: clock.Micros, **facts: Any) -> None:
        from snakemake_logger_plugin_observe.events import Provenance

        self._emit(Provenance(time=moment, **facts))

    def _on_hears_ends(self, _moment: clock.Micros) -> None:
        self._hears_ends = True

    def _on_wrapped(self, _moment: clock.Micros, reports: NodeReports | None) -> None:
        self._reports = reports

    def _on_message(self, moment: clock.Micros, level: str, kind: str, text: str) -> None:
        if kind == "building_dag":
            self._planning_since = moment
        if level == "error":
            self._last_error = moment
            self._errors.append((moment, text))
        self._flags.add(kind)
        self._emit(Message(time=moment, level=level, kind=kind, text=text))

    def _on_fault(self, moment: clock.Micros, reason: str) -> None:
        self._write(Gap(time=moment, reason=reason))

    def _on_resources_info(self, moment: clock.Micros) -> None:
        """Without the wrapper, the first sign that the DAG has been built."""
        self._planned(moment)

    def _on_planned(self, moment: clock.Micros) -> None:
        self._planned(moment)

    def _planned(self, moment: clock.Micros) -> None:
        """End the first planning, less what was deployed in it."""
        if self._planning_since is None:
            return
        since = max(self._planning_since, self._facts.get("workflow_started") or 0)
        since = min(since, self._facts.get("workflow_started") or since)
        self._planning_since = None
        deploying = [m.time for m in self.run.messages if m.kind == "deploying"]
        until = min([moment, *deploying])
        self._emit(RunPhase(time=since, phase="plan", end=until))
        if until < moment:
            self._emit(RunPhase(time=until, phase="deploy", end=moment))

    def _on_run_phase(self, moment: clock.Micros, **facts: Any) -> None:
        self._emit(RunPhase(time=moment, **facts))

    def _on_scheduler_round(self, moment: clock.Micros, **facts: Any) -> None:
        self._emit(SchedulerRound(time=moment, **facts))

    # -- jobs and attempts -----------------------------------------------------------------

    def _on_job(self, moment: clock.Micros, job_id: int, **facts: Any) -> None:
        facts["group"] = self._group_of.get(job_id)
        if script := facts.get("script"):
            if script not in self._scripts:
                self._scripts[script] = sha256(self._workdir / script)
            if digest := self._scripts[script]:
                facts["code_digest"] = f"sha256:{digest}"
        self._emit(JobDescribed(time=moment, job_id=job_id, **facts))

    def _on_group(self, moment: clock.Micros, group: str, **facts: Any) -> None:
        for member in facts.get("members", ()):
            self._group_of[member] = group
        self._emit(GroupDescribed(time=moment, group=group, **facts))

    def _on_selected(self, moment: clock.Micros, job_ids: tuple[int | str, ...]) -> None:
        for job_id in job_ids:
            number = self._last_number.get(job_id, 0) + 1
            self._open(job_id, number).stamps["selected"] = moment

    def _open(self, job_id: int | str, number: int) -> _Live:
        """Return the attempt, begun if it is new."""
        key = (job_id, number)
        if key not in self._live:
            self._last_number[job_id] = max(number, self._last_number.get(job_id, 0))
            single = job_id if isinstance(job_id, int) else None
            group = None if isinstance(job_id, int) else job_id
            self._live[key] = _Live(single, group, number)
        return self._live[key]

    def _on_stamp(self, moment: clock.Micros, key: Key, name: str) -> None:
        self._open(*key).stamps.setdefault(name, moment)

    def _on_accepted(
        self,
        moment: clock.Micros,
        key: Key,
        external_jobid: str | None,
        submission: str | None,
    ) -> None:
        live = self._open(*key)
        live.stamps.setdefault("accepted", moment)
        live.external_jobid = external_jobid
        live.submission = submission
        self._emit(
            AttemptSubmitted(
                time=moment,
                job_id=live.job_id,
                group=live.group,
                attempt=live.number,
                external_jobid=external_jobid,
                stamps=self._stamps(live),
            )
        )

    def _on_reported(self, moment: clock.Micros, key: Key, message: str | None) -> None:
        live = self._open(*key)
        live.stamps.setdefault("reported", moment)
        live.message = message or live.message

    def _on_wait(self, moment: clock.Micros, key: Key, phase: str, end: clock.Micros) -> None:
        live = self._holder(key)
        if live is not None:
            live.waits.append(Wait(phase=phase, start=moment, end=end))

    def _on_try(self, moment: clock.Micros, key: Key, name: str, **facts: Any) -> None:
        live = self._holder(key)
        if live is None or not isinstance(key[0], int):
            return
        one = live.tries.setdefault(key[0], {"number": 1})
        one.setdefault(name, moment)
        one.update({k: v for k, v in facts.items() if v is not None})
        if name == "tool_started" and live.job_id is not None:
            self._emit(
                AttemptStarted(
                    time=moment, job_id=live.job_id, attempt=live.number, node=self._host
                )
            )

    def _holder(self, key: Key) -> _Live | None:
        """Return the attempt that holds a job's notes: its own, or its group's."""
        if key in self._live:
            return self._live[key]
        group = self._group_of.get(key[0]) if isinstance(key[0], int) else None
        return self._live.get((group, key[1])) if group is not None else None

    def _on_job_error(
        self,
        moment: clock.Micros,
        job_id: int,
        message: str | None = None,
        external_jobid: str | None = None,
    ) -> None:
        if self.run.wrapped:  # the executor itself has told, without what Snakemake adds
            return
        live = self._live.get((job_id, self._last_number.get(job_id, 0)))
        if live is not None:
            live.message = message
            live.external_jobid = external_jobid
        if not self._hears_ends:
            self._ended_unwrapped(job_id, moment, "failed")

    def _on_job_finished(self, moment: clock.Micros, job_id: int) -> None:
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

    def _on_finished(
        self, moment: clock.Micros, key: Key, status: str, submission: str | None
    ) -> None:
        live = self._open(*key)
        live.stamps["finished"] = moment
        live.submission = live.submission or submission
        self._end(live, status)

    def _end(self, live: _Live, status: str) -> None:
        """Fold the node's report in, write the attempt's end, and its members'."""
        self._live.pop(live.key, None)
        if status == "failed":
            live.message = live.message or self._said_about(live)
        if status == "success":
            self._last_success = max(self._last_success, live.stamps["finished"])
        if live.submission is not None and self._reports is not None:
            report = self._reports.read(live.submission)
            self._take_report(live, report)
            if report.complete:
                self._reports.remove(live.submission)
            else:
                self._late[live.key] = live
        self._write_end(live, status, revises=False)

    def _said_about(self, live: _Live) -> str | None:
        """Return the error that Snakemake printed about a job whose tool had not failed."""
        job = self.run.jobs.get(live.job_id) if live.job_id is not None else None
        reported = live.stamps.get("reported")
        if job is None or reported is None:
            return None
        for moment, text in reversed(self._errors):
            if moment >= reported and f"rule {job.rule} " in text and f"Job {job.job_id} " in text:
                return text
        return None

    def _take_report(self, live: _Live, report: NodeReport) -> None:
        live.node_started = report.started
        live.levels = report.levels
        live.notes = [report.problem] if report.problem else []

    def _write_end(self, live: _Live, status: str, *, revises: bool) -> None:
        levels = (*self._main_level(live), *live.levels)
        tries = [one for level in levels for one in level.tries if one.tool_started is not None]
        if status == "success" and tries and all(one.status == "cached" for one in tries):
            status = "cached"
        if status == "success" and any(
            one.get("status") == "cached" for one in live.tries.values()
        ):
            status = "cached"
        last = tries[-1] if tries else None
        code = last.exit_code if last is not None and live.job_id is not None else None
        draft = Attempt(
            live.job_id,
            live.group,
            live.number,
            status=status,
            stamps=self._stamps(live),
            waits=tuple(live.waits),
            node_started=live.node_started,
            levels=levels,
        )
        laid = self.run.lay(draft)
        draft.segments = laid.segments
        event = AttemptFinished(
            time=live.stamps["finished"],
            job_id=live.job_id,
            group=live.group,
            attempt=live.number,
            status=status,
            external_jobid=live.external_jobid,
            node=laid.node,
            exit_code=code,
            signal=-code if code is not None and code < 0 else None,
            message=live.message or next((one.message for one in tries[::-1] if one.message), None),
            stamps=draft.stamps,
            waits=draft.waits,
            node_started=live.node_started,
            levels=levels,
            phases_s=seconds(draft.phases),
            offset=laid.offset,
            unobserved=tuple(dict.fromkeys((*laid.unobserved, *live.notes))),
            revises=revises,
        )
        live.written = event
        self._emit(event)
        if live.group is not None:
            self._write_members(live, event)

    def _write_members(self, live: _Live, whole: AttemptFinished) -> None:
        for job_id in self.run.members(live.group or ""):
            job = self.run.jobs.get(job_id)
            levels = tuple(_only(level, job) for level in whole.levels if job is not None)
            levels = tuple(level for level in levels if level.tries)
            tries = [one for level in levels for one in level.tries]
            draft = Attempt(
                job_id,
                live.group,
                live.number,
                stamps=Stamps(finished=whole.stamps.finished),
                levels=levels,
                offset=whole.offset,
            )
            laid = self.run.lay(draft)
            draft.segments = laid.segments
            status = _member_status(whole.status, tries)
            code = tries[-1].exit_code if tries else None
            self._emit(
                AttemptFinished(
                    time=whole.time,
                    job_id=job_id,
                    group=live.group,
                    attempt=live.number,
                    status=status,
                    external_jobid=whole.external_jobid,
                    node=laid.node or whole.node,
                    exit_code=code,
                    signal=-code if code is not None and code < 0 else None,
                    message=tries[-1].message if tries else None,
                    stamps=draft.stamps,
                    levels=levels,
                    phases_s=seconds(draft.phases),
                    offset=whole.offset,
                    unobserved=tuple(laid.unobserved),
                    revises=whole.revises,
                )
            )

    def _main_level(self, live: _Live) -> tuple[Level, ...]:
        """Return the main process as a level, where it ran the tool itself."""
        if not live.tries:
            return ()
        tries = []
        for job_id, one in live.tries.items():
            job = self.run.jobs.get(job_id)
            known = {"rule": job.rule, "wildcards": job.wildcards} if job is not None else {}
            tries.append(Try(**{**known, **one}))
        return (
            Level(
                clock="main",
                host=self._host,
                pid=os.getpid(),
                wraps="local",
                in_main=True,
                tries=tuple(tries),
            ),
        )

    def _stamps(self, live: _Live) -> Stamps:
        known: dict[str, clock.Micros] = dict(live.stamps)
        selected = known.get("selected")
        ready = self.run.ready_at(live.key)
        if ready is not None and selected is not None:
            known["ready"] = min(ready, selected)
        return Stamps(**known)

    # -- the end ---------------------------------------------------------------------------

    def _on_finish(self, moment: clock.Micros) -> None:
        cancelled = "interrupted" in self._flags
        for live in list(self._live.values()):
            live.stamps["finished"] = moment
            self._end(live, "cancelled" if cancelled or self._last_error else "lost")
        for live in self._late.values():
            self._look_again(live)
        if self._planning_since is not None:
            self._planned(moment)
        self.run.last_moment = max(self.run.last_moment, moment)
        draft = RunFinished(time=moment, status="success", job_account=_NOTHING, makespan=_NOTHING)
        self.run.finished = draft
        accounts = account(self.run)
        status = self._status()
        final = RunFinished(
            time=moment,
            status=status,
            makespan_s=clock.to_seconds(accounts.makespan),
            job_account=_totals(accounts.jobs_by_class, accounts.jobs_by_phase),
            makespan=_totals(accounts.makespan_by_class, accounts.makespan_by_phase),
            job_count=accounts.job_count,
            attempt_count=accounts.attempt_count,
            failed_attempts=accounts.failed_attempts,
            observer_cpu_s=round(time.thread_time(), 6),
        )
        self._emit(final)
        if self._writer is not None:
            if not self._writer.still_there():
                self._fault(f"{self._writer.path}: removed or replaced while the run went on")
            elif not self._lost:
                self._answer = f"{_answer(status, accounts)} → {self._shown(self._writer.path)}"

    def _shown(self, path: Path) -> str:
        try:
            return str(path.relative_to(self._workdir))
        except ValueError:
            return str(path)

    def _look_again(self, live: _Live) -> None:
        """Fold in what came late, and clear away what was left."""
        if self._reports is None or live.submission is None or live.written is None:
            return
        report = self._reports.read(live.submission)
        if (report.started, report.levels) != (live.node_started, live.levels):
            self._take_report(live, report)
            self._write_end(live, live.written.status, revises=True)
        self._reports.remove(live.submission)

    def _status(self) -> str:
        kind = self._facts.get("kind")
        if self._flags & {"interrupted", "terminated"}:
            return "interrupted"
        if self._failed():
            return "failed"
        if kind == "dry_run":
            return "dry_run"
        return "nothing_to_do" if "nothing_to_do" in self._flags else "success"

    def _failed(self) -> bool:
        """Whether a job failed for good, or an error came that no later success mended."""
        latest: dict[int | str, Attempt] = {}
        for attempt in self.run.attempts.values():
            latest[attempt.key[0]] = attempt
        if any(attempt.status in ("failed", "cancelled") for attempt in latest.values()):
            return True
        return self._last_error > self._last_success or "failed" in self._flags


_NOTHING: Final = AccountTotals(by_class_s={}, by_phase_s={})
_recorded: list[bool] = []


def _recorded_before() -> bool:
    """Whether an earlier run of this process was recorded: only the first begins with it."""
    before = bool(_recorded)
    _recorded.append(True)
    return before


def _totals(by_class: dict[str, clock.Micros], by_phase: dict[str, clock.Micros]) -> AccountTotals:
    return AccountTotals(by_class_s=seconds(by_class), by_phase_s=seconds(by_phase))


def _only(level: Level, job: JobDescribed | None) -> Level:
    """Return *level* with nothing but *job*'s tries."""
    tries = tuple(
        one
        for one in level.tries
        if job is not None and one.rule == job.rule and one.wildcards == job.wildcards
    )
    return level.model_copy(update={"tries": tries, "waits": ()})


def _member_status(whole: str, tries: list[Try]) -> str:
    """Return a member's status: its own tool's where it is known, else its group's."""
    if tries and tries[-1].status in ("success", "failed", "cached"):
        return tries[-1].status
    return whole


def _command() -> tuple[str, ...]:
    import sys

    return tuple(sys.argv)


def _user() -> str | None:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def _answer(status: str, accounts: Account) -> str:
    """Return the run in a few words: ``success in 12.3 s: compute 61 %, planning 30 %``."""
    if not accounts.makespan:
        return status
    classes = sorted(accounts.makespan_by_class.items(), key=lambda item: -item[1])
    shares = [
        f"{name} {100 * micros / accounts.makespan:.0f} %"
        for name, micros in classes[:3]
        if name in CLASSES and micros >= accounts.makespan / 200
    ]
    return f"{status} in {accounts.makespan / 1_000_000:.1f} s: {', '.join(shares)}"
