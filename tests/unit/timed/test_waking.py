"""An executor's sleep is cut short when a submission's end was rung, and by nothing else."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from snakemake_executor_plugin_timed import waking as module
from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_executor_plugin_timed.timing import Timed
from snakemake_executor_plugin_timed.waking import Waking, why_not
from snakemake_logger_plugin_observe.recording import notes

KEY = (3, 1)
PATIENCE_S = 20


class Session:
    wraps = "cluster-generic"

    def __init__(self) -> None:
        self.notes: list[notes.AnyNote] = []
        self.faults: list[Exception] = []

    def put(self, note: notes.AnyNote) -> None:
        self.notes.append(note)

    def fault(self, error: Exception) -> None:
        self.faults.append(error)


class Sleeper(RemoteExecutor):
    """An executor with the interface's own waiting, whose checks are counted."""

    waking: Waking

    def __init__(self, interval_s: float = 1000, grows_by_s: float = 0) -> None:
        self.workflow: Any = SimpleNamespace(
            remote_execution_settings=SimpleNamespace(
                seconds_between_status_checks=interval_s, immediate_submit=True
            ),
            executor_plugin=SimpleNamespace(
                common_settings=SimpleNamespace(init_seconds_before_status_checks=0)
            ),
        )
        self._next_seconds_between_status_checks = None
        self.grows_by_s = grows_by_s
        self._tmpdir = "none"
        self.lock = threading.Lock()
        self.wait = True
        self.active_jobs = []
        self.checks = 0
        self.ended: list[Any] = []

    def start(self) -> None:
        self.wait_thread = threading.Thread(target=lambda: asyncio.run(self._wait_for_jobs()))
        self.wait_thread.start()

    async def check_active_jobs(self, active_jobs: Any) -> AsyncIterator[Any]:
        self.checks += 1
        while self.ended:
            self.waking.ended(self.ended.pop(), by_check=True)
        if self.grows_by_s:
            self.next_seconds_between_status_checks += self.grows_by_s
        for job in active_jobs:
            yield job

    def cancel_jobs(self, active_jobs: Any) -> None: ...
    def run_job(self, job: Any) -> None: ...
    def get_job_exec_prefix(self, job: Any) -> str:
        return ""


class Timing(SimpleNamespace):
    """Calls what is to be tested, as the main process's side does."""

    waking: Waking

    def checking(self, executor: Any) -> None: ...
    def sleeping(self, executor: Any) -> None: ...
    def shut_down(self, executor: Any) -> None: ...

    def sleep(self, executor: Any, own: Any) -> Any:
        return self.waking.sleep(executor, own)

    def shutting_down(self, executor: Any) -> None:
        self.waking.close()


def timed(waking: Waking, **how: float) -> Any:
    """Return an executor as in a run: of a subclass of the wrapped one's class."""
    observer = Timing(waking=waking)
    made = type("TimedSleeper", (Timed, Sleeper), {"_observer": observer, "waking": waking})
    return made(**how)


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def fragments(tmp_path: Path) -> Iterator[Fragments]:
    made = Fragments(tmp_path / "work" / ".snakemake" / "observe")
    made.make_folder()
    yield made
    made.close()


@pytest.fixture
def waking(
    session: Session, fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Waking]:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.02)
    made = Waking(session, fragments.bell())  # type: ignore[arg-type]
    made.hang_bell()
    yield made
    made.close()


def sleeping(waking: Waking, **how: float) -> Any:
    """Return an executor that has made its first check and sleeps."""
    executor = timed(waking, **how)
    assert waking.takes(executor)
    executor.start()
    until(lambda: waking._sleeper is not None)
    return executor


def ring(fragments: Fragments, name: str) -> None:
    with open(fragments.folder / "bell", "a") as file:
        file.write(f"{name}\n")


def until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_ring_leads_to_a_check_that_finds_the_end(
    session: Session, waking: Waking, fragments: Fragments
) -> None:
    executor = sleeping(waking)
    waking.expect(KEY, ("1",))
    executor.ended.append(KEY)
    ring(fragments, "1")
    until(lambda: len(session.notes) == 2)
    executor.shutdown()
    assert executor.checks == 2
    assert not executor.wait_thread.is_alive()
    decided, early = session.notes
    assert isinstance(decided, notes.WakeDecided)
    assert decided.on
    assert isinstance(early, notes.CheckedEarly)
    assert (early.rung, early.found, early.poll_interval_s) == (1, 1, 1000)
    assert early.after_ring_s >= 0.5
    assert (waking.made, waking.rung) == (1, 1)
    assert session.faults == []


def test_an_early_check_that_finds_nothing_does_not_make_the_interval_grow(
    session: Session, waking: Waking, fragments: Fragments
) -> None:
    executor = sleeping(waking, interval_s=1000, grows_by_s=10)
    assert executor.next_seconds_between_status_checks == 1010  # by its first check, its own
    waking.expect(KEY, ("1",))
    ring(fragments, "1")
    until(lambda: len(session.notes) == 2)
    until(lambda: waking._sleeper is not None)
    assert executor.next_seconds_between_status_checks == 1010
    executor.shutdown()


def test_a_shutdown_ends_the_sleep_without_a_check(session: Session, waking: Waking) -> None:
    executor = sleeping(waking)
    executor.shutdown()
    assert executor.checks == 1
    assert session.faults == []


def test_without_a_ring_the_executor_s_own_interval_is_kept(
    session: Session, waking: Waking
) -> None:
    executor = sleeping(waking, interval_s=0.05)
    waking.expect(KEY, ("1",))
    until(lambda: executor.checks >= 4)
    executor.shutdown()
    assert waking.made == 0


def test_an_error_here_leaves_the_executor_s_own_sleep(
    session: Session, waking: Waking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "_wait_s", lambda *_: 1 / 0)
    executor = timed(waking, interval_s=0.05)
    executor.start()
    until(lambda: executor.checks >= 3)
    assert isinstance(session.faults[0], ZeroDivisionError)
    executor.wait = False
    executor.wait_thread.join(PATIENCE_S)


def test_where_no_bell_can_be_made_the_journal_says_so(
    session: Session, fragments: Fragments
) -> None:
    os.mkdir(fragments.folder / "bell")
    waking = Waking(session, fragments.bell())  # type: ignore[arg-type]
    waking.hang_bell()
    (decided,) = session.notes
    assert isinstance(decided, notes.WakeDecided)
    assert (decided.on, decided.reason) == (
        False,
        "no file can be made for the nodes to write to (File exists)",
    )
    os.rmdir(fragments.folder / "bell")


class Own(Sleeper):
    async def sleep(self) -> None: ...


class Waits(Sleeper):
    async def _wait_for_jobs(self) -> None: ...


class NoneOfTheseKinds: ...


@pytest.mark.parametrize(
    ("executor", "reason"),
    [
        (Sleeper, None),
        (Own, "its sleep is not the interface's"),
        (Waits, "its _wait_for_jobs is not the interface's"),
        (NoneOfTheseKinds, "it has no status checks of the interface's kind"),
    ],
)
def test_only_the_interface_s_own_sleep_is_cut_short(executor: type, reason: str | None) -> None:
    assert why_not(executor) == reason
    assert why_not(type("Timed", (Timed, executor), {"__module__": executor.__module__})) == reason


def test_of_an_executor_that_cannot_be_woken_the_reason_is_written_once(session: Session) -> None:
    waking = Waking(session, None)  # type: ignore[arg-type]
    executor = object.__new__(Own)
    assert [waking.takes(executor) for _ in range(3)] == [False] * 3
    (decided,) = session.notes
    assert isinstance(decided, notes.WakeDecided)
    assert (decided.on, decided.reason) == (False, "its sleep is not the interface's")
