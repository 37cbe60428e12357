"""In what a run took place, against its baseline: profile, executor, machine, software."""

from collections.abc import Iterable
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.analysis.compare.differences import RUN, Change
from snakemake_logger_plugin_observe.run.model import Run

_CONTEXT: Final = (
    *("profile", "executor", "configfiles", "host", "platform", "Python", "Snakemake"),
    *("deployment_methods", "apptainer_args", "shared_fs_usage", "shadow_prefix", "precommand"),
    *("jobscript", "container_image", "default_resources", "resources", "strict_evaluation"),
    *("conda_not_block_search_path_envvars", "wrapper_prefix"),
)
"""How often a run tries, or how long it waits, is not of it."""
_OTHER_WORK: Final = ("code", "script", "input gone", "input new")


def context_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return what changed of the context."""
    return tuple(one for one in changes if one.subject == RUN and one.what in _CONTEXT)


def passed_before(comparison: Comparison, baseline: Run) -> frozenset[int]:
    """Return the jobs that succeeded in the baseline, and are the same work still."""
    changes = comparison.work.changes
    reworked = {one.subject for one in changes if one.what in _OTHER_WORK}
    passed = {one.job_id for one in baseline.attempts.values() if one.status == "success"}
    return frozenset(
        pair.after.job_id
        for pair in comparison.work.match.pairs
        if pair.before.job_id in passed and pair.before.rule not in reworked
    )
