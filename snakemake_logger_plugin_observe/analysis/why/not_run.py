"""Why something did not run: it was up to date, was not reached, or no job needs it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.why.not_in_run import (
    Absence,
    Earlier,
    Mention,
    absence,
    is_unplanned,
    not_reached,
    unnamed,
)
from snakemake_logger_plugin_observe.analysis.why.reason_text import bare
from snakemake_logger_plugin_observe.analysis.why.selection import by_name, spellings, written
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import FAILED
from snakemake_logger_plugin_observe.run.model import Run

NotRunKind = Literal[
    "up_to_date",
    "read",
    "not_reached",
    "config",
    "code",
    "no_input",
    "unplanned",
    "earlier",
    "unknown",
]
"""What is asked about: up-to-date jobs; a file that only such jobs read; a rule that was planned; a
key of the configuration; a script or another file of the workflow's code; a file that no job reads
or makes; anything, of a run of whose jobs nothing is known; a name that earlier runs know; or a
file that may be one of jobs whose files are not known."""
Modified = Callable[[str], Micros | None]
"""Returns when a file in the run's folder was last written; None if it is not there."""
Unchanged = Literal[
    "checksum", "ancient", "considered_ancient", "no_mtime", "folder", "other_size", "unknown"
]
"""Why an input that is newer than an output does not count as changed: Snakemake found the checksum
that it had; it is ``ancient()``; ``--consider-ancient`` names its rule; ``--rerun-triggers`` leaves
out the time; it is a folder, which has no checksum; it has not the size that it had, so that only
``ancient()`` explains it; or no journal has its job, so that it may be ``ancient()`` or not."""
_MOST_NEWER: Final = 20


@dataclass(frozen=True, slots=True)
class KeptShare:
    """Up-to-date jobs that one earlier run made."""

    journal: str | None
    """None for those that no journal here has made."""
    start: Micros | None
    jobs: tuple[int, ...]
    status: str | None = None
    """How that run ended."""
    touched: Micros | None = None
    """When a ``--touch`` run began that has marked their outputs as new since."""
    failed: bool = False
    """Whether they failed there: ``--keep-incomplete`` left what now counts as up to date."""


@dataclass(frozen=True, slots=True)
class NewerInput:
    """An input of an up-to-date job that was written after one of its outputs."""

    path: str
    output: str
    job_id: int
    why: Unchanged


@dataclass(frozen=True, slots=True)
class NotRun:
    """Why something that the user asks about did not run; ``what`` is None for the whole run."""

    what: str | None
    kind: NotRunKind
    jobs: tuple[int, ...] = ()
    """The up-to-date jobs that it is about, by their negative ids."""
    count: int = 0
    """How many up-to-date jobs there are: of very many, a journal names only some."""
    shares: tuple[KeptShare, ...] = ()
    """By the runs that made them, the newest first."""
    newer: tuple[NewerInput, ...] = ()
    changed: bool | None = None
    """Whether a key of the configuration changed since the baseline; None for anything else."""
    earlier: Mention | None = None
    """What an earlier run knows of a name that this run does not know."""
    gone: tuple[str, ...] = ()
    """Outputs of up-to-date jobs that it asks about, and that are not there now."""
    unended: Micros | None = None
    """When an earlier run began, the end of whose journal is lost: it may have made the others."""
    absence: Absence | None = None
    """Why that run's jobs are none of this run."""


def nothing_to_do(run: Run, modified: Modified) -> NotRun:
    """Return why a run had nothing to do.

    Args:
        run: the run, whose up-to-date jobs have been described by earlier runs.
        modified: looks up a file.

    """
    counted = sum(run.planned.up_to_date.values()) if run.planned is not None else 0
    return _up_to_date(run, None, tuple(run.kept), max(counted, len(run.kept)), modified)


def find_not_run(
    run: Run,
    text: str,
    modified: Modified,
    changed_config: Collection[str] = (),
    earlier: Earlier = lambda _text: None,
) -> NotRun | None:
    """Return why what *text* names did not run; None if nothing is known of that name.

    Args:
        run: the run, whose up-to-date jobs have been described by earlier runs.
        text: a rule, a rule and wildcards, a file, or a key of the configuration.
        modified: looks up a file.
        changed_config: the keys of the configuration that changed since the baseline.
        earlier: looks up a name in the runs before.

    """
    if (kept := find_up_to_date(run, text, modified)) is not None:
        return kept
    name = " ".join(text.split())
    paths = tuple(spellings(run, text.strip()))
    for path in paths:
        readers = tuple(n for n, job in run.kept.items() if path in map(bare, job.input))
        if readers:
            found_newer = _newer_inputs(run, readers, modified, only=path)
            return NotRun(path, "read", readers, len(readers), newer=found_newer)
    if run.planned is not None and name in run.planned.to_run:
        return NotRun(name, "not_reached", count=run.planned.to_run[name])
    if run.planned is not None and (count := run.planned.up_to_date.get(name)):
        return NotRun(name, "up_to_date", count=count)
    if (key := _config_key(run, name)) is not None:
        return NotRun(key, "config", changed=key in changed_config)
    return _of_code(run, paths) or _not_in_run(run, text, modified, earlier)


def _of_code(run: Run, paths: Sequence[str]) -> NotRun | None:
    """Return the jobs whose script one of *paths* is, or that it is the workflow's code."""
    sources = run.provenance.sources if run.provenance is not None else {}
    for path in paths:
        if jobs := tuple(job_id for job_id, job in run.all_jobs.items() if job.script == path):
            return NotRun(paths[0], "code", jobs, len(jobs))
    return next((NotRun(path, "code") for path in paths if path in sources), None)


def _not_in_run(run: Run, text: str, modified: Modified, earlier: Earlier) -> NotRun | None:
    """Return why what *text* names is no job or file of the run, as far as that is known."""
    found = earlier(text)
    if is_unplanned(run):
        return NotRun(text, "unplanned", earlier=found)
    if found is not None:
        return NotRun(found.name, "earlier", earlier=found, absence=absence(run, found))
    paths = tuple(spellings(run, text.strip()))
    there = next((path for path in paths if modified(path) is not None), None)
    if not_reached(run) or unnamed(run):
        is_file = there is not None or "/" in text or "." in text
        return NotRun(there or paths[0], "unknown") if is_file else None
    return None if there is None else NotRun(there, "no_input")


def find_up_to_date(run: Run, text: str, modified: Modified) -> NotRun | None:
    """Return the up-to-date jobs that *text* names, by rule, wildcards or a file; None if none.

    The arguments are those of ``find_not_run``.
    """
    name = " ".join(text.split())
    if found := by_name(run.kept, name):
        jobs = tuple(sorted(found.jobs, reverse=True))  # their ids count down
        return _up_to_date(run, name, jobs, len(jobs), modified)
    for path in spellings(run, text.strip()):
        made = tuple(n for n, job in run.kept.items() if path in map(bare, written(job)))
        if made:
            return _up_to_date(run, path, made, len(made), modified)
    return None


def _config_key(run: Run, name: str) -> str | None:
    keys = run.started.config_keys if run.started is not None else {}
    key = name.removeprefix("config ").strip()
    return key if key in keys else None


def _up_to_date(
    run: Run, what: str | None, jobs: tuple[int, ...], count: int, modified: Modified
) -> NotRun:
    shares = tuple(_shares(run, jobs, count))
    return NotRun(what, "up_to_date", jobs, count, shares, _newer_inputs(run, jobs, modified))


def _shares(run: Run, jobs: Sequence[int], count: int) -> Iterable[KeptShare]:
    """Yield *jobs* by the run that made them, the newest first, then those of unknown origin."""
    by_run: dict[tuple[Micros, str, str, Micros, bool], list[int]] = {}
    unknown: list[int] = []
    for job_id in jobs:
        made = run.made.get(job_id)
        if made is None:
            unknown.append(job_id)
        else:
            failed = made.attempt.status in FAILED
            key = (made.start or 0, made.journal, made.status, made.touched or 0, failed)
            by_run.setdefault(key, []).append(job_id)
    for (start, journal, status, touched, failed), found in sorted(by_run.items(), reverse=True):
        yield KeptShare(journal, start or None, tuple(found), status, touched or None, failed)
    if unknown or count > len(jobs):
        yield KeptShare(None, None, tuple(unknown))


def _newer_inputs(
    run: Run, jobs: Iterable[int], modified: Modified, only: str | None = None
) -> tuple[NewerInput, ...]:
    """Return the inputs of up-to-date *jobs* that are newer than an output, each once.

    Only what was written before the workflow started counts: Snakemake saw it.
    """
    found: dict[str, NewerInput] = {}
    began = run.started.time if run.started is not None else 0
    for job_id in jobs:
        job = run.kept[job_id]
        outputs = {path: at for path in job.output if (at := modified(path)) is not None}
        if not outputs or len(found) >= _MOST_NEWER:
            continue
        oldest = min(outputs, key=outputs.__getitem__)
        for path in map(bare, job.input):
            if path in found or (only is not None and path != only):
                continue
            written_at = modified(path)
            if written_at is not None and outputs[oldest] < written_at < began:
                found[path] = NewerInput(path, oldest, job_id, _unchanged(run, job, path))
    return tuple(found.values())


def _unchanged(run: Run, job: JobDescribed, path: str) -> Unchanged:
    settings = run.started.settings if run.started is not None else {}
    triggers = settings.get("rerun_triggers")
    if triggers is not None and "mtime" not in triggers:
        return "no_mtime"
    if job.rule in (settings.get("consider_ancient") or ()):
        return "considered_ancient"
    if job.ancient is None:
        return "unknown"
    return "ancient" if path in job.ancient else "checksum"
