"""A run in one line, as for the subject of a mail: what failed, and how far it got; no advice."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.headline import (
    first_failure,
    headline,
    progress,
)
from snakemake_logger_plugin_observe.analysis.phrasing import all_up_to_date, cut_at_word
from snakemake_logger_plugin_observe.pasting import harmless
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.words import duration
from snakemake_logger_plugin_observe.run.scope import job_counts, not_reached_words

LONGEST: Final = 200
_LEAST: Final = 60
"""So much of what failed is shown, however long the rest is."""
_STATES: Final = {
    "failed": "failed",
    "killed": "was killed",
    "interrupted": "was interrupted",
    "running": "is running",
    "dry_run": "dry run",
}


def subject(answer: CostAnswer) -> str:
    """Return ``Snakemake failed: map s=a: exit code 3: no such file; 8 of 25 jobs done, 1 failed``.

    In at most ``LONGEST`` characters, the last of what failed left out where it must be.
    """
    source, run = answer.source, answer.source.run
    if source.status == "nothing_to_do":
        kept = job_counts(run).up_to_date or 0
        return f"Snakemake had nothing to do: {all_up_to_date(kept)}"
    how_far = progress(run, not_reached_words(source.status))
    length = duration(run.makespan)
    if source.status == "success":
        return harmless(f"Snakemake success: {how_far}, in {length}")
    what = ""
    if source.status == "failed" or first_failure(answer.failures) is not None:
        what = headline(run, answer.failures, source.other_run) or ""
    state = _STATES.get(source.status, "has no recorded end")
    if source.status == "running" and what:
        state = "failed, still running"
    elif source.status == "killed":
        state = f"was killed after {length} at least"
    known = f"Snakemake {state}: "
    room = max(_LEAST, LONGEST - len(known) - len(how_far) - 2)
    what = _within(" ".join(what.split()), room)
    line = known + "; ".join(filter(None, (what, how_far)))
    return cut_at_word(harmless(line.removesuffix(": ")), LONGEST)


def _within(what: str, room: int) -> str:
    """Return what failed, without its last clause if the rest fits, or cut after a word."""
    first, _, _ = what.rpartition("; ")
    is_enough = len(what) > room >= len(first) >= room // 2
    return first if is_enough else cut_at_word(what, room)
