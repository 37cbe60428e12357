"""Counts of attempts that a check file can limit: jobs that failed, and what was done again."""

from collections.abc import Iterable

from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL, SUCCEEDED, Attempt


def failed_last(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return the last attempts of jobs, of those that failed."""
    last: dict[int | None, Attempt] = {}
    for one in attempts:
        if one.job_id not in last or last[one.job_id].number < one.number:
            last[one.job_id] = one
    return [one for one in last.values() if one.status in FAILED]


def done_again(attempts: Iterable[Attempt]) -> list[tuple[Attempt, str]]:
    """Return attempts and executions after the first, each with what it was."""
    again: list[tuple[Attempt, str]] = []
    for one in attempts:
        number = one.number
        again += [(one, f"attempt {number}")] if number > 1 else []
        again += [
            (one, f"execution {n} of attempt {number}") for n in range(2, len(one.executions) + 1)
        ]
    return again


def unseen(attempts: Iterable[Attempt]) -> int:
    """Return in how many attempts there may have been more executions than were observed."""
    return sum(
        one.external_jobid is not None
        and one.status in FINAL
        and (bool(one.unobserved) or not _reported(one))
        for one in attempts
    )


def _reported(attempt: Attempt) -> bool:
    """Whether its node reported about it: the clock shows that where its processes are forgotten.

    A recorder forgets those of attempts that succeeded at once.
    """
    clock_known = attempt.status in SUCCEEDED and attempt.offset is not None
    return bool(attempt.levels) or clock_known
