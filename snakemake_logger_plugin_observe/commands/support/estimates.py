"""How long a watched run still takes: computed anew whenever what it rests on has changed.

It is computed in a thread, as often as its cost allows, and waited for briefly: of a small run the
figure is of the moment that the screen shows. Where computing takes longer, the last one is counted
down, without what the run refutes since.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.remaining.estimate import (
    Remaining,
    counted_down,
    prepare,
)
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.commands.support import folder_runs
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.journal.tail import Tail

_T = TypeVar("_T")
_PATIENCE_S: Final = 0.1
"""So long each look waits for what is being computed."""
_IF_CHANGED: Final = 9
"""An estimate of other facts begins once this many times the last one's length has passed."""
_IF_NOT: Final = 50
"""And of the same facts, when only time has passed."""
_MOST_RUNS: Final = 3
_MOST_BYTES: Final = 24 * 1024 * 1024
_Facts = tuple[int, int]
"""How often the run has changed, and how many attempts are in flight."""


@dataclass(frozen=True, slots=True)
class _Computed:
    """An estimate: of which moment and facts, when it was there, and how long it took."""

    moment: Micros
    facts: _Facts
    done_s: float
    took_s: float
    known: Remaining


class Estimates:
    """How long a run still takes, one moment after the other."""

    def __init__(self, path: Path, so_far: SoFar, *, wait: bool) -> None:
        """Compute nothing yet.

        Args:
            path: the run's journal; those of earlier runs are in its folder.
            so_far: the run.
            wait: whether to wait for each answer, however long it takes.

        """
        self._path, self._so_far = path, so_far
        self._patience_s = None if wait else _PATIENCE_S
        self._earlier: Future[list[SoFar]] | None = None
        self._coming: Future[_Computed] | None = None
        self._last: _Computed | None = None

    def at(self, now: Micros) -> Remaining | None:
        """Return how long the run still takes; None while nothing has been computed yet."""
        if self._earlier is None:
            self._earlier = _in_background(self._read_earlier)
        if not self._is_there(self._earlier):
            return None
        facts = (self._so_far.changes, len(self._so_far.run.attempts))
        self._collect()
        if self._coming is None and self._is_due(facts):
            self._coming = _in_background(self._computing(self._earlier.result(), now, facts))
            self._collect()
        if self._last is None:
            return None
        passed = max(0, now - self._last.moment)
        return counted_down(
            self._last.known, passed, self._so_far, changed=self._last.facts != facts
        )

    def _is_there(self, future: Future[_T]) -> bool:
        return future in wait([future], self._patience_s).done

    def _collect(self) -> None:
        if self._coming is not None and self._is_there(self._coming):
            coming, self._coming = self._coming, None
            self._last = coming.result()

    def _is_due(self, facts: _Facts) -> bool:
        if self._last is None or self._patience_s is None:
            return True
        share = _IF_CHANGED if facts != self._last.facts else _IF_NOT
        return time.monotonic() - self._last.done_s >= share * self._last.took_s

    def _computing(
        self, earlier: list[SoFar], now: Micros, facts: _Facts
    ) -> Callable[[], _Computed]:
        """Return what computes the estimate; the run is read here, by the thread it changes in."""
        begun = time.monotonic()
        simulate = prepare(self._so_far, earlier, now)
        prepared_s = time.monotonic() - begun

        def compute() -> _Computed:
            begun = time.monotonic()
            known = simulate()
            done = time.monotonic()
            return _Computed(now, facts, done, prepared_s + done - begun, known)

        return compute

    def _read_earlier(self) -> list[SoFar]:
        """Return the newest earlier runs of the same work that succeeded, the newest first."""
        started = self._so_far.run.started
        if started is None:
            return []
        found: list[SoFar] = []
        room = _MOST_BYTES
        for one in folder_runs.before(self._path, started):
            if one.status != "success" or not folder_runs.same_targets(one.started, started):
                continue
            if _executor_of(one.started) != _executor_of(started) or not one.ran_jobs:
                continue
            try:
                room -= one.path.stat().st_size
                if room < 0:
                    break
                past = SoFar()
                for event in Tail(one.path):
                    past.take(event)
                found.append(past)
            except (JournalError, OSError):
                continue
            if len(found) >= _MOST_RUNS:
                break
        return found


def _in_background(call: Callable[[], _T]) -> Future[_T]:
    """Return what *call* will return: nothing waits for it when the process ends."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)

    Thread(target=run, daemon=True, name="estimate").start()
    return future


def _executor_of(started: RunStarted) -> str | None:
    return started.wraps or started.executor
