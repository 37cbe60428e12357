"""The text of ``jobs``: a row for each attempt, with its longest phases or its resource use."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.cost.node_clocks import node_clocks
from snakemake_logger_plugin_observe.analysis.failures.causes import (
    allocation_that_ran_out,
)
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.live.state import SHORT
from snakemake_logger_plugin_observe.analysis.phrasing import job_names, plural
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer, Source
from snakemake_logger_plugin_observe.reporters.as_text import (
    clocks,
    failures,
    live,
    resource_use,
    unended,
)
from snakemake_logger_plugin_observe.reporters.as_text.common import (
    head,
    nothing_ran,
    reader,
    warnings,
)
from snakemake_logger_plugin_observe.reporters.as_text.run_errors import errors
from snakemake_logger_plugin_observe.reporters.tables import not_shown, plain_table
from snakemake_logger_plugin_observe.reporters.words import (
    clock_time,
    decimals,
    harmless,
    job_name,
    seconds,
)
from snakemake_logger_plugin_observe.run.attempt import FINAL
from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES

_STATUS_COLORS = {"success": "green", "failed": "red", "running": "cyan", "cancelled": "yellow"}
_ROOM_FOR_NODES = 90


def parts(answer: JobsAnswer, width: int) -> list[RenderableType]:
    """Return the answer, part by part."""
    found: list[RenderableType] = [*head(answer.source), Text()]
    if answer.source.length_unknown:
        found += [Text(harmless(unended.sentence(answer.source))), Text()]
    elif not answer.failed_only and (so_far := unended.failed_so_far(answer.source)):
        found += [*so_far, Text()]
    if not answer.failed_only:
        found += live.parts(answer.source)
    if answer.by_rule:
        return [*found, *resource_use.by_rule(answer.by_rule), *warnings(answer.source.problems)]
    if not (answer.failures if answer.failed_only else answer.rows):
        found += [*_nothing(answer, width), *warnings(_out_of_time(answer))]
        return found
    if answer.failed_only:
        found += failures.parts(answer, width)
    elif answer.used:
        found += resource_use.table(answer.rows, width)
    else:
        found += _table(answer, width)
        if any(row.attempt.status == "failed" for row in answer.rows):
            failed = reader("jobs", answer.source, "--failed", purpose="what failed, and why")
            found += [Text(), failed]
    found += warnings([*answer.source.problems, *_out_of_time(answer)])
    if not (answer.failed_only or answer.used):  # these show no phases
        run = answer.source.run
        found += warnings(clocks.lines(node_clocks(run), run.makespan))
    return found


def _out_of_time(answer: JobsAnswer) -> list[str]:
    """Return a warning if the cluster job that Snakemake itself ran in reached its time limit."""
    known = allocation_that_ran_out(answer.source.run, answer.source.status)
    if known is None or known.end is None:
        return []
    job = f"{known.scheduler} job {known.cluster_job}"
    return [f"Snakemake itself ran in {job}, whose time limit ended at {clock_time(known.end)}"]


def _nothing(answer: JobsAnswer, width: int) -> list[RenderableType]:
    """Return the plan of a dry run, or why no attempt is listed."""
    run = answer.source.run
    planned = run.is_dry_run
    if planned and run.jobs and not answer.failed_only:
        jobs = sorted(run.jobs.values(), key=lambda job: job.job_id)
        table = plain_table()
        table.add_column("job", justify="right", no_wrap=True)
        table.add_column("planned", max_width=max(30, width // 3), overflow="fold")
        table.add_column("reason")
        for job in jobs:
            reason = " ".join((job.reason or "").split())
            table.add_row(
                str(job.job_id), job_name(job.rule, job.wildcards, None), harmless(reason)
            )
        return [table]
    text = _none_failed(answer) if answer.failed_only else "No attempts match."
    if not (answer.failed_only or run.attempts):
        text = nothing_ran(answer.source)
    if not_run := _not_run(answer):
        text = harmless(f"{not_run}.")
    if answer.removed:
        text = _not_started(answer)
    removed = [Text(harmless(f"{one.claim}. To do: {one.fix}.")) for one in answer.removed]
    return [Text(text), *removed, *errors(answer.source, explained=not removed)]


def _none_failed(answer: JobsAnswer) -> str:
    """Return that no job failed, and why the run did or what ended it, if it did not succeed."""
    run, status = answer.source.run, answer.source.status
    cut_off = sum(1 for one in run.attempts.values() if one.job_id is not None and one.cut_off)
    if cut_off:
        return f"No job failed: {plural(cut_off, 'job')} ended because the run was interrupted."
    if status != "failed" or answer.rule is not None:
        return "No failed attempts."
    if not run.attempts:
        return "The run failed before any job had started. No failed attempts."
    return "Snakemake itself failed. No failed attempts."


def _not_started(answer: JobsAnswer) -> str:
    """Return which jobs Snakemake could not start, for their inputs were gone."""
    readers = {one.reader.job_id: one.reader for one in answer.removed}
    return harmless(f"Snakemake could not start {job_names(readers.values())}. No failed attempts.")


def _not_run(answer: JobsAnswer) -> str:
    """Return why no job of the selected rule ran in this run; empty if one did, or none is."""
    run, rule = answer.source.run, answer.rule
    ran = {run.rule_of(attempt) for attempt in run.attempts.values()}
    if rule is None or run.planned is None or rule in ran:
        return ""
    kept, to_run = run.planned.up_to_date.get(rule, 0), run.planned.to_run.get(rule, 0)
    if not to_run:
        return f"{plural(kept, 'job')} of {rule}: up to date, so not run" if kept else ""
    waits = "not run yet" if answer.source.status == "running" else "not reached in this run"
    return f"{plural(to_run, 'job')} of {rule}: planned, and {waits}"


def _table(answer: JobsAnswer, width: int) -> Iterator[RenderableType]:
    """Yield the attempts with as many of their longest phases as the terminal has room for."""
    places = decimals(max((row.total for row in answer.rows), default=0))
    clustered = any(row.attempt.external_jobid for row in answer.rows)
    narrow = width < _ROOM_FOR_NODES
    with_nodes = clustered and not narrow  # a local run has one host and no external ids
    table = plain_table()
    headings = [
        "job",
        "attempt",
        "rule",
        "status",
        *(["external", "node"] if with_nodes else []),
        "all s",
    ]
    longest_name = 32 if narrow else max(48, width // 3)
    lines = [
        _cells(row, places, with_nodes=with_nodes, source=answer.source) for row in answer.rows
    ]
    room = width
    for heading, column in zip(headings, zip(*lines, strict=True), strict=True):
        most = longest_name if heading == "rule" else None
        right = heading in ("job", "attempt", "all s")
        table.add_column(
            heading,
            justify="right" if right else "left",
            no_wrap=heading != "rule",
            max_width=most,
            overflow="fold",
        )
        longest = max(len(heading), *(len(cell) for cell in column))
        room -= min(longest, most or longest) + 2
    phases, without_room = _phases_that_fit(answer, room)
    for phase in phases:
        table.add_column(phase, justify="right", no_wrap=True)
    for row, cells in zip(answer.rows, lines, strict=True):
        known = row.phases
        table.add_row(*cells, *(_cell(known, phase, places) for phase in phases))
    yield table
    hidden = ["external", "node"] if clustered and not with_nodes else []
    yield from not_shown([*hidden, *without_room])


def _phases_that_fit(answer: JobsAnswer, room: int) -> tuple[list[str], list[str]]:
    """Return the longest phases whose columns fit into *room*, and the others.

    Both are in the order of the phases.
    """
    sums: dict[str, int] = {}
    for row in answer.rows:
        for phase, micros in row.attempt.phases.items():
            sums[phase] = sums.get(phase, 0) + micros
    shown: set[str] = set()
    for phase in sorted(sums, key=lambda phase: -sums[phase]):
        room -= max(len(phase), 8) + 2
        if room >= -2:  # the last column needs no space after it
            shown.add(phase)
    order = [phase.name for phase in ATTEMPT_PHASES if phase.name in sums]
    fitting = [phase for phase in order if phase in shown]
    return fitting, [phase for phase in order if phase not in shown]


def _cells(row: Row, places: int, *, with_nodes: bool, source: Source) -> list[Text | str]:
    """Return an attempt's cells; of one that is out on the cluster, what it does now."""
    attempt = row.attempt
    cut = source.length_unknown and attempt.status not in FINAL  # how long it took is not known
    status: str = "in flight" if cut else attempt.status
    if source.live is not None and (now := source.live.of(attempt.key)) is not None:
        ended = now.state == "ended" and not source.live.attended
        status = "ended" if ended else SHORT[now.state]
    return [
        "" if attempt.job_id is None else str(attempt.job_id),
        str(attempt.number),
        job_name(row.rule, row.wildcards, row.group_name),
        Text(status, _STATUS_COLORS.get(attempt.status, "")),
        *(map(harmless, (attempt.external_jobid or "", attempt.node or "")) if with_nodes else ()),
        ("≥ " if cut else "") + seconds(row.total, places),
    ]


def _cell(known: dict[str, int | None], phase: str, places: int) -> str:
    if phase not in known:
        return "·"
    micros = known[phase]
    return "?" if micros is None else seconds(micros, places)
