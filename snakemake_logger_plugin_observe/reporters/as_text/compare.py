"""The text of ``compare``, fit for a pull request: verdict, speed, work, same work."""

from collections.abc import Iterable
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Finding
from snakemake_logger_plugin_observe.analysis.compare.speed import (
    ENOUGH_RUNS,
    Moved,
    Speed,
    ToolTime,
)
from snakemake_logger_plugin_observe.analysis.compare.work_difference import WorkDifference
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.reporters.answers import CompareAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_text.cause_words import LABELS
from snakemake_logger_plugin_observe.reporters.as_text.common import reader, warnings
from snakemake_logger_plugin_observe.reporters.tables import plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    clock_time,
    decimals,
    duration_s,
    harmless,
    signed_percent,
)

_KINDS: Final = {
    "unsafe": "red",
    "neutral": "dim",
    "safe": "green",
}
_SHOWN: Final = {"unsafe": 20, "neutral": 8, "safe": 8}
_VERDICT_COLORS: Final = {True: "bold green", False: "bold red", None: "bold yellow"}
_CLASS_MATTERS_S: Final = 0.05


def parts(answer: CompareAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    comparison = answer.comparison
    facts = _table("fact")
    work = [*_work(comparison), *_made_before(answer)]
    for part, lines in (("speed", _speed(comparison.speed)), ("work", work)):
        for number, line in enumerate(lines):
            facts.add_row(Text(part if not number else "", "bold"), line)
    judged = _table("kind", "claim")
    for number, cells in enumerate(_same_work(comparison)):
        judged.add_row(Text("same work" if not number else "", "bold"), *cells)
    problems = [*answer.notes, *answer.baseline.problems, *answer.candidate.unread]
    problems += answer.candidate.problems
    return [
        Text(harmless(_verdict(comparison)), _VERDICT_COLORS[comparison.same_work]),
        _run("A", answer.baseline),
        _run("B", answer.candidate),
        Text(),
        facts,
        judged,
        *warnings(problems),
        Text(),
        _next(answer),
    ]


def _table(*columns: str) -> Table:
    """Return a table whose first column names the part of the answer."""
    table = plain_table(header=False)
    table.add_column("part", no_wrap=True, min_width=len("same work"))
    for column in columns:
        table.add_column(column, no_wrap=column == "kind")
    return table


def _verdict(comparison: Comparison) -> str:
    speed = comparison.speed
    if speed.baseline_s is None or speed.candidate_s is None or speed.verdict is None:
        return comparison.verdict
    lengths = (duration_s(speed.baseline_s), duration_s(speed.candidate_s))
    if speed.verdict == "cannot tell":
        return f"{comparison.verdict}: {' and '.join(lengths)}, {_repetitions(speed)}"
    change = (speed.candidate_s - speed.baseline_s) / speed.baseline_s if speed.baseline_s else 0
    noise = ", within noise" if speed.verdict == "as fast" and round(100 * change) else ""
    return f"{comparison.verdict}: {' → '.join(lengths)} ({signed_percent(change)} %{noise})"


def _repetitions(speed: Speed) -> str:
    """Return how few runs there are, and what to do."""
    before, after = speed.runs
    few = "one run each" if before == after == 1 else f"{plural(before, 'run')} and {after:,}"
    return f"{few}; run each {ENOUGH_RUNS} times"


def _run(name: str, source: Source) -> Text:
    run = source.run
    when = clock_time(run.start) if run.start is not None else "unknown start"
    by = f" · by {source.owner}" if source.owner is not None else ""
    text = f"  {name}  {when} · {source.status.replace('_', ' ')}{by} · {source.path}"
    return Text(harmless(text), "dim", no_wrap=True)


def _speed(speed: Speed) -> Iterable[Text]:
    if speed.verdict is None or speed.baseline_s is None or speed.candidate_s is None:
        yield Text(f"lengths not compared: {speed.why_not or 'one of them is unknown'}")
        if speed.tools is not None:
            yield Text(_tools(speed.tools))
        return
    yield Text(_noise(speed))
    if speed.untimed is not None:
        yield Text(f"what the time went to: unknown of {speed.untimed} (no --executor timed)")
    places = decimals(round(max(speed.baseline_s, speed.candidate_s) * 1e6))
    classes = [
        f"{name} {before:.{places}f} → {after:.{places}f} s"
        for name, (before, after) in speed.by_class_s.items()
        if max(before, after) >= _CLASS_MATTERS_S
    ]
    if classes:
        yield Text("by class: " + ", ".join(classes))
    for moved in speed.moved:
        yield Text(harmless(_moved(moved)))


def _tools(tools: ToolTime) -> str:
    """Return how long the tools of B's jobs took, next to their last attempts before."""
    those = "the job that ran" if tools.ran == 1 else f"the {tools.ran:,} jobs that ran"
    if tools.jobs < tools.ran:
        those = f"{tools.jobs:,} of {those}, known from earlier runs,"
    they = "it" if tools.jobs == 1 else "they"
    now, before = duration_s(tools.after_s), duration_s(tools.before_s)
    return f"{those} took {now} of tools, {before} when {they} last ran"


def _noise(speed: Speed) -> str:
    """Return the size up to which a difference counts as noise, and how that is known."""
    assert speed.margin_s is not None  # noqa: S101 - both runs have a length here
    runs = sum(speed.runs)
    small = f"differences up to {duration_s(speed.margin_s)}"
    if runs > 2:
        return f"{small} are noise (from {plural(speed.runs[0], 'run')} and {speed.runs[1]:,})"
    return f"{small} may be noise (assumed: one run each does not show it)"


def _moved(moved: Moved) -> str:
    jobs = (moved.jobs_before, moved.jobs_after)
    before, after = (
        duration_s(time_s) if many else "none"
        for time_s, many in zip((moved.before_s, moved.after_s), jobs, strict=True)
    )
    text = f"{moved.phase} of {moved.rule}: {before} → {after}"
    if not all(jobs) or jobs == (1, 1):
        return text
    each = (moved.before_s / jobs[0], moved.after_s / jobs[1])
    many = f"{jobs[0]:,}" if jobs[0] == jobs[1] else f"{jobs[0]:,} → {jobs[1]:,}"
    return f"{text} ({duration_s(each[0])} → {duration_s(each[1])} for each of {many})"


def _work(comparison: Comparison) -> Iterable[Text]:
    work = comparison.work
    before, after = work.in_dag
    added, gone = len(work.match.added), len(work.match.gone)
    jobs = f"{before:,} → {plural(after, 'job')}"
    # What a run that did not get to its end lacks, it may not have reached.
    less = "gone" if work.ended[1] else "not reached in B"
    more = "new" if work.ended[0] else "not reached in A"
    if added or gone:
        jobs += f": {gone:,} {less}, {added:,} {more}"
    else:
        jobs += ", the same ones" if before else ""
    yield Text(jobs)
    all_ran = work.jobs == work.in_dag
    if not all_ran and not _is_planned(work):
        yield Text(f"ran: {work.jobs[0]:,} → {work.jobs[1]:,}; the others were up to date")
    for what, rules in ((less, work.rules_gone), (more, work.rules_added)):
        if rules:
            yield Text(harmless(f"rules {what}: {', '.join(rules)}"))
    if work.reasons and all_ran:
        counts = [f"{LABELS[kind]} {a:,} → {b:,}" for kind, (a, b) in work.reasons.items()]
        yield Text("jobs by reason: " + ", ".join(counts))
    if any(work.failed_attempts):
        lost, fails = work.failed_attempts
        yield Text(f"failed attempts: {lost:,} → {fails:,}")
    contents = comparison.contents
    if compared := len(contents.equal) + len(contents.differing):
        yield Text(f"checksums: {len(contents.equal):,} of {plural(compared, 'output')} the same")
    if contents.unknown:
        yield Text(
            f"contents not checked: {plural(len(contents.unknown), 'output')} without a checksum "
            "in both runs (record them with --logger-observe-outputs checksums)"
        )


def _is_planned(work: WorkDifference) -> bool:
    """Whether one of the two is a dry run: it has jobs that nothing attempted."""
    return any(jobs and not tried for jobs, tried in zip(work.jobs, work.attempts, strict=True))


def _made_before(answer: CompareAnswer) -> Iterable[Text]:
    """Say which runs made what was up to date in B."""
    made = answer.candidate.run.made.values()
    runs = {one.journal: one.start for one in sorted(made, key=lambda one: one.start or 0)}
    if not runs:
        return
    named = [
        "A" if journal == str(answer.baseline.path) else f"the run of {clock_time(start)}"
        for journal, start in runs.items()
        if start is not None
    ]
    by = named[0] if len(named) == 1 else f"{len(runs):,} runs, the last one {named[-1]}"
    yield Text(harmless(f"up to date in B: {plural(len(made), 'job')}, made by {by}"))


def _same_work(comparison: Comparison) -> Iterable[tuple[Text, Text]]:
    """Yield the kind and claim of each finding, unsafe changes first."""
    if not comparison.findings:
        yield Text("neutral", "dim"), Text("no change is recorded in the journals")
    for kind, color in _KINDS.items():
        found = [finding for finding in comparison.findings if finding.kind == kind]
        for finding in found[: _SHOWN[kind]]:
            yield Text(kind, color), _claim(finding)
        if len(found) > _SHOWN[kind]:
            more = f"… and {len(found) - _SHOWN[kind]:,} more (--format json)"
            yield Text(kind, color), Text(more, "dim")


def _claim(finding: Finding) -> Text:
    text = Text(harmless(finding.claim))
    if cited := _citations(finding.evidence):
        text.append(f"  {cited}", "dim")
    return text


def _citations(evidence: Iterable[Citation]) -> str:
    return " ".join(dict.fromkeys(f"[{harmless(one.ref)}]" for one in evidence))


def _next(answer: CompareAnswer) -> Text:
    return reader("why", answer.candidate, purpose="why the jobs of B ran")
