"""What differs between two runs of a list, in few words, from the ends of their journals alone."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.differences import changes
from snakemake_logger_plugin_observe.commands.support.folder_runs import Begun
from snakemake_logger_plugin_observe.journal.excerpts import provenance_of
from snakemake_logger_plugin_observe.journal.records import JobTally
from snakemake_logger_plugin_observe.run.model import Run

_ORDER: Final = ("file ", "Snakefile", "config", "targets", "cores", "jobs", "executor", "profile")
_LAST: Final = ("commit", "command line")
_SHORT: Final = 24
"""Values up to this length are shown."""


def differences(before: Begun, after: Begun) -> tuple[str, ...]:
    """Return in few words what differs between two runs, the most important first.

    Known from the beginnings of their journals: the workflow's files, the config, settings, limits;
    and from their ends how many jobs their workflow has.
    """
    found = changes(_beginning(before), _beginning(after))
    if len(found) > 1:  # what else differs is what the command line says
        found = tuple(one for one in found if one.what != "command line")
    words = [_in_few_words(one) for one in sorted(found, key=_order)]
    sizes = [_dag_size(one.tally) for one in (before, after)]
    if None not in sizes and sizes[0] != sizes[1]:
        words.insert(0, f"{sizes[0]:,} → {sizes[1]:,} jobs in the workflow")
    return tuple(dict.fromkeys(words))


def _beginning(one: Begun) -> Run:
    return Run(started=one.started, provenance=provenance_of(one.path))


def _dag_size(tally: JobTally | None) -> int | None:
    if tally is None or tally.planned is None or tally.up_to_date is None:
        return None
    return tally.planned + tally.up_to_date


def _order(one: Change) -> int:
    if one.what in _LAST:
        return len(_ORDER) + 1
    first = (number for number, name in enumerate(_ORDER) if one.what.startswith(name))
    return next(first, len(_ORDER))


def _in_few_words(one: Change) -> str:
    what = one.what.removeprefix("file ")
    is_digest = one.what.startswith(("file ", "Snakefile's text")) or (
        one.what.startswith("config") and one.values is None
    )
    values = (one.before or "none", one.after or "none")
    if is_digest or one.what in _LAST or max(map(len, values)) > _SHORT:
        return f"{what} changed"
    return f"{what} {values[0]} → {values[1]}"
