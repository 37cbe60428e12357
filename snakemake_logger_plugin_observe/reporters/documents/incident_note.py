"""The incident note as text, Markdown or JSON, for a user to edit."""

import textwrap
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.incident import Claim
from snakemake_logger_plugin_observe.pasting import Command
from snakemake_logger_plugin_observe.reporters import json_document
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.claims import (
    citations,
    sentence,
    shape_note,
)
from snakemake_logger_plugin_observe.reporters.command_lines import marked
from snakemake_logger_plugin_observe.reporters.documents.markdown import code, plain

# 1: first version.
NOTE_VERSION: Final = 1
_WIDTH: Final = 100


def render_note(answer: TriageAnswer, suffix: str) -> str:
    """Return the note in the format of a file's *suffix*: ``.md``, ``.json``, or else text."""
    if suffix == ".json":
        return json_document.dumps({"schema_version": NOTE_VERSION, **shape_note(answer)})
    if suffix == ".md":
        return _markdown(answer)
    return _text(answer)


def _text(answer: TriageAnswer) -> str:
    indent = max(len(name) for name, _ in answer.triage.note.named_fields()) + 2
    lines: list[str] = []
    for name, claims in answer.triage.note.named_fields():
        texts = [line for claim in claims for line in _wrapped(claim, _WIDTH - indent)]
        heads = [name, *[""] * len(texts)]
        lines += [f"{head:<{indent}}{text}" for head, text in zip(heads, texts, strict=False)]
    return "\n".join(lines) + "\n"


def _wrapped(claim: Claim, width: int) -> list[str]:
    """Return a claim's text in lines of a *width*, then its commands in a line each."""
    lines = textwrap.wrap(sentence(claim), width, break_long_words=False, break_on_hyphens=False)
    told = map(marked, lines)
    return [*told, *(one.commented if claim.text else str(one) for one in claim.commands)]


def _markdown(answer: TriageAnswer) -> str:
    run = answer.source.run
    run_id = run.started.run_id if run.started is not None else "unknown"
    lines = [f"# Incident in run {plain(run_id)}", ""]
    for name, claims in answer.triage.note.named_fields():
        if len(claims) == 1:
            lines += _item(f"- **{name}**: {_marked(claims[0])}", claims[0])
            continue
        lines.append(f"- **{name}**:")
        for claim in claims:
            lines += [f"  {line}" for line in _item(f"- {_marked(claim)}", claim)]
    if answer.missing:
        lines += ["", "Missing evidence:", ""]
        lines += [f"- {plain(text)}" for text in answer.missing]
    return "\n".join(lines) + "\n"


def _marked(claim: Claim) -> str:
    told = [plain(claim.text)] if claim.text else []
    told += map(_command, () if _below(claim) else claim.commands)
    return " ".join([*told, *map(code, citations(claim))])


def _item(line: str, claim: Claim) -> list[str]:
    """Return an item of a list with the claim's commands below it, each with its purpose."""
    below = claim.commands if _below(claim) else ()
    return [line, *(f"  - {_command(one)} ({plain(one.purpose)})" for one in below)]


def _below(claim: Claim) -> bool:
    """Return whether a claim's commands are items of their own: it says something else."""
    return bool(claim.text) and all(one.purpose for one in claim.commands)


def _command(one: Command) -> str:
    return plain(str(one)) if one.line is None else code(one.line)
