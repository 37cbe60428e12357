"""One process's share of observing: which plugins are there, and the recorder of the run.

Both plugins join the same session, so that together they write one journal. An ear on Snakemake's
logger hears every record in the thread that speaks it, where live jobs can still be asked.
"""

import atexit
import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.console import SNAKEMAKE_LOGGER, sentence, warn
from snakemake_logger_plugin_observe.recording import (
    dag_counts,
    job_ends,
    live_objects,
    log_records,
    options,
    workflow_sources,
)
from snakemake_logger_plugin_observe.recording.probe import ask

if TYPE_CHECKING:
    from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

    from snakemake_logger_plugin_observe.recording.recorder import Recorder

SWITCH: Final = "SNAKEMAKE_OBSERVE"
_HEARD: Final = "_observe_heard"
_NO_RUN: Final = (
    *("unlock", "summary", "detailed_summary", "list_changes", "list_input_changes"),
    *("list_params_changes", "list_untracked", "list_rules", "list_target_rules", "lint"),
    *("dag", "rulegraph", "filegraph", "d3dag", "report", "archive", "delete_all_output"),
    *("delete_temp_output", "cleanup_metadata", "cleanup_shadow", "conda_cleanup_envs"),
    *("conda_create_envs_only", "list_conda_envs", "container_cleanup_images", "containerize"),
    *("generate_unit_tests", "print_compilation", "deploy_sources"),
)


def switched_on() -> bool:
    """Return whether ``SNAKEMAKE_OBSERVE`` lets the plugins observe."""
    return os.environ.get(SWITCH, "").lower() not in ("off", "0", "no", "false")


def is_utility(args: Any) -> bool:
    """Return whether the command line *args* asks for something else than a run."""
    return any(getattr(args, name, None) for name in _NO_RUN)


class _Ear(logging.Filter):
    """Lets every record pass, and hears it on the way."""

    def __init__(self, session: "Session") -> None:
        super().__init__()
        self._session = session

    def filter(self, record: logging.LogRecord) -> bool:
        if not hasattr(record, _HEARD):
            setattr(record, _HEARD, True)
            self._session.hear(record)
        return True


class Session:
    """What both plugins share in one process; at most one run is recorded at a time."""

    def __init__(self) -> None:
        """Begin to listen; no file is made before a workflow starts."""
        self.plugin_loaded = clock.now()
        self.plugins: set[str] = set()
        self.journal = options.JournalSettings()
        self.recorder: Recorder | None = None
        self.wraps: str | None = None
        # Read now: the slurm plugin clears such variables from this process when it is made.
        self.allocation = os.environ.get("SLURM_JOB_ID")
        self.executor_tells_states = False
        self._began_in = ask(os.getcwd, "")  # Snakemake leaves it for --directory and workdir:
        self._early: list[log_records.Note] = []
        self._workflow: Any = None
        self._hears_ends = False
        self._planning_only = False
        self._at_work: set[str] = set()
        self._warned = False
        self._lock = threading.Lock()
        self._of_the_command = _is_snakemakes_own_process()
        self._pid = os.getpid()
        self._logger = logging.getLogger(SNAKEMAKE_LOGGER)
        self._ear = _Ear(self)
        self._logger.addFilter(self._ear)
        self.args: Any = None

    def hear(self, record: logging.LogRecord) -> None:
        """Note what *record* says, in the thread that says it; never raises.

        A process forked off this one has no recorder's thread: what it says goes no further.
        """
        try:
            if os.getpid() != self._pid:
                return
            noted = self._asked(record) or log_records.note(record)
            if noted is not None:
                self._noted(noted)
            self._told_state(record)
            if self._workflow is not None and log_records.is_planned(record):
                self._planned(log_records.moment_of(record))
        except Exception as fault:
            self.fault(fault)

    def take(self, record: logging.LogRecord) -> None:
        """Note what *record* says, unless the ear heard it before; never raises."""
        if hasattr(record, _HEARD):
            return
        try:
            noted = log_records.note(record)
            if noted is not None:
                self._noted(noted)
            self._told_state(record)
        except Exception as fault:
            self.fault(fault)

    @staticmethod
    def spare(record: logging.LogRecord) -> None:
        """Mark *record*, one of our own for other listeners, as one that tells us nothing."""
        setattr(record, _HEARD, True)

    def put(self, kind: str, time: clock.Micros, /, **facts: Any) -> None:
        """Hand a stamp of the executor's to the recorder; never raises."""
        if self.recorder is not None:
            self.recorder.put(log_records.Note(kind, time, facts))

    def fault(self, fault: BaseException) -> None:
        """Warn of a fault of ours, once; the run goes on, and the journal tells the gap."""
        if self.recorder is not None:
            self.recorder.put(log_records.Note("fault", clock.now(), {"reason": sentence(fault)}))
        if not self._warned:
            self._warned = True
            warn(f"a fault of ours, the run goes on: {sentence(fault)}")

    def _asked(self, record: logging.LogRecord) -> log_records.Note | None:
        """Return what the job or group that speaks in *record* tells when it is asked itself."""
        if not log_records.is_about_a_job(record):
            return None
        job = live_objects.speaking_job()
        if job is None:
            return None
        self._hear_ends(job)
        moment = log_records.moment_of(record)
        if job.is_group():
            return log_records.Note("group", moment, live_objects.group_facts(job))
        return log_records.Note(
            "job", moment, live_objects.job_facts(job, log_records.said_of_job(record))
        )

    def _told_state(self, record: logging.LogRecord) -> None:
        """Note the state that an executor itself tells of a job."""
        if (told := log_records.state(record)) is not None:
            self.executor_tells_states = True
            self._noted(told)

    def _noted(self, noted: log_records.Note) -> None:
        if noted.kind == "workflow_started":
            self._begin(noted)
        elif self.recorder is not None:
            self.recorder.put(noted)
        elif noted.kind == "message":
            self._early.append(noted)

    def _hear_ends(self, job: Any) -> None:
        """Without the wrapper, ask the executors themselves to tell the ends of jobs; once."""
        if self._hears_ends or "timed" in self._at_work or self._planning_only:
            return
        self._hears_ends = True
        scheduler = ask(lambda: job.dag.workflow.scheduler)
        if scheduler is not None and job_ends.listen(scheduler, self.put):
            self.put("hears_ends", clock.now())

    def _planned(self, moment: clock.Micros) -> None:
        """Tell what the DAG holds now that it has been planned, and each time that it is again."""
        workflow, self._workflow = self._workflow, None
        dag = ask(lambda: workflow.dag)
        if dag is None:
            return
        self.put("plan", moment, **dag_counts.jobs_of(dag))
        dag_counts.follow(dag, lambda: self._replanned(dag))

    def _replanned(self, dag: Any) -> None:
        try:
            if os.getpid() == self._pid:
                self.put("plan", clock.now(), **dag_counts.jobs_of(dag))
        except Exception as fault:
            self.fault(fault)

    def _begin(self, noted: log_records.Note) -> None:
        """Open a recorder for the workflow that starts now."""
        from snakemake_logger_plugin_observe.recording.recorder import Recorder

        self._finish_recorder(clock.now())
        self._hears_ends = self.executor_tells_states = False
        workflow, executor = live_objects.starting_workflow()
        self._workflow = workflow
        args = live_objects.command_line()
        kind = self._kind(executor, args)
        self._planning_only = kind == "dry_run"
        # Dry runs and --touch have executors of their own: the wrapper is not asked then.
        wrapped = executor in ("timed", None)
        self._at_work = self.plugins if wrapped else self.plugins - {"timed"}
        facts = {k: v for k, v in noted.facts.items() if v is not None}
        texts: tuple[str, ...] = ()
        if workflow is not None:
            quiet = ask(lambda: options.says_nothing(workflow.output_settings), False)
            self.journal.quiet = self.journal.quiet or quiet
            known = live_objects.workflow_facts(workflow, args)
            facts |= {k: v for k, v in known.items() if v not in (None, ())}
            profiles = live_objects.profile_files()
            texts = ask(lambda: workflow_sources.named_by(workflow, profiles, self._began_in), ())
        self.recorder = Recorder(
            self.journal,
            fault=self._recorders_fault,
            secrets=live_objects.secret_values(workflow) if workflow is not None else (),
            workdir=Path.cwd(),
            allocation=self.allocation,
            sources=texts,
            started=noted.time,
            facts={
                **facts,
                "kind": kind,
                "plugins": tuple(sorted(self._at_work)),
                "executor": executor,
                "wraps": self.wraps if executor == "timed" else None,
                "plugin_loaded": self.plugin_loaded,
                "workflow_started": noted.time,
            },
        )
        for early in self._early:
            self.recorder.put(early)
        self._early.clear()

    def _kind(self, executor: str | None, args: Any) -> str:
        if self.journal.dryrun or executor == "dryrun":
            return "dry_run"
        touched = executor == "touch" or bool(ask(lambda: args.touch, False))
        return "touch" if touched else "run"

    def _recorders_fault(self, text: str) -> None:
        if not self._warned:
            self._warned = True
            warn(text)

    def logger_closed(self) -> None:
        """End the journal where Snakemake runs as a library; its command ends it at exit."""
        if self._of_the_command:
            return
        raised = sys.exc_info()[1]  # what leaves the API's context, if anything does
        if raised is not None:
            self.put("message", clock.now(), level="error", kind="error", text=sentence(raised))
        self.end()

    def end(self) -> None:
        """End the journal and this session, and say in one line where the time went.

        A process forked off this one inherits the session, but must not end it.
        """
        with self._lock:
            if current() is not self or os.getpid() != self._pid:
                return
            _forget()
        moment = clock.now()
        self._logger.removeFilter(self._ear)
        try:
            if self.recorder is None and self._early and not is_utility(self.args):
                self._failed_before_start()
            self._finish_recorder(moment)
        except Exception as fault:
            self.fault(fault)

    def _failed_before_start(self) -> None:
        """Record a run that ended before its workflow started: the Snakefile did not parse."""
        errors = [early for early in self._early if early.facts.get("level") == "error"]
        if not errors or not (self.journal.folder or Path(".snakemake").is_dir()):
            return  # Snakemake left nothing here, so neither do we
        self.journal.outputs = "off"  # there are none
        started = log_records.Note("workflow_started", errors[0].time)
        self._begin(started)

    def _finish_recorder(self, moment: clock.Micros) -> None:
        recorder, self.recorder, self._workflow = self.recorder, None, None
        if recorder is None:
            return
        answer = recorder.finish(moment)
        if answer and not self.journal.quiet:
            warn(answer)


_current: Session | None = None


def current() -> Session | None:
    """Return this process's session, if a plugin has joined one."""
    return _current


def _forget() -> None:
    global _current
    _current = None


def _joined(plugin: str) -> Session:
    global _current
    if _current is None:
        clock.anchor()
        _current = Session()
        atexit.register(_at_exit)
    _current.plugins.add(plugin)
    return _current


def _at_exit() -> None:
    if _current is not None:
        _current.end()


def join_logger(settings: "LogHandlerSettingsBase | None", common: Any) -> Session:
    """Join as the logger plugin, which decides where and how the journal is written.

    Raises:
        ApiError: if a flag makes no sense, or the folder asked for cannot be written.

    """
    chosen = options.chosen(settings, common)
    session = _current
    if session is not None and "observe" in session.plugins:
        session.end()  # an earlier run of the same process that was not closed
    session = _joined("observe")
    session.journal = chosen
    session.args = live_objects.command_line()
    return session


def join_executor(wraps: str) -> Session:
    """Join as the executor plugin, which wraps the executor called *wraps*."""
    if _current is not None and _current.recorder is not None:
        _current.end()  # an earlier run of the same process that was not closed
    session = _joined("timed")
    session.wraps = wraps
    return session


def _is_snakemakes_own_process() -> bool:
    """Whether this process is the ``snakemake`` command, not a program that uses it."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if getattr(spec, "name", None) in ("snakemake.__main__", "snakemake"):
        return True
    return Path(sys.argv[0] or "").name in ("snakemake", "snakemake.exe")
