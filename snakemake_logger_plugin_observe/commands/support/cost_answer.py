"""The answer of ``cost``: where the time of a run went, and first what failed.

What only few runs need is loaded for these: about failures, standstill, and the runs before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.advice.advice import MOST_JOBS, advise
from snakemake_logger_plugin_observe.analysis.cost.account import Account, account
from snakemake_logger_plugin_observe.analysis.cost.costliest import costliest
from snakemake_logger_plugin_observe.analysis.cost.node_clocks import node_clocks
from snakemake_logger_plugin_observe.analysis.cost.observed import observed
from snakemake_logger_plugin_observe.analysis.cost.polling import polling
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import reduced
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import request_mismatches
from snakemake_logger_plugin_observe.analysis.path.holds import holds
from snakemake_logger_plugin_observe.commands.support.folder_runs import before
from snakemake_logger_plugin_observe.journal.compressed import unpacked_size
from snakemake_logger_plugin_observe.journal.first_screen import SMALL
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer, Source
from snakemake_logger_plugin_observe.run.attempt import FAILED, Key
from snakemake_logger_plugin_observe.run.scheduler_ends import ended_before_it_was_given_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
    from snakemake_logger_plugin_observe.analysis.jobs.resource_use import ResourceUse
    from snakemake_logger_plugin_observe.analysis.path.utilisation import HeldBack
    from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
    from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
    from snakemake_logger_plugin_observe.analysis.whatif.model import Model
    from snakemake_logger_plugin_observe.run.model import Run

_MAY_STAND_STILL: Final = ("running", "interrupted", "killed")
_SMALL: Final = SMALL
"""Of a run with a larger journal, ``cost`` does not read those before it: it is to be quick."""


def needless(source: Source) -> tuple[Rerun, ...]:
    """Return what the runs before a small run show to be needless in it, the largest first."""
    started = source.run.started
    try:
        small = unpacked_size(source.path) <= _SMALL
    except OSError:
        return ()
    asked = any(one.changed_inputs is not None for one in source.run.attempts.values())
    if not small or started is None or not (asked or before(source.path, started)):
        return ()
    from snakemake_logger_plugin_observe.commands.support import needless_jobs

    return needless_jobs.found(source.path, asked=asked)


@dataclass(frozen=True, slots=True)
class AlreadyComputed:
    """What was computed of a run already, and need not be again; None if it was not."""

    accounts: Account | None = None
    model: Model | None = None
    """Its model for simulations."""
    held_back: Mapping[str, HeldBack] | None = None
    """For how long each limit held ready work back."""
    uses: Mapping[Key, ResourceUse] | None = None
    """What each attempt requested and used."""


def cost(
    source: Source,
    reruns: tuple[Rerun, ...] = (),
    known: AlreadyComputed | None = None,
    most_simulated: int = MOST_JOBS,
) -> CostAnswer:
    """Return where the time of a run went, and first what failed, if it failed.

    Args:
        source: the run.
        reruns: what the runs before show to be needless in it.
        known: what was computed of it already.
        most_simulated: of a run with more jobs, it is not simulated what to change.

    """
    run, failed = source.run, has_failed(source)
    known = known or AlreadyComputed()
    accounts = known.accounts or account(run)
    cut_short = source.length_unknown or source.stopped or source.status == "interrupted"
    hindered = _blocked(source)
    advised = bool(run.attempts) and not (cut_short or failed or reruns or hindered)
    return CostAnswer(
        source,
        accounts,
        observed(run),
        costliest(run) if not source.length_unknown else (),
        polling=polling(run),
        holds=holds(run, accounts.segments, known.held_back),
        advice=None
        if advised and len(run.jobs) > most_simulated
        else advise(run, accounts, known.model)
        if advised
        else (),
        reduced=tuple(reduced(run)),
        request_mismatches=tuple(request_mismatches(run, known.uses)),
        clocks=node_clocks(run),
        failures=_failures(run) if failed else (),
        reruns=reruns,
        blocked=hindered,
    )


def _blocked(source: Source) -> tuple[Incident, ...]:
    """Return why a run stands still, or would do so again."""
    if source.status not in _MAY_STAND_STILL:
        return ()
    from snakemake_logger_plugin_observe.analysis.triage.blocked import blocked

    return blocked(source.run, source.status, source.live, source.left_running)


def _failures(run: Run) -> tuple[Failure, ...]:
    from snakemake_logger_plugin_observe.analysis.failures.failures import failures

    return failures(run)


def has_failed(source: Source) -> bool:
    """Whether the run failed, or goes on after a job that failed and was not retried yet.

    Or it was interrupted, and a job had failed in the cluster that it still waited for.
    """
    if source.status == "failed":
        return True
    last = {attempt.key[0]: attempt for attempt in source.run.attempts.values()}
    ended = source.status in ("success", "nothing_to_do")
    return not ended and any(
        attempt.status in FAILED or ended_before_it_was_given_up(source.run, attempt)
        for attempt in last.values()
    )
