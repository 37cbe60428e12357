"""What each job had to wait for: the recorded DAG, checkpoints included."""

from bisect import bisect_right

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run


class Replannings:
    """Which re-planning a job had to wait for, and which checkpoint triggered it."""

    def __init__(self, run: Run) -> None:
        """Index the re-plannings of *run*, and the ends of its checkpoints."""
        created = [
            (phase.first_job_id, phase.time)
            for phase in run.phases
            if phase.first_job_id is not None
        ]
        # Jobs that a later planning created have higher ids.
        self._changed = run.last_replanning
        self._first_ids = [first for first, _ in sorted(created)]
        self._times = [time for _, time in sorted(created)]
        ends = sorted(
            (attempt.end, attempt.job_id)
            for attempt in run.attempts.values()
            if attempt.job_id is not None
            and attempt.end is not None
            and (job := run.jobs.get(attempt.job_id)) is not None
            and job.checkpoint
        )
        self._ends = [end for end, _ in ends]
        self._checkpoints = [job_id for _, job_id in ends]

    def time_of(self, job_id: int) -> Micros | None:
        """Return when the re-planning began that created or changed *job_id*, or None."""
        if job_id in self._changed:
            return self._changed[job_id].time
        index = bisect_right(self._first_ids, job_id)
        return self._times[index - 1] if index else None

    def checkpoint_of(self, job_id: int) -> int | None:
        """Return the checkpoint after which *job_id* was planned, or None."""
        time = self.time_of(job_id)
        if time is None:
            return None
        index = bisect_right(self._ends, time)
        return self._checkpoints[index - 1] if index else None


def last_attempts(run: Run) -> dict[int, Attempt]:
    """Return each job's last attempt; of a group, each member's."""
    last = ((name, run.last_attempt(name)) for name in run.last_numbers if isinstance(name, int))
    return {job_id: attempt for job_id, attempt in last if attempt is not None}


def predecessors(run: Run, job_ids: dict[int, Attempt]) -> dict[int, tuple[int, ...]]:
    """Return, for each of *job_ids*, which of them it had to wait for."""
    replannings = Replannings(run)
    found: dict[int, tuple[int, ...]] = {}
    for job_id in job_ids:
        job = run.jobs.get(job_id)
        own = [
            need
            for need in (job.dependencies or () if job is not None else ())
            if need in job_ids and need != job_id
        ]
        checkpoint = replannings.checkpoint_of(job_id)
        if checkpoint is not None and checkpoint != job_id and checkpoint not in own:
            own.append(checkpoint)
        found[job_id] = tuple(dict.fromkeys(own))
    return found
