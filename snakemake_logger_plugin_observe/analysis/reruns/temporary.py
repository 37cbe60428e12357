"""Temporary files that were made again for one more job, and what ran again with them."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import job_name, job_names, named
from snakemake_logger_plugin_observe.analysis.reruns.earlier import run_of
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Fix, Rerun, rules_of
from snakemake_logger_plugin_observe.analysis.reruns.scene import Scene
from snakemake_logger_plugin_observe.analysis.why.origins import Link
from snakemake_logger_plugin_observe.journal.events import JobDescribed

_FIX: Final = Fix(
    "keep it with --notemp while jobs that read it are still to come, or finish in one run",
    "Snakemake removes a temp() file once no job of that run needs it any more; if another one "
    "needs it later, it is made again, and everything that reads it runs again",
    "{files} {was} removed by somebody, and not by Snakemake",
)


def made_again(scene: Scene) -> Iterator[Rerun]:
    """Yield each rule whose removed temporary outputs were made again, with what ran again."""
    by_rule: dict[str, list[JobDescribed]] = {}
    for job_id, links in scene.origins.links.items():
        job = scene.run.jobs[job_id]
        missing = [
            link for link in links if link.cause is not None and link.cause.kind == "missing_output"
        ]
        if job.temp and missing and len(links) == len(missing) and _all_temporary(job, missing):
            by_rule.setdefault(job.rule, []).append(job)
    for jobs in by_rule.values():
        again = (job for job in jobs if next(scene.past.of(job), None))
        yield from _finding(scene, sorted(again, key=job_name))


def _all_temporary(job: JobDescribed, missing: list[Link]) -> bool:
    files = {path for link in missing if link.cause for path in link.cause.files}
    return bool(files) and files <= set(job.temp or ())


def _finding(scene: Scene, jobs: list[JobDescribed]) -> Iterator[Rerun]:
    if not jobs:
        return
    makers = {job.job_id for job in jobs}
    needed = {
        other
        for maker in makers
        for link in scene.origins.links[maker]
        if link.relation == "needed_by"
        for other in link.jobs
    }
    again = [
        scene.run.jobs[job_id]
        for job_id, links in scene.origins.links.items()
        if scene.run.jobs[job_id].output
        and links
        and all(link.relation == "made_by" and set(link.jobs) <= makers for link in links)
        and next(scene.past.of(scene.run.jobs[job_id]), None)
    ]
    again.sort(key=job_name)
    ran_again = {job.job_id for job in again}
    new = sorted((scene.run.jobs[job_id] for job_id in needed - ran_again), key=job_name)
    if not new:
        return
    files = named(path for job in jobs for path in job.temp or ())
    first = next(scene.past.of(jobs[0]))[0]
    them = "it" if sum(len(job.temp or ()) for job in jobs) == 1 else "they"
    is_, was = ("is", "was") if them == "it" else ("are", "were")
    which = again or jobs
    claim = (
        f"{job_names(which)} ran again because {files} {is_} temp(), {was} removed when "
        f"{run_of(first)} ended, and had to be made again for {job_names(new)}"
    )
    every = (*(job.job_id for job in jobs), *(job.job_id for job in again))
    yield Rerun(
        kind="temp_again",
        claim=claim,
        jobs=every,
        time=scene.time_of(every),
        rules=rules_of(job.rule for job in jobs),
        fix=_FIX.filled(files=files, was=was),
        example=which[0].job_id,
        same_bytes=scene.all_same(every),
        files=tuple(path for job in jobs for path in job.temp or ()),
        ran_in_vain=bool(again),
    )
