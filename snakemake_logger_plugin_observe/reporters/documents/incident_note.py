"""The incident note as text, Markdown or JSON, for a user to edit."""

import json
import re
import textwrap
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage.incident import Claim
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.claims import (
    citations,
    is_command,
    sentence,
    shape_note,
)
from snakemake_logger_plugin_observe.reporters.words import harmless

_WIDTH: Final = 100
_MARKS: Final = re.compile(r"([\\`*_\[\]<>|#])")


def render_note(answer: TriageAnswer, suffix: str) -> str:
    """Return the note in the format of a file's *suffix*: ``.md``, ``.json``, or else text."""
    if suffix == ".json":
        return json.dumps(shape_note(answer), indent=2, allow_nan=False) + "\n"
    if suffix == ".md":
        return _markdown(answer)
    return _text(answer)


def _text(answer: TriageAnswer) -> str:
    indent = max(len(name) for name, _ in answer.triage.note.named_fields()) + 2
    lines: list[str] = []
    for name, claims in answer.triage.note.named_fields():
        for number, claim in enumerate(claims):
            head = name if not number else ""
            lines += textwrap.wrap(
                sentence(claim),
                _WIDTH,
                initial_indent=f"{head:<{indent}}",
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
    return "\n".join(lines) + "\n"


def _markdown(answer: TriageAnswer) -> str:
    run = answer.source.run
    run_id = run.started.run_id if run.started is not None else "unknown"
    lines = [f"# Incident in run {_plain(run_id)}", ""]
    for name, claims in answer.triage.note.named_fields():
        if len(claims) == 1:
            lines.append(f"- **{name}**: {_marked(claims[0])}")
            continue
        lines.append(f"- **{name}**:")
        lines += [f"  - {_marked(claim)}" for claim in claims]
    if answer.missing:
        lines += ["", "Missing evidence:", ""]
        lines += [f"- {_plain(text)}" for text in answer.missing]
    return "\n".join(lines) + "\n"


def _marked(claim: Claim) -> str:
    text = f"`{_code(claim.text)}`" if is_command(claim) else _plain(claim.text)
    return " ".join([text, *(f"`{_code(one)}`" for one in citations(claim))])


def _plain(text: str) -> str:
    """Return *text* with Markdown's special characters escaped."""
    return _MARKS.sub(r"\\\1", harmless(text))


def _code(text: str) -> str:
    return harmless(text).replace("`", "'")
