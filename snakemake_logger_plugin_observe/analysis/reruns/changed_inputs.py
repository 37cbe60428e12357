"""Inputs that were changed while a job ran: its outputs count as up to date all the same.

When in its run a job reads an input is not known, so what it made of it is likely wrong, no more.
Snakemake compares the times of inputs with those of outputs, and an output is newer than whatever
happened while it was made.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.analysis.named_files import named_in
from snakemake_logger_plugin_observe.analysis.phrasing import both, cut, job_name, job_names, named
from snakemake_logger_plugin_observe.analysis.reruns.earlier import PastRun, run_of
from snakemake_logger_plugin_observe.analysis.reruns.input_changes import (
    InputChange,
    changes,
    resized,
)
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Fix, Rerun, rules_of
from snakemake_logger_plugin_observe.analysis.reruns.scene import Scene
from snakemake_logger_plugin_observe.analysis.run_again import make_again
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.records import ChangedInput
from snakemake_logger_plugin_observe.run.model import Run

_IN_PLACE: Final = re.compile(
    r"(?<![\w./-])(?:sed|perl)\s(?:.*\s)?-\w*i|(?<![\w./-])(?:touch|tee|truncate)\s"
)
_INTO: Final = r">>?\s*['\"]?{path}['\"]?(?![\w./-])"
_ONE_COMMAND: Final = re.compile(r"[^;&|\n]+")
_LONGEST: Final = 80


def changed_inputs(scene: Scene) -> Iterator[Rerun]:
    """Yield a finding for each input that was changed while its jobs ran, here or before."""
    groups: dict[tuple[object, ...], list[InputChange]] = {}
    for one in changes(scene.run):
        groups.setdefault((one.file.path, one.moment), []).append(one)
    for group in groups.values():
        yield _now(scene, group)
    before: dict[int, _Before] = {}
    for job_id, job in scene.run.kept.items():
        last = scene.past.last(job)
        for one in last[0].changes if last is not None else ():
            if last is not None and one.job.job_id == last[1].job_id and one.done:
                known = before.setdefault(id(last[0]), _Before(last[0]))
                known.jobs[job_id] = job
                known.changes.append(one)
    for known in before.values():
        yield _then(scene, known)


@dataclass(slots=True)
class _Before:
    """Jobs that are up to date, though their inputs were changed while one run made them."""

    where: PastRun
    jobs: dict[int, JobDescribed] = field(default_factory=dict)
    changes: list[InputChange] = field(default_factory=list)


def _now(scene: Scene, group: list[InputChange]) -> Rerun:
    first, jobs = group[0], [one.job for one in group]
    path = first.file.path
    claim = f"input {path} was {_what(first.file)} while {_who(jobs)} ran{_size(first.file)}"
    writer = _writer(scene.run, group)
    if writer is not None:
        job, part = writer
        own = job.job_id in {one.job_id for one in jobs}
        whose = "its own command" if own else f"{job_name(job)}, which ran then,"
        claim += f"; {whose} writes it" + (f" (`{part}`)" if part else "")
    done = [one.job for one in group if one.done]
    return _finding(scene, claim, jobs, done, [first.file], writer=writer)


def _then(scene: Scene, known: _Before) -> Rerun:
    files = list({one.file.path: one.file for one in known.changes}.values())
    jobs = list(known.jobs.values())
    was = "was" if len(files) == 1 else "were"
    which = both([file.path for file in files])
    counts, it = ("counts", "it was") if len(jobs) == 1 else ("count", "they were")
    claim = (
        f"{_who(jobs)} {counts} as up to date, but {which} {was} {_what(files[0])} while {it} "
        f"made, in {run_of(known.where)}"
    )
    return _finding(scene, claim, jobs, jobs, files)


def _finding(
    scene: Scene,
    claim: str,
    jobs: list[JobDescribed],
    done: list[JobDescribed],
    files: list[ChangedInput],
    *,
    writer: tuple[JobDescribed, str] | None = None,
) -> Rerun:
    which = both([file.path for file in files])
    ids = tuple(dict.fromkeys(job.job_id for job in jobs))
    stop = f"once nothing changes {which} while a job that reads it runs"
    if writer is not None:
        stop = f"once {writer[0].rule} no longer writes {which}"
    outputs = [path for job in done for path in job.output]
    sized = any(file.replaced or resized(file) for file in files)
    return Rerun(
        kind="changed_input",
        claim=claim,
        jobs=ids,
        time=scene.time_of(ids),
        rules=rules_of(job.rule for job in jobs),
        fix=Fix(
            f"make {named(outputs)} again, {stop}" if outputs else f"run again, {stop}",
            "what was made is newer than the change, so Snakemake takes it for up to date"
            if outputs
            else "a tool may fail on an input that changes",
            f"{_who(jobs)} had read all of {which} before it was changed"
            if sized
            else f"the contents of {which} are what they were",
        ),
        example=ids[0],
        certain=False,
        other_bytes=sized,
        files=tuple(file.path for file in files),
        commands=make_again(scene.run, done),
    )


def _who(jobs: Iterable[JobDescribed]) -> str:
    return job_names({job.job_id: job for job in jobs}.values())


def _what(file: ChangedInput) -> str:
    if file.replaced:
        return "replaced"
    return "changed" if resized(file) else "written to or touched"


def _size(file: ChangedInput) -> str:
    if not resized(file):
        return ", its size is the same" if file.replaced else ""
    return f" ({file.bytes_before:,} → {file.bytes:,} bytes)"


def _writer(run: Run, group: list[InputChange]) -> tuple[JobDescribed, str] | None:
    """Return the job that wrote the file as it ran then, and the part of its command that did."""
    path, moment = posixpath.normpath(group[0].file.path), group[0].moment
    if moment is None:
        return None
    readers = {one.job.job_id for one in group}
    for attempt in run.attempts.values():
        job = run.job_of(attempt)
        ran = any(
            one.phase == "compute" and one.start <= moment <= one.end for one in attempt.segments
        )
        if job is None or not ran:
            continue
        if job.job_id not in readers and path in map(posixpath.normpath, job.output):
            return job, ""
        if (part := writing_part(job.shellcmd or "", path)) is not None:
            return job, part
    return None


def writing_part(command: str, path: str) -> str | None:
    """Return the part of a shell *command* that writes to the file at *path*, or touches it."""
    into = re.compile(_INTO.format(path=re.escape(path)))
    for found in _ONE_COMMAND.finditer(command):
        part = " ".join(found[0].split())
        if into.search(part) or (_IN_PLACE.search(f"{part} ") and named_in((path,), part)):
            return cut(part, _LONGEST)
    return None
