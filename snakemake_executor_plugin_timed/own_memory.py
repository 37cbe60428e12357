"""The peak of this process's own memory, from the kernel. Standard library only."""


def high_water_mark() -> int | None:
    """Return the peak of this process's own memory in bytes, or None."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            sizes = (line.split() for line in file if line.startswith("VmHWM:"))
            return next((int(size[1]) * 1024 for size in sizes), None)
    except (OSError, ValueError, IndexError):
        return None


class OwnPeak:
    """The peak of this process, by the kernel's counter that a larger parent may have begun.

    Once that counter is the process's own, its file in ``/proc`` need not be read any more.
    """

    def __init__(self) -> None:
        self._is_own = False

    def of(self, counted: int) -> int:
        """Return the peak in bytes, at most, given the counter's value (``ru_maxrss``)."""
        if self._is_own or (own := high_water_mark()) is None:
            return counted
        self._is_own = own >= counted
        return min(own, counted)
