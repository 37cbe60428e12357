"""What a change does to a run's model: each move takes a model and returns the changed one."""

import random
from collections.abc import Callable, Collection, Iterable
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import CORES, JOBS
from snakemake_logger_plugin_observe.analysis.whatif.model import (
    Column,
    Columns,
    Model,
    Moments,
    Part,
    Rest,
    without,
)
from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import near_miss
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Key

BEFORE_THE_TOOL: Final = ("queue_wait", "node_startup", "node_plan")
_ON_A_NODE: Final = ("queue_wait", "node_startup", "node_plan", "member_wait", "node_exit")
_SIDE_BY_SIDE: Final = ("stage_in", "compute", "stage_out")
_Fact = TypeVar("_Fact")


# -- a phase, a rule or a job that takes no time -------------------------------------------------


def without_phases(model: Model, phases: Collection[str]) -> Model:
    """Return *model* with *phases* taking no time; without ``slot_wait`` nothing is limited."""
    zero = [0] * model.count
    gone = frozenset(phases)
    changed = model.but(
        head=_less(model.head, gone),
        rest=_less_rest(model.rest, gone),
        before=without(model.before, gone),
        course=without(model.course, gone),
        after=without(model.after, gone),
    )
    if "slot_wait" in gone:
        changed = changed.but(limits={}, hold=zero, workers=None)
    if "select" in gone:
        changed = changed.but(solver=zero)
    if "main_loop" in gone:
        changed = changed.but(loop=zero)
    if "postprocess" in gone:
        changed = changed.but(nap=zero)
    if "plan" in gone:
        changed = changed.but(replan=zero)
    return changed


def _less(
    phases: tuple[tuple[str, Micros], ...], gone: frozenset[str]
) -> tuple[tuple[str, Micros], ...]:
    return tuple((phase, length) for phase, length in phases if phase not in gone)


def _less_rest(rest: Rest, gone: frozenset[str]) -> Rest:
    return Rest(
        _less(rest.until_asleep, gone),
        None if "shutdown" in gone else rest.asleep,
        _less(rest.after, gone),
    )


def without_rule(model: Model, rule: str) -> Model:
    """Return *model* with every job of *rule* taking no time once it was chosen."""
    return _emptied(
        model,
        [i for i, name in enumerate(model.rules) if name == rule],
        lambda part: part.rule == rule,
    )


def without_job(model: Model, job_id: int) -> Model:
    """Return *model* with all attempts of one job taking no time once they were chosen."""
    own = [i for i, (name, _) in enumerate(model.keys) if name == job_id]
    return _emptied(model, own, lambda part: part.job_id == job_id)


def _emptied(model: Model, which: list[int], owns: Callable[[Part], bool]) -> Model:
    """Return *model* with some submissions empty, and gone what *owns* tells of groups."""
    before, course, after = _copy(model.before), _copy(model.course), _copy(model.after)
    polled, replan = list(model.polled), list(model.replan)
    for i in which:
        for columns in (before, course, after):
            for column in columns.values():
                column[i] = 0
        polled[i] = False
        replan[i] = 0
    for i, parts in model.inside.items():
        for part in parts:
            if owns(part):
                course[part.phase][i] -= part.length
    return model.but(before=before, course=course, after=after, polled=polled, replan=replan)


def _copy(columns: Columns) -> Columns:
    return {name: list(column) for name, column in columns.items()}


# -- lengths that change -------------------------------------------------------------------------


def scaled(model: Model, phase: str, factor: float) -> Model:
    """Return *model* with what each submission spent in *phase* times *factor*."""
    column = [round(length * factor) for length in model.course.get(phase, [0] * model.count)]
    return model.but(course={**model.course, phase: column})


def faster(model: Model, rule: str, times: float) -> Model:
    """Return *model* with the tools of *rule* that many *times* as fast."""
    column = list(model.course.get("compute", [0] * model.count))
    for i, name in enumerate(model.rules):
        if name == rule:
            column[i] = round(column[i] / times)
    for i, parts in model.inside.items():
        for part in parts:
            if part.rule == rule and part.phase == "compute":
                column[i] -= part.length - round(part.length / times)
    return model.but(course={**model.course, "compute": column})


def queue_drawn(model: Model, dice: random.Random) -> Model:
    """Return *model* with each queue wait drawn from all that were measured."""
    column = model.course.get("queue_wait", [0] * model.count)
    waited = [i for i in range(model.count) if column[i]]
    drawn = list(column)
    for i in waited:
        drawn[i] = column[dice.choice(waited)]
    return model.but(course={**model.course, "queue_wait": drawn})


def staging_overlapped(model: Model) -> Model:
    """Return *model* with inputs fetched from when a job is ready, beside all that it waits for."""
    zero = [0] * model.count
    lead = list(zero)
    for phase in BEFORE_THE_TOOL:
        lead = [a + b for a, b in zip(lead, model.course.get(phase, zero), strict=True)]
    staged = model.course.get("stage_in", zero)
    return model.but(course=without(model.course, ("stage_in",)), staged=(lead, staged))


def waits_as_they_were(model: Model) -> Model:
    """Return *model* with each wait for the executor's look as long as it was.

    Whether an end just makes a look or just misses it is chance: what is saved must not hang on it.
    """
    moments = model.measured
    known = model.course.get("poll_wait", [0] * model.count)
    waited = [
        reported - ended if polled else wait
        for polled, reported, ended, wait in zip(
            model.polled, moments.reported, moments.ended, known, strict=True
        )
    ]
    return model.but(
        course={**model.course, "poll_wait": waited}, polled=[False] * model.count, polls=None
    )


# -- where and how jobs run ----------------------------------------------------------------------


def polled_every(model: Model, interval: Micros) -> Model:
    """Return *model* with an executor that looks every *interval*."""
    assert model.polls is not None  # noqa: S101 - the settings refuse what does not poll
    known = (blind for blind, polled in zip(model.blind, model.polled, strict=True) if polled)
    soonest = min(min(known, default=0), near_miss(interval))
    return model.but(
        polls=model.polls.at_every(interval, model.nominal, model.began),
        blind=[soonest] * model.count,
    )


def limited(model: Model, limits: dict[str, int]) -> Model:
    """Return *model* under other *limits*; a job never takes more cores than there are."""
    asks = dict(model.asks)
    for name, limit in limits.items():
        if name == CORES:
            asks[name] = [min(ask, limit) for ask in asks[name]]
        elif model.packed:  # a group asks for no more than there is: it runs its jobs in layers
            packed = model.packed
            asks[name] = [min(a, limit) if i in packed else a for i, a in enumerate(asks[name])]
    return model.but(limits={**model.limits, **limits}, asks=asks)


def made_local(model: Model, rule: str, workers: int) -> Model:
    """Return *model* with the jobs of *rule* run by the main machine's own executor."""
    here = [name == rule or local for name, local in zip(model.rules, model.local, strict=True)]
    mine = [name == rule for name in model.rules]

    def cleared(columns: Columns, phases: Iterable[str]) -> Columns:
        return columns | {
            phase: [0 if own else a for own, a in zip(mine, columns[phase], strict=True)]
            for phase in phases
            if phase in columns
        }

    return model.but(
        local=here,
        workers=workers,
        before=cleared(model.before, ("submit",)),
        course=cleared(model.course, _ON_A_NODE),
        polled=[a and not own for own, a in zip(mine, model.polled, strict=True)],
    )


# -- fewer submissions ---------------------------------------------------------------------------


def without_retries(model: Model) -> Model:
    """Return *model* with each submission's last attempt alone, as if it had been the first."""
    gone = {before for before in model.earlier if before >= 0}
    return _merged(model, [(i,) for i in range(model.count) if i not in gone])


def groupable(model: Model, rule: str) -> list[list[int]]:
    """Return which submissions of *rule* could share one with each other.

    They ended at their first attempt, on a node, and are of one depth in the DAG, so none waits for
    itself.
    """
    tried_again = {before for before in model.earlier if before >= 0}
    depth = _depths(model)
    by_depth: dict[int, list[int]] = {}
    for i in range(model.count):
        once = i not in tried_again and model.earlier[i] < 0 and not model.unfinished[i]
        if model.rules[i] == rule and once and not model.local[i]:
            by_depth.setdefault(depth[i], []).append(i)
    return list(by_depth.values())


def in_groups(
    model: Model, rule: str, together: list[list[int]], size: int, dice: random.Random
) -> Model:
    """Return *model* with the jobs of *rule* submitted *size* at a time, under one start-up.

    They run side by side on one node, as Snakemake lets independent members do: it asks for their
    cores together. Which of those that could be *together*, see ``groupable``, share a submission
    is its choice, and so drawn here.
    """
    drawn = [dice.sample(found, len(found)) for found in together]
    packs = [
        tuple(sorted(found[at : at + size])) for found in drawn for at in range(0, len(found), size)
    ]
    packed = {i for found in together for i in found}
    packs += [(i,) for i in range(model.count) if i not in packed]
    dice.shuffle(packs)  # what is chosen first of what is ready becomes another choice, too
    return _merged(model, packs, rule)


def _depths(model: Model) -> list[int]:
    """Return how many others have to come before each, one after the other."""
    depth, left = [0] * model.count, list(model.waits)
    free = [i for i in range(model.count) if not left[i]]
    while free:
        i = free.pop()
        for j in model.wanted[i]:
            depth[j] = max(depth[j], depth[i] + 1)
            left[j] -= 1
            if not left[j]:
                free.append(j)
    return depth


def _merged(model: Model, packs: list[tuple[int, ...]], rule: str | None = None) -> Model:
    """Return *model* with one submission for each of *packs*; what is in none is left out."""
    owner = {i: number for number, pack in enumerate(packs) for i in pack}
    count = len(packs)
    wanted: list[list[int]] = [[] for _ in packs]
    waits = [0] * count
    for number, pack in enumerate(packs):
        following = {owner[j] for i in pack for j in model.wanted[i] if j in owner} - {number}
        wanted[number] = sorted(following)
        for j in following:
            waits[j] += 1
    first = [pack[0] for pack in packs]

    def largest(column: Column) -> Column:
        return [max([column[i] for i in pack]) for pack in packs]

    def mean(column: Column) -> Column:
        return [sum([column[i] for i in pack]) // len(pack) for pack in packs]

    def whole(column: Column) -> Column:
        return [sum([column[i] for i in pack]) for pack in packs]

    def picked(column: list[_Fact]) -> list[_Fact]:
        return [column[i] for i in first]

    course = {
        phase: mean(column) for phase, column in model.course.items() if phase not in _SIDE_BY_SIDE
    }
    course |= _side_by_side(model, packs)
    moments = model.measured
    return model.but(
        keys=[_key(model, pack, rule) for pack in packs],
        rules=picked(model.rules),
        packed={
            n: tuple(key for i in pack for key in model.packed.get(i, (model.keys[i],)))
            for n, pack in enumerate(packs)
            if len(pack) > 1 or pack[0] in model.packed
        },
        wanted=wanted,
        waits=waits,
        earlier=[owner.get(before, -1) for before in picked(model.earlier)],
        asks={
            name: largest(column)
            if name == JOBS
            else [min(ask, model.limits.get(name, ask)) for ask in whole(column)]
            for name, column in model.asks.items()
        },
        before={phase: mean(column) for phase, column in model.before.items()},
        course=course,
        after={phase: whole(column) for phase, column in model.after.items()},
        solver=largest(model.solver),
        loop=largest(model.loop),
        nap=largest(model.nap),
        replan=whole(model.replan),
        brought={owner[i]: phase for i, phase in model.brought.items() if i in owner},
        hold=largest(model.hold),
        unfinished=picked(model.unfinished),
        local=picked(model.local),
        polled=picked(model.polled),
        blind=largest(model.blind),
        late=mean(model.late),
        staged=(mean(model.staged[0]), largest(model.staged[1])) if model.staged else None,
        inside={n: model.inside[p[0]] for n, p in enumerate(packs) if p[0] in model.inside},
        measured=Moments(
            selected=picked(moments.selected),
            accepted=picked(moments.accepted),
            ended=picked(moments.ended),
            reported=picked(moments.reported),
            finished=picked(moments.finished),
        ),
    )


def _key(model: Model, pack: tuple[int, ...], rule: str | None) -> Key:
    key = model.keys[pack[0]]
    return key if len(pack) == 1 else (f"{len(pack)} × {rule} from job {key[0]} on", 1)


def _side_by_side(model: Model, packs: list[tuple[int, ...]]) -> Columns:
    """Return what a pack's members spend at their tools: their inputs in turn, the rest at once."""
    zero = [0] * model.count
    stage_in, compute, stage_out = (model.course.get(phase, zero) for phase in _SIDE_BY_SIDE)
    found: Columns = {phase: [] for phase in _SIDE_BY_SIDE}
    for pack in packs:
        staged = 0
        longest = (-1, 0, 0, 0)
        for i in pack:
            staged += stage_in[i]
            end = staged + compute[i] + stage_out[i]
            longest = max(longest, (end, staged, compute[i], stage_out[i]))
        for phase, length in zip(_SIDE_BY_SIDE, longest[1:], strict=True):
            found[phase].append(length)
    return found
