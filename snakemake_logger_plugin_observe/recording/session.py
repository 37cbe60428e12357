"""The session: state that both plugins share in a process, so that they write one journal.

``join_logger`` and ``join_executor`` start it or join it; a run's recorder is made when a workflow
starts, and finished when the next one starts, when Snakemake's API is closed, or at exit.
"""

import atexit
import contextlib
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import asdict

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.console import sentence, warn
from snakemake_logger_plugin_observe.probe import ask, declared_values
from snakemake_logger_plugin_observe.recording import (
    live_objects,
    notes,
    options,
    workflow_sources,
)
from snakemake_logger_plugin_observe.recording.log_listener import LogListener
from snakemake_logger_plugin_observe.recording.unused_flags import without_effect
from snakemake_logger_plugin_observe.recording.workflow_settings import runs_no_workflow

if TYPE_CHECKING:
    from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

    from snakemake_logger_plugin_observe.journal.records import RunKind
    from snakemake_logger_plugin_observe.recording.recorder import Recorder

_MOST_TEXT: Final = 16_000


class Session:
    """State that both plugins share in a process; at most one run is recorded at a time."""

    def __init__(self) -> None:
        """Start listening to Snakemake's logger; no file is made before a workflow starts."""
        self.plugin_loaded = clock.now()
        self.plugins: set[str] = set()
        self.journal = options.JournalSettings()
        self.recorder: Recorder | None = None
        self.wraps: str | None = None
        self.quick_exit = False
        # Read now: the slurm plugin clears such variables from this process when it is made.
        self.allocation = os.environ.get("SLURM_JOB_ID")
        self.args: Any = None
        self._started_in = ask(os.getcwd, "")  # Snakemake leaves it for --directory and workdir:
        self._early: list[notes.LogMessage] = []
        self._declared: dict[str, None] = {}  # values, known from before the workflow starts
        self._in_vain = ""
        self._warned = False
        self._left = False
        self._lock = threading.Lock()
        self._owns_process = _is_snakemakes_own_process()
        self._pid = os.getpid()
        self.listener = LogListener(self)

    @property
    def remote_states_seen(self) -> bool:
        """Whether the run's executor reports its jobs' states itself."""
        return self.listener.remote_states_seen

    # -- notes and faults --------------------------------------------------------------------

    def put(self, note: notes.AnyNote) -> None:
        """Hand *note* to the run's recorder, if there is one; never raises."""
        if self.recorder is not None:
            self.recorder.put(note)

    def record_note(self, note: notes.FromRecord) -> None:
        """Take a note made of a log record; messages are kept until a workflow starts."""
        if isinstance(note, notes.WorkflowStarted):
            self._start_recorder(note)
        elif self.recorder is not None:
            self.recorder.put(note)
        elif isinstance(note, notes.LogMessage):
            if note.level == "error":
                self._know_declared_values()
            self._early.append(note)

    def _know_declared_values(self) -> None:
        """Find what is declared now that an error is printed: the workflow may never start."""
        from snakemake_logger_plugin_observe.journal.declared_names import values_at_an_error

        snakefile = ask(lambda: str(self.args.snakefile) if self.args.snakefile else None)
        self._declared |= dict.fromkeys(values_at_an_error(snakefile))

    def masked(self, text: str, most: int) -> str:
        """Return *text* without secrets, and then without what is more than *most* characters."""
        text = text[: _MOST_TEXT + most]
        return (self.recorder.masked(text) if self.recorder is not None else text)[:most]

    def fault(self, error: BaseException) -> None:
        """Warn about an internal error, once; the run goes on, and the journal gets a gap."""
        self.put(notes.InternalError(clock.now(), sentence(error)))
        self._warn_once(f"internal error, the run goes on: {sentence(error)}")

    def _warn_once(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            warn(text)

    # -- the run -----------------------------------------------------------------------------

    def _start_recorder(self, note: notes.WorkflowStarted) -> None:
        """Make a recorder for the workflow that starts now."""
        from snakemake_logger_plugin_observe.journal.masking import secret_variables
        from snakemake_logger_plugin_observe.recording.recorder import Recorder
        from snakemake_logger_plugin_observe.recording.run_start import RunStart

        self._finish_recorder(clock.now())
        workflow, executor = live_objects.starting_workflow()
        args = live_objects.command_line()
        kind = self._kind(executor, args)
        # Dry runs and --touch use other executors, which are not wrapped.
        wrapped = executor in ("timed", None)
        plugins = self.plugins if wrapped else self.plugins - {"timed"}
        hook_ends = "timed" not in plugins and kind != "dry_run"
        self.listener.follow(workflow, wrapped="timed" in plugins, hook_ends=hook_ends)
        facts = self._facts(note, executor, kind, plugins)
        sources: tuple[str, ...] = ()
        setting_files: tuple[str, ...] = ()
        if workflow is not None:
            quiet = ask(lambda: options.is_quiet(workflow.output_settings), False)
            self.journal.quiet = self.journal.quiet or quiet
            known = live_objects.workflow_facts(workflow, args)
            facts |= {k: v for k, v in known.items() if v not in (None, ())}
            profiles = live_objects.profile_files()
            started_in = self._started_in
            sources = ask(lambda: workflow_sources.paths_of(workflow, profiles, started_in), ())
            setting_files = workflow_sources.setting_files(workflow, profiles, started_in)
        if hook_ends and self.journal.stderr_lines and not self.journal.quiet:
            warn("--logger-observe-stderr keeps nothing without --executor timed")
        self._in_vain = without_effect(args, executor) if kind == "run" else ""
        self.recorder = Recorder(
            self.journal,
            RunStart(
                note.time,
                Path.cwd(),
                facts,
                started_in=Path(self._started_in) if self._started_in else None,
                secrets=(
                    *declared_values(workflow),
                    *self._declared,
                    *secret_variables(os.environ),
                ),
                allocation=self.allocation,
                sources=sources,
                setting_files=setting_files,
            ),
            fault=self._warn_once,
        )
        live_objects.on_api_closed(self._api_closed)
        for early in self._early:
            self.recorder.put(early)
        self._early.clear()

    def _facts(
        self, note: notes.WorkflowStarted, executor: str | None, kind: str, plugins: set[str]
    ) -> dict[str, Any]:
        """Return the fields of ``RunStarted`` that do not come from the workflow."""
        facts: dict[str, Any] = asdict(note)
        facts["workflow_started"] = facts.pop("time")
        return {
            **{name: value for name, value in facts.items() if value is not None},
            "kind": kind,
            "plugins": tuple(sorted(plugins)),
            "executor": executor,
            "wraps": self.wraps if executor == "timed" else None,
            "quick_exit": self.quick_exit if executor == "timed" else None,
            "plugin_loaded": self.plugin_loaded,
        }

    def _kind(self, executor: str | None, args: Any) -> "RunKind":
        if self.journal.dryrun or executor == "dryrun":
            return "dry_run"
        touched = executor == "touch" or bool(ask(lambda: args.touch, False))
        return "touch" if touched else "run"

    def api_closed(self) -> None:
        """Record how the API was left; end the journal, unless that is left to the exit."""
        if current() is not self:
            return
        raised = sys.exc_info()[1]  # the exception that leaves the API's context, if any
        if raised is not None and not self._left:
            self._left = True
            self.record_note(_left_by(raised))
        if not self._owns_process:
            self.end()

    def end_with_process(self) -> None:
        """End the journal at the exit of the process, which may be due to Ctrl-C."""
        interrupted = self._owns_process and getattr(sys, "last_type", None) is KeyboardInterrupt
        if interrupted and not self._left:  # while the Snakefile was read, before 9.21
            self.record_note(_left_by(KeyboardInterrupt()))
        self.end()
        if interrupted:
            _keep_exit_code()

    def _api_closed(self) -> None:
        try:
            self.api_closed()
        except Exception as error:
            self.fault(error)

    def end(self) -> None:
        """End the journal and this session, and print one line about where the time went.

        A process forked off this one inherits the session, but must not end it.
        """
        with self._lock:
            if current() is not self or os.getpid() != self._pid:
                return
            _forget()
        moment = clock.now()
        self.listener.stop()
        try:
            if self.recorder is None and self._early and not runs_no_workflow(self.args):
                self._record_failed_start()
            self._finish_recorder(moment)
        except Exception as error:
            self.fault(error)

    def _record_failed_start(self) -> None:
        """Record a run that ended while its Snakefile was read, before its workflow started."""
        errors = [one for one in self._early if one.level == "error" or one.kind == "exited"]
        if not errors or not (self.journal.folder or Path(".snakemake").is_dir()):
            return  # Snakemake has written nothing here, so neither do we
        self.journal.outputs = "off"  # there are none
        self._start_recorder(notes.WorkflowStarted(errors[0].time))

    def _finish_recorder(self, moment: clock.Micros) -> None:
        recorder, self.recorder = self.recorder, None
        self.listener.unfollow()
        if recorder is None:
            return
        summary = recorder.finish(moment)
        for line in (self._in_vain, summary):
            if line and not self.journal.quiet:
                warn(line)


# -- the process's one session ---------------------------------------------------------------------

_current: Session | None = None


def current() -> Session | None:
    """Return this process's session, if a plugin has joined one."""
    return _current


def join_logger(settings: "LogHandlerSettingsBase | None", common: Any) -> Session:
    """Join as the logger plugin, which decides where and how the journal is written.

    Raises:
        ApiError: if a flag is invalid, or the requested folder cannot be written.

    """
    journal = options.journal_settings(settings, common)
    if _current is not None and "observe" in _current.plugins:
        _current.end()  # an earlier run of the same process that was not closed
    session = _join("observe")
    session.journal = journal
    session.args = live_objects.command_line()
    return session


def join_executor(wraps: str, *, quick_exit: bool = False) -> Session:
    """Join as the executor plugin.

    Args:
        wraps: the name of the executor that it wraps.
        quick_exit: whether processes do not wait for their scheduler's timers at their ends.

    """
    if _current is not None and _current.recorder is not None:
        _current.end()  # an earlier run of the same process that was not closed
    session = _join("timed")
    session.wraps, session.quick_exit = wraps, quick_exit
    return session


def _join(plugin: str) -> Session:
    global _current
    if _current is None:
        clock.anchor()
        _current = Session()
        atexit.register(_at_exit)
    _current.plugins.add(plugin)
    return _current


def _keep_exit_code() -> None:
    """Have Python end by SIGINT, as it does after a Ctrl-C that nothing handled.

    Python forgets that when a text is executed afterwards, as modules do that are loaded late.
    """
    with contextlib.suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")  # noqa: S102 - a constant


def _left_by(raised: BaseException) -> notes.LogMessage:
    """Return a message about the exception that ended Snakemake, which may have logged nothing."""
    moment = clock.now()
    if isinstance(raised, KeyboardInterrupt):
        return notes.LogMessage(moment, "error", "interrupted", "KeyboardInterrupt: Ctrl-C, SIGINT")
    if isinstance(raised, SystemExit):
        level = "error" if raised.code else "warning"
        text = f"SystemExit: sys.exit({raised.code!r}) was called while Snakemake ran"
        return notes.LogMessage(moment, level, "exited", text)
    return notes.LogMessage(moment, "error", "error", sentence(raised))


def _forget() -> None:
    global _current
    _current = None


def _at_exit() -> None:
    if _current is not None:
        _current.end_with_process()


def _is_snakemakes_own_process() -> bool:
    """Whether this process is the ``snakemake`` command, not a program that uses it."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if getattr(spec, "name", None) in ("snakemake.__main__", "snakemake"):
        return True
    return Path(sys.argv[0] or "").name in ("snakemake", "snakemake.exe")
