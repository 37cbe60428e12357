"""``runbook``: one or two pages for whoever is on call for this workflow, from its journals."""

import argparse
import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType

from snakemake_logger_plugin_observe.analysis.compare.typical_run import typical_run
from snakemake_logger_plugin_observe.commands.support import baselines, find_journal, write_files
from snakemake_logger_plugin_observe.commands.support.triage_case import folder_of
from snakemake_logger_plugin_observe.external import live_snakemake
from snakemake_logger_plugin_observe.external.workdir import Folder
from snakemake_logger_plugin_observe.journal.events import SCHEMA_VERSION
from snakemake_logger_plugin_observe.journal.files import Detail, JournalError, journals_in
from snakemake_logger_plugin_observe.reporters.answers import Known, RunbookAnswer, Source
from snakemake_logger_plugin_observe.reporters.documents.runbook import render_runbook
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.words import harmless

HELP: Final = "a runbook for this workflow: one or two pages, written once, then the team's"
_DEPTH: Final = 3
_MOST_FILES: Final = 2000
_MOST_BYTES: Final = 256 * 1024
_CHECKS: Final = "observe.toml"
_CITATIONS: Final = re.compile(r"`?\[[^\]]*\]`?\s*")
_FORCED: Final = ("--force", "--forceall")
_NOTE: Final = "# Incident in run "
_FIELDS: Final = ("incident class", "next action")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="DIR | JOURNAL",
        help="the workflow's working directory, or journals of it (default: here)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="where to write it; a file that is there is the team's, and is kept",
    )


def run(args: argparse.Namespace) -> Reply[RunbookAnswer]:
    """Write the runbook, unless there is one; always fine.

    Raises:
        JournalError: if no journal tells of the workflow.
        WritingError: if it cannot be written.

    """
    if args.out.exists():
        return Reply(RunbookAnswer(args.out, kept=True), parts, shape)
    source, outlines = _typical(args.paths or [Path()])
    if source.status not in ("success", "nothing_to_do"):
        raise JournalError(
            f"{source.path}: no run here has succeeded yet, and a runbook tells what is usual"
        )
    folder = folder_of(source)
    answer = RunbookAnswer(
        args.out,
        kept=False,
        source=source,
        folder=str(folder.root) if folder is not None else None,
        usual=typical_run(source.run, [one.finished for one in outlines]),
        questions=_questions(source, folder),
        known=tuple(_known(folder)) if folder is not None else (),
        check_file=_check_file(folder),
    )
    write_files.create(args.out, render_runbook(answer))
    return Reply(answer, parts, shape)


def parts(answer: RunbookAnswer, width: int) -> list[RenderableType]:
    """Return one line: where the runbook is, and whether it was written now."""
    if answer.kept:
        return [harmless(f"{answer.path}: already exists; not overwritten")]
    return [harmless(f"{answer.path}: written; it is yours now, and is not written again")]


def shape(answer: RunbookAnswer) -> dict[str, Any]:
    """Return the answer as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "path": str(answer.path),
        "kept": answer.kept,
        "usual": asdict(answer.usual) if answer.usual is not None else None,
        "known_incidents": [asdict(one) for one in answer.known],
    }


def _typical(paths: list[Path]) -> tuple[Source, list[baselines.Outline]]:
    """Return the newest run that succeeded, or else the newest, and all that did as much."""
    if len(paths) == 1 and paths[0].is_dir():
        found = journals_in(paths[0]) or sorted(paths[0].glob("*.jsonl"))
        alike = baselines.alike(found[-1].parent) if found else []
        source = find_journal.load(alike[-1].path if alike else paths[0], Detail.FIGURES)
        return source, alike
    sources = [find_journal.load(path, Detail.FIGURES) for path in paths]
    good = [one for one in sources if one.status == "success"] or sources
    newest = max(good, key=lambda one: one.run.start or 0)
    return newest, [
        outline
        for outline in baselines.history(newest)
        if any(outline.path.samefile(one.path) for one in sources)
    ]


def _questions(source: Source, folder: Folder | None) -> dict[str, str]:
    """Return the commands that ask Snakemake about this workflow, as a person types them."""
    started = source.run.started
    if folder is None or started is None:
        return {}
    try:
        how = live_snakemake.setting(started, folder, Path.cwd())
    except live_snakemake.LiveError:
        return {}
    plain = replace(how, words=tuple(word for word in how.words if word not in _FORCED))
    enter = f"cd {shlex.quote(str(how.start))} && "
    return {what: f"{enter}{shlex.join(plain.command(what))}" for what in live_snakemake.QUESTIONS}


def _check_file(folder: Folder | None) -> str | None:
    """Return the name of the workflow's check file, where there is one."""
    there = folder is not None and (folder.root / _CHECKS).is_file()
    return _CHECKS if there else None


def _known(folder: Folder) -> Iterator[Known]:
    """Yield the incidents of which a note lies in the folder, each once, by the notes' names."""
    seen: set[tuple[str, str]] = set()
    for path in sorted(_files(folder.root)):
        try:
            if path.stat().st_size > _MOST_BYTES or path.is_symlink():
                continue
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        told = _of_json(text) if path.suffix == ".json" else _of_markdown(text)
        if told is not None and told not in seen:
            seen.add(told)
            plain = (_CITATIONS.sub("", said).strip() for said in told)
            yield Known(str(path.relative_to(folder.root)), *plain)


def _files(root: Path) -> Iterator[Path]:
    seen = 0
    for place, folders, names in os.walk(root):
        depth = len(Path(place).relative_to(root).parts)
        folders[:] = sorted(n for n in folders if not n.startswith(".") and depth < _DEPTH)
        for name in names:
            seen += 1
            if seen > _MOST_FILES:
                return
            if name.endswith((".md", ".json")):
                yield Path(place, name)


def _of_json(text: str) -> tuple[str, str] | None:
    try:
        note = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(note, dict):
        return None
    fields = [note.get(name.replace(" ", "_")) for name in _FIELDS]
    return (str(fields[0]), str(fields[1])) if all(isinstance(f, str) for f in fields) else None


def _of_markdown(text: str) -> tuple[str, str] | None:
    """Return a note's class and next action: what stands behind their names, or the line below."""
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
    return (found[0], found[1]) if len(found) == len(_FIELDS) else None
