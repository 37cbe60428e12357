"""Retries hid a failure that is no chance: it came again each time, or for every job of a rule."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import Failure
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.telling import MASKED

CLASS: Final = MASKED


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule whose failures were retried, and the same each time."""
    no_chance = {habit.rule for habit in case.habits if habit.habit == "every_job"}
    for name, found in failed_jobs.by_rule(case.told_as.get(CLASS, ())).items():
        yield _incident(case, name, found, every_job=name in no_chance)


def _incident(case: Case, name: str, found: list[Failure], *, every_job: bool) -> Incident:
    times = sum(len(one.occasions) for one in found)
    words = failed_jobs.last_words(found)
    said = f": {words}" if words else ""
    how = "each of its jobs failed first" if every_job else "it fails each time"
    return Incident(
        id=f"{CLASS}:{name}",
        incident_class=CLASS,
        lives_in="tool behavior",
        claim=f"{name} failed {times:,} times in the same way, behind retries ({how}){said}",
        strength="certain" if times > 1 else "likely",
        explains=failed_jobs.lost(found),
        failures=len(found),
        evidence=failed_jobs.evidence(case, found),
        refuted_by="a failure of another kind among them, or a retry that succeeds by chance",
        action=Action(
            f"repair what {name} says, and take its retries away",
            "the same failure came back each time: trying again cannot help",
        ),
        check="masked_failures <= 0",
        rules=failed_jobs.rules(case, found),
        jobs=failed_jobs.jobs(case, found),
    )
