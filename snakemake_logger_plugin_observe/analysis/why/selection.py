"""The jobs that the user asks about, found by id, rule, wildcards or file."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.phrasing import job_name
from snakemake_logger_plugin_observe.analysis.why.origins import Origins, files_of
from snakemake_logger_plugin_observe.analysis.why.reason_text import bare
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

Relation = Literal["job", "rule", "made", "updated", "read"]
"""How the jobs were named: directly, by their rule, or by a file that they made, found updated, or
only read."""

_PAIR: Final = re.compile(r"(?:^|[,\s]+)([A-Za-z_]\w*)=")
_NEAREST: Final = 3
_MOST_COMPARED: Final = 20_000


class NoSuchJob(Exception):  # noqa: N818 - reads as the fact that it reports
    """No job, rule or file of the run has this name; the message lists similar ones."""


@dataclass(frozen=True, slots=True)
class JobSelection:
    """Some jobs of a run, and the text by which the user named them."""

    text: str
    relation: Relation
    jobs: tuple[int, ...]
    """At least one, by id."""


def find(origins: Origins, text: str) -> JobSelection:
    """Return the jobs that *text* names.

    Args:
        origins: the causes of the run's jobs.
        text: a job's id; a rule, for all its jobs; a rule and wildcards (``screen sample=s1``);
            or a file: the jobs that made it, else those that found it updated, else those that
            read it. ``./`` before a file's name distinguishes it from a rule.

    Raises:
        NoSuchJob: if there is none; one line, with similar names.

    """
    run = origins.run
    name = " ".join(text.split())
    if name.isdecimal() and int(name) in run.jobs:
        return JobSelection(name, "job", (int(name),))
    return by_name(run.jobs, name) or _by_file(origins, text.strip()) or _nothing(run, name)


def by_name(jobs: Mapping[int, JobDescribed], name: str) -> JobSelection | None:
    """Return those of *jobs* that *name* names: a rule, or a rule and wildcards."""
    found = _ids(job for job in jobs.values() if job.rule == name) or _by_wildcards(jobs, name)
    return JobSelection(name, "job" if len(found) == 1 else "rule", found) if found else None


def among(run: Run, jobs: Mapping[int, JobDescribed], text: str) -> JobSelection | None:
    """Return those of a run's *jobs* that *text* names: by rule, wildcards, or a file."""
    if found := by_name(jobs, " ".join(text.split())):
        return found
    for path in spellings(run, text.strip()):
        if made := [job for job in jobs.values() if path in map(bare, written(job))]:
            return JobSelection(path, "made", _ids(made))
        if read := [job for job in jobs.values() if path in map(bare, job.input)]:
            return JobSelection(path, "read", _ids(read))
    return None


def _ids(jobs: Iterable[JobDescribed]) -> tuple[int, ...]:
    return tuple(sorted(job.job_id for job in jobs))


def _by_wildcards(jobs: Mapping[int, JobDescribed], name: str) -> tuple[int, ...]:
    """Return the jobs of the rule in *name* that have all the wildcards in it."""
    rule, _space, rest = name.partition(" ")
    starts = list(_PAIR.finditer(rest))
    if not starts or starts[0].start():
        return ()
    ends = [one.start() for one in starts[1:]] + [len(rest)]
    wanted = {one[1]: rest[one.end() : end] for one, end in zip(starts, ends, strict=True)}
    return _ids(
        job for job in jobs.values() if job.rule == rule and wanted.items() <= job.wildcards.items()
    )


def _by_file(origins: Origins, name: str) -> JobSelection | None:
    jobs = origins.run.jobs
    for path in spellings(origins.run, name):
        if made := [job for job in jobs.values() if path in map(bare, written(job))]:
            return JobSelection(path, "made", _ids(made))
        updated = [
            job_id
            for job_id, causes in origins.of.items()
            if any(cause.kind == "updated_input" and path in cause.files for cause in causes)
        ]
        if updated:
            return JobSelection(path, "updated", tuple(sorted(updated)))
        if read := [job for job in jobs.values() if path in map(bare, job.input)]:
            return JobSelection(path, "read", _ids(read))
    return None


def spellings(run: Run, name: str) -> Iterator[str]:
    """Yield a file's name as given, and as Snakemake may know it."""
    yield name
    plain = posixpath.normpath(name)
    yield plain
    here = run.started.workdir if run.started is not None else ""
    if here and plain.startswith(f"{here}/"):
        yield plain[len(here) + 1 :]
    elif here and not plain.startswith("/"):
        yield posixpath.join(here, plain)


def written(job: JobDescribed) -> tuple[str, ...]:
    """Return every file that a job writes: outputs, logs and benchmark."""
    return (*job.output, *job.log, *((job.benchmark,) if job.benchmark else ()))


def _nothing(run: Run, name: str) -> JobSelection:
    known = dict.fromkeys(job.rule for job in run.jobs.values())
    if run.planned is not None:
        known.update(dict.fromkeys((*run.planned.to_run, *run.planned.up_to_date)))
    for job in run.jobs.values():
        if len(known) > _MOST_COMPARED:
            break
        known[job_name(job)] = None
        known.update(dict.fromkeys(map(bare, files_of(job))))
    near = get_close_matches(name, known, _NEAREST)
    hint = f"; similar: {' · '.join(near)}" if near else ""
    raise NoSuchJob(f"no job, rule or file of this run is called {name}{hint}")
