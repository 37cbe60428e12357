"""Runs cut at a moment, as ``watch`` sees them then: to compare what it expects with what came.

Jobs are described when they are selected, as Snakemake does it, and the plan has their numbers by
rule, so nothing is known of those that wait but that.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from builders import numbered
from schedules import Lived, Task, World, live

from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.journal.events import AttemptSubmitted, Event, Planned

EVER = 1 << 62


def as_recorded(lived: Lived) -> list[Event]:
    """Return the events of a run in the order in which a journal gets them."""
    tasks = lived.world.tasks
    selected = {
        job_id: known.selected
        for (unit, number), known in lived.stamps.items()
        if number == 1
        for job_id in _members(lived.world, unit)
    }
    events: list[Event] = []
    for event in lived.events:
        if event.event == "job":
            if event.job_id not in selected:
                continue
            retries = len(tasks[event.job_id].lengths) - 1
            changed = {"time": selected[event.job_id], "retries": retries}
            events.append(event.but(**changed))
        elif event.event == "group":
            members = _members(lived.world, event.group)
            events.append(event.but(time=selected[members[0]]))
        else:
            events.append(event)
    for (unit, number), known in lived.stamps.items():
        whose = {"group": unit} if isinstance(unit, str) else {"job_id": unit}
        begun = known.but(reported=None, finished=None)
        submitted = AttemptSubmitted(time=known.accepted, attempt=number, stamps=begun, **whose)
        events.append(submitted)
    hidden = {job_id for task in tasks.values() for job_id in task.brings}
    events.append(
        _plan(lived.began, [task for task in tasks.values() if task.job_id not in hidden])
    )
    events += [
        _plan(one.end, [*tasks.values()])
        for one in lived.events
        if one.event == "run_phase" and one.detail == "checkpoint"
    ]
    first, *others = events
    order = {"group": 0, "job": 1, "attempt_finished": 2}
    return [first, *sorted(others, key=lambda one: (one.time, order.get(one.event, 3)))]


def _plan(moment: int, tasks: list[Task]) -> Planned:
    rule_of = {task.job_id: task.rule for task in tasks}
    needs: dict[str, Counter[str]] = {}
    for task in tasks:
        needed = Counter(rule_of[one] for one in task.needs if one in rule_of)
        needs.setdefault(task.rule, Counter()).update(needed)
    to_run = dict(Counter(rule_of.values()))
    return Planned(time=moment, to_run=to_run, needs=needs, without_command=())


def _members(world: World, unit: int | str) -> tuple[int, ...]:
    if isinstance(unit, int):
        return (unit,)
    return tuple(task.job_id for task in world.tasks.values() if task.group == unit)


def so_far(events: Iterable[Event], moment: int = EVER) -> SoFar:
    """Return the run as far as it had been written at *moment*."""
    found = SoFar()
    for event in numbered(events):
        if event.time <= moment:
            found.take(event)
    return found


def cut(lived: Lived, moment: int) -> SoFar:
    """Return a simulated run as it was at *moment*."""
    return so_far(as_recorded(lived), moment)


def an_earlier_run(world: World, seed: int, varies: float = 0.15) -> SoFar:
    """Return a run of the same jobs whose lengths differ by as much as *varies*."""
    dice = random.Random(seed)  # noqa: S311 - dice, not keys
    tasks = {
        job_id: replace(
            task,
            lengths=tuple(
                {
                    phase: max(1, round(length * dice.uniform(1 - varies, 1 + varies)))
                    for phase, length in attempt.items()
                }
                for attempt in task.lengths
            ),
        )
        for job_id, task in world.tasks.items()
    }
    return so_far(as_recorded(live(replace(world, tasks=tasks))))
