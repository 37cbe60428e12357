"""The critical path: the longest chain of compute through the DAG, and every job's slack.

It is the length of a run with a slot for every job and no overhead. A job's weight is the compute
of its last attempt: failed attempts are not work that the DAG requires. A job follows another if
it depends on it and its tool began after the other's ended; if both ran at the same time (pipes,
services), it follows what the other had to wait for. So the tools of a chain really ran one after
the other, and no chain is longer than the run.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.analysis.path.dag_order import last_attempts, predecessors
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import UNOBSERVED

_COMPUTE: Final = frozenset({"compute"})


@dataclass(frozen=True, slots=True)
class ChainJob:
    """A job of the critical path, and what it computed."""

    job_id: int
    rule: str | None
    compute: Micros


@dataclass(frozen=True, slots=True)
class JobSlack:
    """How much longer a job's tool could take before the critical path gets longer."""

    job_id: int
    rule: str | None
    compute: Micros
    slack: Micros


@dataclass(frozen=True, slots=True)
class RuleSlack:
    """The least slack of any job of a rule."""

    rule: str | None
    jobs: int
    on_path: int
    """How many of its jobs are on the critical path."""
    on_path_compute: Micros
    slack: Micros


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The longest chain of compute; durations in microseconds."""

    length: Micros
    chain: tuple[ChainJob, ...]
    slacks: tuple[JobSlack, ...]
    """Of every job, smallest first."""
    rules: tuple[RuleSlack, ...]
    """Of every rule, smallest slack first."""
    unknown: tuple[int, ...] = ()
    """Jobs with weight 0 because the time of their tools could not be observed."""
    cycles: tuple[int, ...] = ()
    """Jobs whose recorded dependencies lead back to themselves."""


def critical_path(run: Run) -> CriticalPath:
    """Return the critical path of *run*; linear in its jobs and dependencies."""
    begin, end = run.start or 0, run.end or 0
    attempts = last_attempts(run)
    nodes = {job_id: _node(run, attempt, begin, end) for job_id, attempt in attempts.items()}
    before = predecessors(run, attempts)
    order, cycles = _in_order(before)
    for job_id in order:
        nodes[job_id].follow(before[job_id], nodes)
    for job_id in reversed(order):
        nodes[job_id].precede(nodes)
    length = max((node.ends for node in nodes.values()), default=0)
    chain = _chain(nodes, length)
    slacks = sorted(
        (
            JobSlack(
                job_id,
                _rule(run, job_id),
                node.compute,
                max(0, length - node.ends - node.after),  # a cycle counts in both directions
            )
            for job_id, node in nodes.items()
        ),
        key=lambda one: (one.slack, -one.compute, one.job_id),
    )
    return CriticalPath(
        length=length,
        chain=tuple(
            ChainJob(job_id, _rule(run, job_id), nodes[job_id].compute) for job_id in chain
        ),
        slacks=tuple(slacks),
        rules=_by_rule(slacks, frozenset(chain)),
        unknown=tuple(
            sorted(
                job_id
                for job_id, attempt in attempts.items()
                if not nodes[job_id].compute and _hidden(attempt)
            )
        ),
        cycles=tuple(sorted(cycles)),
    )


@dataclass(slots=True)
class _Node:
    """A job's tool as it ran, and the longest chains of compute before and after it."""

    began: Micros
    ended: Micros
    compute: Micros
    starts: Micros = 0
    """The longest chain of compute that had to end before it began."""
    after: Micros = 0
    """The longest chain that has to follow its end."""
    after_start: Micros = 0
    """The longest chain that has to follow its start, without its own compute."""
    follows: int | None = None
    """The job before it in the longest chain."""
    before_start: list[int] = field(default_factory=list)
    during: list[int] = field(default_factory=list)

    @property
    def ends(self) -> Micros:
        return self.starts + self.compute

    def follow(self, job_ids: Iterable[int], nodes: dict[int, "_Node"]) -> None:
        """Follow the longest chain through *job_ids*; among equals, the one that ended last."""
        longest: tuple[Micros, Micros, int] | None = None
        for job_id in job_ids:
            other = nodes[job_id]
            if other.ended <= self.began:
                self.before_start.append(job_id)
                candidate = (other.ends, other.ended, -job_id)
            elif other.starts <= self.began:
                self.during.append(job_id)
                if other.follows is None:
                    continue
                candidate = (other.starts, nodes[other.follows].ended, -other.follows)
            else:
                continue
            if longest is None or candidate > longest:
                longest = candidate
        if longest is not None:
            self.starts, self.follows = longest[0], -longest[2]

    def precede(self, nodes: dict[int, "_Node"]) -> None:
        """Update the chains that follow the jobs before this one."""
        own = max(self.compute + self.after, self.after_start)
        for job_id in self.before_start:
            nodes[job_id].after = max(nodes[job_id].after, own)
        for job_id in self.during:
            nodes[job_id].after_start = max(nodes[job_id].after_start, own)


def _node(run: Run, attempt: Attempt, begin: Micros, end: Micros) -> _Node:
    """Return *attempt*'s tool, within the run and in microseconds since its start."""
    compute = 0
    began = ended = None
    for start, over, _ in attempt.segments.of_phases(_COMPUTE):
        since, until = max(start, begin), min(over, end)
        if until > since:
            compute += until - since
            began = since if began is None else began
            ended = until
    if began is None or ended is None:
        last = min(max(attempt.end or attempt.stamps.finished or begin, begin), max(begin, end))
        return _Node(last - begin, last - begin, 0)
    job = run.job_of(attempt)
    if job is not None and job.service:  # it runs for as long as other jobs use it
        return _Node(began - begin, began - begin, 0)
    return _Node(began - begin, ended - begin, compute)


def _hidden(attempt: Attempt) -> bool:
    """Whether the tool may have run in an unobserved stretch."""
    labels = attempt.segments.phases
    return "compute" not in labels and (UNOBSERVED in labels or bool(attempt.unobserved))


def _in_order(before: dict[int, tuple[int, ...]]) -> tuple[list[int], set[int]]:
    """Return the jobs in topological order, and those that are in a cycle.

    Jobs in or after a cycle come last, in the order of their ids.
    """
    order = _sorted(before)
    left = before.keys() - set(order)
    inside = {job_id: tuple(n for n in before[job_id] if n in left) for job_id in left}
    following: dict[int, list[int]] = {job_id: [] for job_id in inside}
    for job_id, own in inside.items():
        for need in own:
            following[need].append(job_id)
    only_after = set(_sorted({job_id: tuple(own) for job_id, own in following.items()}))
    return [*order, *sorted(left)], left - only_after


def _sorted(before: dict[int, tuple[int, ...]]) -> list[int]:
    """Return the jobs that are not in or after a cycle, in topological order."""
    open_needs = {job_id: len(own) for job_id, own in before.items()}
    following: dict[int, list[int]] = {}
    for job_id, own in before.items():
        for need in own:
            following.setdefault(need, []).append(job_id)
    free = deque(job_id for job_id, count in open_needs.items() if not count)
    order: list[int] = []
    while free:
        job_id = free.popleft()
        order.append(job_id)
        for other in following.get(job_id, ()):
            open_needs[other] -= 1
            if not open_needs[other]:
                free.append(other)
    return order


def _chain(nodes: dict[int, _Node], length: Micros) -> list[int]:
    """Return the jobs of the longest chain in order; among equals, the one that ended last."""
    if not length:
        return []
    at: int | None = max(
        (job_id for job_id, node in nodes.items() if node.ends == length and node.compute),
        key=lambda job_id: (nodes[job_id].ended, -job_id),
    )
    found: list[int] = []
    seen: set[int] = set()
    while at is not None and at not in seen:
        seen.add(at)
        if nodes[at].compute:
            found.append(at)
        at = nodes[at].follows
    return found[::-1]


def _by_rule(slacks: Iterable[JobSlack], chain: frozenset[int]) -> tuple[RuleSlack, ...]:
    by_rule: dict[str | None, list[JobSlack]] = {}
    for one in slacks:
        by_rule.setdefault(one.rule, []).append(one)
    found = []
    for rule, jobs in by_rule.items():
        on_path = [one for one in jobs if one.job_id in chain]
        compute = sum(one.compute for one in on_path)
        found.append(RuleSlack(rule, len(jobs), len(on_path), compute, jobs[0].slack))
    return tuple(sorted(found, key=lambda one: (one.slack, -one.on_path_compute, one.rule or "")))


def _rule(run: Run, job_id: int) -> str | None:
    job = run.jobs.get(job_id)
    return job.rule if job is not None else None
