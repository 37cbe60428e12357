"""Evidence of an incident, put away before the next run overwrites it."""

import os
from collections.abc import Iterator
from pathlib import Path

from snakemake_logger_plugin_observe.external.workdir import Folder, Store
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.documents.incident_note import render_note


def keep(store: Store, answer: TriageAnswer, folder: Folder | None) -> None:
    """Copy the journals, the logs and benchmarks that are cited, and what commands printed.

    ``INDEX.txt`` says what each file is, and what was not there.

    Raises:
        SavingError: if something cannot be written.

    """
    lines: list[str] = []
    for name, path in answer.paths.items():
        kept = f"journals/{name}.jsonl"
        _tell(lines, kept, f"journal {name}: {path}", found=store.copy(Path(path), kept))
    if folder is not None:
        _keep_files(store, answer, folder, lines)
    for one in answer.asked:
        kept = f"commands/{one.name}.txt"
        said = one.problem or "what it printed"
        store.text(kept, "".join(f"{line}\n" for line in one.lines))
        _tell(lines, kept, f"{one.command}: {said}", found=True)
    store.text("note.md", render_note(answer, ".md"))
    _tell(lines, "note.md", "the incident note", found=True)
    lines += [f"missing: {text}" for text in answer.missing]
    store.text("INDEX.txt", "".join(f"{' '.join(line.split())}\n" for line in lines))


def _keep_files(store: Store, answer: TriageAnswer, folder: Folder, lines: list[str]) -> None:
    """Copy files of the folder under the names that they have in it; no other is followed."""
    root = os.path.realpath(folder.root)
    done: set[Path] = set()
    for named, what in _cited(answer):
        path = folder.inside(named)
        if path is None:
            _tell(lines, named, what, found=False)
        elif path not in done:
            done.add(path)
            if problem := folder.of_another_run(path):
                lines.append(f"not kept: {named}  {what}: {problem}")
            else:
                kept = f"files/{os.path.relpath(path, root)}"
                _tell(lines, kept, what, found=store.copy(path, kept))


def _cited(answer: TriageAnswer) -> Iterator[tuple[str, str]]:
    """Yield the logs and benchmarks that are quoted, or that the note cites, with what each is."""
    known: set[str] = set()
    for quote in answer.triage.excerpts:
        known.add(quote.path)
        yield quote.path, f"{quote.kind} of {quote.job}"
    for _, claims in answer.triage.note.named_fields():
        for one in (cited for claim in claims for cited in claim.evidence):
            path, _, line = one.ref.rpartition(":")
            if one.kind in ("log", "benchmark") and line.isdecimal() and path not in known:
                known.add(path)
                yield path, f"{one.kind} that the note cites"


def _tell(lines: list[str], name: str, what: str, *, found: bool) -> None:
    lines.append(f"{name}  {what}" if found else f"not there: {name}  {what}")
