"""A claim: one sentence, and where it can be looked up."""

from collections.abc import Iterable
from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.citations import Citation


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said; one without evidence claims nothing: a command, or that something is unknown.

    A text has no line breaks, and names jobs, rules and files as the journal does.
    """

    text: str
    evidence: tuple[Citation, ...] = ()


def cited(claims: Iterable[Claim]) -> tuple[Citation, ...]:
    """Return the evidence of all *claims*, each place once."""
    return tuple({(e.kind, e.ref): e for claim in claims for e in claim.evidence}.values())
