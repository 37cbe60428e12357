"""The table of attempts: one row each, in the order in which they became ready."""

import json
from collections.abc import Callable, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.jobs.resource_use import ResourceUse
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, rows
from snakemake_logger_plugin_observe.reporters.flat_tables.column import (
    Cell,
    Column,
    FlatTable,
    moment_of,
    seconds_of,
)
from snakemake_logger_plugin_observe.run.attempt import FINAL
from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES


def _wildcards(row: Row) -> str | None:
    if row.rule is None:
        return None
    return json.dumps(row.wildcards, ensure_ascii=False)


def phase_s(row: Row, phase: str) -> float | None:
    """Return the seconds that an attempt spent in a phase; None where that is not known.

    It is 0 where an attempt that has ended did not come to it, or its group has it.
    """
    attempt = row.attempt
    if phase in attempt.phases:
        return seconds_of(attempt.phases[phase])
    if attempt.status not in FINAL or not attempt.segments:
        return None
    return seconds_of(row.phases.get(phase, 0))


def _phase(name: str) -> Callable[[Row], Cell]:
    return lambda row: phase_s(row, name)


def _memory_bound(use: ResourceUse) -> str | None:
    if use.memory_peak_bytes is None:
        return None
    if use.memory_peak_is_bound:
        return "at_most"
    return "at_least" if use.memory_peak_is_least else "exact"


def _compute(row: Row) -> Iterator[int]:
    """Yield the beginnings and the ends of the time in which its tool ran."""
    for one in row.attempt.segments:
        if one.phase == "compute":
            yield one.start
            yield one.end


_WHAT: Final[tuple[Column[Row], ...]] = (
    Column("job_id", "integer", "the job's number in its run", lambda row: row.attempt.job_id),
    Column("attempt", "integer", "1 is its first attempt", lambda row: row.attempt.number),
    Column("rule", "text", "empty for the submission of a group", lambda row: row.rule),
    Column("wildcards", "text", "a JSON object, in the rule's order", _wildcards),
    Column("status", "text", "how it ended, or how far it is", lambda row: row.status),
    Column("group", "text", "the id of its group, if it is in one", lambda row: row.attempt.group),
    Column("node", "text", "the host that it ran on", lambda row: row.attempt.node),
    Column(
        "external_jobid", "text", "its id in the cluster", lambda row: row.attempt.external_jobid
    ),
    Column("exit_code", "integer", "of its tool, if it failed", lambda row: row.attempt.exit_code),
    Column("signal", "integer", "that ended its tool", lambda row: row.attempt.signal),
    Column("message", "text", "what was reported of its failure", lambda row: row.attempt.message),
)
_WHEN: Final[tuple[Column[Row], ...]] = (
    Column(
        "ready_at",
        "moment",
        "when Snakemake could first have selected it",
        lambda row: moment_of(row.attempt.stamps.ready),
    ),
    Column(
        "selected_at",
        "moment",
        "when Snakemake selected it",
        lambda row: moment_of(row.attempt.stamps.selected),
    ),
    Column(
        "submitting_at",
        "moment",
        "when its submission began",
        lambda row: moment_of(row.attempt.stamps.submitting),
    ),
    Column(
        "accepted_at",
        "moment",
        "when the executor had accepted it",
        lambda row: moment_of(row.attempt.stamps.accepted),
    ),
    Column(
        "compute_start_at",
        "moment",
        "when its tool started, the first time",
        lambda row: moment_of(min(_compute(row), default=None)),
    ),
    Column(
        "compute_end_at",
        "moment",
        "when its tool ended, the last time",
        lambda row: moment_of(max(_compute(row), default=None)),
    ),
    Column(
        "reported_at",
        "moment",
        "when the executor reported its end",
        lambda row: moment_of(row.attempt.stamps.reported),
    ),
    Column(
        "finished_at",
        "moment",
        "when Snakemake was done with it",
        lambda row: moment_of(row.attempt.stamps.finished),
    ),
)
_HOW_LONG: Final[tuple[Column[Row], ...]] = (
    Column(
        "total_s",
        "number",
        "the sum of its phases: from ready to finished",
        lambda row: seconds_of(row.total) if row.attempt.segments else None,
    ),
    *(
        Column(f"{phase.name}_s", "number", phase.meaning, _phase(phase.name))
        for phase in ATTEMPT_PHASES
    ),
)
_RESOURCES: Final[tuple[Column[Row], ...]] = (
    Column("requested_threads", "integer", "its threads", lambda row: row.use.threads),
    Column(
        "requested_memory_bytes",
        "integer",
        "what its submission requested, by the scheduler's record where there is one",
        lambda row: row.use.memory_requested_bytes,
    ),
    Column(
        "requested_runtime_s",
        "number",
        "its time limit, by the scheduler's record where there is one",
        lambda row: _number(row.use.runtime_requested_s),
    ),
    Column("used_cpu_s", "number", "CPU seconds of its tool", lambda row: _number(row.use.cpu_s)),
    Column(
        "used_memory_bytes",
        "integer",
        "the peak of its memory; the next column says how exact",
        lambda row: row.use.memory_peak_bytes,
    ),
    Column(
        "used_memory_is",
        "text",
        "`exact`, `at_most` or `at_least`",
        lambda row: _memory_bound(row.use),
    ),
    Column(
        "used_runtime_s",
        "number",
        "its time on a node, which its time limit counts",
        lambda row: _number(row.use.on_node_s),
    ),
    Column("read_bytes", "integer", "what its tool read", lambda row: row.use.read_bytes),
    Column("written_bytes", "integer", "what its tool wrote", lambda row: row.use.written_bytes),
    Column("journal_line", "integer", "the last journal line about it", lambda row: row.line),
)


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


TABLE: Final = FlatTable(rows, (*_WHAT, *_WHEN, *_HOW_LONG, *_RESOURCES))
