"""The members of a group that must run at the same time, because pipes or a service join them.

They take the sum of what each asks for, and each gets on as fast as the one it waits for.
"""

from collections.abc import Iterable

from snakemake_logger_plugin_observe.run.model import Run


def joined_members(run: Run, members: Iterable[int]) -> list[set[int]]:
    """Return *members*, those that pipes or services join in one set, and each other by itself."""
    sets = [{one} for one in members]
    known = set().union(*sets)
    if len(sets) < 2 or not any(_feeds(run, one) for one in known):
        return sets
    for reader in sorted(known):
        job = run.jobs.get(reader)
        for writer in (job.dependencies or ()) if job is not None else ():
            if writer in known and _feeds(run, writer):
                joined = [one for one in sets if {reader, writer} & one]
                sets = [one for one in sets if one not in joined] + [set[int]().union(*joined)]
    return sets


def piped_rules(run: Run, members: Iterable[int]) -> frozenset[str]:
    """Return the rules of *members* that pipes join to others."""
    return frozenset(
        run.jobs[one].rule
        for joined in joined_members(run, members)
        if len(joined) > 1 and any(_pipes(run, one) for one in joined)
        for one in joined
        if one in run.jobs
    )


def _feeds(run: Run, job_id: int) -> bool:
    job = run.jobs.get(job_id)
    return job is not None and (job.service or bool(job.pipes))


def _pipes(run: Run, job_id: int) -> bool:
    job = run.jobs.get(job_id)
    return job is not None and bool(job.pipes)
