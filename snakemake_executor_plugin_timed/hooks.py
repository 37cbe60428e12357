"""Hooks into one workflow's own objects, for what no plugin interface tells.

Each wraps one method of one instance, probes for it first, and is told as missing where it has
moved: that costs its phase, never the run. The class of the object stays as it is.
"""

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording.session import Session
from snakemake_logger_plugin_observe.recording.traceback_hiding import out_of_sight

if TYPE_CHECKING:
    from types import FrameType

# Shorter stretches are the calls themselves, with nothing in them worth a line.
_WORTH_TELLING: Final = 1000
# A turn that changes nothing and is shorter than this holds nothing up that anybody would see.
_WORTH_REPEATING: Final = 50_000
_FRAMES_TO_SEARCH: Final = 12


class Hooks:
    """The hooks of one run."""

    def __init__(self, session: Session, workflow: Any) -> None:
        """Hook into *workflow* and its DAG, and into the scheduler that is being made."""
        self._session = session
        self._attached = False
        self._missing: list[str] = []
        dag = workflow.dag
        for name in ("_onstart", "_onsuccess", "_onerror"):
            self._wrap(workflow, name, functools.partial(_hook, self, name.lstrip("_")))
        self._wrap(dag, "check_and_touch_output", functools.partial(_per_job, self, "latency_wait"))
        self._wrap(dag, "handle_storage", functools.partial(_per_job, self, "stage_out"))
        self._wrap(dag, "retrieve_storage_inputs", functools.partial(_retrieval, self))
        self._wrap(dag, "update_checkpoint_dependencies", functools.partial(_replanning, self, dag))
        scheduler = _scheduler_in_the_making()
        if scheduler is not None:
            self.attach(scheduler)

    def attach(self, scheduler: Any) -> None:
        """Hook into *scheduler*, once."""
        if self._attached:
            return
        self._attached = True
        turn = _Turn(self._session, scheduler)
        gate = getattr(scheduler, "_open_jobs", None)
        if hasattr(gate, "acquire") and hasattr(gate, "release"):
            scheduler._open_jobs = _Gate(gate, turn)
            self._wrap(scheduler, "job_selector", functools.partial(_selection, self, turn))
        else:
            self._missing.append("_open_jobs")
        if self._missing:
            text = f"this Snakemake cannot be asked for: {', '.join(self._missing)}"
            self._session.put("message", clock.now(), level="info", kind="unobserved", text=text)

    def put(self, kind: str, time: clock.Micros, /, **facts: Any) -> None:
        """Put a note; a fault of ours stays ours."""
        try:
            self._session.put(kind, time, **facts)
        except Exception as fault:
            self._session.fault(fault)

    def _wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        method = getattr(owner, name, None)
        if not callable(method):
            self._missing.append(name)
            return
        setattr(owner, name, out_of_sight(make(method)))


def _scheduler_in_the_making() -> Any:
    """Return the scheduler whose constructor makes our executor right now, or None."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(_FRAMES_TO_SEARCH):
        if frame is None:
            return None
        owner = frame.f_locals.get("self")
        if frame.f_code.co_name == "__init__" and hasattr(owner, "_open_jobs"):
            return owner
        frame = frame.f_back
    return None


def _hook(hooks: Hooks, name: str, method: Any) -> Any:
    """Time a workflow's onstart, onsuccess or onerror."""

    @functools.wraps(method)
    def timed(*args: Any, **kwargs: Any) -> Any:
        begun = clock.now()
        try:
            return method(*args, **kwargs)
        finally:
            ended = clock.now()
            if ended - begun >= _WORTH_TELLING:
                hooks.put("run_phase", begun, phase="hooks", end=ended, detail=name)

    return timed


def _per_job(hooks: Hooks, phase: str, method: Any) -> Any:
    """Time what the main process does about one job's files."""

    @functools.wraps(method)
    async def timed(job: Any, *args: Any, **kwargs: Any) -> Any:
        begun = clock.now()
        try:
            return await method(job, *args, **kwargs)
        finally:
            ended = clock.now()
            if phase == "latency_wait" or ended - begun >= _WORTH_TELLING:
                hooks.put("wait", begun, key=(job.jobid, job.attempt), phase=phase, end=ended)

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
            if ended - begun >= _WORTH_TELLING:
                for job in jobs:
                    key = (job.jobid, job.attempt)
                    hooks.put("wait", begun, key=key, phase="stage_in", end=ended)

    return timed


def _replanning(hooks: Hooks, dag: Any, method: Any) -> Any:
    """Time the re-evaluation of checkpoints, and note which jobs it brought or changed."""

    @functools.wraps(method)
    async def timed(*args: Any, **kwargs: Any) -> Any:
        known = len(getattr(dag, "_jobid", ()))
        waited = _waiting_for(dag, args[0] if args else kwargs.get("jobs"))
        begun = clock.now()
        updated = await method(*args, **kwargs)
        if updated:
            hooks.put(
                "run_phase",
                begun,
                phase="plan",
                end=clock.now(),
                detail="checkpoint",
                first_job_id=known or None,
                changed_jobs=waited,
            )
        return updated

    return timed


def _waiting_for(dag: Any, jobs: Any) -> tuple[int, ...]:
    """Return the ids of those that depend on the checkpoints among *jobs*: they are made anew.

    Under the ids that they had; and what is made may depend on the checkpoint no more.
    """
    try:
        checkpoints = [job for job in jobs or () if job.is_checkpoint]
        depending = [other for job in checkpoints for other in dag.depending.get(job, ())]
        return tuple(sorted({dag._jobid[job] for job in depending if job in dag._jobid}))
    except Exception:  # Snakemake is not as it was: which they are is not told then
        return ()


class _Turn:
    """One turn of the scheduler's main loop, from waking to going idle.

    Where submissions are limited in their rate, Snakemake wakes itself once a second for each job
    that has ended, as long as work is ready: of turns that find nothing new only the first is told.
    """

    def __init__(self, session: Session, scheduler: Any) -> None:
        self._session = session
        self._scheduler = scheduler
        self._last: tuple[int | None, int] | None = None
        self._alike = 0
        self._alike_busy: clock.Micros = 0
        self._woke: clock.Micros | None = None
        self._selections: list[tuple[clock.Micros, clock.Micros]] = []
        self._selected: list[Any] = []
        self._ready: int | None = None

    def fault(self, fault: Exception) -> None:
        self._session.fault(fault)

    def wake(self) -> None:
        self._woke = clock.now()

    def selection(self, begun: clock.Micros, ended: clock.Micros, ready: int, run: Any) -> None:
        self._selections.append((begun, ended))
        self._ready = ready
        self._selected.extend(j if isinstance(j := job.jobid, int) else str(j) for job in run)

    def rest(self) -> None:
        if self._woke is None:
            return
        idle = clock.now()
        busy = idle - self._woke
        if self._found_nothing_new() and busy < _WORTH_REPEATING:
            self._alike += 1
            self._alike_busy += busy
        elif self._selections or busy >= _WORTH_TELLING:
            self._session.put(
                "scheduler_iteration",
                self._woke,
                idle=idle,
                selections=tuple(self._selections),
                ready=self._ready,
                selected=tuple(self._selected),
                unrecorded=self._alike,
                unrecorded_s=clock.to_seconds(self._alike_busy),
            )
            self._alike = self._alike_busy = 0
        self._woke = self._ready = None
        self._selections, self._selected = [], []

    def _found_nothing_new(self) -> bool:
        """Whether as much is ready and runs as after the last turn, and none was chosen."""
        running = getattr(self._scheduler, "running", None)
        known = None if running is None else (self._ready, len(running))
        same = known is not None and known == self._last and not self._selected
        self._last = known
        return same


class _Gate:
    """Stands before the semaphore at which the main loop waits for something to do."""

    def __init__(self, gate: Any, turn: _Turn) -> None:
        self._gate = gate
        self._turn = turn

    def acquire(self, *args: Any, **kwargs: Any) -> Any:
        try:
            self._turn.rest()
        except Exception as fault:
            self._turn.fault(fault)
        try:
            return self._gate.acquire(*args, **kwargs)
        finally:
            self._turn.wake()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gate, name)


def _selection(hooks: Hooks, turn: _Turn, method: Any) -> Any:
    """Time the choice of jobs, and note how many there were to choose from."""

    @functools.wraps(method)
    def timed(jobs: Any, *args: Any, **kwargs: Any) -> Any:
        begun = clock.now()
        run = method(jobs, *args, **kwargs)
        try:
            turn.selection(begun, clock.now(), len(jobs), run)
        except Exception as fault:
            hooks.put("fault", clock.now(), reason=repr(fault)[:200])
        return run

    return timed
