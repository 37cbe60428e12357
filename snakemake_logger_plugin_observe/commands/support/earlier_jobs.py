"""The jobs of a run that were up to date, as the earlier runs that made their outputs know them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from snakemake_logger_plugin_observe.analysis.why import not_in_run
from snakemake_logger_plugin_observe.analysis.why.not_in_run import Mention, unnamed
from snakemake_logger_plugin_observe.analysis.why.origins import upwards
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.folder_runs import Outline, before, start_of
from snakemake_logger_plugin_observe.commands.support.run_folder import folder_of
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.events import JobDescribed, at_line
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.identity import Identity, identity
from snakemake_logger_plugin_observe.run.model import Made, Run

if TYPE_CHECKING:
    from snakemake_logger_plugin_observe.clock import Micros

_MOST_READ: Final = 20
"""So many earlier journals are read to find out who made what."""
_CLOCKS_DIFFER: Final = 1_000_000
"""A file server's clock may be ahead of the machine's by some, in microseconds."""
_CHOICES: Final = ("until", "omit_from", "allowed_rules", "batch")
"""Settings that leave out jobs of a DAG."""


def complete(source: Source, baseline: Source | None = None) -> None:
    """Describe the up-to-date jobs of *source*'s run, in place, by the runs before it.

    A journal of an older version, or of very many up-to-date jobs, only counts them by rule. Then
    the jobs of earlier runs are taken, if there are exactly as many. Checkpoints that were up to
    date are added, and counted: Snakemake drops them from the DAG. A job is not described if its
    files here show that something else has written them since: who made them is not known then.

    Args:
        source: the run.
        baseline: an earlier run that was read already, and completed; where the search ends.

    """
    search = _Search(source.run, folder_of(source), _touches(source))
    earlier = _earlier(source, baseline)
    while search.unfinished() and (run := next(earlier, None)) is not None:
        search.look_in(run)
    if baseline is not None:
        search.look_in(baseline)
    search.take_counted()
    search.take_checkpoints()


@dataclass(frozen=True, slots=True)
class _Touch:
    """When a job's outputs were marked as new, and by the run that began when."""

    run: "Micros"
    at: "Micros"


def _touches(source: Source) -> dict[Identity, _Touch]:
    """Return the jobs that ``--touch`` runs before *source* marked as new, each by the last."""
    found: dict[Identity, _Touch] = {}
    started = source.run.started
    for begun in before(source.path, started, "touch")[:_MOST_READ] if started is not None else ():
        try:
            run = find_journal.load(begun.path, Detail.FIGURES).run
        except JournalError:
            continue
        for job_id, job in run.jobs.items():
            attempt = run.last_attempt(job_id)
            if attempt is not None and attempt.stamps.finished is not None:
                touch = _Touch(start_of(begun.started), attempt.stamps.finished)
                found.setdefault(identity(job), touch)
    return found


def unended_before(source: Source) -> "Micros | None":
    """Return when the newest earlier run began whose journal has no end; None if there is none.

    Its last lines may be lost, and with them what it made.
    """
    started = source.run.started
    for one in before(source.path, started)[:_MOST_READ] if started is not None else ():
        if not isinstance(one, Outline) and one.ran_jobs:
            return start_of(one.started)
    return None


def mention(source: Source, text: str) -> Mention | None:
    """Return what the newest earlier run that knows what *text* names knows of it."""
    found = (not_in_run.mention(one.run, str(one.path), text) for one in _earlier(source, None))
    return next((one for one in found if one is not None), None)


def _earlier(source: Source, baseline: Source | None) -> Iterator[Source]:
    """Yield the runs of the same Snakefile before *source*, the newest first."""
    started = source.run.started
    for outline in before(source.path, started)[:_MOST_READ] if started is not None else ():
        if baseline is not None and outline.path.name == baseline.path.name:
            yield baseline
            return
        try:
            yield find_journal.load(outline.path, Detail.FIGURES)
        except JournalError:
            continue


@dataclass(frozen=True, slots=True)
class _Known:
    """A job as an earlier run knows it, and its params there."""

    job: JobDescribed
    """Its line is one of another journal, so it is not cited."""
    made: Made
    params: tuple[str, ...]


class _Search:
    """The up-to-date jobs of a run that no earlier run has described yet."""

    def __init__(
        self, run: Run, folder: Workdir | None, touches: Mapping[Identity, _Touch]
    ) -> None:
        self._run = run
        self._folder = folder
        self._touches = touches
        self._began = run.started.time if run.started is not None else 0
        self._wanted = {identity(job): job_id for job_id, job in run.kept.items()}
        self._outputs = {job.output: identity(job) for job in run.kept.values() if job.output}
        self._counted = unnamed(run)
        self._candidates: dict[Identity, _Known] = {}
        self._checkpoints: dict[Identity, _Known] = {}
        self._dropped: dict[Identity, _Known] = {}

    @cached_property
    def _ran(self) -> set[Identity]:
        return {identity(job) for job in self._run.jobs.values()}

    def unfinished(self) -> bool:
        return bool(self._wanted or self._counted)

    def look_in(self, source: Source) -> None:
        """Take the jobs that an earlier run attempted, or knows from runs before it.

        One that failed counts too: ``--keep-incomplete`` leaves outputs that then are up to date.
        """
        run = source.run
        same_code = _same_code(self._run, run)
        if same_code and not self._dropped and _same_request(self._run, run):
            self._dropped = self._only_for_checkpoints(source)
        all_known = not self.unfinished()  # then only checkpoints may be missing
        for job_id, job in run.jobs.items():
            if all_known and not job.checkpoint:
                continue
            if (attempt := run.last_attempt(job_id)) is not None:
                made = Made(str(source.path), run.start, source.status, attempt)
                self._take(_Known(job, made, run.params_of(job)), same_code=same_code)
        for job_id, made in run.made.items():
            job = run.kept[job_id]
            self._take(_Known(job, made, run.params_of(job)), same_code=same_code)

    def _only_for_checkpoints(self, source: Source) -> dict[Identity, _Known]:
        """Return the jobs of an earlier run that are no part of this one's DAG.

        Nothing is returned unless all of them are checkpoints, or were needed for checkpoints only:
        then these were up to date.
        """
        run = source.run
        if not any(job.checkpoint for job in run.jobs.values()):
            return {}
        here = self._ran | {identity(job) for job in self._run.kept.values()}
        gone = {
            job_id: job
            for job_id, job in run.jobs.items()
            if identity(job) not in here and job.rule not in self._counted
        }
        found = {job_id for job_id, job in gone.items() if job.checkpoint}
        waiting = [gone[job_id] for job_id in found]
        makers = {path: job for job in gone.values() for path in job.output} if waiting else {}
        while waiting:
            for path in waiting.pop().input:
                maker = makers.get(path)
                if maker is not None and maker.job_id not in found:
                    found.add(maker.job_id)
                    waiting.append(maker)
        last = {job_id: run.last_attempt(job_id) for job_id in found}
        if len(found) < len(gone) or any(one is None for one in last.values()):
            return {}
        return {
            identity(gone[job_id]): _Known(
                gone[job_id],
                Made(str(source.path), run.start, source.status, attempt),
                run.params_of(gone[job_id]),
            )
            for job_id, attempt in last.items()
            if attempt is not None and attempt.status == "success"
        }

    def _take(self, known: _Known, *, same_code: bool) -> None:
        job, name = known.job, identity(known.job)
        if name not in self._wanted and job.output in self._outputs:
            name = self._outputs[job.output]  # its rule was renamed since
        if name in self._ran or name in self._candidates:
            return
        if (job_id := self._wanted.get(name)) is not None:
            del self._wanted[name]
            if not self._written_since(known):
                self._describe(job_id, known)
        elif job.rule in self._counted:
            if not self._written_since(known):
                self._candidates[name] = known
        elif job.checkpoint and same_code and known.made.attempt.status == "success":
            self._checkpoints.setdefault(name, known)

    def _written_since(self, known: _Known) -> bool:
        """Return whether an output was written after its job, but before this run began.

        By hand, or by a run without a journal here. What was written later shows nothing.
        """
        finished = known.made.attempt.stamps.finished
        if self._folder is None or finished is None:
            return False
        if (touch := self._touches.get(identity(known.job))) is not None:
            finished = max(finished, touch.at)
        sizes = {file.path: file.bytes for file in known.made.attempt.outputs or ()}
        for path in known.job.output:
            state = self._folder.state(path)
            if state is None or state[0] > self._began:
                continue
            written, size = state
            other_size = None not in (size, sizes.get(path)) and size != sizes[path]
            if other_size or written > finished + _CLOCKS_DIFFER:
                return True
        return False

    def _describe(self, job_id: int, known: "_Known") -> None:
        job = known.job
        here = self._run.kept.get(job_id)
        facts: dict[str, object] = {"job_id": job_id}
        if here is not None and not job.output:  # new inputs do not make it run
            facts["input"] = here.input
        if here is not None:
            facts |= {"rule": here.rule, "wildcards": here.wildcards}
        self._run.kept[job_id] = job.but(**facts)
        touch = self._touches.get(identity(job))
        since = touch is not None and touch.run > (known.made.start or 0)
        self._run.made[job_id] = (
            replace(known.made, touched=touch.run) if touch is not None and since else known.made
        )
        if known.params:
            self._run.params.setdefault(
                (self._run.kept[job_id].rule, job.params_digest or ""), known.params
            )

    def take_counted(self) -> None:
        """Take the candidates of each rule that has as many of them as it has up-to-date jobs."""
        found = Counter(one.job.rule for one in self._candidates.values())
        for one in self._candidates.values():
            if found[one.job.rule] == self._counted[one.job.rule]:
                self._describe(min(self._run.kept, default=0) - 1, one)

    def take_checkpoints(self) -> None:
        """Take the checkpoints of the same workflow whose files jobs read and none makes.

        If nothing but checkpoints, and what only they needed, is gone, take that, too.
        """
        for name, one in self._dropped.items():
            self._checkpoints.pop(name, None)
            self._describe(min(self._run.kept, default=0) - 1, one)
            self._count(one.job.rule)
        if not self._checkpoints:
            return
        jobs = self._run.all_jobs.values()
        known = {identity(job) for job in jobs} | {path for job in jobs for path in job.output}
        read = {one for job in jobs for path in job.input for one in upwards(path)}
        for name, one in self._checkpoints.items():
            files = set(one.job.output)
            if name not in known and files & read and not files & known:
                self._describe(min(self._run.kept, default=0) - 1, one)
                self._count(one.job.rule)

    def _count(self, rule: str) -> None:
        planned = self._run.planned
        if planned is not None:
            counts = {**planned.up_to_date, rule: planned.up_to_date.get(rule, 0) + 1}
            counted = planned.but(up_to_date=counts)
            self._run.planned = counted if planned.line is None else at_line(counted, planned.line)


def _same_code(now: Run, before: Run) -> bool:
    """Return whether the same files of code are recorded of both runs, and none differs."""
    sources = [_code(run) for run in (now, before)]
    return bool(sources[0]) and sources[0] == sources[1]


def _same_request(now: Run, before: Run) -> bool:
    """Return whether two runs are known to have had the same targets and configuration."""
    one, other = now.started, before.started
    if one is None or other is None or one.targets != other.targets:
        return False
    if any(one.settings.get(name) != other.settings.get(name) for name in _CHOICES):
        return False
    return (one.config_digest, one.config_keys) == (other.config_digest, other.config_keys)


def _code(run: Run) -> dict[str, str]:
    files = run.provenance.sources if run.provenance is not None else {}
    config = run.started.settings.get("configfiles") if run.started is not None else None
    config_files = set(map(str, config)) if isinstance(config, list | tuple) else set()
    return {path: digest for path, digest in files.items() if path not in config_files}
