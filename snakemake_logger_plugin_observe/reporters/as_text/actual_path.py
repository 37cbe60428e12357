"""The actual path: its stretches in order, or each segment with its stamps in the journal."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.cost.releases import Release
from snakemake_logger_plugin_observe.analysis.path.explain import ExplainedSegment, StampSource
from snakemake_logger_plugin_observe.analysis.path.paths import PathStep
from snakemake_logger_plugin_observe.analysis.phrasing import group_name
from snakemake_logger_plugin_observe.reporters.answers import PathAnswer
from snakemake_logger_plugin_observe.reporters.as_text import unended
from snakemake_logger_plugin_observe.reporters.tables import fitting, not_shown
from snakemake_logger_plugin_observe.reporters.words import (
    decimals,
    harmless,
    job_name,
    percent,
    seconds,
)

_STEPS_SHOWN: Final = 12
_ROOM_FOR_PHASES: Final = 78
_ROOM_FOR_RELEASES: Final = 94


def owner(answer: PathAnswer, job_id: int | None, rule: str | None, group: str | None) -> str:
    """Return an owner's name: a job's rule and wildcards, a group, or Snakemake."""
    if job_id is None and group is None:
        return "Snakemake"
    run = answer.source.run
    if job_id is None:
        return job_name(None, {}, group_name(run, group))
    job = run.jobs.get(job_id)
    return job_name(rule, job.wildcards if job else {}, None)


def _id(job_id: int | None) -> str:
    return "" if job_id is None else str(job_id)


def actual(answer: PathAnswer, width: int) -> Iterator[RenderableType]:
    """Yield the longest stretches of the actual path in order, and the others as one row."""
    found = answer.paths
    start, whole = found.actual[0].start, found.makespan
    places = decimals(whole)
    all_fit = len(found.steps) <= _STEPS_SHOWN + 1
    longest = sorted(found.steps, key=lambda step: (-step.length, step.start))
    shown = found.steps if all_fit else sorted(longest[:_STEPS_SHOWN], key=lambda step: step.start)
    rows = [
        (
            seconds(step.start - start, places),
            seconds(step.length, places),
            percent(step.length, whole),
            _id(step.job_id),
            owner(answer, step.job_id, step.rule, step.group),
            _mostly(step),
            released(step.released_by),
        )
        for step in shown
    ]
    if not all_fit:
        rest = longest[_STEPS_SHOWN:]
        length = sum(step.length for step in rest)
        numbers = seconds(length, places), percent(length, whole)
        rows.append(("", *numbers, "", f"… {len(rest):,} more stretches", "", ""))
    total = sum(step.length for step in found.steps)
    check = f"= {unended.whole(answer.source)}" if total == whole else "is not the makespan"
    rows.append(("Σ", seconds(total, places), "", "", check, "", ""))
    columns = [("from s", True), ("s", True), ("%", True), ("job", True)]
    columns += [("The actual path", False), ("mostly", False), ("unblocked by", False)]
    kept = 5 + (width >= _ROOM_FOR_PHASES) + (width >= _ROOM_FOR_RELEASES)
    yield fitting(columns[:kept], [row[:kept] for row in rows], width, fold=4)
    yield from not_shown([heading for heading, _ in columns[kept:]])


def _mostly(step: PathStep) -> str:
    """Return the longest phase of a stretch, and its share."""
    phase, micros = step.by_phase[0]
    return f"{phase} {percent(micros, step.length)} %"


_RELEASES: Final = {
    "dependency": "{who} finished",
    "previous_attempt": "attempt {attempt} failed",
    "replanning": "re-planned after {who}",
    "freed_slot": "{who} freed a slot",
    "freed_cores": "{who} freed cores",
    "freed_worker": "{who} freed a worker",
    "freed_resource": "{who} freed {resource}",
    "freed_unknown": "{who} ended",
    "rate": "--max-jobs-per-timespan",
    "scheduling": "start of scheduling",
}


def released(release: Release | None) -> str:
    """Return what unblocked a submission, in words."""
    if release is None:
        return ""
    who = f"job {release.job_id}" if release.job_id is not None else "a group"
    text = _RELEASES[release.reason]
    return harmless(text.format(who=who, attempt=release.attempt, resource=release.resource))


def explained(answer: PathAnswer, segments: Sequence[ExplainedSegment]) -> Iterator[RenderableType]:
    """Yield each segment of the actual path, with the stamps where it starts and ends."""
    start = segments[0].segment.start if segments else 0
    yield Text("The actual path, with the journal lines that it comes from", "bold")
    for one in segments:
        segment = one.segment
        who = owner(answer, segment.job_id, segment.rule, segment.group)
        length = segment.end - segment.start
        when = f"{(segment.start - start) / 1e6:12.6f} s  +{length / 1e6:.6f} s  {segment.phase}"
        attempt = f", attempt {segment.attempt}" if (segment.attempt or 1) > 1 else ""
        cause = released(segment.released_by)
        yield Text(f"{when}  {who}{attempt}{f'  unblocked by: {cause}' if cause else ''}")
        yield Text(f"               from {_quoted(one.begin)}", "dim")
        yield Text(f"               to   {_quoted(one.end)}", "dim")


def _quoted(quotes: Sequence[StampSource]) -> str:
    if not quotes:
        return "no stamp: start or end of the journal, or not recorded"
    return harmless(
        "; ".join(f"line {one.line} {one.event} {one.field} {one.text[11:]}" for one in quotes)
    )
