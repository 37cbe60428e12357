"""Inputs that a failed job of an earlier run left, and that were not made since."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import job_name, named
from snakemake_logger_plugin_observe.analysis.reruns.earlier import PastRun, run_of
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Fix, Rerun
from snakemake_logger_plugin_observe.analysis.reruns.scene import Scene
from snakemake_logger_plugin_observe.journal.events import JobDescribed

_FIX: Final = Fix(
    "make it again: snakemake --forcerun {rule}; and run without --keep-incomplete, or look at "
    "what failed jobs left before the next run",
    "--keep-incomplete leaves what a failed job wrote, and Snakemake takes it for a whole output",
    "{files} was made whole by hand since",
)


def keeps_leftovers(one: PastRun) -> bool:
    """Return whether outputs of failed jobs were left by a run."""
    started = one.run.started
    return started is not None and bool(started.settings.get("keep_incomplete"))


def leftovers(scene: Scene) -> Iterator[Rerun]:
    """Yield each failed job whose outputs were read by this run."""
    if not any(keeps_leftovers(one) for one in scene.past.runs):
        return
    made_now = {path for job in scene.run.jobs.values() for path in job.output}
    readers: dict[int, tuple[PastRun, JobDescribed, list[JobDescribed], dict[str, None]]] = {}
    for job in scene.run.jobs.values():
        last = scene.run.last_attempt(job.job_id)
        if last is None or not job.output:
            continue
        for path in job.input:
            if path not in made_now and (found := _left_by(scene, path)) is not None:
                one, failed = found
                _, _, reading, files = readers.setdefault(id(failed), (one, failed, [], {}))
                if job not in reading:
                    reading.append(job)
                files[path] = None
    for one, failed, reading, files in readers.values():
        yield _finding(scene, one, failed, reading, tuple(files))


def _left_by(scene: Scene, path: str) -> tuple[PastRun, JobDescribed] | None:
    """Return the job that last made *path*, if it failed and its outputs were kept."""
    for one in scene.past.runs:
        maker = one.makers.get(path)
        if maker is None:
            continue
        last = one.run.last_attempt(maker.job_id)
        if last is not None and last.status == "failed" and keeps_leftovers(one):
            return one, maker
        return None
    return None


def _finding(
    scene: Scene,
    one: PastRun,
    failed: JobDescribed,
    reading: list[JobDescribed],
    files: tuple[str, ...],
) -> Rerun:
    which = named(files)
    was = "was" if len(files) == 1 else "were"
    claim = (
        f"{named([job_name(job) for job in reading])} read {which}, which {job_name(failed)} left "
        f"when it failed in {run_of(one)} (--keep-incomplete), and which {was} not made since"
    )
    jobs = tuple(job.job_id for job in reading)
    return Rerun(
        kind="leftover",
        claim=claim,
        jobs=jobs,
        time=scene.time_of(jobs),
        rules=(failed.rule,),
        fix=Fix(_FIX.text.format(rule=failed.rule), _FIX.why, _FIX.wrong_if.format(files=which)),
        example=jobs[0],
        files=files,
    )
