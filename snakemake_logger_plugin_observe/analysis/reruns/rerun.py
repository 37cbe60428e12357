"""A finding about jobs that ran again: what it is, how sure, and how to avoid it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from snakemake_logger_plugin_observe.analysis.why.roots import Root
from snakemake_logger_plugin_observe.clock import Micros

Kind = Literal[
    "drawn_anew",
    "reordered",
    "own_folder",
    "every_time",
    "same_bytes",
    "temp_again",
    "leftover",
    "edited_script",
]
"""The shapes: a param drawn anew in each run; the same items in another order; a folder as input
that the workflow writes into; the same reason and the same bytes in each run; the same bytes after
a change; a temporary file made again for another job; a file that a failed job left; a script
that is declared as an input."""


@dataclass(frozen=True, slots=True)
class Fix:
    """How to avoid a rerun, and what would show that its cause is another one."""

    text: str
    """An imperative."""
    why: str
    """A clause that can follow ``because``."""
    wrong_if: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """Jobs that ran again, or on something that they should not have read, and why."""

    kind: Kind
    claim: str
    """A sentence: which jobs ran again, and why."""
    jobs: tuple[int, ...]
    time: Micros
    """The time of these jobs."""
    rules: tuple[str, ...]
    """The rules where the cause is."""
    fix: Fix
    example: int
    """A job whose journal line shows it; one that did not run has a negative id, and no line."""
    root: Root | None = None
    """The root cause that it describes, if it describes one."""
    headline: str = ""
    """The root cause in one phrase: ``param x of sort is drawn anew``. Empty if the cause is what
    Snakemake's reason says."""
    detail: str = ""
    """The values that changed."""
    runs: int = 1
    """In how many runs in a row, this one included."""
    same_bytes: bool | None = None
    """Whether the jobs made the same bytes as before; None if not known of each."""
    certain: bool = True
    files: tuple[str, ...] = ()
    """The files that it is about."""
    ran_in_vain: bool = False
    """Whether finished jobs ran again only because of what came out as it was, or was removed."""


def rules_of(rules: Iterable[str | None]) -> tuple[str, ...]:
    """Return the rules, each once."""
    return tuple(dict.fromkeys(rule for rule in rules if rule))
