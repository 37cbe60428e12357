"""Which class tells of a failure: the most specific one that fits it, and no other."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.messages import Cause

KILLED: Final = "killed_run"
LATE: Final = "late_outputs"
LOST: Final = "job_lost"
MASKED: Final = "masked_failure"
NO_ENVIRONMENT: Final = "environment_failed"
NO_INPUT: Final = "missing_input"
NO_MEMORY: Final = "out_of_memory"
NO_TIME: Final = "time_limit"
REFUSED: Final = "submission_refused"
STRICTER: Final = "stricter_context"
TOOL: Final = "tool_failure"

# What lies beside a missing file is named with it: that is not missing.
_BESIDE: Final = re.compile(r", parent dir contents: [^\n]*")
# Where a name begins; a shadowed job's files are named where its shadow was.
_BEGINS: Final = r"(?:(?<![\w./~-])|(?<=/shadow/tmp\w{8}/))"
_ENDS: Final = r"(?![\w/~-]|\.\w)"

_BY_CAUSE: Final[dict[Cause, str]] = {
    "out_of_memory": NO_MEMORY,
    "time_limit": NO_TIME,
    "missing_input": NO_INPUT,
    "refused": REFUSED,
    "lost": LOST,
    "cancelled": LOST,
    "environment": NO_ENVIRONMENT,
}


def class_of(
    one: Failure,
    status: str,
    there: Collection[str],
    outputs: Iterable[str],
    *,
    no_chance: bool,
    passed_elsewhere: bool = False,
) -> str:
    """Return the class that tells of *one*.

    Args:
        one: what failed.
        status: how its run ended.
        there: files that are in the workflow's folder now, though a job missed them.
        outputs: what its job makes.
        no_chance: whether every job of its rule failed first in the same way.
        passed_elsewhere: whether its job succeeded in the baseline, in another context.

    """
    if one.cause == "cancelled" and status in ("killed", "interrupted"):
        return KILLED
    if one.cause in _BY_CAUSE:
        return _BY_CAUSE[one.cause]
    if one.cause == "missing_output" and _came_late(one.last.message or "", there, outputs):
        return LATE
    if passed_elsewhere and one.outcome == "failed":
        return STRICTER
    if no_chance or one.verdict == "deterministic":
        return MASKED
    return TOOL


def named_in(paths: Iterable[str], message: str) -> tuple[str, ...]:
    """Return which of *paths* a message names, by their whole names: ``a.bam.bai`` is no ``a.bam``.

    What only lies beside a file that it calls missing does not count.
    """
    said = _BESIDE.sub("", message)
    maybe = tuple(path for path in dict.fromkeys(paths) if path and path in said)
    longest_first = "|".join(map(re.escape, sorted(maybe, key=len, reverse=True)))
    named = set(re.findall(f"{_BEGINS}({longest_first}){_ENDS}", said)) if maybe else set()
    return tuple(path for path in maybe if path in named)


def _came_late(message: str, there: Collection[str], outputs: Iterable[str]) -> bool:
    """Whether all outputs that were said to be missing are there now."""
    if "some output files are missing" not in message:
        return False  # there, but not as promised
    missed = named_in(outputs, message)
    return bool(missed) and all(path in there for path in missed)
