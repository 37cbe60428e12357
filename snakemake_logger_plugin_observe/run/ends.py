"""A run of which only the first and the last line of its journal were read."""

from typing import Any, Final, NoReturn

from snakemake_logger_plugin_observe.journal.events import RunFinished, RunStarted
from snakemake_logger_plugin_observe.run.model import Run


class NotReadError(LookupError):
    """Something was asked of a run that is not in its first or its last line."""


def run_of_ends(started: RunStarted, finished: RunFinished) -> Run:
    """Return the run; what is asked of its jobs or attempts raises a NotReadError."""
    run = Run(started=started, finished=finished, last_moment=finished.time, only_ends=True)
    for name in _IN_OTHER_LINES:
        setattr(run, name, _NotRead())
    return run


_IN_OTHER_LINES: Final = ("jobs", "kept", "attempts", "groups", "earlier_jobs", "last_numbers")


class _NotRead(dict[Any, Any]):
    """What is in lines that were not read: neither empty, nor anything else that is known."""

    def _refuse(self, *_: object) -> NoReturn:
        raise NotReadError("it is in lines that were not read")

    __getitem__ = __iter__ = __len__ = __contains__ = _refuse
    get = keys = values = items = _refuse
