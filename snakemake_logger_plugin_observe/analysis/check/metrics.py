"""The figures of a run that a check file can limit, each with the journal lines behind it."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from snakemake_logger_plugin_observe.analysis.check.counts import done_again, failed_last, unseen
from snakemake_logger_plugin_observe.analysis.check.measured_run import (
    MOST_CITED,
    MeasuredRun,
    Measurement,
    unknown,
)
from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.percentile import percentile
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key
from snakemake_logger_plugin_observe.run.endings import describe_exit, exit_of
from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES, CLASSES, PHASES, UNOBSERVED
from snakemake_logger_plugin_observe.run.scope import part_of

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.analysis.failures.failures import Failure

_ATTEMPT_PHASES: Final = frozenset(phase.name for phase in ATTEMPT_PHASES)
_OF_MEMBERS: Final = ("stage_in", "compute", "stage_out", UNOBSERVED)
_PERCENTILES: Final = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}


# -- time ------------------------------------------------------------------------------------------


def _makespan(measured: MeasuredRun, _part: str) -> Measurement:
    longest = _largest((one, one.since_selected) for one in measured.run.attempts.values())
    cited = measured.cite(longest, lambda micros: f"{_s(micros)} since it was selected")
    length_s = measured.run.makespan / 1e6
    if measured.ended:  # known even if the journal has gaps
        return Measurement(length_s, length_s, evidence=cited)
    return Measurement(length_s, None, measured.incomplete, cited)


def _class_share(measured: MeasuredRun, part: str) -> Measurement:
    whole = measured.account.makespan
    if not whole:
        return unknown("the run took no time")
    if not measured.ended:
        return unknown(measured.incomplete)
    if measured.partial:
        return unknown(measured.partial)
    owned: Counter[Key] = Counter()
    for one in measured.account.segments:
        key = one.job_id if one.job_id is not None else one.group
        if one.cost_class == part and key is not None and one.attempt is not None:
            owned[key, one.attempt] += one.end - one.start
    found = _largest((measured.run.attempts[key], micros) for key, micros in owned.items())
    cited = measured.cite(found, lambda micros: f"{_s(micros)} of the makespan in {part}")
    share = measured.account.makespan_by_class[part] / whole
    return Measurement(share, share, evidence=cited)


def _phase(measured: MeasuredRun, part: str) -> Measurement:
    if part not in _ATTEMPT_PHASES:  # the run's own
        return measured.counted(measured.account.makespan_by_phase.get(part, 0) / 1e6, ())
    known, hidden = _known_phase(measured, part)
    total = sum(micros for _, micros in known) / 1e6
    return measured.counted(total, _cite(measured, part, known), _may_hide(part, hidden))


def _queue_wait(measured: MeasuredRun, part: str) -> Measurement:
    known, hidden = _known_phase(measured, "queue_wait")
    why = measured.incomplete or _may_hide("queue_wait", hidden)
    if not known:
        return unknown(why or "no job of this run waited in a queue")
    cited = _cite(measured, "queue_wait", known)
    share, lengths = _PERCENTILES[part], sorted(micros / 1e6 for _, micros in known)
    if measured.incomplete:  # missing jobs could change it either way
        return Measurement(None, None, why, cited)
    low = percentile([0.0] * hidden + lengths, share)
    high = percentile(lengths + [math.inf] * hidden, share)
    return Measurement(low, None if high == math.inf else high, why, cited)


def _rule_compute(measured: MeasuredRun, part: str) -> Measurement:
    known, hidden = _known_phase(measured, "compute", part)
    if not known and not hidden:
        return unknown(f"no job of the rule {part} ran")
    longest = max((micros for _, micros in known), default=0) / 1e6
    return measured.counted(
        longest, _cite(measured, "compute", known), _may_hide("compute", hidden)
    )


def _cite(
    measured: MeasuredRun, phase: str, known: list[tuple[Attempt, Micros]]
) -> tuple[Citation, ...]:
    return measured.cite(_largest(known), lambda micros: f"{phase} {_s(micros)}")


def _known_phase(
    measured: MeasuredRun, phase: str, rule: str | None = None
) -> tuple[list[tuple[Attempt, Micros]], int]:
    """Return the attempts in *phase* with their times, and how many more may have been in it."""
    known, hidden = [], 0
    for row in measured.rows:
        if row.attempt.is_member and phase not in _OF_MEMBERS:
            continue  # counted in its group's submission
        if (rule is None or row.rule == rule) and phase in row.phases:
            micros = row.phases[phase]
            if micros is None:
                hidden += 1
            else:
                known.append((row.attempt, micros))
    return known, hidden


def _may_hide(phase: str, attempts: int) -> str:
    return f"{phase} could not be observed in {plural(attempts, 'attempt')}" if attempts else ""


# -- work ------------------------------------------------------------------------------------------


def _planned(measured: MeasuredRun, _part: str) -> Measurement:
    """Return how many jobs the last planning had to run, or else how many the journal has.

    If some were up to date, a full run would have planned those, too: the figure is one of the two.
    """
    run, planned = measured.run, measured.run.planned
    ended = measured.status in ("success", "nothing_to_do", "dry_run")
    interrupted = measured.status == "interrupted"
    how = "was interrupted" if interrupted else measured.status.replace("_", " ")
    more = "" if ended else f"the run {how}: more may have been planned later"
    if planned is None:
        found = measured.counted(len(run.jobs), _by_rule(measured, run.jobs.values()), more)
        return replace(found, why=found.why or "counted from the jobs in the journal")
    counts = sorted(planned.to_run.items(), key=lambda item: -item[1])
    side = CitedRun("B", run)
    cited = [
        one for rule, n in counts for one in side.at_event(planned, f"{plural(n, 'job')} of {rule}")
    ]
    found = measured.counted(sum(planned.to_run.values()), cited, more)
    if part_of(run):
        return replace(found, high=None, why=measured.partial)
    if measured.partial and found.exact:
        kept = sum(planned.up_to_date.values())
        return replace(found, high=(found.high or 0) + kept, why=measured.partial)
    return found


def _failed(measured: MeasuredRun, _part: str) -> Measurement:
    failed = failed_last(measured.attempts)
    return measured.counted(len(failed), measured.cite(((one, one) for one in failed), _ended))


def _retries(measured: MeasuredRun, _part: str) -> Measurement:
    again = done_again(measured.attempts)
    return measured.counted(len(again), measured.cite(again, str), _unseen_executions(measured))


def _masked(measured: MeasuredRun, _part: str) -> Measurement:
    """Return how many failures were hidden by retries: recovered, or deterministic."""
    from snakemake_logger_plugin_observe.analysis.failures.failures import failures, masked

    hidden = masked(failures(measured.run))
    found = ((one.rows[-1].attempt, one) for one in hidden)
    return measured.counted(
        len(hidden), measured.cite(found, _hidden), _unseen_executions(measured)
    )


def _hidden(one: "Failure") -> str:
    times = len(one.occurrences)
    if one.outcome == "succeeded":
        return f"failed {plural(times, 'time')}, then succeeded"
    return f"failed {times} times the same way"


def _unseen_executions(measured: MeasuredRun) -> str:
    """Return why there may have been more executions; empty if all were observed."""
    count = unseen(measured.attempts)
    return (
        f"executions on the node were not observed in {plural(count, 'attempt')}" if count else ""
    )


def _missing_logs(measured: MeasuredRun, _part: str) -> Measurement:
    return _missing(measured, lambda job: bool(job.log))


def _missing_benchmarks(measured: MeasuredRun, _part: str) -> Measurement:
    return _missing(measured, lambda job: job.benchmark is not None)


def _missing(measured: MeasuredRun, has: Callable[[JobDescribed], bool]) -> Measurement:
    """Return how many jobs lack one, except target rules, which make and run nothing."""
    lacking = [
        job
        for job in measured.run.jobs.values()
        if not has(job) and (job.output or job.shellcmd or job.script)
    ]
    return measured.counted(len(lacking), _by_rule(measured, lacking), measured.partial)


def _by_rule(measured: MeasuredRun, jobs: Iterable[JobDescribed]) -> Iterator[Citation]:
    """Cite each rule's count at the line of its first job, the largest count first."""
    first: dict[str, int] = {}
    counts: Counter[str] = Counter()
    for job in jobs:
        first.setdefault(job.rule, job.job_id)
        counts[job.rule] += 1
    for rule, count in counts.most_common():
        yield from CitedRun("B", measured.run).at_job(
            first[rule], f"{plural(count, 'job')} of {rule}"
        )


def _ended(attempt: Attempt) -> str:
    """Return how an attempt failed: status, number, and signal or exit code."""
    ended = describe_exit(*exit_of(attempt, None, last=True))
    return f"{attempt.status} at attempt {attempt.number}" + (f", {ended}" if ended else "")


# -- requests --------------------------------------------------------------------------------------


def _memory(measured: MeasuredRun, _part: str) -> Measurement:
    requesting = [row for row in measured.rows if row.use.memory_requested_bytes]
    exact: list[tuple[Attempt, float]] = []
    at_most: list[tuple[Attempt, float]] = []
    at_least: list[tuple[Attempt, float]] = []
    for row in requesting:
        if row.use.memory_peak_bytes is not None:
            share = row.use.memory_peak_bytes / (row.use.memory_requested_bytes or 1)
            kind = at_most if row.use.memory_peak_is_bound else exact
            (at_least if row.use.memory_peak_is_least else kind).append((row.attempt, share))
    return _of_request(measured, "memory", len(requesting), (exact, at_most, at_least))


def _time(measured: MeasuredRun, _part: str) -> Measurement:
    requesting = [
        row
        for row in measured.rows
        if row.use.runtime_requested_s and row.attempt.external_jobid is not None
    ]
    exact = [
        (row.attempt, row.use.on_node_s / (row.use.runtime_requested_s or 1))
        for row in requesting
        if row.use.on_node_s is not None
    ]
    return _of_request(measured, "runtime", len(requesting), (exact, [], []))


def _of_request(
    measured: MeasuredRun,
    what: str,
    requesting: int,
    shares: tuple[list[tuple[Attempt, float]], ...],
) -> Measurement:
    """Return the largest used share of a request, by its bounds.

    *shares* are those that are known exactly, upper bounds, and lower bounds.
    """
    exact, at_most, at_least = shares
    if not requesting:
        return unknown(f"no job of this run requested {what}")
    if not exact and not at_most and not at_least:
        return unknown(f"{what} was not measured")
    found = sorted((exact + at_least) or at_most, key=lambda one: -one[1])[:MOST_CITED]
    cited = measured.cite(found, lambda share: f"{100 * share:.0f} % of its requested {what}")
    low = max((share for _, share in exact + at_least), default=None)
    missing = requesting - len(exact) - len(at_most) - len(at_least)
    if measured.incomplete or missing:
        not_measured = f"{what} was not measured in {plural(missing, 'attempt')}"
        return Measurement(low, None, measured.incomplete or not_measured, cited)
    if at_least:
        return Measurement(low, None, "only a lower bound is known for some jobs", cited)
    high = max(share for _, share in exact + at_most)
    why = "" if high == low else "only a bound is known for some jobs"
    return Measurement(low, high, why, cited)


# -- all of them -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: how it is measured, its unit, and its parts."""

    measure: Callable[[MeasuredRun, str], Measurement]
    unit: Literal["count", "s", "share", "ratio"]
    parts: tuple[str, ...] | None = ()
    """The names that may follow a dot: none if it has no parts, None if any name may."""
    of_plans: bool = False
    """Whether a dry run has it as well."""


FIGURES: Final[dict[str, Figure]] = {
    "makespan_s": Figure(_makespan, "s"),
    "class_share": Figure(_class_share, "share", tuple(CLASSES)),
    "phase_s": Figure(_phase, "s", tuple(PHASES)),
    "queue_wait_s": Figure(_queue_wait, "s", tuple(_PERCENTILES)),
    "rule_compute_s": Figure(_rule_compute, "s", None),
    "jobs_planned": Figure(_planned, "count", of_plans=True),
    "failed_jobs": Figure(_failed, "count"),
    "retries": Figure(_retries, "count"),
    "masked_failures": Figure(_masked, "count"),
    "missing_logs": Figure(_missing_logs, "count", of_plans=True),
    "missing_benchmarks": Figure(_missing_benchmarks, "count", of_plans=True),
    "memory_of_request": Figure(_memory, "ratio"),
    "time_of_request": Figure(_time, "ratio"),
}
"""Every figure by name."""


def measure(measured: MeasuredRun, figure: str, part: str = "") -> Measurement:
    """Return a figure of the run, or of a part: ``("phase_s", "latency_wait")``."""
    known = FIGURES[figure]
    if measured.kind != "run" and not known.of_plans:
        dry = measured.kind == "dry_run"
        return unknown("nothing ran: a dry run" if dry else "the run only touched its outputs")
    return known.measure(measured, part)


def _largest(found: Iterable[tuple[Attempt, Micros]]) -> list[tuple[Attempt, Micros]]:
    return sorted(
        (one for one in found if one[1] >= 500),  # half a millisecond
        key=lambda one: -one[1],
    )[:MOST_CITED]


def _s(micros: Micros) -> str:
    return f"{micros / 1e6:.3f} s"
