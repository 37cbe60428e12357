"""Turns of the scheduler's main loop: those that find something new are told, each with its times."""

from types import SimpleNamespace
from typing import Any

import pytest
from fake_time import FakeTime

from snakemake_executor_plugin_timed.hooks import Hooks
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
    """A main loop as Snakemake's: it waits at the gate, chooses of what is ready, waits again."""

    def __init__(self, session: Session, time: FakeTime) -> None:
        gate = SimpleNamespace(acquire=lambda: True, release=lambda: None)
        self.scheduler = SimpleNamespace(
            _open_jobs=gate, running=set(), job_selector=lambda jobs: self._chosen
        )
        self._chosen: list[Any] = []
        self._time = time
        Hooks(session, SimpleNamespace(dag=SimpleNamespace())).attach(self.scheduler)  # type: ignore[arg-type]
        self.scheduler._open_jobs.acquire()

    def turn(self, ready: int, *chosen: int, ended: int = 0, takes_s: float = 0.01) -> None:
        """Let a job that ran have *ended*, choose of what is *ready*, and wait again."""
        self._chosen = [SimpleNamespace(jobid=job_id) for job_id in chosen]
        self.scheduler.running -= set(sorted(self.scheduler.running)[:ended])
        self.scheduler.job_selector([None] * ready)
        self.scheduler.running |= set(chosen)
        self._time.passes(takes_s)
        self.scheduler._open_jobs.acquire()


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def loop(session: Session, fake_time: FakeTime) -> Loop:
    return Loop(session, fake_time)


def told(session: Session) -> list[tuple[int | None, tuple[int, ...], int]]:
    """Return of each turn that is told how many were ready, which were chosen, and the untold."""
    assert session.faults == []
    return [(one.ready, one.selected, one.unrecorded) for one in session.iterations]


def test_of_turns_that_find_nothing_new_the_first_is_told_and_the_others_are_counted(
    session: Session, loop: Loop
) -> None:
    loop.turn(3, 1)
    for _ in range(5):
        loop.turn(2)
    loop.turn(2, 2, ended=1)
    assert told(session) == [(3, (1,), 0), (2, (), 0), (2, (2,), 4)]
    assert session.iterations[-1].unrecorded_s == pytest.approx(0.04)


def test_a_turn_in_which_a_job_ended_or_became_ready_is_told(session: Session, loop: Loop) -> None:
    loop.turn(4, 1, 2)
    loop.turn(2)
    loop.turn(2, ended=1)
    loop.turn(3)
    assert told(session) == [(4, (1, 2), 0), (2, (), 0), (2, (), 0), (3, (), 0)]


def test_a_long_look_that_finds_nothing_is_told_for_it_held_others_up(
    session: Session, loop: Loop
) -> None:
    loop.turn(2)
    loop.turn(2)
    loop.turn(2, takes_s=0.06)
    assert told(session) == [(2, (), 0), (2, (), 1)]


def test_where_it_is_not_known_what_runs_every_turn_is_told(session: Session, loop: Loop) -> None:
    loop.turn(2)
    del loop.scheduler.running
    loop.scheduler.job_selector([None] * 2)
    loop.scheduler._open_jobs.acquire()
    loop.scheduler.job_selector([None] * 2)
    loop.scheduler._open_jobs.acquire()
    assert told(session) == [(2, (), 0)] * 3
