"""Claims as text, each with its citations."""

from collections.abc import Iterable
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.triage.incident import Claim
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.words import harmless

_COMMANDS: Final = ("snakemake-observe ", "snakemake ", "L1: ")


def said(claims: Iterable[Claim], between: str = "; ") -> str:
    """Return claims as one text, each with where it can be looked up."""
    return between.join(sentence(claim) for claim in claims)


def sentence(claim: Claim) -> str:
    """Return one claim with its citations, harmless to a terminal."""
    return harmless(" ".join([claim.text, *citations(claim)]))


def citations(claim: Claim) -> list[str]:
    """Return where a claim can be looked up, each place once, in brackets."""
    return list(dict.fromkeys(f"[{one.ref}]" for one in claim.evidence))


def is_command(claim: Claim) -> bool:
    """Return whether a claim is no claim but a command to be typed."""
    return not claim.evidence and claim.text.startswith(_COMMANDS)


def shape_note(answer: TriageAnswer) -> dict[str, Any]:
    """Return the six fields as plain texts, each claim with its citations."""
    note = answer.triage.note
    return {name.replace(" ", "_"): said(claims, "; ") for name, claims in note.named_fields()}
