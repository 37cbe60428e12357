"""The commands of cluster schedulers that show and cancel jobs by their ids."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.pasting import Command, command


@dataclass(frozen=True, slots=True)
class Scheduler:
    """A scheduler's two commands, and how its job ids look."""

    show: tuple[str, ...]
    cancel: tuple[str, ...]
    job_id: re.Pattern[str]
    separator: str | None = None
    """What stands between ids in ``show`` if they are one argument."""


_PBS: Final = Scheduler(
    ("qstat",),
    ("qdel",),
    re.compile(r"[0-9]{1,15}(\[[0-9]{0,9}\])?(\.[A-Za-z0-9][A-Za-z0-9.-]{0,99})?"),
)
SCHEDULERS: Final = {
    "slurm": Scheduler(
        ("squeue", "-j"), ("scancel",), re.compile(r"[0-9]{1,15}([_+][0-9]{1,9})?"), ","
    ),
    "lsf": Scheduler(("bjobs",), ("bkill",), re.compile(r"[0-9]{1,15}(\[[0-9]{1,9}\])?")),
    "sge": Scheduler(("qstat", "-j"), ("qdel",), re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?"), ","),
    "pbs": _PBS,
    "htcondor": Scheduler(("condor_q",), ("condor_rm",), re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")),
}
"""By the executor's name. Ids of others are named in the text, without a command."""


def commands(scheduler: str, ids: Sequence[str]) -> tuple[Command, ...]:
    """Return the commands that show and cancel the jobs with *ids*.

    An id is what a journal says. What does not look like an id of the scheduler, such as a flag or
    a pattern that stands for every job of a user, is in no command.
    """
    known = SCHEDULERS.get(scheduler)
    if known is None:
        return ()
    good = [one for one in ids if known.job_id.fullmatch(one)]
    if not good:
        return ()
    shown = good if known.separator is None else [known.separator.join(good)]
    return (
        command(*known.show, *shown, purpose="are they still there?"),
        command(*known.cancel, *good, purpose="cancels them"),
    )
