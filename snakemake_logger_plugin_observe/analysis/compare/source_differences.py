"""What changed between two runs in the workflow's own files, and in its source data."""

from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.digests import differ_or_alone, short
from snakemake_logger_plugin_observe.analysis.phrasing import named
from snakemake_logger_plugin_observe.analysis.programs import is_script, runs
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

_SHORT: Final = 12
DATA: Final = "data of "
PROGRAM: Final = "program "


def of_sources(before: CitedRun, after: CitedRun) -> Iterator[Change]:
    """Yield the workflow's own files that differ, and its commit."""
    one, other = before.run.provenance, after.run.provenance
    if one is None or other is None:
        return
    facts: list[tuple[str, str | None, str | None]] = [
        (
            "commit",
            _commit(one.git_commit, one.git_dirty),
            _commit(other.git_commit, other.git_dirty),
        )
    ]
    if one.sources and other.sources:
        facts += [
            (f"file {path}", short(one.sources.get(path)), short(other.sources.get(path)))
            for path in sorted(one.sources.keys() | other.sources.keys())
            if differ_or_alone(one.sources.get(path), other.sources.get(path))
        ]
    else:
        sums = (one.snakefile_sha256, other.snakefile_sha256)
        if None not in sums:
            facts.append(("Snakefile's text", short(sums[0]), short(sums[1])))
    for what, old, new in facts:
        if old != new:
            cited = (
                *before.at_provenance(f"{what}: {old}"),
                *after.at_provenance(f"{what}: {new}"),
            )
            yield Change(RUN, what, old, new, evidence=cited)


def _commit(commit: str | None, dirty: bool | None) -> str | None:
    return None if commit is None else commit[:_SHORT] + (" and changes" if dirty else "")


def of_data(before: CitedRun, after: CitedRun) -> Iterator[Change]:
    """Yield, as one change, the source files that have another size; programs are another one."""
    found = other_sizes(before.run, after.run)
    programs = {path: one for path, one in found.items() if runs(one[2], path)}
    data = {path: one for path, one in found.items() if path not in programs}
    programs = {path: one for path, one in programs.items() if not is_script(one[2], path)}
    for label, files in ((PROGRAM, programs), (DATA, data)):
        if not files:
            continue
        path, (old, new, job) = next(iter(files.items()))
        cited = (
            *before.at_job(_reader(before.run, path), f"{path}: {old}"),
            *after.at_job(job.job_id, f"{path}: {new}"),
        )
        what = f"{label}{named(files, 1)}"
        yield Change(RUN, what, f"{old:,} bytes", f"{new:,} bytes", evidence=cited)


def other_sizes(before: Run, after: Run) -> dict[str, tuple[int, int, JobDescribed]]:
    """Return the source files that have another size: both sizes, and a job that read the second.

    The first is that of the last time that the file was read, if a job was up to date.
    """
    known = {
        path: size for job in before.all_jobs.values() for path, size in job.input_sizes.items()
    }
    read = [
        (path, size, job)
        for job in after.jobs.values()
        for path, size in job.input_sizes.items()
        if known.get(path, size) != size
    ]
    if not read:
        return {}
    made = {path for run in (before, after) for job in run.all_jobs.values() for path in job.output}
    return {path: (known[path], size, job) for path, size, job in read if path not in made}


def _reader(run: Run, path: str) -> int:
    return next(job.job_id for job in run.all_jobs.values() if path in job.input_sizes)
