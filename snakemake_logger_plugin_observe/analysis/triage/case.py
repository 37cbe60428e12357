"""The case: everything that triage knows about a run, given or derived."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.advice import Trials
from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.analysis.compare.speed import ToolTime
from snakemake_logger_plugin_observe.analysis.compare.tool_times import Tool, machine_is_slow, tools
from snakemake_logger_plugin_observe.analysis.cost.account import Account, account
from snakemake_logger_plugin_observe.analysis.failures.failure_advice import (
    FailureAdvice,
    failure_advice,
)
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure, failures
from snakemake_logger_plugin_observe.analysis.failures.other_run import OtherRun
from snakemake_logger_plugin_observe.analysis.failures.removed_input import RemovedInput
from snakemake_logger_plugin_observe.analysis.failures.removed_inputs import removed_inputs
from snakemake_logger_plugin_observe.analysis.failures.repeat import RunFacts
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import (
    failing_in_every_job,
    rule_patterns,
)
from snakemake_logger_plugin_observe.analysis.failures.snakemake_failures import error_of
from snakemake_logger_plugin_observe.analysis.live.state import LeftRunning, LiveView
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import (
    class_of,
    context_changes,
    passed_before,
)
from snakemake_logger_plugin_observe.analysis.why.reason_text import CHANGED
from snakemake_logger_plugin_observe.analysis.why.why import RunReasons, why
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.pasting import Command, path
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES
from snakemake_logger_plugin_observe.run.scheduler_ends import ended_before_it_was_given_up
from snakemake_logger_plugin_observe.run.scope import LENGTH_UNKNOWN, UNENDED

# Without a baseline, time is an incident from 2 minutes and 30 % of the run: a short run, or a
# cluster whose jobs are checked now and then, is no incident.
_LEAST: Final = 120_000_000
_SHARE: Final = 0.3
# With a baseline, a run is slower from 5 s: background load on the machine explains less.
_LEAST_SLOWER_S: Final = 5.0
_MUCH: Final = 0.2
"""With few attempts of a job, a fifth more is noise."""


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """What a live Snakemake printed when it was asked."""

    name: str
    """Its name in evidence: ``L1``, ``L2``, ..."""
    what: str
    """``plan``, ``input``, ``code``, ``params`` or ``summary``."""
    command: Command
    """The command as a user would type it."""
    lines: tuple[str, ...]
    """The lines of its stdout."""
    problem: str = ""
    """Why there is no answer; empty if it succeeded."""


@dataclass(frozen=True)
class Case:
    """A run to explain. Evidence calls its journal B, that of its baseline A, of a dry run P."""

    run: Run
    """The jobs, and the attempts with their time by phase."""
    status: str
    """How the run ended: ``success``, ``failed``, ``killed``, ..."""
    baseline: Run | None = None
    """An earlier run to compare with."""
    comparison: Comparison | None = None
    """The run compared with its baseline."""
    plan: Run | None = None
    """A dry run of the same targets."""
    missing: tuple[str, ...] = ()
    """Which evidence is missing, and how that limits the answer."""
    files_present: frozenset[str] = frozenset()
    """Files that the run reported missing and that exist in the working directory now."""
    files_absent: frozenset[str] = frozenset()
    """Files that the run reported missing and that do not exist now. Files in neither set were not
    checked."""
    paths: dict[str, str] = field(default_factory=dict)
    """The paths of the journals, by the letters that evidence uses."""
    read: Callable[[str], LogTail] | None = None
    """Reads the end of a file in the working directory; None if that is not available."""
    live_answers: tuple[LiveAnswer, ...] = ()
    """What a live Snakemake answered."""
    known_failures: tuple[Failure, ...] | None = None
    """The run's failures, if they are known already."""
    known_why: RunReasons | None = None
    """Why its jobs ran, if that is known already."""
    reruns: tuple[Rerun, ...] = ()
    """What the runs before show about jobs that ran again."""

    alongside: OtherRun | None = None
    """Another run that went on in the folder at the same time."""
    live: LiveView | None = None
    """What its jobs do now, if it has not ended and some are out on a cluster."""
    left_running: LeftRunning | None = None
    """What the run before left on the cluster, if this one goes on."""
    is_own: bool = True
    """Whether the journal is the user's own: of another's, no recorded command is one to paste."""

    @property
    def side(self) -> CitedRun:
        """Return the run, to cite its journal."""
        return CitedRun("B", self.run)

    @property
    def baseline_side(self) -> CitedRun | None:
        """Return the baseline, to cite its journal."""
        return CitedRun("A", self.baseline) if self.baseline is not None else None

    @property
    def plan_side(self) -> CitedRun | None:
        """Return the dry run, to cite its journal."""
        return CitedRun("P", self.plan) if self.plan is not None else None

    @property
    def journal(self) -> tuple[str, ...]:
        """The run's journal as an argument of a command; empty if its path is unknown."""
        return (path(self.paths["B"]),) if "B" in self.paths else ()

    def answer(self, what: str) -> LiveAnswer | None:
        """Return a live Snakemake's answer about *what*, if there is one."""
        return next(
            (one for one in self.live_answers if one.what == what and not one.problem), None
        )

    # -- failures ----------------------------------------------------------------------------------

    @cached_property
    def failures(self) -> tuple[Failure, ...]:
        """Return what failed at least once."""
        return failures(self.run) if self.known_failures is None else self.known_failures

    @cached_property
    def removed_inputs(self) -> tuple[RemovedInput, ...]:
        """Return the inputs that were there in the run, and gone when a job needed them."""
        found = removed_inputs(self.run, self.failures)
        return tuple(
            one for one in found if one.how != "unknown" or self.files_present.isdisjoint(one.files)
        )

    def advice_about(self, name: str, failed: Sequence[Failure]) -> FailureAdvice:
        """Return what to do about jobs of *name* that failed by themselves, in the same way."""
        journal = self.paths.get("B", "")
        return failure_advice(
            *(self.run, name, failed, journal), is_own=self.is_own, facts=self._facts
        )

    @cached_property
    def _facts(self) -> RunFacts:
        return RunFacts(self.run)

    @cached_property
    def failing_in_every_job(self) -> frozenset[str]:
        """Return the rules in which every job failed at first, in the same way."""
        return failing_in_every_job(rule_patterns(self.run, self.failures))

    @cached_property
    def failures_by_class(self) -> dict[str, list[Failure]]:
        """Return the failures by incident class; each belongs to exactly one."""
        elsewhere: frozenset[int] = frozenset()
        if self.failures and self.context_changes and self.comparison and self.baseline:
            elsewhere = passed_before(self.comparison, self.baseline)
        removed = {one.reader.job_id for one in self.removed_inputs if one.failed}
        by_class: dict[str, list[Failure]] = {}
        for one in self.failures:
            name = class_of(
                *(one, self.status, self.files_present, self._outputs_of(one)),
                in_every_job=one.rule in self.failing_in_every_job,
                passed_elsewhere=one.job_id in elsewhere,
                input_removed=one.job_id in removed,
                by_snakemake=error_of(self.run, one) is not None,
                ended_before=ended_before_it_was_given_up(self.run, one.rows[-1].attempt),
            )
            by_class.setdefault(name, []).append(one)
        return by_class

    def _outputs_of(self, one: Failure) -> tuple[str, ...]:
        job = self.run.jobs.get(one.job_id) if one.job_id is not None else None
        return job.output if job is not None else ()

    # -- changes -----------------------------------------------------------------------------------

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return what changed since the baseline; empty without one."""
        return self.comparison.work.changes if self.comparison is not None else ()

    @cached_property
    def context_changes(self) -> tuple[Change, ...]:
        """Return what changed in the context of the run since the baseline."""
        return context_changes(self.changes)

    @cached_property
    def why(self) -> RunReasons | None:
        """Return why jobs ran; None if no job's reason names a change, to save the work."""
        reasons = (job.reason for job in self.run.jobs.values())
        if not any(CHANGED.search(reason or "") for reason in reasons):
            return None
        return self.known_why or why(self.run)

    # -- time --------------------------------------------------------------------------------------

    @cached_property
    def account(self) -> Account:
        """Return where the run's time went; its segments also show what released each job."""
        return account(self.run)

    @cached_property
    def trials(self) -> Trials:
        """Return simulations of the run, each with one change."""
        return Trials(self.run, self.account)

    @cached_property
    def tools(self) -> dict[str, Tool]:
        """Return the tools of the jobs that both runs have, by rule; empty without a baseline."""
        if self.baseline is None or self.comparison is None:
            return {}
        return tools(self.baseline, self.run, self.comparison.work.match.pairs)

    @cached_property
    def machine_is_slow(self) -> bool:
        """Whether all tools are slower, which points to the machine and not to a tool."""
        return machine_is_slow(self.tools, self.changes)

    @cached_property
    def _computed(self) -> dict[str, Micros]:
        by_rule: dict[str, Micros] = {}
        for one in self.account.segments:
            if one.phase == "compute" and one.rule is not None:
                by_rule[one.rule] = by_rule.get(one.rule, 0) + one.end - one.start
        return by_rule

    def computed(self, rule: str) -> Micros:
        """Return how much of the makespan the tools of *rule* took."""
        return self._computed.get(rule, 0)

    @property
    def slower(self) -> bool:
        """Whether the run was slower than its baseline, beyond noise and by some seconds."""
        if self.status in UNENDED or self.comparison is None:
            return False
        if self.comparison.speed.verdict != "slower":
            return False
        return (self.comparison.speed.change_s or 0.0) >= _LEAST_SLOWER_S

    @property
    def tools_slower(self) -> ToolTime | None:
        """The tools of a run that ran only some of the jobs, if they took longer than last time.

        Its length cannot be compared with that of its baseline.
        """
        found = self.comparison.speed.tools if self.comparison is not None else None
        if found is None or self.status != "success":
            return None
        grew = found.after_s - found.before_s
        return found if grew >= max(_LEAST_SLOWER_S, _MUCH * found.before_s) else None

    @cached_property
    def by_phase(self) -> dict[str, Micros]:
        """Return the run's makespan by phase."""
        return _recorded_phases(self.run) or self.account.makespan_by_phase

    @cached_property
    def baseline_by_phase(self) -> dict[str, Micros]:
        """Return the baseline's makespan by phase; empty without one."""
        if self.baseline is None:
            return {}
        return _recorded_phases(self.baseline) or account(self.baseline).makespan_by_phase

    def spent(self, *phases: str) -> Micros:
        """Return how much of the makespan *phases* took."""
        return sum(self.by_phase.get(phase, 0) for phase in phases)

    def grew(self, *phases: str) -> Micros:
        """Return how much more of the makespan *phases* took than in the baseline."""
        return self.spent(*phases) - sum(self.baseline_by_phase.get(phase, 0) for phase in phases)

    def is_large(self, micros: Micros) -> bool:
        """Whether *micros* are a large share of the makespan, an incident by themselves."""
        if self.status in LENGTH_UNKNOWN:
            return False
        return micros >= max(_LEAST, _SHARE * self.run.makespan)

    def explains_slowness(self, micros: Micros) -> bool:
        """Whether a growth by *micros* explains why the run was slower than its baseline."""
        if not self.slower or self.comparison is None:
            return False
        change = self.comparison.speed.change_s or 0.0
        return micros / 1e6 >= max(0.25 * change, 0.5)


def _recorded_phases(run: Run) -> dict[str, Micros]:
    """Return the makespan by phase as the recorder computed it; empty if it did not."""
    if run.finished is None:
        return {}
    by_phase = run.finished.makespan.by_phase_s
    return {phase: round(spent_s * 1e6) for phase, spent_s in by_phase.items() if phase in PHASES}
