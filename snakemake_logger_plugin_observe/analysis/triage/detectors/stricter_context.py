"""What passed in the baseline's context failed in a stricter one: profile, executor, machine."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.differences import Change
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import STRICTER
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = STRICTER


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for jobs that succeeded in the baseline, where the context has changed."""
    if failed := case.failures_by_class.get(CLASS):
        yield _incident(case, case.context, failed)


def _incident(case: Case, context: Sequence[Change], failed: list[Failure]) -> Incident:
    rules = named(failed_jobs.by_rule(failed))
    what = named([f"{one.what} {_short(one.before)} → {_short(one.after)}" for one in context])
    earlier = named([f"{one.what} {_short(one.before)}" for one in context])
    words = failed_jobs.last_words(failed)
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"{failed_jobs.who(failed)} passed in the baseline and failed here"
        f"{f': {words}' if words else ''} (the context is another: {what})",
        strength="likely",
        explains=failed_jobs.lost(failed),
        failures=len(failed),
        evidence=(
            *failed_jobs.evidence(case, failed),
            *(cited for one in context[:2] for cited in one.evidence),
        ),
        wrong_if=f"{rules} failing in the baseline's context, too",
        action=Action(
            f"decide with whoever owns this context whether {rules} has to meet it: until then, "
            f"run as the baseline ran ({earlier})",
            "the same work passed there; what the stricter context asks for is for its owner to "
            "say, and is not to be loosened to make a run pass",
            escalate=True,
        ),
        check="failed_jobs <= 0",
        rules=failed_jobs.rules(case, failed),
        jobs=failed_jobs.jobs(case, failed),
    )


def _short(value: str | None) -> str:
    """Return a value; of paths, the names alone."""
    return ", ".join(one.rpartition("/")[2] for one in value.split(", ")) if value else "none"
