"""Root causes: those of each job of a run, and the chain of causes from a job back to them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.why.origins import Link, Origins, is_own_link
from snakemake_logger_plugin_observe.analysis.why.reason_text import Kind
from snakemake_logger_plugin_observe.journal.events import JobDescribed

# Kinds that are a separate root for each rule; the others are one root for the whole run.
_BY_RULE: Final = frozenset(
    {"updated_input", "input_set", "code", "params", "environment", "other"}
)
# The first cause of a cycle of jobs that need each other, if none has a cause of its own.
_FIRST: Final[tuple[Kind, ...]] = (
    *("missing_output", "pipe", "service", "updated_by_job", "updated_input", "unknown"),
)


@dataclass(frozen=True, slots=True)
class Root:
    """A root cause: its kind, and its rule if each rule has a root of that kind."""

    kind: Kind
    rule: str | None = None
    files: frozenset[str] = frozenset()
    """For updated inputs: rules that read the same files share a root."""


@dataclass(frozen=True, slots=True)
class Roots:
    """The root causes of a run."""

    of: Mapping[int, frozenset[Root]]
    """The roots of each job, by its id."""
    at: Mapping[int, tuple[tuple[Root, Link], ...]]
    """The jobs where a root was found, with its causes."""


def roots(origins: Origins) -> Roots:
    """Return the root causes of every job of a run, at least one each."""
    at = {job_id: list(_own(origins, job_id)) for job_id in origins.links}
    at = _same_files(at)
    of: dict[int, frozenset[Root]] = {}
    for cycle in _cycles(origins.links):
        found = {root for job_id in cycle for root, _link in at[job_id]}
        found.update(
            root
            for job_id in cycle
            for next_one in _next(origins.links[job_id])
            if next_one in of
            for root in of[next_one]
        )
        if not found:
            for job_id, link in _begun_by(origins, cycle):
                root = _root(origins, job_id, link)
                at[job_id].append((root, link))
                found.add(root)
        of.update(dict.fromkeys(cycle, frozenset(found)))
    return Roots(of, {job_id: tuple(own) for job_id, own in at.items() if own})


def _own(origins: Origins, job_id: int) -> Iterator[tuple[Root, Link]]:
    """Yield a job's own roots; missing outputs are no root of a job that a checkpoint added."""
    links = origins.links[job_id]
    added = any(link.relation == "brought_by" for link in links)
    for link in links:
        missing = link.cause is not None and link.cause.kind == "missing_output"
        if is_own_link(link, origins.of[job_id]) or (missing and not link.jobs and not added):
            yield _root(origins, job_id, link), link


def _root(origins: Origins, job_id: int, link: Link) -> Root:
    kind: Kind = link.cause.kind if link.cause is not None else "unknown"
    return Root(kind, origins.run.jobs[job_id].rule if kind in _BY_RULE else None)


def _same_files(
    at: dict[int, list[tuple[Root, Link]]],
) -> dict[int, list[tuple[Root, Link]]]:
    """Merge the roots of rules whose updated inputs are the same files."""
    files: dict[Root, set[str]] = {}
    for own in at.values():
        for root, link in own:
            if root.kind == "updated_input" and link.cause is not None:
                files.setdefault(root, set()).update(link.cause.files)
    same = {root: Root(root.kind, None, frozenset(named)) for root, named in files.items()}
    return {
        job_id: [(same.get(root, root), link) for root, link in own] for job_id, own in at.items()
    }


def _begun_by(origins: Origins, cycle: Iterable[int]) -> list[tuple[int, Link]]:
    """Return the first causes of a cycle, or of a job that leads nowhere.

    Files that a target requests come before files that other jobs need.
    """
    for kind in _FIRST:
        found = [
            (job_id, link)
            for job_id in cycle
            for link in origins.links[job_id]
            if link.cause is not None and link.cause.kind == kind
        ]
        if found:
            return [one for one in found if not one[1].jobs] or found
    return []


def _next(links: Iterable[Link]) -> Iterator[int]:
    for link in links:
        yield from link.jobs


def _cycles(links: Mapping[int, tuple[Link, ...]]) -> Iterator[list[int]]:
    """Yield the jobs in groups that lead to each other, after the groups that they lead to.

    Tarjan's strongly connected components (``graphlib`` has none), without recursion: chains can
    be long.
    """
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    waiting: set[int] = set()
    for start in links:
        if start in number:
            continue
        path = [(start, _next(links[start]))]
        number[start] = low[start] = len(number)
        stack.append(start)
        waiting.add(start)
        while path:
            at, rest = path[-1]
            for other in rest:
                if other not in links:
                    continue
                if other not in number:
                    number[other] = low[other] = len(number)
                    stack.append(other)
                    waiting.add(other)
                    path.append((other, _next(links[other])))
                    break
                if other in waiting:
                    low[at] = min(low[at], number[other])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[at])
                if low[at] == number[at]:
                    cycle = [stack.pop()]
                    while cycle[-1] != at:
                        cycle.append(stack.pop())
                    waiting.difference_update(cycle)
                    yield cycle


@dataclass(frozen=True, slots=True)
class ChainStep:
    """A job of a chain, with its causes."""

    job: JobDescribed
    links: tuple[Link, ...]
    roots: frozenset[Root]
    """Its root causes."""
    at_roots: tuple[Link, ...]
    """Those of its own causes that are roots."""
    line: int | None


@dataclass(frozen=True, slots=True)
class Chain:
    """The causes behind some jobs, back to their roots."""

    starts: tuple[int, ...]
    steps: dict[int, ChainStep]
    """By job id, the nearest to the start first; every linked job is a step."""
    roots: frozenset[Root]


def chain(origins: Origins, found: Roots, starts: Iterable[int]) -> Chain:
    """Return the chain of causes from *starts* back to the roots, each job once."""
    starts = tuple(starts)
    steps: dict[int, ChainStep] = {}
    waiting = list(starts)
    while waiting:
        later: list[int] = []
        for job_id in waiting:
            if job_id in steps or job_id not in origins.links:
                continue
            steps[job_id] = ChainStep(
                job=origins.run.jobs[job_id],
                links=origins.links[job_id],
                roots=found.of[job_id],
                at_roots=tuple(link for _root, link in found.at.get(job_id, ())),
                line=origins.run.jobs[job_id].line,
            )
            later += [other for link in origins.links[job_id] for other in link.jobs]
        waiting = later
    return Chain(starts, steps, frozenset().union(*(found.of[one] for one in starts)))
