"""When an attempt was ready: the moment that Snakemake could first have selected it."""

from collections.abc import Iterable

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import RunPhase
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.model import Run


def ready_at(run: Run, key: Key) -> Micros | None:
    """Return when Snakemake could first have selected this attempt, or None if unknown.

    The latest of: the start of scheduling, its dependencies' ends, the end of the re-planning that
    it waited for, its previous attempt's end.
    """
    needed = dependencies(run, key)
    began = run.scheduling_began
    if needed is None or began is None:
        return None
    moments = [began, *filter(None, map(run.finished_at, needed))]
    if previous := run.attempts.get((key[0], key[1] - 1)):
        moments.extend(filter(None, [previous.stamps.finished]))
    if replanning := awaited_replanning(run, key):
        moments.append(replanning.end)
    return max(moments)


def dependencies(run: Run, key: Key) -> Iterable[int] | None:
    """Return the ids of the jobs that an attempt had to wait for, or None if unknown."""
    members = [key[0]] if isinstance(key[0], int) else list(run.members(key[0]))
    needed: set[int] = set()
    for member in members:
        job = run.jobs.get(member) if isinstance(member, int) else None
        if job is None or job.dependencies is None:
            return None
        needed.update(job.dependencies)
    return needed.difference(m for m in members if isinstance(m, int))


def awaited_replanning(run: Run, key: Key) -> RunPhase | None:
    """Return the re-planning that an attempt had to wait for: it added or changed its job."""
    members = (key[0],) if isinstance(key[0], int) else run.members(key[0])
    phases = [run.last_replanning[member] for member in members if member in run.last_replanning]
    if adding := adding_replanning(run, key):
        phases.append(adding)
    return max(phases, key=lambda phase: phase.end, default=None)


def adding_replanning(run: Run, key: Key) -> RunPhase | None:
    """Return the re-planning that added an attempt's job to the DAG, or None."""
    newest = key[0] if isinstance(key[0], int) else max(run.members(key[0]), default=-1)
    for phase in reversed(run.phases):
        if phase.first_job_id is not None and phase.first_job_id <= newest:
            return phase
    return None


def added_by_checkpoint(run: Run, jobs: Iterable[int]) -> bool:
    """Return whether one of *jobs* came into the DAG only when a checkpoint had been evaluated."""
    return any(adding_replanning(run, (job_id, 1)) is not None for job_id in jobs)
