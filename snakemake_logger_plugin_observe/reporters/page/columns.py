"""The attempts of a run and its actual path as packed columns, for the page's timeline and table.

Moments are ticks since the run's start; a tick is as long as the run's length and size ask for, so
that it is exact for a small run and below a pixel for a large one.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import ResourceUse
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.phrasing import wildcard_values
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.as_text.actual_path import released
from snakemake_logger_plugin_observe.reporters.page.lengths import fitted
from snakemake_logger_plugin_observe.reporters.page.packing import Numbered, numbers, texts
from snakemake_logger_plugin_observe.reporters.words import harmless
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES

_TICKS: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
_MOST_TICKS: Final = 1 << 31
_MANY: Final = 20_000
_COARSE: Final = 1_000
"""The tick of a run of so many attempts, at least, in microseconds."""
_PHASES: Final = {name: number for number, name in enumerate(PHASES)}
_OF_MEMBERS: Final = len(_PHASES)
"""The phase of a stretch of a group's submission that its members own."""


def tick_of(length: Micros, attempts: int) -> Micros:
    """Return the unit of the page's moments, in microseconds."""
    least = _COARSE if attempts > _MANY else 1
    return next((one for one in _TICKS if one >= least and length // one < _MOST_TICKS), _TICKS[-1])


def attempts(run: Run, rows: Sequence[Row], tick: Micros, *, cut: bool = False) -> dict[str, Any]:
    """Return the *rows* as columns, in their order, with the texts that these number.

    Args:
        run: the run.
        rows: its attempts.
        tick: the unit of their moments, in microseconds.
        cut: whether the run stopped without an end: what was going on then is not known to go on.

    """
    began = run.start or 0
    starts: list[int | None] = []
    sequences: dict[tuple[int, ...], int] = {}
    sequence: list[int | None] = []
    lengths: list[int | None] = []
    for row in rows:
        segments = row.attempt.segments
        at = max(0, segments[0].start - began) // tick if segments else None
        starts.append(at)
        key = tuple([_PHASES.get(phase or "", _OF_MEMBERS) for _, _, phase in segments])
        sequence.append(sequences.setdefault(key, len(sequences)))
        so_far = at or 0
        for _, moment, _ in segments:
            end = max(so_far, (moment - began) // tick)
            lengths.append(end - so_far)
            so_far = end
    return {
        "count": len(rows),
        "sequences": [list(one) for one in sequences],
        "start": numbers(starts),
        "sequence": numbers(sequence),
        "length": numbers(lengths),
        "within": numbers(list(_groups(rows))),
        **_facts(rows, cut=cut),
    }


def _groups(rows: Sequence[Row]) -> Iterator[int | None]:
    """Yield the row of each attempt's group: of a member, the submission that it is a part of."""
    of_group = {
        (one.group, one.number): number
        for number, one in enumerate(row.attempt for row in rows)
        if one.job_id is None and one.group is not None
    }
    for one in (row.attempt for row in rows):
        yield of_group.get((one.group or "", one.number)) if one.is_member else None


def _facts(rows: Sequence[Row], *, cut: bool) -> dict[str, Any]:
    """Return what is known of each attempt besides its times."""
    rules, groups, nodes, statuses = Numbered(), Numbered(), Numbered(), Numbered()
    labels, external = Numbered(), Numbered()
    tried = [(row, row.attempt, row.use) for row in rows]
    columns = {
        "rule": numbers([rules.of(_safe(row.rule)) for row in rows], 2),
        "group": numbers([groups.of(_safe(row.group_name)) for row in rows], 2),
        "label": numbers([labels.of(_safe(wildcard_values(row.wildcards))) for row in rows]),
        "status": numbers([statuses.of(_status(one, cut=cut)) for _, one, _ in tried], 1),
        "node": numbers([nodes.of(_safe(one.node)) for _, one, _ in tried], 2),
        "external": numbers([external.of(_safe(one.external_jobid)) for _, one, _ in tried]),
        "job": numbers([one.job_id for _, one, _ in tried]),
        "attempt": numbers([one.number for _, one, _ in tried], 2),
        "exit": numbers([one.exit_code for _, one, _ in tried], 2),
        "signal": numbers([one.signal for _, one, _ in tried], 1),
        "threads": numbers([use.threads for _, _, use in tried], 2),
        "cpu_ms": numbers([_times(use.cpu_s, 1_000) for _, _, use in tried]),
        "asked_kb": numbers([_times(use.memory_requested_bytes, 1e-3) for _, _, use in tried]),
        "used_kb": numbers([_times(use.memory_peak_bytes, 1e-3) for _, _, use in tried]),
        "bound": numbers([_bound(use) for _, _, use in tried], 1),
        "asked_s": numbers([_times(use.runtime_requested_s, 1) for _, _, use in tried]),
        "line": numbers([row.line for row in rows]),
    }
    small = {"rules": rules, "groups": groups, "nodes": nodes, "statuses": statuses}
    return {
        **columns,
        **{name: list(one.texts) for name, one in small.items()},
        "labels": texts(labels.texts),
        "externals": texts(external.texts),
    }


def path(
    run: Run, rows: Sequence[Row], segments: Sequence[MakespanSegment], tick: Micros
) -> dict[str, Any]:
    """Return the actual path as columns: when each segment ends, its phase, and its row."""
    began = run.start or 0
    of_key = {row.attempt.key: number for number, row in enumerate(rows)}
    why = Numbered()
    owners = [
        of_key.get((_name(one), one.attempt)) if one.attempt is not None else None
        for one in segments
    ]
    return {
        "count": len(segments),
        "end": numbers([max(0, one.end - began) // tick for one in segments]),
        "phase": numbers([_PHASES.get(one.phase) for one in segments], 1),
        "row": numbers(owners),
        "why": numbers([why.of(_safe(released(one.released_by)) or None) for one in segments]),
        "whys": texts(why.texts),
    }


def _name(one: MakespanSegment) -> int | str:
    return one.job_id if one.job_id is not None else one.group or ""


def _safe(text: str | None) -> str | None:
    return None if text is None else fitted(harmless(text))


def _status(attempt: Attempt, *, cut: bool) -> str:
    return "in flight" if cut and attempt.status not in FINAL else attempt.status


def _bound(use: ResourceUse) -> int:
    """Return 1 where a peak is an upper bound, 2 where it is a lower one, else 0."""
    return 1 if use.memory_peak_is_bound else 2 if use.memory_peak_is_least else 0


def _times(amount: float | None, factor: float) -> int | None:
    return None if amount is None else round(amount * factor)
