"""An incident: what went wrong and where, how sure that is, its evidence, and what to do."""

from dataclasses import dataclass
from typing import Literal

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Argument
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.pasting import Command

Boundary = Literal[
    "workflow semantics", "operating context", "storage and visibility", "tool behavior"
]
Strength = Literal["certain", "likely", "possible"]


@dataclass(frozen=True, slots=True)
class Action:
    """What to do next: a fix that keeps the results the same, or whom to ask."""

    text: str
    """An imperative that can follow ``then, for tiny_jobs:``."""
    why: str
    """A clause that can follow ``because``."""
    escalate: bool = False
    """Whether somebody else has to act or decide."""
    move: tuple[Argument, ...] = ()
    """The same change as arguments of ``whatif``, if a simulation can predict its gain."""
    without: tuple[str, ...] = ()
    """The phases that it makes shorter, where no setting does: it saves at most all of them."""
    commands: tuple[Command, ...] = ()
    """The commands that it needs, to paste in this order; never a part of the text."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One explanation of what went wrong."""

    id: str
    incident_class: str
    """The id of its class: the detector's ``CLASS``."""
    where: Boundary
    claim: str
    strength: Strength
    explains: Micros
    """How much of the makespan, or of the time lost by failures, it explains."""
    failures: int
    """How many failed jobs it explains, or jobs that the end of the run cut off."""
    evidence: tuple[Citation, ...]
    """Never empty."""
    wrong_if: str
    """A clause that can follow ``would be wrong if:``."""
    action: Action
    check: str | None = None
    """A limit for a check file that this run breaks, so that the check catches it next time."""
    rules: tuple[str, ...] = ()
    """The rules that it affects."""
    cut_off: bool = False
    """Whether its jobs did not fail, but were in flight when the run ended."""
    jobs: tuple[int, ...] = ()
    """The jobs that it affects, if not all jobs of its rules, or all that failed."""
    about: str = ""
    """What it is about, if its rules do not tell it from another incident."""
    ways: int = 1
    """In how many ways its jobs failed: more than one where rare ways share an incident."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence and its citations, which are empty only for a command or "unknown".

    The text has no line breaks, and names jobs, rules and files as the journal does. It contains no
    command: a text is wrapped, cut and escaped, and a command must not be.
    """

    text: str
    evidence: tuple[Citation, ...] = ()
    commands: tuple[Command, ...] = ()
    """Commands to paste; with an empty text they are the claim."""
