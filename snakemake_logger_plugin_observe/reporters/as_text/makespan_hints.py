"""What governs a phase of the makespan: the setting behind it, in lines for a narrow table."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.exit_waits import (
    QUICK_EXIT,
    exits_quickly,
)
from snakemake_logger_plugin_observe.analysis.cost.observed import Observed
from snakemake_logger_plugin_observe.analysis.cost.polling import Polling
from snakemake_logger_plugin_observe.analysis.cost.waking import SETTING
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.words import harmless
from snakemake_logger_plugin_observe.run.model import Run

_LONG_CHECK_S: Final = 1.0


def hint(phase: str, answer: CostAnswer) -> tuple[str, ...]:
    """Return the setting that governs a phase, if known; on lines short enough for the table."""
    every = answer.polling
    match phase:
        case "poll_wait" | "shutdown" if every:
            return tuple(_checked(every, answer.source.run, answer.observed))
        case "postprocess" if every and (every.check_s or 0) >= _LONG_CHECK_S:
            limit = f"--max-status-checks-per-second {every.checks_per_s:g}"
            took = f"a status check took {every.check_s:.1f} s to find an end"
            return (took, *((limit,) if every.checks_per_s else ()))
        case "node_exit":
            return _at_exit(answer)
        case "held":
            return _held_because(answer)
        case "slot_wait" if answer.holds:
            return (harmless(answer.holds[0].setting),)
    return ()


def _checked(every: Polling, run: Run, known: Observed) -> Iterator[str]:
    """Yield how often the executor checked its jobs, and what sets that."""
    if run.wake is not None and not run.wake.on:
        yield f"{SETTING}, in vain: {harmless(run.wake.reason or 'the reason is not known')}"
    if known.woken:
        yield f"checked soon after each end: {SETTING}"
        if cut := known.gave_back:
            yield f"(without it the run would have taken {cut} more)"
        if counts := run.status_checks:
            yield f"({plural(counts.early, 'early check')}, {counts.own} at its own times)"
        return
    yield f"{_interval(every)}:"
    yield every.setting
    if every.growth and every.longest_s > every.shortest_s:
        yield f"(+{every.growth_s:g} s while nothing ends, up to {every.most_s:g} s)"
    if known.could_be_woken:
        yield f"soon after each end: {SETTING}"


def _interval(every: Polling) -> str:
    longest = f"{every.longest_s:g} s"
    if every.shortest_s == every.longest_s:
        return f"every {longest}"
    return f"every {every.shortest_s:g} to {longest}"


def _at_exit(answer: CostAnswer) -> tuple[str, ...]:
    """Return what processes waited for at their ends, and what ends that."""
    if exits_quickly(answer.source.run):
        return (f"no wait for a timer: {QUICK_EXIT}",)
    wait = answer.observed.exit_wait
    return (
        (f"of each, {wait / 1e6:.1f} s for a timer:", f"without it: {QUICK_EXIT}") if wait else ()
    )


def _held_because(answer: CostAnswer) -> tuple[str, ...]:
    """Return the scheduler's reasons for holding jobs back, if it named any."""
    reasons = answer.observed.held_reasons
    return (harmless(f"Slurm's reason: {named(reasons)}"),) if reasons else ()
