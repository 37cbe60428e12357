"""The causes of each job, each linked to the jobs of the same run that it comes from.

"Input files updated by another job" leads to the job that made the file. "Missing output files"
leads to the jobs that read them: Snakemake makes a missing file only if a target or another job
that has to run needs it, so a removed temporary file is not a cause by itself. A cause that leads
to no other job is a root.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.why.reason_text import Cause, Names, bare, parse
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.run.model import Run

Leads = Literal["made_by", "needed_by", "brought_by", "replanned_by"]
"""How a cause leads to other jobs: they made its files, or need them, or are checkpoints whose
evaluation added the job itself or dropped the job that was to make its files."""

# Causes of the job itself; the others come from other jobs.
_OWN: Final = frozenset(
    {
        *("incomplete", "updated_input", "input_set", "code", "params", "environment", "forced"),
        *("no_output", "queue_input", "other"),
    }
)
_WANTED: Final = frozenset({"missing_output", "pipe", "service"})


@dataclass(frozen=True, slots=True)
class Link:
    """One cause of a job, and the jobs of the same run that it comes from."""

    cause: Cause | None
    """None if the job exists only because a checkpoint was evaluated."""
    relation: Leads | None = None
    jobs: tuple[int, ...] = ()
    """The jobs that it comes from; none if it is a cause of the job itself."""
    certain: bool = True
    """True if the journal records the jobs, False if they are inferred from the order."""


@dataclass
class Origins:
    """The causes of every job of a run."""

    run: Run
    of: dict[int, tuple[Cause, ...]] = field(default_factory=dict)
    """The causes of each job, by its id."""
    _read: dict[int, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Parse the reason of every job."""
        for job_id, job in self.run.jobs.items():
            causes = parse(job.reason, Names.of(files_of(job)))
            self.of[job_id] = tuple(self._incomplete_or_forced(job, cause) for cause in causes)

    def _incomplete_or_forced(self, job: JobDescribed, cause: Cause) -> Cause:
        """Resolve "Forced execution", which Snakemake also reports for incomplete outputs."""
        settings = self.run.started.settings if self.run.started is not None else {}
        if cause.kind != "forced" or not settings.get("force_incomplete"):
            return cause
        wanted = settings.get("forcerun")
        named = {str(one) for one in wanted} if isinstance(wanted, list | tuple) else set()
        all_forced = settings.get("forceall") or settings.get("forcetargets")
        if all_forced or job.rule in named or not named.isdisjoint(job.output):
            return cause
        return Cause("incomplete", job.output, certain=False)

    @cached_property
    def links(self) -> dict[int, tuple[Link, ...]]:
        """The causes of each job with the jobs that they lead to, by its id."""
        return {job_id: tuple(self._links(job)) for job_id, job in self.run.jobs.items()}

    def _links(self, job: JobDescribed) -> Iterator[Link]:
        causes = self.of[job.job_id]
        found: list[Link] = []
        for cause in causes:
            match cause.kind:
                case "updated_by_job":
                    found += self._made_by(job, cause)
                case "updated_input":
                    found += self._updated(job, cause)
                case kind if kind in _WANTED:
                    found.append(self._needed_by(job, cause))
                case _:
                    found.append(Link(cause))
        yield from found
        checkpoint = self._brought_by(job.job_id)
        if checkpoint is not None and not any(is_own_link(link, causes) for link in found):
            yield Link(None, "brought_by", (checkpoint,))

    def _updated(self, job: JobDescribed, cause: Cause) -> Iterator[Link]:
        """Link inputs that were newer after a checkpoint's evaluation to the jobs that made them.

        The others were newer before the run.
        """
        evaluated = self._evaluations.before(job.time)
        makers: dict[str, int] = {}
        if evaluated is not None:
            for path in cause.files:
                for one in self._makers_of(path):
                    ended = self.run.finished_at(one)
                    if one != job.job_id and ended is not None and ended <= evaluated[0]:
                        makers[path] = one
        others = tuple(path for path in cause.files if path not in makers)
        if others or not makers:
            yield Link(replace(cause, files=others))
        if makers:
            made = replace(cause, files=tuple(makers))
            yield Link(made, "made_by", tuple(sorted(set(makers.values()))))

    def _makers_of(self, path: str) -> Iterable[int]:
        """Return the jobs that make *path* or a folder above it."""
        return next((self._makers[one] for one in upwards(path) if one in self._makers), ())

    def _made_by(self, job: JobDescribed, cause: Cause) -> Iterator[Link]:
        """Link files that another job made to that job, else to a checkpoint that dropped it."""
        needs = [one for one in self._needs(job, cause) if one in self.run.jobs]
        makers: dict[str, int] = {}
        for need in needs:
            makers.update(dict.fromkeys(_bare(self.run.jobs[need].output), need))
        found = {
            path: next((makers[one] for one in upwards(path) if one in makers), None)
            for path in cause.files
        }
        known = {path: maker for path, maker in found.items() if maker is not None}
        others = tuple(path for path in found if path not in known)
        checkpoint = self._evaluated_before(job.job_id)
        if known and (not others or checkpoint is not None):
            made = replace(cause, files=tuple(known)) if others else cause
            yield Link(made, "made_by", tuple(sorted(set(known.values()))))
        elif needs:  # files in storage have other names than their local copies
            yield Link(cause, "made_by", tuple(sorted({*known.values(), *needs})), certain=False)
            return
        elif checkpoint is None:
            yield Link(cause, certain=False)
        if checkpoint is not None and (others or not known):
            # The file was to be made when the run began; the checkpoint's evaluation dropped that.
            left = replace(cause, files=others) if known else cause
            yield Link(left, "replanned_by", (checkpoint,), certain=False)

    def _needs(self, job: JobDescribed, cause: Cause) -> Iterable[int]:
        if job.dependencies is not None:
            return {*job.dependencies, *self._finished_makers(cause.files)} - {job.job_id}
        return {one for path in cause.files for one in self._makers.get(path, ())} - {job.job_id}

    def _needed_by(self, job: JobDescribed, cause: Cause) -> Link:
        """Link missing files to the jobs that read them, unless a target requests them."""
        wanted = set(cause.files) if cause.files else set(_bare(job.output))
        certain = cause.certain and bool(cause.files)
        readers: list[int] = []
        for reader in self._readers.get(job.job_id, ()):
            other = self.run.jobs[reader]
            if certain and wanted.isdisjoint(self._reads(reader)):
                continue
            if not (other.output or any(is_own(one, self.of[reader]) for one in self.of[reader])):
                return Link(cause)  # requested by a target: needed whatever else runs
            readers.append(reader)
        return Link(cause, "needed_by" if readers else None, tuple(sorted(readers)))

    def _reads(self, job_id: int) -> frozenset[str]:
        """Return the files that a job reads, and the folders above them."""
        if job_id not in self._read:
            inputs = _bare(self.run.jobs[job_id].input)
            self._read[job_id] = frozenset(one for path in inputs for one in upwards(path))
        return self._read[job_id]

    @cached_property
    def _readers(self) -> dict[int, list[int]]:
        """The jobs that read files of each job, by its id."""
        found: dict[int, list[int]] = {}
        for job_id, job in self.run.jobs.items():
            makers = {*self._checkpoints_read_by(job_id), *self._finished_makers(_bare(job.input))}
            for need in makers.union(job.dependencies or ()):
                if need != job_id:
                    found.setdefault(need, []).append(job_id)
        return found

    def _checkpoints_read_by(self, job_id: int) -> Iterator[int]:
        """Yield the checkpoints whose files a job reads: Snakemake's DAG drops them once run."""
        if self._checkpoint_files:
            for path in self._reads(job_id) & self._checkpoint_files.keys():
                yield self._checkpoint_files[path]

    def _finished_makers(self, paths: Iterable[str]) -> Iterator[int]:
        """Yield the jobs that make *paths*, if a checkpoint was evaluated.

        Snakemake then rebuilds the DAG, where no job depends on one that had finished before.
        """
        if self._evaluations.ends:
            for path in paths:
                yield from self._makers_of(path)

    @cached_property
    def _checkpoint_files(self) -> dict[str, int]:
        return {
            path: job_id
            for job_id, job in self.run.jobs.items()
            if job.checkpoint
            for path in _bare(job.output)
        }

    @cached_property
    def _makers(self) -> dict[str, list[int]]:
        """The jobs that make each file."""
        found: dict[str, list[int]] = {}
        for job_id, job in self.run.jobs.items():
            for path in _bare(job.output):
                found.setdefault(path, []).append(job_id)
        return found

    @cached_property
    def _evaluations(self) -> "_Evaluations":
        ended = sorted(
            (moment, job_id)
            for job_id, job in self.run.jobs.items()
            if job.checkpoint and (moment := self.run.finished_at(job_id)) is not None
        )
        found = _Evaluations()
        for phase in self.run.phases:
            at = bisect_right(ended, (phase.end, -1))
            if phase.first_job_id is not None and at:
                found.ends.append(phase.end)
                found.firsts.append(phase.first_job_id)
                found.whose.append(ended[at - 1][1])
        return found

    def _brought_by(self, job_id: int) -> int | None:
        """Return the checkpoint whose evaluation in this run added *job_id*."""
        at = bisect_right(self._evaluations.firsts, job_id)
        checkpoint = self._evaluations.whose[at - 1] if at else None
        return None if checkpoint == job_id else checkpoint

    def _evaluated_before(self, job_id: int) -> int | None:
        """Return the checkpoint evaluated last before *job_id* was logged."""
        evaluated = self._evaluations.before(self.run.jobs[job_id].time)
        return None if evaluated is None or evaluated[1] == job_id else evaluated[1]


@dataclass(slots=True)
class _Evaluations:
    """The evaluations of checkpoints, in order of time."""

    ends: list[Micros] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    """The lowest id of the jobs that each added."""
    whose: list[int] = field(default_factory=list)
    """The checkpoint job that had finished last before each."""

    def before(self, moment: Micros) -> tuple[Micros, int] | None:
        """Return the end of the last one before *moment*, and its checkpoint job."""
        at = bisect_right(self.ends, moment)
        return (self.ends[at - 1], self.whose[at - 1]) if at else None


def files_of(job: JobDescribed) -> Iterator[str]:
    """Yield every file of *job*: outputs, inputs, logs and benchmark."""
    yield from job.output
    yield from job.input
    yield from job.log
    if job.benchmark:
        yield job.benchmark


def is_own(cause: Cause, others: Iterable[Cause] = ()) -> bool:
    """Return whether *cause* is one of the job itself, whatever else runs.

    Snakemake names no updated inputs if other jobs of the run have made all of them again since.
    """
    if cause.kind == "updated_input" and not cause.files:
        return all(one.kind == cause.kind for one in others)
    return cause.kind in _OWN


def is_own_link(link: Link, others: Iterable[Cause] = ()) -> bool:
    """Return whether *link* is a cause of the job itself and leads to no other job."""
    return link.cause is not None and not link.jobs and is_own(link.cause, others)


def _bare(files: Iterable[str]) -> Iterator[str]:
    return map(bare, files)


def upwards(path: str) -> Iterator[str]:
    """Yield *path* and every folder above it."""
    while path:
        yield path
        path = path.rpartition("/")[0]
