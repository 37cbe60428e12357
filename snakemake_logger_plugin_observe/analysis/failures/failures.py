"""The failed jobs of a run: every failure of each, and whether retries helped.

Executions are counted as they happened. One attempt on a node can run its tool several times,
because the Snakemake there follows a rule's ``retries:`` as well. A group's failed submission
counts as a failure of the members that failed by themselves, or of the group if none did.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from snakemake_logger_plugin_observe.analysis.failures.endings import Ending, endings
from snakemake_logger_plugin_observe.analysis.failures.memory_limit import MemoryLimit
from snakemake_logger_plugin_observe.analysis.failures.messages import (
    NOT_SUBMITTED,
    Cause,
    is_about_invalid_output,
)
from snakemake_logger_plugin_observe.analysis.failures.occurrences import (
    counts_for_group,
    lost_with,
    occurrences_in,
)
from snakemake_logger_plugin_observe.analysis.failures.request_use import RequestUse, request_use
from snakemake_logger_plugin_observe.analysis.failures.requests import differing_requests
from snakemake_logger_plugin_observe.analysis.failures.signatures import (
    Occurrence,
    Repeat,
    compare_failures,
    own_text,
    signature,
)
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, RowFilter, rows
from snakemake_logger_plugin_observe.analysis.phrasing import group_name
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FAILED, FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.node_processes import total_length

Outcome = Literal["failed", "succeeded", "cancelled", "unfinished"]
Verdict = Literal["once", "deterministic", "repeated", "different", "unknown"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A job that failed at least once, or a group whose submission failed as a whole."""

    job_id: int | None
    """None for a group."""
    group: str | None
    group_name: str | None
    rule: str | None
    wildcards: dict[str, str]
    inputs: tuple[str, ...]
    rows: tuple[Row, ...]
    """All its attempts, including those that succeeded."""
    occurrences: tuple[Occurrence, ...]
    """Each time that it failed, in order; never empty."""
    repeats: tuple[Repeat, ...]
    """How each failure after the first compares with the one before it."""
    executions: int
    """How often its tool is known to have run."""
    failed_executions: int
    all_seen: bool
    """Whether every attempt shows how often it ran the tool."""
    outcome: Outcome
    verdict: Verdict
    """``deterministic``: it failed twice or more, always in the same way; ``repeated``: the same,
    but it succeeded in the end; ``different``: not always in the same way; ``unknown``: too little
    is known to compare."""
    ways: tuple[Ending, ...]
    """The ways in which it failed, each with its failures; more than one if ``different``."""
    requested: dict[int, str]
    """What its attempts requested, by their numbers, where that differs between them."""
    retries: int | None
    """How often Snakemake retries it; None if that is not recorded."""
    own_retries: bool | None
    """Whether its rule says so, and not ``--retries``; None if not recorded, or not retried."""
    stopped: tuple[str, ...]
    """The rules of jobs that Snakemake stopped because it failed: they share a pipe with it."""
    undone: tuple[int, ...]
    """Jobs that had succeeded in the group that it failed last: their outputs are removed."""
    prevented: tuple[int, ...]
    """Jobs of that group that did not run because of it."""
    lost: Micros
    """The time that its failures took: failed attempts from their selection on, and the failed
    executions of the other attempts. A group's is counted once, with all its members'."""
    lost_in: dict[str, Micros]
    """The part of it that failed attempts took, by phase."""
    use: RequestUse
    """What the attempt that is ``decisive``, or the execution in it, used and requested."""

    @property
    def key(self) -> int | str:
        """Return what identifies the job or the group in its run."""
        return self.job_id if self.job_id is not None else self.group or ""

    @property
    def last(self) -> Occurrence:
        """Return the last time that it failed."""
        return self.occurrences[-1]

    @property
    def decisive(self) -> Occurrence:
        """Return the failure to fix: the last one, or the last before its retry was refused.

        Without that failure nothing would have been submitted again.
        """
        return _decisive(self.occurrences)

    @property
    def decisive_row(self) -> Row:
        """Return the attempt of that failure."""
        return next(row for row in self.rows if row.attempt.number == self.decisive.attempt)

    @property
    def cause(self) -> Cause:
        """Return why it failed the last time that it was not refused, if there is such a time."""
        return self.decisive.why.cause

    @property
    def texts_known(self) -> bool:
        """Whether each of its failures left a message to compare, besides an exit code."""
        return all(own_text(one) is not None for one in self.occurrences)

    @property
    def has_invalid_output(self) -> bool:
        """Whether its output was there, but not as ``ensure()`` declares it."""
        return self.cause == "missing_output" and is_about_invalid_output(self.decisive.message)

    @property
    def succeeded_on(self) -> int | None:
        """Return the attempt that succeeded in the end, or None."""
        return self.rows[-1].attempt.number if self.outcome == "succeeded" else None

    @property
    def failed_first(self) -> bool:
        """Whether its first execution failed."""
        first = self.occurrences[0]
        return first.attempt == 1 and first.execution in (1, None)

    @property
    def masked(self) -> bool:
        """Whether retries hid it: it recovered, or it failed in the same way on every retry."""
        return self.outcome == "succeeded" or self.verdict == "deterministic"

    @property
    def likeness(self) -> tuple[object, ...]:
        """Return a key that jobs of a rule share if they failed in the same way, as often."""
        attempts = len(self.rows)
        how_often = (self.outcome, self.verdict, attempts, self.executions, len(self.occurrences))
        ways = (signature(one.last, self.wildcards) for one in self.ways)
        return (self.rule, self.group_name, *how_often, *ways)


def failures(run: Run, limit: MemoryLimit | None = None) -> tuple[Failure, ...]:
    """Return what failed at least once: first what never succeeded, then by lost time.

    Args:
        run: the run.
        limit: what is known of a limit on memory, if the run has not all of its attempts.

    """
    by_key: dict[int | str, list[Row]] = {}
    for row in rows(run, RowFilter(failed=True)):
        by_key.setdefault(row.attempt.key[0], []).append(row)
    limit = limit or MemoryLimit(run)
    found = [
        failure
        for of_one in by_key.values()
        if (failure := _failure(run, sorted(of_one, key=_number), limit)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.outcome == "succeeded", -one.lost)))


def masked(found: Iterable[Failure]) -> tuple[Failure, ...]:
    """Return the failures that retries hid."""
    return tuple(one for one in found if one.masked)


def _number(row: Row) -> int:
    return row.attempt.number


def _failure(run: Run, of_one: list[Row], limit: MemoryLimit) -> Failure | None:
    """Return the failure of one job or group, from all its attempts.

    None if the failed submission counts as a failure of others (see the module).
    """
    times = [
        (row.attempt, found) for row in of_one if (found := [*occurrences_in(run, row, limit)])
    ]
    if not times:
        return None
    first, last = of_one[0], of_one[-1].attempt
    occurrences = [one for _, found in times for one, _ in found]
    repeats = tuple(compare_failures(a, b) for a, b in pairwise(occurrences))
    ways, outcome = endings(occurrences, repeats), _outcome(last)
    involved = _involved(run, of_one)
    lost, lost_in = _lost(run, [attempt for attempt, _ in times])
    decisive = _decisive(occurrences).attempt
    ended, execution = next((one, found[-1][1]) for one, found in times if one.number == decisive)
    job = run.job_of(last)
    return Failure(
        job_id=last.job_id,
        group=last.group,
        group_name=group_name(run, last.group),
        rule=first.rule,
        wildcards=first.wildcards,
        inputs=job.input if job is not None else (),
        rows=tuple(of_one),
        occurrences=tuple(occurrences),
        repeats=repeats,
        executions=_count_executions(run, involved),
        failed_executions=sum(1 for one in occurrences if one.execution is not None),
        all_seen=all(map(_seen, involved)),
        outcome=outcome,
        verdict=_verdict(repeats, ways, outcome),
        ways=ways,
        requested=differing_requests(run, (row.attempt for row in of_one)),
        retries=job.retries if job is not None else None,
        own_retries=job.own_retries if job is not None else None,
        stopped=_stopped_with(run, last),
        undone=_members(run, last, run.is_undone),
        prevented=_members(run, last, lambda one: one.status == "cancelled" and not one.cut_off),
        lost=lost,
        lost_in=lost_in,
        use=request_use(run, ended, execution if ended.status not in FAILED else None),
    )


def _involved(run: Run, of_one: Sequence[Row]) -> list[Attempt]:
    """Return the attempts of a job; of a group, those of its members."""
    own = [row.attempt for row in of_one]
    if own[-1].job_id is not None:
        return own
    members = run.members(own[-1].group or "")
    keys = ((member, one.number) for member in members for one in own)
    return [run.attempts[key] for key in keys if key in run.attempts]


def _count_executions(run: Run, attempts: Sequence[Attempt]) -> int:
    """Return how often tools are known to have run in *attempts*."""
    executions = (one for attempt in attempts for one in run.final_executions(attempt))
    return sum(1 for one in executions if one.tool_started is not None)


def _lost(run: Run, failed: Sequence[Attempt]) -> tuple[Micros, dict[str, Micros]]:
    """Return the time that was lost with attempts that *failed*, and that of it by phase.

    Of an attempt that succeeded in the end, its failed executions were lost.
    """
    lost = 0
    lost_in: dict[str, Micros] = {}
    for attempt in failed:
        whole = lost_with(run, attempt)
        lost += sum(one.since_selected for one in whole)
        if not whole:
            lost += total_length(run.failed_executions(attempt))
        for phase, micros in (item for one in whole for item in one.phases.items()):
            lost_in[phase] = lost_in.get(phase, 0) + (micros if phase != "slot_wait" else 0)
    return lost, lost_in


def _decisive(occurrences: Sequence[Occurrence]) -> Occurrence:
    ran = [one for one in occurrences if one.why.cause not in NOT_SUBMITTED]
    return ran[-1] if ran else occurrences[-1]


def _stopped_with(run: Run, last: Attempt) -> tuple[str, ...]:
    """Return the rules of the jobs that were stopped because of a member's last failure."""
    if not last.is_member:
        return ()
    keys = ((member, last.number) for member in run.members(last.group or ""))
    partners = (run.attempts[key] for key in keys if key in run.attempts)
    stopped = (one for one in partners if one.stopped_with == last.job_id)
    return tuple(rule for one in stopped if (rule := run.rule_of(one)) is not None)


def _members(run: Run, last: Attempt, chosen: Callable[[Attempt], bool]) -> tuple[int, ...]:
    """Return the *chosen* members of the submission that failed last, for the first that failed."""
    if last.group is None or last.status not in FAILED or not counts_for_group(run, last):
        return ()
    keys = ((member, last.number) for member in run.members(last.group))
    found = (run.attempts[key] for key in keys if key in run.attempts)
    return tuple(
        one.job_id
        for one in found
        if one.job_id is not None and one.stopped_with is None and chosen(one)
    )


def _outcome(last: Attempt) -> Outcome:
    if last.status in ("success", "cached"):
        return "succeeded"
    if last.status == "cancelled":
        return "cancelled"
    return "failed" if last.status in FINAL else "unfinished"


def _verdict(repeats: tuple[Repeat, ...], ways: tuple[Ending, ...], outcome: Outcome) -> Verdict:
    if not repeats:
        return "once"
    if len(ways) > 1:
        return "different"
    if None in {one.same for one in repeats}:
        return "unknown"
    return "repeated" if outcome == "succeeded" else "deterministic"


def _seen(attempt: Attempt) -> bool:
    """Whether it is known how often an attempt ran its tool."""
    never_began = attempt.stamps.submitting is not None and attempt.stamps.accepted is None
    return never_began or (bool(attempt.levels) and not attempt.unobserved)
