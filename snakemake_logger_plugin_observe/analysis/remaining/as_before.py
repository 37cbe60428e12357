"""What is left of a run whose jobs an earlier one had: that shows which they are."""

from collections import Counter
from collections.abc import Sequence

from snakemake_logger_plugin_observe.analysis.remaining.so_far import (
    JobName,
    KnownJob,
    SoFar,
    UnitName,
    kind_of,
)
from snakemake_logger_plugin_observe.analysis.remaining.units import (
    Unit,
    length_in,
    submissions,
    usual_shares,
)
from snakemake_logger_plugin_observe.run.attempt import SUCCEEDED


def as_before(
    so_far: SoFar, earlier: Sequence[SoFar], waiting: dict[str, int], begun: list[Unit]
) -> list[Unit] | None:
    """Return what is left if the jobs that wait are those that the last run had besides.

    Groups are taken as they were then.
    """
    if not earlier:
        return None
    before = earlier[0]
    index_of = {
        name: index
        for index, unit in enumerate(begun)
        if unit.key is not None
        for name in so_far.name_of(so_far.run.attempts[unit.key])
    }
    gone = {so_far.jobs[one].name for one in so_far.ends if one in so_far.jobs} | index_of.keys()
    lost = _never_run(so_far, before)
    left = {job.name for job in before.jobs.values()} - gone - lost
    if Counter(rule for rule, _ in left) != +Counter(waiting):
        return None
    units = [*begun]
    together = [_together(before, members) for members in submissions(before)]
    for name, jobs in together:
        if not lost.isdisjoint(name):
            left.difference_update(name)
        elif left.issuperset(name):
            shares = tuple(map(max, zip(*(job.shares for job in jobs), strict=True)))
            index_of |= dict.fromkeys(name, len(units))
            units.append(Unit(kind_of(name), shares, past=length_in(earlier, name)))
        elif not left.isdisjoint(name):
            return None  # its jobs are put together otherwise now
    for name, jobs in together:
        if left.issuperset(name):
            own = index_of[name[0]]
            needed = {
                before.jobs[need].name for job in jobs for need in job.needs if need in before.jobs
            }
            units[own].needs = sorted({index_of[one] for one in needed & index_of.keys()} - {own})
    return units if before.limits.keys() == so_far.limits.keys() else _with_shares(so_far, units)


def _never_run(so_far: SoFar, before: SoFar) -> set[JobName]:
    """Return the jobs that need one that failed and is not tried again."""
    lost = {
        so_far.jobs[one].name
        for one, status in so_far.ends.items()
        if status not in SUCCEEDED and one in so_far.jobs
    }
    needed_by: dict[JobName, list[JobName]] = {}
    for job in before.jobs.values() if lost else ():
        for need in job.needs:
            if need in before.jobs:
                needed_by.setdefault(before.jobs[need].name, []).append(job.name)
    found: set[JobName] = set()
    to_see = [*lost]
    while to_see:
        new = [one for one in needed_by.get(to_see.pop(), ()) if one not in found]
        found.update(new)
        to_see += new
    return found


def _together(run: SoFar, members: Sequence[int]) -> tuple[UnitName, list[KnownJob]]:
    jobs = [run.jobs[one] for one in members]
    return tuple(sorted(job.name for job in jobs)), jobs


def _with_shares(so_far: SoFar, units: list[Unit]) -> list[Unit]:
    """Return units of a run that had other limits, with what their rules take of this run's."""
    usual = usual_shares([so_far])
    for unit in units:
        if unit.key is None:
            unit.shares = usual.get(unit.kind, (1,) * len(so_far.limits))
    return units
