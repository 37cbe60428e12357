"""The jobs of a DAG: how many of each rule are to run or up to date, and which are up to date.

Of those to run also how many jobs of each rule those of each other one need: a few numbers, however
many jobs there are.

Read in the thread that plans, from what Snakemake has decided already: nothing is evaluated.
"""

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from snakemake_logger_plugin_observe.probe import hidden
from snakemake_logger_plugin_observe.recording.notes import DagCounts, KeptJob

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.clock import Micros

_MOST_JOBS: Final = 1000
_MOST_FILES: Final = 10_000
"""So many up-to-date jobs, with so many files, are named in a journal; all are counted."""


class DagReader:
    """Reads one run's DAG after each planning; names each up-to-date job once."""

    def __init__(self, dag: Any) -> None:
        """Read *dag*."""
        self.dag = dag
        self._named: set[Any] = set()
        self._files_left = _MOST_FILES

    def read(self, time: "Micros") -> DagCounts:
        """Return its jobs counted by rule, and the new up-to-date ones, in one pass over them.

        A finished job counts as one to run, even if a later planning dropped it from the DAG.
        """
        dag = self.dag
        needrun, finished = dag.needrun, dag.finished
        to_run: Counter[str] = Counter()
        up_to_date: Counter[str] = Counter()
        needs: Counter[tuple[str, str]] = Counter()
        new: list[KeptJob] = []
        for job in dag.jobs:
            if needrun(job) or finished(job):
                rule = job.rule.name
                to_run[rule] += 1
                for needed in dag.dependencies.get(job, ()):
                    if needrun(needed) or finished(needed):
                        needs[rule, needed.rule.name] += 1
            else:
                up_to_date[job.rule.name] += 1
                if len(self._named) < _MOST_JOBS and job not in self._named:
                    new += self._kept(job)
        dropped = set(getattr(dag, "_finished", ())).difference(dag.jobs)
        to_run.update(job.rule.name for job in dropped)
        return DagCounts(
            time,
            dict(sorted(to_run.items())),
            dict(sorted(up_to_date.items())),
            tuple(new),
            _by_rule(needs),
            _without_command(dag, to_run),
        )

    def _kept(self, job: Any) -> tuple[KeptJob, ...]:
        """Return *job*, or nothing once too many files have been named."""
        self._files_left -= len(job.input) + len(job.output)
        if self._files_left < 0:
            return ()
        self._named.add(job)
        wildcards = {str(name): str(value) for name, value in job.wildcards_dict.items()}
        files = (tuple(map(str, job.input)), tuple(map(str, job.output)))
        return (KeptJob(str(job.rule.name), wildcards, *files),)


def _by_rule(pairs: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (rule, needed), count in sorted(pairs.items()):
        found.setdefault(rule, {})[needed] = count
    return found


def _without_command(dag: Any, rules: Iterable[str]) -> tuple[str, ...]:
    """Return the rules that run nothing."""
    norun = {rule.name for rule in dag.workflow.rules if rule.norun}
    return tuple(sorted(norun.intersection(rules)))


def on_replanning(dag: Any, call: Callable[[], None]) -> None:
    """Call *call* each time that *dag* has been planned again."""
    method = dag.postprocess_after_update

    @functools.wraps(method)
    async def hooked(*args: Any, **kwargs: Any) -> Any:
        answer = await method(*args, **kwargs)
        call()
        return answer

    dag.postprocess_after_update = hidden(hooked)
