"""What the runs before show about jobs that ran again, as lines of text."""

import textwrap
from collections.abc import Collection, Iterable, Iterator

from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import job_names, named, plural
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.why.why import RootShare
from snakemake_logger_plugin_observe.reporters.answers import ENDED, WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_text.common import next_command
from snakemake_logger_plugin_observe.reporters.words import clock_time, harmless


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


def of_rules(answer: WhyAnswer, rules: Collection[str], width: int) -> Iterator[Text]:
    """Yield the findings about *rules* that describe no root cause."""
    for one in answer.reruns:
        if one.root is None and not set(one.rules).isdisjoint(rules):
            yield from _paragraph(one, answer, width)
            yield Text()


def taken_up(
    answer: WhyAnswer, width: int, selected: Collection[int] | None = None
) -> Iterator[Text]:
    """Yield which jobs, of those *selected*, the run that this one resumes had begun in vain."""
    earlier, jobs = answer.source.resumes, answer.source.run.jobs
    if earlier is None or answer.taken_up is None:
        return
    before = f"the run of {clock_time(earlier.start)}"
    for ids, text in (
        (answer.taken_up.failed, f"had failed in {before}"),
        (answer.taken_up.unended, f"had not ended when {before} {ENDED[earlier.status]}"),
    ):
        found = [jobs[one] for one in ids if selected is None or one in selected]
        if found:
            line = f"{plural(len(found), 'job')} {text}: {job_names(found)}"
            for shown in textwrap.wrap(harmless(line), width - 2, subsequent_indent="  "):
                yield Text(f"  {shown}")


def made_before(share: RootShare, answer: WhyAnswer) -> Iterator[str]:
    """Yield which earlier runs made inputs that were newer, of jobs that are up to date now."""
    run = answer.source.run
    if share.kind != "updated_input" or not run.made:
        return
    by_run: dict[tuple[int, str], dict[str, None]] = {}
    wanted = set(share.files)
    for job_id, made in run.made.items():
        job = run.kept[job_id]
        if not wanted.isdisjoint(job.output):
            by_run.setdefault((made.start or 0, made.status), {})[job.rule] = None
    for (start, status), rules in by_run.items():
        ended = f", which {ENDED[status]}" if status in ENDED else ""
        yield f"made by {named(rules)} in the run of {clock_time(start)}{ended}"


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
    yield from map(next_command, one.commands)


def _lines(text: str, width: int, style: str) -> Iterator[Text]:
    for line in textwrap.wrap(harmless(text), width, subsequent_indent="  "):
        yield Text(line, style)
