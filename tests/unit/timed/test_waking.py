"""An executor's sleep is cut short when a submission's end was rung, and by nothing else."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from snakemake_executor_plugin_timed import waking as module
from snakemake_executor_plugin_timed.fragments import Fragments
from snakemake_executor_plugin_timed.timing import Timed
from snakemake_executor_plugin_timed.waking import Waking, everything, why_not
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.run.attempt import Key

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
        self.checked: list[list[Any]] = []
        self.ended: list[Any] = []

    def start(self) -> None:
        self.wait_thread = threading.Thread(target=lambda: asyncio.run(self._wait_for_jobs()))
        self.wait_thread.start()

    async def check_active_jobs(self, active_jobs: Any) -> AsyncIterator[Any]:
        self.checks += 1
        self.checked.append([job.job.jobid for job in active_jobs])
        while self.ended:
            key = self.ended.pop()
            self.waking.ended(key, by_check=True)
            active_jobs = [job for job in active_jobs if job.job.jobid != key[0]]
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

    def sleeping(self, executor: Any) -> None: ...
    def shut_down(self, executor: Any) -> None: ...

    def check(self, executor: Any, jobs: Any, check: Any) -> Any:
        if self.waking.waits_first:
            return everything(jobs)
        return self.waking.check(jobs, check)

    def sleep(self, executor: Any, own: Any) -> Any:
        return self.waking.sleep(executor, own)

    def shutting_down(self, executor: Any) -> None:
        self.waking.close()


def timed(waking: Waking, **how: float) -> Any:
    """Return an executor as in a run: of a subclass of the wrapped one's class."""
    observer = Timing(waking=waking)
    made = type("TimedSleeper", (Timed, Sleeper), {"_observer": observer, "waking": waking})
    return made(**how)


def job(number: int) -> Any:
    return SimpleNamespace(job=SimpleNamespace(jobid=number, attempt=1, is_group=lambda: False))


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def waking(
    session: Session, fragments: Fragments, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Waking]:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.02)
    made = Waking(session, Sleeper, fragments.bell())  # type: ignore[arg-type]
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


def expect(waking: Waking, key: Key, name: str) -> None:
    waking.submits(key)
    waking.expect(key, (name,))


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
    expect(waking, KEY, "1")
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
    expect(waking, KEY, "1")
    ring(fragments, "1")
    until(lambda: len(session.notes) == 2)
    until(lambda: waking._sleeper is not None)
    assert executor.next_seconds_between_status_checks == 1010
    executor.shutdown()


def checked(executor: Any) -> set[int]:
    return {number for check in executor.checked for number in check}


def test_an_early_check_is_about_the_jobs_that_rang(waking: Waking, fragments: Fragments) -> None:
    """A plugin that asks once for each job is not to ask for a thousand because one has ended."""
    executor = sleeping(waking)
    for number in range(1, 5):
        expect(waking, (number, 1), str(number))
    executor.active_jobs += [job(number) for number in range(1, 5)]
    executor.ended.append((2, 1))
    ring(fragments, "2")
    ring(fragments, "4")
    until(lambda: {2, 4} <= checked(executor) and waking._sleeper is not None)
    executor.shutdown()
    assert checked(executor) == {2, 4}
    assert [one.job.jobid for one in executor.active_jobs] == [1, 3, 4]


def test_jobs_that_did_not_ring_are_checked_no_later_than_without(
    waking: Waking, fragments: Fragments
) -> None:
    executor = sleeping(waking, interval_s=2)
    for number in range(1, 5):
        expect(waking, (number, 1), str(number))
    executor.active_jobs += [job(number) for number in range(1, 5)]
    ring(fragments, "2")
    until(lambda: executor.checked[-1:] == [[1, 2, 3, 4]])
    executor.shutdown()
    assert executor.checked == [[], *[[2]] * waking.made, [1, 2, 3, 4]]
    assert 1 <= waking.made <= 3


@pytest.mark.parametrize("plugin", ["slurm", "lsf", "htcondor"])
def test_a_plugin_that_asks_about_all_jobs_at_once_is_asked_about_all(
    session: Session, plugin: str
) -> None:
    named = {"__module__": f"snakemake_executor_plugin_{plugin}"}
    waking = Waking(session, type("Other", (Sleeper,), named), None)  # type: ignore[arg-type]
    assert not waking._checks.asks_per_job


def test_the_wait_before_the_first_check_can_be_cut_short(
    waking: Waking, fragments: Fragments
) -> None:
    assert waking.first_wait_s(1000) == 0
    executor = sleeping(waking, interval_s=500)
    executor.active_jobs.append(job(3))
    assert executor.checks == 0
    expect(waking, KEY, "1")
    executor.ended.append(KEY)
    ring(fragments, "1")
    until(lambda: executor.checks == 1 and waking._sleeper is not None)
    assert executor.active_jobs == []
    executor.shutdown()


def test_without_a_first_wait_the_first_check_is_not_passed_over(waking: Waking) -> None:
    assert waking.first_wait_s(0) == 0
    executor = sleeping(waking)
    assert executor.checks == 1
    executor.shutdown()


def test_a_plugin_that_relies_on_the_time_between_checks_keeps_its_pace(
    session: Session, fragments: Fragments
) -> None:
    sge = type("Sge", (Sleeper,), {"__module__": "snakemake_executor_plugin_sge"})
    waking = Waking(session, sge, fragments.bell())  # type: ignore[arg-type]
    waking.hang_bell()
    (decided,) = session.notes
    assert isinstance(decided, notes.WakeDecided)
    assert (decided.on, decided.reason) == (
        False,
        "its plugin relies on the time between two checks",
    )
    assert waking.first_wait_s(30) == 30
    assert not (fragments.folder / "bell").exists()


def test_a_bell_that_is_gone_is_said_once_and_the_executor_keeps_its_pace(
    session: Session, waking: Waking, fragments: Fragments
) -> None:
    executor = sleeping(waking)
    (fragments.folder / "bell").unlink()
    expect(waking, KEY, "1")
    until(lambda: len(session.notes) == 2)
    executor.shutdown()
    begun, gone = session.notes
    assert isinstance(begun, notes.WakeDecided)
    assert isinstance(gone, notes.WakeDecided)
    assert (begun.on, gone.on) == (True, False)
    assert gone.reason == (
        "the file that the nodes write to cannot be read (No such file or directory)"
    )


def test_jobs_of_local_rules_ring_for_nothing(waking: Waking, fragments: Fragments) -> None:
    """Their processes are started by Snakemake's own executor, and are not polled."""
    executor = sleeping(waking)
    waking.expect(KEY, ("1",))
    expect(waking, (4, 1), "2")
    executor.active_jobs.append(job(4))
    executor.ended.append((4, 1))
    ring(fragments, "1")
    ring(fragments, "2")
    until(lambda: executor.checks == 2 and waking._sleeper is not None)
    executor.shutdown()
    assert executor.checked == [[], [4]]
    assert (waking.made, waking.rung) == (1, 1)


def test_a_shutdown_ends_the_sleep_without_a_check(session: Session, waking: Waking) -> None:
    executor = sleeping(waking)
    executor.shutdown()
    assert executor.checks == 1
    assert session.faults == []


def test_without_a_ring_the_executor_s_own_interval_is_kept(
    session: Session, waking: Waking
) -> None:
    executor = sleeping(waking, interval_s=0.05)
    expect(waking, KEY, "1")
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
    waking = Waking(session, Sleeper, fragments.bell())  # type: ignore[arg-type]
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
        (Own, "the executor's sleep is not the interface's"),
        (Waits, "the executor's _wait_for_jobs is not the interface's"),
        (NoneOfTheseKinds, "the executor has no status checks of the interface's kind"),
    ],
)
def test_only_the_interface_s_own_sleep_is_cut_short(executor: type, reason: str | None) -> None:
    assert why_not(executor) == reason
    assert why_not(type("Timed", (Timed, executor), {"__module__": executor.__module__})) == reason


def test_of_an_executor_that_cannot_be_woken_the_reason_is_written_once(session: Session) -> None:
    waking = Waking(session, Own, None)  # type: ignore[arg-type]
    executor = object.__new__(Own)
    assert [waking.takes(executor) for _ in range(3)] == [False] * 3
    (decided,) = session.notes
    assert isinstance(decided, notes.WakeDecided)
    assert (decided.on, decided.reason) == (False, "the executor's sleep is not the interface's")
