"""The jobs of a run that were up to date, as the earlier runs that made their outputs know them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.folder_runs import before
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.model import Made, Run

_MOST_READ: Final = 20
"""So many earlier journals are read to find out who made what."""
_Name = tuple[object, ...]


def complete(source: Source, baseline: Source | None = None) -> None:
    """Describe the up-to-date jobs of *source*'s run, in place, by the runs before it.

    A journal of an older version, or of very many up-to-date jobs, only counts them by rule. Then
    the jobs of earlier runs are taken, if there are exactly as many.

    Args:
        source: the run.
        baseline: an earlier run that was read already, and completed; where the search ends.

    """
    search = _Search(source.run)
    earlier = _earlier(source, baseline)
    while search.unfinished() and (run := next(earlier, None)) is not None:
        search.look_in(run)
    search.take_counted()


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

    def __init__(self, run: Run) -> None:
        self._run = run
        self._ran = {_name(job) for job in run.jobs.values()}
        self._wanted = {_name(job): job_id for job_id, job in run.kept.items()}
        counts = Counter(run.planned.up_to_date if run.planned is not None else {})
        counts.subtract(job.rule for job in run.kept.values())
        self._counted = {rule: many for rule, many in counts.items() if many > 0}
        self._candidates: dict[_Name, _Known] = {}

    def unfinished(self) -> bool:
        return bool(self._wanted or self._counted)

    def look_in(self, source: Source) -> None:
        """Take the jobs that an earlier run attempted, or knows from runs before it.

        One that failed counts too: ``--keep-incomplete`` leaves outputs that then are up to date.
        """
        run = source.run
        for job_id, job in run.jobs.items():
            if (attempt := run.last_attempt(job_id)) is not None:
                made = Made(str(source.path), run.start, source.status, attempt)
                self._take(_Known(job, made, run.params_of(job)))
        for job_id, made in run.made.items():
            job = run.kept[job_id]
            self._take(_Known(job, made, run.params_of(job)))

    def _take(self, known: "_Known") -> None:
        job, name = known.job, _name(known.job)
        if name in self._ran or name in self._candidates:
            return
        if (job_id := self._wanted.pop(name, None)) is not None:
            self._describe(job_id, known)
        elif job.rule in self._counted:
            self._candidates[name] = known

    def _describe(self, job_id: int, known: "_Known") -> None:
        job = known.job
        self._run.kept[job_id] = job.model_copy(update={"job_id": job_id})
        self._run.made[job_id] = known.made
        if known.params:
            self._run.params.setdefault((job.rule, job.params_digest or ""), known.params)

    def take_counted(self) -> None:
        """Take the candidates of each rule that has as many of them as it has up-to-date jobs."""
        found = Counter(one.job.rule for one in self._candidates.values())
        for one in self._candidates.values():
            if found[one.job.rule] == self._counted[one.job.rule]:
                self._describe(min(self._run.kept, default=0) - 1, one)


def _name(job: JobDescribed) -> _Name:
    return (job.rule, *sorted(job.wildcards.items()))
