"""The recorder: turns notes into journal events, on its own thread.

Snakemake's threads only put notes into a queue. Here, they are assigned to attempts, an attempt
that ends is split into its phases, and the run's last event gets both accounts. If the file system
fails or hangs, lines of the journal are lost, but the run goes on.
"""

import contextlib
import getpass
import os
import platform
import queue
import socket
import sys
import threading
import uuid
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, assert_never

from snakemake_logger_plugin_observe import clock, pasting
from snakemake_logger_plugin_observe.console import sentence
from snakemake_logger_plugin_observe.journal.events import (
    AnyEvent,
    AttemptFinished,
    Event,
    FileSystem,
    Gap,
    Heartbeat,
    JobDescribed,
    Message,
    RunStarted,
)
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER
from snakemake_logger_plugin_observe.journal.masking import MASK, Masker
from snakemake_logger_plugin_observe.pasting import harmless
from snakemake_logger_plugin_observe.recording import digest_key, filesystem_probe, notes
from snakemake_logger_plugin_observe.recording.attempts import AttemptTracker
from snakemake_logger_plugin_observe.recording.background import in_background
from snakemake_logger_plugin_observe.recording.digest_key import DigestKey
from snakemake_logger_plugin_observe.recording.event_of import event_of
from snakemake_logger_plugin_observe.recording.input_watch import InputWatch
from snakemake_logger_plugin_observe.recording.journal_output import JournalOutput
from snakemake_logger_plugin_observe.recording.machine import usable_cpus, usable_memory
from snakemake_logger_plugin_observe.recording.options import JournalSettings
from snakemake_logger_plugin_observe.recording.output_checksums import OutputsExaminer
from snakemake_logger_plugin_observe.recording.pause_watch import PauseWatch
from snakemake_logger_plugin_observe.recording.provenance import look_up
from snakemake_logger_plugin_observe.recording.run_events import RunEvents
from snakemake_logger_plugin_observe.recording.run_start import RunStart
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import FAILED, Attempt
from snakemake_logger_plugin_observe.run.model import Run

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.journal.records import OutputFile
    from snakemake_logger_plugin_observe.recording.notifier import Notifier

_PATIENCE_S: Final = 10.0
_BATCH_S: Final = 0.2
_AWAKE_S: Final = 1.0
_LOOKUP_PATIENCE_S: Final = 1.0
_HEARTBEAT_S: Final = 15.0
_NAMED_IN_FLIGHT: Final = 20
_ONLY_WRITTEN: Final = frozenset({"submitted"})
"""The kinds of messages that there are as many of as jobs, and that its end says nothing of."""


class Recorder:
    """Records one run; made when its workflow starts, finished when the run ends."""

    def __init__(
        self, settings: JournalSettings, start: RunStart, *, fault: Callable[[str], None]
    ) -> None:
        """Start recording.

        Args:
            settings: where and how the journal is written.
            start: what is known of the run.
            fault: called with one line each time that something goes wrong.

        """
        self.run_id = uuid.uuid4().hex
        self.run = Run()
        self._settings, self._run_start, self._fault = settings, start, fault
        self._mask = Masker(start.secrets, settings.mask, commands=settings.commands)
        self._digest_key = DigestKey()
        self._outputs: OutputsExaminer | None = None
        if settings.outputs != "off" and start.kind != "dry_run":
            self._outputs = OutputsExaminer(start.workdir, sums=settings.outputs == "checksums")
        self._inputs: InputWatch | None = None
        if start.kind == "run":
            self._inputs = InputWatch(start.workdir, self._inputs_changed)
        self._attempts = AttemptTracker(
            self.run,
            start.workdir,
            self._emit,
            mask=self._mask,
            keyed=self._keyed,
            commands=settings.commands,
            examine_outputs=self._examine_outputs,
            inputs=self._inputs,
        )
        self._run_events = RunEvents(
            self.run,
            self._attempts,
            self._emit,
            mask=self._mask,
            started=start.time,
            facts=start.facts,
        )
        wanted = settings.notify and start.kind != "dry_run"
        self._notifier = _notifier(settings.notify, fault) if wanted else None
        self._journal = JournalOutput(self._mask, fault)
        self._summary: str | None = None
        self._left_out: set[str] = set()
        self._listener: notes.Listener | None = None
        self._dead = False
        self._hurry = threading.Event()
        self._over = False
        self._provenance_known: threading.Event | None = None
        self._pauses = PauseWatch()
        self._queue: queue.SimpleQueue[notes.AnyNote] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._has_a_thread = in_background(self._work, "observe-recorder")

    @property
    def folder(self) -> Path:
        """The folder in the working directory for everything that this project writes there."""
        return self._run_start.workdir / SUBFOLDER

    @property
    def waiting(self) -> int:
        """How many notes are not handled yet."""
        return self._queue.qsize()

    def put(self, note: notes.AnyNote) -> None:
        """Take a note from any thread; returns at once."""
        if self._dead:
            return
        self._queue.put(note)
        failed = isinstance(note, notes.Finished) and note.status == "failed"
        if failed or isinstance(note, notes.Drain):
            self._hurry.set()  # a log is read before the next attempt overwrites it

    def masked(self, text: str) -> str:
        """Return *text* without secrets; from any thread, before it is cut."""
        return self._mask.text(text)

    def finish(self, moment: clock.Micros) -> str | None:
        """End the journal with *moment* as the run's end; return a summary of the run in one line.

        Waits a few seconds at most for the file system, and for requested checksums as long as
        they make progress.
        """
        try:
            return self._finish(moment)
        finally:
            if self._notifier is not None:
                self._notifier.run_ended()

    def _finish(self, moment: clock.Micros) -> str | None:
        self._run_events.hurry(_PATIENCE_S / 2)
        self._queue.put(notes.RunEnded(moment))
        self._hurry.set()
        if not self._has_a_thread:
            self._work()
        self._ended.wait(_PATIENCE_S)
        while self._outputs is not None and self._outputs.progresses(_PATIENCE_S):
            if self._ended.wait(1.0):
                break
        if not self._ended.is_set():
            self._fault("the journal's file system does not answer; the journal ends early")
            return None
        return self._summary

    # -- the recorder's own thread ---------------------------------------------------------

    def _work(self) -> None:
        try:
            self._take(notes.RecordingStarted(self._run_start.time))
            while not self._over:
                self._take_batch()
        except BaseException as error:  # the thread must not end silently, whatever it is
            self._dead = True
            self._fault(f"the journal ends early, the run goes on: {sentence(error)}")
        finally:
            self._journal.close()
            self._ended.set()

    def _take_batch(self) -> None:
        """Handle the queued notes, and batch the next ones for a fifth of a second."""
        note = self._next_note()
        self._take(notes.ClockCheck(note.time))
        self._take(note)
        while not (self._over or self._queue.empty()):
            self._take(self._queue.get())
        self._journal.flush()
        if self._notifier is not None:
            self._notifier.journal_written()
        if not self._over and self._listener is None:
            # Notes come in bursts: waking for each would cost more than handling it.
            self._pauses.begin()
            self._hurry.wait(_BATCH_S)
            self._hurry.clear()
            self._record_pause(_BATCH_S)

    def _next_note(self) -> notes.AnyNote:
        """Wait for a note, and look once a second whether the process still runs.

        A heartbeat is written if nothing else was for a while.
        """
        while True:
            quiet_s = self._journal.until_quiet_for(_HEARTBEAT_S)
            wait_s = _AWAKE_S if quiet_s is None else min(_AWAKE_S, quiet_s)
            self._journal.flush()
            self._pauses.begin()
            note = None
            with contextlib.suppress(queue.Empty):
                note = self._queue.get(timeout=wait_s)
            self._record_pause(wait_s)
            if note is not None:
                return note
            if self._journal.until_quiet_for(_HEARTBEAT_S) == 0:
                self._emit_heartbeat()

    def _record_pause(self, waited_s: float) -> None:
        """Record if the process did not run while this thread meant to wait for *waited_s*."""
        pause = self._pauses.end(clock.from_seconds(waited_s))
        if pause is not None:
            suspended_s = clock.to_seconds(pause.suspended) if pause.suspended else None
            self._take(notes.MainPaused(pause.start, pause.end, suspended_s))

    def _emit_heartbeat(self) -> None:
        """Write that the run lives, and some of what is in flight: there may be a million jobs."""
        keys = self._attempts.in_flight
        first = tuple(islice(keys, _NAMED_IN_FLIGHT))
        self._emit(Heartbeat(time=clock.now(), in_flight=len(keys), attempts=first))

    def _take(self, note: notes.AnyNote) -> None:
        try:
            self._dispatch(note)
        except Exception as error:
            reason = f"{type(note).__name__}: {sentence(error)}"
            self._fault(f"internal error, the run goes on: {reason}")
            self._journal.write(Gap(time=note.time, reason=reason, lost=1))

    def _dispatch(self, note: notes.AnyNote) -> None:  # noqa: PLR0915 - one case for each kind
        """Call the method for the kind of *note*; the most frequent kinds come first."""
        match note:
            case notes.JobInfo():
                self._attempts.job_info(note)
            case notes.Selected():
                self._attempts.selected(note)
            case notes.Accepted():
                self._attempts.accepted(note)
            case notes.ExecutionStages():
                self._attempts.execution_stages(note)
            case notes.FilesWait():
                self._attempts.files_wait(note)
            case notes.Finished():
                self._attempts.finished(note)
            case notes.IterationEnded():
                self._run_events.iteration_ended(note)
            case notes.ClockCheck():
                self._run_events.check_clock(note.time)
            case notes.MainPaused():
                self._run_events.paused(note)
            case notes.LogMessage():
                self._run_events.message(note)
            case notes.SeenOnNode():
                self._attempts.seen_on_node(note)
            case notes.RemoteState():
                self._attempts.remote_state(note)
            case notes.OutputsFound():
                self._attempts.outputs_found(note)
            case notes.InputsFoundChanged():
                self._attempts.inputs_changed(note)
            case notes.JobEndLogged():
                self._attempts.job_end_logged(note)
            case notes.JobErrorLogged():
                self._attempts.job_error_logged(note)
            case notes.GroupInfo():
                self._attempts.group_info(note)
            case notes.StampsTaken():
                self._attempts.stamps_taken(note)
            case notes.ExecutorTimed():
                self._attempts.executor_timed(note)
            case notes.EndsHooked():
                self._attempts.ends_hooked()
            case notes.DagReady():
                self._run_events.dag_ready(note.time)
            case notes.DagCounts():
                self._run_events.dag_counts(note)
            case notes.JobsBlocked():
                self._run_events.jobs_blocked(note)
            case notes.RunPhaseEnded():
                self._run_events.phase_ended(note)
            case notes.WakeDecided():
                self._run_events.wake_decided(note)
            case notes.CheckedEarly():
                self._run_events.checked_early(note)
            case notes.ChecksMade():
                self._run_events.checks_made(note)
            case notes.SourcesFound():
                self._run_events.sources_found(note)
            case notes.AllocationFound():
                self._run_events.allocation_found(note)
            case notes.AccountingWanted():
                self._run_events.accounting_wanted()
            case notes.InternalError():
                self._journal.write(Gap(time=note.time, reason=note.reason))
            case notes.ListenerAdded():
                self._listener = note.listener
            case notes.Drain():
                self._journal.flush()
                note.done.set()
            case notes.RecordingStarted():
                self._start(note.time)
            case notes.RunEnded():
                self._end(note.time)
            case notes.WorkflowStarted():
                pass  # the session makes a recorder when it sees one
            case _:
                assert_never(note)

    def _emit(self, event: AnyEvent, attempt: Attempt | None = None) -> None:
        if not (isinstance(event, Message) and event.kind in _ONLY_WRITTEN):
            fold.add(self.run, event, attempt=attempt)
        self._journal.write(event)
        if self._notifier is not None and isinstance(event, AttemptFinished):
            self._notifier.ended_attempt(self.run, event)
        if event.left_out:
            self._report_left_out(event)
        self._call_listener(event)

    def _report_left_out(self, event: Event) -> None:
        """Write why fields of *event* are missing, once for each field of an event's kind."""
        for text in event.left_out:
            field = f"{event.event}.{text.partition(':')[0]}"
            if field not in self._left_out:
                self._left_out.add(field)
                why = f"{event.event}: a value that does not fit is left out: {text}"
                self._emit(Message(time=event.time, level="info", kind="left_out", text=why))

    def _call_listener(self, event: Event) -> None:
        """Call the listener, if there is one; after an error in it, it is not called again."""
        if self._listener is None:
            return
        try:
            self._listener(event, self.run, self._mask.text)
        except Exception as error:
            self._listener = None
            reason = sentence(error)
            self._fault(f"jobs are no longer announced, the run goes on: {reason}")
            self._journal.write(Gap(time=event.time, reason=f"announcing jobs: {reason}"))

    # -- the run ---------------------------------------------------------------------------

    def _start(self, moment: clock.Micros) -> None:
        import snakemake

        from snakemake_logger_plugin_observe import __version__

        process_started = None if _recorded_before() else clock.process_started()
        folder = self._settings.folder or self.folder
        self._journal.open(folder, self.run_id, process_started or moment, self._settings.mode)
        if self._notifier is not None:
            self._notifier.start(self._journal.path, self._run_start.workdir)
        self._digest_key = digest_key.load(folder)
        event = event_of(
            RunStarted,
            time=moment,
            run_id=self.run_id,
            observe_version=__version__,
            snakemake_version=str(snakemake.__version__),
            python_version=platform.python_version(),
            host=socket.gethostname(),
            boot_id=clock.boot_id(),
            boot_time=clock.boot_time(),
            cpus=usable_cpus(),
            memory_bytes=usable_memory(),
            pid=os.getpid(),
            process_started=process_started,
            workdir=str(self._run_start.workdir),
            command=self._mask.arguments(tuple(sys.argv)),
            tags=self._settings.tags,
            **{"platform": platform.platform(), "user": _user(), **self._keyed_facts()},
        )
        self._emit(event)
        self._measure_file_system(moment, "start")
        self._provenance_known = look_up(
            event.snakefile,
            self._run_start.sources,
            self._run_start.workdir,
            self.put,
            self._keyed_file,
        )
        if self._run_start.allocation is not None:
            from snakemake_logger_plugin_observe.recording.slurm_lookup import look_up_allocation

            look_up_allocation(self._run_start.allocation, self.put)

    def _keyed(self, digest: str) -> str:
        return self._digest_key.of(digest)

    def _keyed_file(self, path: str, digest: str) -> str:
        """Return the digest of a workflow's file, with this folder's key if it holds settings."""
        return self._keyed(digest) if path in self._run_start.setting_files else digest

    def _keyed_facts(self) -> dict[str, Any]:
        """Return what is known of the run; digests of the config with this folder's key."""
        facts = dict(self._run_start.facts)
        if (digest := facts.get("config_digest")) is not None:
            facts["config_digest"] = self._keyed(digest)
        facts["config_keys"] = {
            name: digest if digest == MASK else self._digest_key.short(digest)
            for name, digest in (facts.get("config_keys") or {}).items()
        }
        return facts

    def _measure_file_system(self, moment: clock.Micros, when: Literal["start", "end"]) -> None:
        """Time metadata operations in the working directory, if Snakemake has a folder there."""
        workdir = self._run_start.workdir
        folder = next((f for f in (self.folder, self.folder.parent) if f.is_dir()), None)
        latency = (
            filesystem_probe.measure(workdir, folder.relative_to(workdir))
            if folder is not None
            else None
        )
        if latency is not None:
            event = FileSystem(
                time=moment,
                when=when,
                path=str(folder),
                create_s=latency.create_s,
                stat_s=latency.stat_s,
                remove_s=latency.remove_s,
            )
            self._emit(event)

    def _examine_outputs(self, job: JobDescribed, attempt: Attempt) -> None:
        """Examine a succeeded job's outputs in the background, if the user requested it."""
        if self._outputs is None or not job.output:
            return
        group, number = attempt.group, attempt.number

        def receive(files: "tuple[OutputFile, ...]") -> None:
            self.put(notes.OutputsFound(clock.now(), job.job_id, group, number, files))

        self._outputs.examine(job.output, receive)

    def _inputs_changed(self, *found: Any) -> None:
        """Take which inputs were changed while an attempt went on, from the thread that looked."""
        self.put(notes.InputsFoundChanged(clock.now(), *found))

    # -- the end ---------------------------------------------------------------------------

    def _end(self, moment: clock.Micros) -> None:
        self._over = True
        known = self._provenance_known
        if known is not None and known.wait(_LOOKUP_PATIENCE_S):  # git can be slow
            self._take_remaining()
        if self._inputs is not None:
            self._inputs.finish(_LOOKUP_PATIENCE_S)
            self._take_remaining()
        self._take_outputs(moment)
        self._run_events.close(moment)
        self._run_events.write_accounting(moment)  # an attempt's end comes before its record
        self._measure_file_system(moment, "end")
        summary = self._run_events.end(moment, self._journal.next_begins_at)
        if (path := self._journal.complete_path()) is not None:
            shown = harmless(self._mask.text(summary))
            self._summary = f"{shown} → {self._next(path)}"

    def _take_outputs(self, moment: clock.Micros) -> None:
        """Wait for outputs that are still being examined, and write what was found."""
        if self._outputs is None:
            return
        if not self._outputs.finish(_PATIENCE_S):
            self._emit(Gap(time=moment, reason="outputs could not be examined in time"))
        self._take_remaining()

    def _take_remaining(self) -> None:
        """Take notes that came after the one that ended the run."""
        while not self._queue.empty():
            self._take(self._queue.get())

    def _next(self, path: Path) -> str:
        """Return the journal's path from where Snakemake was started; of failures, the command."""
        try:
            shown = str(path.relative_to(self._run_start.started_in or self._run_start.workdir))
        except ValueError:
            shown = str(path)
        if not any(attempt.status in FAILED for attempt in self.run.attempts.values()):
            return harmless(shown)
        found_by_itself = Path(shown).parent == SUBFOLDER
        named = () if found_by_itself else (pasting.path(shown),)
        return pasting.command("snakemake-observe", "jobs", "--failed", *named).commented


def _notifier(command: str, fault: Callable[[str], None]) -> "Notifier":
    from snakemake_logger_plugin_observe.recording.notifier import Notifier

    return Notifier(command, fault)


_recorded: list[bool] = []


def _recorded_before() -> bool:
    """Whether an earlier run of this process was recorded: only the first starts with it."""
    before = bool(_recorded)
    _recorded.append(True)
    return before


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
