"""What limits the answer of ``cost``: what is wrong with the journal, or was not observed."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.account import PHASE_MATTERS, Account
from snakemake_logger_plugin_observe.analysis.cost.observed import LIMITING
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import FileSystem
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text import clocks
from snakemake_logger_plugin_observe.reporters.words import clock_time, duration, duration_s
from snakemake_logger_plugin_observe.run.unobserved import in_the_end

_SLOW_OPERATION_S: Final = 0.01
_SLOW_IN_SUM_S: Final = 0.002
_WITH_FILES: Final = ("stage_in", "stage_out", "latency_wait", "postprocess", "select", "plan")
_MUCH: Final = 0.3


def limits(answer: CostAnswer) -> list[str]:
    """Return what limits the answer: what is wrong with the journal, or was not observed."""
    makespan = answer.account.makespan
    found = [*answer.source.problems, *_unobserved(answer)]
    found += clocks.lines(answer.clocks, makespan)
    if is_unsure(answer):
        found.append(_unsure(*answer.observed.unsure))
    return found


def is_unsure(answer: CostAnswer) -> bool:
    """Whether much of the wait for status checks may be the cluster's own work."""
    jobs, waited = answer.observed.unsure
    return bool(jobs) and waited >= PHASE_MATTERS * answer.account.makespan


def _unsure(jobs: int, waited: Micros) -> str:
    """Return that the wait for status checks may be shorter than it is shown."""
    return (
        f"{plural(jobs, 'job')} had no process left when a status check still found "
        f"{'it' if jobs == 1 else 'them'} running: of {duration(waited)} in poll_wait after it, "
        "part may be the cluster's own work (an epilogue)"
    )


def _unobserved(answer: CostAnswer) -> list[str]:
    """Return what could not be observed, each reason with its number of attempts."""
    goes_on = answer.source.status == "running"
    found = [
        f"{plural(count, 'attempt')}: {reason if goes_on else in_the_end(reason)}"
        for reason, count in answer.observed.unobserved.items()
    ]
    run = answer.source.run
    found += _suspended(*answer.observed.suspended)
    found += [message.text for message in run.messages if message.kind in LIMITING]
    found += [
        f"the main process did not run for {duration(pause.end - pause.time)} from "
        f"{clock_time(pause.time)}: "
        + ("the machine was suspended" if pause.suspended_s else "it was stopped (Ctrl-Z, SIGSTOP)")
        for pause in run.pauses
    ]
    found += list(_slow_file_system(run.file_systems, answer.account))
    found += [f"the journal has a gap: {reason}" for reason in dict.fromkeys(run.gaps)]
    return found


def _suspended(jobs: int, suspended_s: float) -> Iterator[str]:
    """Yield how long Slurm had suspended jobs: no phase of theirs shows it."""
    if jobs:
        yield (
            f"{plural(jobs, 'job')} stood still on the node for {duration_s(suspended_s)} in all, "
            "suspended by Slurm: these are in its other phases, mostly in compute"
        )


def _slow_file_system(measured: Sequence[FileSystem], account: Account) -> Iterator[str]:
    """Yield which operations were slow in the working directory; planning depends on them.

    Some milliseconds are slow where the run's many operations on files took much of its time.
    """
    spent = sum(account.makespan_by_phase.get(phase, 0) for phase in _WITH_FILES)
    least = _SLOW_IN_SUM_S if spent >= _MUCH * account.makespan else _SLOW_OPERATION_S
    for one in measured:
        operations = {"create": one.create_s, "stat": one.stat_s, "remove": one.remove_s}
        slow = [
            f"{duration_s(took)} to {name}"
            for name, took in operations.items()
            if took is not None and took >= least
        ]
        if slow:
            took = f"a file in {one.path} took {', '.join(slow)}"
            yield f"slow file system at run {one.when}: {took}"
