"""Signals that tools rarely send to themselves: the kernel, a scheduler or a user does."""

import signal
from collections.abc import Iterable, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import named

_SENT: Final = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT})


def was_sent(failed: Iterable[Failure]) -> bool:
    """Whether each of them ended by such a signal, and nothing shows who sent it."""
    return all(one.cause == "signal" and one.decisive.why.signal in _SENT for one in failed)


def find_sender(failed: Sequence[Failure]) -> str:
    """Return what to do about jobs that were ended by such a signal."""
    return f"find out what sent the signal: check {_records(failed)}"


def _records(failed: Sequence[Failure]) -> str:
    """Return the records that may show what sent a signal."""
    attempts = [row.attempt for one in failed for row in one.rows]
    nodes = named(tuple(dict.fromkeys(one.node for one in attempts if one.node)))
    ids = named(tuple(dict.fromkeys(one.external_jobid for one in attempts if one.external_jobid)))
    if not ids:
        return "the kernel's log (was the machine out of memory?)"
    kernel = f"the kernel's log{f' of {nodes}' if nodes else ''} (was the node out of memory?)"
    return f"{kernel}, and the cluster's records of {ids}"


def what_is_known(failed: Iterable[Failure]) -> str:
    """Return what is known of the sender of such a signal."""
    used, requested = 0, 0
    for one in failed:
        used = max(used, one.use.memory_bytes or 0)
        requested = max(requested, one.use.memory_requested_bytes or 0)
    known = "its memory use is unknown"
    if used:
        of_requested = f" of the {requested / 1e6:.0f} MB that it requested" if requested else ""
        known = f"it used at least {used / 1e6:.0f} MB{of_requested}"
    return f"the kernel (out of memory), a scheduler or a user sends such a signal; {known}"
