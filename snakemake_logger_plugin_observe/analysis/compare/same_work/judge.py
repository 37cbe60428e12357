"""All findings on two runs."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.same_work import (
    dependencies,
    hidden_failures,
    job_definitions,
    job_set,
    outputs_and_logs,
    run_settings,
    strict_mode,
    unknown_digests,
)
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import (
    Compared,
    Finding,
    Kind,
)

_JUDGES: Final = (
    job_set,
    dependencies,
    outputs_and_logs,
    job_definitions,
    run_settings,
    strict_mode,
    hidden_failures,
    unknown_digests,
)
_ORDER: Final[tuple[Kind, ...]] = ("unsafe", "neutral", "safe")


def findings(compared: Compared) -> tuple[Finding, ...]:
    """Return every finding, unsafe ones first."""
    found = (finding for judge in _JUDGES for finding in judge.findings(compared))
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.kind)))
