"""Which old journals are to go, and their removal: never one that is needed, or may be."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.commands.support import run_list
from snakemake_logger_plugin_observe.commands.support.folder_runs import Begun, start_of
from snakemake_logger_plugin_observe.commands.support.run_list import Workflow
from snakemake_logger_plugin_observe.journal import tidying
from snakemake_logger_plugin_observe.journal.excerpts import fragment_folders
from snakemake_logger_plugin_observe.journal.folders import COMPRESSED, open_journals_folder
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.reporters.run_list import ListedRun, PrunedRun
from snakemake_logger_plugin_observe.run.scope import part_asked_for

_OF_ANY_SIZE: Final = 1 << 62
_MINOR: Final = ("dry_run", "nothing_to_do")
_NEEDED: Final = {
    "running": "it goes on",
    "unknown": "it has no end, and its process cannot be seen from here",
}
_BASELINE: Final = "the last full run of its workflow that succeeded: others are compared with it"


@dataclass(frozen=True, slots=True)
class PruneRules:
    """Which runs are old: beyond both limits, where both are given."""

    keep: int | None
    """So many of each workflow are not; runs that ran jobs come first."""
    before: Micros | None
    """Those that started before it are."""
    compress: bool


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What is to be pruned, in this order, and what is kept though it is old."""

    pruned: tuple[PrunedRun, ...]
    kept: tuple[tuple[ListedRun, str], ...]
    others: int
    """How many runs are not old."""


def plan(workflows: Iterable[Workflow], rules: PruneRules) -> PrunePlan:
    """Return what *rules* let go of the runs of *workflows*: the least important ones first."""
    pruned: list[tuple[Begun, PrunedRun]] = []
    kept: list[tuple[ListedRun, str]] = []
    others = 0
    in_use: set[str] = set()
    for workflow in workflows:
        old = list(_old(workflow.runs, rules))
        others += len(workflow.runs) - len(old)
        needed = _baselines(workflow.runs)
        going = []
        for one in old:
            why_kept = _why_kept(one, needed)
            line = run_list.listed(one, one.tally)
            if why_kept is None:
                going.append((one, PrunedRun(line, _why(line, rules))))
            elif why_kept:
                kept.append((line, why_kept))
        pruned += going
        gone = {id(one) for one, _ in going}
        in_use |= _fragments(one for one in workflow.runs if id(one) not in gone)
    pruned.sort(key=lambda one: (one[1].run.state not in _MINOR, start_of(one[0].started)))
    if rules.compress:
        pruned = [one for one in pruned if not one[0].path.name.endswith(COMPRESSED)]
        return PrunePlan(tuple(one for _, one in pruned), tuple(kept), others)
    return PrunePlan(tuple(_with_fragments(pruned, in_use)), tuple(kept), others)


def _old(runs: Sequence[Begun], rules: PruneRules) -> Iterator[Begun]:
    """Yield the runs of a workflow that are old: none of the first ones that are kept."""

    def importance(one: Begun) -> tuple[bool, int]:
        return one.status in _MINOR, -start_of(one.started)

    for number, one in enumerate(sorted(runs, key=importance)):
        beyond = rules.keep is None or number >= rules.keep
        if beyond and (rules.before is None or start_of(one.started) < rules.before):
            yield one


def _baselines(runs: Sequence[Begun]) -> set[Path]:
    """Return the last full run that succeeded of each choice of targets.

    One whose plan is not known may be full.
    """
    found: dict[tuple[str, ...], Path] = {}
    for one in reversed(runs):
        targets = one.started.targets
        if one.started.kind != "run" or one.status != "success" or targets in found:
            continue
        if run_list.is_full(one, _OF_ANY_SIZE) or _may_be_full(one):
            found[targets] = one.path
    return set(found.values())


def _may_be_full(one: Begun) -> bool:
    """Whether nothing is known of a run's plan."""
    tally = run_list.read_tally(one, _OF_ANY_SIZE)
    return run_list.scope_by(one, tally) is None and not part_asked_for(one.started)


def _why_kept(one: Begun, needed: set[Path]) -> str | None:
    state = one.status
    if state in _NEEDED:
        return _NEEDED[state]
    if one.path in needed:
        return _BASELINE
    try:
        folder = open_journals_folder(one.path.parent)
        try:
            tidying.looked_at(folder, one.path.name)
        finally:
            os.close(folder)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _why(line: ListedRun, rules: PruneRules) -> str:
    if line.state in _MINOR:
        return line.state.replace("_", " ")
    beyond = f"beyond the newest {rules.keep:,}" if rules.keep is not None else ""
    return " and ".join(filter(None, (beyond, "old" if rules.before is not None else "")))


def _fragments(runs: Iterable[Begun]) -> set[str]:
    """Return the folders of fragments of those *runs* that have no end."""
    found: set[str] = set()
    for one in runs:
        if one.status in ("running", "unknown", "killed"):
            with suppress(JournalError):
                found |= fragment_folders(one.path)
    return found


def _with_fragments(
    pruned: Iterable[tuple[Begun, PrunedRun]], in_use: set[str]
) -> Iterator[PrunedRun]:
    """Yield what is to be removed with the folders of fragments that killed runs left."""
    for one, going in pruned:
        names = _fragments([one]) - in_use
        if not names:
            yield going
            continue
        folder = open_journals_folder(one.path.parent)
        try:
            found = [name for name in sorted(names) if tidying.are_removable(folder, name)]
        finally:
            os.close(folder)
        yield replace(going, fragments=tuple(found))


def carry_out(going: PrunedRun, *, compress: bool) -> PrunedRun:
    """Compress or remove one journal; return what became of it.

    The journal is removed last, so that the next call finds what an interrupted one left.
    """
    path = going.run.path
    try:
        folder = open_journals_folder(path.parent)
        try:
            before = tidying.looked_at(folder, path.name)
            if before.st_size != going.run.bytes:
                return replace(going, problem="it has changed since it was looked at")
            if compress:
                return replace(going, bytes_after=tidying.compress(folder, path.name, before))
            for name in going.fragments:
                tidying.remove_fragments(folder, name)
            tidying.remove(folder, path.name, before)
        finally:
            os.close(folder)
    except OSError as error:
        return replace(going, problem=error.strerror or str(error))
    return going
