"""An incident, as a detector claims it: what, where, how sure, and what would refute it."""

from dataclasses import dataclass
from typing import Literal

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.whatif.scenario import Argument
from snakemake_logger_plugin_observe.clock import Micros

Boundary = Literal[
    "workflow semantics", "operating context", "storage and visibility", "tool behavior"
]
Strength = Literal["certain", "likely", "possible"]


@dataclass(frozen=True, slots=True)
class Action:
    """What to do next: a repair of those that honest tuning allows, or whom to turn to."""

    text: str
    why: str
    escalate: bool = False
    move: tuple[Argument, ...] = ()
    """The same as a what-if's words, where one can say what it would bring."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One explanation of what went wrong."""

    id: str
    incident_class: str
    """One of the model's classes, or of its further shapes."""
    where: Boundary
    claim: str
    strength: Strength
    explains: Micros
    """The part of the makespan, or of what failures lost, that it explains."""
    failures: int
    """How many failed jobs it explains, or jobs that the run's end cut off."""
    evidence: tuple[Citation, ...]
    """Never empty: a claim without a citation is none."""
    wrong_if: str
    action: Action
    check: str | None = None
    """The line of a check file that would catch it next time."""
    rules: tuple[str, ...] = ()
    """The rules that it touches."""
    cut_off: bool = False
    """Whether its jobs did not fail, but were in flight when the run ended."""
    jobs: tuple[int, ...] = ()
    """The jobs that it touches, where these are not all of its rules (or those that failed)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said; one without evidence claims nothing: a command, or that something is unknown.

    A text has no line breaks, and names jobs, rules and files as the journal does.
    """

    text: str
    evidence: tuple[Citation, ...] = ()
