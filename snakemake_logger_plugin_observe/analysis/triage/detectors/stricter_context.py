"""Jobs that passed in the baseline failed in a stricter context: profile, executor, machine."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import STRICTER
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident

CLASS: Final = STRICTER


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident for failed jobs that passed in the baseline, if the context changed."""
    if failed := case.failures_by_class.get(CLASS):
        yield _incident(case, case.context_changes, failed)


def _incident(case: Case, context: Sequence[Change], failed: list[Failure]) -> Incident:
    rules = named(failed_jobs.by_rule(failed))
    what = named([f"{one.what} {_short(one.before)} → {_short(one.after)}" for one in context])
    earlier = named([f"{one.what} {_short(one.before)}" for one in context])
    message = failed_jobs.last_message(failed)
    return Incident(
        id=CLASS,
        incident_class=CLASS,
        where="operating context",
        claim=f"{failed_jobs.who(failed)} passed in the baseline and failed here"
        f"{f': {message}' if message else ''} (the context changed: {what})"
        + failed_jobs.attempt_by_attempt(failed),
        strength="likely",
        wrong_if=f"{rules} also fails in the context of the baseline",
        action=Action(
            f"decide with the owner of this context whether {rules} has to meet its requirements; "
            f"until then, run as the baseline did ({earlier})",
            "the same work passed there, and only the owner of the stricter context may relax it",
            escalate=True,
        ),
        **failed_jobs.fields(
            case, failed, cited=(cited for one in context[:2] for cited in one.evidence)
        ),
    )


def _short(value: str | None) -> str:
    """Return a value; of paths, only the file names."""
    return ", ".join(one.rpartition("/")[2] for one in value.split(", ")) if value else "none"
