"""Snakemake's own error messages, of a run that failed without a failed job."""

from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.failures import tracebacks, workflow_errors
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.words import harmless

_ERRORS_SHOWN: Final = 3


def errors(source: Source, *, explained: bool = True) -> list[RenderableType]:
    """Return Snakemake's own error messages, if the run failed without a failed job.

    With *explained*, what ended the run and what to do about it come first.
    """
    run = source.run
    if source.status != "failed" or any(one.status == "failed" for one in run.attempts.values()):
        return []
    shown = (
        run.with_relative_paths(tracebacks.summary(message.text))
        for message in workflow_errors.errors(run)[-_ERRORS_SHOWN:]
    )
    reported = [Text(harmless(f"Snakemake reported: {text}"), "red") for text in shown if text]
    error = workflow_errors.ending_error(run)
    if error is None or not explained:
        return [*reported]
    found = workflow_errors.explain_run(run, error, source.other_run)
    return [Text(harmless(f"{found.cause.rstrip('.')}. To do: {found.to_do}.")), *reported]
