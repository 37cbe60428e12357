"""The first sentences of ``cost`` about a run that did not go well, or has not ended yet."""

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_text import failed_run, live, unended
from snakemake_logger_plugin_observe.reporters.as_text.common import reader
from snakemake_logger_plugin_observe.reporters.as_text.cost_first import needless, where_it_went
from snakemake_logger_plugin_observe.reporters.as_text.cost_sentence import shuts_down
from snakemake_logger_plugin_observe.reporters.words import harmless


def summary(answer: CostAnswer, width: int) -> list[RenderableType]:
    """Return what failed, what goes on, and where the time went, with what to do."""
    found: list[RenderableType] = []
    if answer.source.length_unknown:
        found += [Text(harmless(unended.sentence(answer.source)), "bold"), Text()]
    if failed := failed_run.parts(answer):
        found += [*failed, Text()]
    found += needless(answer, width)
    out, still = live.parts(answer.source), live.stands_still(answer.source)
    found += out if still else []
    if answer.source.status == "running":
        found += live.what_to_do(answer.blocked, failed_run.fix_of_what_stands_still(answer))
    if answer.source.stopped:
        found += [*unended.stopped(answer.source), Text()]
    elif not answer.source.length_unknown and not _failed_before_any_job(answer):
        found += [*shuts_down(answer), *where_it_went(answer), Text()]
    return found if still else [*found, *out]


def next_step(answer: CostAnswer) -> Text | None:
    """Return the command that goes on from here; None if it is that of a run that went well."""
    source = answer.source
    if live.stands_still(source):
        return reader("triage", source, purpose="why nothing moves, and what to do")
    if answer.advice is None:
        return None
    if source.length_unknown or source.status == "interrupted":
        return reader("triage", source, purpose="what was in flight, and what to do")
    if source.status == "nothing_to_do":
        return reader("why", source, purpose="why nothing had to run")
    if source.status == "failed":
        return reader("triage", source, purpose="what went wrong, and what to do")
    if source.stopped:
        return reader("jobs", source, purpose="what is in flight")
    return None


def _failed_before_any_job(answer: CostAnswer) -> bool:
    """Whether a run failed with no job started: its time went to reading and planning alone."""
    return answer.source.status == "failed" and not answer.source.run.attempts
