"""How to run again: the command of a run, to paste once more, and when."""

import re
from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.masking import MASK
from snakemake_logger_plugin_observe.pasting import Command, command
from snakemake_logger_plugin_observe.run.model import Run

_SNAKEMAKE: Final = ("snakemake", "__main__.py")
_MOST_OUTPUTS: Final = 3
_FORCED: Final = ("-R", "--forcerun", "--force-run")

_THEN: Final = re.compile(r"[,;] then run again\b")


def once_this_run_has_ended(to_do: str) -> str:
    """Return what to do while a run goes on: it holds the lock of its directory."""
    return _THEN.sub("; once this run has ended, run again", to_do)


def again_with(run: Run, flag: str, value: str) -> tuple[Command, ...]:
    """Return the command of *run* with one more *flag*.

    Empty if it has that flag, or if it is not known: the run was started from Python, or a part of
    it is masked.
    """
    arguments = _arguments(run)
    has_it = any(one.partition("=")[0] == flag or one == "--" for one in arguments)
    if not arguments or has_it:
        return ()
    return (command("snakemake", *arguments, flag, value, purpose=f"runs again, with {flag}"),)


def _arguments(run: Run) -> tuple[str, ...]:
    """Return the arguments of *run*'s command; empty if they are not known as they were."""
    recorded = run.started.command if run.started is not None else ()
    if not recorded or recorded[0].rpartition("/")[2] not in _SNAKEMAKE:
        return ()
    return () if any(MASK in one for one in recorded[1:]) else recorded[1:]


def make_again(run: Run, jobs: Sequence[JobDescribed]) -> tuple[Command, ...]:
    """Return the command of *run*, so that it makes the outputs of *jobs* again.

    Many jobs are named by their rules. Empty without such a job, or if the command is not known:
    the run was started from Python, or a part of it is masked.
    """
    with_outputs = [job for job in jobs if job.output]
    outputs = [job.output[0] for job in with_outputs]
    if len(outputs) > _MOST_OUTPUTS:
        outputs = list(dict.fromkeys(job.rule for job in with_outputs))
    recorded = run.started.command if run.started is not None else ()
    if not outputs or not recorded or recorded[0].rpartition("/")[2] not in _SNAKEMAKE:
        return ()
    # The flag takes all that follows, and a second one would replace it.
    arguments = (*recorded[1:], "--forcerun", *map(run.relative, outputs))
    taken = any(one.partition("=")[0] in _FORCED or one == "--" for one in recorded[1:])
    flags = any(one.startswith("-") for one in outputs)
    if taken or flags or any(MASK in one for one in arguments):
        return ()
    return (command("snakemake", *arguments, purpose="makes them again"),)
