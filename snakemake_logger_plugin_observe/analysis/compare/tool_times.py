"""How long the tools of the same jobs took in two runs, rule by rule.

A job that was up to date in the earlier run counts with its attempt in the run that made it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.path.dag_order import last_attempts
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

TIMES: Final = 1.5
"""A tool that takes this many times as long is slow."""
_LEAST: Final = 500_000
"""A tool is slow only if it took at least this much longer, over all its jobs."""
_ALIKE: Final = 0.5
_SPREAD: Final = 2.0
_ADDS_WORK: Final = ("code", "script", "params", "command", "environment", "threads")


@dataclass(slots=True)
class Tool:
    """How long a rule's tool ran in the jobs that both runs know."""

    rule_before: str = ""
    """The name of the rule in the baseline, which changes refer to."""
    before: Micros = 0
    after: Micros = 0
    read_before: int = 0
    read_after: int = 0
    """The bytes of the inputs of those jobs whose input sizes both runs know."""
    jobs: list[tuple[Micros, Micros, int]] = field(default_factory=list)
    """For each job: how much longer it took, how long it took before, and its id."""

    @property
    def grew(self) -> Micros:
        """Return how much longer it took."""
        return self.after - self.before

    @property
    def times(self) -> float:
        """Return how many times as long it took."""
        return self.after / max(1, self.before)

    @property
    def read_times(self) -> float:
        """Return how many times as much it had to read; 1 if unknown."""
        return self.read_after / self.read_before if self.read_before else 1.0


def tools(before: Run, after: Run, pairs: Iterable[Pair]) -> dict[str, Tool]:
    """Return the tools of *pairs* by rule, from the last attempts of jobs that succeeded twice.

    Args:
        before: the baseline, with what the runs before it made.
        after: the run whose jobs are compared with their last attempts before.
        pairs: the jobs of both.

    """
    then, now = _computed_last(before), _computed(after)
    found: defaultdict[str, Tool] = defaultdict(Tool)
    for pair in pairs:
        was, took = then.get(pair.before.job_id), now.get(pair.after.job_id)
        if was is not None and took is not None:
            tool = found[pair.after.rule]
            tool.rule_before = pair.before.rule
            tool.before += was
            tool.after += took
            tool.jobs.append((took - was, was, pair.after.job_id))
            if _sized(pair.before) and _sized(pair.after):
                tool.read_before += sum(pair.before.input_sizes.values())
                tool.read_after += sum(pair.after.input_sizes.values())
    return dict(found)


def is_slow(tool: Tool) -> bool:
    """Whether a tool took much longer than in the baseline, and than more data explains."""
    expected = max(1.0, tool.read_times)
    return tool.times >= TIMES * expected and tool.grew >= _LEAST


def added_work(changes: Iterable[Change], tool: Tool) -> list[Change]:
    """Return what changed in a tool's rule that can make it do more work."""
    return [one for one in changes if one.subject == tool.rule_before and one.what in _ADDS_WORK]


def significant(known: dict[str, Tool]) -> dict[str, Tool]:
    """Return the tools that ran long enough to show how fast the machine is."""
    return {name: tool for name, tool in known.items() if tool.after >= _LEAST}


def machine_is_slow(known: dict[str, Tool], changes: Iterable[Change]) -> bool:
    """Whether the machine is the cause: all tools without added work are slower."""
    changes = list(changes)
    same = [tool for tool in significant(known).values() if not added_work(changes, tool)]
    slow = [tool.times for tool in same if is_slow(tool)]
    others = [tool for tool in same if not is_slow(tool)]
    if len(slow) < 2:
        return False
    if not others:
        return max(slow) <= _SPREAD * min(slow)
    before, after = sum(tool.before for tool in others), sum(tool.after for tool in others)
    return after - before >= _ALIKE * (max(slow) - 1) * before


def _sized(job: JobDescribed) -> bool:
    """Whether the sizes of all its inputs are known."""
    return job.input_sizes.keys() >= set(job.input)


def _computed_last(run: Run) -> dict[int, Micros]:
    """Return the tools' times in *run*, and of its up-to-date jobs in the runs that made them."""
    made = {
        job_id: made.attempt.phases["compute"]
        for job_id, made in run.made.items()
        if made.attempt.status == "success" and "compute" in made.attempt.phases
    }
    return made | _computed(run)


def _computed(run: Run) -> dict[int, Micros]:
    return {
        job_id: attempt.phases["compute"]
        for job_id, attempt in last_attempts(run).items()
        if attempt.status == "success" and "compute" in attempt.phases
    }
