"""What the tools of the same jobs took in two runs, rule by rule."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.differences import Change
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.analysis.path.dag_order import last_attempts
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

TIMES: Final = 1.5
"""A tool that takes so many times as long is slow."""
_LEAST: Final = 500_000
"""And by so much longer, over all its jobs; what takes less is worth no word."""
_ALIKE: Final = 0.5
_SPREAD: Final = 2.0
_ASKS_MORE: Final = ("code", "script", "params", "command", "environment", "threads")


@dataclass(slots=True)
class Tool:
    """A rule's tool in both runs: what it computed in the jobs of which both know it."""

    rule_before: str = ""
    """What the rule was called in the run before: changes are told under that name."""
    before: Micros = 0
    after: Micros = 0
    read_before: int = 0
    read_after: int = 0
    """The bytes of its jobs' inputs, of the jobs of which both runs know all of them."""
    jobs: list[tuple[Micros, Micros, int]] = field(default_factory=list)
    """Of each job: by how much it grew, what it took before, and its id."""

    @property
    def grew(self) -> Micros:
        """By how much it took longer."""
        return self.after - self.before

    @property
    def times(self) -> float:
        """How many times as long it took."""
        return self.after / max(1, self.before)

    @property
    def read_times(self) -> float:
        """How many times as much it had to read; 1 where that is not known."""
        return self.read_after / self.read_before if self.read_before else 1.0


def tools(before: Run, after: Run, pairs: Iterable[Pair]) -> dict[str, Tool]:
    """Return the tools of *pairs* by rule, each job's last attempt, where both succeeded."""
    then, now = _computed(before), _computed(after)
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
    """Return whether a tool took much longer than in the baseline, and than more data would."""
    expected = max(1.0, tool.read_times)
    return tool.times >= TIMES * expected and tool.grew >= _LEAST


def asked_more(changes: Iterable[Change], tool: Tool) -> list[Change]:
    """Return what changed of a tool's rule that can make it do more."""
    return [one for one in changes if one.subject == tool.rule_before and one.what in _ASKS_MORE]


def telling(known: dict[str, Tool]) -> dict[str, Tool]:
    """Return the tools that tell of the machine: not of a rule that only gathers, in a moment."""
    return {name: tool for name, tool in known.items() if tool.after >= _LEAST}


def machine_is_slow(known: dict[str, Tool], changes: Iterable[Change]) -> bool:
    """Return whether tools that were asked for no more are slower alike: then none is to blame."""
    changes = list(changes)
    same = [tool for tool in telling(known).values() if not asked_more(changes, tool)]
    slow = [tool.times for tool in same if is_slow(tool)]
    others = [tool for tool in same if not is_slow(tool)]
    if len(slow) < 2:
        return False
    if not others:
        return max(slow) <= _SPREAD * min(slow)
    before, after = sum(tool.before for tool in others), sum(tool.after for tool in others)
    return after - before >= _ALIKE * (max(slow) - 1) * before


def _sized(job: JobDescribed) -> bool:
    """Whether the sizes of all inputs are known."""
    return job.input_sizes.keys() >= set(job.input)


def _computed(run: Run) -> dict[int, Micros]:
    return {
        job_id: attempt.phases["compute"]
        for job_id, attempt in last_attempts(run).items()
        if attempt.status == "success" and "compute" in attempt.phases
    }
