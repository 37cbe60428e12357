"""The executor reported a job as failed, and the node that it succeeded: one of them is wrong."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.live import status_checks
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import CONTRADICTED
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.pasting import Command, command, path, words

CLASS: Final = CONTRADICTED


def detect(case: Case) -> Iterator[Incident]:
    """Yield one incident for each rule or group whose jobs have two accounts of their end."""
    for name, failed in failed_jobs.by_rule(case.failures_by_class.get(CLASS, ())).items():
        status = status_checks.status_command(case.run)
        states = {one.decisive.why.state for one in failed} - {None}
        record = f"; the cluster's record says {named(sorted(map(str, states)))}" if states else ""
        ids = tuple(filter(None, (one.decisive_row.attempt.external_jobid for one in failed)))
        of_ids = f" ({named(ids)})" if ids else ""
        yield Incident(
            id=f"{CLASS}:{name}",
            incident_class=CLASS,
            where="operating context",
            claim=f"{status_checks.reporter(case.run)} reported {failed_jobs.who(failed)}{of_ids} "
            f"as failed, and the node that all of it ended well{record}",
            strength="certain",
            wrong_if="what comes after Snakemake on the node failed: the end of the job's script, "
            "or an epilogue of the cluster",
            action=Action(
                f"ask {'the status command' if status is not None else 'the cluster'} again about "
                "these jobs: if it still calls one of them failed, correct it, else what comes "
                "after Snakemake on the node; then run again",
                "Snakemake believes the executor, and removes the outputs of a job that failed",
                commands=_ask_again(status, ids) if case.is_own else (),
            ),
            **failed_jobs.fields(case, failed),
        )


def _ask_again(status: str | None, ids: Sequence[str]) -> tuple[Command, ...]:
    """Return the status command of one job, if it is a plain command."""
    known = words(status or "")
    if not known or not ids:
        return ()
    return (command(*known, path(ids[0]), purpose="as Snakemake asks about it"),)
