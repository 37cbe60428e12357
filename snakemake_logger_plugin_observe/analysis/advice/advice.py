"""The advice on a run: the levers that the simulation shows to save something, and how much."""

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice import (
    exits,
    files,
    limits,
    per_job,
    tools,
    waiting,
)
from snakemake_logger_plugin_observe.analysis.advice.advised import Advice
from snakemake_logger_plugin_observe.analysis.advice.lever import Choice
from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.whatif.draws import ends_drawn
from snakemake_logger_plugin_observe.analysis.whatif.fidelity import reproduces
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.model_from_run import build_model
from snakemake_logger_plugin_observe.analysis.whatif.processors import simulate_here
from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    Argument,
    Scenario,
    ScenarioError,
    parse_scenario,
)
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import (
    apply_scenario,
    interval_grows,
    is_random,
)
from snakemake_logger_plugin_observe.analysis.whatif.transforms import requesting, without_phases
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

MOST_JOBS: Final = 10_000
"""The largest run that is simulated without being asked to: it takes a second or two."""
_WORTH: Final = 0.05
"""What saves a smaller share of the run is not advised."""
_ENOUGH: Final = 0.8
"""Of several values, the smallest that saves this share of what the largest saves."""
_EASE: Final = {
    **dict.fromkeys(("fewer_jobs", "grouping", "queue", "submit", "staging", "planning"), 0.75),
    "nested": 0.9,
    **dict.fromkeys(("held", "job_script"), 0.75),
    "compute": 0.5,
}
"""What a saving counts for if it is no setting."""
_DRAWS: Final = 7
_SUBMISSIONS: Final = 15_000  # simulated at most, over the draws of one lever


def is_small(run: Run) -> bool:
    """Whether *run* is simulated without being asked to."""
    return len(run.jobs) <= MOST_JOBS


def advise(run: Run, account: Account, model: Model | None = None) -> tuple[Advice, ...]:
    """Return what to change about *run*: first what saves most for the work that it is.

    A setting is changed at once; what takes work, or others to decide, counts for less. Where the
    simulation is not like the run, nothing is advised.

    Args:
        run: the run.
        account: where its time went.
        model: its model for simulations, if there is one already.

    """
    if not account.makespan:
        return ()
    trials = Trials(run, account, model)
    if not trials.are_like_the_run:
        return ()
    least = max(1, round(_WORTH * account.makespan))
    found = [
        best
        for choice in _choices(run, account, trials, least)
        if (best := _best(trials, choice)) is not None and best.saves >= least
    ]
    found = _together(run, trials, found)
    return tuple(sorted(found, key=lambda one: -one.saves * _EASE.get(one.lever.kind, 1)))


def _together(run: Run, trials: "Trials", found: list[Advice]) -> list[Advice]:
    """Return what was *found*, with one piece in place of two that save each other's time.

    Where ends are noticed by the next check of an interval, a process that ends sooner waits as
    much longer for that; where they are noticed soon, each second counts.
    """
    for one in found:
        lever = exits.with_quick_exit(one.lever, run)
        both = _best(trials, Choice((lever,))) if lever is not None else None
        left = trials.model.end - trials.model.start - one.saves
        if both is not None and both.saves - one.saves >= max(1, round(_WORTH * left)):
            others = (each for each in found if each.lever.kind != "quick_exit" and each is not one)
            return [both, *others]
    return found


def _choices(run: Run, account: Account, trials: "Trials", least: Micros) -> Iterator[Choice]:
    return chain(
        limits.limits(run, trials.model, least),
        limits.threads(run, trials.model),
        limits.rate(run, account, trials.model, least),
        per_job.scheduler(run, account, least),
        per_job.nested(run, account, least),
        per_job.fewer_jobs(run, account, least),
        per_job.grouping(account, least),
        waiting.submissions(run, account, least),
        waiting.waits(run, account, least),
        exits.exits(run, account, least),
        files.ended_jobs(run, account, trials.model, least),
        waiting.before_snakemake(run, account, least),
        files.files_and_planning(account, least),
        tools.tools(run, account, least),
    )


def _best(trials: "Trials", choice: Choice) -> Advice | None:
    """Return the smallest change that saves about as much as the largest; None if none can be."""
    tried = [
        Advice(lever, least_of(found), _between(found))
        for lever in choice.levers
        if (found := trials.simulated(lever.move, lever.without, lever.requests)) is not None
    ]
    most = max((one.saves for one in tried), default=0)
    return next((one for one in tried if one.saves >= _ENOUGH * most), None)


def least_of(found: Sequence[Micros]) -> Micros:
    """Return what most of several simulations save at least: luck is not advised."""
    between = _between(found)
    return between[0] if between is not None else found[0]


def _between(found: Sequence[Micros]) -> tuple[Micros, Micros] | None:
    return (found[1], found[-2]) if len(found) >= _DRAWS else None


class Trials:
    """Simulations of one run, each with one change."""

    def __init__(self, run: Run, account: Account, model: Model | None = None) -> None:
        """Build the model of *run*, unless it is given."""
        self._run = run
        self.model = model if model is not None else build_model(run, account.segments)
        self._usual = simulate_here(self.model)[0].end
        self._usual_drawn: dict[int, Micros] = {}

    @property
    def are_like_the_run(self) -> bool:
        """Whether the run, simulated without changes, takes about as long as it took."""
        return reproduces(self.model.end - self.model.start, self._usual - self.model.start)

    def saves(
        self,
        move: Iterable[Argument],
        without: Iterable[str] = (),
        requests: Iterable[tuple[str, str, int]] = (),
    ) -> Micros | None:
        """Return by how much shorter the run would be; None as in ``simulated``."""
        found = self.simulated(move, without, requests)
        return None if found is None else least_of(found)

    def simulated(
        self,
        move: Iterable[Argument],
        without: Iterable[str] = (),
        requests: Iterable[tuple[str, str, int]] = (),
    ) -> list[Micros] | None:
        """Return by how much shorter the run would be, the least first.

        That is one length, or one for each draw of a change with something random in it: against
        the run, or the same draw of it without the change, whichever is shorter, since neither the
        run's bad luck nor a draw's is a gain.

        None if this run has no such setting, if the simulation is not like the run, or if a few of
        the draws save nothing.
        """
        if not self.are_like_the_run:
            return None
        try:
            scenario = parse_scenario(move)
            model = without_phases(self.model, frozenset(without)) if without else self.model
            for rule, name, amount in requests:
                model = requesting(model, rule, name, amount)
            drawn = is_random(model, self._run, scenario)
            unset = scenario == Scenario()  # no setting changes: the model itself is another
            drawn = drawn or (unset and model is not self.model and interval_grows(model))
            count = min(_DRAWS, _SUBMISSIONS // max(1, self.model.count)) if drawn else 1
            found = [
                min(self._usual, self._unchanged(draw if drawn else None))
                - self._changed(model, scenario, draw, drawn=drawn and unset)
                for draw in range(max(1, count))
            ]
        except ScenarioError:
            return None
        whole = self.model.end - self.model.start  # a tampered run may end too early
        saved = sorted(min(whole, one) for one in found)
        return None if len(saved) >= _DRAWS and saved[1] <= 0 else saved

    def _changed(self, model: Model, scenario: Scenario, draw: int, *, drawn: bool) -> Micros:
        """Return when the run would end with a change, in one *draw*."""
        rng = random.Random(draw)  # noqa: S311 - not for keys
        model = ends_drawn(model, rng) if drawn else model
        return simulate_here(apply_scenario(model, self._run, scenario, rng)[0])[0].end

    def _unchanged(self, draw: int | None) -> Micros:
        """Return when the run would end without a change: as it was, or in one *draw*."""
        if draw is None or not interval_grows(self.model):
            return self._usual
        if draw not in self._usual_drawn:
            rng = random.Random(draw)  # noqa: S311 - not for keys
            self._usual_drawn[draw] = simulate_here(ends_drawn(self.model, rng))[0].end
        return self._usual_drawn[draw]
