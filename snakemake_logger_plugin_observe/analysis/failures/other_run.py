"""What another run of the directory has to do with an error: its lock, its incomplete files."""

from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.error_meanings import Explanation
from snakemake_logger_plugin_observe.analysis.failures.same_command import same_command
from snakemake_logger_plugin_observe.pasting import Command, command
from snakemake_logger_plugin_observe.run.model import Run

_LOCK: Final = "locked"
_INCOMPLETE: Final = "incomplete_files"
LEFT_BY_ANOTHER: Final = frozenset({_LOCK, _INCOMPLETE})
"""The kinds of errors that are about what another run does, or left."""
_UNLOCK: Final = command("snakemake", "--unlock", purpose="removes the lock")
_AFTER_A_KILL: Final = (
    "see that no tool of that run still runs (ps -ef), run snakemake --unlock, then run the same "
    "command again with --rerun-incomplete"
)
_NOT_WRITING: Final = (
    "see that no tool of that run still runs (ps -ef), then run the same command again with "
    "--rerun-incomplete (after snakemake --unlock, if it is reported that the directory is locked)"
)


@dataclass(frozen=True, slots=True)
class OtherRun:
    """Another run of the same directory that may hold its lock, or write what is incomplete."""

    status: str
    """What became of it: ``running``, ``killed``, ...; ``seen``: only its process is known."""
    name: str
    """Its name, with its journal."""


def with_other_run(found: Explanation, other: OtherRun, run: Run) -> Explanation:
    """Return what an error of *run*, of a kind in ``LEFT_BY_ANOTHER``, means in view of *other*."""
    about = _about_lock if found.kind == _LOCK else _about_incomplete
    return about(found, other, run)


def _about_lock(found: Explanation, other: OtherRun, run: Run) -> Explanation:
    """Return what to do about the lock that a known run held."""
    if other.status == "running":
        return replace(
            found,
            cause=f"the working directory is locked by {other.name}, which still runs",
            to_do="wait until that run has ended, then run again; do not unlock the directory",
            why="two runs that write the same files destroy each other's outputs",
            wrong_if="the process of that run is not alive",
        )
    if other.status == "seen":
        return replace(
            found,
            cause=f"the working directory is locked, and {other.name} of Snakemake runs in it",
            to_do="wait until that process has ended, then run again; do not unlock the directory",
            why="two runs that write the same files destroy each other's outputs",
            wrong_if="that process does not belong to a run of this directory",
        )
    if other.status == "killed":
        return replace(
            found,
            cause=f"the working directory is still locked by {other.name}, which was killed",
            to_do=_AFTER_A_KILL,
            why="a run that is killed leaves its lock behind, and its tools may go on",
            wrong_if="a process of that run is alive",
            commands=(_UNLOCK, *_with_incomplete(run)),
        )
    if other.status == "unknown":
        return replace(
            found,
            cause=f"the working directory is locked, most likely by {other.name}",
            to_do="see whether that run still goes on where it was started: if so, wait until it "
            "has ended; only if it does not, run snakemake --unlock, then run again",
            why="its journal has no end, and its process cannot be seen from here",
        )
    return replace(
        found,
        cause=f"the working directory was locked by {other.name}, which has ended since",
        to_do="run again",
        why="a run gives its lock back when it ends",
        wrong_if="the same command finds the directory locked again",
    )


def _with_incomplete(run: Run) -> tuple[Command, ...]:
    """Return the run's command that makes incomplete files again, if that is known."""
    purpose = "goes on, and makes again what is incomplete"
    again = same_command(run, "--rerun-incomplete", purpose=purpose)
    return (again,) if again is not None else ()


def _about_incomplete(found: Explanation, other: OtherRun, run: Run) -> Explanation:
    """Return what to do about incomplete files, if a known run may be writing them, or was killed.

    Snakemake looks for incomplete files before it looks for a lock: those of a run that goes on are
    incomplete, too.
    """
    what = found.cause.partition(":")[0]
    if other.status in ("running", "seen"):
        return replace(
            found,
            cause=f"{what}: {other.name} still runs, and may be writing it",
            to_do="wait until it has ended, then run again; do not unlock the directory",
            why="two runs that write the same files destroy each other's outputs",
            wrong_if=f"{other.name} is not alive, or belongs to another directory",
        )
    if other.status == "killed":
        return replace(
            found,
            cause=f"{what}: {other.name} was killed, and may have been writing it",
            to_do=_NOT_WRITING,
            why="a run that is killed leaves incomplete files and its lock behind, and its tools "
            "may go on",
            wrong_if="a process of that run is alive",
            commands=_with_incomplete(run),
        )
    return found
