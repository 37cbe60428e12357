"""Time in phases for detectors of slowness: whether it matters, citations, check limits."""

from collections.abc import Iterable
from heapq import nlargest
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.cost.account import sum_phases
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import RunPhase
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import RUN_PHASES

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.run.attempt import Attempt

_CITED: Final = 3
_GROUP: Final = 60_000_000
"""The aim for a group's compute time: worth its start-up, yet little is lost if it fails."""
_MOST_IN_GROUP: Final = 50
_OF_RUN: Final = frozenset(phase.name for phase in RUN_PHASES)


def matters(case: Case, *phases: str) -> bool:
    """Whether *phases* took a large share of the run, or explain why it was slower."""
    return case.is_large(case.spent(*phases)) or case.explains_slowness(case.grew(*phases))


def cite_longest(case: Case, phases: Iterable[str]) -> tuple[Citation, ...]:
    """Cite the attempts that spent most time in *phases*, each with its longest phase."""
    phases = tuple(phases)

    def spent(attempt: "Attempt") -> Micros:
        return sum(attempt.phases.get(phase, 0) for phase in phases)

    found: list[Citation] = []
    for attempt in nlargest(_CITED, case.run.attempts.values(), key=spent):
        if spent(attempt):
            phase = max(phases, key=lambda name: attempt.phases.get(name, 0))
            text = f"{phase}: {attempt.phases[phase] / 1e6:.1f} s"
            found.extend(case.side.at_line(attempt.line, text))
    return tuple(found)


def cite_grown(case: Case, jobs: Iterable[tuple[Micros, Micros, int]]) -> tuple[Citation, ...]:
    """Cite the jobs whose tools' times grew most; *jobs* as in ``Tool.jobs``."""
    line_of = {a.job_id: a.line for a in case.run.attempts.values()}
    return tuple(
        one
        for grew, was, job_id in nlargest(_CITED, jobs)
        for one in case.side.at_line(
            line_of.get(job_id), f"compute: {(was + grew) / 1e6:.2f} s, {was / 1e6:.2f} s before"
        )
    )


def rules_of(case: Case, phases: Iterable[str]) -> tuple[str, ...]:
    """Return the rules whose jobs own *phases* of the makespan, the longest first."""
    phases = frozenset(phases)
    owned: dict[str, Micros] = {}
    for one in case.account.segments:
        if one.phase in phases and one.rule is not None:
            owned[one.rule] = owned.get(one.rule, 0) + one.end - one.start
    return tuple(sorted(owned, key=lambda rule: (-owned[rule], rule)))


def group_size(jobs: int, tool: Micros) -> int:
    """Return how many of a rule's *jobs* to group, if each tool runs for *tool*."""
    return max(2, min(_MOST_IN_GROUP, jobs // 2, _GROUP // max(tool, 1)))


def replanning_time(run: Run) -> Micros:
    """Return how long *run* re-planned after checkpoints."""
    return sum(one.end - one.time for one in run.phases if is_replanning(one))


def is_replanning(phase: RunPhase) -> bool:
    """Whether *phase* is a re-evaluation of the DAG after a checkpoint."""
    return phase.phase == "plan" and phase.detail == "checkpoint"


def phase_limit(case: Case, phase: str) -> str:
    """Return a limit on *phase* for a check file that this run breaks and a good run passes."""
    now = _sum(case, phase)
    before = 0
    if case.baseline is not None:
        own = (
            case.baseline_by_phase
            if phase in _OF_RUN
            else sum_phases(case.baseline.attempts.values())
        )
        before = own.get(phase, 0)
    limit = min((now + before) / 2, 2 * before) if before else now / 2
    return f"phase_s.{phase} <= {rounded(limit / 1e6)}"


def _sum(case: Case, phase: str) -> Micros:
    if phase in _OF_RUN:
        return case.by_phase.get(phase, 0)
    return sum(attempt.phases.get(phase, 0) for attempt in case.run.attempts.values())


def rounded(value: float) -> str:
    """Return a limit with few digits, never with an exponent."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
