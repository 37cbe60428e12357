"""Levers on files, and on how long it takes to read and plan the workflow."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.lever import Choice, Lever, single
from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.whatif.end_queue import end_queue
from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import FileSystem
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES, cost_class

_LEAST_PLANNING: Final = 2_000_000  # any workflow takes some tenths, on a busy machine a second
_NOTED: Final = 100_000
_SLOW_FILES: Final = 20_000  # with fast files, a job takes some ms of it, also on a busy machine
_HANDLING: Final = ("postprocess", "latency_wait")
_SLOW_OPERATION_S: Final = 0.002
_QUEUED: Final = 3
_SLOW_END: Final = 200_000  # what the main thread does for an ended job takes some ms


def files_and_planning(account: Account, least: Micros) -> Iterator[Choice]:
    """Yield faster files, and a Snakefile that is read and planned faster."""
    if account.makespan_by_class.get("staging", 0) >= least and _files_are_slow(account):
        yield single(
            Lever(
                "staging",
                "move files closer to where they are used",
                "the run waited for files",
                without=tuple(phase for phase in PHASES if cost_class(phase) == "staging"),
                at_most=True,
            )
        )
    phases = account.makespan_by_phase
    parse, plan, again = (phases.get(phase, 0) for phase in ("parse", "plan", "node_plan"))
    each = account.jobs_by_phase.get("node_plan", 0) // max(1, account.attempt_count)
    if max(parse, plan) < _LEAST_PLANNING <= each and again >= least:
        yield single(_faster_on_nodes(again))
    if parse + plan < phases.get("import", 0):  # a busy machine is slow at all of it
        return
    for took, lever in ((parse, _faster_to_read), (plan, _faster_to_plan)):
        if took >= _LEAST_PLANNING and took + again >= least:
            yield single(lever(took, again))


def _files_are_slow(account: Account) -> bool:
    """Whether a job waited long for its files; what Snakemake does for any job takes less."""
    waited = sum(
        spent
        for share in account.rules
        for phase, spent in share.by_phase.items()
        if cost_class(phase) == "staging"
    )
    attempts = sum(share.attempts for share in account.rules)
    deployed = account.makespan_by_phase.get("deploy", 0)
    return waited + deployed >= _SLOW_FILES * attempts


def _faster_to_read(parse: Micros, again: Micros) -> Lever:
    return Lever(
        "planning",
        "make faster what the Snakefile computes at its top level",
        f"globs, tables, calls: reading it took {parse / 1e6:.3g} s{_on_nodes(again)}, and no job "
        "begins before",
        without=("parse", "node_plan"),
        at_most=True,
    )


def _faster_to_plan(plan: Micros, again: Micros) -> Lever:
    return Lever(
        "planning",
        "make input functions faster, or constrain wildcards",
        f"building the DAG, which calls input functions and looks for rules, took "
        f"{plan / 1e6:.3g} s{_on_nodes(again)}",
        without=("plan", "node_plan"),
        at_most=True,
    )


def _faster_on_nodes(again: Micros) -> Lever:
    return Lever(
        "planning",
        "make the Snakefile faster to read and to plan",
        f"each job's own Snakemake does so once more, which took {again / 1e6:.3g} s of the run",
        without=("node_plan",),
        at_most=True,
    )


def _on_nodes(again: Micros) -> str:
    """Return the clause on what each job's own Snakemake took to read and plan once more."""
    return f", with {again / 1e6:.3g} s more of the jobs' own" if again >= _NOTED else ""


def ended_jobs(run: Run, account: Account, model: Model, least: Micros) -> Iterator[Choice]:
    """Yield faster files, if ended jobs queued for the main thread, which handled their files."""
    spent = sum(account.makespan_by_phase.get(phase, 0) for phase in _HANDLING)
    slowest_s = max((_slowest_s(one) for one in run.file_systems), default=0.0)
    if spent < least or slowest_s < _SLOW_OPERATION_S:
        return
    queue = end_queue(model)
    if queue.longest >= _QUEUED and queue.each >= _SLOW_END:
        yield single(
            Lever(
                "staging",
                "move the working directory to a faster file system, or let jobs have fewer files",
                f"up to {queue.longest} ended jobs queued for Snakemake's main thread, which took "
                f"{queue.each / 1e6:.2g} s for each; a file operation takes up to "
                f"{1000 * slowest_s:.0f} ms here",
                without=_HANDLING,
                at_most=True,
            )
        )


def _slowest_s(one: FileSystem) -> float:
    return max(one.create_s or 0, one.stat_s or 0, one.remove_s or 0)
