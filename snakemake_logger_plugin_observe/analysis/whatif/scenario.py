"""The settings of a what-if: read from words, checked against the run, and applied to its model.

Only moves that keep the work what it is: other limits, other places, fewer submissions, faster
tools. Nothing here reruns less, checks less or publishes less.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import (
    CORES,
    JOBS,
    Limits,
    local_workers,
)
from snakemake_logger_plugin_observe.analysis.whatif import transforms
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.run.model import Run

_DRAWN: Final = "drawn"
_LEAST: Final = 0.001
_LONGEST_S: Final = 1e7
_LARGEST: Final = 1_000_000_000


class ScenarioError(ValueError):
    """A setting that makes no sense, in one line."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One alternative to how the run was run."""

    jobs: int | None = None
    cores: int | None = None
    resources: dict[str, int] = field(default_factory=dict)
    poll_s: float | None = None
    queue: float | None = None
    """Each queue wait times this."""
    queue_drawn: bool = False
    startup: float | None = None
    groups: dict[str, int] = field(default_factory=dict)
    local: tuple[str, ...] = ()
    faster: dict[str, float] = field(default_factory=dict)
    no_retries: bool = False
    overlap_staging: bool = False

    @property
    def chance(self) -> bool:
        """Whether something is drawn: queue waits, or which jobs share a group."""
        return self.queue_drawn or bool(self.groups)

    def as_values(self) -> dict[str, Any]:
        """Return what it sets, as plain values; nothing of what it leaves."""
        found: dict[str, Any] = {
            "jobs": self.jobs,
            "cores": self.cores,
            "resources": self.resources,
            "poll_s": self.poll_s,
            "queue": _DRAWN if self.queue_drawn else self.queue,
            "startup": self.startup,
            "group": self.groups,
            "local": list(self.local),
            "faster": self.faster,
            "no_retries": self.no_retries,
            "overlap_staging": self.overlap_staging,
        }
        return {
            name: value
            for name, value in found.items()
            if value is not None and value is not False and value not in ({}, [])
        }


Argument = tuple[str, str | None]
"""A setting's name and its value, as they were written."""


def parse_scenario(words: Iterable[Argument]) -> Scenario:
    """Return the setting that *words* ask for; what is said last counts.

    Raises:
        SettingError: if one makes no sense.

    """
    told: dict[str, Any] = {"resources": {}, "groups": {}, "local": (), "faster": {}}
    for name, value in words:
        _take(told, name.replace("_", "-"), value)
    return Scenario(**told)


def split_arguments(text: str) -> list[Argument]:
    """Return the words of one alternative, such as ``jobs=8 poll=5 no-retries``.

    Raises:
        SettingError: if there is none.

    """
    found: list[Argument] = []
    for word in text.split():
        name, equals, value = word.lstrip("-").partition("=")
        found.append((name, value if equals else None))
    if not found:
        raise ScenarioError("an empty alternative: say what changes, such as jobs=8")
    return found


def split_sweep(text: str) -> list[list[Argument]]:
    """Return the alternatives of ``jobs=1,2,4,8``.

    Raises:
        SettingError: if that is not what it looks like.

    """
    name, equals, values = text.partition("=")
    if not equals or not values.strip(","):
        raise ScenarioError(f"--sweep {text}: name a setting and its values, such as jobs=1,2,4,8")
    return [[(name, value)] for value in values.split(",") if value]


def _take(told: dict[str, Any], name: str, value: str | None) -> None:
    """Put one word into *told*."""
    match name:
        case "jobs" | "cores":
            told[name] = _count(name, value)
        case "resources":
            resource, number = _pair(name, value)
            told["resources"] = {**told["resources"], resource: _count(name, number)}
        case "poll":
            told["poll_s"] = _positive(name, value)
        case "queue" if value == _DRAWN:
            told["queue_drawn"], told["queue"] = True, None
        case "queue" | "startup":
            told[name] = _factor(name, value)
            if name == "queue":
                told["queue_drawn"] = False
        case "group":
            rule, number = _pair(name, value)
            told["groups"] = {**told["groups"], rule: _count(name, number)}
        case "local":
            if not value:
                raise ScenarioError("local: name a rule")
            told["local"] = (*told["local"], value)
        case "faster":
            rule, number = _pair(name, value)
            told["faster"] = {**told["faster"], rule: _positive(name, number)}
        case "no-retries" | "overlap-staging":
            if value is not None:
                raise ScenarioError(f"{name} takes no value")
            told[name.replace("-", "_")] = True
        case _:
            raise ScenarioError(
                f"no setting is called {name}: there are jobs, cores, resources, poll, queue, "
                "startup, group, local, faster, no-retries and overlap-staging"
            )


def _pair(name: str, value: str | None) -> tuple[str, str]:
    """Return the two sides of ``NAME=VALUE``; rules and resources are named so."""
    left, equals, right = (value or "").rpartition("=")
    if not equals:
        left, equals, right = (value or "").rpartition(":")
    if not left or not right:
        raise ScenarioError(f"{name} {value or ''}: say NAME=NUMBER")
    return left, right


def _count(name: str, value: str | None) -> int:
    try:
        number = int(value or "")
    except ValueError:
        number = 0
    if not 1 <= number <= _LARGEST:
        raise ScenarioError(
            f"{name} {value or ''}: a whole number from 1 to {_LARGEST:,} is wanted"
        )
    return number


def _number(value: str | None) -> float:
    try:
        number = float((value or "").removeprefix("x").removeprefix("×"))
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _positive(name: str, value: str | None) -> float:
    number = _number(value)
    if not _LEAST <= number <= _LONGEST_S:  # also what is no number
        wanted = f"a number from {_LEAST:g} to {_LONGEST_S:,.0f}"
        raise ScenarioError(f"{name} {value or ''}: {wanted} is wanted")
    return number


def _factor(name: str, value: str | None) -> float:
    number = _number(value)
    if not 0 <= number <= _LONGEST_S:
        also = " or drawn" if name == "queue" else ""
        raise ScenarioError(f"{name} {value or ''}: a factor such as x0.5{also} is wanted")
    return number


# -- applying them ------------------------------------------------------------------------------


def apply_scenario(
    model: Model, run: Run, chosen: Scenario, dice: random.Random
) -> tuple[Model, list[str]]:
    """Return *model* as it were with what was *chosen*, and what that assumes.

    Raises:
        SettingError: if the run has no such rule, or nothing that the setting governs.

    """
    assumes: list[str] = []
    rules = {rule for rule in model.rules if rule is not None}
    rules |= {part.rule for parts in model.inside.values() for part in parts if part.rule}
    for rule in (*chosen.groups, *chosen.local, *chosen.faster):
        if rule not in rules:
            raise ScenarioError(f"no job of a rule called {rule} ran")
    if chosen.no_retries:
        assumes.append("no job fails: its last attempt is its only one")
        model = transforms.without_retries(model)
    model = _lengths(model, chosen, dice, assumes)
    for rule in dict.fromkeys(chosen.local):
        model = _made_local(model, run, rule, assumes)
    for rule, size in chosen.groups.items():
        together = _groupable(model, rule, size)
        assumes.append(
            f"{size} jobs of {rule} share a submission, whichever, and run side by side on a node"
        )
        model = transforms.in_groups(model, rule, together, size, dice)
    if chosen.poll_s is not None:
        if model.polls is None:
            raise ScenarioError("poll: this run's executor did not look at jobs at intervals")
        assumes.append(
            f"the executor looks every {chosen.poll_s:g} s from when scheduling begins, and a look "
            "takes as long as it did"
        )
        model = transforms.polled_every(model, round(chosen.poll_s * 1e6))
    return _limited(model, run, chosen, assumes), assumes


def _lengths(model: Model, chosen: Scenario, dice: random.Random, assumes: list[str]) -> Model:
    for rule, times in chosen.faster.items():
        assumes.append(f"the tools of {rule} are {times:g} times as fast, and write the same")
        model = transforms.faster(model, rule, times)
    for phase, factor in (("node_startup", chosen.startup), ("queue_wait", chosen.queue)):
        if factor is not None:
            if not any(model.course.get(phase, ())):
                raise ScenarioError(f"no {phase} was measured in this run, so none can be scaled")
            assumes.append(f"each job's {phase} is {factor:g} times as long")
            model = transforms.scaled(model, phase, factor)
    if chosen.queue_drawn:
        if not any(model.course.get("queue_wait", ())):
            raise ScenarioError("no queue_wait was measured in this run, so none can be drawn")
        assumes.append("each job waits in the queue as long as any of this run's jobs did")
        model = transforms.queue_drawn(model, dice)
    if chosen.overlap_staging:
        assumes.append("inputs can be fetched as soon as a job is ready, beside its other waits")
        model = transforms.staging_overlapped(model)
    return model


def _groupable(model: Model, rule: str, size: int) -> list[list[int]]:
    """Return which submissions of *rule* could share one.

    Raises:
        SettingError: if there are none.

    """
    if not model.remote:
        raise ScenarioError(f"group {rule}: Snakemake groups jobs only where it submits them")
    if rule not in model.rules:
        raise ScenarioError(f"group {rule}: its jobs ran in groups already")
    found = transforms.groupable(model, rule)
    if not found and not any(_elsewhere(model, rule)):
        raise ScenarioError(f"group {rule}: its jobs run on the main machine")
    if not found:
        raise ScenarioError(
            f"group {rule}: its jobs were tried again, or have no end (see no-retries)"
        )
    if size > 1 and all(len(together) == 1 for together in found):
        raise ScenarioError(f"group {rule}: no two of its jobs could run side by side")
    return found


def _elsewhere(model: Model, rule: str) -> Iterator[bool]:
    """Say of each submission of *rule* whether it runs elsewhere than on the main machine."""
    return (not here for name, here in zip(model.rules, model.local, strict=True) if name == rule)


def _made_local(model: Model, run: Run, rule: str, assumes: list[str]) -> Model:
    if not model.remote:
        raise ScenarioError(f"local {rule}: all jobs of this run ran on the main machine")
    if rule not in model.rules:
        raise ScenarioError(
            f"local {rule}: its jobs ran in groups, which are moved as a whole or not"
        )
    if not any(_elsewhere(model, rule)):
        raise ScenarioError(f"local {rule}: its jobs ran on the main machine already")
    workers = local_workers(run)
    assumes.append(
        f"the main machine runs the tools of {rule} as fast as a node, {workers} at a time"
    )
    return transforms.made_local(model, rule, workers)


def _limited(model: Model, run: Run, chosen: Scenario, assumes: list[str]) -> Model:
    limits: dict[str, int] = dict(chosen.resources)
    if chosen.jobs is not None:  # a run without a cluster counts cores, whichever word is used
        limits[JOBS if model.remote else CORES] = chosen.jobs
    if chosen.cores is not None:
        if model.remote:
            raise ScenarioError("cores: this run submits its jobs, and --jobs is its limit")
        limits[CORES] = chosen.cores
    if not limits:
        return model
    known = Limits(run)
    asks = dict(model.asks)
    for name, limit in limits.items():
        if name not in asks:
            asks[name] = _asked(model, run, known, name)
        largest = max((a for i, a in enumerate(asks[name]) if i not in model.packed), default=0)
        if name not in (JOBS, CORES) and not any(asks[name]):
            raise ScenarioError(f"resources {name}: no job of this run asks for it")
        if largest > limit and name == CORES:
            assumes.append(f"a job that asks for more than {limit} cores takes as long with these")
        elif largest > limit:
            raise ScenarioError(f"resources {name}={limit}: a job asks for {largest}")
    assumes.append("tools take as long however many run beside them: each has its cores to itself")
    if JOBS in limits and model.workers is None and any(model.local):
        assumes.append(
            f"no job on the main machine waits for one of its {local_workers(run)} workers"
        )
    return transforms.limited(model.but(asks=asks), limits)


def _asked(model: Model, run: Run, known: Limits, name: str) -> list[int]:
    """Return what each submission takes of a limit that the run did not have."""
    if name == JOBS:
        return [1] * model.count
    found = []
    for i, key in enumerate(model.keys):
        attempts = [run.attempts.get(one) for one in model.packed.get(i, (key,))]
        found.append(sum(max(0, known.share(one, name)) for one in attempts if one is not None))
    return found
