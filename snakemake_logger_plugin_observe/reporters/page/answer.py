"""What a page is made of: the answers of the commands about one run, or about two."""

from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.path.paths import Paths
from snakemake_logger_plugin_observe.reporters.answers import (
    CompareAnswer,
    CostAnswer,
    JobsAnswer,
    PathAnswer,
    Source,
    TriageAnswer,
    WhyAnswer,
)


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """A run with everything that its page shows."""

    cost: CostAnswer
    path: PathAnswer
    rows: tuple[Row, ...]
    failed: JobsAnswer | None = None
    """What failed; None if nothing did."""
    triage: TriageAnswer | None = None
    """None if it was left out, because the run is large."""
    why: WhyAnswer | None = None
    """As above."""
    left_out: tuple[str, ...] = ()
    """What is not on the page, and why, or which command shows it."""


@dataclass(frozen=True, slots=True)
class PageSide:
    """One of two runs that a page compares."""

    source: Source
    account: Account
    paths: Paths
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """Two runs next to each other, and how they compare."""

    compared: CompareAnswer
    before: PageSide
    after: PageSide
    left_out: tuple[str, ...] = ()
    """As in ``PageAnswer``."""
