"""A moment of a run that goes on, as data: what a frame shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.live.state import LiveView, lasting
from snakemake_logger_plugin_observe.analysis.live.status_checks import overdue
from snakemake_logger_plugin_observe.analysis.live.summary import (
    not_known,
    soon_noticed,
    standing_still,
    still_out,
)
from snakemake_logger_plugin_observe.analysis.remaining.estimate import Remaining
from snakemake_logger_plugin_observe.analysis.remaining.so_far import FailedAttempt, SoFar
from snakemake_logger_plugin_observe.analysis.remaining.units import stops
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.reporters.screen.flights import Flight, flights, name_of
from snakemake_logger_plugin_observe.reporters.screen.rules import RuleRow, rule_rows
from snakemake_logger_plugin_observe.run.attempt import FAILED, SUCCEEDED, Attempt, Key
from snakemake_logger_plugin_observe.run.scheduler_ends import interrupted_at

_NAMED: Final = 3
FINISHES: Final = "ending on request: nothing more is started"
CANCELS: Final = f"{FINISHES}, and what is in flight is cancelled"
ENDED: Final = frozenset({"success", "failed", "interrupted", "killed", "nothing_to_do", "dry_run"})
"""The states of a run that does not go on."""
After = Literal["", "recovered", "retry in flight", "waits for its retry", "not tried again"]


@dataclass(frozen=True, slots=True)
class FailureRow:
    """An attempt that failed, and what became of its job since."""

    name: str
    rule: str | None
    number: int
    moment: Micros
    code: str
    """Its exit code or signal, if no more is known of why it failed."""
    cause: str
    """Why it failed, if more is known than that."""
    last_line: str
    after: After
    log: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Why it failed, and what it printed about that; empty if neither is known."""
        return ": ".join(filter(None, (self.cause, self.last_line)))


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
    up_to_date: int = 0
    """How many jobs did not need to run."""
    classes: tuple[tuple[str, Micros], ...] = ()
    moved: Micros | None = None
    """When something last moved, in the journal or on a node."""
    why_still: str = ""
    """What it waits for."""
    still: bool = False
    """Whether nothing moves by itself any more."""
    for_triage: bool = False
    """Whether something stands still, or ended without being noticed: ``triage`` has what to do."""
    why_never: str = ""
    """Why jobs will not run, if there are such."""
    remaining: Remaining | None = None
    overdue_names: tuple[str, ...] = ()
    asked: str = ""
    """When the scheduler was asked last, or why it was not."""
    problems: tuple[str, ...] = ()
    still_out: tuple[str, ...] | None = ()
    """Of a killed run, the ids of the jobs that its cluster still has; None if not known of all."""

    @property
    def ended(self) -> bool:
        """Whether the run does not go on."""
        return self.status in ENDED

    @property
    def planned(self) -> int | None:
        """How many jobs the run has in all."""
        known = [row.planned for row in self.rules]
        return sum(one for one in known if one is not None) if None not in known else None

    def count(
        self, what: Literal["done", "in_flight", "waiting", "failed", "cancelled", "never"]
    ) -> int:
        """Return how many jobs are so."""
        return sum(getattr(row, what) or 0 for row in self.rules)

    def other_counts(self) -> list[str]:
        """Return how many jobs are not done, in words: those in flight first."""
        waiting, never = self.count("waiting"), self.count("never")
        counts = {"in flight": self.count("in_flight")}
        failed, cancelled = self.count("failed"), self.count("cancelled")
        if self.ended:
            counts |= {"failed": failed, "cancelled": cancelled, "not reached": waiting + never}
        else:
            counts |= {"waiting": waiting, "failed": failed, "cancelled": cancelled}
            counts["will not run"] = never
        return [f"{number:,} {what}" for what, number in counts.items() if number]

    @property
    def is_bound(self) -> bool:
        """Whether the run takes at least as long as is remaining, and may well take longer."""
        known = self.remaining is not None and self.remaining.is_bound
        return known or any(one.kept for one in self.flights)

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
    failed = so_far.failures_now()  # first: it sets what an interruption cut off to cancelled
    cut_off = len(so_far.failures) - len(failed)
    goes_on = status not in ENDED
    found: tuple[Flight, ...] = ()
    if goes_on or status == "killed":
        moment = live.now if live is not None else now  # a killed run's jobs may go on
        found = flights(so_far, live, moment, left, failed_there or {})
    moved = max([so_far.moved, *(one.since for one in found if one.since is not None)])
    why, still = why_still(so_far, live, found) if goes_on else ("", False)
    if status == "stopped" and run.started is not None:
        continues = f"kill -CONT {run.started.pid}"
        why, still = f"the run is stopped (Ctrl-Z, SIGSTOP); {continues} continues it", True
    waits_in_vain = live is not None and (still or bool(overdue(run, live)))
    late = (run.attempts.get(key) for key in (left.overdue if left is not None else ()))
    kept = frozenset(one.name for one in found if one.kept)
    late_names = (name_of(so_far, one) for one in late if one is not None)
    rules = rule_rows(so_far, ended=not goes_on)
    return WatchView(
        path=path,
        run_id=run.started.run_id if run.started is not None else None,
        status=status,
        start=run.start,
        now=now,
        executor=_executor(so_far),
        rules=rules,
        flights=found,
        failures=failure_rows(so_far, failed),
        failed_attempts=max(len(failed), so_far.failed_attempts - cut_off),
        up_to_date=sum(run.planned.up_to_date.values()) if run.planned is not None else 0,
        classes=tuple((name, time) for name, time in so_far.classes.items() if time),
        moved=min(moved, now),
        why_still=why,
        still=still,
        for_triage=status == "running" and waits_in_vain,
        why_never=_why_never(so_far, sum(row.never for row in rules)),
        remaining=None if still else left,
        overdue_names=tuple(name for name in late_names if name not in kept),
        asked=asked,
        problems=problems,
        still_out=_left_behind(live) if status == "killed" else (),
    )


def _left_behind(live: LiveView | None) -> tuple[str, ...] | None:
    """Return what a killed run left on its cluster, which only the scheduler knows for sure."""
    if live is None or all(one.state == "ended" for one in live.submissions):
        return ()
    return still_out(live) if live.problem is None else None


def _why_never(so_far: SoFar, count: int) -> str:
    if interrupted_at(so_far.run) is not None:
        return "the run is ending on request"
    if stops(so_far):
        return "a job failed"
    return "what it needs failed" if count == 1 else "what they need failed"


def _executor(so_far: SoFar) -> str:
    started = so_far.run.started
    if started is None or started.executor is None:
        return ""
    return f"{started.wraps} through timed" if started.wraps is not None else started.executor


def failure_rows(so_far: SoFar, failed: Iterable[FailedAttempt]) -> tuple[FailureRow, ...]:
    """Return the failures, the newest first, each with what became of its job."""
    rows = []
    for one in failed:
        attempt = one.attempt
        known = so_far.jobs.get(attempt.job_id) if attempt.job_id is not None else None
        rows.append(
            FailureRow(
                one.name,
                known.rule if known is not None else None,
                attempt.number,
                one.moment,
                one.code,
                one.cause,
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
    if (ending := _ending(so_far)) == CANCELS:
        return ending, False
    text, still = _why_still(so_far, live, found)
    return (f"{ending}; {text}" if ending else text), still


def _ending(so_far: SoFar) -> str:
    """Return that the run was asked to end, and how it does; empty if it was not."""
    if any(one.kind == "interrupted" for one in so_far.run.messages):
        return CANCELS
    return FINISHES if interrupted_at(so_far.run) is not None else ""


def _why_still(so_far: SoFar, live: LiveView | None, found: Sequence[Flight]) -> tuple[str, bool]:
    if live is not None and live.states:
        if text := soon_noticed(so_far.run, live):
            return text, False
        if text := standing_still(so_far.run, live):
            return text, any(one.known or one.has_no_id for one in live.submissions)
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
