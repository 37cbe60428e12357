"""A submission that has not ended, and how many jobs wait, or will not run, by rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from snakemake_logger_plugin_observe.analysis.remaining.so_far import Kind, SoFar, UnitName
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.scheduler_ends import interrupted_at


@dataclass(slots=True)
class Unit:
    """A submission that has not ended."""

    kind: Kind
    shares: tuple[int, ...] = ()
    needs: list[int] = field(default_factory=list)
    """The units that it waits for."""
    elapsed: Micros | None = None
    """Of one in flight, how long it has been since it was selected."""
    key: Key | None = None
    past: Micros | None = None
    """How long the same job took in an earlier run, in all of its attempts."""
    spent: Micros = 0
    """How long its attempts took that failed."""


def stops(so_far: SoFar) -> bool:
    """Whether the run only waits for what is in flight: on request, or a job failed for good."""
    if interrupted_at(so_far.run) is not None:
        return True
    started = so_far.run.started
    keeps_going = started is not None and bool(started.settings.get("keep_going"))
    return bool(sum(so_far.failed.values())) and not keeps_going


def waiting_by_rule(so_far: SoFar) -> dict[str, int]:
    """Return how many jobs of each rule were planned and wait; empty if not known.

    One that failed and is to be tried again waits, too; one that will not run does not.
    """
    never = never_by_rule(so_far)
    return {rule: count - never[rule] for rule, count in _not_begun(so_far).items()}


def never_by_rule(so_far: SoFar) -> Counter[str]:
    """Return how many jobs of each rule will not run any more, since a job failed for good.

    With ``--keep-going`` those that need it; without, and if the run is ending on request, all that
    have not begun.
    """
    not_begun = _not_begun(so_far)
    if stops(so_far):
        return Counter(not_begun)
    blocked = so_far.run.blocked.jobs if so_far.run.blocked is not None else {}
    return Counter({rule: min(count, not_begun.get(rule, 0)) for rule, count in blocked.items()})


def _not_begun(so_far: SoFar) -> dict[str, int]:
    planned = so_far.run.planned
    if planned is None:
        return {}
    in_flight = so_far.in_flight_by_rule()
    return {
        rule: max(0, count - so_far.done[rule] - so_far.failed[rule] - in_flight[rule])
        for rule, count in planned.to_run.items()
    }


def length_in(earlier: Sequence[SoFar], name: UnitName) -> Micros | None:
    """Return how long a submission of these jobs took in the newest run that had one."""
    return next((one.length_of[name] for one in earlier if name in one.length_of), None)


def usual_shares(runs: Sequence[SoFar]) -> dict[Kind, tuple[int, ...]]:
    """Return what a job of each rule took of the limits when it was described last."""
    found: dict[str, tuple[int, ...]] = {}
    for one in reversed(runs):
        found |= {job.rule: job.shares for job in one.jobs.values()}
    return {((rule, 1),): shares for rule, shares in found.items()}


def submissions(run: SoFar) -> Iterator[tuple[int, ...]]:
    """Yield the jobs of each submission of a run, in the order in which they were described."""
    group_of = {one: group for group, known in run.run.groups.items() for one in known.members}
    seen: set[str] = set()
    for job_id in run.jobs:
        group = group_of.get(job_id)
        if group is None:
            yield (job_id,)
        elif group not in seen:
            seen.add(group)
            yield tuple(one for one in run.run.members(group) if one in run.jobs)
