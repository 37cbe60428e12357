"""What a DAG holds: how many jobs of each rule are to run, and how many are up to date.

Asked in the thread that plans, of what Snakemake has decided by then: nothing is evaluated for it.
"""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

from snakemake_logger_plugin_observe.recording.traceback_hiding import out_of_sight


def jobs_of(dag: Any) -> dict[str, dict[str, int]]:
    """Return the jobs of *dag*, counted by rule (fields of ``Planned``); one pass over them.

    A finished job counts as one to run, also where a later planning dropped it from the DAG.
    """
    needrun, finished = dag.needrun, dag.finished
    to_run: Counter[str] = Counter()
    up_to_date: Counter[str] = Counter()
    for job in dag.jobs:
        counted = to_run if needrun(job) or finished(job) else up_to_date
        counted[job.rule.name] += 1
    dropped = set(getattr(dag, "_finished", ())).difference(dag.jobs)
    to_run.update(job.rule.name for job in dropped)
    return {"to_run": dict(sorted(to_run.items())), "up_to_date": dict(sorted(up_to_date.items()))}


def follow(dag: Any, replanned: Callable[[], None]) -> None:
    """Have *replanned* called each time that *dag*, planned once, has been planned again."""
    method = dag.postprocess_after_update

    @functools.wraps(method)
    async def followed(*args: Any, **kwargs: Any) -> Any:
        answer = await method(*args, **kwargs)
        replanned()
        return answer

    dag.postprocess_after_update = out_of_sight(followed)
