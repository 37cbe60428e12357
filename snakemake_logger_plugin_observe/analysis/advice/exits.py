"""Levers on how processes end: without a wait for a timer of Snakemake's scheduler."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.lever import Choice, Lever
from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.cost.exit_waits import (
    QUICK_EXIT,
    exits_quickly,
    usual_exit_wait,
)
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.model import Run

_WORTH_A_FLAG: Final = 2_000_000  # with the default rate, the main process waits a second at most


def exits(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield processes that end without waiting for a timer, if they did, or the run may have."""
    phases, wait = account.makespan_by_phase, usual_exit_wait(run)
    ends = phases.get("shutdown", 0) + (phases.get("node_exit", 0) if wait else 0)
    if exits_quickly(run) or ends < max(least, 0 if wait else _WORTH_A_FLAG):
        return
    yield Choice(
        (
            Lever(
                "quick_exit",
                f"add {QUICK_EXIT}",
                waits_at_exit(wait) if wait else "Snakemake waited for a timer at its end",
                (("quick-exit", None),),
            ),
        )
    )


def with_quick_exit(lever: Lever, run: Run) -> Lever | None:
    """Return *lever* together with the one on exits, if that could add to it."""
    wait = usual_exit_wait(run)
    if lever.kind != "wake" or not wait:
        return None
    return replace(
        lever,
        text=f"{lever.text} and {QUICK_EXIT}",
        why=f"{lever.why}; {waits_at_exit(wait)}",
        move=(*lever.move, ("quick-exit", None)),
    )


def waits_at_exit(wait: Micros) -> str:
    """Return the clause that says for how long a job's processes wait at their ends."""
    return f"at its end, each job waits {wait / 1e6:.1f} s for a timer of Snakemake's scheduler"
