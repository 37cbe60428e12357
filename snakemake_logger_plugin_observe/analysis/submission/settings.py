"""How a run submits its jobs: its executor, its submit command, and the settings that matter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.submission import options
from snakemake_logger_plugin_observe.journal.events import JobDescribed, RunStarted

GENERIC: Final = "cluster-generic"
SLURM: Final = "slurm"


@dataclass(frozen=True, slots=True)
class SubmissionSettings:
    """The settings by which jobs are submitted, from a command line or a journal."""

    executor: str | None = None
    """The one that submits, inside the timing executor."""
    submit_command: str | None = None
    status_command: str | None = None
    array_rules: frozenset[str] = frozenset()
    """The rules whose jobs are submitted as arrays; ``all`` stands for every rule."""
    jobs: int | None = None
    """How many jobs may be out at once."""
    default_resources: Mapping[str, Any] = field(default_factory=dict)
    jobscript: str | None = None


def settings_of(started: RunStarted) -> SubmissionSettings:
    """Return how a run submits; where its journal has no setting, as its command line says."""
    executor = started.inner_executor
    known = started.settings
    defaults = known.get("default_resources")
    return SubmissionSettings(
        executor=executor,
        submit_command=_text(known.get("submit_cmd")) or _flag(started, f"--{executor}-submit-cmd"),
        status_command=_text(known.get("status_cmd")) or _flag(started, f"--{executor}-status-cmd"),
        array_rules=_rules(
            _text(known.get("array_jobs")) or _flag(started, f"--{executor}-array-jobs")
        ),
        jobs=started.jobs,
        default_resources=defaults if isinstance(defaults, Mapping) else {},
        jobscript=_text(known.get("jobscript")),
    )


def of_job(command: str, job: JobDescribed) -> str:
    """Return a submit command, or a part of one, with the values of a job where they are known."""
    known = {
        "rule": job.rule,
        "jobid": job.job_id,
        "threads": job.threads,
        **{f"wildcards.{name}": value for name, value in job.wildcards.items()},
        **{f"resources.{name}": value for name, value in job.resources.items()},
    }
    for name, value in known.items():
        command = command.replace(f"{{{name}}}", str(value)) if value is not None else command
    return command


def log_folders(command: str) -> tuple[str, ...]:
    """Return the folders into which a submit command has the cluster write its logs."""
    files = (value for _, value in options.given(command, options.names_of("output")))
    folders = (file.rpartition("/")[0] for file in files)
    return tuple(dict.fromkeys(folder for folder in folders if folder))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _flag(started: RunStarted, name: str) -> str | None:
    """Return the last value that the recorded command line gives to a flag."""
    found = None
    words = started.command
    for word, following in zip(words, (*words, "")[1:], strict=True):
        flag, equals, value = word.partition("=")
        if flag == name:
            found = value if equals else following
    return _text(found)


def _rules(text: str | None) -> frozenset[str]:
    named = (text or "").replace(";", ",").split(",")
    return frozenset(name.strip() for name in named if name.strip())
