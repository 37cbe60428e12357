"""Lists the runs of folders of journals, by workflow, mostly from first and last lines alone."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import convert

from snakemake_logger_plugin_observe.analysis.compare.trend import trend
from snakemake_logger_plugin_observe.commands.support import find_journal, folder_runs
from snakemake_logger_plugin_observe.commands.support.folder_runs import (
    Begun,
    Outline,
    cut_off_in,
    same_targets,
    start_of,
)
from snakemake_logger_plugin_observe.commands.support.other_runs import same_amount
from snakemake_logger_plugin_observe.commands.support.run_changes import differences
from snakemake_logger_plugin_observe.journal.compressed import unpacked_size
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER, journals_at
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.reading import Detail, read_journal
from snakemake_logger_plugin_observe.journal.records import JobTally
from snakemake_logger_plugin_observe.reporters.run_list import (
    ListedRun,
    TrendChange,
    WorkflowRuns,
)
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.identity import snakefile_of
from snakemake_logger_plugin_observe.run.scope import (
    ScopeName,
    job_counts,
    part_asked_for,
    scope_of_plan,
)

_MOST_READ_WHOLE: Final = 8 * 1024 * 1024
"""A larger journal of an older version is not read for what its last line does not say."""
_MOST_COMPARED: Final = 50
_MOST_TRIED: Final = 20
_HARDLY: Final = 0.01
"""Up to this share of the makespan may be unobserved where the tools' share is given."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """The runs of one Snakefile in one working directory, the newest last."""

    name: str
    folder: str
    runs: list[Begun]


def journals_of(folders: Sequence[Path]) -> list[Path]:
    """Return the journals of working directories, or of folders of journals.

    Raises:
        JournalError: if there is none in one of them, or it may not be read.

    """
    found: list[Path] = []
    for folder in folders:
        journals = journals_at(folder)
        if not journals:
            what = "no journal in it, nor" if folder.is_dir() else "no such folder, and no journal"
            raise JournalError(
                f"{folder}: {what} in {folder / SUBFOLDER}: run snakemake with --logger observe "
                "there, or name another folder"
            )
        found += journals
    return found


def unread_among(journals: Iterable[Path], runs: Iterable[Begun]) -> list[Path]:
    """Return those *journals* that no one of *runs* was read from, but for copies of them."""
    known = {one.path for one in runs}
    others = (path for path in journals if path not in known)
    return [path for path in others if not folder_runs.outlines([path])]


def copies_among(
    journals: Iterable[Path], runs: Iterable[Begun], unread: Iterable[Path]
) -> dict[Path, list[str]]:
    """Return the names of the copies of a run's journal, by the journal that it is read from."""
    chosen = {one.started.run_id: one.path for one in runs}
    others = set(journals) - set(chosen.values()) - set(unread)
    found: dict[Path, list[str]] = {}
    for path in sorted(others):
        for one in folder_runs.outlines([path]):
            found.setdefault(chosen[one.started.run_id], []).append(path.name)
    return found


def by_workflow(runs: Iterable[Begun]) -> list[Workflow]:
    """Return *runs*, the newest last, by workflow: the workflow of the newest run first.

    A run that failed before its Snakefile was read belongs to the only workflow of its folder.
    """
    found: dict[tuple[str, str | None], list[Begun]] = {}
    for one in runs:
        found.setdefault((_folder_of(one), snakefile_of(one.started)), []).append(one)
    for folder, name in [key for key in found if key[1] is None]:
        named = [key for key in found if key[0] == folder and key[1] is not None]
        if len(named) == 1:
            both = found.pop((folder, name)) + found[named[0]]
            found[named[0]] = sorted(both, key=lambda one: start_of(one.started))
    workflows = [Workflow(name or "", folder, runs) for (folder, name), runs in found.items()]
    return sorted(workflows, key=lambda one: start_of(one.runs[-1].started), reverse=True)


def of_name(runs: Sequence[Begun], name: str | None) -> list[Workflow]:
    """Return the runs by workflow: those of all workflows, or of those named so.

    Raises:
        JournalError: if there is none of that name.

    """
    workflows = by_workflow(runs)
    if name is None:
        return workflows
    found = [one for one in workflows if name in f"{one.folder}/{one.name}"]
    if not found:
        known = ", ".join(dict.fromkeys(one.name for one in workflows if one.name)) or "none"
        raise JournalError(f"--workflow {name}: no run of such a Snakefile; there are: {known}")
    return found


def _folder_of(one: Begun) -> str:
    """Return a run's working directory: where its journal is, as it may have been moved."""
    return _above(one.path.parent) or one.started.workdir


@lru_cache(maxsize=64)
def _above(folder: Path) -> str | None:
    found = find_journal.above(folder.absolute())
    return str(found) if found is not None else None


# -- one run ---------------------------------------------------------------------------------


def read_tally(one: Begun, most: int = _MOST_READ_WHOLE) -> JobTally | None:
    """Return how far the jobs of a run got, from all of its journal if need be.

    Args:
        one: the run.
        most: of a journal with more bytes, only the last line is read.

    """
    if one.tally is not None:
        return one.tally
    try:
        if unpacked_size(one.path) > most:
            return None
        counts = job_counts(fold(read_journal(one.path, Detail.TIMES)))
        return convert(counts, JobTally, from_attributes=True)
    except (JournalError, OSError, ValueError):  # numbers that no run has
        return None


def scope_by(one: Begun, tally: JobTally | None) -> ScopeName | None:
    """Return what kind of run it was, but not whether it resumed another one."""
    if one.started.kind == "dry_run":
        return "dry_run"
    if isinstance(one, Outline) and one.finished.status == "nothing_to_do":
        return "nothing_to_do"
    if tally is None or tally.planned is None:
        return None
    return scope_of_plan(tally.planned, tally.up_to_date)


def listed(one: Begun, tally: JobTally | None, *, resumes: bool = False) -> ListedRun:
    """Return a line of the list.

    Args:
        one: the run.
        tally: how far its jobs got, if known.
        resumes: whether an earlier run of the same work failed or was cut off.

    """
    scope = scope_by(one, tally)
    started = one.started
    line = ListedRun(
        one.path,
        start_of(started),
        one.status,
        "resumed" if resumes and scope == "incremental" else scope,
        part_asked_for(started),
        job_count=tally.planned if tally is not None and scope == "dry_run" else _ran(tally),
        failed=tally.failed if tally is not None else None,
        tags=tuple(sorted(started.tags.items())),
        run_id=started.run_id,
        bytes=_size(one.path),
    )
    if not isinstance(one, Outline):
        return line
    ended = one.finished
    unobserved_s = ended.makespan.by_class_s.get("unobserved", 0.0)  # tools may be in it
    timed = ended.attempt_count > 0 and "timed" in started.plugins
    timed = timed and unobserved_s <= _HARDLY * (ended.makespan_s or 0.0)
    none_failed = 0 if not ended.failed_attempts and ended.status == "success" else None
    return replace(
        line,
        makespan_s=ended.makespan_s,
        job_count=line.job_count if scope == "dry_run" else ended.job_count,
        failed=line.failed if line.failed is not None else none_failed,
        failed_attempts=ended.failed_attempts,
        tools_s=ended.makespan.by_class_s.get("compute", 0.0) if timed else None,
    )


def _ran(tally: JobTally | None) -> int | None:
    if tally is None:
        return None
    return tally.done + tally.failed + tally.cancelled + tally.in_flight


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


# -- one workflow ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs are asked for."""

    state: str | None = None
    tag: str | None = None
    limit: int = 20


def list_workflow(workflow: Workflow, wanted: Wanted) -> WorkflowRuns:
    """Return the newest matching runs of a workflow, and how all of its full runs developed."""
    matching = [number for number, one in enumerate(workflow.runs) if _matches(one, wanted)]
    shown = matching[::-1][: wanted.limit]
    lines = [_line(workflow.runs, number) for number in shown]
    alike = comparable(workflow.runs)
    found = trend([one.finished for one in alike])
    changed = [
        TrendChange(
            shift,
            listed(alike[shift.first], alike[shift.first].tally),
            listed(alike[shift.first - 1], alike[shift.first - 1].tally),
            differences(alike[shift.first - 1], alike[shift.first]),
        )
        for shift in (found.shifts if found is not None else ())
    ]
    return WorkflowRuns(
        workflow.name, workflow.folder, tuple(lines), len(matching), found, tuple(changed)
    )


def _matches(one: Begun, wanted: Wanted) -> bool:
    if wanted.tag is not None:
        key, _, value = wanted.tag.partition("=")
        if one.started.tags.get(key) != value:
            return False
    return wanted.state is None or one.status == wanted.state


def _line(runs: Sequence[Begun], number: int) -> ListedRun:
    one = runs[number]
    resumes = scope_by(one, tally := read_tally(one)) == "incremental" and _resumes(runs, number)
    before = next((other for other in _real(runs[:number]) if _was_read(other)), None)
    line = listed(one, tally, resumes=resumes)
    if before is None or not _was_read(one):
        return line
    return replace(line, changed=differences(before, one))


def _real(runs: Sequence[Begun]) -> Iterator[Begun]:
    """Yield the runs that were no dry runs, the newest first."""
    return (one for one in reversed(runs) if one.started.kind == "run")


def _was_read(one: Begun) -> bool:
    return one.started.snakefile is not None


def _resumes(runs: Sequence[Begun], number: int) -> bool:
    """Whether the run before of the same targets that ran jobs failed, or was cut off."""
    return cut_off_in(_real(runs[:number]), runs[number].started) is not None


def comparable(runs: Sequence[Begun]) -> list[Outline]:
    """Return the newest full run that succeeded, and those before it that did the same work.

    With the same targets, numbers of jobs and of failures, executor, limits and host; the newest
    is the last. Runs of older versions count if they had as many jobs.
    """
    ended = [one for one in _real(runs) if isinstance(one, Outline) and _ran_well(one)]
    newest = next((one for one in ended[:_MOST_TRIED] if is_full(one)), None)
    if newest is None:
        return []
    alike = [
        one
        for one in ended[ended.index(newest) :]
        if same_targets(one.started, newest.started)
        and same_amount(one, newest)
        and not part_asked_for(one.started)
        and scope_by(one, one.tally) in ("full", None)
        and one.finished.makespan_s is not None
    ]
    return alike[:_MOST_COMPARED][::-1]


def _ran_well(one: Outline) -> bool:
    return one.finished.status == "success" and one.finished.attempt_count > 0


def is_full(one: Begun, most: int = _MOST_READ_WHOLE) -> bool:
    """Whether a run ran every job of its workflow, as far as that is known."""
    return not part_asked_for(one.started) and scope_by(one, read_tally(one, most)) == "full"
