"""The main process's side: what the timed executors tell becomes notes for the recorder.

Every method is called in one of Snakemake's threads: it takes the moment, puts a note, and
returns. What goes wrong here is told once and never reaches Snakemake.
"""

import functools
import itertools
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from snakemake_interface_executor_plugins.settings import ExecMode, SharedFSUsage

from snakemake_executor_plugin_timed import failure as failures
from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_executor_plugin_timed.hooks import Hooks
from snakemake_logger_plugin_observe import clock, describe
from snakemake_logger_plugin_observe.session import Session, current, join_executor

_UNSAFE_IN_SHELLS: Final = set("$`\"'\\!\n\r%{}")
_Method = TypeVar("_Method", bound=Callable[..., Any])


def _quietly(method: _Method) -> _Method:
    """Keep a fault of ours away from Snakemake: the answer is then None."""

    @functools.wraps(method)
    def guarded(self: "MainSide", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as fault:
            self.session.fault(fault)
            return None

    return guarded  # type: ignore[return-value]  # same signature, guarded


class MainSide:
    """Takes the stamps of one run in its main process; see ``timing.Observer``."""

    def __init__(self, session: Session, workflow: Any, node_stamps: str | None) -> None:
        """Observe *workflow* for *session*; *node_stamps* is the flag's value."""
        self.session = session
        self._workflow = workflow
        self._wanted = node_stamps != "off"
        self._numbers = itertools.count(1)
        self._submissions: dict[Any, str] = {}
        self._node_stamps: dict[int, bool] = {}
        self._described: set[Any] = set()
        self._fragments: Fragments | None = None
        recorder = session.recorder
        if recorder is not None:
            self._fragments = Fragments(recorder.folder, recorder.run_id)
            session.put("wrapped", clock.now(), reports=self._fragments)
        self._hooks = Hooks(session, workflow)
        session.put("planned", clock.now())

    @classmethod
    def of(cls, workflow: Any, node_stamps: str | None) -> "MainSide | None":
        """Return the main side of *workflow*'s run; None where it could not be made."""
        session = current() or join_executor("local")
        try:
            return cls(session, workflow, node_stamps)
        except Exception as fault:
            session.fault(fault)
            return None

    # -- the executor's stamps ---------------------------------------------------------------

    @_quietly
    def attach(self, executor: Any) -> None:
        """Hook into the scheduler, which now exists for certain."""
        self._hooks.attach(self._workflow.scheduler)

    @_quietly
    def submitting(self, job: Any) -> None:
        """Stamp the begin of a submission."""
        moment = clock.now()
        self.session.put("stamp", moment, key=_key(job), name="submitting")

    @_quietly
    def accepted(self, job: Any, external_jobid: Any) -> None:
        """Stamp the acceptance, with the id under which the executor knows it."""
        moment = clock.now()
        known = None if external_jobid is None else str(external_jobid)
        key = _key(job)
        submission = self._submissions.get(key)
        self.session.put("accepted", moment, key=key, external_jobid=known, submission=submission)

    @_quietly
    def reported(self, job: Any, ok: bool, message: Any) -> None:
        """Stamp the moment at which the executor noticed the end."""
        moment = clock.now()
        text = str(message)[:2000] if message else None
        self.session.put("reported", moment, key=_key(job), message=text)

    @_quietly
    def finished(self, job: Any, ok: bool) -> None:
        """Stamp the end; the recorder folds the node's report in and decomposes."""
        moment = clock.now()
        key = _key(job)
        self.session.put(
            "finished",
            moment,
            key=key,
            status="success" if ok else "failed",
            submission=self._submissions.pop(key, None),
        )

    @_quietly
    def stage(self, job: Any, name: str, failure: BaseException | None = None) -> None:
        """Stamp a stage of the local executor."""
        moment = clock.now()
        facts: dict[str, Any] = {}
        if failure is not None:
            facts = {
                "exit_code": failures.exit_code(failure),
                "message": failures.message(failure),
                "status": "failed",
            }
        elif name == "tool_ended":
            facts = {"status": "success"}
        elif name == "cached":
            facts = {"status": "cached"}
            name = "reported"
        self.session.put("try", moment, key=_key(job), name=name, **facts)

    @_quietly
    def cancelling(self) -> None:
        """Keep the word that the run was given up."""
        self.session.put(
            "message", clock.now(), level="info", kind="cancelling", text="all jobs are cancelled"
        )

    # -- the node's stamps -------------------------------------------------------------------

    @_quietly
    def record_for(self, executor: Any, job: Any) -> str | None:
        """Return the fragment for *job* (or for any job), where the node can be timed."""
        if self._fragments is None or not self._times_nodes(executor):
            return None
        if job is None:
            return str(self._fragments.folder)
        return shlex.quote(str(self._fragments.path(self._submission(job))))

    @_quietly
    def first_sign(self, executor: Any, job: Any) -> str | None:
        """Return shell code for the node's first moment; safe inside other shells' quotes."""
        if executor.get_exec_mode() != ExecMode.REMOTE:
            return None
        record = self.record_for(executor, job)
        if record is None:
            return None
        return f"(umask 077;date +%s.%N>>{record}||true)2>/dev/null"

    def _submission(self, job: Any) -> str:
        key = _key(job)
        if key not in self._submissions:
            self._submissions[key] = str(next(self._numbers))
        return self._submissions[key]

    def _times_nodes(self, executor: Any) -> bool:
        """Whether *executor*'s processes can be timed; decided once, and told where not."""
        known = self._node_stamps.get(id(executor))
        if known is None:
            reason = self._why_not(executor)
            known = self._node_stamps[id(executor)] = reason is None
            if reason is not None:
                text = f"node phases are not observed: {reason}"
                self.session.put("message", clock.now(), level="info", kind="unobserved", text=text)
            elif self._fragments is not None:
                self._fragments.folder.mkdir(parents=True, exist_ok=True)
        return known

    def _why_not(self, executor: Any) -> str | None:
        """Return why *executor*'s processes cannot be timed, or None if they can."""
        if not self._wanted:
            return "--timed-node-stamps off"
        if describe.ask(executor.get_python_executable) != sys.executable:
            return "the executor does not use this very Python on its nodes"
        if describe.ask(executor.get_exec_mode) == ExecMode.REMOTE:
            usage = self._workflow.storage_settings.shared_fs_usage
            if not {SharedFSUsage.SOFTWARE_DEPLOYMENT, SharedFSUsage.PERSISTENCE} <= set(usage):
                return "no shared file system for software and the working directory"
            if self._workflow.remote_execution_settings.immediate_submit:
                return "--immediate-submit: Snakemake does not wait for its jobs"
        folder = self._fragments.folder if self._fragments is not None else Path()
        if _UNSAFE_IN_SHELLS & set(str(folder)):
            return "the working directory's path holds characters that shells expand"
        return None


def _key(job: Any) -> tuple[Any, int]:
    """Return the attempt that *job* is on: its id (a group's is a text), and the number."""
    jobid = job.jobid
    return (jobid if isinstance(jobid, int) else str(jobid), int(job.attempt))
