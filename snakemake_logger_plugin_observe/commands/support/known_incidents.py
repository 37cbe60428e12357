"""Find the incident notes in a workflow's folder, for its runbook."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.journal.trusted_paths import open_file
from snakemake_logger_plugin_observe.reporters.answers import Known
from snakemake_logger_plugin_observe.reporters.documents.markdown import unmarked

_DEPTH: Final = 3
_MAX_FILES: Final = 2000
_MAX_BYTES: Final = 256 * 1024
_LONGEST: Final = 500
_NOTE: Final = "# Incident in run "
_FIELDS: Final = ("incident class", "next action")
_CITATIONS: Final = re.compile(r"`?\[[^\]]*\]`?\s*")


def known_incidents(root: Path) -> Iterator[Known]:
    """Yield the incidents that have a note below *root*, each once, sorted by the note's path."""
    seen: set[tuple[str, str]] = set()
    for path in sorted(_files(root)):
        try:
            with os.fdopen(open_file(root, path.relative_to(root)), "rb") as file:
                data = file.read(_MAX_BYTES + 1)
            if len(data) > _MAX_BYTES:
                continue
            text = data.decode()
        except (OSError, ValueError):
            continue
        fields = _from_json(text) if path.suffix == ".json" else _from_markdown(text)
        if fields is not None and fields not in seen:
            seen.add(fields)
            plain = (_CITATIONS.sub("", field[:_LONGEST]).strip() for field in fields)
            yield Known(str(path.relative_to(root)), *plain)


def _files(root: Path) -> Iterator[Path]:
    """Yield the Markdown and JSON files below *root*, to a limited depth and number."""
    seen = 0
    for folder, inner, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        inner[:] = sorted(name for name in inner if not name.startswith(".") and depth < _DEPTH)
        for name in names:
            seen += 1
            if seen > _MAX_FILES:
                return
            if name.endswith((".md", ".json")):
                yield Path(folder, name)


def _from_json(text: str) -> tuple[str, str] | None:
    """Return a note's incident class and next action; None if *text* is no note."""
    try:
        note = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(note, dict):
        return None
    fields = [note.get(name.replace(" ", "_")) for name in _FIELDS]
    return (str(fields[0]), str(fields[1])) if all(isinstance(f, str) for f in fields) else None


def _from_markdown(text: str) -> tuple[str, str] | None:
    """Return a note's incident class and next action, each after its name or on the next line."""
    if not text.startswith(_NOTE):
        return None
    lines = text.splitlines()
    found: list[str] = []
    for name in _FIELDS:
        head = f"- **{name}**:"
        for line, after in zip(lines, [*lines[1:], ""], strict=True):
            if line.startswith(head):
                found.append(line[len(head) :].strip() or after.strip().removeprefix("- "))
                break
    if len(found) != len(_FIELDS):
        return None
    return unmarked(found[0][:_LONGEST]), unmarked(found[1][:_LONGEST])
