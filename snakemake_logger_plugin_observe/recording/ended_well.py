"""What stays in memory of attempts that ended well: what is asked about them when the run ends.

The recorder is a guest in Snakemake's process, and a run may have a million jobs. The journal has
the rest.
"""

from typing import Any, Final

from snakemake_logger_plugin_observe.run.attempt import SUCCEEDED, Attempt
from snakemake_logger_plugin_observe.run.model import Run

FEW: Final = 1_000
"""Of a run with so few jobs nothing is dropped: what to change in it is simulated at its end."""
_NO_SIZES: Final[dict[str, int]] = {}


class EndedWell:
    """Makes the attempts of one run small once they have ended well."""

    def __init__(self, run: Run) -> None:
        """Begin with *run*, which has no attempts yet."""
        self._run = run
        self._resources: dict[str, dict[str, Any]] = {}
        """The resources of a job of each rule: those of others are mostly the same."""

    def forget(self, submission: Attempt) -> None:
        """Drop what nobody will ask about a *submission*, and its members, that has been written.

        What says why something failed stays: of an attempt that was not the first one, or in which
        an execution had failed. Of a job, its files and its command stay, as another job may fail
        because of them.
        The run's last line counts executions, so that the processes stay.
        """
        if len(self._run.jobs) <= FEW:
            return
        members = self._run.members(submission.group or "") if submission.job_id is None else ()
        known = (self._run.attempts.get((member, submission.number)) for member in members)
        attempts = [submission, *(one for one in known if one is not None)]
        if not all(map(_succeeded_at_once, attempts)):
            return
        for one in attempts:
            one.waits, one.fragments = (), ()
            self._forget_job(one.job_id)

    def _forget_job(self, job_id: int | None) -> None:
        job = self._run.jobs.get(job_id) if job_id is not None else None
        if job is None:
            return
        resources = self._resources.setdefault(job.rule, job.resources)
        self._run.jobs[job.job_id] = job.but(
            reason=None,
            resources=resources if resources == job.resources else job.resources,
            code_digest=None,
            params_digest=None,
            environment_digest=None,
            input_sizes=_NO_SIZES,
            params=(),
        )


def _succeeded_at_once(attempt: Attempt) -> bool:
    """Whether an attempt was the first and only one, and so was each execution in it."""
    levels = attempt.levels
    executions = [one for level in levels for one in level.executions]
    return (
        attempt.number == 1
        and attempt.status in SUCCEEDED
        and len(attempt.node_starts) <= 1
        and not any(level.restarts for level in levels)
        and all(one.status in SUCCEEDED for one in executions)
    )
