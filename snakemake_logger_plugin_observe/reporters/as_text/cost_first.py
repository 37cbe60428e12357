"""The first sentences of ``cost``: what was needless, where the time went, what to change."""

import textwrap
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text import advice
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    next_command,
    nothing_ran,
    reader,
)
from snakemake_logger_plugin_observe.reporters.as_text.cost_sentence import sentence
from snakemake_logger_plugin_observe.reporters.words import harmless


def needless(answer: CostAnswer, width: int) -> Iterator[Text]:
    """Yield what need not have run, if anything, and what to do about it; then a blank line."""
    if not answer.reruns:
        return
    first = answer.reruns[0]
    claim = harmless(first.in_short(len(answer.source.run.jobs)))
    if more := len(answer.reruns) - 1:
        claim += f"; and {more:,} more"
    yield from (Text(line, "bold") for line in textwrap.wrap(claim, width))
    yield Text.assemble(("What to do: ", "bold"), harmless(first.fix.text) + ".")
    yield from map(next_command, first.commands)
    yield reader("why", answer.source, purpose="why jobs ran, or did not")
    yield Text()


def where_it_went(answer: CostAnswer) -> list[RenderableType]:
    """Return the largest cost class and what to change; or that nothing ran."""
    if answer.source.status == "nothing_to_do":
        return [Text(nothing_ran(answer.source))]
    return [
        Text(sentence(answer)),
        *advice.sentence(answer.advice, answer.account.makespan),
        *advice.reduced(answer.reduced, answer.source.run.started),
    ]
