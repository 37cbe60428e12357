"""The text of ``runs --keep`` and ``--older-than``: what is pruned, and what is kept."""

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.as_text.common import next_command
from snakemake_logger_plugin_observe.reporters.run_list import PruneAnswer, PrunedRun
from snakemake_logger_plugin_observe.reporters.tables import fitting
from snakemake_logger_plugin_observe.reporters.words import harmless, size

_DONE = {"remove": "removed", "compress": "compressed"}


def parts(answer: PruneAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [Text(_first_sentence(answer), "bold")]
    if not answer.done and answer.pruned:
        found += [Text("Nothing is changed until --prune is given.")]
    rows = [_row(one) for one in answer.pruned]
    rows += [
        (run.path.name, run.state.replace("_", " "), size(run.bytes), f"kept: {why}")
        for run, why in answer.kept
    ]
    if rows:
        columns = (("journal", False), ("state", False), ("size", True), ("why", False))
        shown = [[harmless(cell) for cell in row] for row in rows]
        found += [Text(), fitting(columns, shown, width, 3)]
    if not answer.done and answer.pruned:
        found += [Text(), next_command(answer.command)]
    return found


def _first_sentence(answer: PruneAnswer) -> str:
    done = [one for one in answer.pruned if not one.problem]
    many, left = plural(len(done), "journal"), len(answer.pruned) - len(done)
    total = sum(one.run.bytes for one in done)
    action = _DONE[answer.action]
    kept = len(answer.kept) + answer.others
    stay = "1 stays as it is" if kept == 1 else f"{kept:,} stay as they are"
    if not answer.pruned:
        return f"No journal is old enough to be {action}: {stay}."
    if not answer.done:
        return f"{many} would be {action} ({size(total)}), {stay}."
    after = f" to {size(sum(one.bytes_after for one in done))}" if answer.action != "remove" else ""
    failed = f", {left:,} could not be" if left else ""
    return f"{many} {action} ({size(total)}{after}){failed}, {stay}."


def _row(one: PrunedRun) -> tuple[str, ...]:
    why = f"not done: {one.problem}" if one.problem else one.why
    if one.fragments:
        why += f"; with {plural(len(one.fragments), 'folder')} of fragments"
    return (one.run.path.name, one.run.state.replace("_", " "), size(one.run.bytes), why)
