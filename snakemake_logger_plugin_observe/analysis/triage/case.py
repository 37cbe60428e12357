"""All that is known of an incident: the run, what it is held against, and what was derived."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Side
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.analysis.compare.differences import Change
from snakemake_logger_plugin_observe.analysis.cost.account import Account, account
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure, failures
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import (
    RulePattern,
    rule_patterns,
)
from snakemake_logger_plugin_observe.analysis.triage.context_changes import (
    context_changes,
    passed_before,
)
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import class_of
from snakemake_logger_plugin_observe.analysis.triage.tool_times import Tool, machine_is_slow, tools
from snakemake_logger_plugin_observe.analysis.why.reason_text import CHANGED
from snakemake_logger_plugin_observe.analysis.why.why import RunReasons, why
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import PHASES

# A run that is merely short, on a cluster that is merely polled now and then, is no incident.
_LEAST: Final = 120_000_000
_SHARE: Final = 0.3
# Nor is a loss of seconds: a machine that does something else beside makes as much of any run.
_LEAST_SLOWER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class LiveAnswer:
    """What a Snakemake that was asked now said."""

    name: str
    """What evidence calls it: ``L1``, ``L2``, ..."""
    what: str
    """``plan``, ``input``, ``code``, ``params`` or ``summary``."""
    command: str
    """As a person would type it."""
    lines: tuple[str, ...]
    """What it printed, stdout alone."""
    problem: str = ""
    """Why it tells nothing; empty, if it succeeded."""


@dataclass(frozen=True)
class Case:
    """A run to be explained. ``B`` is its journal, ``A`` its baseline's, ``P`` a plan's."""

    run: Run
    status: str
    baseline: Run | None = None
    comparison: Comparison | None = None
    plan: Run | None = None
    """A dry run of the same targets."""
    missing: tuple[str, ...] = ()
    """What evidence was not there, and how that limits the answer."""
    there: frozenset[str] = frozenset()
    """Files that are in the workflow's folder now, of those that runs called missing."""
    gone: frozenset[str] = frozenset()
    """Files that were looked for there and are not, of the same; of others nothing is known."""
    paths: dict[str, str] = field(default_factory=dict)
    """Where the journals lie, by the names that evidence calls them."""
    read: Callable[[str], LogTail] | None = None
    """Reads the end of a file of the workflow's folder; None, where that is not there."""
    asked: tuple[LiveAnswer, ...] = ()
    """What a live Snakemake answered."""

    known_failures: tuple[Failure, ...] | None = None
    """The run's failures, if they are known already."""

    @property
    def side(self) -> Side:
        """The run, as evidence calls it."""
        return Side("B", self.run)

    @property
    def base(self) -> Side | None:
        """The baseline, as evidence calls it."""
        return Side("A", self.baseline) if self.baseline is not None else None

    @property
    def planned(self) -> Side | None:
        """The dry run, as evidence calls it."""
        return Side("P", self.plan) if self.plan is not None else None

    def answer(self, what: str) -> LiveAnswer | None:
        """Return what a live Snakemake said of *what*, if it was asked and knew."""
        return next((one for one in self.asked if one.what == what and not one.problem), None)

    @cached_property
    def account(self) -> Account:
        """Where the run's time went."""
        return account(self.run)

    @cached_property
    def failures(self) -> tuple[Failure, ...]:
        """What failed at least once."""
        return failures(self.run) if self.known_failures is None else self.known_failures

    @cached_property
    def patterns(self) -> tuple[RulePattern, ...]:
        """What the failures of a rule have in common."""
        return rule_patterns(self.run, self.failures)

    @cached_property
    def tools(self) -> dict[str, Tool]:
        """What the tools of jobs that both runs have took, by rule; empty without a baseline."""
        if self.baseline is None or self.comparison is None:
            return {}
        return tools(self.baseline, self.run, self.comparison.work.match.pairs)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What changed since the baseline; nothing is known without one."""
        return self.comparison.work.changes if self.comparison is not None else ()

    @cached_property
    def machine_is_slow(self) -> bool:
        """Whether the tools are slower alike, so that none of them is to blame."""
        return machine_is_slow(self.tools, self.changes)

    @cached_property
    def _computed(self) -> dict[str, Micros]:
        found: dict[str, Micros] = {}
        for one in self.account.segments:
            if one.phase == "compute" and one.rule is not None:
                found[one.rule] = found.get(one.rule, 0) + one.end - one.start
        return found

    def computed(self, rule: str) -> Micros:
        """Return what the tools of *rule* took of the makespan."""
        return self._computed.get(rule, 0)

    @cached_property
    def failures_by_class(self) -> dict[str, list[Failure]]:
        """Failures by the one class that tells of each, so that none is told twice."""
        no_chance = {pattern.rule for pattern in self.patterns if pattern.pattern == "every_job"}
        elsewhere: frozenset[int] = frozenset()
        if self.failures and self.context and self.comparison and self.baseline:
            elsewhere = passed_before(self.comparison, self.baseline)
        told: dict[str, list[Failure]] = {}
        for one in self.failures:
            name = class_of(
                *(one, self.status, self.there, self._made_by(one)),
                no_chance=one.rule in no_chance,
                passed_elsewhere=one.job_id in elsewhere,
            )
            told.setdefault(name, []).append(one)
        return told

    @cached_property
    def context(self) -> tuple[Change, ...]:
        """What changed, since the baseline, of what the run took place in."""
        return context_changes(self.changes)

    def _made_by(self, one: Failure) -> tuple[str, ...]:
        job = self.run.jobs.get(one.job_id) if one.job_id is not None else None
        return job.output if job is not None else ()

    @cached_property
    def why(self) -> RunReasons | None:
        """Why jobs ran; None where no reason of theirs tells of a change: that is not asked for."""
        reasons = (job.reason for job in self.run.jobs.values())
        return why(self.run) if any(CHANGED.search(reason or "") for reason in reasons) else None

    @property
    def slower(self) -> bool:
        """Whether it was slower than its baseline, beyond noise and by more than some seconds."""
        if self.comparison is None or self.comparison.speed.verdict != "slower":
            return False
        return (self.comparison.speed.change_s or 0.0) >= _LEAST_SLOWER_S

    @cached_property
    def by_phase(self) -> dict[str, Micros]:
        """The run's makespan by phase."""
        return _by_phase(self.run) or self.account.makespan_by_phase

    @cached_property
    def base_by_phase(self) -> dict[str, Micros]:
        """The baseline's makespan by phase; empty without one."""
        if self.baseline is None:
            return {}
        return _by_phase(self.baseline) or account(self.baseline).makespan_by_phase

    def spent(self, *phases: str) -> Micros:
        """Return what *phases* took of the makespan."""
        return sum(self.by_phase.get(phase, 0) for phase in phases)

    def grew(self, *phases: str) -> Micros:
        """Return by how much *phases* took more of the makespan than in the baseline's."""
        return self.spent(*phases) - sum(self.base_by_phase.get(phase, 0) for phase in phases)

    def weighs(self, micros: Micros) -> bool:
        """Return whether so much of the makespan is an incident by itself, without a baseline."""
        return micros >= max(_LEAST, _SHARE * self.run.makespan)

    def explains_slowness(self, micros: Micros) -> bool:
        """Return whether a growth by so much explains why the run was slower than its baseline."""
        if not self.slower or self.comparison is None:
            return False
        change = self.comparison.speed.change_s or 0.0
        return micros / 1e6 >= max(0.25 * change, 0.5)


def _by_phase(run: Run) -> dict[str, Micros]:
    """Return the makespan by phase as the run's recorder worked it out; empty, if it did not."""
    if run.finished is None:
        return {}
    by_phase = run.finished.makespan.by_phase_s
    return {phase: round(spent_s * 1e6) for phase, spent_s in by_phase.items() if phase in PHASES}
