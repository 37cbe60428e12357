"""What the page is made of: the answers of the commands about one run."""

from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.reporters.answers import (
    CostAnswer,
    JobsAnswer,
    PathAnswer,
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
    with_command: bool = True
    """Whether the command line of the run is shown."""
