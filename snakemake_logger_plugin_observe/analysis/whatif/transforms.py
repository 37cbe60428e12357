"""Changes to a run's model: each function takes a model and returns the changed one."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import CORES
from snakemake_logger_plugin_observe.analysis.cost.selection_rate import Rate
from snakemake_logger_plugin_observe.analysis.whatif.model import (
    Columns,
    Model,
    Part,
    Rest,
    without,
)
from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import near_miss
from snakemake_logger_plugin_observe.clock import Micros

BEFORE_THE_TOOL: Final = ("held", "queue_wait", "job_script", "node_startup", "node_plan")
_EXITING: Final = 500_000  # a process that has nothing to wait for ends within that
_BLOCKED: Final = 1_000_000  # a check takes some tenths of a second by itself
_ON_A_NODE: Final = (*BEFORE_THE_TOOL, "member_wait", "node_exit")


# -- a phase, a rule or a job that takes no time -------------------------------------------------


def without_phases(model: Model, phases: Collection[str]) -> Model:
    """Return *model* with *phases* taking no time; without ``slot_wait`` there are no limits."""
    zero = [0] * model.count
    gone = frozenset(phases)
    changed = model.changed(
        head=_less(model.head, gone),
        rest=_less_rest(model.rest, gone),
        before=without(model.before, gone),
        background=without(model.background, gone),
        after=without(model.after, gone),
    )
    if "slot_wait" in gone:
        changed = changed.changed(limits={}, held_back=zero, workers=None, rate=None)
    if "select" in gone:
        changed = changed.changed(solver=zero)
    if "main_loop" in gone:
        changed = changed.changed(loop=zero)
    if "postprocess" in gone:
        changed = _with_a_free_thread(changed.changed(wakeup=zero))
    if "plan" in gone:
        changed = changed.changed(replan=zero)
    return changed


def _with_a_free_thread(model: Model) -> Model:
    """Return *model* with status checks that do not wait for the main thread: at their interval."""
    schedule = model.poll_schedule
    if schedule is None or not schedule.recorded or max(model.behind, default=0) < _BLOCKED:
        return model
    return model.changed(
        poll_schedule=schedule.at_interval(model.nominal, model.nominal, model.began),
        check_delay=[0] * model.count,
    )


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
    """Return *model* with every job of *rule* taking no time once selected."""
    return _emptied(
        model,
        [i for i, name in enumerate(model.rules) if name == rule],
        lambda part: part.rule == rule,
    )


def without_job(model: Model, job_id: int) -> Model:
    """Return *model* with all attempts of a job taking no time once selected."""
    own = [i for i, (name, _) in enumerate(model.keys) if name == job_id]
    return _emptied(model, own, lambda part: part.job_id == job_id)


def _emptied(model: Model, which: list[int], selects: Callable[[Part], bool]) -> Model:
    """Return *model* without the time of some submissions and of some parts of groups."""
    before, background, after = _copy(model.before), _copy(model.background), _copy(model.after)
    polled, replan = list(model.polled), list(model.replan)
    for i in which:
        for columns in (before, background, after):
            for column in columns.values():
                column[i] = 0
        polled[i] = False
        replan[i] = 0
    for i, parts in model.group_parts.items():
        for part in parts:
            if selects(part):
                background[part.phase][i] -= part.length
    return model.changed(
        before=before, background=background, after=after, polled=polled, replan=replan
    )


def _copy(columns: Columns) -> Columns:
    return {name: list(column) for name, column in columns.items()}


# -- lengths that change -------------------------------------------------------------------------


def scaled(model: Model, phase: str, factor: float) -> Model:
    """Return *model* with each submission's time in *phase* multiplied by *factor*."""
    column = [round(length * factor) for length in model.background.get(phase, [0] * model.count)]
    return model.changed(background={**model.background, phase: column})


def faster(model: Model, rule: str, times: float) -> Model:
    """Return *model* with the tools of *rule* running *times* as fast.

    One that a pipe joins to others is taken to be the one that they wait for.
    """
    column = list(model.background.get("compute", [0] * model.count))
    cpu = list(model.cpu)
    for i, name in enumerate(model.rules):
        if name == rule:
            column[i] = round(column[i] / times)
            cpu[i : i + 1] = [round(one / times) for one in cpu[i : i + 1]]
    for i, parts in model.group_parts.items():
        joined = model.piped.get(i, frozenset())
        rules = joined if rule in joined else {rule}
        for part in parts:
            if part.rule in rules and part.phase == "compute":
                column[i] -= part.length - round(part.length / times)
    return model.changed(background={**model.background, "compute": column}, cpu=cpu)


def staging_overlapped(model: Model) -> Model:
    """Return *model* with inputs fetched as soon as a job is ready, while it waits."""
    zero = [0] * model.count
    lead = list(zero)
    for phase in BEFORE_THE_TOOL:
        lead = [a + b for a, b in zip(lead, model.background.get(phase, zero), strict=True)]
    staged = model.background.get("stage_in", zero)
    return model.changed(background=without(model.background, ("stage_in",)), staged=(lead, staged))


def waits_as_they_were(model: Model) -> Model:
    """Return *model* with each wait for a status check as long as it was in the run.

    A check sees an end or just misses it at random, and that must not decide what is saved.
    """
    moments, zero = model.measured, [0] * model.count
    recorded = model.poll_schedule is not None and model.poll_schedule.recorded
    lags = [max(0, one) for one in model.unseen] if recorded else zero
    delays = model.check_delay if recorded else zero
    # A check that waits for the main thread delays the next; here only that thread's work counts.
    behind = model.behind if recorded and model.behind else zero
    columns = {
        "node_exit": lags,
        "poll_wait": [
            max(0, reported - ended - delay - max(lag, late))
            for reported, ended, lag, delay, late in zip(
                moments.reported, moments.ended, lags, delays, behind, strict=True
            )
        ],
        "postprocess": delays,
    }
    background = dict(model.background)
    for phase, column in columns.items():
        before = background.get(phase, zero)
        found = [
            (one + more if phase == "node_exit" else more) if polled else one
            for polled, one, more in zip(model.polled, before, column, strict=True)
        ]
        if any(found):
            background[phase] = found
    return model.changed(
        background=background,
        polled=[False] * model.count,
        poll_schedule=None,
    )


# -- where and how jobs run ----------------------------------------------------------------------


def polled_every(model: Model, interval: Micros) -> Model:
    """Return *model* with an executor that checks its jobs every *interval*."""
    assert model.poll_schedule is not None  # noqa: S101 - checked by apply_scenario
    if interval == model.nominal:  # as it was: the run's own checks
        return model
    schedule = model.poll_schedule.at_interval(interval, model.nominal, model.began)
    if schedule.recorded:
        return model.changed(poll_schedule=schedule, unseen=[max(0, one) for one in model.unseen])
    known = (length for length, polled in zip(model.unseen, model.polled, strict=True) if polled)
    soonest = min(min(known, default=0), near_miss(interval))
    return model.changed(
        poll_schedule=schedule,
        unseen=[soonest] * model.count,
    )


def at_rate(model: Model, rate: Rate) -> Model:
    """Return *model* with so many jobs at most that begin in a timespan.

    Snakemake's process ends a timespan after its last selection of jobs, not sooner; if the run's
    did end sooner, by the journal, nothing is assumed about that.
    """
    rest, waits = rest_without_timer(model)
    return model.changed(rate=rate, rest=rest, rest_waits_for_rate=waits)


def rest_without_timer(model: Model) -> tuple[Rest, bool]:
    """Return what follows the last job without the wait for the last timer of the run's rate.

    And whether that timer was over when the run ended, so that it may have waited.
    """
    rest, own = model.rest, model.end - max(model.measured.accepted, default=model.end)
    waited = own - (model.rate.timespan if model.rate is not None else 0)
    if 0 <= waited <= _EXITING:
        cut = [(phase, min(length, waited)) for phase, length in rest.after or rest.until_asleep]
        rest = (
            replace(rest, after=tuple(cut))
            if rest.after
            else replace(rest, until_asleep=tuple(cut))
        )
    return rest, waited >= 0


def limited(model: Model, limits: dict[str, int]) -> Model:
    """Return *model* under other *limits*: a job takes what its rule asks for, up to the limit."""
    requests = dict(model.requests)
    for name, limit in limits.items():
        if name == CORES or name in model.asked:
            asked = model.asked.get(name, requests[name])
            requests[name] = [min(amount, limit) for amount in asked]
        elif model.merged:  # a group requests no more than the limit: it runs its jobs in layers
            requests[name] = [
                min(amount, limit) if i in model.merged else amount
                for i, amount in enumerate(requests[name])
            ]
    return model.changed(limits={**model.limits, **limits}, requests=requests)


def with_threads(model: Model, rule: str, threads: int) -> Model:
    """Return *model* with jobs of *rule* that take so many cores each, of those that there are."""
    taken = min(threads, model.limits[CORES])

    def changed(columns: Columns, amount: int) -> Columns:
        own = zip(columns.get(CORES, ()), model.rules, strict=False)
        column = [amount if name == rule else before for before, name in own]
        return columns | ({CORES: column} if column else {})

    requests, asked = changed(model.requests, taken), changed(model.asked, threads)
    return model.changed(requests=requests, asked=asked)


def requesting(model: Model, rule: str, name: str, amount: int) -> Model:
    """Return *model* with the jobs of *rule* requesting at most *amount* of a resource."""

    def lowered(columns: dict[str, list[int]]) -> dict[str, list[int]]:
        if name not in columns:
            return columns
        column = zip(columns[name], model.rules, strict=True)
        return {**columns, name: [min(a, amount) if one == rule else a for a, one in column]}

    return model.changed(requests=lowered(model.requests), asked=lowered(model.asked))


def made_local(model: Model, rule: str, workers: int) -> Model:
    """Return *model* with the jobs of *rule* run by the executor on the main machine."""
    here = [name == rule or local for name, local in zip(model.rules, model.local, strict=True)]
    mine = [name == rule for name in model.rules]

    def cleared(columns: Columns, phases: Iterable[str]) -> Columns:
        return columns | {
            phase: [0 if own else a for own, a in zip(mine, columns[phase], strict=True)]
            for phase in phases
            if phase in columns
        }

    return model.changed(
        local=here,
        workers=workers,
        before=cleared(model.before, ("submit",)),
        background=cleared(model.background, _ON_A_NODE),
        polled=[a and not own for own, a in zip(mine, model.polled, strict=True)],
    )
