"""The answers of commands as data, before a reporter renders them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.reporters.words import clock_time
from snakemake_logger_plugin_observe.run.scope import (
    LENGTH_UNKNOWN,
    UNENDED,
    ScopeName,
    part_of,
    scope_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from snakemake_logger_plugin_observe.analysis.advice.advised import Advice
    from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
    from snakemake_logger_plugin_observe.analysis.compare.change import Change
    from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
    from snakemake_logger_plugin_observe.analysis.compare.typical_run import TypicalRun
    from snakemake_logger_plugin_observe.analysis.cost.account import Account
    from snakemake_logger_plugin_observe.analysis.cost.costliest import CostlyJob
    from snakemake_logger_plugin_observe.analysis.cost.node_clocks import NodeClock
    from snakemake_logger_plugin_observe.analysis.cost.observed import Observed
    from snakemake_logger_plugin_observe.analysis.cost.polling import Polling
    from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import Reduced
    from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
    from snakemake_logger_plugin_observe.analysis.failures.other_run import OtherRun
    from snakemake_logger_plugin_observe.analysis.failures.removed_input import RemovedInput
    from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import RulePattern
    from snakemake_logger_plugin_observe.analysis.jobs.resource_use import RequestMismatch
    from snakemake_logger_plugin_observe.analysis.jobs.rule_use import RuleFigures
    from snakemake_logger_plugin_observe.analysis.jobs.table import Row
    from snakemake_logger_plugin_observe.analysis.live.state import LeftRunning, LiveView
    from snakemake_logger_plugin_observe.analysis.path.explain import ExplainedSegment
    from snakemake_logger_plugin_observe.analysis.path.holds import Hold
    from snakemake_logger_plugin_observe.analysis.path.paths import Paths
    from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
    from snakemake_logger_plugin_observe.analysis.triage.case import LiveAnswer
    from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
    from snakemake_logger_plugin_observe.analysis.triage.steps import Triage
    from snakemake_logger_plugin_observe.analysis.whatif.savings import Saving
    from snakemake_logger_plugin_observe.analysis.whatif.whatif import WhatIf
    from snakemake_logger_plugin_observe.analysis.why.not_run import NotRun
    from snakemake_logger_plugin_observe.analysis.why.roots import Chain, Root
    from snakemake_logger_plugin_observe.analysis.why.selection import JobSelection
    from snakemake_logger_plugin_observe.analysis.why.taken_up import TakenUp
    from snakemake_logger_plugin_observe.analysis.why.why import RunReasons
    from snakemake_logger_plugin_observe.clock import Micros
    from snakemake_logger_plugin_observe.pasting import Command
    from snakemake_logger_plugin_observe.run.model import Run

ENDED: Final = {"failed": "failed", "interrupted": "was interrupted", "killed": "was killed"}
"""How a run ended that did not succeed."""


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run before the one that an answer is about."""

    path: Path
    start: Micros
    status: str


@dataclass(frozen=True, slots=True)
class Source:
    """The run that an answer is about, with its journal and the journal's problems."""

    path: Path
    run: Run
    status: str
    problems: tuple[str, ...] = ()
    resumes: EarlierRun | None = None
    """The run that failed or was cut off before it, if it went on with that one's work."""
    owner: str | None = None
    """Whose journal it is, if it is another user's."""
    unread: tuple[str, ...] = ()
    """What stands before the answer: other runs in the same folder that it is not about."""
    stopped: bool = False
    """Whether the run's process lives, but was stopped: it does nothing until it is continued."""
    alongside: EarlierRun | None = None
    """Another run that went on in the same folder at the same time, or left its lock there."""

    live: LiveView | None = None
    """What its jobs do now, if it has not ended and some are out on a cluster."""
    left_running: LeftRunning | None = None
    """What the run before left on the cluster, if this one goes on."""

    lock_holder: int | None = None
    """The process of Snakemake that is alive in the folder, if the run found it locked."""

    @property
    def scope(self) -> ScopeName | None:
        """What kind of run it was; None if its plan is unknown."""
        return scope_of(self.run, resumes=self.resumes is not None)

    @property
    def of_all_jobs(self) -> bool:
        """Whether it ran every job of its workflow, not of a part of it that was asked for."""
        return self.scope == "full" and not part_of(self.run)

    @property
    def other_run(self) -> OtherRun | None:
        """A run that went on in the folder at the same time, if there was one."""
        from snakemake_logger_plugin_observe.analysis.failures.other_run import OtherRun

        if self.lock_holder is not None:
            return OtherRun("seen", f"process {self.lock_holder}")
        if self.alongside is None:
            return None
        start = clock_time(self.alongside.start)
        return OtherRun(self.alongside.status, f"the run of {start} ({self.alongside.path})")

    @property
    def ended(self) -> bool:
        """Whether the journal contains the run's end."""
        return self.status not in UNENDED

    @property
    def length_unknown(self) -> bool:
        """Whether nobody knows how long the run took: it does not go on, and has no end."""
        return self.status in LENGTH_UNKNOWN


@dataclass(frozen=True, slots=True)
class CostAnswer:
    """Where the time of a run went."""

    source: Source
    account: Account
    observed: Observed
    costliest: tuple[CostlyJob, ...] = ()
    polling: Polling | None = None
    holds: tuple[Hold, ...] = ()
    """What kept ready work back on the makespan, the longest first."""
    advice: tuple[Advice, ...] | None = ()
    """What to change, with what it would save; None if not simulated, because the run is large."""
    reduced: tuple[Reduced, ...] = ()
    """What rules ask for and did not get."""
    request_mismatches: tuple[RequestMismatch, ...] = ()
    clocks: tuple[NodeClock, ...] = ()
    failures: tuple[Failure, ...] = ()
    """What failed, if the run failed or goes on after failures."""
    reruns: tuple[Rerun, ...] = ()
    """Of a small run, what the runs before show to be needless; ``why`` has it of any."""
    blocked: tuple[Incident, ...] = ()
    """Why it stands still, or would do so again: what to do about that comes first."""


@dataclass(frozen=True, slots=True)
class PathAnswer:
    """The actual path through the makespan, and the critical path of the tools alone."""

    source: Source
    paths: Paths
    savings: tuple[Saving, ...] | None = ()
    """The largest first; None if not simulated, because the run is large."""
    explained: tuple[ExplainedSegment, ...] | None = None
    """The actual path with its stamps in the journal, with ``--explain``."""
    advice: tuple[Advice, ...] | None = ()
    """What to change, as in ``CostAnswer``; nothing in a run that failed or was interrupted."""
    reduced: tuple[Reduced, ...] = ()
    """What rules ask for and did not get, as in ``CostAnswer``."""
    failures: tuple[Failure, ...] = ()
    """What failed, if the run failed or was interrupted."""
    blocked: tuple[Incident, ...] = ()
    """Why it stands still, or would do so again, as in ``CostAnswer``."""


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """How long the run would have taken with other settings."""

    source: Source
    found: WhatIf


@dataclass(frozen=True, slots=True)
class JobsAnswer:
    """The attempts of a run."""

    source: Source
    rows: tuple[Row, ...]
    failed_only: bool = False
    used: bool = False
    rule: str | None = None
    """The rule that was selected, if one was."""
    failures: tuple[Failure, ...] = ()
    """What failed among the rows' jobs, with ``--failed``."""
    patterns: tuple[RulePattern, ...] = ()
    removed: tuple[RemovedInput, ...] = ()
    """Inputs that were gone when the rows' jobs needed them, with ``--failed``."""
    by_rule: tuple[RuleFigures, ...] | None = None
    """What the jobs of each rule used, with ``--by-rule``."""


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """Why jobs ran: all of them, or those that were selected."""

    source: Source
    why: RunReasons
    baseline: Source | None = None
    """The earlier run that this one is compared with, if there is one."""
    changes: tuple[Change, ...] = ()
    subject: JobSelection | None = None
    chain: Chain | None = None
    not_run: NotRun | None = None
    """Why nothing ran, or what was asked about did not."""
    reruns: tuple[Rerun, ...] = ()
    """What the runs before show about jobs that ran again."""
    taken_up: TakenUp | None = None
    """What had become of its jobs in the run that it resumes, if it resumes one."""
    alone: bool = False
    """Whether no other run was looked at."""

    def reruns_of(self, root: Root) -> tuple[Rerun, ...]:
        """Return what the runs before show about a root cause."""
        return tuple(one for one in self.reruns if one.root == root)


@dataclass(frozen=True, slots=True)
class CompareAnswer:
    """How a candidate compares with its baseline."""

    baseline: Source
    candidate: Source
    comparison: Comparison
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""


@dataclass(frozen=True, slots=True)
class TriageAnswer:
    """What went wrong with a run, in seven steps."""

    source: Source
    baseline: Source | None
    triage: Triage
    missing: tuple[str, ...] = ()
    """The evidence that was missing, and how that limits the answer."""
    paths: dict[str, str] = field(default_factory=dict)
    """The journals by their names in citations: A, B, P."""
    asked: tuple[LiveAnswer, ...] = ()
    saved: Path | None = None
    noted: Path | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An incident with a note on record."""

    path: str
    incident_class: str
    next_action: str


@dataclass(frozen=True, slots=True)
class RunbookAnswer:
    """The content of a new runbook; ``path`` is None if it is printed."""

    path: Path | None
    source: Source | None = None
    folder: str | None = None
    typical: TypicalRun | None = None
    questions: dict[str, Command] = field(default_factory=dict)
    """Commands of a live Snakemake, by what they show: plan, input, code, params, summary."""
    start: str | None = None
    """The folder that these commands are for."""
    known: tuple[Known, ...] = ()
    check_file: str | None = None
    left_out: str = ""
    """Why there is no typical run: no run of all jobs is known. Empty if there is one."""


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """Whether a run passes its workflow's check file."""

    source: Source
    file: Path
    folder: Path
    """The folder of published files, where the commands ran."""
    lines: tuple[CheckLine, ...]
    strict: bool = False
    """Whether a line that could not be checked fails."""
    notes: tuple[str, ...] = ()
    """What limits the answer."""

    def breaks(self, line: CheckLine) -> bool:
        """Return whether *line* fails."""
        return line.ok is False or (line.ok is None and self.strict)

    @property
    def passed(self) -> bool:
        """Whether no line fails."""
        return not any(map(self.breaks, self.lines))


@dataclass(frozen=True, slots=True)
class ProposalAnswer:
    """A check file proposed from a run."""

    source: Source
    file: Path | None
    """Where it was written; None if it is printed."""
    text: str
