"""The text of ``cost``: the largest cost class, what to change, where the makespan went."""

import textwrap
from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text import (
    advice,
    cost_tables,
    failed_run,
    live,
    unended,
)
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    ending,
    head,
    next_command,
    nothing_ran,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.as_text.cost_limits import is_unsure, limits
from snakemake_logger_plugin_observe.reporters.as_text.cost_sentence import sentence, shuts_down
from snakemake_logger_plugin_observe.reporters.as_text.makespan_hints import hint
from snakemake_logger_plugin_observe.reporters.as_text.makespan_table import (
    length_in_words,
    makespan,
    meaning_of,
    phases_of,
)
from snakemake_logger_plugin_observe.reporters.words import harmless

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
    found: list[RenderableType] = []
    if answer.source.length_unknown:
        found += [Text(harmless(unended.sentence(answer.source)), "bold"), Text()]
    if failed := failed_run.parts(answer):
        found += [*failed, Text()]
    if answer.reruns:
        found += [*_needless(answer, width), Text()]
    out, still = live.parts(answer.source), live.stands_still(answer.source)
    found += out if still else []
    if answer.source.status == "running":
        found += live.what_to_do(answer.blocked, failed_run.fix_of_what_stands_still(answer))
    if answer.source.stopped:
        found += [*unended.stopped(answer.source), Text()]
    elif not answer.source.length_unknown and not _failed_before_any_job(answer):
        found += [*shuts_down(answer), *_first(answer), Text()]
    return found if still else [*found, *out]


def _next(answer: CostAnswer) -> Text:
    """Return the command that goes on from here: by default, to what to fix first."""
    source = answer.source
    if live.stands_still(source):
        return reader("triage", source, purpose="why nothing moves, and what to do")
    if answer.advice is None:
        return reader("path", source, "--savings", purpose="what to fix first (it is simulated)")
    if source.length_unknown or source.status == "interrupted":
        return reader("triage", source, purpose="what was in flight, and what to do")
    if source.status == "nothing_to_do":
        return reader("why", source, purpose="why nothing had to run")
    if source.status == "failed":
        return reader("triage", source, purpose="what went wrong, and what to do")
    if source.stopped:
        return reader("jobs", source, purpose="what is in flight")
    return reader("path", source, purpose="what to fix first, and what that would save")


def _needless(answer: CostAnswer, width: int) -> Iterator[Text]:
    """Yield what need not have run, and what to do about it."""
    first = answer.reruns[0]
    claim = harmless(first.in_short(len(answer.source.run.jobs)))
    if more := len(answer.reruns) - 1:
        claim += f"; and {more:,} more"
    yield from (Text(line, "bold") for line in textwrap.wrap(claim, width))
    yield Text.assemble(("What to do: ", "bold"), harmless(first.fix.text) + ".")
    yield from map(next_command, first.commands)
    yield reader("why", answer.source, purpose="why jobs ran, or did not")


def _failed_before_any_job(answer: CostAnswer) -> bool:
    """Whether a run failed with no job started: its time went to reading and planning alone."""
    return answer.source.status == "failed" and not answer.source.run.attempts


def _first(answer: CostAnswer) -> list[RenderableType]:
    """Return the largest cost class and what to change; or that nothing ran."""
    if answer.source.status == "nothing_to_do":
        return [Text(nothing_ran(answer.source))]
    return [
        Text(sentence(answer)),
        *advice.sentence(answer.advice, answer.account.makespan),
        *advice.reduced(answer.reduced, answer.source.run.started),
    ]
