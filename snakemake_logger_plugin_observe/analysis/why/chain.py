"""The chain of causes behind some jobs, back to its roots: every job on the way, once."""

from collections.abc import Iterable
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.why.origins import Link, Origins
from snakemake_logger_plugin_observe.analysis.why.roots import Root, Roots
from snakemake_logger_plugin_observe.journal.events import JobDescribed


@dataclass(frozen=True, slots=True)
class ChainStep:
    """A job on the way, with its causes; those that lead to no other job end there."""

    job: JobDescribed
    links: tuple[Link, ...]
    roots: frozenset[Root]
    """What it goes back to."""
    at_roots: tuple[Link, ...]
    """The causes of its own that are roots."""
    line: int | None


@dataclass(frozen=True, slots=True)
class Chain:
    """What some jobs go back to."""

    starts: tuple[int, ...]
    steps: dict[int, ChainStep]
    """By job id, the nearest to the start first; what a step leads to is a step too."""
    roots: frozenset[Root]


def chain(origins: Origins, found: Roots, starts: Iterable[int]) -> Chain:
    """Return the jobs that *starts* come from, to the roots; circles are walked once."""
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
