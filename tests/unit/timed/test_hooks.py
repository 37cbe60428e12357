"""Scheduler iterations: those that find something new are recorded, each with its times."""

from types import SimpleNamespace
from typing import Any

import pytest
from fake_time import FakeTime

from snakemake_executor_plugin_timed.hooks import Hooks
from snakemake_executor_plugin_timed.stamped import GoingOn
from snakemake_logger_plugin_observe.recording import notes


class Session:
    """Keeps the notes that are put."""

    def __init__(self) -> None:
        self.iterations: list[notes.IterationEnded] = []
        self.faults: list[BaseException] = []

    def put(self, note: notes.AnyNote) -> None:
        if isinstance(note, notes.IterationEnded):
            self.iterations.append(note)

    def fault(self, fault: BaseException) -> None:
        self.faults.append(fault)


class Loop:
    """A main loop like Snakemake's: it waits at the gate, selects from ready jobs, and waits again."""

    def __init__(self, session: Session, time: FakeTime) -> None:
        gate = SimpleNamespace(acquire=lambda: True, release=lambda: None)
        self.scheduler = SimpleNamespace(
            _open_jobs=gate, running=set(), job_selector=lambda jobs: self._selected
        )
        self._selected: list[Any] = []
        self._time = time
        hooks = Hooks(session, SimpleNamespace(dag=SimpleNamespace()), GoingOn())  # type: ignore[arg-type]
        hooks.attach(self.scheduler)
        self.scheduler._open_jobs.acquire()

    def iterate(self, ready: int, *selected: int, ended: int = 0, takes_s: float = 0.01) -> None:
        """Let *ended* running jobs end, select from the *ready* ones, and wait again."""
        self._selected = [SimpleNamespace(jobid=job_id) for job_id in selected]
        self.scheduler.running -= set(sorted(self.scheduler.running)[:ended])
        self.scheduler.job_selector([None] * ready)
        self.scheduler.running |= set(selected)
        self._time.passes(takes_s)
        self.scheduler._open_jobs.acquire()


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def loop(session: Session, fake_time: FakeTime) -> Loop:
    return Loop(session, fake_time)


def recorded(session: Session) -> list[tuple[int | None, tuple[int, ...], int]]:
    """Return each recorded iteration: how many were ready, the selected, and the unrecorded."""
    assert session.faults == []
    return [(one.ready, one.selected, one.unrecorded) for one in session.iterations]


def test_of_iterations_that_find_nothing_new_the_first_is_recorded_and_the_others_counted(
    session: Session, loop: Loop
) -> None:
    loop.iterate(3, 1)
    for _ in range(5):
        loop.iterate(2)
    loop.iterate(2, 2, ended=1)
    assert recorded(session) == [(3, (1,), 0), (2, (), 0), (2, (2,), 4)]
    assert session.iterations[-1].unrecorded_s == pytest.approx(0.04)


def test_an_iteration_in_which_a_job_ended_or_became_ready_is_recorded(
    session: Session, loop: Loop
) -> None:
    loop.iterate(4, 1, 2)
    loop.iterate(2)
    loop.iterate(2, ended=1)
    loop.iterate(3)
    assert recorded(session) == [(4, (1, 2), 0), (2, (), 0), (2, (), 0), (3, (), 0)]


def test_a_long_iteration_that_finds_nothing_is_recorded(session: Session, loop: Loop) -> None:
    loop.iterate(2)
    loop.iterate(2)
    loop.iterate(2, takes_s=0.06)
    assert recorded(session) == [(2, (), 0), (2, (), 1)]


def test_every_iteration_is_recorded_if_running_jobs_are_unknown(
    session: Session, loop: Loop
) -> None:
    loop.iterate(2)
    del loop.scheduler.running
    loop.scheduler.job_selector([None] * 2)
    loop.scheduler._open_jobs.acquire()
    loop.scheduler.job_selector([None] * 2)
    loop.scheduler._open_jobs.acquire()
    assert recorded(session) == [(2, (), 0)] * 3
