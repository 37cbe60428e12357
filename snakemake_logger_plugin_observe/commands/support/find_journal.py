"""Find and read the journal that a command is about: the named one, or the newest run here."""

import argparse
import contextlib
import os
import pwd
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.commands.support import folder_runs
from snakemake_logger_plugin_observe.external import processes
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER, journals_at
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail, read_journal
from snakemake_logger_plugin_observe.reporters.answers import ENDED, EarlierRun, Source
from snakemake_logger_plugin_observe.run.attempt import FINAL
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.scope import LENGTH_UNKNOWN, scope_of

_OTHERS_NAMED: Final = 3
_MAY_GO_ON: Final = ("running", "unknown")
_STOPPED: Final = (
    "the run is stopped (Ctrl-Z, SIGSTOP): nothing is known after its last sign of life"
)


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add the journal to a command's arguments."""
    parser.add_argument(
        "journal",
        nargs="?",
        type=Path,
        metavar="JOURNAL",
        help="a journal, a run's working directory, or a tag as KEY=VALUE (default: the newest run "
        "here)",
    )


def add_offline(parser: argparse.ArgumentParser) -> None:
    """Add the option to leave the scheduler alone."""
    parser.add_argument(
        "--offline",
        action="store_true",
        help="of a run that goes on, do not ask Slurm (squeue, sacct) about its jobs",
    )


def load(named: Path | None, detail: Detail = Detail.WHOLE) -> Source:
    """Return the run in the journal *named*, or the newest run of a working directory.

    The newest run is also one that goes on, failed early or had nothing to do; dry runs after it
    are passed over, which the answer says first.

    Args:
        named: a journal, a working directory, a tag, or None for the current directory.
        detail: how much of it the command needs.

    Raises:
        JournalError: if there is none, or it cannot be read.

    """
    if named is not None and is_tag(named):
        return _load(tagged(named)[-1].path, detail)
    if named is not None and not os.path.isdir(named):
        return _load(named, detail)
    return _newest(named if named is not None else Path(), detail)


def is_tag(named: Path) -> bool:
    """Whether *named* is no path, but a tag that runs were recorded with: ``KEY=VALUE``."""
    return "=" in str(named) and not os.path.lexists(named)


def tagged(named: Path, folder: Path | None = None) -> list[folder_runs.Begun]:
    """Return the runs with a tag, the newest last: those that ran jobs, if there is one.

    Args:
        named: the tag.
        folder: a folder of journals (default: the one of the current directory).

    Raises:
        JournalError: if there is none.

    """
    if folder is None:
        known = journals_at(Path())
        folder = known[-1].parent if known else SUBFOLDER
    found = folder_runs.tagged(folder, str(named))
    if not found:
        raise JournalError(f"{named}: no such file, and no run in {folder} has this tag")
    return [one for one in found if one.ran_jobs] or found


def find(named: Path | None) -> Path:
    """Return the journal that ``load`` would read.

    Raises:
        JournalError: if there is none.

    """
    if named is not None and not os.path.isdir(named) and not is_tag(named):
        return named
    return load(named, Detail.TIMES).path


def newest(named: Path | None) -> Path | None:
    """Return the journal that ``load`` would read first, without reading it; None without one.

    Raises:
        JournalError: if *named* is a tag that no run has.

    """
    if named is not None and is_tag(named):
        return tagged(named)[-1].path
    if named is not None and not os.path.isdir(named):
        return named
    found = journals_at(named if named is not None else Path())
    return found[-1] if found else None


def working_directory(journal: Path) -> Path:
    """Return the working directory that *journal* is in: what it contains is not to be trusted."""
    return above(journal.parent) or above(journal.absolute().parent) or Path()


def above(folder: Path) -> Path | None:
    """Return the working directory whose folder of journals is *folder*, or None."""
    depth = len(SUBFOLDER.parts)
    return folder.parents[depth - 1] if folder.parts[-depth:] == SUBFOLDER.parts else None


def _newest(folder: Path, detail: Detail) -> Source:
    found = journals_at(folder)
    if not found:
        raise JournalError(
            f"no journal in {folder / SUBFOLDER}: run snakemake with --logger observe there, "
            "or name a journal; if it was given, Snakemake may have ended before it loaded the "
            "logger: what it printed says why"
        )
    unread: list[str] = []
    denied: list[str] = []
    plans: list[Source] = []
    for path in reversed(found):
        try:
            source = _load(path, detail)
        except JournalError as error:
            unread.append(str(error))
            if isinstance(error.__cause__, PermissionError):
                denied.append(f"a newer run{_by(path)} is not shown: {error}")
            continue
        if not source.run.is_dry_run:
            problems = (*(f"{one}; passed over" for one in unread), *source.problems)
            others = (*denied, *_passed_over(plans), *source.unread)
            return replace(source, problems=problems, unread=others)
        plans.append(source)
    if plans:
        return plans[0]
    raise JournalError((denied or unread)[0])


def _passed_over(plans: Sequence[Source]) -> Iterator[str]:
    """Say which newer dry runs the answer is not about, and if the newest failed."""
    if not plans:
        return
    latest, others = plans[0], len(plans) - 1
    if latest.status == "failed":
        from snakemake_logger_plugin_observe.analysis.failures.headline import headline

        said = headline(latest.run, ())
        before = f" (after {plural(others, 'other')})" if others else ""
        yield f"{latest.path}: a newer dry run{before}, which failed{f': {said}' if said else ''}"
    elif others:
        yield f"{latest.path} and {plural(others, 'other')}: newer dry runs, passed over"
    else:
        yield f"{latest.path}: a newer dry run, passed over"


def _load(path: Path, detail: Detail) -> Source:
    from snakemake_logger_plugin_observe.run.fold import extend_to, fold

    reading = read_journal(path, detail)
    run = fold(reading)
    alive = is_alive(run)
    stopped = alive is True and run.started is not None and processes.is_stopped(run.started)
    if alive and not stopped:  # since when it was stopped, nothing shows but the last sign of life
        extend_to(run, clock.now())
    run.over_without_end = run.status(alive) in LENGTH_UNKNOWN
    problems = (*reading.problems, *_lost(run), *([_STOPPED] if stopped else []))
    shown = tuple(f"{path}: {one}" for one in problems)
    source = replace(
        source_of(path, run), status=run.status(alive), problems=shown, stopped=stopped
    )
    return _with_lock_holder(source) if source.status != "success" else source


def source_of(path: Path, run: Run) -> Source:
    """Return the run that was read from *path*, with what the other journals there say of it."""
    others = folder_runs.alongside(path, run.started, run.end) if run.started is not None else []
    return Source(
        path,
        run,
        run.status(),
        resumes=_resumed(path, run),
        owner=_other_owner(path),
        unread=tuple(_at_the_same_time(others)),
        alongside=_earlier(others[0]) if others else None,
    )


def _with_lock_holder(source: Source) -> Source:
    """Return a run with the other one that it found in its folder, if it failed because of that."""
    from snakemake_logger_plugin_observe.analysis.failures import workflow_errors

    run = source.run
    if run.started is None or not workflow_errors.is_another_run_s(run):
        return source
    status = source.alongside.status if source.alongside is not None else None
    if source.alongside is None:
        holder = folder_runs.cut_off_before(source.path, run.started)
        status = holder.status if holder is not None else None
        source = replace(source, alongside=_earlier(holder) if holder is not None else None)
    if status in _MAY_GO_ON:
        return source
    # It may not be recorded.
    return replace(source, lock_holder=processes.snakemake_beside(run.started))


def _at_the_same_time(others: Sequence[folder_runs.Begun]) -> Iterator[str]:
    """Say which other runs of the folder went on at the same time, unless they succeeded."""
    shown = [one for one in others if one.status in _MAY_GO_ON or one.status in ENDED]
    for one in shown[:_OTHERS_NAMED]:
        if one.status == "running":
            yield f"another run goes on in this folder: {one.path}"
        elif one.status == "unknown":
            yield f"another run in this folder may go on, on {one.started.host}: {one.path}"
        else:
            yield f"another run here at the same time {ENDED[one.status]}: {one.path}"
    if (more := len(shown) - _OTHERS_NAMED) > 0:
        yield f"{plural(more, 'more run')} here at the same time"


def _resumed(path: Path, run: Run) -> EarlierRun | None:
    """Return the run that *run* resumed; one that ran every job of its DAG resumed none."""
    if run.started is None or scope_of(run) != "incremental":
        return None
    earlier = folder_runs.resumed(path, run.started)
    if earlier is None:
        return None
    return _earlier(earlier)


def _earlier(one: folder_runs.Begun) -> EarlierRun:
    return EarlierRun(one.path, folder_runs.start_of(one.started), one.status)


def _by(path: Path) -> str:
    owner = _other_owner(path)
    return f", by {owner}," if owner is not None else ""


def _other_owner(path: Path) -> str | None:
    """Return the name of the user that a journal belongs to; None if it is this one.

    A link in its place is of whoever made it, if that is another user.
    """
    users = [os.geteuid()]
    with contextlib.suppress(OSError):
        users = [os.lstat(path).st_uid, os.stat(path).st_uid]
    others = [user for user in users if user != os.geteuid()]
    if not others:
        return None
    try:
        return pwd.getpwuid(others[0]).pw_name
    except KeyError:
        return f"user {others[0]}"


def _lost(run: Run) -> Iterator[str]:
    """Say how many attempts are missing from a journal that has its last line."""
    if run.finished is None or run.finished.status != "success" or run.gaps:
        return
    if run.started is not None and run.started.settings.get("immediate_submit"):
        return  # Snakemake does not wait for its jobs
    counted = run.finished.attempt_count
    ended = sum(1 for a in run.attempts.values() if a.job_id is not None and a.status in FINAL)
    if ended < counted:
        yield (
            f"the ends of {counted - ended:,} of {plural(counted, 'attempt')} are missing: lines "
            "were lost, and every figure is too small by these attempts"
        )


def is_alive(run: Run) -> bool | None:
    """Return whether a run goes on; None if it has an end, or that cannot be known from here."""
    if run.finished is not None or run.started is None:
        return None
    return processes.goes_on(run.started, lambda: run.last_moment)
