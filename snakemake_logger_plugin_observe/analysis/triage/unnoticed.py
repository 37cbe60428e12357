"""Why Snakemake does not notice that a job has ended, and what to do about it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.live import status_checks
from snakemake_logger_plugin_observe.analysis.live.log_folders import folders_of, without_a_log
from snakemake_logger_plugin_observe.analysis.live.reasons import recorded_obstacle
from snakemake_logger_plugin_observe.analysis.live.state import (
    LiveState,
    LiveView,
    RunningCommand,
    lasting,
)
from snakemake_logger_plugin_observe.analysis.live.summary import how_to_stop
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.pasting import Command, command, path, words

_FOLDERS: Final = 3


class WhyUnnoticed(NamedTuple):
    """Why the end of some jobs was not noticed, and what to do about it."""

    how: str
    """How they ended, to follow what they do; empty if there is no more to say."""
    cause: str
    """A clause."""
    to_do: str
    """An imperative."""
    why: str
    """A clause that can follow ``because``."""
    commands: tuple[Command, ...]


def why_unnoticed(case: Case, view: LiveView, states: Sequence[LiveState]) -> WhyUnnoticed:
    """Return why Snakemake did not notice the end of jobs of one rule or group."""
    # Slurm ended them at once, because it could not open their log files.
    at_once = set(states) <= set(without_a_log(case.run, view))
    hanging = status_checks.hanging_check(case.run, view)
    cause, to_do, why = _cause(case, view, states[0], hanging, at_once=at_once)
    if not at_once:
        return WhyUnnoticed("", cause, to_do, why, ())
    return WhyUnnoticed(_at_once(case, states), cause, to_do, why, _makes(case, states))


def _cause(
    case: Case,
    view: LiveView,
    one: LiveState,
    hanging: RunningCommand | None,
    *,
    at_once: bool,
) -> tuple[str, str, str]:
    """Return why Snakemake did not notice an end, what to do, and why that helps."""
    stop = f"{how_to_stop(view)}, "
    again = "run the same command again with --rerun-incomplete"
    if hanging is not None:
        asks, hangs = _question(case, view, hanging), lasting(view.now - hanging.since)
        to_do = f"find out what {asks} waits for (process {hanging.pid} on this host), and end it; "
        to_do += f"if it hangs again, {stop}correct it, then {again}"
        why = "while a status command hangs, no end is noticed"
        return f"{asks} has not answered for {hangs}, and Snakemake waits for it", to_do, why
    if status_checks.is_never_found(case.run, one):
        fix = "make the folder of the submit command's -o, " if at_once else ""
        return (
            "the run has no status command, so it only notices jobs whose script ran to its end",
            f"{stop}{fix}add --cluster-generic-status-cmd, then {again}",
            "without a status command Snakemake waits for ever for a job that the cluster ended",
        )
    if status_checks.is_misread(case.run, one):
        return (
            "Snakemake's Slurm plugin may not take this state for an end, and go on waiting",
            f"{stop}{_before_the_next(one)}then {again}",
            "the job is over, and its outputs are not made",
        )
    own = status_checks.status_command(case.run)
    asks = f"the status command ({own})" if own is not None else "the executor's status checks"
    prints = f"what {own} {one.external_jobid} prints" if own is not None else "what sacct says"
    return (
        f"{asks} {'has' if own is not None else 'have'} not reported it, or not answered",
        f"see {prints} for it; then {stop}correct that, and {again}",
        "the job is over, and Snakemake goes on waiting",
    )


def _at_once(case: Case, states: Sequence[LiveState]) -> str:
    """Return that jobs ended before their scripts ran, and which folder they miss."""
    folders = folders_of(case.run, states)
    absent = [one for one in folders if one in case.files_absent]
    missing = f"; it writes into {named(folders)}, which has to be there before" if folders else ""
    if absent:
        missing = f"; {named(absent)} {'is' if len(absent) == 1 else 'are'} not there"
    return (
        ", in the second in which it began and before its script ran: Slurm could not open its log "
        f"file{missing}"
    )


def _makes(case: Case, states: Sequence[LiveState]) -> tuple[Command, ...]:
    """Return the commands that make the folders that jobs miss."""
    known = [one for one in folders_of(case.run, states) if not set("%{}") & set(one)]
    return tuple(command("mkdir", "-p", path(one), purpose="makes it") for one in known[:_FOLDERS])


def _before_the_next(one: LiveState) -> str:
    """Return what to change about a job that was cancelled while it could not start."""
    record = one.record
    never = record is not None and record.started is None
    known = recorded_obstacle(record.reason) if record is not None and never else None
    return f"{known.to_do}, " if known is not None and known.comes_again else ""


def _question(case: Case, view: LiveView, hanging: RunningCommand) -> str:
    """Return the command that asks for a job's state: the user's own, with the job's id."""
    own = status_checks.status_command(case.run)
    if own is None:
        return "its question to Slurm (squeue or sacct)"
    said = {word for part in hanging.words for word in words(part)}
    ids = [one.external_jobid for one in view.submissions if one.external_jobid in said]
    return f"the status command ({' '.join([own, *filter(None, ids[:1])])})"
