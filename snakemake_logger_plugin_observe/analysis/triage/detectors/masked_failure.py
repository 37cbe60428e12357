"""Retries hid a deterministic failure: every job of a rule failed first, and recovered."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.triage import repeated_failures
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import MASKED
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident

CLASS: Final = MASKED


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for each way in which the jobs of a rule failed before they recovered."""
    yield from repeated_failures.incidents(case, CLASS)
