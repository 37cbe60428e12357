"""Jobs failed in the same way on every retry, so that retries did not help."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage import repeated_failures
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import IN_VAIN
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident

CLASS: Final = IN_VAIN


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each way in which the jobs of a rule failed on every retry."""
    yield from repeated_failures.incidents(case, CLASS)
