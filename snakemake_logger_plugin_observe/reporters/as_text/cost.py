"""The text of ``cost``: the largest cost class, what to change, where the makespan went."""

from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text import advice, cost_tables
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    ending,
    head,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.as_text.cost_first import needless, where_it_went
from snakemake_logger_plugin_observe.reporters.as_text.cost_limits import is_unsure, limits
from snakemake_logger_plugin_observe.reporters.as_text.makespan_hints import hint
from snakemake_logger_plugin_observe.reporters.as_text.makespan_table import (
    length_in_words,
    makespan,
    meaning_of,
    phases_of,
)

_WELL: Final = "success"

__all__ = ["hint", "length_in_words", "limits", "meaning_of", "parts", "phases_of", "summary"]


def parts(answer: CostAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*head(answer.source), Text(), *summary(answer, width)]
    if answer.account.makespan:
        found += [makespan(answer, width), Text()]
    if answer.account.rules:
        found += [*cost_tables.rules(answer, width), Text()]
    if answer.costliest:
        found += [cost_tables.costliest(answer, width), Text()]
    found += advice.requests(answer.request_mismatches, width)
    found += warnings(limits(answer))
    commands = advice.trials(answer.source, answer.advice or ())
    if is_unsure(answer):
        commands.append(
            reader("accounting", answer.source, purpose="when jobs ended, if it is Slurm")
        )
    return ending(found, *commands, _next(answer))


def summary(answer: CostAnswer, width: int) -> list[RenderableType]:
    """Return the first sentences: what failed, or where the time went, and what to do."""
    if answer.source.status == _WELL:
        return [*needless(answer, width), *where_it_went(answer), Text()]
    from snakemake_logger_plugin_observe.reporters.as_text import cost_in_trouble

    return cost_in_trouble.summary(answer, width)


def _next(answer: CostAnswer) -> Text:
    """Return the command that goes on from here: by default, to what to fix first."""
    source = answer.source
    if source.status != _WELL:
        from snakemake_logger_plugin_observe.reporters.as_text import cost_in_trouble

        if (other := cost_in_trouble.next_step(answer)) is not None:
            return other
    if answer.advice is None:
        return reader("path", source, "--savings", purpose="what to fix first (it is simulated)")
    return reader("path", source, purpose="what to fix first, and what that would save")
