"""A run's own course: its planning, rounds and messages, its clock, and how it came to its end.

Used by the recorder's thread alone, beside ``tracking``, which has the attempts. Methods called
``on_<kind>`` take the notes of that kind.
"""

import math
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.cost.account import Account, account
from snakemake_logger_plugin_observe.external.slurm_accounting import slurm_ids, told_by
from snakemake_logger_plugin_observe.journal.events import (
    Allocation,
    Gap,
    Message,
    Planned,
    Provenance,
    RunFinished,
    RunPhase,
    SchedulerIteration,
)
from snakemake_logger_plugin_observe.journal.records import AccountTotals
from snakemake_logger_plugin_observe.recording.attempts import AttemptTracker
from snakemake_logger_plugin_observe.recording.slurm_lookup import Inquiry
from snakemake_logger_plugin_observe.run.model import Run, seconds
from snakemake_logger_plugin_observe.run.phases import CLASSES


class Course:
    """What a run does beside its attempts."""

    def __init__(
        self,
        run: Run,
        attempts: AttemptTracker,
        emit: Callable[..., None],
        *,
        started: clock.Micros,
        facts: Mapping[str, Any],
    ) -> None:
        """Follow a run.

        Args:
            run: the run.
            attempts: what follows its attempts.
            emit: handed every event that is made.
            started: when its workflow started.
            facts: fields of ``RunStarted``.

        """
        self.run = run
        self._attempts = attempts
        self._emit = emit
        self._started = started
        self._facts = facts
        self._flags: set[str] = set()
        self._last_error: clock.Micros = 0
        self._planning_since: clock.Micros | None = None
        self._inquiry: Inquiry | None = None
        self._watch = clock.ClockWatch()
        self._deadline = math.inf
        self._unsaid = 0

    def on_provenance(self, moment: clock.Micros, **facts: Any) -> None:
        """Where the workflow's text came from has been found out."""
        self._emit(Provenance(time=moment, **facts))

    def on_allocation(self, moment: clock.Micros, **facts: Any) -> None:
        """The cluster has told of the job that Snakemake itself runs in."""
        self._emit(Allocation(time=moment, **facts))

    def on_message(self, moment: clock.Micros, level: str, kind: str, text: str) -> None:
        """Snakemake said something that carries a fact."""
        if kind == "building_dag":
            self._planning_since = moment
        if level == "error":
            self._last_error = moment
            self._attempts.error(moment, text)
        if kind == "select_jobs" and self.run.wrapped:  # the scheduler's rounds tell more
            return
        self._flags.add(kind)
        if time.monotonic() > self._deadline:  # so much was said that the exit would wait for it
            self._unsaid += 1
            return
        self._emit(Message(time=moment, level=level, kind=kind, text=text))

    def on_clock_look(self, moment: clock.Micros) -> None:
        """Tell that this host's wall clock was set, if it was."""
        since = self._watch.since
        if step := self._watch.step():
            text = (
                f"the clock of {socket.gethostname()} was set {'forward' if step > 0 else 'back'} "
                f"by {abs(step) / 1e6:.3f} s between {clock.format_moment(since)} and "
                f"{clock.format_moment(clock.now())}: no duration is affected, and moments after "
                "it are told as if it had not been set"
            )
            self._emit(Message(time=moment, level="warning", kind="clock_set", text=text))

    def on_resources_info(self, moment: clock.Micros) -> None:
        """Without the wrapper, the first sign that the DAG has been built."""
        self._planned(moment)

    def on_planned(self, moment: clock.Micros) -> None:
        """The executor is about to be made, so the DAG has been built."""
        self._planned(moment)

    def _planned(self, moment: clock.Micros) -> None:
        """End the first planning, less what was deployed in it."""
        if self._planning_since is None:
            return
        since = self._facts.get("workflow_started") or self._planning_since
        self._planning_since = None
        deploying = [m.time for m in self.run.messages if m.kind == "deploying"]
        until = min([moment, *deploying])
        self._emit(RunPhase(time=since, phase="plan", end=until))
        if until < moment:
            self._emit(RunPhase(time=until, phase="deploy", end=moment))

    def on_plan(self, moment: clock.Micros, **jobs: dict[str, int]) -> None:
        """The DAG has been planned, or planned again; *jobs* is what it holds now."""
        self._emit(Planned(time=moment, **jobs))

    def on_run_phase(self, moment: clock.Micros, **facts: Any) -> None:
        """A stretch of the run's own work has ended."""
        self._emit(RunPhase(time=moment, **facts))

    def on_scheduler_iteration(self, moment: clock.Micros, **facts: Any) -> None:
        """The main loop has gone idle."""
        self._emit(SchedulerIteration(time=moment, **facts))

    def on_accounting_wanted(self, _moment: clock.Micros) -> None:
        """All jobs have ended, and the scheduler may be asked what it knows of them."""
        if asked := slurm_ids(self.run.external_jobids):
            self._inquiry = Inquiry(asked, self._started // 1_000_000)

    def take_accounting(self, moment: clock.Micros) -> None:
        """Write what the scheduler told, and wait for it where it has not yet."""
        if self._inquiry is None:
            return
        records, problem = self._inquiry.answer()
        for event in told_by(records, self.run, moment):
            self._emit(event)
        if problem is not None:
            text = f"the cluster's accounting could not be asked: {problem}"
            self._emit(Message(time=moment, level="info", kind="accounting", text=text))

    # -- the end ---------------------------------------------------------------------------

    def hurry(self, patience_s: float) -> None:
        """Write no messages that are left in so many seconds: the exit would wait for them."""
        self._deadline = time.monotonic() + patience_s

    def close(self, moment: clock.Micros) -> None:
        """End what has not ended yet."""
        if self._unsaid:
            reason = "more messages than could be written by the exit"
            self._emit(Gap(time=moment, reason=reason, lost=self._unsaid))
        given_up = "interrupted" in self._flags or self._last_error
        self._attempts.finish(moment, "cancelled" if given_up else "lost")
        if self._planning_since is not None:
            self._planned(moment)

    def end(self, moment: clock.Micros) -> str:
        """Write the run's last event, with both accounts; return what it was in a few words."""
        self.run.last_moment = max(self.run.last_moment, moment)
        draft = RunFinished(time=moment, status="success", job_account=_NOTHING, makespan=_NOTHING)
        self.run.finished = draft
        accounts = account(self.run)
        status = self._status()
        final = RunFinished(
            time=moment,
            status=status,
            makespan_s=clock.to_seconds(accounts.makespan),
            job_account=_totals(accounts.jobs_by_class, accounts.jobs_by_phase),
            makespan=_totals(accounts.makespan_by_class, accounts.makespan_by_phase),
            job_count=accounts.job_count,
            attempt_count=accounts.attempt_count,
            failed_attempts=accounts.failed_attempts,
            observer_cpu_s=round(time.thread_time(), 6),
        )
        self._emit(final)
        return _in_words(status, accounts)

    def _status(self) -> str:
        kind = self._facts.get("kind")
        if self._flags & {"interrupted", "terminated"}:
            return "interrupted"
        if self._failed():
            return "failed"
        if kind == "dry_run":
            return "dry_run"
        return "nothing_to_do" if "nothing_to_do" in self._flags else "success"

    def _failed(self) -> bool:
        """Whether a job failed for good, or an error came that no later success mended."""
        latest = {attempt.key[0]: attempt for attempt in self.run.attempts.values()}
        if any(attempt.status in ("failed", "cancelled") for attempt in latest.values()):
            return True
        return self._last_error > self._attempts.last_success or "failed" in self._flags


_NOTHING: Final = AccountTotals(by_class_s={}, by_phase_s={})


def _totals(by_class: dict[str, clock.Micros], by_phase: dict[str, clock.Micros]) -> AccountTotals:
    return AccountTotals(by_class_s=seconds(by_class), by_phase_s=seconds(by_phase))


def _in_words(status: str, accounts: Account) -> str:
    """Return the run in a few words: ``success in 12.3 s: compute 61 %, planning 30 %``."""
    said = status.replace("_", " ")
    if not accounts.makespan:
        return said
    classes = sorted(accounts.makespan_by_class.items(), key=lambda item: -item[1])
    shares = [
        f"{name} {100 * micros / accounts.makespan:.0f} %"
        for name, micros in classes[:3]
        if name in CLASSES and micros >= accounts.makespan / 200
    ]
    return f"{said} in {accounts.makespan / 1_000_000:.1f} s: {', '.join(shares)}"
