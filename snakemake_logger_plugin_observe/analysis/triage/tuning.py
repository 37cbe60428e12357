"""Incidents about time whose fix is a setting: their action is the advice that a simulation gives.

So triage advises what ``cost`` and ``path`` do, and nothing that would save nothing.
"""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.advice import (
    MOST_SHOWN,
    Advice,
    advise,
    is_small,
    whatif,
)
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Claim, Incident

_KINDS: Final = {
    "busy_cluster": ("queue",),
    "idle_slots": ("limits", "rate", "scheduler"),
    "node_startup": ("grouping",),
    "polling_lag": ("polling",),
    "slow_selection": ("scheduler", "fewer_jobs"),
    "tiny_jobs": ("grouping", "fewer_jobs", "scheduler"),
}
"""The kinds of advice that a simulation of an incident's action is compared with."""
_ANSWERED: Final = {
    **_KINDS,
    "slow_host": ("compute",),
    "slow_metadata": ("staging",),
    "slow_planning": ("planning",),
    "slow_tool": ("compute",),
}
"""The kinds of advice whose time a class of incident explains: its action is about the same."""
_OTHERWISE: Final = {
    "node_startup": "make the Snakefile faster to parse (no globbing, no file reading at its top "
    "level), and uninstall unused plugins from the nodes' Snakemake environment",
    "tiny_jobs": "let one job make the outputs of many",
}
"""What helps where groups of jobs would save nothing."""


def advice_on(case: Case, incidents: Iterable[Incident]) -> tuple[Advice, ...]:
    """Return what to change about a run that succeeded, unless failures come first."""
    if case.status != "success" or not is_small(case.run) or any(one.failures for one in incidents):
        return ()
    return advise(case.run, case.account, case.trials.model)


def faster(
    case: Case, incidents: Iterable[Incident], advice: Iterable[Advice]
) -> tuple[Claim, ...]:
    """Return, of the advice that ``cost`` and ``path`` give first, what no incident is about."""
    answered = {kind for one in incidents for kind in _ANSWERED.get(one.incident_class, ())}
    shown = itertools.islice(advice, MOST_SHOWN)
    return tuple(_claim(case, one) for one in shown if one.lever.kind not in answered)


def _claim(case: Case, one: Advice) -> Claim:
    most = "at most " if one.lever.at_most else ""
    share = 100 * one.saves / case.account.makespan
    tried = one.lever.move and (whatif(case.journal, one.lever.move, "the predicted gain"),)
    return Claim(
        f"to make it faster: {one.lever.text} ({one.lever.why}); predicted gain: "
        f"{most}{one.saves / 1e6:.1f} s ({share:.0f} %)",
        case.side.at_end(f"status: {case.status}"),
        tried or (),
    )


def as_simulated(
    case: Case, incidents: tuple[Incident, ...], advice: tuple[Advice, ...]
) -> tuple[Incident, ...]:
    """Return *incidents* with the actions that *advice* has for them.

    Without advice, one whose own action would save nothing is no incident: something else took
    the time.
    """
    if case.status != "success" or not is_small(case.run) or not case.trials.are_like_the_run:
        return incidents
    return tuple(found for one in incidents if (found := _simulated(case, one, advice)) is not None)


def _without_the_move(one: Incident, *, compared: bool) -> Incident | None:
    """Return an incident without an action that saves nothing; None if that refutes it.

    Slots and checks that save nothing were not what the run waited for. Start-ups and short jobs
    took their time, though groups would not have saved it.
    """
    other = _OTHERWISE.get(one.incident_class)
    if other is None:
        return one if compared else None
    return replace(one, action=Action(other, one.action.why))


def _simulated(case: Case, one: Incident, advice: Iterable[Advice]) -> Incident | None:
    kinds = _KINDS.get(one.incident_class)
    if kinds is None or one.failures or not one.action.move:
        return one
    helps = (case.trials.saves(one.action.move) or 0) > 0
    if helps and case.baseline is not None:
        return one  # what the baseline had is the better aim
    better = next((each for each in advice if each.lever.kind in kinds), None)
    if better is None or not better.lever.move:
        return one if helps else _without_the_move(one, compared=case.baseline is not None)
    lever = better.lever
    same = {name for name, _ in lever.move} == {name for name, _ in one.action.move}
    commands = one.action.commands if same else ()
    return replace(one, action=Action(lever.text, lever.why, move=lever.move, commands=commands))
