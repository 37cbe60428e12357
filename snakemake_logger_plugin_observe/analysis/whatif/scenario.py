"""The scenario of a what-if, and how it is written in arguments.

It can only change what keeps the work the same: limits, where jobs run, fewer submissions, faster
tools. Nothing here reruns less, checks less or publishes less.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.selection_rate import Rate

_DRAWN: Final = "drawn"
_GREEDY: Final = "greedy"
_RATE: Final = re.compile(r"([0-9]{1,10})/([0-9]{1,10})(ms|s|m|h|d|w)")
_SIZE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([KMGT])(i?)B?")
_SIZES: Final = ("mem", "disk")
_UNITS_S: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MIN: Final = 0.001
_MAX: Final = 1e7
_MAX_COUNT: Final = 1_000_000_000


class ScenarioError(ValueError):
    """A scenario that makes no sense, in one line."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One alternative to how a run was run; None leaves a setting as it was."""

    jobs: int | None = None
    cores: int | None = None
    resources: dict[str, int] = field(default_factory=dict)
    set_threads: dict[str, int] = field(default_factory=dict)
    """The threads of each job of a rule."""
    max_jobs_per_timespan: Rate | None = None
    scheduler: str | None = None
    poll_s: float | None = None
    wake: bool = False
    """Whether jobs that have ended are checked soon: ``--timed-wake on``."""
    quick_exit: bool = False
    """Whether processes do not wait for timers at their end: ``--timed-quick-exit on``."""
    queue: float | None = None
    """A factor on each queue wait."""
    queue_drawn: bool = False
    startup: float | None = None
    """A factor on each start of Snakemake on a node."""
    groups: dict[str, int] = field(default_factory=dict)
    """Jobs per submission, by rule."""
    merge: dict[str, int] = field(default_factory=dict)
    """How many jobs' outputs one job makes, by rule."""
    local: tuple[str, ...] = ()
    faster: dict[str, float] = field(default_factory=dict)
    """Speed-up of the tools, by rule."""
    no_retries: bool = False
    overlap_staging: bool = False

    @property
    def is_random(self) -> bool:
        """Whether queue waits, or which jobs share a group, are drawn at random."""
        return self.queue_drawn or bool(self.groups)

    def as_values(self) -> dict[str, Any]:
        """Return the settings that it changes, as plain values."""
        found: dict[str, Any] = {
            "jobs": self.jobs,
            "cores": self.cores,
            "resources": self.resources,
            "set_threads": self.set_threads,
            "max_jobs_per_timespan": str(self.max_jobs_per_timespan)
            if self.max_jobs_per_timespan
            else None,
            "scheduler": self.scheduler,
            "poll_s": self.poll_s,
            "wake": self.wake,
            "quick_exit": self.quick_exit,
            "queue": _DRAWN if self.queue_drawn else self.queue,
            "startup": self.startup,
            "group": self.groups,
            "merge": self.merge,
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
"""A setting's name and its value as written; None without a value."""


def parse_scenario(arguments: Iterable[Argument]) -> Scenario:
    """Return the scenario that *arguments* describe; the last value of a setting counts.

    Raises:
        ScenarioError: if one makes no sense.

    """
    by_name = ("resources", "set_threads", "groups", "merge", "faster")
    found: dict[str, Any] = {"local": (), **{name: {} for name in by_name}}
    for name, value in arguments:
        _set(found, name.replace("_", "-"), value)
    return Scenario(**found)


def split_arguments(text: str) -> list[Argument]:
    """Return the arguments of one alternative, such as ``jobs=8 poll=5 no-retries``.

    Raises:
        ScenarioError: if there are none.

    """
    found: list[Argument] = []
    for argument in text.split():
        name, equals, value = argument.lstrip("-").partition("=")
        found.append((name, value if equals else None))
    if not found:
        raise ScenarioError("an empty alternative: name what changes, such as jobs=8")
    return found


def split_sweep(text: str) -> list[list[Argument]]:
    """Return the arguments of each alternative in a sweep such as ``jobs=1,2,4,8``.

    Of a setting that has a name of its own, that is given once: ``resources=mem_mb=8000,16000``.

    Raises:
        ScenarioError: if *text* has another form.

    """
    name, equals, values = text.partition("=")
    if not equals or not values.strip(","):
        raise ScenarioError(f"--sweep {text}: name a setting and its values, such as jobs=1,2,4,8")
    found: list[list[Argument]] = []
    inner = ""
    for value in filter(None, values.split(",")):
        own, named, last = value.rpartition("=")
        inner = own + named or inner
        found.append([(name, inner + last)])
    return found


def _set(found: dict[str, Any], name: str, value: str | None) -> None:
    """Set one argument in *found*."""
    match name:
        case "jobs" | "cores":
            found[name] = _count(name, value)
        case "resources":
            resource, number = _amount(*_pair(name, value))
            amount = _count(f"{name} {resource}:", number)
            found["resources"] = {**found["resources"], resource: amount}
        case "poll":
            found["poll_s"] = _positive(name, value)
        case "queue" if value == _DRAWN:
            found["queue_drawn"], found["queue"] = True, None
        case "queue" | "startup":
            found[name] = _factor(name, value)
            if name == "queue":
                found["queue_drawn"] = False
        case "max-jobs-per-timespan":
            found["max_jobs_per_timespan"] = _rate(name, value)
        case "scheduler":
            if value != _GREEDY:
                raise ScenarioError(f"scheduler {value or ''}: only {_GREEDY} can be simulated")
            found["scheduler"] = value
        case "group" | "merge" | "set-threads":
            rule, number = _pair(name, value)
            known = {"group": "groups"}.get(name, name.replace("-", "_"))
            found[known] = {**found[known], rule: _count(name, number)}
        case "local":
            if not value:
                raise ScenarioError("local: name a rule")
            found["local"] = (*found["local"], value)
        case "faster":
            rule, number = _pair(name, value)
            found["faster"] = {**found["faster"], rule: _positive(name, number)}
        case "wake" | "quick-exit" | "no-retries" | "overlap-staging":
            if value is not None:
                raise ScenarioError(f"{name} takes no value")
            found[name.replace("-", "_")] = True
        case _:
            raise ScenarioError(
                f"unknown setting {name}: choose from jobs, cores, resources, set-threads, "
                "max-jobs-per-timespan, scheduler, poll, wake, quick-exit, queue, startup, group, "
                "merge, local, faster, no-retries, overlap-staging"
            )


def _pair(name: str, value: str | None) -> tuple[str, str]:
    """Return the two sides of ``NAME=VALUE``, where NAME is a rule or a resource."""
    left, equals, right = (value or "").rpartition("=")
    if not equals:
        left, equals, right = (value or "").rpartition(":")
    if not left or not right:
        raise ScenarioError(f"{name} {value or ''}: write NAME=NUMBER")
    return left, right


def _amount(resource: str, number: str) -> tuple[str, str]:
    """Return an amount as Snakemake counts it: ``mem=12GB`` is ``mem_mb=12000``."""
    size = _SIZE.fullmatch(number)
    if resource not in _SIZES or size is None:
        return resource, number
    amount, unit, binary = size.groups()
    step = 1024 if binary else 1000
    return f"{resource}_mb", str(math.ceil(float(amount) * step ** (1 + "KMGT".index(unit)) / 1e6))


def _count(name: str, value: str | None) -> int:
    try:
        number = int(value or "")
    except ValueError:
        number = 0
    if not 1 <= number <= _MAX_COUNT:
        raise ScenarioError(
            f"{name} {value or ''}: must be a whole number from 1 to {_MAX_COUNT:,}"
        )
    return number


def _rate(name: str, value: str | None) -> Rate:
    """Return a rate as Snakemake's flag takes it, such as ``50/1m``."""
    found = _RATE.fullmatch(value or "")
    if found is None:
        raise ScenarioError(f"{name} {value or ''}: write NUMBER/TIMESPAN, such as 100/1s or 50/1m")
    number, length, unit = found.groups()
    timespan = round(_count(name, length) * _UNITS_S[unit] * 1e6)
    return Rate(_count(name, number), timespan)


def _number(value: str | None) -> float:
    try:
        number = float((value or "").removeprefix("x").removeprefix("×"))
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _positive(name: str, value: str | None) -> float:
    number = _number(value)
    if not _MIN <= number <= _MAX:  # also false for NaN
        allowed = f"a number from {_MIN:g} to {_MAX:,.0f}"
        raise ScenarioError(f"{name} {value or ''}: must be {allowed}")
    return number


def _factor(name: str, value: str | None) -> float:
    number = _number(value)
    if not 0 <= number <= _MAX:
        also = " or drawn" if name == "queue" else ""
        raise ScenarioError(f"{name} {value or ''}: must be a factor such as x0.5{also}")
    return number
