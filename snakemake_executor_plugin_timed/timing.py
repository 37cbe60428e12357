"""``Timed``: a mixin for any executor class that calls an observer at each step of a job.

The same class works in the main process and on the nodes; only the observer differs. Every method
calls the wrapped one with unchanged arguments.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

_EXECUTOR_FLAG: Final = re.compile(r"(?<!\S)(?:--executor|-e)[ =](?P<name>\S+)")


_Method = TypeVar("_Method", bound=Callable[..., Any])


def quietly(method: _Method) -> _Method:
    """Return an observer's *method*, made to report its errors and return None, not to raise."""

    @functools.wraps(method)
    def guarded(self: "Observer", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            self.fault(error)
            return None

    return guarded  # type: ignore[return-value]  # same signature, guarded


class Observer(Protocol):
    """Takes stamps, in the main process or on the node; its methods never raise."""

    node_flags: str
    """Further flags for the command lines of processes on the nodes."""

    def fault(self, error: Exception) -> None:
        """Report an internal error, which was kept from Snakemake."""

    def attach(self, executor: Any) -> None:
        """*executor* is about to run its first jobs."""

    def described(self, job: Any) -> None:
        """Snakemake is about to log what *job* is."""

    def submitting(self, job: Any) -> None:
        """*job* is about to be submitted."""

    def accepted(self, job: Any, external_jobid: Any) -> None:
        """*job* was accepted, under *external_jobid* if it has one."""

    def reported(
        self, executor: Any, job: Any, ok: bool, message: Any, logs: Sequence[Any] = ()
    ) -> None:
        """*executor* noticed *job*'s end; *logs*: its own log files of a failure."""

    def told(self, executor: Any) -> None:
        """The main thread has taken note of the end that *executor* noticed last."""

    def check(self, executor: Any, jobs: Any, check: Callable[[Any], Any]) -> Any:
        """Return what *check* yields of *jobs*: those that have not ended."""

    def sleeping(self, executor: Any) -> None:
        """*executor* is about to sleep until its next status check."""

    def sleep(self, executor: Any, own: Callable[[], Any]) -> Any:
        """Return *own*'s sleep between two status checks, or one that may be cut short."""

    def finished(self, job: Any, ok: bool) -> None:
        """Snakemake has handled *job*'s end."""

    def stage(self, job: Any, name: str, failure: BaseException | None = None) -> None:
        """The local executor reached a stage of *job*."""

    def cancelling(self) -> None:
        """All jobs are about to be cancelled."""

    def shutting_down(self, executor: Any) -> None:
        """*executor* has no more jobs to run, and is about to be shut down."""

    def shut_down(self, executor: Any) -> None:
        """*executor* is shut down."""

    def record_for(self, executor: Any, job: Any) -> str | None:
        """Return the path of the fragment of a process that *executor* starts for *job*."""

    def first_sign(self, executor: Any, job: Any) -> str | None:
        """Return shell code that stamps the first sign of life on the node."""


class Timed:
    """The mixin; it stands before the wrapped executor's class among the bases."""

    _observer: Observer
    _observed = False

    def run_jobs(self, jobs: Any) -> Any:
        """Attach the observer with the first jobs: the scheduler exists by now."""
        if not self._observed:
            self._observed = True
            self._observer.attach(self)
        return super().run_jobs(jobs)  # type: ignore[misc]  # the wrapped class has it

    def run_job_pre(self, job: Any) -> Any:
        """Note that the job is being described; not every plugin calls this."""
        self._observer.described(job)
        return super().run_job_pre(job)  # type: ignore[misc]

    def run_job(self, job: Any) -> Any:
        """Stamp the start of the submission."""
        self._observer.submitting(job)
        return super().run_job(job)  # type: ignore[misc]

    def run_array_jobs(self, jobs: Any) -> Any:
        """Stamp the start of the submission for all tasks of an array (slurm plugin only)."""
        for job in jobs:
            self._observer.submitting(job)
        return super().run_array_jobs(jobs)  # type: ignore[misc]

    def report_job_submission(self, job_info: Any, *args: Any, **kwargs: Any) -> Any:
        """Stamp the acceptance."""
        self._observer.accepted(job_info.job, job_info.external_jobid)
        return super().report_job_submission(job_info, *args, **kwargs)  # type: ignore[misc]

    def report_job_success(self, job_info: Any, *args: Any, **kwargs: Any) -> Any:
        """Stamp the moment at which the executor noticed the end."""
        self._observer.reported(self, job_info.job, True, None)
        answer = super().report_job_success(job_info, *args, **kwargs)  # type: ignore[misc]
        self._observer.told(self)
        return answer

    def report_job_error(self, job_info: Any, *args: Any, **kwargs: Any) -> Any:
        """Stamp the moment at which the executor noticed the failure, and its message."""
        message = kwargs.get("msg", args[0] if args else None)
        logs = kwargs.get("aux_logs") or ()
        self._observer.reported(self, job_info.job, False, message, logs)
        answer = super().report_job_error(job_info, *args, **kwargs)  # type: ignore[misc]
        self._observer.told(self)
        return answer

    def check_active_jobs(self, active_jobs: Any) -> Any:
        """Stamp the start of a status check; what it yields is the wrapped executor's."""
        return self._observer.check(self, active_jobs, super().check_active_jobs)  # type: ignore[misc]

    def sleep(self) -> Any:
        """Stamp the end of a status check: the executor sleeps before the next."""
        self._observer.sleeping(self)
        return self._observer.sleep(self, super().sleep)  # type: ignore[misc]

    def handle_job_success(self, job: Any) -> Any:
        """Stamp the end, once Snakemake has handled it."""
        answer = super().handle_job_success(job)  # type: ignore[misc]
        self._observer.finished(job, True)
        return answer

    def handle_job_error(self, job: Any) -> Any:
        """Stamp the failure, once Snakemake has handled it."""
        answer = super().handle_job_error(job)  # type: ignore[misc]
        self._observer.finished(job, False)
        return answer

    def cancel(self) -> Any:
        """Stamp that the jobs are cancelled."""
        self._observer.cancelling()
        return super().cancel()  # type: ignore[misc]

    def shutdown(self) -> Any:
        """Stamp the start and end of the shutdown: the executor may sleep between status checks."""
        self._observer.shutting_down(self)
        try:
            return super().shutdown()  # type: ignore[misc]
        finally:
            self._observer.shut_down(self)

    # -- the local executor's stages; other executors do not have them ---------------------

    def job_args_and_prepare(self, job: Any) -> Any:
        """Stamp a job's preparation: directories, waiting for inputs, shadow."""
        self._observer.stage(job, "begun")
        try:
            return super().job_args_and_prepare(job)  # type: ignore[misc]
        finally:
            self._observer.stage(job, "prepared")

    def cached_or_run(self, job: Any, run_func: Callable[..., Any], *args: Any) -> Any:
        """Stamp the tool itself, inside the cache's fetch and store."""
        ran = False

        @functools.wraps(run_func)
        def timed(*run_args: Any, **run_kwargs: Any) -> Any:
            nonlocal ran
            ran = True
            self._observer.stage(job, "tool_started")
            try:
                answer = run_func(*run_args, **run_kwargs)
            except BaseException as failure:
                self._observer.stage(job, "tool_ended", failure)
                raise
            self._observer.stage(job, "tool_ended")
            return answer

        self._observer.stage(job, "running")
        answer = super().cached_or_run(job, timed, *args)  # type: ignore[misc]
        if not ran:
            self._observer.stage(job, "cached")
        return answer

    # -- the command lines of spawned processes ---------------------------------------------

    def get_job_exec_prefix(self, job: Any) -> Any:
        """Stamp the first sign of life on the node, before anything else there."""
        prefix = super().get_job_exec_prefix(job)  # type: ignore[misc]
        sign = self._observer.first_sign(self, job)
        if sign is None:
            return prefix
        return f"{sign} && {prefix}" if prefix else sign

    def get_job_args(self, job: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the path of its fragment to the spawned process's command line."""
        answer = super().get_job_args(job, *args, **kwargs)  # type: ignore[misc]
        record = self._observer.record_for(self, job)
        return answer if record is None else f"{answer} --timed-record {record}"

    def additional_general_args(self) -> Any:
        """Wrap the executor on the spawned process's command line."""
        answer = super().additional_general_args()  # type: ignore[misc]
        if self._observer.record_for(self, None) is None:
            return answer
        text = answer if isinstance(answer, str) else " ".join(answer)
        named = _EXECUTOR_FLAG.search(text)
        inner = named["name"] if named else "local"
        text = _EXECUTOR_FLAG.sub("", text).strip()
        own = f"--executor timed --timed-wraps {inner} {self._observer.node_flags}"
        return f"{text} {own}".strip()
