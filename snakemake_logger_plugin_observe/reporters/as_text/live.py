"""The text about what is out on the cluster now, the same below each answer's first sentence."""

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.live.summary import counts, lines
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.words import harmless

_SHOWN = 8


def parts(source: Source) -> list[RenderableType]:
    """Return how many jobs are in which state, and a line for each kind; nothing if none is out."""
    view = source.live
    if view is None:
        return []
    found: list[RenderableType] = [Text(harmless(f"Out on the cluster: {counts(view)}"), "bold")]
    every = lines(source.run, view)
    shown = every if len(every) <= _SHOWN + 1 else every[:_SHOWN]
    found += [Text(harmless(f"  {line.text}")) for line in shown]
    if more := len(every) - len(shown):
        found.append(Text(f"  … and {plural(more, 'more line')} (jobs --format json)", "dim"))
    if view.problem is not None:
        found.append(Text(harmless(f"! not asked of the scheduler: {view.problem}"), "yellow"))
    return [*found, Text()]
