"""A watched run's remaining time: computed anew when the run has changed, as its cost allows."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from builders import SECOND, Story, at, begun
from half_way import so_far

from snakemake_logger_plugin_observe.analysis.remaining.estimate import Remaining
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.commands.support import estimates as module
from snakemake_logger_plugin_observe.commands.support.estimates import Estimates

S = SECOND


class Computing:
    """Computes 100 s each time, as slowly as a test wants it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.moment, self.takes_s = 0.0, 0.0
        self.of: list[int] = []
        self.may_end = Event()
        self.may_end.set()
        patch.setattr(module, "prepare", self._prepare)
        patch.setattr(module.time, "monotonic", lambda: self.moment)
        patch.setattr(module.folder_runs, "before", lambda _path, _started: [])

    def _prepare(self, run: SoFar, _earlier: list[SoFar], _now: int) -> Callable[[], Remaining]:
        self.of.append(sum(run.done.values()))
        self.moment += self.takes_s

        def compute() -> Remaining:
            self.may_end.wait()
            return Remaining(middle=100 * S, at_least=100 * S)

        return compute


@pytest.fixture
def computing(monkeypatch: pytest.MonkeyPatch) -> Computing:
    return Computing(monkeypatch)


def a_run() -> Story:
    return begun(wraps="local", cores=1).ordered({"map": 9}).job(1)


def take_a_job_s_end(run: SoFar, job_id: int) -> None:
    for event in begun().job(job_id).quick(job_id, 3, 3, 13).events[1:]:
        run.take(event)


def started(run: SoFar) -> Estimates:
    """Return the estimates of a run, with its earlier runs read: as patient as ``--once`` is."""
    return Estimates(Path("j.jsonl"), run, wait=True)


def watching(run: SoFar) -> Estimates:
    one = started(run)
    one.at(at(10))
    one._patience_s = 0.1
    return one


def test_of_a_small_run_it_is_new_after_each_change(computing: Computing) -> None:
    run = so_far(a_run().events)
    one = watching(run)
    one._patience_s = 60.0  # it is there as soon as the thread has run
    for job_id in (1, 2, 3):
        take_a_job_s_end(run, job_id)
        known = one.at(at(20 + job_id))
        assert known is not None
        assert (known.middle, known.behind) == (100 * S, 0)
    assert computing.of == [0, 1, 2, 3]


def test_it_takes_a_tenth_of_the_time_at_most(computing: Computing) -> None:
    computing.takes_s = 2.0
    run = so_far(a_run().events)
    one = watching(run)
    one._patience_s = 60.0
    take_a_job_s_end(run, 1)
    computing.moment += 17
    known = one.at(at(27))
    assert known is not None
    assert (known.middle, known.behind) == (83 * S, 17 * S)
    computing.moment += 1
    known = one.at(at(28))
    assert known is not None
    assert (known.middle, known.behind) == (100 * S, 0)
    assert computing.of == [0, 1]


def test_one_that_is_not_there_yet_is_not_waited_for(computing: Computing) -> None:
    run = so_far(a_run().events)
    one = watching(run)
    computing.may_end.clear()
    take_a_job_s_end(run, 1)
    computing.moment += 1
    known = one.at(at(12))
    computing.may_end.set()
    assert known is not None
    assert (known.middle, known.behind) == (98 * S, 2 * S)
