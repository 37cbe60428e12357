"""Whether a candidate is still the same work: what changed, judged.

Each module of this package judges one kind of change. A finding is *allowed* tuning, *neutral*, or
*not allowed*; what cannot be shown to leave the results alone is not allowed, and says what would
show it.
"""

from collections.abc import Iterator

from snakemake_logger_plugin_observe.analysis.compare.same_work import (
    dependencies,
    hidden_failures,
    job_definitions,
    job_set,
    outputs_and_logs,
    run_settings,
)
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding

_ORDER = {"not_allowed": 0, "neutral": 1, "allowed": 2}


def findings(compared: Compared) -> tuple[Finding, ...]:
    """Return every finding, those that are not allowed first."""
    return tuple(sorted(_all(compared), key=lambda finding: _ORDER[finding.kind]))


def _all(compared: Compared) -> Iterator[Finding]:
    for judge in (
        job_set,
        dependencies,
        outputs_and_logs,
        job_definitions,
        run_settings,
        hidden_failures,
    ):
        yield from judge.findings(compared)
