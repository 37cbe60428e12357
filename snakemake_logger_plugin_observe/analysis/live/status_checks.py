"""A run's status checks: which command, if any, reports its jobs' states, and how often."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.polling import (
    GROWS_TO_S,
    GROWTH_S,
    OWN_FLAG,
    argument,
)
from snakemake_logger_plugin_observe.analysis.live.state import (
    LiveState,
    LiveView,
    RunningCommand,
)
from snakemake_logger_plugin_observe.analysis.submission.settings import settings_of
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import words
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.slurm_states import CUT_SCRIPTS

_SLURM: Final = "slurm"
_SLURM_DEFAULT_S: Final = 40.0
_USUAL_S: Final = 10.0
_SLACK_S: Final = 15.0
"""A status check itself takes a moment, and the accounting's records come late."""
_ANSWERS_AT_ONCE: Final[Micros] = 30_000_000
"""A command that only asks for a state, and takes longer than this, hangs."""
_SUBMITS_AT_ONCE: Final[Micros] = 60_000_000
"""A submit command that takes longer than this does not just take its time."""
_ASK_SLURM: Final = frozenset({"sacct", "squeue"})


def longest_interval_s(run: Run, now: Micros) -> float:
    """Return the longest interval between status checks that there can have been up to *now*.

    Slurm's plugin waits longer each time it has found nothing.
    """
    started = run.started
    if started is None:
        return _USUAL_S
    if started.inner_executor != _SLURM:
        known = started.settings.get("seconds_between_status_checks")
        return float(known) if isinstance(known, int | float) and known > 0 else _USUAL_S
    interval = first = argument(run, OWN_FLAG[_SLURM]) or _SLURM_DEFAULT_S
    longest = GROWS_TO_S[_SLURM]
    passed = (now - (run.start or now)) / 1e6
    while interval < min(longest, passed):
        passed -= interval
        interval += GROWTH_S[_SLURM]
    return min(interval, max(longest, first))


def status_command(run: Run) -> str | None:
    """Return the command that Snakemake asks for a job's status, if the run has one."""
    return settings_of(run.started).status_command if run.started is not None else None


def reporter(run: Run) -> str:
    """Return what reports to Snakemake that a job failed: a command, or else the executor."""
    command = status_command(run)
    return f"the status command ({command})" if command is not None else "the executor"


def has_no_status_command(run: Run) -> bool:
    """Whether the run has a submit command, and none that asks for a job's status."""
    if run.started is None:
        return False
    settings = settings_of(run.started)
    return settings.submit_command is not None and settings.status_command is None


def overdue(run: Run, view: LiveView) -> tuple[LiveState, ...]:
    """Return what has ended for so long that a status check should have found it.

    Without a status command only a job whose script ran to its end is ever found; while a status
    command hangs, none is. While Snakemake submits others, it takes note of no end.
    """
    if not view.attended:  # no process is left that could notice it
        return ()
    most_s = longest_interval_s(run, view.now) + _SLACK_S
    if _has_arrays(run):  # the plugin reports a failed task at the second check that finds it
        most_s += longest_interval_s(run, view.now)
    hangs = hanging_check(run, view) is not None
    submits = any(one.state == "selected" for one in view.submissions)
    return tuple(
        one
        for one in view.submissions
        if one.state == "ended"
        and not one.has_no_id
        and (length := view.length(one)) is not None
        and (hangs or (length / 1e6 > most_s and not submits) or is_never_found(run, one))
    )


def is_never_found(run: Run, one: LiveState) -> bool:
    """Whether only a status command could find an end, and the run has none.

    The last command of a job's script leaves the file that cluster-generic waits for otherwise; a
    script that the cluster ended does not come to it.
    """
    if not has_no_status_command(run):
        return False
    attempt = run.attempts[one.key]
    if one.record is not None and one.record.state in CUT_SCRIPTS:
        return True
    return not (attempt.levels or attempt.node_starts)


def is_misread(run: Run, one: LiveState) -> bool:
    """Whether Slurm's plugin does not understand the state: ``CANCELLED by 0`` is none it knows."""
    cancelled = one.record is not None and one.record.state == "CANCELLED"
    return cancelled and run.inner_executor == _SLURM


def hanging_check(run: Run, view: LiveView) -> RunningCommand | None:
    """Return the command that Snakemake asked for a job's state, and that has not answered."""
    hang = (
        one
        for one in view.commands
        if view.now - one.since > _ANSWERS_AT_ONCE and _asks_for_a_state(run, one)
    )
    return min(hang, key=lambda one: one.since, default=None)


def hanging_submission(run: Run, view: LiveView) -> RunningCommand | None:
    """Return the submit command that Snakemake waits for, if it has not answered for long."""
    own = words(settings_of(run.started).submit_command or "") if run.started is not None else []
    programs = {"sbatch", *(word.rpartition("/")[2] for word in own[:1])}
    hang = (
        one
        for one in view.commands
        if view.now - one.since > _SUBMITS_AT_ONCE and programs & {*_programs(one)}
    )
    return min(hang, key=lambda one: one.since, default=None)


def _programs(one: RunningCommand) -> Iterator[str]:
    """Yield the names of the words of a command: a shell has all of its own in one word."""
    for part in one.words:
        yield from (word.rpartition("/")[2] for word in words(part))


def _asks_for_a_state(run: Run, one: RunningCommand) -> bool:
    own = words(status_command(run) or "")
    said = {word for part in one.words for word in words(part)}  # a shell has it in one word
    if own:
        return set(own) <= said
    return bool(_ASK_SLURM & {*_programs(one)})


def _has_arrays(run: Run) -> bool:
    return run.started is not None and bool(settings_of(run.started).array_rules)
