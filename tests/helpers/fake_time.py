"""A clock that advances on request."""

from builders import SECOND, T0


class FakeTime:
    """A wall clock that can be set, and a monotonic one; both advance on request."""

    def __init__(self) -> None:
        self.wall = T0
        self.steady = 500 * SECOND

    def passes(self, seconds: float) -> None:
        self.wall += round(seconds * SECOND)
        self.steady += round(seconds * SECOND)

    def is_set(self, seconds: float) -> None:
        """Set the wall clock forward, or back."""
        self.wall += round(seconds * SECOND)

    def time_ns(self) -> int:
        return self.wall * 1000

    def clock_gettime_ns(self, _clock: int) -> int:
        return self.steady * 1000

    def monotonic_ns(self) -> int:
        return self.steady * 1000
