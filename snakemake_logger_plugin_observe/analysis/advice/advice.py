"""The advice on a run: the levers that the simulation shows to save something, and how much."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice import limits, work
from snakemake_logger_plugin_observe.analysis.advice.lever import Choice, Lever
from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.whatif.fidelity import reproduces
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.model_from_run import build_model
from snakemake_logger_plugin_observe.analysis.whatif.processors import simulate_here
from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    Argument,
    ScenarioError,
    parse_scenario,
)
from snakemake_logger_plugin_observe.analysis.whatif.scenario_effects import (
    apply_scenario,
    is_random,
)
from snakemake_logger_plugin_observe.analysis.whatif.transforms import requesting, without_phases
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import Command, command, option
from snakemake_logger_plugin_observe.run.model import Run

MOST_JOBS: Final = 10_000
"""The largest run that is simulated without being asked to: it takes a second or two."""
MOST_SHOWN: Final = 2
"""How many pieces an answer gives in text; ``cost``, ``path`` and ``triage`` give the same."""
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
_SUBMISSIONS: Final = 30_000  # simulated at most, over the draws of one lever


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to change, and by how much shorter the run would be."""

    lever: Lever
    saves: Micros


def saved(one: Advice) -> str:
    """Return what *one* saves, in seconds."""
    return f"{'at most ' if one.lever.at_most else ''}{one.saves / 1e6:.1f} s"


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
    return tuple(sorted(found, key=lambda one: -one.saves * _EASE.get(one.lever.kind, 1)))


def _choices(run: Run, account: Account, trials: "Trials", least: Micros) -> Iterator[Choice]:
    return chain(
        limits.limits(run, trials.model, least),
        limits.threads(run, trials.model),
        limits.rate(run, account, trials.model, least),
        work.scheduler(run, account, least),
        work.nested(run, account, least),
        work.fewer_jobs(run, account, least),
        work.grouping(account, least),
        work.submissions(run, account, least),
        work.waits(run, account, least),
        work.ended_jobs(run, account, trials.model, least),
        work.before_snakemake(run, account, least),
        work.files_and_planning(account, least),
        work.tools(run, account, least),
    )


def _best(trials: "Trials", choice: Choice) -> Advice | None:
    """Return the smallest change that saves about as much as the largest; None if none can be."""
    tried = [
        Advice(lever, saves)
        for lever in choice.levers
        if (saves := trials.saves(lever.move, lever.without, lever.requests)) is not None
    ]
    most = max((one.saves for one in tried), default=0)
    return next((one for one in tried if one.saves >= _ENOUGH * most), None)


def whatif(journal: Iterable[str], move: Iterable[Argument], purpose: str) -> Command:
    """Return the command that simulates a *move*, for the user to paste."""
    flags = (
        each
        for name, value in move
        for each in ((f"--{name}",) if value is None else option(f"--{name}", value))
    )
    return command("snakemake-observe", "whatif", *journal, *flags, purpose=purpose)


class Trials:
    """Simulations of one run, each with one change."""

    def __init__(self, run: Run, account: Account, model: Model | None = None) -> None:
        """Build the model of *run*, unless it is given."""
        self._run = run
        self.model = model if model is not None else build_model(run, account.segments)
        self._usual = simulate_here(self.model)[0].end

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
        """Return by how much shorter the run would be.

        None if this run has no such setting, or if the simulation is not like the run. Of a change
        with something random in it, the median of a few draws.
        """
        if not self.are_like_the_run:
            return None
        try:
            scenario = parse_scenario(move)
            model = without_phases(self.model, frozenset(without)) if without else self.model
            draws = 1
            if is_random(model, scenario):
                draws = max(1, min(_DRAWS, _SUBMISSIONS // max(1, self.model.count)))
            rng = random.Random(1)  # noqa: S311 - not for keys
            for rule, name, amount in requests:
                model = requesting(model, rule, name, amount)
            ends = sorted(
                simulate_here(apply_scenario(model, self._run, scenario, rng)[0])[0].end
                for _ in range(draws)
            )
        except ScenarioError:
            return None
        whole = self.model.end - self.model.start  # a tampered run may end too early
        return min(whole, self._usual - ends[draws // 2])
