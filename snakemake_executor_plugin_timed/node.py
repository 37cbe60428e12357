"""The node's side: one process's stamps, appended to its submission's fragment.

Standard library only: every job on every node pays for what is imported here. A process writes its
line when its first tool starts, so that a killed one has written something, and again, complete,
when it exits; the last line of a process counts. A fragment may outlive its run, so secrets are
masked here as well; what that takes is imported only once there is a message to write.
"""

import atexit
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from snakemake_executor_plugin_timed import failure as failures
from snakemake_executor_plugin_timed.own_memory import high_water_mark
from snakemake_executor_plugin_timed.quick_exit import QUICK_EXIT, cancel_timers
from snakemake_executor_plugin_timed.timing import quietly
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.probe import declared_values

if TYPE_CHECKING:
    from snakemake_executor_plugin_timed.usage import Meter
    from snakemake_logger_plugin_observe.journal.masking import Masker

FORMAT: Final = 1
SUFFIX: Final = ".fragment"
BELL: Final = "bell"
"""The file, next to the fragments, in which a submission's last process says that it ends; only
there if the main process wants to be told (``bell.py``)."""
_INNER: Final = "//"
_KEPT_TEXT: Final = 500
_MOST_ANCESTORS: Final = 12
_MOST_WITH_LOGS: Final = 20
_MOST_STARTS: Final = 30
"""So many members' starts are written at once; each line has those before it."""
_MOST_TEXT: Final = 16_000
_SNAKEMAKE_LOGGER: Final = "snakemake.logging"

_current: "NodeSide | None" = None


def begin(record: str, wraps: str, loaded: clock.Micros, *, quick_exit: bool = False) -> None:
    """Start timing this process, whose imports were done at *loaded* by the wall clock."""
    global _current
    _current = NodeSide(record, wraps, loaded, quick_exit=quick_exit)
    logging.getLogger(_SNAKEMAKE_LOGGER).addFilter(_current)
    atexit.register(_current.leave)


def record_of_task(record: str, environ: Mapping[str, str]) -> str:
    """Return the path of the fragment of a process that an array's command started.

    Every task starts with the first one's command, and so with its *record*; a later task must not
    write to that.
    """
    task, first = environ.get("SLURM_ARRAY_TASK_ID"), environ.get("SLURM_ARRAY_TASK_MIN")
    if not task or not task.isdecimal() or task == first:
        return record
    return f"{record.removesuffix(SUFFIX)}.{task}{SUFFIX}"


def inner(record: str) -> str:
    """Return *record* for a process that another one on the node starts.

    The path is of the same file. Two slashes in it mark that the process is not the outermost,
    which rings when all have gone; the batch job's variables do not reach every inner process.
    """
    folder, name = os.path.split(record)
    return f"{folder}{_INNER}{name}"


def _cluster_names(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the cluster's names of this node and job, from its environment variables."""
    array, task = environ.get("SLURM_ARRAY_JOB_ID"), environ.get("SLURM_ARRAY_TASK_ID")
    job = f"{array}_{task}" if array and task else environ.get("SLURM_JOB_ID")
    restarts = environ.get("SLURM_RESTART_COUNT", "")
    return {
        "node": environ.get("SLURMD_NODENAME"),
        "cluster_job": job or environ.get("PBS_JOBID") or environ.get("LSB_JOBID"),
        "restarts": int(restarts) if restarts.isdecimal() else 0,
    }


def _ancestors_started() -> list[clock.Micros]:
    """Return when the parent of this process was started, then its parent, and so on.

    On a node these are the shells that led to it and the scheduler's own process. It ends where
    ``/proc`` hides one, or after the first few.
    """
    found: list[clock.Micros] = []
    pid = os.getppid()
    while pid and len(found) < _MOST_ANCESTORS:
        known = clock.started_and_parent(pid)
        if known is None:
            break
        started, pid = known
        found.append(started)
    return found


def current() -> "NodeSide | None":
    """Return this process's node side, if it is timed."""
    return _current


class NodeSide(logging.Filter):
    """Takes the stamps of one Snakemake process on the node; see ``timing.Observer``."""

    def __init__(
        self, record: str, wraps: str, loaded: clock.Micros, *, quick_exit: bool = False
    ) -> None:
        """Write to *record*, in a process that runs the executor *wraps*."""
        super().__init__()
        self._record = record
        self._quick_exit = quick_exit
        self.node_flags = QUICK_EXIT if quick_exit else ""
        self._pid = os.getpid()
        self._file: int | None = None
        self._executions: list[dict[str, Any]] = []
        self._newest: dict[Any, dict[str, Any]] = {}
        self._waits: list[dict[str, Any]] = []
        self._waiting: tuple[str, clock.Micros] | None = None
        self._error: str | None = None
        self._selected: clock.Micros | None = None
        self._written = False
        self._meter: Meter | None = None
        self._secrets: tuple[str, ...] = ()
        self._attached = False
        self._mask: Masker | None = None
        self._watch = clock.ClockWatch()
        host = socket.gethostname()
        self._level: dict[str, Any] = {
            "v": FORMAT,
            "clock": f"node:{host}",
            "host": host,
            "pid": self._pid,
            "wraps": wraps,
            "started": clock.process_started(),
            "ancestors": _ancestors_started(),
            "loaded": clock.from_wall(loaded),
            "boot_id": clock.boot_id(),
            "boot_time": clock.boot_time(),
            **_cluster_names(os.environ),
        }

    def fault(self, error: Exception) -> None:
        """Write an internal error into the fragment; the job goes on."""
        self._level.setdefault("fault", self._masked(repr(error))[:200])

    # -- Snakemake's log messages, which come before any executor exists ---------------------

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True, after taking the moments that only log messages have."""
        try:
            self._listen(record)
        except Exception as error:
            self.fault(error)
        return True

    def _listen(self, record: logging.LogRecord) -> None:
        moment = clock.from_wall(clock.from_seconds(record.created))
        event = str(getattr(record, "event", ""))
        text = record.msg if isinstance(record.msg, str) else ""
        if event == "workflow_started":
            self._level.setdefault("parsed", moment)
        elif event == "job_started":
            self._selected = moment
            self._level.setdefault("planned", moment)
        elif event == "error" or (record.levelno >= logging.ERROR and not self._executions):
            self._know_declared_values()
            self._error = failures.in_one_line(text, self._masked)
        elif text.startswith("Waiting at most"):
            self._waiting = self._waiting or ("stage_in", moment)
        elif text.startswith("Storing in storage"):
            self._waiting = self._waiting or ("stage_out", moment)
        elif text.startswith(("Building DAG", "Finished upload")):
            self._waited(moment)

    def _know_declared_values(self) -> None:
        """Find which values are declared if no executor was made: the Snakefile cannot be read."""
        if not self._attached:
            from snakemake_logger_plugin_observe.journal.declared_names import values_at_an_error

            self._secrets = values_at_an_error()
            self._mask = None

    def _waited(self, moment: clock.Micros) -> None:
        """Record the wait for files that is going on, up to *moment*."""
        if self._waiting is None:
            return
        phase, start = self._waiting
        if self._waits and self._waits[-1]["start"] == start:
            self._waits.pop()
        self._waits.append({"phase": phase, "start": start, "end": moment})
        if phase == "stage_in":
            self._waiting = None

    # -- what the timed executor does --------------------------------------------------------

    @quietly
    def attach(self, executor: Any) -> None:
        """Take the first jobs as the end of planning, if no message marked it."""
        self._level.setdefault("planned", clock.now())
        self._secrets = declared_values(getattr(executor, "workflow", None))
        self._mask = None
        self._attached = True
        if self._error is not None:  # from before it was known which values are declared
            self._error = self._masked(self._error)

    def described(self, job: Any) -> None:
        """Do nothing: an execution names its own job."""

    @quietly
    def submitting(self, job: Any) -> None:
        """Begin an execution."""
        key = self._key(job)
        number = self._newest[key]["number"] + 1 if key in self._newest else 1
        execution: dict[str, Any] = {"number": number, "selected": self._selected}
        execution["begun"] = clock.now()
        if not job.is_group():
            execution["rule"] = str(job.rule.name)
            wildcards = job.wildcards_dict.items()
            execution["wildcards"] = {str(k): self._without_values(str(v)) for k, v in wildcards}
        self._newest[key] = execution
        self._executions.append(execution)

    @quietly
    def accepted(self, job: Any, external_jobid: Any) -> None:
        """Write the line: a process that only starts another may be killed with it."""
        if not self._written and self._level["wraps"] != "local":
            self._write()

    @quietly
    def reported(
        self, executor: Any, job: Any, ok: bool, message: Any, logs: Sequence[Any] = ()
    ) -> None:
        """Stamp the execution's end, as this process noticed it."""
        execution = self._execution(job)
        execution.setdefault("reported", clock.now())
        if execution.get("status") != "cached":
            execution["status"] = "success" if ok else "failed"
        if message and "message" not in execution:
            execution["message"] = self._masked(str(message)[:_MOST_TEXT])[:_KEPT_TEXT]

    def told(self, executor: Any) -> None:
        """Do nothing: only the main process waits for its status checks."""

    def check(self, executor: Any, jobs: Any, check: Callable[[Any], Any]) -> Any:
        """Return the executor's own check."""
        return check(jobs)

    def sleeping(self, executor: Any) -> None:
        """Do nothing."""

    def sleep(self, executor: Any, own: Callable[[], Any]) -> Any:
        """Return the executor's own sleep."""
        return own()

    @quietly
    def finished(self, job: Any, ok: bool) -> None:
        """Stamp that the outputs have been checked and stored."""
        execution = self._execution(job)
        execution.setdefault("checked", clock.now())
        if not ok:
            execution["status"] = "failed"
            execution.setdefault("message", self._error)

    @quietly
    def stage(self, job: Any, name: str, failure: BaseException | None = None) -> None:
        """Stamp a stage of the local executor; a job's first start is written at once."""
        execution = self._execution(job)
        if name == "cached":
            execution["status"] = "cached"
            return
        execution.setdefault(name, clock.now())
        if name in ("tool_started", "tool_ended"):
            self._measure(job, execution, name)
        if name == "tool_ended":
            execution["status"] = "success" if failure is None else "failed"
        if failure is not None:
            execution["exit_code"] = failures.exit_code(failure)
            execution["message"] = failures.message(
                failure, self._masked, with_command=bool(getattr(job, "is_run", False))
            )
            self._keep_logs(job, execution)
        if name == "tool_started" and self._shows_more(execution):
            self._write()

    def _shows_more(self, execution: dict[str, Any]) -> bool:
        """Whether a tool's start is to be written at once: the first one, and each new member's."""
        return not self._written or (
            execution["number"] == 1 and 1 < len(self._executions) <= _MOST_STARTS
        )

    def _measure(self, job: Any, execution: dict[str, Any], stage: str) -> None:
        """Measure the resources that a tool uses."""
        try:
            if self._meter is None:
                from snakemake_executor_plugin_timed.usage import Meter

                self._meter = Meter(sampling=True)
            in_process = bool(getattr(job, "is_run", False))
            if stage == "tool_started":
                self._meter.start(self._key(job), in_process=in_process)
            else:
                execution["used"] = self._meter.stop(
                    self._key(job), job, in_process=in_process
                ).used()
        except Exception as error:
            self.fault(error)

    def _keep_logs(self, job: Any, execution: dict[str, Any]) -> None:
        """Keep the ends of a failed execution's logs, before a retry on this node overwrites them.

        Those of the last execution are the attempt's, which the main process reads as well.
        """
        paths = tuple(map(str, getattr(job, "log", ())))
        if not paths or len(self._executions) > _MOST_WITH_LOGS:
            return
        try:
            from pathlib import Path

            from snakemake_logger_plugin_observe.journal.log_ends import log_ends

            # With ``shadow:`` a log is still in the folder in which the tool ran.
            folder = Path.cwd() / (getattr(job, "shadow_dir", None) or "")
            found = log_ends(paths, folder, mask=self._masker())
            execution["logs"] = [one._asdict() for one in found]
        except Exception as error:
            self.fault(error)

    def cancelling(self) -> None:
        """Do nothing: the exit follows, and is stamped."""

    def shutting_down(self, executor: Any) -> None:
        """Do nothing, as above."""

    @quietly
    def shut_down(self, executor: Any) -> None:
        """Stamp that there is nothing left to do: what follows is the wait for threads."""
        self._level["done"] = clock.now()
        if self._quick_exit:
            cancel_timers(executor)

    @quietly
    def record_for(self, executor: Any, job: Any) -> str | None:
        """Return this process's fragment: the processes that it starts write to it, too."""
        import shlex

        return shlex.quote(inner(self._record)) if _same_python(executor) else None

    def first_sign(self, executor: Any, job: Any) -> str | None:
        """Return None: a nested process reads its start from the kernel."""
        return None

    # -- secrets -----------------------------------------------------------------------------

    def _masked(self, text: str) -> str:
        """Return *text* without secrets: the declared ones, and what looks like one."""
        return self._masker().text(text)

    def _masker(self) -> "Masker":
        if self._mask is None:
            from snakemake_logger_plugin_observe.journal.masking import Masker, secret_variables

            self._mask = Masker((*self._secrets, *secret_variables(os.environ)))
        return self._mask

    def _without_values(self, text: str) -> str:
        """Return *text* without declared values; with none in it, nothing is imported."""
        return self._masked(text) if any(value in text for value in self._secrets) else text

    # -- the fragment ------------------------------------------------------------------------

    @quietly
    def leave(self) -> None:
        """Write the complete line as this process exits; a forked child writes nothing."""
        if os.getpid() == self._pid:
            self._level["ended"] = clock.now()
            if self._waiting is not None and self._waiting[0] == "stage_in":
                self._waited(self._level["ended"])  # the files never came
            if not any("tool_started" in execution for execution in self._executions):
                self._level["error"] = self._error
            if step := self._watch.step():
                self._level["stepped_s"] = clock.to_seconds(step)
            self._write()
            if _INNER not in self._record:
                _ring(self._record)

    def _key(self, job: Any) -> Any:
        return job.jobid

    def _execution(self, job: Any) -> dict[str, Any]:
        key = self._key(job)
        if key not in self._newest:
            self.submitting(job)
        return self._newest[key]

    def _write(self) -> None:
        """Append the line in one write; nothing happens if that fails."""
        self._written = True
        if (own_peak := high_water_mark()) is not None:
            self._level["peak_rss_bytes"] = own_peak
        line = json.dumps({**self._level, "waits": self._waits, "executions": self._executions})
        try:
            if self._file is None:
                self._file = _opened(self._record)
            os.write(self._file, line.encode() + b"\n")
        except OSError:
            self._file = None


def _ring(record: str) -> None:
    """Append the name of the fragment at *record* to the bell, if there is one."""
    folder, name = os.path.split(record)
    try:
        bell = _opened(os.path.join(folder, BELL), make=0)
        try:
            os.write(bell, name.removesuffix(SUFFIX).encode() + b"\n")
        finally:
            os.close(bell)
    except OSError:
        return


def _opened(record: str, make: int = os.O_CREAT) -> int:
    """Return a descriptor of the file at *record*, to append to.

    Others may have put something else in the place of its folder since the main process made that:
    it must be a folder, no link, that belongs to this user alone, and with the marker in it, which
    nobody else can put there (``fragment_folder.py``).

    Raises:
        OSError: if it cannot be opened, or is not.

    """
    path, name = os.path.split(record)
    # O_PATH: no request to a file server but those that a path costs anyway.
    flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
    folder = os.open(path, flags)
    try:
        known = os.fstat(folder)
        marker = os.stat(os.path.basename(path), dir_fd=folder, follow_symlinks=False)
        if {known.st_uid, marker.st_uid} != {os.geteuid()} or known.st_mode & 0o022:
            raise PermissionError(f"{path} is not the folder that the main process made")
        flags = os.O_WRONLY | os.O_APPEND | make | os.O_NOFOLLOW | os.O_CLOEXEC
        flags |= os.O_NONBLOCK  # a pipe in its place must not block a job
        return os.open(name, flags, 0o600, dir_fd=folder)
    finally:
        os.close(folder)


def _same_python(executor: Any) -> bool:
    """Whether the processes that *executor* starts run the same Python."""
    try:
        return bool(executor.get_python_executable() == sys.executable)
    except Exception:
        return False
