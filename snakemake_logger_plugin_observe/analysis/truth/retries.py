"""Whether retries hide a failure that is no chance."""

from collections.abc import Iterator

from snakemake_logger_plugin_observe.analysis.truth.finding import Compared, Finding

MASKED, RAISED, FAILED = "failures_masked", "retries_changed", "attempts_failed"


def findings(it: Compared) -> Iterator[Finding]:
    """Tell of retries that were raised, and of what failed behind them."""
    yield from ()
