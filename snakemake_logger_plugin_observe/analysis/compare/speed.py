"""How much faster or slower a run is, beyond the noise between runs of the same work.

Four or more runs of the same work give a mean and a standard deviation; a run (or a mean) is faster
only outside the 99 % prediction interval of Student's t, and as fast inside it. With fewer runs, a
fifth of the baseline, twice the spread, and at least two seconds may be noise: a difference within
that shows nothing, and which one is faster cannot be told. Importing Snakemake is the same work in
every run: twice the difference between the import times is noise of the machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, median, stdev
from typing import Final, Literal

from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES

SpeedVerdict = Literal["faster", "slower", "as fast", "cannot tell"]
"""``as fast`` only where enough runs show it."""

# Two-sided 99 % quantiles of Student's t by degrees of freedom, from 3 to 10; more are as ten.
_T99: Final = (5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169)
_FEWEST_FREEDOMS: Final = 3
ENOUGH_RUNS: Final = 4
"""So many runs on each side, or on one of them, show how much their lengths vary."""
_UNKNOWN_SHARE, _UNKNOWN_LEAST_S = 0.20, 2.0
_KNOWN_SHARE, _KNOWN_LEAST_S = 0.05, 0.5
_MOST_MOVED: Final = 8


@dataclass(frozen=True, slots=True)
class RunLengths:
    """The lengths of one side's runs, in seconds."""

    makespans_s: tuple[float, ...]
    by_class_s: tuple[dict[str, float], ...]
    imports_s: tuple[float, ...] = ()
    """How long each process took to import Snakemake, where known."""

    @property
    def typical_s(self) -> float | None:
        """The median length."""
        return median(self.makespans_s) if self.makespans_s else None

    def typical_class_s(self, name: str) -> float:
        """Return the median time of a cost class."""
        return median(one.get(name, 0.0) for one in self.by_class_s) if self.by_class_s else 0.0


@dataclass(frozen=True, slots=True)
class Moved:
    """A phase of a rule's jobs (or a group's submissions) whose time changed, in seconds."""

    rule: str
    phase: str
    before_s: float
    after_s: float
    jobs_before: int
    """How many had this phase."""
    jobs_after: int


@dataclass(frozen=True, slots=True)
class ToolTime:
    """The tools of the candidate's jobs, and of the last attempts before of the same jobs."""

    ran: int
    """How many jobs the candidate ran."""
    jobs: int
    """How many of them ran before, with their tools' times recorded."""
    before_s: float
    after_s: float
    """Sums over these jobs."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How long both sides took; ``verdict`` is None where they cannot be compared."""

    baseline_s: float | None
    candidate_s: float | None
    margin_s: float | None
    """Differences up to this count as noise."""
    runs: tuple[int, int]
    """How many runs the noise was measured from, on each side."""
    by_class_s: dict[str, tuple[float, float]]
    moved: tuple[Moved, ...]
    verdict: SpeedVerdict | None
    why_not: str = ""
    """Why there is no verdict."""
    tools: ToolTime | None = None
    """What is compared instead, if the two ran different jobs."""
    untimed: Literal["A", "B"] | None = None
    """The one side without ``--executor timed``: what its time went to is unknown."""

    @property
    def change_s(self) -> float | None:
        """The candidate's length minus the baseline's."""
        if self.baseline_s is None or self.candidate_s is None:
            return None
        return self.candidate_s - self.baseline_s


def speed(
    before: RunLengths,
    after: RunLengths,
    runs: tuple[Run, Run],
    history: Sequence[float] = (),
) -> Speed:
    """Return how the lengths of two sides compare.

    Args:
        before: the baseline's runs.
        after: the candidate's runs.
        runs: the two runs compared in detail.
        history: lengths of runs like the baseline's, including it, for one run on each side.

    """
    baseline, candidate = before.typical_s, after.typical_s
    known = history if len(before.makespans_s) == 1 and len(history) > 1 else before.makespans_s
    if baseline is None or candidate is None:
        return Speed(baseline, candidate, None, (0, 0), {}, (), None)
    margin = max(margin_s(known, after.makespans_s), _load_s(before, after))
    away = mean(after.makespans_s) - mean(known)
    beyond = abs(away) > margin and away * (candidate - baseline) > 0
    within: SpeedVerdict = "as fast" if _enough(known, after.makespans_s) else "cannot tell"
    verdict: SpeedVerdict = within if not beyond else "faster" if away < 0 else "slower"
    untimed = _untimed(*runs)
    return Speed(
        baseline,
        candidate,
        margin,
        (len(known), len(after.makespans_s)),
        {
            name: (before.typical_class_s(name), after.typical_class_s(name))
            for name in CLASSES
            if untimed is None
            and any(name in one for one in (*before.by_class_s, *after.by_class_s))
        },
        tuple(_moved(*runs, margin)) if untimed is None else (),
        verdict,
        untimed=untimed,
    )


def margin_s(before: Sequence[float], after: Sequence[float]) -> float:
    """Return up to which difference in seconds two sides' lengths differ by noise."""
    freedoms = _freedoms(before, after)
    typical = median(before)
    if not _enough(before, after):
        spread = max(max(side) - min(side) for side in (before, after))
        return max(_UNKNOWN_SHARE * typical, _UNKNOWN_LEAST_S, 2 * spread)
    squares = sum(stdev(side) ** 2 * (len(side) - 1) for side in (before, after) if len(side) > 1)
    t = _T99[min(freedoms, len(_T99) + _FEWEST_FREEDOMS - 1) - _FEWEST_FREEDOMS]
    interval = t * sqrt(squares / freedoms * (1 / len(before) + 1 / len(after)))
    return max(_KNOWN_SHARE * typical, _KNOWN_LEAST_S, interval)


def _freedoms(before: Sequence[float], after: Sequence[float]) -> int:
    return max(0, len(before) - 1) + max(0, len(after) - 1)


def _enough(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether two sides have enough runs to measure their noise."""
    return _freedoms(before, after) >= _FEWEST_FREEDOMS


def _load_s(before: RunLengths, after: RunLengths) -> float:
    """Return the noise of the machine's load, by the import times of two sides."""
    if not (before.imports_s and after.imports_s):
        return 0.0
    return 2 * abs(median(after.imports_s) - median(before.imports_s))


def _untimed(before: Run, after: Run) -> Literal["A", "B"] | None:
    """Return which one of two runs, and it alone, ran without ``--executor timed``."""
    if before.wrapped == after.wrapped:
        return None
    return "A" if after.wrapped else "B"


def _moved(before: Run, after: Run, margin: float) -> list[Moved]:
    """Return the phases that changed by more than noise, the largest change first.

    A rule whose time was observed in one of the two only is left out.
    """
    one, other = _by_rule_and_phase(before), _by_rule_and_phase(after)
    found = [
        Moved(*key, *(one.get(key, _NONE)[0], other.get(key, _NONE)[0]), *_jobs(key, one, other))
        for key in one.keys() | other.keys()
    ]
    unseen = {
        moved.rule
        for moved in found
        if moved.phase == "unobserved" and (moved.before_s > margin) != (moved.after_s > margin)
    }
    found = [moved for moved in found if moved.rule not in unseen]
    found = [moved for moved in found if abs(moved.after_s - moved.before_s) > margin]
    return sorted(found, key=lambda m: (-abs(m.after_s - m.before_s), m.rule, m.phase))[
        :_MOST_MOVED
    ]


_Sums = dict[tuple[str, str], tuple[float, int]]
_NONE: Final = (0.0, 0)


def _jobs(key: tuple[str, str], one: _Sums, other: _Sums) -> tuple[int, int]:
    return one.get(key, _NONE)[1], other.get(key, _NONE)[1]


def _by_rule_and_phase(run: Run) -> _Sums:
    """Return seconds and attempts by rule (or group) and phase."""
    sums: dict[tuple[str, str], list[int]] = {}
    for attempt in run.attempts.values():
        rule = run.rule_of(attempt)
        if rule is None:
            described = run.groups.get(attempt.group or "")
            rule = f"group {described.name}" if described and described.name else "(groups)"
        for phase, micros in attempt.phases.items():
            if phase == "slot_wait":  # jobs wait in parallel: their sum is not time of the run
                continue
            total = sums.setdefault((rule, phase), [0, 0])
            total[0] += micros
            total[1] += 1
    return {key: (to_seconds(micros), attempts) for key, (micros, attempts) in sums.items()}
