"""A moment of a run that goes on, as data: what a frame shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.live.reasons import obstacle
from snakemake_logger_plugin_observe.analysis.live.state import SHORT, LiveState, LiveView, lasting
from snakemake_logger_plugin_observe.analysis.live.summary import (
    not_known,
    soon_noticed,
    standing_still,
)
from snakemake_logger_plugin_observe.analysis.phrasing import (
    group_name,
    submission_name,
)
from snakemake_logger_plugin_observe.analysis.remaining.estimate import Remaining
from snakemake_logger_plugin_observe.analysis.remaining.left import waiting_by_rule
from snakemake_logger_plugin_observe.analysis.remaining.so_far import FailedAttempt, SoFar
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import FAILED, SUCCEEDED, Attempt, Key

_NAMED: Final = 3
ENDED: Final = frozenset({"success", "failed", "interrupted", "killed", "nothing_to_do", "dry_run"})
"""The states of a run that does not go on."""
_PREPARING: Final = "preparing"
After = Literal["", "recovered", "retry in flight", "waits for its retry", "not tried again"]


@dataclass(frozen=True, slots=True)
class RuleRow:
    """The jobs of one rule."""

    rule: str
    done: int
    in_flight: int
    waiting: int | None
    """None if it is not known what was planned."""
    failed: int
    usual: Micros | None
    """The median length of those that have ended, from selection to end."""

    @property
    def planned(self) -> int | None:
        """How many there are in all."""
        if self.waiting is None:
            return None
        return self.done + self.in_flight + self.waiting + self.failed


@dataclass(frozen=True, slots=True)
class Flight:
    """A job, or a group's submission, that is in flight."""

    name: str
    rules: tuple[str, ...]
    does: str
    """What it does now."""
    state: str
    length: Micros | None
    """How long it has been doing so."""
    since: Micros | None
    node: str | None
    external_jobid: str | None
    reason: str | None
    number: int
    log: tuple[str, ...] = ()
    """The log files of its job."""
    overdue: bool = False
    """Whether it takes longer than any job like it took."""
    phase: str | None = None
    """The phase that its time belongs to now; None if that is not known."""
    kept: bool = False
    """Whether it is pending for a reason that does not pass by waiting for nodes."""
    failed_there: int = 0
    """How often its tool failed on its node and was tried again there."""


@dataclass(frozen=True, slots=True)
class FailureRow:
    """An attempt that failed, and what became of its job since."""

    name: str
    rule: str | None
    number: int
    moment: Micros
    how: str
    last_line: str
    after: After
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchView:
    """What is known of a run at one moment."""

    path: Path
    run_id: str | None
    status: str
    start: Micros | None
    now: Micros
    executor: str
    rules: tuple[RuleRow, ...] = ()
    flights: tuple[Flight, ...] = ()
    failures: tuple[FailureRow, ...] = ()
    failed_attempts: int = 0
    classes: tuple[tuple[str, Micros], ...] = ()
    moved: Micros | None = None
    """When something last moved, in the journal or on a node."""
    why_still: str = ""
    """What it waits for."""
    still: bool = False
    """Whether nothing moves by itself any more."""
    remaining: Remaining | None = None
    overdue_names: tuple[str, ...] = ()
    asked: str = ""
    """When the scheduler was asked last, or why it was not."""
    problems: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the run does not go on."""
        return self.status in ENDED

    @property
    def planned(self) -> int | None:
        """How many jobs the run has in all."""
        known = [row.planned for row in self.rules]
        return sum(one for one in known if one is not None) if None not in known else None

    def count(self, what: Literal["done", "in_flight", "waiting", "failed"]) -> int:
        """Return how many jobs are so."""
        return sum(getattr(row, what) or 0 for row in self.rules)

    def of_rule(self, rule: str | None) -> tuple[Flight, ...]:
        """Return what is in flight of a rule; all if it is None."""
        return tuple(one for one in self.flights if rule is None or rule in one.rules)


def view_of(
    so_far: SoFar,
    *,
    path: Path,
    status: str,
    now: Micros,
    live: LiveView | None = None,
    left: Remaining | None = None,
    failed_there: Mapping[Key, int] | None = None,
    asked: str = "",
    problems: tuple[str, ...] = (),
) -> WatchView:
    """Return what is known of a run.

    Args:
        so_far: the run.
        path: its journal.
        status: how it ended, or that it goes on.
        now: the moment.
        live: what is out on a cluster.
        left: how long it still takes.
        failed_there: how often tools failed on their nodes, by the submission's attempt.
        asked: when the scheduler was asked, or why it was not.
        problems: what of the journal could not be read.

    """
    run = so_far.run
    goes_on = status not in ENDED
    found: tuple[Flight, ...] = ()
    if goes_on or status == "killed":
        found = flights(so_far, live, now, left, failed_there or {})
    moved = max([so_far.moved, *(one.since for one in found if one.since is not None)])
    why, still = why_still(so_far, live, found) if goes_on else ("", False)
    if status == "stopped" and run.started is not None:
        continues = f"kill -CONT {run.started.pid}"
        why, still = f"the run is stopped (Ctrl-Z, SIGSTOP); {continues} continues it", True
    overdue = (run.attempts.get(key) for key in (left.overdue if left is not None else ()))
    return WatchView(
        path=path,
        run_id=run.started.run_id if run.started is not None else None,
        status=status,
        start=run.start,
        now=now,
        executor=_executor(so_far),
        rules=rule_rows(so_far),
        flights=found,
        failures=failure_rows(so_far, so_far.failures_now()),
        failed_attempts=so_far.failed_attempts,
        classes=tuple((name, time) for name, time in so_far.classes.items() if time),
        moved=min(moved, now),
        why_still=why,
        still=still,
        remaining=None if still else left,
        overdue_names=tuple(name_of(so_far, one) for one in overdue if one is not None),
        asked=asked,
        problems=problems,
    )


def _executor(so_far: SoFar) -> str:
    started = so_far.run.started
    if started is None or started.executor is None:
        return ""
    return f"{started.wraps} through timed" if started.wraps is not None else started.executor


def rule_rows(so_far: SoFar) -> tuple[RuleRow, ...]:
    """Return a row for each rule with jobs, in the order in which they came; unknown ones last."""
    waiting, in_flight = waiting_by_rule(so_far), so_far.in_flight_by_rule()
    is_planned = so_far.run.planned is not None
    usual: dict[str, list[Micros]] = {}
    for kind, lengths in so_far.lengths.items():
        if len(kind) == 1:
            usual.setdefault(kind[0][0], []).extend(lengths)
    begun = dict.fromkeys(job.rule for job in so_far.jobs.values())
    return tuple(
        RuleRow(
            rule,
            so_far.done[rule],
            in_flight[rule],
            waiting.get(rule, 0) if is_planned else None,
            so_far.failed[rule],
            round(median(usual[rule])) if rule in usual else None,
        )
        for rule in dict.fromkeys((*begun, *waiting))
        if waiting.get(rule) or so_far.done[rule] or so_far.failed[rule] or in_flight[rule]
    )


def flights(
    so_far: SoFar,
    live: LiveView | None,
    now: Micros,
    remaining: Remaining | None,
    failed_there: Mapping[Key, int],
) -> tuple[Flight, ...]:
    """Return what is in flight: what needs attention first, then the longest in its state."""
    overdue = frozenset(remaining.overdue) if remaining is not None else frozenset()
    found = []
    for attempt in so_far.run.attempts.values():
        state = live.of(attempt.key) if live is not None else None
        if attempt.is_member and (state is None or state.state == "waiting"):
            continue
        if attempt.job_id is None and state is not None and _has_members(so_far, attempt, live):
            continue  # its members' lines say more
        one = _flight(so_far, attempt, state, now, overdue=attempt.key in overdue)
        found.append(replace(one, failed_there=failed_there.get(attempt.key, 0)))
    order = {word: place for place, word in enumerate(_ORDER)}
    found.sort(key=lambda one: (order.get(one.state, len(order)), -(one.length or 0)))
    return tuple(found)


_ORDER: Final = (
    *("gone", "ended", "unknown", "suspended", "pending", "selected", "job_script"),
    *("starting", "running", "finishing", "computing"),
)


def _has_members(so_far: SoFar, group: Attempt, live: LiveView | None) -> bool:
    """Whether a member of a group does something by itself now."""
    keys = ((member, group.number) for member in so_far.run.members(group.group or ""))
    states = (live.of(key) if live is not None else None for key in keys)
    return any(one is not None and one.state == "computing" for one in states)


def _flight(
    so_far: SoFar, attempt: Attempt, live: LiveState | None, now: Micros, *, overdue: bool
) -> Flight:
    job = so_far.run.job_of(attempt)
    kind = so_far.kind_of(attempt)
    if live is not None:
        state: str = live.state
        does, since = SHORT[live.state], live.since
        node, external, reason = live.node, live.external_jobid, live.reason
        phase = live.phase
    else:
        state, does, since, phase = _here(so_far.run.wrapped, attempt)
        node, external, reason = None, attempt.external_jobid, None
    return Flight(
        name=name_of(so_far, attempt),
        rules=tuple(one for one, _ in kind) if kind is not None else (),
        does=does,
        state=state,
        length=None if since is None else max(0, now - since),
        since=since,
        node=node,
        external_jobid=external,
        reason=reason,
        number=attempt.number,
        log=job.log if job is not None else (),
        overdue=overdue,
        phase=phase,
        kept=state == "pending" and obstacle(reason) is not None,
    )


def name_of(so_far: SoFar, attempt: Attempt) -> str:
    """Return the name of a job or a group in flight."""
    job = so_far.run.job_of(attempt)
    if job is None and attempt.job_id is not None:
        return f"job {attempt.job_id}"
    rule, wildcards = (job.rule, job.wildcards) if job is not None else (None, {})
    group = group_name(so_far.run, attempt.group) if attempt.job_id is None else None
    return submission_name(rule, wildcards, group)


def _here(wrapped: bool, attempt: Attempt) -> tuple[str, str, Micros | None, str | None]:
    """Return what a job does that runs on the main process's host, since when, and its phase."""
    stamps = attempt.stamps
    if attempt.tool_started is not None:
        return "computing", SHORT["computing"], attempt.tool_started, "compute"
    if not wrapped:
        return "running", SHORT["running"], stamps.selected, None
    return "starting", _PREPARING, stamps.selected, "stage_in"


def failure_rows(so_far: SoFar, failed: Iterable[FailedAttempt]) -> tuple[FailureRow, ...]:
    """Return the failures, the newest first, each with what became of its job."""
    rows = []
    for one in failed:
        attempt = one.attempt
        code = f"exit {attempt.exit_code}" if attempt.exit_code is not None else ""
        how = f"signal {attempt.signal}" if attempt.signal is not None else code
        known = so_far.jobs.get(attempt.job_id) if attempt.job_id is not None else None
        rows.append(
            FailureRow(
                one.name,
                known.rule if known is not None else None,
                attempt.number,
                one.moment,
                "lost" if attempt.status == "lost" else how,
                one.last_line,
                _after(so_far, attempt),
                one.log,
            )
        )
    return tuple(reversed(rows))


def _after(so_far: SoFar, attempt: Attempt) -> After:
    name = attempt.key[0]
    last = so_far.run.last_numbers.get(name, attempt.number)
    end = so_far.ends.get(attempt.job_id) if attempt.job_id is not None else None
    if end in SUCCEEDED:
        return "recovered"
    if any((name, number) in so_far.run.attempts for number in range(attempt.number + 1, last + 1)):
        return "retry in flight"
    if attempt.number < last:
        return ""  # the last attempt's row says it
    if end in FAILED:
        return "not tried again"
    return "waits for its retry" if so_far.run.finished is None else ""


def why_still(so_far: SoFar, live: LiveView | None, found: Sequence[Flight]) -> tuple[str, bool]:
    """Return what a run waits for, and whether nothing of it moves by itself any more."""
    if live is not None and live.states:
        if text := soon_noticed(so_far.run, live):
            return text, False
        if text := standing_still(so_far.run, live):
            return text, True
        if text := not_known(so_far.run, live):
            return text, False
    if not found:
        return "nothing is in flight: Snakemake plans, selects or ends", False
    by_word: dict[str, list[Flight]] = {}
    for one in found:
        by_word.setdefault(one.does, []).append(one)
    words = []
    for word, ones in islice(by_word.items(), _NAMED):
        longest = max((one for one in ones), key=lambda one: one.length or 0)
        length = f" for {lasting(longest.length)}" if longest.length is not None else ""
        which = longest.name if len(ones) == 1 else f"{len(ones):,} jobs, longest {longest.name},"
        words.append(f"{which} {word}{length}")
    return "; ".join(words), False
