"""The status checks of an executor, as its thread makes them: begin, sleep, and waiting in between.

An executor looks at all its jobs, one after the other, and sleeps. For each end that it finds it
waits until Snakemake's main thread has taken note, which handles earlier ends meanwhile.
"""

import threading

from msgspec import Struct

from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.journal.records import StatusCheck


class _Thread(Struct):
    """The last checks of one executor's thread."""

    begun: Micros
    previous: Micros | None = None
    slept: Micros | None = None
    """When it began to sleep before the last check."""
    asleep: Micros | None = None
    """Since when it sleeps, if it does."""
    blocked: Micros = 0
    told: Micros | None = None
    """When it began to report an end, if it does."""


class CheckTimes:
    """The status checks of a run's executors, each by its id and its thread."""

    def __init__(self) -> None:
        """Begin with no check."""
        self._threads: dict[tuple[int, int], _Thread] = {}
        self._made: dict[int, int] = {}

    def made(self, executor: object) -> int:
        """Return how many checks *executor* has begun."""
        return self._made.get(id(executor), 0)

    def begin(self, executor: object, moment: Micros) -> None:
        """Note that a check begins."""
        key = _key(executor)
        self._made[id(executor)] = self.made(executor) + 1
        last = self._threads.get(key)
        known = (last.begun, last.asleep) if last is not None else (None, None)
        self._threads[key] = _Thread(moment, *known)

    def sleep(self, executor: object, moment: Micros) -> None:
        """Note that the executor begins to sleep."""
        if (thread := self._threads.get(_key(executor))) is not None:
            thread.asleep = moment

    def report(self, executor: object, moment: Micros) -> StatusCheck | None:
        """Return the check that found an end, which is about to be reported.

        None if no check found it: the executor reports it in another thread, or without checks.
        """
        thread = self._threads.get(_key(executor)) if self._threads else None
        if thread is None or thread.asleep is not None:
            return None
        thread.told = moment
        return StatusCheck(
            begun=thread.begun,
            previous=thread.previous,
            slept=thread.slept,
            blocked_s=to_seconds(thread.blocked),
        )

    def told(self, executor: object, moment: Micros) -> None:
        """Note that the main thread has taken note of the end that was reported."""
        thread = self._threads.get(_key(executor))
        if thread is not None and thread.told is not None:
            thread.blocked += max(0, moment - thread.told)
            thread.told = None


def _key(executor: object) -> tuple[int, int]:
    return id(executor), threading.get_ident()
