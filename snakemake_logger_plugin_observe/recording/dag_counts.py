"""Counts of a DAG's jobs by rule: how many are to run, and how many are up to date.

Counted in the thread that plans, from what Snakemake has decided already: nothing is evaluated.
"""

import functools
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snakemake_logger_plugin_observe.probe import hidden
from snakemake_logger_plugin_observe.recording.notes import DagCounts

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.clock import Micros


def count_jobs(dag: Any, time: "Micros") -> DagCounts:
    """Return the jobs of *dag* counted by rule, in one pass over them.

    A finished job counts as one to run, even if a later planning dropped it from the DAG.
    """
    needrun, finished = dag.needrun, dag.finished
    to_run: Counter[str] = Counter()
    up_to_date: Counter[str] = Counter()
    for job in dag.jobs:
        counter = to_run if needrun(job) or finished(job) else up_to_date
        counter[job.rule.name] += 1
    dropped = set(getattr(dag, "_finished", ())).difference(dag.jobs)
    to_run.update(job.rule.name for job in dropped)
    return DagCounts(time, dict(sorted(to_run.items())), dict(sorted(up_to_date.items())))


def on_replanning(dag: Any, call: Callable[[], None]) -> None:
    """Call *call* each time that *dag* has been planned again."""
    method = dag.postprocess_after_update

    @functools.wraps(method)
    async def hooked(*args: Any, **kwargs: Any) -> Any:
        answer = await method(*args, **kwargs)
        call()
        return answer

    dag.postprocess_after_update = hidden(hooked)
