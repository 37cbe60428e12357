"""The main process's side: turns what the timed executors do into notes for the recorder.

Every method is called in one of Snakemake's threads: it takes the time, puts a note, and returns.
Errors are reported once and never reach Snakemake.
"""

import itertools
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from snakemake_interface_executor_plugins.settings import ExecMode, SharedFSUsage

from snakemake_executor_plugin_timed import failure as failures
from snakemake_executor_plugin_timed.fragment_folder import UnsafeFolderError
from snakemake_executor_plugin_timed.fragments import Fragments, array_name
from snakemake_executor_plugin_timed.hooks import Hooks
from snakemake_executor_plugin_timed.quick_exit import QUICK_EXIT, cancel_timers
from snakemake_executor_plugin_timed.stamped import GoingOn, ReportedEnd, Stamped
from snakemake_executor_plugin_timed.status_checks import CheckTimes
from snakemake_executor_plugin_timed.submit_stderr import SubmitStderr
from snakemake_executor_plugin_timed.timing import quietly
from snakemake_executor_plugin_timed.usage import Meter
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.probe import ask
from snakemake_logger_plugin_observe.recording import job_descriptions, live_objects, notes
from snakemake_logger_plugin_observe.recording.blocked_jobs import after_failure
from snakemake_logger_plugin_observe.recording.held_logs import hold
from snakemake_logger_plugin_observe.recording.session import Session, current

if TYPE_CHECKING:
    from snakemake_executor_plugin_timed.announcing import Announcing
    from snakemake_executor_plugin_timed.waking import Waking
    from snakemake_logger_plugin_observe.journal.records import Status

_ARRAY_TASK: Final = re.compile(r"(?P<array>\d+)_(?P<task>\d+)")
_UNSAFE_IN_SHELLS: Final = set("$`\"'\\!\n\r%{}")
# These submit a program with its arguments: shell code in front would be taken for the program.
_WITHOUT_A_SHELL: Final = {"snakemake_executor_plugin_htcondor"}
_MOST_TEXT: Final = 16_000
_MOST_PRINTED_LINES: Final = 20
_LONGEST_LINE: Final = 500
_LONGEST_COMMAND: Final = 2_000
_STARTING: Final = ("begun", "prepared", "running")


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
        wake: type | None = None,
        quick_exit: bool = False,
    ) -> None:
        """Observe *workflow* for *session*; the flags are the user's.

        With *wake*, the class of the wrapped executor, its sleep between status checks is cut short
        when there is something to see.
        """
        self.session = session
        self._workflow = workflow
        self._node_stamps_wanted = node_stamps
        self._accounting = accounting and _slurm_runs(session.wraps, workflow.executor_settings)
        self._numbers = itertools.count(1)
        self._arrays: dict[str, str] = {}
        self._going_on = GoingOn()
        self._keep_lines = session.journal.stderr_lines
        self._meter = Meter(self._keep_lines, sampling=True)
        self._checks = CheckTimes()
        self._waking: Waking | None = None
        self._shutting_down: dict[int, clock.Micros] = {}
        self._node_stamps: dict[int, bool] = {}
        self._fragments: Fragments | None = None
        submit_command = getattr(workflow.executor_settings, "submit_cmd", None)
        self._submit_stderr = SubmitStderr() if submit_command else None
        self._attached: set[int] = set()
        recorder = session.recorder
        if recorder is not None:
            self._fragments = Fragments(recorder.folder)
            session.put(notes.ExecutorTimed(clock.now(), self._fragments))
        self._quick_exit = quick_exit
        self.node_flags = QUICK_EXIT if quick_exit else ""
        self._announcing: Announcing | None = None
        if announce:
            from snakemake_executor_plugin_timed.announcing import announcing

            self._announcing = announcing(session, workflow, self._fragments)
        if wake:
            from snakemake_executor_plugin_timed import waking

            bell = self._fragments.bell() if self._fragments is not None else None
            self._waking = waking.Waking(session, wake, bell)
        self._hooks = Hooks(session, workflow, self._going_on)
        session.put(notes.DagReady(clock.now()))

    @classmethod
    def of(cls, workflow: Any, **flags: Any) -> "MainSide | None":
        """Return the main side of *workflow*'s run, or None if it could not be made."""
        session = current()
        if session is None:
            return None
        try:
            return cls(session, workflow, **flags)
        except Exception as error:
            session.fault(error)
            return None

    def fault(self, error: Exception) -> None:
        """Report an internal error."""
        self.session.fault(error)

    # -- the executor's stamps ---------------------------------------------------------------

    @quietly
    def attach(self, executor: Any) -> None:
        """Hook into the scheduler, which certainly exists by now."""
        self._hooks.attach(self._workflow.scheduler)
        if self._submit_stderr is not None and id(executor) not in self._attached:
            self._attached.add(id(executor))
            self._submit_stderr.install(executor)

    @quietly
    def described(self, job: Any) -> None:
        """Remember that *job*'s description is being logged."""
        self._going_on.begin(job).described = True

    @quietly
    def submitting(self, job: Any) -> None:
        """Stamp the start of a submission; recorded with its acceptance or its end."""
        self._going_on.begin(job).stamps = {"submitting": clock.now()}
        if self._submit_stderr is not None:
            self._submit_stderr.begin()

    @quietly
    def accepted(self, job: Any, external_jobid: Any) -> None:
        """Stamp the acceptance, with the executor's id of the submission."""
        moment = clock.now()
        attempt = self._going_on.of(job)
        key = attempt.key
        external = None if external_jobid is None else str(external_jobid)
        submission = self._fragments_of(attempt, external)
        stamps, attempt.stamps = attempt.stamps, {}
        self.session.put(notes.Accepted(moment, key, stamps, external, submission))
        if self._submit_stderr is not None:
            self._submit_stderr.end()
        if self._announcing is not None:
            self._announcing.expect(key, submission)
        if self._waking is not None:
            self._waking.expect(key, submission)

    @quietly
    def reported(
        self, executor: Any, job: Any, ok: bool, message: Any, logs: Sequence[Any] = ()
    ) -> None:
        """Stamp the moment at which the executor noticed the end; recorded with the end."""
        moment = clock.now()
        attempt = self._going_on.of(job)
        attempt.stamps["reported"] = moment
        text = self.session.masked(str(message), 2000) if message else None
        held = {} if ok else hold(job)
        refusal = None if ok else self._refusal()
        check = self._checks.report(executor, moment)
        if self._waking is not None:
            self._waking.ended(attempt.key, by_check=check is not None)
        attempt.report = ReportedEnd(
            *(_poll_interval(executor), check, text, tuple(map(str, logs)), held, refusal),
            None if ok else "failed",
        )

    def _refusal(self) -> Mapping[str, Any] | None:
        """Return what the submit command that has just failed was, and what it printed.

        To be called while the executor handles the failure, in the thread of the submission.
        """
        failure = sys.exc_info()[1]
        if self._submit_stderr is None or not isinstance(failure, subprocess.CalledProcessError):
            return None
        printed = self._submit_stderr.printed().decode(errors="replace")
        self._submit_stderr.end()
        lines = [line for line in printed.splitlines() if line.strip()][-_MOST_PRINTED_LINES:]
        masked = self.session.masked
        return {
            "command": masked(str(failure.cmd), _LONGEST_COMMAND),
            "exit_code": failure.returncode,
            "printed": tuple(masked(line, _LONGEST_LINE) for line in lines),
        }

    @quietly
    def told(self, executor: Any) -> None:
        """Stamp that the main thread has taken note of an end, for the ends found after it."""
        self._checks.told(executor, clock.now())

    def check(self, executor: Any, jobs: Any, check: Callable[[Any], Any]) -> Any:
        """Stamp the start of a status check; return what *check* yields of *jobs*.

        An early one may look at some of them only.
        """
        waking = self._waking_of(executor)
        if waking is not None and waking.waits_first:
            from snakemake_executor_plugin_timed.waking import everything

            return everything(jobs)
        self.checking(executor)
        return check(jobs) if waking is None else waking.check(jobs, check)

    @quietly
    def checking(self, executor: Any) -> None:
        """Stamp the start of a status check."""
        self._checks.begin(executor, clock.now())

    def first_wait_s(self, seconds: Any) -> Any:
        """Return how long the interface is to wait before the first status check."""
        return seconds if self._waking is None else self._waking.first_wait_s(seconds)

    @quietly
    def sleeping(self, executor: Any) -> None:
        """Stamp the end of a status check."""
        self._checks.sleep(executor, clock.now())

    def sleep(self, executor: Any, own: Callable[[], Any]) -> Any:
        """Return the executor's sleep between two status checks, which may be cut short."""
        waking = self._waking_of(executor)
        return own() if waking is None else waking.sleep(executor, own)

    @quietly
    def _waking_of(self, executor: Any) -> "Waking | None":
        """Return what may cut *executor*'s sleep short, if anything may."""
        waking = self._waking
        return waking if waking is not None and waking.takes(executor) else None

    @quietly
    def finished(self, job: Any, ok: bool) -> None:
        """Stamp the end of an attempt, once Snakemake has handled it."""
        moment = clock.now()
        attempt = self._going_on.end(job)
        key, report = attempt.key, attempt.report
        if attempt.stages:  # prepared, but its tool never started
            self.session.put(notes.ExecutionStages(moment, key, attempt.stages))
        self.session.put(
            notes.Finished(
                moment,
                key,
                "success" if ok else "failed",
                attempt.stamps,
                report.message,
                self._fragments_of(attempt, None),
                report.poll_interval_s,
                report.status_check,
                report.logs,
                report.held,
                report.refusal,
                report.reported_as,
            )
        )
        if self._announcing is not None:
            self._announcing.forget(key)
        if not ok and (note := ask(lambda: after_failure(job, moment))) is not None:
            self.session.put(note)

    @quietly
    def stage(self, job: Any, name: str, failure: BaseException | None = None) -> None:
        """Stamp a stage of the local executor; recorded when the tool starts and when it ends."""
        moment = clock.now()
        attempt = self._going_on.of(job)
        attempt.stages["reported" if name == "cached" else name] = moment
        if name in _STARTING:
            return
        key = attempt.key
        stages, attempt.stages = attempt.stages, {}
        if name == "tool_started":
            self.session.put(notes.ExecutionStages(moment, key, stages))
            self._meter.start(key, in_process=False)  # last: what follows is the tool
            return
        ended = self._meter.stop(key, job, in_process=False) if name == "tool_ended" else None
        used = ended.used if ended is not None else None
        if failure is not None:
            code = failures.exit_code(failure)
            message = failures.message(failure, partial(self.session.masked, most=_MOST_TEXT))
            printed = tuple(
                notes.Printed(one.source, one.last_bytes(), self._keep_lines)
                for one in (ended.printed if ended is not None else ())
            )
            note = notes.ExecutionStages(
                moment, key, stages, "failed", code, message, used, printed
            )
        else:
            status: Status = "cached" if name == "cached" else "success"
            note = notes.ExecutionStages(moment, key, stages, status, used=used)
        self.session.put(note)

    @quietly
    def cancelling(self) -> None:
        """Record that the run was cancelled, and the stamps that no later note will contain."""
        moment = clock.now()
        for attempt in self._going_on:
            if attempt.stamps:
                self.session.put(notes.StampsTaken(moment, attempt.key, attempt.stamps))
        self.session.put(notes.LogMessage(moment, "info", "cancelling", "all jobs are cancelled"))

    @quietly
    def shutting_down(self, executor: Any) -> None:
        """Stamp the start of an executor's shutdown."""
        self._shutting_down[id(executor)] = moment = clock.now()
        if (waking := self._waking_of(executor)) is not None:
            waking.close()
        if self._accounting:
            self._accounting = False
            self.session.put(notes.AccountingWanted(moment))
        if self._announcing is not None:
            self._announcing.stop()

    @quietly
    def shut_down(self, executor: Any) -> None:
        """Record how long the shutdown took, if the executor sleeps between status checks.

        And how often it checked in this run.
        """
        begun = self._shutting_down.pop(id(executor), None)
        every = _poll_interval(executor)
        if begun is not None and every is not None:
            self.session.put(
                notes.RunPhaseEnded(begun, "shutdown", clock.now(), poll_interval_s=every)
            )
        if checks := self._checks.made(executor):
            early, rung = (self._waking.made, self._waking.rung) if self._waking else (0, 0)
            note = notes.ChecksMade(clock.now(), own=checks - early, early=early, rung=rung)
            self.session.put(note)
        if self._announcing is not None:
            self._announcing.drain()
        if self._submit_stderr is not None and id(executor) in self._attached:
            self._submit_stderr.close()
        if self._quick_exit:
            cancel_timers(executor)

    # -- the node's stamps -------------------------------------------------------------------

    @quietly
    def record_for(self, executor: Any, job: Any) -> str | None:
        """Return the path of *job*'s fragment (without a job, of their folder), or None."""
        if self._fragments is None or not self._times_nodes(executor):
            return None
        if job is None:
            return str(self._fragments.folder)
        if (waking := self._waking_of(executor)) is not None:
            waking.submits(self._going_on.of(job).key)
        return shlex.quote(str(self._fragments.path(self._submission(job))))

    @quietly
    def first_sign(self, executor: Any, job: Any) -> str | None:
        """Return shell code that stamps the start on the node; safe inside other shells' quotes."""
        if executor.get_exec_mode() != ExecMode.REMOTE:
            return None
        self._describe(job)
        record = self.record_for(executor, job)
        if record is None or type(executor).__module__.partition(".")[0] in _WITHOUT_A_SHELL:
            return None
        if getattr(executor, "array_jobs", None):  # all tasks would write to one fragment
            return None
        return self._fragments.first_sign(self._submission(job)) if self._fragments else None

    @quietly
    def _describe(self, job: Any) -> None:
        """Record what is missing if a plugin calls neither ``run_job`` nor ``run_job_pre``."""
        moment = clock.now()
        attempt = self._going_on.of(job)
        attempt.stamps.setdefault("submitting", moment)
        if attempt.described:
            return
        attempt.described = True
        if job.is_group():
            self.session.put(live_objects.group_info(job, moment))
        for single in job.jobs if job.is_group() else (job,):
            texts = job_descriptions.texts_of(single)
            self.session.put(self.session.listener.jobs.describe(single, moment, texts))

    def _submission(self, job: Any) -> str:
        attempt = self._going_on.of(job)
        if attempt.submission is None:
            attempt.submission = str(next(self._numbers))
        return attempt.submission

    def _fragments_of(self, attempt: Stamped, external: str | None) -> tuple[str, ...]:
        """Return the names of a submission's fragments: two, if it is a later task of an array."""
        name = attempt.submission
        if name is None:
            return ()
        array = _ARRAY_TASK.fullmatch(external or "")
        if array is None:
            return (name,)
        first = self._arrays.setdefault(array["array"], name)
        return (name,) if first == name else (name, array_name(first, array["task"]))

    def _times_nodes(self, executor: Any) -> bool:
        """Whether *executor*'s processes can be timed; decided once, with a message if not."""
        known = self._node_stamps.get(id(executor))
        if known is None:
            reason = self._why_not(executor)
            known = self._node_stamps[id(executor)] = reason is None
            if reason is not None:
                text = f"node phases are not observed: {reason}"
                self.session.put(notes.LogMessage(clock.now(), "info", "unobserved", text))
            if (waking := self._waking_of(executor)) is not None:
                if reason is None:
                    waking.hang_bell()
                else:
                    waking.keep_pace(reason)
        return known

    def _why_not(self, executor: Any) -> str | None:
        """Return why *executor*'s processes cannot be timed, or None if they can."""
        if not self._node_stamps_wanted:
            return "--timed-node-stamps off"
        if ask(executor.get_exec_mode) == ExecMode.REMOTE:
            usage = self._workflow.storage_settings.shared_fs_usage
            if not {SharedFSUsage.SOFTWARE_DEPLOYMENT, SharedFSUsage.PERSISTENCE} <= set(usage):
                return "no shared file system for software and the working directory"
            if self._workflow.remote_execution_settings.immediate_submit:
                return "--immediate-submit: Snakemake does not wait for its jobs"
        if ask(executor.get_python_executable) != sys.executable:
            return "the executor uses another Python on its nodes"
        return _why_no_folder(self._fragments) if self._fragments is not None else None


def _why_no_folder(fragments: Fragments) -> str | None:
    """Return why nodes cannot write fragments, or None, having made the folder for them."""
    base = fragments.folder.parent
    if _UNSAFE_IN_SHELLS & set(str(base)):
        return "the working directory's path contains characters that shells expand"
    try:
        fragments.make_folder()
    except OSError as error:
        return f"no folder can be made in {base} ({error.strerror})"
    except UnsafeFolderError as error:
        return f"{base} is not safe to write to ({error})"
    return None


def _slurm_runs(wraps: str | None, settings: Any) -> bool:
    """Whether Slurm runs the jobs: by its own executor, or by a submit command with sbatch."""
    return wraps == "slurm" or "sbatch" in str(getattr(settings, "submit_cmd", None) or "")


def _poll_interval(executor: Any) -> float | None:
    """Return how long *executor* sleeps between two status checks, if it does."""
    every = getattr(executor, "next_seconds_between_status_checks", None)
    return float(every) if isinstance(every, int | float) else None
