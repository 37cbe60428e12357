"""``--timed-wake on``: ends the executor's sleep when a submission's last process has gone.

What an end is, only the executor says, by its own status check; this only lets it check sooner. Its
sleep between two checks runs as before, and is cut short when an end was rung (``bell``), at the
moments that ``early_checks`` allows, and when Snakemake shuts the executor down. Where a hook has
moved, or an error occurs here, the executor keeps its own pace.
"""

import asyncio
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from snakemake_executor_plugin_timed.bell import Bell
from snakemake_executor_plugin_timed.early_checks import LEAST_APART, SECOND, EarlyChecks
from snakemake_executor_plugin_timed.watching import Watch
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.live_objects import attempt_key
from snakemake_logger_plugin_observe.recording.session import Session
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.early_check_steps import LOOK_EVERY

_LOOK_EVERY_S: Final = LOOK_EVERY / SECOND
_CLOSING_S: Final = 0.02
_PLUGIN: Final = "snakemake_executor_plugin_"
# One query of theirs answers for all jobs. Others are asked about the jobs that rang alone.
_ONE_QUERY: Final = {f"{_PLUGIN}{name}" for name in ("slurm", "lsf", "htcondor")}
# SGE's plugin takes a job whose outputs cannot be seen yet for failed if two checks find it so.
_NOT_SOONER: Final = {f"{_PLUGIN}sge": "its plugin relies on the time between two checks"}


class Waking:
    """Wakes the one executor of a run that sleeps between status checks."""

    def __init__(self, session: Session, executor: type, bell: Bell | None) -> None:
        """Wake an executor of this class in *session*'s run.

        Args:
            session: the session whose run it is.
            executor: the class of the wrapped executor.
            bell: what is rung; None if nodes cannot.

        """
        self._session = session
        self._class = executor
        self._to_hang = bell
        plugin = executor.__module__.partition(".")[0]
        self._not_sooner = _NOT_SOONER.get(plugin)
        self._checks = EarlyChecks(clock.now(), asks_per_job=plugin not in _ONE_QUERY)
        self._lock = threading.Lock()
        self._submitted: set[Key] = set()
        self._names: dict[Key, str] = {}
        self._watch: Watch | None = None
        self._sleeper: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._closing = False
        self._early: _Early | None = None
        self._first_wait_s: float | None = None
        self._own_due: clock.Micros | None = None
        reason = why_not(executor)
        self._usable = reason is None
        if reason is not None:
            self.keep_pace(reason)

    @property
    def made(self) -> int:
        """How many early checks were made."""
        return self._checks.made

    @property
    def rung(self) -> int:
        """How many ends were rung."""
        return self._checks.rung

    def takes(self, executor: Any) -> bool:
        """Whether *executor* is one whose sleep can be cut short."""
        return self._usable and isinstance(executor, self._class)

    def keep_pace(self, reason: str) -> None:
        """Write that the executor keeps its own pace, and why."""
        self._session.put(notes.WakeDecided(clock.now(), on=False, reason=reason))

    def hang_bell(self) -> None:
        """Make the bell, and watch it; the folder of fragments exists by now.

        A second call does nothing: plugins may submit in several threads.
        """
        with self._lock:
            bell, self._to_hang = self._to_hang, None
        if bell is None:
            return
        if self._not_sooner is not None:
            self.keep_pace(self._not_sooner)
            return
        try:
            bell.make()
        except OSError as error:
            self.keep_pace(f"no file can be made for the nodes to write to ({error.strerror})")
            return
        self._watch = Watch(
            functools.partial(self._look, bell),
            self._checks.awaited,
            every_s=_LOOK_EVERY_S,
            name="timed-wake",
            failed=self._cannot_look,
        )
        self._session.put(notes.WakeDecided(clock.now(), on=True))

    # -- submissions ---------------------------------------------------------------------------

    def submits(self, key: Key) -> None:
        """Take note that the executor makes a submission; jobs of local rules are none of its."""
        with self._lock:
            self._submitted.add(key)

    def expect(self, key: Key, submission: tuple[str, ...]) -> None:
        """Wait for the ring of a submission that was accepted: its outermost process's."""
        with self._lock:
            if key not in self._submitted or not submission:
                return
            self._names[key] = submission[-1]
            self._checks.expect(submission[-1])
        if self._watch is not None:
            self._watch.expect()
        self._wake()

    def ended(self, key: Key, *, by_check: bool) -> None:
        """Stop waiting: the executor has noticed the end, by a status check or otherwise."""
        with self._lock:
            self._submitted.discard(key)
            if (name := self._names.pop(key, None)) is not None:
                self._checks.ended(name)
        if by_check and self._early is not None:
            self._early.found += 1

    def _cannot_look(self, error: Exception) -> None:
        """Write that ends are not seen any more; a job may remove or replace the file."""
        if isinstance(error, OSError):
            self.keep_pace(f"the file that the nodes write to cannot be read ({error.strerror})")
        else:
            self._session.fault(error)

    def _look(self, bell: Bell) -> None:
        """Look at the bell; called on the watch's thread."""
        rings, moment = bell.look(), clock.now()
        with self._lock:
            wakes = [self._checks.rang(name, moment) for name in rings.names]
            if rings.unnamed:
                wakes.append(self._checks.rang_unnamed(moment))
        if any(wakes):
            self._wake()

    # -- the executor's checks and sleep ---------------------------------------------------------

    def first_wait_s(self, seconds: float) -> float:
        """Return how long the interface is to wait before the first check.

        Nothing, if it is waited here, in a sleep that can be cut short; there is no check then
        before that sleep.
        """
        if not self._usable or self._not_sooner is not None or seconds <= 0:
            return seconds
        self._first_wait_s = seconds
        return 0

    @property
    def waits_first(self) -> bool:
        """Whether the wait before the first check is yet to come: then that is passed over."""
        return self._first_wait_s is not None

    def check(self, jobs: Sequence[Any], check: Callable[[Any], Any]) -> Any:
        """Return what *check* yields of *jobs*; an early one may be about those that rang."""
        early = self._early
        if early is None or early.keys is None:
            return check(jobs)
        try:
            rang = [job for job in jobs if attempt_key(job.job) in early.keys]
        except Exception as error:
            self._session.fault(error)
            return check(jobs)
        return _check_some(jobs, rang, check)

    async def sleep(self, executor: Any, own: Callable[[], Awaitable[None]]) -> None:
        """Sleep as *own* does, or until there is a reason to check."""
        first, self._first_wait_s = self._first_wait_s, None
        try:
            interval = self._after_check(executor) if first is None else first
        except Exception as error:
            self._session.fault(error)
            await own()
            return
        sleeping = asyncio.ensure_future(own() if first is None else asyncio.sleep(first))
        try:
            cut = await self._until_worth_a_check(executor, sleeping, interval)
        except Exception as error:
            self._session.fault(error)
            cut = False
        except BaseException:
            sleeping.cancel()
            raise
        finally:
            self._sleeper = None
        if not cut:
            await sleeping
            with self._lock:
                self._checks.begin(clock.now(), early=False)
            return
        sleeping.cancel()
        with suppress(asyncio.CancelledError):
            await sleeping

    async def _until_worth_a_check(
        self, executor: Any, sleeping: "asyncio.Future[None]", interval: float
    ) -> bool:
        """Return True when the sleep is to be cut short, False when it is over."""
        began = clock.now()
        changed = asyncio.Event()
        self._sleeper = (asyncio.get_running_loop(), changed)
        while not sleeping.done():
            changed.clear()
            wait_s = self._wait_s(executor, began, interval)
            if wait_s == 0:
                return True
            waiting = asyncio.ensure_future(changed.wait())
            either: set[asyncio.Future[Any]] = {sleeping, waiting}
            try:
                await asyncio.wait(either, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiting.cancel()
        return False

    def _wait_s(self, executor: Any, began: clock.Micros, interval: float) -> float | None:
        """Return how long to sleep until there may be a reason to check, 0 if there is one."""
        if self._closing:  # Snakemake says so a moment before the executor takes note
            return _CLOSING_S if executor.wait else 0
        with self._lock:
            moment = clock.now()
            if self._own_due is not None and self._own_due <= moment:
                self._checks.begin(moment, early=False)
                return 0
            due = self._checks.due(moment)
            if due is not None and due <= moment:
                self._early = self._begin(moment, began, interval)
                return 0
        next_one = min((one for one in (due, self._own_due) if one is not None), default=None)
        return None if next_one is None else (next_one - moment) / SECOND

    def _begin(self, moment: clock.Micros, began: clock.Micros, interval: float) -> "_Early":
        """Begin an early check, in a sleep that *began* and would have lasted for *interval*."""
        end = self._own_due or began + clock.from_seconds(interval)
        rung = len(self._checks.open_ends)
        since, about = self._checks.begin(moment, early=True)
        return _Early(
            begun=moment,
            since=since,
            rung=rung,
            keys=None
            if about is None or not self._checks.asks_per_job
            else {key for key, name in self._names.items() if name in about},
            interval=interval,
            own_due=end,
        )

    def _after_check(self, executor: Any) -> float:
        """Record an early check that has ended; return how long the executor is to sleep now.

        Plugins let their interval grow with each check that finds nothing: an early one must not.
        """
        early, self._early = self._early, None
        interval = _interval(executor)
        if early is not None:
            if not early.found and interval != early.interval:
                executor.next_seconds_between_status_checks = interval = early.interval
            self._session.put(early.note(clock.now()))
        self._own_due = None
        if early is not None and early.keys is not None:  # the others wait no longer than before
            own = min(early.own_due, clock.now() + clock.from_seconds(interval))
            self._own_due = max(own, early.begun + LEAST_APART)
        with self._lock:
            self._checks.checked()
            self._checks.interval = max(self._checks.interval, clock.from_seconds(interval))
        return interval

    # -- the end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Let the executor end its sleep: Snakemake is about to shut it down."""
        self._closing = True
        self._wake()
        if self._watch is not None:
            self._watch.stop()

    def _wake(self) -> None:
        """Let the sleeping executor look for a reason to check; from any thread."""
        sleeper = self._sleeper
        if sleeper is not None:
            loop, changed = sleeper
            with suppress(RuntimeError):  # its loop has ended meanwhile
                loop.call_soon_threadsafe(changed.set)


@dataclass(slots=True)
class _Early:
    """An early check that goes on."""

    begun: clock.Micros
    since: clock.Micros
    """How long after the first ring."""
    rung: int
    keys: set[Key] | None
    """The attempts that it is about; None if about all."""
    interval: float
    own_due: clock.Micros
    """When the executor's own next check would have come."""
    found: int = 0

    def note(self, moment: clock.Micros) -> notes.CheckedEarly:
        return notes.CheckedEarly(
            self.begun,
            after_ring_s=clock.to_seconds(self.since),
            rung=self.rung,
            found=self.found,
            took_s=clock.to_seconds(moment - self.begun),
            poll_interval_s=self.interval,
            left_s=clock.to_seconds(max(0, self.own_due - self.begun)),
        )


async def everything(jobs: Iterable[Any]) -> AsyncIterator[Any]:
    """Yield all *jobs*: a check that is passed over."""
    for job in jobs:
        yield job


async def _check_some(
    jobs: Sequence[Any], some: Sequence[Any], check: Callable[[Any], Any]
) -> AsyncIterator[Any]:
    """Check *some* of the *jobs*; yield all that have not ended, in their order."""
    active = {id(job) async for job in check(some)}
    ended = {id(job) for job in some} - active
    for job in jobs:
        if id(job) not in ended:
            yield job


def why_not(executor: type) -> str | None:
    """Return why the sleep of an executor of this class cannot be cut short; None if it can."""
    if not issubclass(executor, RemoteExecutor):
        return "the executor has no status checks of the interface's kind"
    for name in ("sleep", "_wait_for_jobs"):
        own = _wrapped(executor, name)
        if own is not vars(RemoteExecutor).get(name) or not inspect.iscoroutinefunction(own):
            return f"the executor's {name} is not the interface's"
    if not isinstance(getattr(executor, "next_seconds_between_status_checks", None), property):
        return "the interface has no interval between its status checks"
    return None


def _wrapped(executor: type, name: str) -> Any:
    """Return a method of the wrapped executor's class, past those that time it."""
    timed = __name__.partition(".")[0]
    classes = (one for one in executor.__mro__ if not one.__module__.startswith(timed))
    return next((vars(one)[name] for one in classes if name in vars(one)), None)


def _interval(executor: Any) -> float:
    """Return how long the executor sleeps before its own next check."""
    return float(executor.next_seconds_between_status_checks)
