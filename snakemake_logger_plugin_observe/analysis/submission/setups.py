"""Setups of an executor that cannot go well, seen in its settings alone.

Each check takes the settings and returns what is wrong with them. A finding uses one where a run
shows its sign; before a run, all of them can be listed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe import pasting
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.submission import options
from snakemake_logger_plugin_observe.analysis.submission.settings import (
    GENERIC,
    SLURM,
    SubmissionSettings,
    log_folders,
)

Counts = Mapping[str, int]
"""How many jobs of each rule are to run, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A setup that cannot go well."""

    name: str
    problem: str
    """What goes wrong, and when: a clause without an end."""
    fix: str
    """An imperative."""
    folders: tuple[str, ...] = ()
    """The folders that must be there, with Snakemake's and the cluster's placeholders."""


def no_status_command(settings: SubmissionSettings, _: Counts | None = None) -> Setup | None:
    """Return that jobs which the cluster ends by itself are never noticed."""
    if settings.executor != GENERIC or settings.status_command is not None:
        return None
    return Setup(
        "no_status_command",
        "there is no status command: the end of a job that the cluster ends (time limit, memory, "
        "scancel, a lost node) is never noticed, and Snakemake waits for it forever",
        "give --cluster-generic-status-cmd a script that prints running, success or failed for a "
        "job id",
    )


def log_folder(settings: SubmissionSettings, _: Counts | None = None) -> Setup | None:
    """Return that the cluster cannot write its logs into a folder that is not there."""
    folders = log_folders(settings.submit_command or "")
    if not folders:
        return None
    return Setup(
        "log_folder",
        f"the submit command has the cluster write its logs into {named(folders)}: where that "
        "folder is not there, the cluster ends the job at once, without a log",
        "make the folder before the job is submitted",
        folders,
    )


def not_parsable(settings: SubmissionSettings, _: Counts | None = None) -> Setup | None:
    """Return that sbatch answers with a sentence, which is taken for the id."""
    command = settings.submit_command or ""
    if settings.executor != GENERIC or not options.uses_sbatch(command):
        return None
    if "--parsable" in pasting.words(command):
        return None
    return Setup(
        "not_parsable",
        "sbatch without --parsable answers with a sentence, which Snakemake takes for the job's "
        "id: no status command finds it, and it cannot be cancelled",
        "add --parsable to the sbatch of --cluster-generic-submit-cmd",
    )


def memory_twice(settings: SubmissionSettings, _: Counts | None = None) -> Setup | None:
    """Return that memory per CPU from the defaults wins over the memory that rules request."""
    per_cpu = settings.default_resources.get("mem_mb_per_cpu")
    if settings.executor != SLURM or not per_cpu:
        return None
    return Setup(
        "memory_twice",
        f"mem_mb_per_cpu={per_cpu} of --default-resources wins over the mem_mb of every rule: "
        "Slurm is asked for that much per CPU",
        "take mem_mb_per_cpu out of --default-resources, or request it in the rules instead of "
        "mem_mb",
    )


def array_over_jobs(settings: SubmissionSettings, counts: Counts | None = None) -> Setup | None:
    """Return that jobs of an array never are ready together, since fewer may be out at once."""
    if settings.executor != SLURM or settings.jobs is None or not settings.array_rules:
        return None
    over = [
        rule
        for rule, count in (counts or {}).items()
        if count > settings.jobs and settings.array_rules & {rule, "all"}
    ]
    if not over and (counts is not None or settings.jobs > 1):
        return None
    of = f" of {named(over)}" if over else ""
    most = max(((counts or {}).get(rule, 0) for rule in over), default=0)
    all_jobs = f"all {most} jobs{of}" if over else "all jobs of a rule"
    return Setup(
        "array_over_jobs",
        f"array mode submits nothing until {all_jobs} are selected, and --jobs {settings.jobs} "
        "lets Snakemake select fewer: they are never submitted",
        f"raise --jobs to {most} or more, or leave out --slurm-array-jobs"
        if over
        else "raise --jobs, or leave out --slurm-array-jobs",
    )


def own_jobscript(settings: SubmissionSettings, _: Counts | None = None) -> Setup | None:
    """Return that a jobscript of the user's own runs before anything that is timed."""
    if settings.jobscript is None:
        return None
    return Setup(
        "own_jobscript",
        f"the jobscript {settings.jobscript} runs before Snakemake does on the node: what fails "
        "there is only in the cluster's log of the job",
        "run its lines before {exec_job} by hand on a node",
    )


Check = Callable[[SubmissionSettings, Counts | None], Setup | None]
CHECKS: Final[tuple[Check, ...]] = (
    no_status_command,
    log_folder,
    not_parsable,
    memory_twice,
    array_over_jobs,
    own_jobscript,
)
"""All checks, the most frequent trouble first."""


def setups(settings: SubmissionSettings, counts: Counts | None = None) -> Iterator[Setup]:
    """Yield what is wrong with *settings*, for jobs as many as *counts* has."""
    for check in CHECKS:
        if (found := check(settings, counts)) is not None:
            yield found
