"""A finding about jobs that ran again: what it is, how sure, and how to avoid it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.why.roots import Root
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import Command

Kind = Literal[
    "drawn_anew",
    "reordered",
    "own_folder",
    "every_time",
    "same_bytes",
    "temp_again",
    "leftover",
    "edited_script",
    "changed_input",
]
"""The shapes: a param drawn anew in each run; the same items in another order; a folder as input
that the workflow writes into; the same reason and the same bytes in each run; the same bytes after
a change; a temporary file made again for another job; a file that a failed job left; a script
that is declared as an input; an input that was changed while a job that reads it ran."""

EVERY_TIME: Final[frozenset[Kind]] = frozenset(
    {"drawn_anew", "reordered", "own_folder", "every_time"}
)
"""Root causes that are no change of the workflow: they come again in each run."""
FEWEST_RUNS: Final = 3
"""A reason that comes again is one of three runs in a row: of two it may have been intended."""
_NEEDLESS: Final = EVERY_TIME | {"leftover", "changed_input"}
_MAY_BE: Final[frozenset[Kind]] = frozenset({"same_bytes", "temp_again"})


@dataclass(frozen=True, slots=True)
class Fix:
    """How to avoid a rerun, and what would show that its cause is another one."""

    text: str
    """An imperative."""
    why: str
    """A clause that can follow ``because``."""
    wrong_if: str

    def filled(self, **names: str) -> "Fix":
        """Return it with the files, rules and the like that its text has in braces."""
        return Fix(
            self.text.format(**names), self.why.format(**names), self.wrong_if.format(**names)
        )


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
    commands: tuple[Command, ...] = ()
    """The commands of its fix."""
    other_bytes: bool = False
    """Whether an input that was changed is known to have other contents."""
    ran_in_vain: bool = False
    """Whether finished jobs ran again only because of what came out as it was, or was removed."""

    @property
    def needless(self) -> bool:
        """Whether jobs ran that need not have run, or there is what need not have been left."""
        if self.kind == "changed_input" and not self.other_bytes:
            return False
        return self.kind in _NEEDLESS or (self.kind in _MAY_BE and self.ran_in_vain)

    def in_short(self, jobs: int) -> str:
        """Return the claim with its size: how many of the run's *jobs* ran again, and for how long.

        Claims that say so themselves are returned as they are.
        """
        if self.kind not in EVERY_TIME:
            return self.claim
        facts = [f"{len(self.jobs):,} of {plural(jobs, 'job')} ran again"]
        if self.kind == "own_folder" and self.runs > 1:
            facts.append(f"in each of the last {self.runs} runs")
        if self.same_bytes:
            facts.append("the same bytes")
        facts.append(f"{self.time / 1e6:.1f} s")
        return f"{', '.join(facts)}: {self.claim}"


def rules_of(rules: Iterable[str | None]) -> tuple[str, ...]:
    """Return the rules, each once."""
    return tuple(dict.fromkeys(rule for rule in rules if rule))
