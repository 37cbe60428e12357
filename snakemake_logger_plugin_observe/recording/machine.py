"""How many cores of this machine the run may use, whatever ``--cores`` says."""

import math
import os
from pathlib import Path
from typing import Final

_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


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
