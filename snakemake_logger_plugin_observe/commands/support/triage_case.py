"""How a case is put together: the run, what it is held against, the folder, and what is missing."""

import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison, compare
from snakemake_logger_plugin_observe.analysis.triage.case import Case, LiveAnswer
from snakemake_logger_plugin_observe.analysis.triage.log_excerpts import LogExcerpt
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import missed_in_planning
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.commands.support import baselines, find_journal
from snakemake_logger_plugin_observe.commands.support.sides import parties, side
from snakemake_logger_plugin_observe.external.workdir import Folder
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.journal.files import Detail, JournalError, read_ends
from snakemake_logger_plugin_observe.reporters.answers import Source

_FORCES: Final = ("forceall", "forcerun", "forcetargets", "until", "omit_from")


def gather(
    source: Source, named_baseline: Path | None, asked: tuple[LiveAnswer, ...] = ()
) -> tuple[Case, Folder | None, Source | None]:
    """Return all that is known of a run, its folder, and its baseline's journal.

    Raises:
        JournalError: if the baseline that was named cannot be read.

    """
    folder = folder_of(source)
    others = _others(source)
    if folder is not None:
        begun = source.run.start
        since = None if begun is None else begun / 1e6
        folder = replace(folder, since=since, until=_next_run(source, others))
    baseline, comparison = _against(source, named_baseline)
    plan = _dry_run_of(source, others)
    paths = {"B": str(source.path)}
    if baseline is not None:
        paths["A"] = str(baseline.path)
    if plan is not None:
        paths["P"] = str(plan.path)
    planned = plan is not None or any(one.what == "plan" and not one.problem for one in asked)
    case = Case(
        run=source.run,
        status=source.status,
        baseline=baseline.run if baseline is not None else None,
        comparison=comparison,
        plan=plan.run if plan is not None else None,
        missing=(*_missing(source, baseline, folder, planned=planned), *_unanswered(asked)),
        paths=paths,
        read=folder.read if folder is not None else None,
        asked=asked,
    )
    if folder is not None and (called := tuple(_called_missing(case))):
        case = replace(case, there=folder.there(called), gone=folder.gone(called))
    return case, folder, baseline


def folder_of(source: Source) -> Folder | None:
    """Return the workflow's folder: the one in which the journal lies, as Snakemake put it there.

    Of a journal that lies elsewhere it is the present folder, if the journal names that as its own.
    """
    if (root := find_journal.above(source.path.absolute().parent)) is not None:
        return Folder(root)
    started = source.run.started
    if started is not None and started.workdir == str(Path.cwd()):
        return Folder(Path.cwd())
    return None


def _others(source: Source) -> list[tuple[RunStarted, Path]]:
    """Return the other runs' journals beside *source*, each with its first event."""
    return [
        (ends[0], path)
        for path in source.path.parent.glob("*.jsonl")
        if path != source.path and (ends := read_ends(path)) is not None
    ]


def _dry_run_of(source: Source, others: Sequence[tuple[RunStarted, Path]]) -> Source | None:
    """Return the dry run of the same targets among *others*: the last before it, or one after."""
    started = source.run.started
    if started is None:
        return None
    begun = source.run.start or started.time
    found = sorted((_begun(one), path) for one, path in others if _plans_the_same(one, started))
    before = [path for moment, path in found if moment <= begun]
    after = [path for moment, path in found if moment > begun]
    for path in (*before[-1:], *after[:1]):
        try:
            return find_journal.load(path, Detail.FIGURES)
        except JournalError:
            continue
    return None


def _begun(started: RunStarted) -> Micros:
    return started.process_started or started.time


def _plans_the_same(one: RunStarted, other: RunStarted) -> bool:
    """Whether *one* plans what *other* ran; jobs that are forced are planned whatever is there."""
    return (
        one.kind == "dry_run"
        and baselines.same_question(one, other)
        and all(one.settings.get(name) == other.settings.get(name) for name in _FORCES)
    )


def _against(source: Source, named: Path | None) -> tuple[Source | None, Comparison | None]:
    if named is not None:
        baseline, alike = side(named)
    else:
        found = baselines.baseline_of(source, Detail.FIGURES)
        if found is None:
            return None, None
        baseline, alike = found, ()
    if baseline.path.exists() and baseline.path.samefile(source.path):
        raise JournalError(f"{baseline.path} is the run itself; name another baseline")
    return baseline, compare(*parties((baseline, alike), (source, ())))


def _next_run(source: Source, others: Iterable[tuple[RunStarted, Path]]) -> float | None:
    """Return when the next run of the folder began, in seconds since the epoch: it writes, too."""
    mine = source.run.start or 0
    begun = (_begun(one) for one, _ in others if one.kind != "dry_run")
    return min((moment / 1e6 for moment in begun if moment > mine), default=None)


def _unanswered(asked: Sequence[LiveAnswer]) -> Iterator[str]:
    """Say what a Snakemake that was asked could not tell, each reason once."""
    by_problem: dict[str, list[str]] = {}
    for one in asked:
        if one.problem:
            by_problem.setdefault(one.problem, []).append(one.name)
    for problem, names in by_problem.items():
        yield f"{', '.join(names)}: Snakemake did not answer ({problem})"


def _called_missing(case: Case) -> Iterator[str]:
    """Yield the files of jobs that failed because a file was not there."""
    for one in case.failures:
        if one.cause in ("missing_output", "missing_input") and one.job_id in case.run.jobs:
            job = case.run.jobs[one.job_id]
            yield from (*job.output, *job.input)
    for missed in missed_in_planning(case.run):
        yield from missed.files


def _missing(
    source: Source, baseline: Source | None, folder: Folder | None, *, planned: bool
) -> Iterator[str]:
    """Say what evidence is not there, and how that limits the answer."""
    run, started = source.run, source.run.started
    if baseline is None:
        yield (
            "no baseline (no successful run of the same Snakefile and targets before it): what "
            "changed, and whether it was slow, cannot be told; --baseline names one"
        )
    if not planned:
        yield "no dry run's journal beside it: what was planned is known from the run itself alone"
    yield from _of_folder(source, folder)
    if started is not None and started.host != socket.gethostname():
        yield (
            f"the journal is of another machine ({started.host}): whether its processes live, and "
            "what its nodes still hold, cannot be seen from here"
        )
    if source.status == "killed":
        yield (
            f"the run was killed: what came after its journal's last line is not known, with "
            f"{run.unfinished:,} attempt{'' if run.unfinished == 1 else 's'} left in flight"
        )
    if source.status == "running":
        yield "the run still goes on: all of this is so far"
    if not run.wrapped:
        yield (
            "recorded without --executor timed: a job's time is one piece, so waiting and "
            "computing cannot be told apart; how tools ended, what they used, and retries on a "
            "node are not known"
        )
    elif blind := sum(1 for one in run.attempts.values() if one.unobserved):
        yield (
            f"{blind:,} of {len(run.attempts):,} attempts were not observed whole (no stamps of "
            "their nodes, mostly): their time cannot be split"
        )
    for gap in dict.fromkeys(run.gaps):
        yield f"the journal tells a gap of its own: {gap}"


def unread(quotes: Sequence[LogExcerpt]) -> Iterator[str]:
    """Say which of the affected jobs' files could not be read, and what that leaves open."""
    gone = [one for one in quotes if one.text is None]
    if gone:
        yield (
            f"{len(gone)} of {len(quotes)} logs and benchmarks of the affected jobs tell nothing "
            f"({gone[0].path}: {gone[0].problem}): what their tools said and used is known as far "
            "as the journal kept it"
        )


def _of_folder(source: Source, folder: Folder | None) -> Iterator[str]:
    started = source.run.started
    if folder is None:
        yield (
            "the journal does not lie in its workflow's folder: logs and benchmarks were not "
            "looked at; name the working directory to have them read"
        )
    elif started is not None and Path(started.workdir).resolve() != folder.root.resolve():
        yield (
            f"the folder was {started.workdir} when the run was made: what lies here now may be "
            "a copy of another time"
        )
