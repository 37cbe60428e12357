"""Names of jobs, lists of files, and counts, worded the same in every answer."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

MOST_NAMED: Final = 3
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def job_name(job: JobDescribed) -> str:
    """Return a job's rule and wildcards, in full: ``map sample=a, lane=1``."""
    return submission_name(job.rule, job.wildcards)


def job_names(jobs: Iterable[JobDescribed], most: int = MOST_NAMED) -> str:
    """Return the names of the first *jobs*, and how many more there are."""
    return named([job_name(job) for job in jobs], most)


def submission_name(
    rule: str | None, wildcards: Mapping[str, str], group: str | None = None
) -> str:
    """Return the name of a job, or of a group if there is no rule.

    A group without a name has a UUID: its first eight digits are enough.
    """
    if rule is not None:
        return f"{rule} {wildcard_values(wildcards)}".strip()
    if group is not None:
        return f"group {group[:8] if is_uuid(group) else group}"
    return "(not described)"  # it failed before Snakemake described it


def is_uuid(name: str) -> bool:
    """Whether a group has no name of its own."""
    return _UUID.fullmatch(name) is not None


def wildcard_values(wildcards: Mapping[str, str]) -> str:
    """Return ``sample=a, lane=1``."""
    return ", ".join(f"{key}={value}" for key, value in wildcards.items())


def group_name(run: Run, group: str | None) -> str | None:
    """Return the name that the workflow gave a group, else its id."""
    described = run.groups.get(group) if group is not None else None
    return (described.name if described is not None else None) or group


def named(things: Iterable[str], most: int = MOST_NAMED) -> str:
    """Return the first of *things*, and how many more there are."""
    names = list(things)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def both(things: Sequence[str], most: int = MOST_NAMED) -> str:
    """Return ``a``, ``a and b``, or as ``named`` does."""
    return " and ".join(things) if len(things) == 2 else named(things, most)


def cut(text: str, most: int) -> str:
    """Return *text*, cut to *most* characters if it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def cut_at_word(text: str, most: int) -> str:
    """Return *text*, cut after a word to at most *most* characters if it is longer."""
    if len(text) <= most:
        return text
    words, space, _ = text[:most].rpartition(" ")
    return f"{words.rstrip(' ,;:·…')}…" if space else cut(text, most)


def all_up_to_date(count: int) -> str:
    """Return that no job had to run; *count* is 0 where their number is unknown."""
    if not count:
        return "everything was up to date"
    return "its one job was up to date" if count == 1 else f"all {count:,} jobs were up to date"


def plural(count: int, noun: str) -> str:
    """Return ``1 job``, ``2 jobs``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def jobs_of(count: int) -> str:
    """Return ``1 job``, ``2 jobs``."""
    return plural(count, "job")
