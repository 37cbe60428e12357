"""Levers on the limits that kept ready work back: slots, cores, named resources, the rate."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.lever import Choice, Lever
from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import CORES, JOBS, THREADS
from snakemake_logger_plugin_observe.analysis.cost.selection_rate import FLAG, Rate
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import (
    request_mismatches,
    resource_use,
)
from snakemake_logger_plugin_observe.analysis.path.holds import held_by_rate
from snakemake_logger_plugin_observe.analysis.path.utilisation import held_back_by_limit
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.whatif.model import UNLIMITED, Model
from snakemake_logger_plugin_observe.analysis.whatif.processors import busy_cores, used_machine
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_MEMORY: Final = {"mem_mb": 1_000_000, "mem_mib": 1 << 20}
"""The resources that are memory, with their units."""
_DISK: Final = ("disk_mb", "disk_mib")
_SPARE: Final = 2
"""How many times the most memory that its jobs used a rule should request."""
_ROUND: Final = 100
_FLAGS: Final = {JOBS: "--jobs", CORES: "--cores"}
_TIMES: Final = (2, 4, 8)
"""How many times as many jobs at once are tried."""
_FEW: Final = 4
"""So few at once: one more is tried, too."""
_RATE_TIMES: Final = 10
_GROUP_OF: Final = "the group of "
_WAITING: Final = 0.1
"""A job that keeps no more cores busy waits for something else, also on a busy machine."""


def limits(run: Run, model: Model, least: Micros) -> Iterator[Choice]:
    """Yield what raising each limit could save that held ready work back for *least* or longer."""
    model = model.changed(rules=[_kind(run, *one) for one in _named(model)])
    rule = _longest_waiting(run)
    short = [name for name, one in held_back_by_limit(run).items() if one.length >= least]
    if rule is None:
        return
    raised = {name: _raised(run, model, name, rule) for name in short}
    for name in short:
        yield from _less_requested(run, model, name, rule)
    for found in raised.values():
        if found:
            yield Choice(tuple(found))
    if len(short) > 1 and not any(raised.values()):
        yield from _all_raised(run, model, short, rule)


def _less_requested(run: Run, model: Model, name: str, rule: str) -> Iterator[Choice]:
    """Yield a lower request of *rule*, if its jobs used far less memory than it asks for."""
    unit, share = _MEMORY.get(name), _share(model, name, rule)
    uses = [resource_use(run, one) for one in run.attempts.values() if run.rule_of(one) == rule]
    peaks = [one.memory_peak_bytes for one in uses]
    if unit is None or None in peaks or not all(one.memory_is_whole for one in uses):
        return
    peak = max(one for one in peaks if one is not None)
    enough = -(-_SPARE * peak // unit // _ROUND) * _ROUND
    if 0 < enough <= share // _SPARE:
        used = "at most " if any(one.memory_peak_is_bound for one in uses) else ""
        used += f"{-(-peak // unit)}, and ran {_at_a_time(model.limits[name], share)}"
        yield Choice(
            (
                Lever(
                    "requests",
                    f"let {rule} request {name}={enough} in place of {share}",
                    f"its jobs used {used}",
                    requests=((rule, name, enough),),
                    rule=rule,
                    at_most=not model.remote,
                ),
            )
        )


def _all_raised(run: Run, model: Model, short: list[str], rule: str) -> Iterator[Choice]:
    """Yield all limits raised together, where no more jobs of *rule* fit under any one of them."""
    raised = [_raised(run, model, name, rule, alone=False) for name in short]
    together = [
        replace(
            levers[0],
            text=" and ".join(one.text for one in levers),
            why=f"each kept jobs of {rule} back",
            move=tuple(argument for one in levers for argument in one.move),
        )
        for levers in zip(*raised, strict=False)
    ]
    if together:
        yield Choice(tuple(together))


def _longest_waiting(run: Run) -> str | None:
    """Return the rule, or the kind of group, whose jobs waited longest for a slot."""
    waited: dict[str, Micros] = {}
    for attempt in run.attempts.values():
        wait = attempt.phases.get("slot_wait", 0)
        rule = None if attempt.is_member else _kind(run, run.rule_of(attempt), attempt.group)
        if wait and rule is not None:
            waited[rule] = waited.get(rule, 0) + wait
    return max(waited, key=lambda rule: (waited[rule], rule), default=None)


def _named(model: Model) -> Iterator[tuple[str | None, str | None]]:
    """Yield the rule of each submission, or the group's name."""
    for rule, (name, _) in zip(model.rules, model.keys, strict=True):
        yield rule, name if isinstance(name, str) else None


def _kind(run: Run, rule: str | None, group: str | None) -> str | None:
    """Return the rule, or in words the group of rules that a submission has."""
    if rule is not None or group is None:
        return rule
    rules = sorted({run.jobs[one].rule for one in run.members(group) if one in run.jobs})
    return f"{_GROUP_OF}{' and '.join(rules)}" if rules else None


def _raised(run: Run, model: Model, name: str, rule: str, *, alone: bool = True) -> list[Lever]:
    """Return higher values of a limit, the lowest first, under which more jobs of *rule* fit.

    Args:
        run: the run.
        model: its model.
        name: the limit.
        rule: the rule whose jobs waited.
        alone: whether the other limits stay as they are.

    """
    limit, share = model.limits.get(name, UNLIMITED), _share(model, name, rule)
    if limit >= UNLIMITED or not share:
        return []
    at_once = max(1, limit // share)
    jobs = most = sum(1 for one in model.rules if one == rule)
    if alone:
        most = min([jobs, *_at_once_under_others(model, name, rule)])
    counts = {at_once * times for times in _TIMES} | ({at_once + 1} if at_once <= _FEW else set())
    counts |= {_fewest_as_fast(count, jobs) for count in counts}
    values = {share * count for count in counts if count <= most} or {share * most}
    machine = _of_the_machine(run, model, name)
    if machine is not None:
        room = machine
        # Beyond the machine's cores only what mostly waits, and has no threads to give back.
        waits = name == CORES and _busy(model, rule) <= _WAITING
        if waits and not _has_idle_threads(model, rule):
            room = machine * _TIMES[-1]
        values = {min(value, room // share * share) for value in values}
    return [_lever(model, name, rule, value, machine) for value in sorted(values) if value > limit]


def _busy(model: Model, rule: str) -> float:
    """Return how many cores a job of *rule* keeps busy on average: 1 if that is not known.

    A Snakemake that starts for a job counts like its tool.
    """
    busy, lengths = busy_cores(model), used_machine(model)
    tools = model.background.get("compute", [0] * model.count)
    jobs = [i for i, one in enumerate(model.rules) if one == rule and lengths[i]]
    unknown = any(tools[i] >= lengths[i] / 2 and not model.cpu[i] for i in jobs)
    if not jobs or unknown or model.remote:
        return 1
    return sum(busy[i] * lengths[i] for i in jobs) / sum(lengths[i] for i in jobs)


def _fewest_as_fast(at_once: int, jobs: int) -> int:
    """Return how few at once need no more rounds for *jobs* than *at_once* do."""
    rounds = -(-jobs // at_once)
    return -(-jobs // rounds)


def _at_once_under_others(model: Model, name: str, rule: str) -> Iterator[int]:
    """Yield how many jobs of *rule* fit at once under each limit but *name*."""
    for other, limit in model.limits.items():
        if other != name and (share := _share(model, other, rule)):
            yield max(1, limit // share)


def _lever(model: Model, name: str, rule: str, value: int, machine: int | None) -> Lever:
    limit, share = model.limits[name], _share(model, name, rule)
    flag = _FLAGS.get(name)
    why = "ready jobs waited for a free slot"
    beyond = name == CORES and machine is not None and value > machine
    if beyond:
        why = (
            f"{rule if rule.startswith(_GROUP_OF) else f'a job of {rule}'} used "
            f"{_busy(model, rule):.2f} cores on average; this helps if it did not wait for a core"
        )
    elif name == CORES:
        why = f"{rule} has {plural(share, 'thread')}: {_at_a_time(limit, share)}"
    elif name != JOBS:
        why = f"{rule} requests {share}: {_at_a_time(limit, share)}"
    return Lever(
        "limits",
        f"raise {flag or f'{name} in --resources'} from {limit} to {value}"
        + ("" if beyond else _if_there_is(name, machine, remote=model.remote)),
        why,
        (_argument(name, value),),
        rule=None if rule.startswith(_GROUP_OF) else rule,
        at_most=not model.remote,
    )


def _at_a_time(limit: int, share: int) -> str:
    at_once = max(1, limit // share)
    return "one at a time" if at_once == 1 else f"{at_once} at a time"


def _share(model: Model, name: str, rule: str) -> int:
    """Return the most that a job of *rule* takes of a limit, or would take if it were higher."""
    column = model.asked.get(name, model.requests.get(name, []))
    return max((a for a, one in zip(column, model.rules, strict=False) if one == rule), default=0)


def _of_the_machine(run: Run, model: Model, name: str) -> int | None:
    """Return how much of a limit the machine has that runs the jobs itself, if it is known."""
    started = run.started
    if started is None or model.remote:
        return None
    if name == CORES:
        return started.cpus
    unit = _MEMORY.get(name)
    return None if unit is None or started.memory_bytes is None else started.memory_bytes // unit


def _if_there_is(name: str, machine: int | None, *, remote: bool) -> str:
    """Return the condition under which a limit may be raised, if the journal does not show it."""
    if name == JOBS:
        return ""
    if machine is not None:
        return f" (of the machine's {machine})"
    if name == CORES or name in _MEMORY or name in _DISK:
        return f", if the {'cluster' if remote else 'machine'} has as much"
    return ", if there is as much"  # a licence, a quota: not the machine's


def _argument(name: str, value: int) -> tuple[str, str]:
    return (name, f"{value}") if name in _FLAGS else ("resources", f"{name}={value}")


def threads(run: Run, model: Model) -> Iterator[Choice]:
    """Yield fewer threads for each rule whose jobs keep few of theirs busy, if others waited."""
    if CORES not in model.limits:
        return
    known = {
        one.rule: (round(one.requested), one.used)
        for one in request_mismatches(run)
        if one.resource == THREADS and not one.too_little
    }
    rule = _longest_waiting(run) if CORES in held_back_by_limit(run) else None
    if (
        rule is not None
        and rule in model.rules
        and rule not in known
        and _has_idle_threads(model, rule)
    ):
        known[rule] = _share(model, CORES, rule), _busy(model, rule)
    for name, (requested, used) in known.items():
        fewer = max(1, ceil(used))
        lever = Lever(
            "threads",
            f"lower the threads of {name} from {requested} to {fewer}, in the rule or with "
            "--set-threads",
            f"its jobs used {used:.2f} cores on average",
            (("set-threads", f"{name}={fewer}"),),
            rule=name,
            at_most=True,
        )
        yield Choice((lever,))


def _has_idle_threads(model: Model, rule: str) -> bool:
    """Whether jobs of *rule* keep at most half of their threads busy, as far as it is known."""
    own = zip(model.requests.get(CORES, []), model.rules, strict=False)
    taken = max((amount for amount, one in own if one == rule), default=0)
    alone = not rule.startswith(_GROUP_OF)
    return alone and not model.remote and taken > 1 and _busy(model, rule) <= taken / _SPARE


def rate(run: Run, account: Account, model: Model, least: Micros) -> Iterator[Choice]:
    """Yield what a higher rate of selections could save, if jobs waited for it."""
    known = model.rate
    hold = held_by_rate(run, account.segments)
    waited = hold.length if hold is not None else 0
    reached = known is not None and model.count >= known.most * (model.end - model.start) * 0.5 // (
        known.timespan
    )
    if known is None or not (waited >= least or reached):
        return
    higher: Rate = replace(known, most=known.most * _RATE_TIMES)
    yield Choice(
        (
            Lever(
                "rate",
                f"raise {FLAG} from {known} to {higher}",
                "it lets no more jobs begin, and others were ready",
                ((FLAG.removeprefix("--"), f"{higher}"),),
            ),
        )
    )
