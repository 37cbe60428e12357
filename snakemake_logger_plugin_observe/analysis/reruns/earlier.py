"""A run with those before it in its folder, and questions about what these did."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.reruns.input_changes import InputChange, changes
from snakemake_logger_plugin_observe.analysis.why.origins import files_of
from snakemake_logger_plugin_observe.analysis.why.reason_text import Cause, Names, parse
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.records import OutputFile
from snakemake_logger_plugin_observe.run.identity import Identity, identity
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True)
class PastRun:
    """A run before the one in question: its jobs, and what they made."""

    run: Run
    status: str
    sums: Mapping[str, str] = field(default_factory=dict)
    """The checksums of the outputs that it recorded, by path."""

    @cached_property
    def changes(self) -> tuple[InputChange, ...]:
        """The changes of inputs while its jobs read them; none if it was read without attempts."""
        return tuple(changes(self.run))

    @cached_property
    def jobs(self) -> dict[Identity, JobDescribed]:
        """The jobs that it started, by name."""
        return {identity(job): job for job in self.run.jobs.values()}

    @cached_property
    def up_to_date(self) -> frozenset[Identity]:
        """The jobs of its DAG that did not run."""
        return frozenset(identity(job) for job in self.run.kept.values())

    @cached_property
    def makers(self) -> dict[str, JobDescribed]:
        """The jobs that it started, by their outputs."""
        return {path: job for job in self.run.jobs.values() for path in job.output}

    @property
    def nothing_to_do(self) -> bool:
        """Whether everything was up to date."""
        return self.status == "nothing_to_do"

    def succeeded(self, job: JobDescribed) -> bool:
        """Whether *job* made its outputs."""
        last = self.run.last_attempt(job.job_id)
        if last is not None:
            return last.status in ("success", "cached")
        return self.status == "success"

    def causes(self, job: JobDescribed) -> tuple[Cause, ...]:
        """Return why *job* ran."""
        return parse(job.reason, Names.of(files_of(job)))


@dataclass(frozen=True)
class Past:
    """The runs before a run, the newest first: as many as were read."""

    runs: Sequence[PastRun] = ()

    def of(self, job: JobDescribed) -> Iterator[tuple[PastRun, JobDescribed]]:
        """Yield the runs in a row that made *job*'s outputs, the newest first.

        The row ends with a run that had the job up to date, or that failed at it. Runs of which it
        was no part, or that did not reach it, are passed over.
        """
        name = identity(job)
        for one in self.runs:
            before = one.jobs.get(name)
            if before is not None:
                if not one.succeeded(before):
                    return
                yield one, before
            elif one.nothing_to_do or name in one.up_to_date:
                return

    def last(self, job: JobDescribed) -> tuple[PastRun, JobDescribed] | None:
        """Return the last run that started *job*, whatever became of it."""
        name = identity(job)
        return next(((one, one.jobs[name]) for one in self.runs if name in one.jobs), None)

    def in_a_row(self, job: JobDescribed, same: Callable[[PastRun, JobDescribed], bool]) -> int:
        """Return in how many runs in a row *job* ran for the *same* reason, this one included."""
        count = 1
        for one, before in self.of(job):
            if not same(one, before):
                break
            count += 1
        return count


def made_before(past: Past, job: JobDescribed, path: str) -> str | None:
    """Return the checksum of *path* as the last run that made it recorded it, if it did."""
    last = past.last(job)
    return None if last is None or not last[0].succeeded(last[1]) else last[0].sums.get(path)


def sums_of(files: Sequence[OutputFile]) -> dict[str, str]:
    """Return the checksums of recorded outputs, by path."""
    return {file.path: file.sha256 for file in files if file.sha256 is not None}


def same_workflow(now: Run, before: Run) -> bool:
    """Return whether nothing that is recorded of the workflow's files and config differs."""
    one, other = now.started, before.started
    if one is None or other is None:
        return False
    if differ(one.config_digest, other.config_digest):
        return False
    sources = [run.provenance.sources if run.provenance else {} for run in (now, before)]
    both = sources[0].keys() & sources[1].keys()
    return not any(differ(sources[0][path], sources[1][path]) for path in both)


def differ(one: str | None, other: str | None) -> bool:
    """Return whether two digests differ; digests that were made in other ways show nothing."""
    if one is None or other is None or one.rpartition(":")[0] != other.rpartition(":")[0]:
        return False
    return one != other


def run_of(past: PastRun) -> str:
    """Return ``the run of 2026-03-01 12:00:00 UTC``."""
    start = past.run.start
    if start is None:
        return "an earlier run"
    return f"the run of {clock.format_moment(start)[:19].replace('T', ' ')} UTC"
