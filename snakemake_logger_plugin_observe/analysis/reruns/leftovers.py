"""Files that a failed or killed job of an earlier run left, and that were not made since."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import job_name, job_names, named
from snakemake_logger_plugin_observe.analysis.reruns.earlier import PastRun, run_of
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Fix, Rerun
from snakemake_logger_plugin_observe.analysis.reruns.scene import Scene
from snakemake_logger_plugin_observe.analysis.run_again import make_again
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.attempt import FINAL
from snakemake_logger_plugin_observe.run.identity import identity

_FIX: Final = Fix(
    "make {it} again, and run without --keep-incomplete, or look at what failed jobs left before "
    "the next run",
    "--keep-incomplete leaves what a failed job wrote, and Snakemake takes it for a whole output",
    "{files} {were} made whole since, by hand or by a run without a journal here",
)
_FIX_KILLED: Final = Fix(
    "make {it} again, and go on after a killed run with --rerun-incomplete",
    "a job that is killed leaves what it had written so far; {mark}",
    "the tool ended by itself after Snakemake was killed, or {files} {were} made whole since",
)


def keeps_leftovers(one: PastRun) -> bool:
    """Return whether outputs of jobs that did not succeed were left by a run."""
    started = one.run.started
    kept = started is not None and bool(started.settings.get("keep_incomplete"))
    return kept or one.status == "killed"


def leftovers(scene: Scene) -> Iterator[Rerun]:
    """Yield what failed jobs left and this run read, or took for up to date: each rule once."""
    if not any(keeps_leftovers(one) for one in scene.past.runs):
        return
    found: dict[tuple[int, str], _Left] = {}
    made_now = {path for job in scene.run.jobs.values() for path in job.output}
    for job in scene.run.jobs.values():
        if not job.output or scene.run.last_attempt(job.job_id) is None:
            continue
        for path in job.input:
            if path not in made_now and (left := _left_by(scene, path)) is not None:
                _add(found, left, files=[path], readers=[job])
    read = {identity(job) for one in found.values() for job in one.failed.values()}
    for job in scene.run.kept.values():
        if (
            identity(job) not in read
            and (left := scene.past.last(job)) is not None
            and _left(*left)
        ):
            _add(found, left, files=left[1].output, kept=[job])
    for one in found.values():
        yield _finding(scene, one)


@dataclass(slots=True)
class _Left:
    """What the failed jobs of one rule left in one run."""

    where: PastRun
    failed: dict[int, JobDescribed] = field(default_factory=dict)
    files: dict[str, None] = field(default_factory=dict)
    readers: dict[int, JobDescribed] = field(default_factory=dict)
    kept: dict[int, JobDescribed] = field(default_factory=dict)
    """The failed jobs, as they are up to date now."""


def _add(
    found: dict[tuple[int, str], _Left],
    left: tuple[PastRun, JobDescribed],
    *,
    files: Iterable[str],
    readers: Iterable[JobDescribed] = (),
    kept: Iterable[JobDescribed] = (),
) -> None:
    where, failed = left
    one = found.setdefault((id(where), failed.rule), _Left(where))
    one.failed[failed.job_id] = failed
    one.files.update(dict.fromkeys(files))
    one.readers.update({job.job_id: job for job in readers})
    one.kept.update({job.job_id: job for job in kept})


def _left_by(scene: Scene, path: str) -> tuple[PastRun, JobDescribed] | None:
    """Return the job that last made *path*, if it failed and its outputs were kept."""
    for one in scene.past.runs:
        maker = one.makers.get(path)
        if maker is not None:
            return (one, maker) if _left(one, maker) else None
    return None


def _left(one: PastRun, job: JobDescribed) -> bool:
    """Return whether *job* left its outputs as it failed, or as it was killed with its run."""
    last = one.run.last_attempt(job.job_id)
    if last is None:
        return False
    if one.status == "killed" and last.status not in FINAL:
        return last.tool_started is not None
    started = one.run.started
    kept = started is not None and bool(started.settings.get("keep_incomplete"))
    return last.status == "failed" and kept


def _was_killed(one: PastRun, job: JobDescribed) -> bool:
    """Return whether *job* had not ended when its run was killed."""
    last = one.run.last_attempt(job.job_id)
    return last is not None and last.status not in FINAL


def _ignores_marks(scene: Scene) -> bool:
    started = scene.run.started
    return started is not None and bool(started.settings.get("ignore_incomplete"))


def _finding(scene: Scene, one: _Left) -> Rerun:
    files, failed = tuple(sorted(one.files)), sorted(one.failed.values(), key=job_name)
    which, left_by, rule = named(files), job_names(failed), failed[0].rule
    was = "was" if len(files) == 1 else "were"
    who = "it" if len(failed) == 1 else "they"
    killed = _was_killed(one.where, failed[0])
    when = f"when {who} failed in {run_of(one.where)} (--keep-incomplete)"
    if killed:
        when = f"when {run_of(one.where)} was killed"
    left = "left" if not killed else "was making" if len(failed) == 1 else "were making"
    if one.readers:
        readers = job_names(sorted(one.readers.values(), key=job_name))
        claim = (
            f"{readers} read {which}, which {left_by} {left} {when}, and which {was} not made since"
        )
    else:
        counts, them, they = (
            ("counts", "it", "it") if len(files) == 1 else ("count", "them", "they")
        )
        claim = f"{which} {counts} as up to date, but {left_by} {left} {them} {when}"
        claim += f", and {they} {was} not made since"
    jobs = tuple(one.readers)
    return Rerun(
        kind="leftover",
        claim=claim,
        jobs=jobs,
        time=scene.time_of(jobs),
        rules=(rule,),
        fix=(_FIX_KILLED if killed else _FIX).filled(
            it="it" if len(files) == 1 else "them",
            files=which,
            were=was,
            mark="--ignore-incomplete lets it count as whole"
            if _ignores_marks(scene)
            else "Snakemake marks that as incomplete, and the mark is gone",
        ),
        certain=not killed,
        commands=make_again(scene.run, failed),
        example=next(iter((*one.readers, *one.kept))),
        files=files,
    )
