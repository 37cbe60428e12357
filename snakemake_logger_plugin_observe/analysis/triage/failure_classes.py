"""The incident class of each failure: the most specific one that fits, and only one."""

from collections.abc import Collection, Iterable
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.messages import Cause
from snakemake_logger_plugin_observe.analysis.named_files import named_in
from snakemake_logger_plugin_observe.journal.error_lines import is_error
from snakemake_logger_plugin_observe.run.model import Run

IN_VAIN: Final = "retries_did_not_help"
KILLED: Final = "killed_run"
LATE: Final = "late_outputs"
LOST: Final = "job_lost"
MASKED: Final = "masked_failure"
MISREPORTED: Final = "status_misreported"
NO_ENVIRONMENT: Final = "environment_failed"
NO_INPUT: Final = "missing_input"
NO_MEMORY: Final = "out_of_memory"
NO_TIME: Final = "time_limit"
REFUSED: Final = "submission_refused"
REMOVED: Final = "removed_input"
SETUP: Final = "submission_setup"
UNANSWERED: Final = "submission_unanswered"
CONTRADICTED: Final = "status_contradicted"
STRICTER: Final = "stricter_context"
STUCK: Final = "stuck"
TOOL: Final = "tool_failure"
WORKFLOW: Final = "workflow_error"

OF_FAILURES: Final = frozenset(
    {
        *(IN_VAIN, KILLED, LATE, LOST, MASKED, MISREPORTED, NO_ENVIRONMENT, NO_INPUT, NO_MEMORY),
        *(NO_TIME, REFUSED, REMOVED, STRICTER, TOOL, WORKFLOW, SETUP, UNANSWERED, CONTRADICTED),
    }
)
"""The classes about what failed, and not about where time went."""

_BY_CAUSE: Final[dict[Cause, str]] = {
    "out_of_memory": NO_MEMORY,
    "time_limit": NO_TIME,
    "missing_input": NO_INPUT,
    "refused": REFUSED,
    "unanswered": UNANSWERED,
    "not_started": SETUP,
    "contradicted": CONTRADICTED,
    "lost": LOST,
    "cancelled": LOST,
    "misreported": MISREPORTED,
    "environment": NO_ENVIRONMENT,
}
# Settings that describe where a run took place. How often it retries, or how long it waits, is not
# one of them.
_CONTEXT: Final = (
    *("profile", "executor", "configfiles", "host", "platform", "Python", "Snakemake"),
    *("deployment_methods", "apptainer_args", "shared_fs_usage", "shadow_prefix", "precommand"),
    *("jobscript", "container_image", "default_resources", "resources", "strict_evaluation"),
    *("conda_not_block_search_path_envvars", "wrapper_prefix"),
)
_OTHER_WORK: Final = ("code", "script", "input gone", "input new")


def class_of(
    one: Failure,
    status: str,
    present: Collection[str],
    outputs: Iterable[str],
    *,
    in_every_job: bool,
    passed_elsewhere: bool = False,
    input_removed: bool = False,
    by_snakemake: bool = False,
    ended_before: bool = False,
) -> str:
    """Return the class of *one*.

    Args:
        one: a failure.
        status: how its run ended.
        present: files that exist in the working directory now, though a job missed them.
        outputs: the outputs of its job.
        in_every_job: whether every job of its rule failed first, in the same way.
        passed_elsewhere: whether its job succeeded in the baseline, in another context.
        input_removed: whether its inputs were there in the run, and gone when it needed them.
        by_snakemake: whether Snakemake itself failed it, and not its tool.
        ended_before: whether the scheduler's record shows that it had ended before its run did.

    """
    if input_removed:
        return REMOVED
    if one.cause == "cancelled" and status in ("killed", "interrupted") and not ended_before:
        return KILLED
    if by_snakemake:
        return WORKFLOW
    if one.cause == "lost" and not one.decisive.why.certain and _reported_an_error(one):
        return TOOL  # what would refute that it was terminated from outside
    if one.cause in _BY_CAUSE:
        return _BY_CAUSE[one.cause]
    # What a later attempt of this run made did not appear late.
    never = one.cause == "missing_output" and one.outcome != "succeeded"
    if never and _came_late(one.decisive.message or "", present, outputs):
        return LATE
    if passed_elsewhere and one.outcome == "failed":
        return STRICTER
    if in_every_job or one.verdict == "deterministic":
        return MASKED if one.outcome == "succeeded" else IN_VAIN
    return TOOL


def _reported_an_error(one: Failure) -> bool:
    line = one.decisive.line
    return line is not None and is_error(line.text)


def context_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return what changed in the context of the run: profile, executor, machine, software."""
    return tuple(one for one in changes if one.subject == RUN and one.what in _CONTEXT)


def passed_before(comparison: Comparison, baseline: Run) -> frozenset[int]:
    """Return the jobs that succeeded in the baseline and still do the same work."""
    changes = comparison.work.changes
    reworked = {one.subject for one in changes if one.what in _OTHER_WORK}
    passed = {one.job_id for one in baseline.attempts.values() if one.status == "success"}
    return frozenset(
        pair.after.job_id
        for pair in comparison.work.match.pairs
        if pair.before.job_id in passed and pair.before.rule not in reworked
    )


def _came_late(message: str, present: Collection[str], outputs: Iterable[str]) -> bool:
    """Whether all outputs that were reported missing exist now."""
    if "some output files are missing" not in message:
        return False  # they existed, but failed a check
    missed = named_in(outputs, message)
    return bool(missed) and all(path in present for path in missed)
