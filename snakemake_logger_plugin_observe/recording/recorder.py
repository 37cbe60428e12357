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
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.console import sentence
from snakemake_logger_plugin_observe.journal.events import Event, FileSystem, Gap, RunStarted
from snakemake_logger_plugin_observe.journal.files import SUBFOLDER, JournalWriter, to_line
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.recording import filesystem_probe
from snakemake_logger_plugin_observe.recording.attempts import AttemptTracker
from snakemake_logger_plugin_observe.recording.background import beside
from snakemake_logger_plugin_observe.recording.log_records import Note
from snakemake_logger_plugin_observe.recording.options import JournalSettings
from snakemake_logger_plugin_observe.recording.output_checksums import OutputsWatch
from snakemake_logger_plugin_observe.recording.provenance import look_up
from snakemake_logger_plugin_observe.recording.run_events import Course
from snakemake_logger_plugin_observe.recording.slurm_lookup import ask_about_allocation
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.segments import Segment

Listener = Callable[[Event, Run, Callable[[str], str]], None]
"""Told each event of the run so far, and how to mask a text, on the recorder's thread."""

_PATIENCE_S: Final = 10.0
_BREATH_S: Final = 0.05
_A_MOMENT_S: Final = 1.0


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
        allocation: str | None = None,
        sources: tuple[str, ...] = (),
    ) -> None:
        """Begin to record.

        Args:
            settings: where and how the journal is written.
            fault: told in one line what went wrong, as often as it does.
            secrets: texts that must not reach the journal.
            workdir: the run's working directory.
            started: when the workflow started.
            facts: fields of ``RunStarted`` that are known already.
            allocation: the id of the Slurm job that Snakemake itself runs in, if it does.
            sources: the local texts that the workflow is made of.

        """
        self.run_id = uuid.uuid4().hex
        self.run = Run()
        self._settings = settings
        self._outputs: OutputsWatch | None = None
        if settings.outputs != "off" and facts.get("kind") != "dry_run":
            self._outputs = OutputsWatch(workdir, sums=settings.outputs == "checksums")
        self._attempts = AttemptTracker(
            self.run,
            workdir,
            self._emit,
            commands=settings.commands,
            outputs=None if self._outputs is None else (self._outputs, self.put),
        )
        self._course = Course(self.run, self._attempts, self._emit, started=started, facts=facts)
        self._fault = fault
        self._mask = Masker(secrets, settings.mask, commands=settings.commands)
        self._workdir = workdir
        self._started = started
        self._facts = dict(facts)
        self._allocation = allocation
        self._sources = sources
        self._writer: JournalWriter | None = None
        self._lost = 0
        self._answer: str | None = None
        self._listener: Listener | None = None
        self._dead = False
        self._hurry = threading.Event()
        self._over = False
        self._looked_up: threading.Event | None = None
        self._queue: queue.SimpleQueue[Note] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._has_a_thread = beside(self._work, "observe-recorder")

    @property
    def folder(self) -> Path:
        """The folder in the working directory that holds what this project writes there."""
        return self._workdir / SUBFOLDER

    def put(self, note: Note) -> None:
        """Take a note from any thread; returns at once."""
        if self._dead:
            return
        self._queue.put(note)
        if note.kind == "finished" and note.facts.get("status") == "failed":
            self._hurry.set()  # to read its log before its next attempt writes it anew

    def finish(self, moment: clock.Micros) -> str | None:
        """End the journal with *moment* as the run's end; return the answer in one line.

        Waits for the file system for some seconds at most, and for sums that were asked for as
        long as they get on.
        """
        self._course.hurry(_PATIENCE_S / 2)
        self._queue.put(Note("finish", moment))
        self._hurry.set()
        if not self._has_a_thread:
            self._work()
        self._ended.wait(_PATIENCE_S)
        while self._outputs is not None and self._outputs.moves(_PATIENCE_S):
            if self._ended.wait(1.0):
                break
        if not self._ended.is_set():
            self._fault("the journal's file system does not answer; the journal ends early")
            return None
        return self._answer

    # -- the recorder's own thread ---------------------------------------------------------

    def _work(self) -> None:
        try:
            self._guarded(Note("begin", self._started))
            while not self._over:
                self._take_in()
        except BaseException as fault:  # whatever it is, it must not be silent
            self._dead = True
            self._fault(f"the journal ends early, the run goes on: {sentence(fault)}")
        finally:
            if self._writer is not None:
                self._writer.close()
            self._ended.set()

    def _take_in(self) -> None:
        """Take in a burst of notes, and wait a breath for the next one."""
        note = self._queue.get()
        self._guarded(Note("clock_look", note.time))
        self._guarded(note)
        while not (self._over or self._queue.empty()):
            self._guarded(self._queue.get())
        if not self._over and self._listener is None:
            # Notes come in bursts: to wake for each would cost more than to take it.
            self._hurry.wait(_BREATH_S)
            self._hurry.clear()

    def _guarded(self, note: Note) -> None:
        try:
            handler = getattr(self, f"_on_{note.kind}", None)
            if handler is None:
                taker = self._course if hasattr(self._course, f"on_{note.kind}") else self._attempts
                handler = getattr(taker, f"on_{note.kind}")
            handler(note.time, **note.facts)
        except Exception as fault:
            reason = f"{note.kind}: {sentence(fault)}"
            self._fault(f"a fault of ours, the run goes on: {reason}")
            self._write(Gap(time=note.time, reason=reason, lost=1))

    def _emit(self, event: Any, segments: list[Segment] | None = None) -> None:
        self.run.add(event, segments=segments)
        self._write(event)
        self._tell(event)

    def _on_listening(self, _moment: clock.Micros, listener: Listener) -> None:
        """Others want to hear of every event at once."""
        self._listener = listener

    def _on_all_told(self, _moment: clock.Micros, told: threading.Event) -> None:
        """Somebody waits until all notes so far are through."""
        told.set()

    def _tell(self, event: Event) -> None:
        """Tell the listener, if there is one; a fault of its ends its listening, nothing else."""
        if self._listener is None:
            return
        try:
            self._listener(event, self.run, self._mask.text)
        except Exception as fault:
            self._listener = None
            reason = sentence(fault)
            self._fault(f"jobs are no longer announced, the run goes on: {reason}")
            self._write(Gap(time=event.time, reason=f"announcing jobs: {reason}"))

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
        except Exception as fault:
            self._lost += 1
            why = getattr(fault, "strerror", None) or sentence(fault)
            self._fault(f"{self._writer.path}: {why}; the run goes on, the journal has a gap")

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
            host=socket.gethostname(),
            boot_id=clock.boot_id(),
            boot_time=clock.boot_time(),
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
        self._measure_file_system(moment, "start")
        self._looked_up = look_up(event.snakefile, self._sources, self._workdir, self.put)
        if self._allocation is not None:
            ask_about_allocation(self._allocation, self._found_allocation)

    def _measure_file_system(self, moment: clock.Micros, when: Literal["start", "end"]) -> None:
        """Time what the working directory's file system takes, where Snakemake has a folder."""
        folder = next((f for f in (self.folder, self.folder.parent) if f.is_dir()), None)
        found = filesystem_probe.measure(folder) if folder is not None else None
        if found is not None:
            self._emit(FileSystem(time=moment, when=when, path=str(folder), **found))

    def _owns_process(self) -> bool:
        return not _recorded_before()

    def _found_allocation(self, moment: clock.Micros, facts: dict[str, Any]) -> None:
        self.put(Note("allocation", moment, facts))

    def _on_fault(self, moment: clock.Micros, reason: str) -> None:
        self._write(Gap(time=moment, reason=reason))

    # -- the end ---------------------------------------------------------------------------

    def _take_outputs(self, moment: clock.Micros) -> None:
        """Wait for what is still being looked at, and take it in."""
        if self._outputs is None:
            return
        if not self._outputs.finish(_PATIENCE_S):
            self._emit(Gap(time=moment, reason="outputs could not be looked at in time"))
        self._take_in_the_rest()

    def _take_in_the_rest(self) -> None:
        while not self._queue.empty():
            self._guarded(self._queue.get())

    def _on_finish(self, moment: clock.Micros) -> None:
        self._over = True
        if self._looked_up is not None and self._looked_up.wait(_A_MOMENT_S):  # git can be slow
            self._take_in_the_rest()
        self._course.take_accounting(moment)
        self._take_outputs(moment)
        self._course.close(moment)
        self._measure_file_system(moment, "end")
        answer = self._course.end(moment)
        if self._writer is not None:
            if not self._writer.still_there():
                self._fault(f"{self._writer.path}: removed or replaced while the run went on")
            elif not self._lost:
                self._answer = f"{answer} → {self._shown(self._writer.path)}"

    def _shown(self, path: Path) -> str:
        try:
            return str(path.relative_to(self._workdir))
        except ValueError:
            return str(path)


_recorded: list[bool] = []


def _recorded_before() -> bool:
    """Whether an earlier run of this process was recorded: only the first begins with it."""
    before = bool(_recorded)
    _recorded.append(True)
    return before


def _command() -> tuple[str, ...]:
    import sys

    return tuple(sys.argv)


def _user() -> str | None:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
