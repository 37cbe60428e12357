"""Flags of the executor plugin that a run was given in vain, because it has another executor.

Snakemake parses the flags of all installed executors, and uses those of the one that runs the jobs.
"""

from typing import Any, Final

from snakemake_logger_plugin_observe.probe import ask
from snakemake_logger_plugin_observe.settings import on_or_off

_SWITCHES: Final = ("wake", "quick_exit", "announce", "accounting", "node_stamps")


def without_effect(args: Any, executor: str | None) -> str:
    """Return in one line which flags of the executor ``timed`` have no effect; empty if none.

    Args:
        args: Snakemake's parsed command line, with what its profiles give; None from Python.
        executor: what runs the jobs; None if that is not known.

    """
    if executor in ("timed", None):
        return ""
    given = ["wraps"] if _value(args, "wraps") else []
    given += [name for name in _SWITCHES if on_or_off(_value(args, name)) == "on"]
    flags = ", ".join(f"--timed-{name.replace('_', '-')}" for name in given)
    return f"{flags} had no effect: add --executor timed" if flags else ""


def _value(args: Any, name: str) -> str:
    """Return what was given; what was not has a marker in its place."""
    value = ask(lambda: getattr(args, f"timed_{name}"))
    return value if isinstance(value, str) else ""
