"""Cases for the incident ladder: a run held against another, told by stories."""

from typing import Any

from builders import Story
from workflows import compared

from snakemake_logger_plugin_observe.analysis.triage import Triage, triage
from snakemake_logger_plugin_observe.analysis.triage.case import Case


def walked(after: Story, before: Story | None = None, **more: Any) -> Triage:
    """Return what the ladder finds of one run, against another."""
    against = {} if before is None else {"baseline": before.run}
    comparison = compared(before, after) if before is not None else None
    run = after.run
    return triage(Case(run, run.status(False), comparison=comparison, **against, **more))


def classes(after: Story, before: Story | None = None, **more: Any) -> list[str]:
    """Return the classes of the incidents found, the first first."""
    return [one.incident_class for one in walked(after, before, **more).incidents]
