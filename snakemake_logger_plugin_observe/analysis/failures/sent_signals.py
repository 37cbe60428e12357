"""Signals that tools rarely send to themselves: the kernel, a scheduler or a user does."""

import signal
from collections.abc import Iterable, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import both, named

_SENT: Final = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT})


def was_sent(failed: Iterable[Failure]) -> bool:
    """Whether each of them ended by such a signal, and nothing shows who sent it."""
    return all(one.cause == "signal" and one.decisive.why.signal in _SENT for one in failed)


def find_sender(failed: Sequence[Failure]) -> str:
    """Return what to do about jobs that were ended by such a signal."""
    attempts = [row.attempt for one in failed for row in one.rows]
    nodes = named(tuple(dict.fromkeys(one.node for one in attempts if one.node)))
    ids = named(tuple(dict.fromkeys(one.external_jobid for one in attempts if one.external_jobid)))
    checks = [f"the cluster's records of {ids}"] if ids else []
    if _may_be_the_kernel(failed):
        whose = f" of {nodes}" if ids and nodes else ""
        machine = "node" if ids else "machine"
        checks.insert(0, f"the kernel's log{whose} (was the {machine} out of memory?)")
    else:
        checks.append("whether the command, or what it runs, sends it (kill), or a user did")
    return f"find out what sent the signal: check {', and '.join(checks)}"


def what_is_known(failed: Sequence[Failure]) -> str:
    """Return what is known of the sender of such a signal."""
    if not _may_be_the_kernel(failed):
        numbers = dict.fromkeys(one.decisive.why.signal for one in failed)
        names = both([signal.Signals(one).name for one in numbers if one is not None])
        return (
            f"a scheduler, a user or the command itself sends {names}; the kernel, when memory "
            "runs out, sends SIGKILL"
        )
    used, requested = 0, 0
    for one in failed:
        used = max(used, one.use.memory_bytes or 0)
        requested = max(requested, one.use.memory_requested_bytes or 0)
    known = "its memory use is unknown"
    if used:
        of_requested = f" of the {requested / 1e6:.0f} MB that it requested" if requested else ""
        known = f"it used at least {used / 1e6:.0f} MB{of_requested}"
    if any(one.decisive.why.no_memory_limit for one in failed):
        known += ", but jobs of this run succeeded with as much over their requests"
    return f"the kernel (out of memory), a scheduler or a user sends such a signal; {known}"


def refuted_if(failed: Iterable[Failure]) -> str:
    """Return what would show that nobody else sent it, as a clause."""
    if _may_be_the_kernel(failed):
        return "the tool's own script sends the signal"
    return "it ends so each time when it is run again: then its command sends the signal itself"


def _may_be_the_kernel(failed: Iterable[Failure]) -> bool:
    """Whether the kernel may have ended one of them for want of memory: only by SIGKILL."""
    return any(one.decisive.why.signal == signal.SIGKILL for one in failed)
