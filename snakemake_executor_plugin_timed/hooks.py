"""Hooks into the objects of one workflow, for what no plugin interface reports.

Each wraps one method of one instance; classes are not changed. A method that this Snakemake lacks
is recorded as missing: its phase is not observed, and the run goes on.
"""

import functools
from collections.abc import Callable
from typing import Any, Final

from snakemake_executor_plugin_timed.stamped import GoingOn
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.probe import hidden, object_in_the_making
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.live_objects import id_of
from snakemake_logger_plugin_observe.recording.session import Session

# In microseconds. Anything shorter is the call itself, not worth a journal line.
_WORTH_RECORDING: Final = 1000
# An iteration that finds nothing new and is shorter than this delays no job noticeably.
_WORTH_RECORDING_IDLE: Final = 50_000


class Hooks:
    """The hooks of one run."""

    def __init__(self, session: Session, workflow: Any, going_on: GoingOn) -> None:
        """Hook into *workflow* and its DAG, and into the scheduler that is being made.

        Attempts are known by *going_on*.
        """
        self._session = session
        self._going_on = going_on
        self._attached = False
        self._missing: list[str] = []
        dag = workflow.dag
        for name in ("_onstart", "_onsuccess", "_onerror"):
            self._wrap(workflow, name, functools.partial(_hook, self, name.lstrip("_")))
        self._wrap(dag, "check_and_touch_output", functools.partial(_per_job, self, "latency_wait"))
        self._wrap(dag, "handle_storage", functools.partial(_per_job, self, "stage_out"))
        self._wrap(dag, "retrieve_storage_inputs", functools.partial(_retrieval, self))
        self._wrap(dag, "update_checkpoint_dependencies", functools.partial(_replanning, self, dag))
        scheduler = object_in_the_making("_open_jobs")  # its constructor makes our executor
        if scheduler is not None:
            self.attach(scheduler)

    def attach(self, scheduler: Any) -> None:
        """Hook into *scheduler*, once."""
        if self._attached:
            return
        self._attached = True
        iteration = _Iteration(self._session, scheduler)
        gate = getattr(scheduler, "_open_jobs", None)
        if hasattr(gate, "acquire") and hasattr(gate, "release"):
            scheduler._open_jobs = _Gate(gate, iteration)
            self._wrap(scheduler, "job_selector", functools.partial(_selection, self, iteration))
        else:
            self._missing.append("_open_jobs")
        if self._missing:
            text = f"this Snakemake version lacks: {', '.join(self._missing)}"
            self._session.put(notes.LogMessage(clock.now(), "info", "unobserved", text))

    def put(self, make: Callable[[], notes.AnyNote]) -> None:
        """Put the note that *make* returns; an error in it does not reach Snakemake."""
        try:
            self._session.put(make())
        except Exception as error:
            self._session.fault(error)

    def files_wait(self, job: Any, phase: str, begun: clock.Micros, ended: clock.Micros) -> None:
        """Record what the main process did with the files of *job*; no error reaches Snakemake."""
        try:
            self._session.put(notes.FilesWait(begun, self._going_on.of(job).key, phase, ended))
        except Exception as error:
            self._session.fault(error)

    def _wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        method = getattr(owner, name, None)
        if not callable(method):
            self._missing.append(name)
            return
        setattr(owner, name, hidden(make(method)))


def _hook(hooks: Hooks, name: str, method: Any) -> Any:
    """Time a workflow's onstart, onsuccess or onerror."""

    @functools.wraps(method)
    def timed(*args: Any, **kwargs: Any) -> Any:
        begun = clock.now()
        try:
            return method(*args, **kwargs)
        finally:
            ended = clock.now()
            if ended - begun >= _WORTH_RECORDING:
                hooks.put(lambda: notes.RunPhaseEnded(begun, "hooks", ended, detail=name))

    return timed


def _per_job(hooks: Hooks, phase: str, method: Any) -> Any:
    """Time what the main process does with one job's files."""

    @functools.wraps(method)
    async def timed(job: Any, *args: Any, **kwargs: Any) -> Any:
        begun = clock.now()
        try:
            return await method(job, *args, **kwargs)
        finally:
            ended = clock.now()
            if phase == "latency_wait" or ended - begun >= _WORTH_RECORDING:
                hooks.files_wait(job, phase, begun, ended)

    return timed


def _retrieval(hooks: Hooks, method: Any) -> Any:
    """Time the retrieval of storage inputs for a batch of jobs."""

    @functools.wraps(method)
    async def timed(jobs: Any, *args: Any, **kwargs: Any) -> Any:
        begun = clock.now()
        try:
            return await method(jobs, *args, **kwargs)
        finally:
            ended = clock.now()
            if ended - begun >= _WORTH_RECORDING:
                for job in jobs:
                    hooks.files_wait(job, "stage_in", begun, ended)

    return timed


def _replanning(hooks: Hooks, dag: Any, method: Any) -> Any:
    """Time the re-evaluation of checkpoints, and record which jobs it added or changed."""

    @functools.wraps(method)
    async def timed(*args: Any, **kwargs: Any) -> Any:
        known = len(getattr(dag, "_jobid", ()))
        waited = _waiting_for(dag, args[0] if args else kwargs.get("jobs"))
        begun = clock.now()
        updated = await method(*args, **kwargs)
        if updated:
            ended = clock.now()
            hooks.put(
                lambda: notes.RunPhaseEnded(
                    begun,
                    "plan",
                    ended,
                    detail="checkpoint",
                    first_job_id=known or None,
                    changed_jobs=waited,
                )
            )
        return updated

    return timed


def _waiting_for(dag: Any, jobs: Any) -> tuple[int, ...]:
    """Return the ids of the jobs that depend on the checkpoints among *jobs*.

    They are replaced by new ones under the same ids, which may no longer depend on the checkpoint.
    """
    try:
        checkpoints = [job for job in jobs or () if job.is_checkpoint]
        depending = [other for job in checkpoints for other in dag.depending.get(job, ())]
        return tuple(sorted({dag._jobid[job] for job in depending if job in dag._jobid}))
    except Exception:  # this Snakemake's DAG is different: they stay unknown
        return ()


class _Iteration:
    """One iteration of the scheduler's main loop, from waking to going idle.

    With a limited submission rate, Snakemake wakes itself once a second for each job that has
    ended, as long as jobs are ready: of iterations that find nothing new only the first is
    recorded.
    """

    def __init__(self, session: Session, scheduler: Any) -> None:
        self._session = session
        self._scheduler = scheduler
        self._last: tuple[int | None, int] | None = None
        self._unrecorded = 0
        self._unrecorded_busy: clock.Micros = 0
        self._woke: clock.Micros | None = None
        self._selections: list[tuple[clock.Micros, clock.Micros]] = []
        self._selected: list[Any] = []
        """Jobs; their ids are asked for when the iteration has ended, and they were submitted."""
        self._ready: int | None = None

    def fault(self, error: Exception) -> None:
        self._session.fault(error)

    def wake(self) -> None:
        self._woke = clock.now()

    def selection(self, begun: clock.Micros, ended: clock.Micros, ready: int, run: Any) -> None:
        self._selections.append((begun, ended))
        self._ready = ready
        self._selected += run

    def go_idle(self) -> None:
        if self._woke is None:
            return
        idle = clock.now()
        busy = idle - self._woke
        if self._found_nothing_new() and busy < _WORTH_RECORDING_IDLE:
            self._unrecorded += 1
            self._unrecorded_busy += busy
        elif self._selections or busy >= _WORTH_RECORDING:
            self._session.put(
                notes.IterationEnded(
                    *(self._woke, idle, tuple(self._selections), self._ready),
                    tuple(map(id_of, self._selected)),
                    self._unrecorded,
                    clock.to_seconds(self._unrecorded_busy),
                )
            )
            self._unrecorded = self._unrecorded_busy = 0
        self._woke = self._ready = None
        self._selections, self._selected = [], []

    def _found_nothing_new(self) -> bool:
        """Whether none was selected, and as many jobs are ready and running as last time."""
        running = getattr(self._scheduler, "running", None)
        known = None if running is None else (self._ready, len(running))
        same = known is not None and known == self._last and not self._selected
        self._last = known
        return same


class _Gate:
    """Wraps the semaphore on which the main loop waits for something to do."""

    def __init__(self, gate: Any, iteration: _Iteration) -> None:
        self._gate = gate
        self._iteration = iteration

    def acquire(self, *args: Any, **kwargs: Any) -> Any:
        try:
            self._iteration.go_idle()
        except Exception as error:
            self._iteration.fault(error)
        try:
            return self._gate.acquire(*args, **kwargs)
        finally:
            self._iteration.wake()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gate, name)


def _selection(hooks: Hooks, iteration: _Iteration, method: Any) -> Any:
    """Time the selection of jobs, and record how many were ready."""

    @functools.wraps(method)
    def timed(jobs: Any, *args: Any, **kwargs: Any) -> Any:
        begun = clock.now()
        run = method(jobs, *args, **kwargs)
        try:
            iteration.selection(begun, clock.now(), len(jobs), run)
        except Exception as error:
            reason = repr(error)[:200]
            hooks.put(lambda: notes.InternalError(clock.now(), reason))
        return run

    return timed
