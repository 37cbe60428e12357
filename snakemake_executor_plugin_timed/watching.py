"""A thread of its own that looks at the fragments' folder while something is expected there.

It is a daemon: a file system that hangs blocks neither Snakemake nor its exit.
"""

import threading
from collections.abc import Callable, Sized
from typing import Any


class Watch:
    """Calls a function at regular intervals, while something is expected."""

    def __init__(
        self,
        look: Callable[[], Any],
        expected: Sized,
        *,
        every_s: float,
        name: str,
        failed: Callable[[Exception], Any],
    ) -> None:
        """Start the thread.

        Args:
            look: called about every *every_s* seconds.
            expected: what is expected: as long as it is empty, *look* is not called.
            every_s: how often.
            name: the thread's name.
            failed: called with the first error that *look* raises; a later call may succeed.

        """
        self._look = look
        self._expected = expected
        self._every_s = every_s
        self._on_error = failed
        self._failed = False
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def expect(self) -> None:
        """Look again: something has been added to what is expected."""
        self._wanted.set()

    def stop(self) -> None:
        """Make the thread end, without waiting for it."""
        self._stopped.set()
        self._wanted.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the stopped thread; return whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._stopped.wait(self._every_s):
            if not self._expected:
                self._wanted.clear()
                if not self._expected:  # else something was added in between
                    self._wanted.wait()
                continue
            try:
                self._look()
            except Exception as error:  # a shared file system may recover
                if not self._failed:
                    self._on_error(error)
                self._failed = True
