"""How much of this machine the run may use, whatever ``--cores`` and ``--resources`` say."""

import math
import os
from pathlib import Path
from typing import Final

_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")


def usable_cpus(quota: Path = _QUOTA) -> int | None:
    """Return how many CPUs this process may run on, or less if a container's *quota* gives less."""
    try:
        cpus = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not Linux
        return os.cpu_count()
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
        return max(1, min(cpus, math.ceil(int(allowed) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # no limit
        return cpus


def usable_memory(limit: Path = _LIMIT) -> int | None:
    """Return how many bytes of memory there are, or fewer if a container's *limit* is lower."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not known to this system
        return None
    try:
        return min(memory, int(limit.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no limit
        return memory
