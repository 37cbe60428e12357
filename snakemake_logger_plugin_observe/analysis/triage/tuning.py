"""Incidents about time whose fix is a setting: their action is the advice that a simulation gives.

So triage advises what ``cost`` and ``path`` do, and nothing that would save nothing.
"""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.advice import advise, is_small
from snakemake_logger_plugin_observe.analysis.advice.advised import (
    MOST_SHOWN,
    Advice,
    saved,
    whatif,
)
from snakemake_logger_plugin_observe.analysis.advice.per_job import MERGED
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Claim, Incident

_KINDS: Final = {
    "idle_slots": ("limits", "rate", "scheduler"),
    "node_startup": ("grouping",),
    "polling_lag": ("wake", "polling"),
    "slow_selection": ("scheduler", "fewer_jobs"),
    "tiny_jobs": ("grouping", "fewer_jobs", "scheduler"),
}
"""The kinds of advice that a simulation of an incident's action is compared with."""
_ANSWERED: Final = {
    **_KINDS,
    "busy_cluster": ("queue",),
    "held_jobs": ("held",),
    "slow_job_script": ("job_script",),
    "slow_host": ("compute",),
    "slow_metadata": ("staging",),
    "slow_planning": ("planning",),
    "slow_tool": ("compute",),
}
"""The kinds of advice whose time a class of incident explains: its action is about the same."""
_AIMED: Final = frozenset({"idle_slots", "polling_lag", "slow_selection"})
"""Classes whose action with a baseline is its setting, which is the better aim."""
_NAMED: Final = 2
_LIGHTER: Final = (
    "make the Snakefile faster to parse (no globbing, no file reading at its top level), and "
    "uninstall unused plugins from the nodes' Snakemake environment"
)


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
    share = 100 * one.saves / case.account.makespan
    tried = one.lever.move and (whatif(case.journal, one.lever.move, "the predicted gain"),)
    return Claim(
        f"to make it faster: {one.lever.text} ({one.lever.why}); predicted gain: "
        f"{saved(one)} ({share:.0f} %)",
        case.side.at_end(f"status: {case.status}"),
        tried or (),
    )


def as_simulated(
    case: Case, incidents: tuple[Incident, ...], advice: tuple[Advice, ...]
) -> tuple[Incident, ...]:
    """Return *incidents* with the actions that *advice* has for them.

    One whose action would save nothing is no incident: something else took the time.
    """
    if case.status != "success" or not is_small(case.run) or not case.trials.are_like_the_run:
        return incidents
    return tuple(found for one in incidents if (found := _simulated(case, one, advice)) is not None)


def _simulated(case: Case, one: Incident, advice: Iterable[Advice]) -> Incident | None:
    first = one.action
    if one.failures or not (first.move or first.without):
        return one
    saves = case.trials.saves(first.move, first.without)
    aimed = case.baseline is not None and one.incident_class in _AIMED
    if aimed and saves is not None and saves > 0:
        return one
    kinds = _KINDS.get(one.incident_class, ())
    if better := [each for each in advice if each.lever.kind in kinds and each.lever.move]:
        return replace(one, action=_advised(first, *better[:_NAMED]))
    if (saves is None or saves <= 0) and (other := _otherwise(one)) is not None:
        first, saves = other, case.trials.saves(other.move, other.without)
    if saves is None:
        return replace(one, action=replace(first, move=()))  # what it saves is not known
    return replace(one, action=first) if saves > 0 else None


def _advised(first: Action, best: Advice, *others: Advice) -> Action:
    """Return an incident's *first* action as the advice on the run has it."""
    lever = best.lever
    same = {name for name, _ in lever.move} == {name for name, _ in first.move}
    text = "; or ".join(
        [lever.text, *(f"{one.lever.text}, to save {saved(one)}" for one in others)]
    )
    return Action(text, lever.why, move=lever.move, commands=first.commands if same else ())


def _otherwise(one: Incident) -> Action | None:
    """Return what may help where groups of jobs would save nothing."""
    match one.incident_class:
        case "node_startup":
            return Action(_LIGHTER, one.action.why, without=("node_startup", "node_plan"))
        case "tiny_jobs" if one.rules:
            move = (("merge", f"{one.rules[0]}={MERGED}"),)
            return Action("let one job make the outputs of many", one.action.why, move=move)
    return None
