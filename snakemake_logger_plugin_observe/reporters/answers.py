"""What commands answer: shaped before it is rendered, so that tests can ask for the data."""

from dataclasses import dataclass, field
from pathlib import Path

from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.analysis.compare.differences import Change
from snakemake_logger_plugin_observe.analysis.compare.typical_run import TypicalRun
from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.cost.advice import Lever
from snakemake_logger_plugin_observe.analysis.cost.node_clocks import NodeClock
from snakemake_logger_plugin_observe.analysis.cost.polling import Polling
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import RulePattern
from snakemake_logger_plugin_observe.analysis.jobs.resource_use import RequestMismatch
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.path.explain import ExplainedSegment
from snakemake_logger_plugin_observe.analysis.path.paths import Paths
from snakemake_logger_plugin_observe.analysis.triage.case import LiveAnswer
from snakemake_logger_plugin_observe.analysis.triage.steps import Triage
from snakemake_logger_plugin_observe.analysis.whatif.savings import Saving
from snakemake_logger_plugin_observe.analysis.whatif.whatif import WhatIf
from snakemake_logger_plugin_observe.analysis.why.roots import Chain
from snakemake_logger_plugin_observe.analysis.why.selection import JobSelection
from snakemake_logger_plugin_observe.analysis.why.why import RunReasons
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class Source:
    """The journal that an answer comes from, and what was wrong with it."""

    path: Path
    run: Run
    status: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CostAnswer:
    """Where the time of a run went."""

    source: Source
    account: Account
    costliest: tuple[Row, ...] = ()
    polling: Polling | None = None
    levers: tuple[Lever, ...] = ()
    request_mismatches: tuple[RequestMismatch, ...] = ()
    clocks: tuple[NodeClock, ...] = ()


@dataclass(frozen=True, slots=True)
class PathAnswer:
    """What the makespan was made of, and what of it the work itself needed."""

    source: Source
    paths: Paths
    savings: tuple[Saving, ...] | None = ()
    """The greatest first; None where they were not looked for, for the run is too large."""
    explained: tuple[ExplainedSegment, ...] | None = None
    """The actual path with the stamps that show it, where they were asked for."""


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """What the run would have taken under other settings."""

    source: Source
    found: WhatIf


@dataclass(frozen=True, slots=True)
class JobsAnswer:
    """Which attempts there were."""

    source: Source
    rows: tuple[Row, ...]
    failed_only: bool = False
    used: bool = False
    rule: str | None = None
    """The only rule that was asked for."""
    failures: tuple[Failure, ...] = ()
    """Where only failures were asked for: what failed among the rows' jobs."""
    patterns: tuple[RulePattern, ...] = ()


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """Why jobs ran: all of them, or those that were asked about."""

    source: Source
    why: RunReasons
    baseline: Source | None = None
    """The run that this one is held against, where there is one."""
    changes: tuple[Change, ...] = ()
    subject: JobSelection | None = None
    chain: Chain | None = None


@dataclass(frozen=True, slots=True)
class CompareAnswer:
    """How a candidate compares with its baseline."""

    baseline: Source
    candidate: Source
    comparison: Comparison
    notes: tuple[str, ...] = ()
    """What was asked for and could not be compared."""


@dataclass(frozen=True, slots=True)
class TriageAnswer:
    """What went wrong with a run, rung by rung."""

    source: Source
    baseline: Source | None
    triage: Triage
    missing: tuple[str, ...] = ()
    """What evidence was not there, and how that limits the answer."""
    paths: dict[str, str] = field(default_factory=dict)
    """The journals, by the names that evidence calls them."""
    asked: tuple[LiveAnswer, ...] = ()
    saved: Path | None = None
    noted: Path | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An incident of which a note is kept."""

    path: str
    incident_class: str
    next_action: str


@dataclass(frozen=True, slots=True)
class RunbookAnswer:
    """What a runbook says; of one that was kept, nothing is known."""

    path: Path
    kept: bool
    source: Source | None = None
    folder: str | None = None
    usual: TypicalRun | None = None
    questions: dict[str, str] = field(default_factory=dict)
    """The commands that ask a live Snakemake, by what they ask for."""
    known: tuple[Known, ...] = ()
    check_file: str | None = None


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """Whether a run kept to what its workflow's file of budgets says."""

    source: Source
    file: Path
    folder: Path
    """Where published files were looked for, and commands run."""
    lines: tuple[CheckLine, ...]
    strict: bool = False
    """Whether a line that could not be checked counts as broken."""
    notes: tuple[str, ...] = ()
    """What limits the answer."""

    def breaks(self, line: CheckLine) -> bool:
        """Whether *line* keeps the run from passing."""
        return line.ok is False or (line.ok is None and self.strict)

    @property
    def passed(self) -> bool:
        """Whether no line does."""
        return not any(map(self.breaks, self.lines))


@dataclass(frozen=True, slots=True)
class ProposalAnswer:
    """A file of budgets as a run suggests it."""

    source: Source
    file: Path | None
    """Where it was written; None where it is to be printed."""
    text: str
