"""``why``: why jobs ran, and the chain of causes of one job or file."""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.differences import RUN, Change, changes
from snakemake_logger_plugin_observe.analysis.why.not_run import (
    Modified,
    NewerInput,
    NotRun,
    find_not_run,
    find_up_to_date,
    nothing_to_do,
)
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.roots import chain, roots
from snakemake_logger_plugin_observe.analysis.why.selection import NoSuchJob, find
from snakemake_logger_plugin_observe.analysis.why.taken_up import TakenUp, taken_up
from snakemake_logger_plugin_observe.analysis.why.why import why
from snakemake_logger_plugin_observe.commands.support import (
    earlier_jobs,
    find_journal,
    past_runs,
)
from snakemake_logger_plugin_observe.commands.support.other_runs import last_success
from snakemake_logger_plugin_observe.commands.support.run_folder import folder_of
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.excerpts import is_journal
from snakemake_logger_plugin_observe.journal.folders import (
    is_named_like_a_journal,
    journal_files,
    journals_in,
)
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters.answers import Source, WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_json.why import shape
from snakemake_logger_plugin_observe.reporters.as_text.why import parts
from snakemake_logger_plugin_observe.reporters.reply import Reply

HELP: Final = "why jobs ran, by cause and rule; or why one job or file was made, or was not"
_MOST_LOOKED_UP: Final = 100
EXAMPLE: Final = "snakemake-observe why all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "selection",
        nargs="*",
        metavar="WHAT | JOURNAL",
        help="WHAT: a job id, a rule, a rule and wildcards (screen sample=s1), a file or a "
        "key of the config (default: all jobs); JOURNAL: a journal or a run's working directory "
        "(default: the newest run here)",
    )


def run(args: argparse.Namespace) -> Reply[WhyAnswer]:
    """Return why jobs ran; always fine.

    Raises:
        JournalError: if there is no journal, or nothing in it matches the selection.

    """
    what, named = split_selection(args.selection)
    source = find_journal.load(named, Detail.FIGURES)
    origins = Origins(source.run)
    found = roots(origins)
    reasons = why(source.run, origins, found)
    baseline = last_success(source, Detail.JOBS)
    changed = _changed(baseline, source) if baseline is not None else ()
    reruns = past_runs.reruns_of(source, origins, found, baseline)
    answer = WhyAnswer(
        source, reasons, baseline, changed, reruns=reruns, taken_up=_taken_up(source)
    )
    if what is None:
        if not reasons.all.jobs or source.scope in ("incremental", "resumed"):
            earlier_jobs.complete(source)
            idle = nothing_to_do(source.run, _modified(source))
            answer = replace(answer, not_run=_looked_up(source, idle))
        return Reply(answer, parts, shape)
    try:
        subject = find(origins, what)
    except NoSuchJob as error:
        earlier_jobs.complete(source)
        keys = {one.what.removeprefix("config ") for one in changed if one.subject == RUN}
        earlier = partial(earlier_jobs.mention, source)
        not_run = find_not_run(source.run, what, _modified(source), keys, earlier)
        if not_run is None:
            neither = f"; {what} is not a journal either" if is_named_like_a_journal(what) else ""
            raise JournalError(f"{source.path}: {error}{neither}") from error
        return Reply(replace(answer, not_run=_looked_up(source, not_run)), parts, shape)
    if source.scope in ("incremental", "resumed"):
        earlier_jobs.complete(source)
        kept = find_up_to_date(source.run, what, _modified(source))
        answer = replace(answer, not_run=_looked_up(source, kept) if kept is not None else None)
    answer = replace(answer, subject=subject, chain=chain(origins, found, subject.jobs))
    return Reply(answer, parts, shape)


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


def _looked_up(source: Source, one: NotRun) -> NotRun:
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


def _modified(source: Source) -> Modified:
    """Return a function that looks up when a file in the run's working directory was written."""
    folder = folder_of(source)
    return folder.modified if folder is not None else lambda _path: None


def split_selection(arguments: list[str]) -> tuple[str | None, Path | None]:
    """Return what to explain, None for all jobs, and the journal, None if none is named.

    The first or the last argument is the journal if it is a journal file, or a folder with
    journals. After other arguments a name that ends as theirs do is one too, so that a mistyped
    path is reported as such.
    """
    for at in (-1, 0):
        if arguments and _is_a_journal(Path(arguments[at])):
            rest = arguments[:-1] if at else arguments[1:]
            return " ".join(rest) or None, Path(arguments[at])
    last = arguments[-1] if len(arguments) > 1 else ""
    if is_named_like_a_journal(last) and "=" not in last:
        return " ".join(arguments[:-1]), Path(arguments[-1])
    return " ".join(arguments) or None, None


def _is_a_journal(path: Path) -> bool:
    try:
        if path.is_dir():
            return bool(journals_in(path)) or any(map(is_journal, journal_files(path)))
    except OSError:  # the text is not a valid file name
        return False
    return is_journal(path)
