"""What the tools of the same jobs took in two runs, rule by rule."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from snakemake_logger_plugin_observe.analysis.matching import Pair
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.events import JobDescribed
from snakemake_logger_plugin_observe.run import Run


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


def _sized(job: JobDescribed) -> bool:
    """Whether the sizes of all inputs are known."""
    return job.input_sizes.keys() >= set(job.input)


def _computed(run: Run) -> dict[int, Micros]:
    last = {a.job_id: a for a in run.attempts.values() if a.job_id is not None}
    return {
        job_id: attempt.phases["compute"]
        for job_id, attempt in last.items()
        if attempt.status == "success" and "compute" in attempt.phases
    }
