"""Put together what ``triage`` needs: the run, its baseline, its dry run, and its folder."""

import os
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison, compare
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure, failures
from snakemake_logger_plugin_observe.analysis.live.log_folders import folders_of, without_a_log
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.triage.case import Case, LiveAnswer
from snakemake_logger_plugin_observe.analysis.triage.log_excerpts import LogExcerpt
from snakemake_logger_plugin_observe.analysis.triage.planning_errors import missed_in_planning
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import roots
from snakemake_logger_plugin_observe.analysis.why.why import RunReasons, why
from snakemake_logger_plugin_observe.commands.support import other_runs, past_runs
from snakemake_logger_plugin_observe.commands.support.run_folder import folder_of
from snakemake_logger_plugin_observe.commands.support.sides import Side, baseline_side, parties
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.unobserved import in_the_end


def gather(
    source: Source,
    named_baseline: Path | None = None,
    asked: tuple[LiveAnswer, ...] = (),
    *,
    alone: bool = False,
) -> tuple[Case, Workdir | None, Source | None]:
    """Return the case of a run, its working directory, and its baseline.

    Args:
        source: the run.
        named_baseline: the baseline that the user named, or None for the default one.
        asked: what a live Snakemake answered, with --live.
        alone: whether no other run is to be looked at; what is missing does not say so.

    Raises:
        JournalError: if the baseline that was named cannot be read.

    """
    run = source.run
    folder = folder_of(source)
    if folder is not None:
        start, end = run.start, other_runs.next_start(source)
        folder = replace(
            folder,
            since=None if start is None else start / 1e6,
            until=None if end is None else end / 1e6,
        )
    baseline, comparison = (None, None) if alone else _baseline(source, named_baseline)
    plan = None if alone else other_runs.dry_run_of(source)
    paths = {"B": source.path, "A": baseline and baseline.path, "P": plan and plan.path}
    planned = plan is not None or any(one.what == "plan" and not one.problem for one in asked)
    failed = failures(run)
    missed = (*_reported_missing(run, failed), *_log_folders(source)) if folder is not None else ()
    known_why, reruns = (None, ()) if alone else _why_again(source, baseline)
    case = Case(
        run=run,
        status=source.status,
        baseline=baseline.run if baseline is not None else None,
        comparison=comparison,
        plan=plan.run if plan is not None else None,
        missing=(
            *(() if alone else _no_other_run(run, baseline, planned=planned)),
            *_missing(source, folder),
            *_unanswered(asked),
        ),
        files_present=folder.there(missed) if folder is not None else frozenset(),
        files_absent=folder.gone(missed) if folder is not None else frozenset(),
        paths={name: str(path) for name, path in paths.items() if path is not None},
        read=folder.read if folder is not None else None,
        live_answers=asked,
        known_failures=failed,
        known_why=known_why,
        reruns=reruns,
        alongside=source.other_run,
        live=source.live,
        left_running=source.left_running,
        is_own=source.owner is None,
    )
    return case, folder, baseline


def _why_again(
    source: Source, baseline: Source | None
) -> tuple[RunReasons | None, tuple[Rerun, ...]]:
    """Return why jobs ran, and what the runs before show about it, if these are to be asked."""
    outlines = past_runs.to_ask(source)
    if not past_runs.is_asked_about(source, outlines):
        return None, ()
    origins = Origins(source.run)
    found = roots(origins)
    reruns = past_runs.reruns_of(source, origins, found, baseline, outlines)
    return why(source.run, origins, found), reruns


def _baseline(source: Source, named: Path | None) -> tuple[Source | None, Comparison | None]:
    baseline = baseline_side(source, named)
    if baseline is None:
        return None, None
    path = baseline.source.path
    if path.exists() and path.samefile(source.path):
        raise JournalError(f"{path} is the run itself; name another baseline")
    return baseline.source, compare(*parties(baseline, Side(source)))


def _log_folders(source: Source) -> tuple[str, ...]:
    """Return the folders that jobs needed for their logs, of those that Slurm ended for that."""
    if source.live is None:
        return ()
    return folders_of(source.run, without_a_log(source.run, source.live))


def _reported_missing(run: Run, failed: Sequence[Failure]) -> Iterator[str]:
    """Yield the files of jobs that failed because a file did not exist."""
    for one in failed:
        if one.cause in ("missing_output", "missing_input") and one.job_id in run.jobs:
            job = run.jobs[one.job_id]
            yield from (*job.output, *job.input)
    for missed in missed_in_planning(run):
        yield from missed.files


# -- what is missing -----------------------------------------------------------------------------


def _no_other_run(run: Run, baseline: Source | None, *, planned: bool) -> Iterator[str]:
    """Say which other runs are missing, and how that limits the answer."""
    if baseline is None:
        yield (
            "no baseline (no earlier run of the same Snakefile and targets succeeded): what "
            "changed, and whether the run was slow, is unknown; name one with --baseline"
        )
    if not planned and run.planned is None:
        yield "no journal of a dry run in its folder: the plan is known only from the run itself"


def _missing(source: Source, folder: Workdir | None) -> Iterator[str]:
    """Say which evidence of the run itself is missing, and how that limits the answer."""
    run, started = source.run, source.run.started
    yield from _about_folder(source, folder)
    if started is not None and started.host != socket.gethostname():
        yield (
            f"the journal is from another machine ({started.host}): whether its processes are "
            "alive, and what is left on its nodes, cannot be seen from here"
        )
    if source.length_unknown:
        how = "was killed" if source.status == "killed" else "has no recorded end"
        yield (
            f"the run {how}: nothing is known after {run.makespan / 1e6:.1f} s, so how long it "
            "took, and whether it was slow, is unknown"
        )
    if source.status == "running":
        yield "the run has not ended: all of this is preliminary"
    if run.started is not None and run.started.kind == "touch":
        yield "a --touch run: no tool ran, so there is nothing to say about jobs' times"
    elif not run.wrapped and not run.is_dry_run:
        yield (
            "recorded without --executor timed: there is no breakdown of a job's time into "
            "waiting and computing; how tools ended, what they used, and retries on a node are "
            "unknown"
        )
    elif partial := [one for one in run.attempts.values() if one.unobserved and _ran(one)]:
        reasons = Counter(in_the_end(reason) for one in partial for reason in one.unobserved)
        ((most, _),) = reasons.most_common(1)
        yield (
            f"{len(partial):,} of {plural(len(run.attempts), 'attempt')} "
            f"{'was' if len(partial) == 1 else 'were'} observed only in part "
            f"({'mostly: ' if len(reasons) > 1 else ''}{most}): no breakdown of that time is "
            "available"
        )
    for gap in dict.fromkeys(run.gaps):
        yield f"the journal has a gap: {gap}"


def _ran(one: Attempt) -> bool:
    """Whether there was something to observe: not of a member that its group did not come to."""
    return not (one.is_member and one.status == "cancelled" and not one.levels)


def _about_folder(source: Source, folder: Workdir | None) -> Iterator[str]:
    started = source.run.started
    if folder is None:
        yield (
            "the journal is not in its workflow's working directory: logs and benchmarks were not "
            "read; name the working directory to include them"
        )
    elif started is not None and started.workdir not in (
        *(str(folder.root.absolute()), os.path.realpath(folder.root)),
    ):
        yield (
            f"the working directory was {started.workdir} during the run: the files here may be a "
            "later copy"
        )


def _unanswered(asked: Sequence[LiveAnswer]) -> Iterator[str]:
    """Say which questions a live Snakemake did not answer, grouped by reason."""
    by_problem: dict[str, list[str]] = {}
    for one in asked:
        if one.problem:
            by_problem.setdefault(one.problem, []).append(one.name)
    for problem, names in by_problem.items():
        yield f"{', '.join(names)}: Snakemake did not answer ({problem})"


def unread(excerpts: Sequence[LogExcerpt]) -> Iterator[str]:
    """Say how many logs and benchmarks of the affected jobs could not be read."""
    unreadable = [one for one in excerpts if not one.was_read]
    if unreadable:
        yield (
            f"{len(unreadable)} of {len(excerpts)} logs and benchmarks of the affected jobs could "
            f"not be read ({unreadable[0].path}: {unreadable[0].problem}): what their tools "
            "printed and used is known only from the journal"
        )
