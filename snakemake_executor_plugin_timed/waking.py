"""``--timed-wake on``: ends the executor's sleep when a submission's last process has gone.

What an end is, only the executor says, by its own status check; this only lets it check sooner. Its
sleep between two checks runs as before, and is cut short when an end was rung (``bell``), at the
moments that ``early_checks`` allows, and when Snakemake shuts the executor down. Where a hook has
moved, or an error occurs here, the executor keeps its own pace.
"""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from snakemake_executor_plugin_timed.bell import Bell
from snakemake_executor_plugin_timed.early_checks import SECOND, EarlyChecks
from snakemake_executor_plugin_timed.watching import Watch
from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.session import Session
from snakemake_logger_plugin_observe.run.attempt import Key

_LOOK_EVERY_S: Final = 1.0
_CLOSING_S: Final = 0.02
_NOT_REMOTE: Final = "it has no status checks of the interface's kind"


class Waking:
    """Wakes the one executor of a run that sleeps between status checks."""

    def __init__(self, session: Session, bell: Bell | None) -> None:
        """Wake an executor of *session*'s run when *bell* rings; None if nodes cannot ring."""
        self._session = session
        self._bell = bell
        self._executor: int | None = None
        self._checks = EarlyChecks(clock.now())
        self._lock = threading.Lock()
        self._names: dict[Key, str] = {}
        self._watch: Watch | None = None
        self._sleeper: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._closing = False
        self._early: _Early | None = None

    @property
    def made(self) -> int:
        """How many early checks were made."""
        return self._checks.made

    @property
    def rung(self) -> int:
        """How many ends were rung."""
        return self._checks.rung

    def takes(self, executor: Any) -> bool:
        """Whether *executor* is the one whose sleep can be cut short; decided once."""
        if self._executor is None and (reason := why_not(type(executor))) is None:
            self._executor = id(executor)
        elif self._executor is None and reason:
            self.keep_pace(reason)
        return self._executor == id(executor)

    def keep_pace(self, reason: str) -> None:
        """Write that the executor keeps its own pace, and why."""
        if self._executor is None:
            self._executor = 0  # no executor's id
        self._session.put(notes.WakeDecided(clock.now(), on=False, reason=reason))

    def hang_bell(self) -> None:
        """Make the bell, and watch it; the folder of fragments exists by now."""
        if self._bell is None or self._watch is not None:
            return
        try:
            self._bell.make()
        except OSError as error:
            self.keep_pace(f"no file can be made for the nodes to write to ({error.strerror})")
            return
        self._watch = Watch(
            self._look,
            self._checks.awaited,
            every_s=_LOOK_EVERY_S,
            name="timed-wake",
            failed=self._session.fault,
        )
        self._session.put(notes.WakeDecided(clock.now(), on=True))

    # -- submissions ---------------------------------------------------------------------------

    def expect(self, key: Key, submission: tuple[str, ...]) -> None:
        """Wait for the ring of a submission that was accepted: its outermost process's."""
        if self._watch is None or not submission:
            return
        with self._lock:
            self._names[key] = submission[-1]
            self._checks.expect(submission[-1])
        self._watch.expect()
        self._wake()

    def ended(self, key: Key, *, by_check: bool) -> None:
        """Stop waiting: the executor has noticed the end, by a status check or otherwise."""
        with self._lock:
            if (name := self._names.pop(key, None)) is not None:
                self._checks.ended(name)
        if by_check and self._early is not None:
            self._early.found += 1

    def _look(self) -> None:
        """Look at the bell; called on the watch's thread."""
        if self._bell is None:
            return
        rings, moment = self._bell.look(), clock.now()
        with self._lock:
            wakes = [self._checks.rang(name, moment) for name in rings.names]
            if rings.unnamed:
                wakes.append(self._checks.rang_unnamed(moment))
        if any(wakes):
            self._wake()

    # -- the executor's sleep --------------------------------------------------------------------

    async def sleep(self, executor: Any, own: Callable[[], Awaitable[None]]) -> None:
        """Sleep as *own* does, or until there is a reason to check."""
        interval = self._after_check(executor)
        sleeping = asyncio.ensure_future(own())
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
            due = self._checks.due(moment)
            if due is None:
                return None
            if due > moment:
                return (due - moment) / SECOND
            left = max(0.0, interval - clock.to_seconds(moment - began))
            rung = self._checks.open_ends
            since = self._checks.begin(moment, early=True)
            self._early = _Early(moment, since, rung, interval, left)
        return 0

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


class _Early:
    """An early check that goes on."""

    def __init__(
        self, begun: clock.Micros, since: clock.Micros, rung: int, interval: float, left: float
    ) -> None:
        self.begun = begun
        self.since = since
        self.rung = rung
        self.interval = interval
        self.left = left
        self.found = 0

    def note(self, moment: clock.Micros) -> notes.CheckedEarly:
        return notes.CheckedEarly(
            self.begun,
            after_ring_s=clock.to_seconds(self.since),
            rung=self.rung,
            found=self.found,
            took_s=clock.to_seconds(moment - self.begun),
            poll_interval_s=self.interval,
            left_s=self.left,
        )


def why_not(executor: type) -> str | None:
    """Return why the sleep of an executor of this class cannot be cut short; None if it can.

    Empty if it is not worth telling: the executor that Snakemake makes for local rules.
    """
    if not issubclass(executor, RemoteExecutor):
        return "" if executor.__module__.startswith("snakemake.executors.") else _NOT_REMOTE
    for name in ("sleep", "_wait_for_jobs"):
        own = _wrapped(executor, name)
        if own is not vars(RemoteExecutor).get(name) or not inspect.iscoroutinefunction(own):
            return f"its {name} is not the interface's"
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
