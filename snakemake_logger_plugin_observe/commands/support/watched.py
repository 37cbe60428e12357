"""A run being watched: its journal read on, its nodes' fragments, and what the scheduler says.

Nothing of it is written, and the run is not touched.
"""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.live import on_cluster, states
from snakemake_logger_plugin_observe.analysis.live.state import LiveState, LiveView, RunningCommand
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.commands.support import find_journal
from snakemake_logger_plugin_observe.commands.support.estimates import Estimates
from snakemake_logger_plugin_observe.commands.support.scheduler_questions import SchedulerQuestions
from snakemake_logger_plugin_observe.external import processes
from snakemake_logger_plugin_observe.external.node_fragments import NodeFragments
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.tail import Tail
from snakemake_logger_plugin_observe.reporters.screen import view
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import FAILED, Attempt, Key
from snakemake_logger_plugin_observe.run.node_processes import innermost_executions
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer
from snakemake_logger_plugin_observe.run.slurm_states import WAITING

_FRAGMENTS_EVERY_S: Final = 2.0
_FRAGMENTS: Final = 200
"""So many fragments are read at each look: those that were read the longest ago."""
_SHARE: Final = 20
"""Fragments are read again once this many times the time that it took has passed."""
_NOT_YET: Final = "the scheduler is asked within 30 s"


class Watched:
    """One run being watched."""

    def __init__(self, path: Path, *, offline: bool, once: bool = False) -> None:
        """Watch the run in the journal at *path*; with *once*, wait for each answer."""
        self.path = path
        self.so_far = SoFar()
        self._once = once
        self._tail = Tail(path)
        self._scheduler = SchedulerQuestions(offline=offline)
        self._reports: dict[Key, tuple[float, NodeReport]] = {}
        self._read_again = 0.0
        self._estimates = Estimates(path, self.so_far, wait=once)

    def look(self) -> WatchView:
        """Return what is known now.

        Raises:
            JournalError: if the journal cannot be read any more.

        """
        for event in self._tail:
            self.so_far.take(event)
        run = self.so_far.run
        if run.started is None:
            raise JournalError(f"{self.path}: no complete line in it, so there is no run to show")
        now = clock.now() if run.finished is None else run.finished.time
        alive = find_journal.is_alive(run)
        status = run.status(alive)
        stopped = alive is True and processes.is_stopped(run.started)
        live, asked = None, ""
        if run.finished is None:
            fold.add_in_flight(run)
            live, asked = self._live(now, attended=status != "killed")
        left = self._estimates.at(now) if status == "running" and not stopped else None
        return view.view_of(
            self.so_far,
            path=self.path,
            status="stopped" if stopped else status,
            now=now if status != "killed" else run.last_moment,
            live=live,
            left=left,
            failed_there={key: _failed(report) for key, (_, report) in self._reports.items()},
            asked=asked,
            problems=tuple(f"{self.path}: {one}" for one in self._tail.problems),
        )

    # -- what is out on a cluster ------------------------------------------------------------------

    def _live(self, now: Micros, *, attended: bool) -> tuple[LiveView | None, str]:
        """Return what is out on a cluster, and when the scheduler was asked.

        What a killed run left there is the last that is shown of it, so all of it is asked anew.
        """
        run, last = self.so_far.run, not attended
        out = on_cluster.out(run)
        if not out:
            return None, ""
        reports = self._read_fragments(out, anew=last)
        begun = {key: _starts(report) for key, report in reports.items()}
        not_asked = self._scheduler.ask(self.so_far, begun, wait=self._once or last, anew=last)
        answer = self._current(reports)
        commands: tuple[RunningCommand, ...] = ()
        if attended and run.started is not None:
            commands = tuple(RunningCommand(*one) for one in processes.commands_of(run.started))
        unasked = {
            one.key
            for one in out
            if not one.is_member
            and not_asked is None
            and one.external_jobid is not None
            and one.external_jobid not in answer.asked
        }
        by_key: dict[Key, LiveState] = {}
        first: LiveView | None = None
        for why, keys in (
            (not_asked, {one.key for one in out if not one.is_member} - unasked),
            (_NOT_YET, unasked),
        ):
            if keys:
                part = replace(run, attempts=_with_members(out, keys))
                seen = states.live_view(
                    *(part, reports, answer, now),
                    not_asked=why,
                    attended=attended,
                    commands=commands,
                )
                by_key |= seen.by_key
                first = first or seen
        if first is None:
            return None, ""
        asked = f"scheduler: {not_asked}" if not_asked is not None else self._scheduler.age()
        return replace(first, by_key=by_key), asked

    def _read_fragments(self, out: Iterable[Attempt], *, anew: bool) -> dict[Key, NodeReport]:
        """Return what nodes have written: of many, those read the longest ago are read again.

        All of them are, if *anew*.
        """
        named = {one.key: one.fragments for one in out if one.fragments and not one.is_member}
        self._reports = {key: known for key, known in self._reports.items() if key in named}
        begun = time.monotonic()
        if begun < self._read_again and not anew:
            return {key: report for key, (_, report) in self._reports.items()}
        unread = [key for key in named if key not in self._reports]
        oldest = sorted(self._reports, key=lambda key: self._reports[key][0])
        fragments = NodeFragments(self._folder())
        try:
            for key in [*unread, *oldest][: None if anew else _FRAGMENTS]:
                self._reports[key] = (time.monotonic(), fragments.read(named[key]))
        finally:
            fragments.close()
        took = time.monotonic() - begun
        self._read_again = begun + max(_FRAGMENTS_EVERY_S, _SHARE * took)
        return {key: report for key, (_, report) in self._reports.items()}

    def _current(self, reports: dict[Key, NodeReport]) -> QueueAnswer:
        """Return the scheduler's last answer without what the nodes show to have passed since."""
        answer, before = self._scheduler.answer, self._scheduler.begun_then
        passed = {
            self.so_far.run.attempts[key].external_jobid
            for key, report in reports.items()
            if _starts(report) > before.get(key, 0) and key in self.so_far.run.attempts
        }
        records = {
            name: record
            for name, record in answer.records.items()
            if name not in passed or record.state not in WAITING
        }
        gone = answer.asked - {
            name for name in passed if name is not None and name in answer.records
        }
        return replace(answer, records=records, asked=gone)

    def _folder(self) -> Path:
        journal = self.path.absolute().parent
        started = self.so_far.run.started
        if find_journal.above(journal) is not None or started is None:
            return journal
        return Path(started.workdir) / SUBFOLDER


def _with_members(out: Iterable[Attempt], keys: set[Key]) -> dict[Key, Attempt]:
    return {
        one.key: one
        for one in out
        if (one.key if not one.is_member else (one.group or "", one.number)) in keys
    }


def _failed(report: NodeReport) -> int:
    """Return how often a tool failed on its node."""
    return sum(1 for one in innermost_executions(list(report.levels)) if one.status in FAILED)


def _starts(report: NodeReport) -> int:
    """Return how many starts a node has reported."""
    restarts = [level.restarts for level in report.levels]
    return max(len(report.starts), max(restarts, default=-1) + 1)
