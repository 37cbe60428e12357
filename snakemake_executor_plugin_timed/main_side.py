"""The main process's side: what the timed executors tell becomes notes for the recorder.

Every method is called in one of Snakemake's threads: it takes the moment, puts a note, and
returns. What goes wrong here is told once and never reaches Snakemake.
"""

import itertools
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from snakemake_interface_executor_plugins.settings import ExecMode, SharedFSUsage

from snakemake_executor_plugin_timed import failure as failures
from snakemake_executor_plugin_timed.announcing import announcing
from snakemake_executor_plugin_timed.fragments import Fragments, array_name
from snakemake_executor_plugin_timed.hooks import Hooks
from snakemake_executor_plugin_timed.timing import quietly
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording import live_objects
from snakemake_logger_plugin_observe.recording.probe import ask
from snakemake_logger_plugin_observe.recording.session import Session, current

_ARRAY_TASK: Final = re.compile(r"(?P<array>\d+)_(?P<task>\d+)")
_UNSAFE_IN_SHELLS: Final = set("$`\"'\\!\n\r%{}")
# Plugins that submit a program and its arguments: shell code before it would be taken for these.
_WITHOUT_A_SHELL: Final = {"snakemake_executor_plugin_htcondor"}


class MainSide:
    """Takes the stamps of one run in its main process; see ``timing.Observer``."""

    def __init__(
        self,
        session: Session,
        workflow: Any,
        *,
        node_stamps: bool = True,
        accounting: bool = True,
        announce: bool = False,
    ) -> None:
        """Observe *workflow* for *session*; the flags say what the person wants of it."""
        self.session = session
        self._workflow = workflow
        self._wanted = node_stamps
        self._accounting = accounting and _slurm_runs(session.wraps, workflow.executor_settings)
        self._numbers = itertools.count(1)
        self._submissions: dict[Any, str] = {}
        self._arrays: dict[str, str] = {}
        # What is put together with a later stamp: to wake the recorder for each would cost more.
        self._stamps: dict[Any, dict[str, clock.Micros]] = {}
        self._stages: dict[Any, dict[str, Any]] = {}
        self._described: set[Any] = set()
        self._noticed: dict[Any, dict[str, Any]] = {}
        self._shutting_down: dict[int, clock.Micros] = {}
        self._node_stamps: dict[int, bool] = {}
        self._fragments: Fragments | None = None
        recorder = session.recorder
        if recorder is not None:
            self._fragments = Fragments(recorder.folder, recorder.run_id)
            session.put("wrapped", clock.now(), reports=self._fragments)
        self._announcing = announcing(session, workflow, self._fragments) if announce else None
        self._hooks = Hooks(session, workflow)
        session.put("planned", clock.now())

    @classmethod
    def of(cls, workflow: Any, **wanted: bool) -> "MainSide | None":
        """Return the main side of *workflow*'s run; None where it could not be made."""
        session = current()
        if session is None:
            return None
        try:
            return cls(session, workflow, **wanted)
        except Exception as fault:
            session.fault(fault)
            return None

    def fault(self, fault: Exception) -> None:
        """Have the session tell a fault of ours, once."""
        self.session.fault(fault)

    # -- the executor's stamps ---------------------------------------------------------------

    @quietly
    def attach(self, executor: Any) -> None:
        """Hook into the scheduler, which now exists for certain."""
        self._hooks.attach(self._workflow.scheduler)

    @quietly
    def described(self, job: Any) -> None:
        """Take note that *job*'s description is being logged."""
        self._described.add(_key(job))

    @quietly
    def submitting(self, job: Any) -> None:
        """Stamp the begin of a submission; told with its acceptance or its end."""
        self._stamps[_key(job)] = {"submitting": clock.now()}

    @quietly
    def accepted(self, job: Any, external_jobid: Any) -> None:
        """Stamp the acceptance, with the id under which the executor knows it."""
        moment = clock.now()
        key = _key(job)
        external = None if external_jobid is None else str(external_jobid)
        submission = self._fragments_of(key, external)
        self.session.put(
            "accepted",
            moment,
            key=key,
            stamps=self._stamps.pop(key, {}),
            external_jobid=external,
            submission=submission,
        )
        if self._announcing is not None:
            self._announcing.expect(key, submission)

    @quietly
    def reported(
        self, executor: Any, job: Any, ok: bool, message: Any, logs: Sequence[Any] = ()
    ) -> None:
        """Stamp the moment at which the executor noticed the end; told with the end."""
        moment = clock.now()
        key = _key(job)
        self._stamps.setdefault(key, {})["reported"] = moment
        self._noticed[key] = {"poll_interval_s": _poll_interval(executor)}
        if message:
            self._noticed[key]["message"] = str(message)[:2000]
        if logs:
            self._noticed[key]["logs"] = tuple(map(str, logs))

    @quietly
    def finished(self, job: Any, ok: bool) -> None:
        """Stamp the end; the recorder folds the node's report in and decomposes."""
        moment = clock.now()
        key = _key(job)
        if stages := self._stages.pop(key, None):  # prepared, but its tool never started
            self.session.put("try", moment, key=key, stages=stages)
        self.session.put(
            "finished",
            moment,
            key=key,
            status="success" if ok else "failed",
            stamps=self._stamps.pop(key, {}),
            submission=self._fragments_of(key, None),
            **self._noticed.pop(key, {}),
        )
        self._described.discard(key)
        self._submissions.pop(key, None)
        if self._announcing is not None:
            self._announcing.forget(key)

    @quietly
    def stage(self, job: Any, name: str, failure: BaseException | None = None) -> None:
        """Stamp a stage of the local executor; told when the tool starts and when it ends."""
        moment = clock.now()
        key = _key(job)
        stages = self._stages.setdefault(key, {})
        if name == "cached":
            stages |= {"status": "cached", "reported": moment}
        else:
            stages[name] = moment
        if name in ("begun", "prepared", "running"):
            return
        if name == "tool_ended":
            stages["status"] = "success" if failure is None else "failed"
        if failure is not None:
            stages["exit_code"] = failures.exit_code(failure)
            stages["message"] = failures.message(failure)
        self.session.put("try", moment, key=key, stages=self._stages.pop(key))

    @quietly
    def cancelling(self) -> None:
        """Keep the word that the run was given up, and what was not told yet."""
        moment = clock.now()
        for key, stamps in list(self._stamps.items()):
            self.session.put("stamps", moment, key=key, stamps=stamps)
        self.session.put(
            "message", moment, level="info", kind="cancelling", text="all jobs are cancelled"
        )

    @quietly
    def shutting_down(self, executor: Any) -> None:
        """Stamp the begin of an executor's shutdown."""
        self._shutting_down[id(executor)] = moment = clock.now()
        if self._accounting:
            self._accounting = False
            self.session.put("accounting_wanted", moment)
        if self._announcing is not None:
            self._announcing.stop()

    @quietly
    def shut_down(self, executor: Any) -> None:
        """Tell how long the executor took to let go, and what it was waiting for."""
        begun = self._shutting_down.pop(id(executor), None)
        every = _poll_interval(executor)
        if begun is not None and every is not None:
            self.session.put(
                "run_phase", begun, phase="shutdown", end=clock.now(), poll_interval_s=every
            )
        if self._announcing is not None:
            self._announcing.wait_until_told()

    # -- the node's stamps -------------------------------------------------------------------

    @quietly
    def record_for(self, executor: Any, job: Any) -> str | None:
        """Return the fragment for *job* (or for any job), where the node can be timed."""
        if self._fragments is None or not self._times_nodes(executor):
            return None
        if job is None:
            return str(self._fragments.folder)
        return shlex.quote(str(self._fragments.path(self._submission(job))))

    @quietly
    def first_sign(self, executor: Any, job: Any) -> str | None:
        """Return shell code for the node's first moment; safe inside other shells' quotes."""
        if executor.get_exec_mode() != ExecMode.REMOTE:
            return None
        self._untold(job)
        record = self.record_for(executor, job)
        if record is None or type(executor).__module__.partition(".")[0] in _WITHOUT_A_SHELL:
            return None
        if getattr(executor, "array_jobs", None):  # an array's tasks would all sign in one place
            return None
        # tee opens, writes and closes; date itself would look at its output, too.
        return f"(umask 077;date +%s.%N|tee -a {record}||true)>/dev/null 2>&1"

    @quietly
    def _untold(self, job: Any) -> None:
        """Tell of *job* what a plugin has not that calls no ``run_job`` or ``run_job_pre``."""
        moment = clock.now()
        self._stamps.setdefault(_key(job), {}).setdefault("submitting", moment)
        if _key(job) in self._described:
            return
        self._described.add(_key(job))
        if job.is_group():
            self.session.put("group", moment, **live_objects.group_facts(job))
        for one in job.jobs if job.is_group() else (job,):
            self.session.put(
                "job", moment, **live_objects.job_facts(one, live_objects.said_by(one))
            )

    def _submission(self, job: Any) -> str:
        key = _key(job)
        if key not in self._submissions:
            self._submissions[key] = str(next(self._numbers))
        return self._submissions[key]

    def _fragments_of(self, key: Any, external: str | None) -> tuple[str, ...]:
        """Return the names of the fragments that a submission leaves: two, as an array's task."""
        own = self._submissions.get(key)
        if own is None:
            return ()
        array = _ARRAY_TASK.fullmatch(external or "")
        if array is None:
            return (own,)
        first = self._arrays.setdefault(array["array"], own)
        return (own,) if first == own else (own, array_name(first, array["task"]))

    def _times_nodes(self, executor: Any) -> bool:
        """Whether *executor*'s processes can be timed; decided once, and told where not."""
        known = self._node_stamps.get(id(executor))
        if known is None:
            reason = self._why_not(executor)
            known = self._node_stamps[id(executor)] = reason is None
            if reason is not None:
                text = f"node phases are not observed: {reason}"
                self.session.put("message", clock.now(), level="info", kind="unobserved", text=text)
        return known

    def _why_not(self, executor: Any) -> str | None:
        """Return why *executor*'s processes cannot be timed, or None if they can."""
        if not self._wanted:
            return "--timed-node-stamps off"
        if ask(executor.get_python_executable) != sys.executable:
            return "the executor does not use this very Python on its nodes"
        if ask(executor.get_exec_mode) == ExecMode.REMOTE:
            usage = self._workflow.storage_settings.shared_fs_usage
            if not {SharedFSUsage.SOFTWARE_DEPLOYMENT, SharedFSUsage.PERSISTENCE} <= set(usage):
                return "no shared file system for software and the working directory"
            if self._workflow.remote_execution_settings.immediate_submit:
                return "--immediate-submit: Snakemake does not wait for its jobs"
        folder = self._fragments.folder if self._fragments is not None else Path()
        if _UNSAFE_IN_SHELLS & set(str(folder)):
            return "the working directory's path holds characters that shells expand"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return f"{folder} cannot be made ({error.strerror})"
        return None


def _slurm_runs(wraps: str | None, settings: Any) -> bool:
    """Whether the jobs go to Slurm: by its own executor, or by a submit command that says so."""
    return wraps == "slurm" or "sbatch" in str(getattr(settings, "submit_cmd", None) or "")


def _poll_interval(executor: Any) -> float | None:
    """Return how long *executor* sleeps between two looks at its jobs, if it does so."""
    every = getattr(executor, "next_seconds_between_status_checks", None)
    return float(every) if isinstance(every, int | float) else None


def _key(job: Any) -> tuple[Any, int]:
    """Return the attempt that *job* is on: its id (a group's is a text), and the number."""
    jobid = job.jobid
    return (jobid if isinstance(jobid, int) else str(jobid), int(job.attempt))
