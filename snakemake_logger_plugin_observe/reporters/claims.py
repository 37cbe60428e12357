"""Claims of a triage as text, each with its citations."""

from collections.abc import Iterable
from typing import Any

from snakemake_logger_plugin_observe.analysis.triage.incident import Claim
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.words import harmless


def joined(claims: Iterable[Claim], separator: str = "; ") -> str:
    """Return claims as one text, with their commands."""
    parts = [part for claim in claims for part in (sentence(claim), *map(str, claim.commands))]
    return separator.join(filter(None, parts))


def sentence(claim: Claim) -> str:
    """Return one claim with its citations, safe to print on a terminal; without its commands."""
    return harmless(" ".join([claim.text, *citations(claim)]).strip())


def citations(claim: Claim) -> list[str]:
    """Return a claim's references in brackets, without repetition."""
    return list(dict.fromkeys(f"[{one.ref}]" for one in claim.evidence))


def shape_note(answer: TriageAnswer) -> dict[str, Any]:
    """Return the six fields of the note as plain texts."""
    note = answer.triage.note
    return {name.replace(" ", "_"): joined(claims) for name, claims in note.named_fields()}
