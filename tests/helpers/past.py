"""A run and those before it: what each job ran for, and the bytes that it made."""

from typing import Any

from builders import SECOND, T0, Story
from whys import Why

from snakemake_logger_plugin_observe.analysis.reruns.earlier import PastRun, sums_of
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.reruns.reruns import reruns
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import roots
from snakemake_logger_plugin_observe.clock import format_moment
from snakemake_logger_plugin_observe.journal.events import OutputsRecorded, Provenance, UpToDate
from snakemake_logger_plugin_observe.journal.records import OutputFile, UpToDateJob

DAY = 86_400 * SECOND


def in_params(before: str, now: str) -> str:
    """Return Snakemake's reason for a job whose params changed."""
    return (
        "Params have changed since last execution: Union of exclusive params before and now across "
        f"all output: before: {before} now: {now} "
    )


def a_run(day: int = 0, **facts: Any) -> Why:
    """Return the start of a run on some *day*."""
    started = {"process_started": T0 + day * DAY, "config_digest": "sha256:config"}
    one = Why(**{**started, **facts})
    one.plan(2, 3)
    return one


def sums(one: Story, job_id: int, **by_path: str) -> None:
    """Add the checksums of a job's outputs; ``_`` in a name stands for a dot."""
    files = tuple(
        OutputFile(path=path.replace("_", "."), sha256=value) for path, value in by_path.items()
    )
    one.add(OutputsRecorded(time=T0, job_id=job_id, attempt=1, files=files))


def kept(one: Story, *jobs: tuple[str, str]) -> None:
    """Add up-to-date jobs, each a rule and its output."""
    one.add(UpToDate(time=T0, jobs=tuple(UpToDateJob(rule=r, output=(o,)) for r, o in jobs)))


def sources(one: Story, **digests: str) -> None:
    """Add the digests of the workflow's files; ``_`` in a name stands for a dot."""
    found = {path.replace("_", "."): value for path, value in digests.items()}
    one.add(Provenance(time=T0, sources=found))


def past_run(one: Story, status: str = "success") -> PastRun:
    run = one.run
    recorded = (attempt.outputs or () for attempt in run.attempts.values())
    return PastRun(run, status, sums_of([file for files in recorded for file in files]))


def found(now: Story, *before: Story | PastRun) -> tuple[Rerun, ...]:
    """Return what the runs *before*, the newest first, show about the reruns of *now*."""
    run = now.run
    origins = Origins(run)
    past = [one if isinstance(one, PastRun) else past_run(one) for one in before]
    return reruns(run, origins, roots(origins), past)


def kinds(now: Story, *before: Story | PastRun) -> list[str]:
    return [one.kind for one in found(now, *before)]


def day_of(day: int) -> str:
    return format_moment(T0 + day * DAY)[:19].replace("T", " ")
