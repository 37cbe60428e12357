"""Save the evidence of an incident before the next run overwrites it."""

import os
from collections.abc import Iterator
from pathlib import Path

from snakemake_logger_plugin_observe.commands.support.evidence_store import Copied, EvidenceStore
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.folders import COMPRESSED, PLAIN
from snakemake_logger_plugin_observe.pasting import harmless
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.documents.incident_note import render_note


def save(store: EvidenceStore, answer: TriageAnswer, folder: Workdir | None) -> None:
    """Save the journals, the cited logs and benchmarks, what commands printed, and the note.

    ``INDEX.txt`` lists what each file is, and what was missing.

    Raises:
        SavingError: if a file cannot be written.

    """
    index: list[str] = []
    for name, path in answer.paths.items():
        journal = Path(path).resolve()
        saved = f"journals/{name}{COMPRESSED if journal.name.endswith(COMPRESSED) else PLAIN}"
        copied = store.copy(journal.parent, journal.name, saved)
        index.append(_entry(saved, f"journal {name}: {path}", copied))
    if folder is not None:
        index += _save_files(store, answer, folder)
    for one in answer.asked:
        saved = f"commands/{one.name}.txt"
        store.text(saved, "".join(f"{line}\n" for line in one.lines))
        index.append(_entry(saved, f"{one.command}: {one.problem or 'what it printed'}"))
    store.text("note.md", render_note(answer, ".md"))
    index.append(_entry("note.md", "the incident note"))
    index += [f"missing: {text}" for text in answer.missing]
    store.text("INDEX.txt", "".join(f"{' '.join(harmless(line).split())}\n" for line in index))


def _save_files(store: EvidenceStore, answer: TriageAnswer, folder: Workdir) -> Iterator[str]:
    """Copy the cited files that are in *folder*, and yield an entry of the index for each."""
    root = os.path.realpath(folder.root)
    done: set[Path] = set()
    for named, what in _cited(answer):
        path = folder.inside(named)
        if path is None:
            yield _entry(named, what, Copied.NOTHING)
        elif path not in done:
            done.add(path)
            if problem := folder.of_another_run(path):
                yield f"not saved: {named}  {what}: {problem}"
            else:
                inside = os.path.relpath(path, root)
                saved = f"files/{inside}"
                yield _entry(saved, what, store.copy(Path(root), inside, saved))


def _cited(answer: TriageAnswer) -> Iterator[tuple[str, str]]:
    """Yield the logs and benchmarks that are quoted or cited in the note, with what each is."""
    known: set[str] = set()
    for excerpt in answer.triage.excerpts:
        known.add(excerpt.path)
        yield excerpt.path, f"{excerpt.kind} of {excerpt.job}"
    for _, claims in answer.triage.note.named_fields():
        for one in (cited for claim in claims for cited in claim.evidence):
            path, _, line = one.ref.rpartition(":")
            if one.kind in ("log", "benchmark") and line.isdecimal() and path not in known:
                known.add(path)
                yield path, f"{one.kind} cited in the note"


def _entry(name: str, what: str, copied: Copied = Copied.WHOLE) -> str:
    match copied:
        case Copied.NOTHING:
            return f"missing: {name}  {what}"
        case Copied.ENDS:
            return f"{name}  {what}: only its first and last 32 MiB, it is nearly all hole"
        case Copied.WHOLE:
            return f"{name}  {what}"
