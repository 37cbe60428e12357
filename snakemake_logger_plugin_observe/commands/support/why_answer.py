"""The answer of ``why``: why jobs ran, with what the runs before and the run's folder show."""

from dataclasses import replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.differences import changes
from snakemake_logger_plugin_observe.analysis.why.not_run import (
    Modified,
    NewerInput,
    NotRun,
    nothing_to_do,
)
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import Roots, roots
from snakemake_logger_plugin_observe.analysis.why.taken_up import TakenUp, taken_up
from snakemake_logger_plugin_observe.analysis.why.why import why
from snakemake_logger_plugin_observe.commands.support import earlier_jobs, find_journal, past_runs
from snakemake_logger_plugin_observe.commands.support.other_runs import last_success
from snakemake_logger_plugin_observe.commands.support.run_folder import folder_of
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source, WhyAnswer

_MOST_LOOKED_UP: Final = 100


def why_of(source: Source, origins: Origins, found: Roots, *, alone: bool = False) -> WhyAnswer:
    """Return why the jobs of a run ran.

    Args:
        source: the run.
        origins: the causes of its jobs.
        found: their root causes.
        alone: whether no other run is to be looked at, and no file.

    """
    baseline = last_success(source, Detail.JOBS) if not alone else None
    return WhyAnswer(
        source,
        why(source.run, origins, found),
        baseline,
        _changed(baseline, source) if baseline is not None else (),
        reruns=past_runs.reruns_of(source, origins, found, baseline) if not alone else (),
        taken_up=_taken_up(source) if not alone else None,
        alone=alone,
    )


def why_all(source: Source, *, alone: bool = False) -> WhyAnswer:
    """Return why all jobs of a run ran, and what of it was up to date; *alone* as in ``why_of``."""
    origins = Origins(source.run)
    answer = why_of(source, origins, roots(origins), alone=alone)
    if answer.why.all.jobs and source.scope not in ("incremental", "resumed"):
        return answer
    if alone:
        return replace(answer, not_run=nothing_to_do(source.run, lambda _path: None))
    earlier_jobs.complete(source)
    idle = nothing_to_do(source.run, modified(source))
    return replace(answer, not_run=looked_up(source, idle))


def _changed(baseline: Source, source: Source) -> tuple[Change, ...]:
    """Return what changed since the last run, for its up-to-date jobs since they last ran."""
    if baseline.scope in ("incremental", "resumed"):
        earlier_jobs.complete(baseline)
    return changes(baseline.run, source.run)


def _taken_up(source: Source) -> TakenUp | None:
    """Return what had become of the jobs in the run that this one resumes, if it resumes one."""
    if source.resumes is None:
        return None
    try:
        return taken_up(source.run, find_journal.load(source.resumes.path, Detail.FIGURES).run)
    except JournalError:
        return None


def looked_up(source: Source, one: NotRun) -> NotRun:
    """Return *one* with what the run's folder shows of its inputs and outputs."""
    folder = folder_of(source)
    if folder is None:
        return one
    newer = tuple(_looked_at(source, folder, found) for found in one.newer)
    gone: frozenset[str] = frozenset()
    if one.kind == "up_to_date" and one.what is not None:
        jobs = [source.run.kept[job_id] for job_id in one.jobs[:_MOST_LOOKED_UP]]
        outputs = {path for job in jobs for path in job.output}
        gone = folder.gone(outputs & {one.what} or outputs)
    made = {job_id for share in one.shares if share.journal is None for job_id in share.jobs}
    lost = any(source.run.kept[job_id].output for job_id in made)
    unended = earlier_jobs.unended_before(source) if lost else None
    return replace(one, newer=newer, gone=tuple(sorted(gone)), unended=unended)


def _looked_at(source: Source, folder: Workdir, one: NewerInput) -> NewerInput:
    """Return *one*, corrected if it cannot have the checksum that it had: what it is now shows."""
    if one.why not in ("checksum", "unknown"):
        return one
    if folder.is_folder(one.path):
        return replace(one, why="folder")
    read = source.run.kept[one.job_id].input_sizes.get(one.path)
    same = read is None or read == folder.size(one.path)
    return one if same or one.why == "unknown" else replace(one, why="other_size")


def modified(source: Source) -> Modified:
    """Return a function that looks up when a file in the run's working directory was written."""
    folder = folder_of(source)
    return folder.modified if folder is not None else lambda _path: None
