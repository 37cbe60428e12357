"""Why a run's jobs ran, or why those of a dry run would: root causes and reasons, with their cost.

Every job counts once among the reasons, and once for each of its root causes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.reason_text import CHANGES, KINDS, Cause, Kind
from snakemake_logger_plugin_observe.analysis.why.roots import Root, Roots, roots
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import line_of
from snakemake_logger_plugin_observe.run.model import Run

EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """A number of jobs, and their time."""

    jobs: int
    time: Micros
    """The time of their attempts, from the selection of each."""


@dataclass(frozen=True, slots=True)
class RootShare:
    """The jobs that have one root cause."""

    root: Root
    rules: tuple[tuple[str | None, int], ...]
    """The rules where it was found, with the number of jobs of each."""
    files: tuple[str, ...]
    """Examples of its files: updated inputs or missing outputs."""
    file_count: int
    text: str | None
    all: Cost
    """Every job with this root cause."""
    alone: Cost
    """The jobs that would not have run without it."""
    example: int
    """A job where it was found."""
    line: int | None
    """The journal line of that job."""

    @property
    def kind(self) -> Kind:
        """The kind of the cause."""
        return self.root.kind


@dataclass(frozen=True, slots=True)
class ReasonShare:
    """The jobs of one rule with the same kinds of causes."""

    kinds: tuple[Kind, ...]
    rule: str | None
    cost: Cost
    files: tuple[str, ...]
    """Examples of files in the reasons."""
    file_count: int
    example: int
    line: int | None


@dataclass(frozen=True, slots=True)
class RunReasons:
    """Why the jobs of a run ran, or would run."""

    planned: bool
    all: Cost
    changed: Cost
    """Jobs that ran only because something changed since they last ran."""
    roots: tuple[RootShare, ...]
    """The one with the most jobs first."""
    reasons: tuple[ReasonShare, ...]
    """The most expensive first."""
    several: int
    """How many jobs have more than one root cause."""


@dataclass(slots=True)
class _Sum:
    """A share while jobs are being added to it."""

    jobs: int = 0
    time: Micros = 0
    alone: int = 0
    alone_time: Micros = 0
    rules: dict[str | None, int] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    text: str | None = None
    example: int | None = None


def why(run: Run, origins: Origins | None = None, found: Roots | None = None) -> RunReasons:
    """Return why the jobs of *run* ran; for a dry run, why they would run.

    Args:
        run: the run.
        origins: the causes of its jobs, if parsed already.
        found: their root causes, if known already.

    """
    origins = origins or Origins(run)
    found = found or roots(origins)
    planned = run.is_dry_run
    times = dict.fromkeys(run.jobs, 0) if planned else job_times(run)
    by_reason = _by_reason(run, origins, times)
    by_root = _by_root(run, found, times)
    nothing = frozenset({Root("unknown")})
    again = [
        time
        for job_id, time in times.items()
        if all(root.kind in CHANGES for root in found.of.get(job_id, nothing))
    ]
    return RunReasons(
        planned=planned,
        all=Cost(len(times), sum(times.values())),
        changed=Cost(len(again), sum(again)),
        roots=tuple(sorted((_root(run, *one) for one in by_root.items()), key=_most_jobs_first)),
        reasons=tuple(
            sorted((_reason(run, *one) for one in by_reason.items()), key=_costliest_first)
        ),
        several=sum(1 for job_id in times if len(found.of.get(job_id, ())) > 1),
    )


def job_times(run: Run) -> dict[int, Micros]:
    """Return the time of each job from its selection on, over all its attempts.

    A member of a group has its own part of the group's submission.
    """
    times: dict[int, Micros] = {}
    for attempt in run.attempts.values():
        if attempt.job_id is not None:
            times[attempt.job_id] = times.get(attempt.job_id, 0) + attempt.since_selected
    return times


def kinds_of(causes: Iterable[Cause]) -> tuple[Kind, ...]:
    """Return the kinds of *causes*, each once, in the order of ``KINDS``."""
    return tuple(sorted({cause.kind for cause in causes}, key=KINDS.index))


def _by_reason(
    run: Run, origins: Origins, times: dict[int, Micros]
) -> dict[tuple[tuple[Kind, ...], str | None], _Sum]:
    sums: dict[tuple[tuple[Kind, ...], str | None], _Sum] = {}
    for job_id, time in times.items():
        job = run.jobs.get(job_id)
        own = origins.of.get(job_id, (Cause("unknown"),))
        one = sums.setdefault((kinds_of(own), job.rule if job else None), _Sum())
        one.jobs += 1
        one.time += time
        one.files.update(dict.fromkeys(path for cause in own for path in cause.files))
        one.example = job_id if one.example is None else min(one.example, job_id)
    return sums


def _by_root(run: Run, found: Roots, times: dict[int, Micros]) -> dict[Root, _Sum]:
    nothing = frozenset({Root("unknown")})
    sums: dict[Root, _Sum] = {}
    for job_id, time in times.items():
        own_roots = found.of.get(job_id, nothing)
        for root in own_roots:
            one = sums.setdefault(root, _Sum())
            one.jobs += 1
            one.time += time
            if len(own_roots) == 1:
                one.alone += 1
                one.alone_time += time
    for job_id, own in found.at.items():
        for root, link in own:
            if root in sums and link.cause is not None:
                _add_example(sums[root], run, job_id, link.cause)
    return sums


def _add_example(one: _Sum, run: Run, job_id: int, cause: Cause) -> None:
    """Add a job where a root cause was found."""
    rule = run.jobs[job_id].rule
    one.rules[rule] = one.rules.get(rule, 0) + 1
    one.files.update(dict.fromkeys(cause.files))
    if one.example is None or job_id < one.example:
        one.example, one.text = job_id, cause.text


def _root(run: Run, root: Root, one: _Sum) -> RootShare:
    example = -1 if one.example is None else one.example
    return RootShare(
        root=root,
        rules=tuple(sorted(one.rules.items(), key=lambda item: (-item[1], item[0] or ""))),
        files=tuple(one.files)[:EXAMPLES],
        file_count=len(one.files),
        text=one.text,
        all=Cost(one.jobs, one.time),
        alone=Cost(one.alone, one.alone_time),
        example=example,
        line=line_of(run.jobs.get(example)),
    )


def _reason(run: Run, key: tuple[tuple[Kind, ...], str | None], one: _Sum) -> ReasonShare:
    kinds, rule = key
    example = -1 if one.example is None else one.example
    return ReasonShare(
        kinds=kinds,
        rule=rule,
        cost=Cost(one.jobs, one.time),
        files=tuple(one.files)[:EXAMPLES],
        file_count=len(one.files),
        example=example,
        line=line_of(run.jobs.get(example)),
    )


def _most_jobs_first(share: RootShare) -> tuple[object, ...]:
    return (
        *(-share.all.jobs, -share.all.time, KINDS.index(share.kind)),
        *(str(share.rules), share.files),
    )


def _costliest_first(share: ReasonShare) -> tuple[object, ...]:
    return (-share.cost.time, -share.cost.jobs, share.rule or "", share.kinds)
