"""A piece of advice: a lever, and what it saves; and the command that simulates it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.lever import Lever
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import Command, command, option

MOST_SHOWN: Final = 2
"""How many pieces an answer gives in text; ``cost``, ``path`` and ``triage`` give the same."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to change, and by how much shorter the run would be."""

    lever: Lever
    saves: Micros
    """In most of several simulations, at least."""
    between: tuple[Micros, Micros] | None = None
    """From how much to how much, in most of several simulations; None if there was one."""


def saved(one: Advice) -> str:
    """Return what *one* saves, in seconds."""
    at_most = "at most " if one.lever.at_most else ""
    most = f" to {one.between[1] / 1e6:.1f}" if varies(one) and one.between else ""
    return f"{at_most}{one.saves / 1e6:.1f}{most} s"


def varies(one: Advice) -> bool:
    """Whether which status check sees an end decides how much *one* saves."""
    return one.between is not None and one.between[1] > one.between[0]


def whatif(journal: Iterable[str], move: Iterable[tuple[str, str | None]], purpose: str) -> Command:
    """Return the command that simulates a *move*, for the user to paste."""
    flags = (
        each
        for name, value in move
        for each in ((f"--{name}",) if value is None else option(f"--{name}", value))
    )
    return command("snakemake-observe", "whatif", *journal, *flags, purpose=purpose)
