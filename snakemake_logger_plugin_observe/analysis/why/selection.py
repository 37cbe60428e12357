"""What a question is about: the jobs that a person's words name, by id, rule, wildcards or file."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.phrasing import job_name
from snakemake_logger_plugin_observe.analysis.why.origins import Origins, files_of
from snakemake_logger_plugin_observe.analysis.why.reason_text import bare
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

Relation = Literal["job", "rule", "made", "updated", "read"]
"""How jobs are meant: by themselves, as all of a rule, as the makers of a file, as those that
found it updated, or as those that only read it."""

_PAIR: Final = re.compile(r"(?:^|[,\s]+)([A-Za-z_]\w*)=")
_NEAREST: Final = 3
_MOST_COMPARED: Final = 20_000


class NoSuchJob(Exception):  # noqa: N818 - it names what happened
    """No job of the run is meant by these words; its text has what is called nearly so."""


@dataclass(frozen=True, slots=True)
class JobSelection:
    """Some jobs of a run, as a person named them."""

    words: str
    relation: Relation
    jobs: tuple[int, ...]
    """At least one, in the order of their ids."""


def find(origins: Origins, words: str) -> JobSelection:
    """Return the jobs that *words* name.

    Args:
        origins: a run's.
        words: a job's id; a rule, for all of its jobs; a rule and wildcards (``screen sample=s1``);
            or a file: then the jobs that made it, or else those that found it updated, or else
            those that read it. ``./`` before a file's name tells it from a rule's.

    Raises:
        NothingNamed: if there is none; one line, with names that are near.

    """
    run = origins.run
    said = " ".join(words.split())
    if said.isdecimal() and int(said) in run.jobs:
        return JobSelection(said, "job", (int(said),))
    of_rule = [job for job in run.jobs.values() if job.rule == said]
    if of_rule:
        return JobSelection(said, "job" if len(of_rule) == 1 else "rule", _ids(of_rule))
    if by_wildcards := _by_wildcards(run, said):
        return JobSelection(said, "job" if len(by_wildcards) == 1 else "rule", by_wildcards)
    return _by_file(origins, words.strip()) or _nothing(run, said)


def _ids(jobs: Iterable[JobDescribed]) -> tuple[int, ...]:
    return tuple(sorted(job.job_id for job in jobs))


def _by_wildcards(run: Run, said: str) -> tuple[int, ...]:
    """Return the jobs of the rule that *said* begins with, whose wildcards are as it goes on."""
    rule, _space, rest = said.partition(" ")
    starts = list(_PAIR.finditer(rest))
    if not starts or starts[0].start():
        return ()
    ends = [one.start() for one in starts[1:]] + [len(rest)]
    asked = {one[1]: rest[one.end() : end] for one, end in zip(starts, ends, strict=True)}
    return _ids(
        job
        for job in run.jobs.values()
        if job.rule == rule and asked.items() <= job.wildcards.items()
    )


def _by_file(origins: Origins, said: str) -> JobSelection | None:
    jobs = origins.run.jobs
    for path in _spellings(origins.run, said):
        if made := [job for job in jobs.values() if path in map(bare, _written(job))]:
            return JobSelection(path, "made", _ids(made))
        updated = [
            job_id
            for job_id, its in origins.of.items()
            if any(cause.kind == "updated_input" and path in cause.files for cause in its)
        ]
        if updated:
            return JobSelection(path, "updated", tuple(sorted(updated)))
        if read := [job for job in jobs.values() if path in map(bare, job.input)]:
            return JobSelection(path, "read", _ids(read))
    return None


def _spellings(run: Run, said: str) -> Iterator[str]:
    """Yield a file's name as it was said, and as Snakemake may have it."""
    yield said
    plain = posixpath.normpath(said)
    yield plain
    here = run.started.workdir if run.started is not None else ""
    if here and plain.startswith(f"{here}/"):
        yield plain[len(here) + 1 :]
    elif here and not plain.startswith("/"):
        yield posixpath.join(here, plain)


def _written(job: JobDescribed) -> tuple[str, ...]:
    return (*job.output, *job.log, *((job.benchmark,) if job.benchmark else ()))


def _nothing(run: Run, said: str) -> JobSelection:
    known = dict.fromkeys(job.rule for job in run.jobs.values())
    for job in run.jobs.values():
        if len(known) > _MOST_COMPARED:
            break
        known[job_name(job)] = None
        known.update(dict.fromkeys(map(bare, files_of(job))))
    near = get_close_matches(said, known, _NEAREST)
    hint = f"; similar: {' · '.join(near)}" if near else ""
    raise NoSuchJob(f"no job, rule or file of this run is called {said}{hint}")
