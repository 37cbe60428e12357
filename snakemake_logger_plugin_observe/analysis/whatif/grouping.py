"""Fewer submissions: a run's model without retries, or with jobs submitted in groups."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import JOBS
from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Columns, Model, Moments
from snakemake_logger_plugin_observe.run.attempt import Key

_SIDE_BY_SIDE: Final = ("stage_in", "compute", "stage_out")
_Value = TypeVar("_Value")
_Pack = tuple[int, ...]
"""Submissions that are merged into one."""


def without_retries(model: Model) -> Model:
    """Return *model* with only the last attempt of each job, as if it had been the first."""
    retried = {before for before in model.previous if before >= 0}
    return _merged(model, [(i,) for i in range(model.count) if i not in retried])


def groupable(model: Model, rule: str) -> list[list[int]]:
    """Return the submissions of *rule* that could share one, as lists.

    They ran on a node; see ``mergeable``.
    """
    return mergeable(model, rule, local=False)


def mergeable(model: Model, rule: str, *, local: bool = True) -> list[list[int]]:
    """Return the submissions of *rule* whose work one could do, as lists.

    They succeeded at their first attempt. Those of a list have the same depth in the DAG, so none
    depends on another.

    Args:
        model: the run.
        rule: the rule.
        local: whether to include those that ran on the main machine.

    """
    retried = {before for before in model.previous if before >= 0}
    depth = _depths(model)
    by_depth: dict[int, list[int]] = {}
    for i in range(model.count):
        once = i not in retried and model.previous[i] < 0 and not model.unfinished[i]
        if model.rules[i] == rule and once and (local or not model.local[i]):
            by_depth.setdefault(depth[i], []).append(i)
    return list(by_depth.values())


def in_groups(
    model: Model, rule: str, together: list[list[int]], size: int, rng: random.Random
) -> Model:
    """Return *model* with the jobs of *rule* submitted *size* at a time, with one start-up.

    They run side by side on one node, as independent members of a Snakemake group do: it requests
    their cores together. Which of the jobs in *together* (see ``groupable``) share a submission is
    up to Snakemake, so it is drawn at random here.
    """
    drawn = [rng.sample(found, len(found)) for found in together]
    packs = [
        tuple(sorted(found[at : at + size])) for found in drawn for at in range(0, len(found), size)
    ]
    packed = {i for found in together for i in found}
    packs += [(i,) for i in range(model.count) if i not in packed]
    rng.shuffle(packs)  # the order in which ready submissions are selected changes, too
    return _merged(model, packs, rule)


def in_one_job(model: Model, rule: str, together: list[list[int]], size: int) -> Model:
    """Return *model* with one job of *rule* in place of *size* of those in *together*.

    It does their work one after the other, and has the overhead of one.
    """
    packed = {i for found in together for i in found}
    packs: list[_Pack] = [(i,) for i in range(model.count) if i not in packed]
    packs += [
        tuple(found[at : at + size]) for found in together for at in range(0, len(found), size)
    ]
    return _merged(model, sorted(packs), rule, serial=True)


def _depths(model: Model) -> list[int]:
    """Return the length of the longest chain of submissions before each."""
    depth, left = [0] * model.count, list(model.dependency_counts)
    free = [i for i in range(model.count) if not left[i]]
    while free:
        i = free.pop()
        for j in model.dependents[i]:
            depth[j] = max(depth[j], depth[i] + 1)
            left[j] -= 1
            if not left[j]:
                free.append(j)
    return depth


@dataclass(frozen=True, slots=True)
class _Merge:
    """How a column of a model becomes one with an entry for each pack."""

    packs: Sequence[_Pack]

    def first(self, column: list[_Value]) -> list[_Value]:
        return [column[pack[0]] for pack in self.packs]

    def largest(self, column: Column) -> Column:
        return [max([column[i] for i in pack]) for pack in self.packs]

    def total(self, column: Column) -> Column:
        return [sum([column[i] for i in pack]) for pack in self.packs]

    def mean(self, column: Column) -> Column:
        return [sum([column[i] for i in pack]) // len(pack) for pack in self.packs]

    def known_of_first(self, known: Mapping[int, _Value]) -> dict[int, _Value]:
        first = ((number, pack[0]) for number, pack in enumerate(self.packs))
        return {number: known[i] for number, i in first if i in known}


def _merged(
    model: Model, packs: list[_Pack], rule: str | None = None, *, serial: bool = False
) -> Model:
    """Return *model* with one submission for each of *packs*; those in none are left out.

    Args:
        model: the run.
        packs: the submissions that become one.
        rule: the rule of those that do.
        serial: whether a pack is one job, which does the work of its submissions in turn.

    """
    by = _Merge(packs)
    owner = {i: number for number, pack in enumerate(packs) for i in pack}
    dependents = list(_dependents(model, packs, owner))
    counts = Counter(chain.from_iterable(dependents))
    return model.changed(
        keys=[_key(model, pack, rule) for pack in packs],
        rules=by.first(model.rules),
        merged=_merged_keys(model, packs),
        dependents=dependents,
        dependency_counts=[counts[number] for number in range(len(packs))],
        previous=[owner.get(before, -1) for before in by.first(model.previous)],
        requests=_requests(model, model.requests, by, serial=serial),
        asked=_requests(model, model.asked, by, serial=serial),
        before={phase: by.mean(column) for phase, column in model.before.items()},
        background=_in_turn(model, by) if serial else _background(model, by),
        after=_after(model, by, serial=serial),
        solver=by.largest(model.solver),
        loop=by.largest(model.loop),
        wakeup=by.largest(model.wakeup),
        replan=by.total(model.replan),
        replannings={owner[i]: phase for i, phase in model.replannings.items() if i in owner},
        held_back=by.largest(model.held_back),
        unfinished=by.first(model.unfinished),
        failed=frozenset(n for n, pack in enumerate(packs) if model.failed.issuperset(pack)),
        local=by.first(model.local),
        cpu=by.total(model.cpu) if model.cpu else [],
        polled=by.first(model.polled),
        unseen=by.largest(model.unseen),
        lag=None,
        check_delay=by.mean(model.check_delay),
        lingered=by.first(model.lingered) if model.lingered else [],
        rings=by.first(model.rings) if model.rings else [],
        behind=by.mean(model.behind) if model.behind else [],
        staged=(by.mean(model.staged[0]), by.largest(model.staged[1])) if model.staged else None,
        group_parts=by.known_of_first(model.group_parts),
        piped=by.known_of_first(model.piped),
        measured=_moments(model.measured, by),
    )


def _dependents(model: Model, packs: list[_Pack], owner: dict[int, int]) -> Iterator[list[int]]:
    """Yield, for each of *packs*, those that wait for one of its submissions."""
    for number, pack in enumerate(packs):
        yield sorted({owner[j] for i in pack for j in model.dependents[i] if j in owner} - {number})


def _merged_keys(model: Model, packs: list[_Pack]) -> dict[int, tuple[Key, ...]]:
    """Return the run's submissions in each pack that is not one of them itself."""
    return {
        number: tuple(key for i in pack for key in model.merged.get(i, (model.keys[i],)))
        for number, pack in enumerate(packs)
        if len(pack) > 1 or pack[0] in model.merged
    }


def _key(model: Model, pack: _Pack, rule: str | None) -> Key:
    key = model.keys[pack[0]]
    return key if len(pack) == 1 else (f"{len(pack)} × {rule} from job {key[0]} on", 1)


def _requests(
    model: Model, requests: dict[str, Column], by: _Merge, *, serial: bool
) -> dict[str, Column]:
    """Return what packs request: one slot, and the sum of each other limit, at most all of it.

    A pack that is one job requests as much as its largest submission.
    """
    found = {}
    for name, column in requests.items():
        limits = model.limits
        if name == JOBS or serial:
            found[name] = by.largest(column)
        else:
            found[name] = [min(amount, limits.get(name, amount)) for amount in by.total(column)]
    return found


def _moments(measured: Moments, by: _Merge) -> Moments:
    return Moments(
        selected=by.first(measured.selected),
        accepted=by.first(measured.accepted),
        ended=by.first(measured.ended),
        reported=by.first(measured.reported),
        finished=by.first(measured.finished),
    )


def _after(model: Model, by: _Merge, *, serial: bool) -> Columns:
    """Return the main thread's work once the end of each pack was reported."""
    return {
        phase: by.mean(column) if serial else by.total(column)
        for phase, column in model.after.items()
    }


def _in_turn(model: Model, by: _Merge) -> Columns:
    """Return the background phases of packs that are one job: start-up once, and all the work."""
    return {
        phase: by.total(column) if phase in _SIDE_BY_SIDE else by.mean(column)
        for phase, column in model.background.items()
    }


def _background(model: Model, by: _Merge) -> Columns:
    """Return the background phases of packs: start-up once, then their tools side by side.

    Inputs are fetched one member after the other; then each runs its tool.
    """
    columns = model.background
    found = {
        phase: by.mean(column) for phase, column in columns.items() if phase not in _SIDE_BY_SIDE
    }
    zero = [0] * model.count
    stage_in, compute, stage_out = (columns.get(phase, zero) for phase in _SIDE_BY_SIDE)
    for phase in _SIDE_BY_SIDE:
        found[phase] = []
    for pack in by.packs:
        staged = 0
        longest = (-1, 0, 0, 0)
        for i in pack:
            staged += stage_in[i]
            end = staged + compute[i] + stage_out[i]
            longest = max(longest, (end, staged, compute[i], stage_out[i]))
        for phase, length in zip(_SIDE_BY_SIDE, longest[1:], strict=True):
            found[phase].append(length)
    return found
