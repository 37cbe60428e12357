"""The causes of failures in words."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.signatures import Occurrence
from snakemake_logger_plugin_observe.run.endings import describe_exit

FROM_OUTSIDE: Final = "killed from outside ({}), by whom is not known"
_CAUSES: Final = {
    "out_of_memory": "out of memory",
    "time_limit": "time limit",
    "missing_output": "an output is missing or invalid",
    "missing_input": "an input is missing",
    "refused": "the submission was refused",
    "unanswered": "the cluster did not answer its submission",
    "contradicted": "reported as failed, though its node reported success",
    "not_started": "the cluster ended it before its script began",
    "lost": "its node or processes were lost",
    "cancelled": "cancelled from outside",
    "misreported": "the scheduler's record says that it had not failed",
    "environment": "its software environment could not be created",
    "exception": "exception",
}


_SHORT: Final = {
    **_CAUSES,
    "missing_output": "missing output",
    "missing_input": "missing input",
    "refused": "refused",
    "unanswered": "no answer from the cluster",
    "lost": "node or processes lost",
    "cancelled": "cancelled",
    "misreported": "not failed by the scheduler's record",
    "environment": "environment",
    "other": "cause not recorded",
}


def short_cause(one: Failure) -> str:
    """Return the cause of a job's decisive failure in a few words."""
    why = one.decisive.why
    if why.cause in ("exit_code", "signal"):
        ended = describe_exit(why.exit_code, why.signal)
        return FROM_OUTSIDE.format(ended) if why.from_outside else ended
    if one.has_invalid_output:
        return "invalid output"
    if why.cause == "misreported" and why.state:
        return f"reported as failed, but {why.state} by the scheduler's record"
    return ("" if why.certain else "probably ") + _SHORT[why.cause]


def full_cause(one: Occurrence) -> str:
    """Return why it failed: the cause, and the state, exit code or signal that show it."""
    why = one.why
    ended = describe_exit(why.exit_code, why.signal)
    if why.from_outside:
        state = f"{why.state}, " if why.state else ""
        return FROM_OUTSIDE.format(f"{state}{ended}")
    if why.cause in ("exit_code", "signal"):
        return f"{ended}, though reported as successful" if why.called_successful else ended
    text = _CAUSES.get(why.cause, "failed")
    state = f"{why.state} by {why.by}" if why.state and why.by else why.state or ""
    shown_by = ", ".join(part for part in (state, ended) if part)
    return ("" if why.certain else "probably ") + text + (f" ({shown_by})" if shown_by else "")
