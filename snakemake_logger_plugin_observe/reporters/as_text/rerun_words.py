"""What the runs before show about jobs that ran again, as lines of text."""

import textwrap
from collections.abc import Collection, Iterable, Iterator

from rich.text import Text

from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.reporters.answers import WhyAnswer
from snakemake_logger_plugin_observe.reporters.words import harmless


def without_a_root(answer: WhyAnswer, width: int) -> Iterator[Text]:
    """Yield the findings that describe no root cause: each with its fix, and an empty line."""
    for one in answer.reruns:
        if one.root is None:
            yield from _paragraph(one, answer, width)
            yield Text()


def about(answer: WhyAnswer, jobs: Collection[int], width: int) -> Iterator[Text]:
    """Yield the findings about some of *jobs*, and the fixes of their root causes."""
    found = [one for one in answer.reruns if not set(one.jobs).isdisjoint(jobs)]
    for one in found:
        if one.root is None:
            yield from _paragraph(one, answer, width)
    for line in below([one for one in found if one.root is not None]):
        yield from _lines(line, width, "")


def below(reruns: Iterable[Rerun]) -> Iterator[str]:
    """Yield what is known next to a root cause: the bytes that came of it, and its fix."""
    for one in reruns:
        if not one.headline:
            yield one.claim
        elif one.same_bytes and one.kind != "edited_script":
            yield "its jobs made the same bytes as the last time"
        if one.headline or one.ran_in_vain:
            yield f"fix: {one.fix.text}"


def _paragraph(one: Rerun, answer: WhyAnswer, width: int) -> Iterator[Text]:
    job = answer.source.run.jobs.get(one.example)
    line = f" [line {job.line}]" if job is not None and job.line is not None else ""
    yield from _lines(one.claim + line, width, "bold")
    yield from _lines(f"  fix: {one.fix.text}", width, "")


def _lines(text: str, width: int, style: str) -> Iterator[Text]:
    for line in textwrap.wrap(harmless(text), width, subsequent_indent="  "):
        yield Text(line, style)
