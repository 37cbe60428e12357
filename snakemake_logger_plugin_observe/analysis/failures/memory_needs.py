"""How much memory jobs need that ran out of it: what was too little, and what was enough."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.attempts_requests import tried
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.jobs.submitted_requests import Overridden, overridden
from snakemake_logger_plugin_observe.run.model import Run

MB: Final = 1_000_000
_MIB: Final = 1 << 20
_STEP_MB: Final = 100


@dataclass(frozen=True, slots=True)
class MemoryNeeds:
    """What the attempts of some jobs show of the memory that they need; 0 where unknown."""

    used: int
    """The most that one of them is known to have used, in bytes."""
    of_snakemake: int
    """What of it Snakemake's own processes on the node held, about."""
    too_little: int
    """The most that one of them had requested and ran out of, in bytes."""
    enough: int
    """The least that an attempt had requested which ended well, if that was more, in bytes."""
    overridden: Overridden | None
    """The request of their rule that the scheduler was not asked for."""
    is_heap: bool = False
    """Whether it was Java's heap that was full, whose size is an option of Java's."""
    is_local: bool = False
    """Whether they ran where Snakemake does, with the memory that the machine had free."""
    inside: int = 0
    """The execution that ended well inside an attempt, if each recovered so: its allocation was
    that of the executions that failed."""

    @property
    def most_used(self) -> str:
        """Return ``164 MB used, of it about 150 MB Snakemake itself``; or that it is unknown."""
        if not self.used:
            return "use unknown"
        own = f", of it about {in_mb(self.of_snakemake)} Snakemake itself"
        return f"{in_mb(self.used)} used{own if self.of_snakemake else ''}"

    @property
    def requests_tried(self) -> str:
        """Return ``, 800 MB requested``; or that nothing was."""
        return f"{in_mb(self.too_little)} requested" if self.too_little else "none requested"

    def fix(self, name: str) -> str:
        """Return what to request for *name* from now on, as an imperative."""
        if self.overridden is not None:
            return self.overridden.fix
        if self.enough:  # its command makes use of what it requests, be it for a heap
            return (
                f"let {name} request mem_mb={round(self.enough / MB)} from its first attempt on: "
                f"{in_mb(self.too_little)} was too little, and that was enough"
            )
        if self.inside:
            return (
                f"let {name} request from its first attempt on what its execution {self.inside} "
                "requested, with which it ended well; the retries on the node raise what its "
                f"command is given, not what is allocated{self._allocated}"
            )
        if self.is_heap:
            asks = "mem_mb with it" if self.too_little else "request mem_mb for it"
            return (
                f"raise Java's heap in the command of {name} (-Xmx, for example "
                f"-Xmx{{resources.mem_mb}}m, with some memory left beside it), and {asks}"
            )
        more = _enough_mb(self.used, self.too_little)
        if self.is_local and not self.too_little:
            return (
                f"let fewer jobs run beside {name} (--cores; or mem_mb for the rules, with "
                "--resources mem_mb=N), or run it where more memory is free"
            )
        if not more:
            return f"set mem_mb of {name} to more than its host had free"
        if not self.too_little:
            return f"request memory for {name}: mem_mb={more}"
        return f"raise mem_mb of {name} from {round(self.too_little / MB)} to {more}"

    @property
    def _allocated(self) -> str:
        return f" ({in_mb(self.too_little)})" if self.too_little else ""

    @property
    def why(self) -> str:
        """Return why, as a clause that can follow ``because``."""
        if self.overridden is not None:
            return "the scheduler ends a job that uses more than it was asked for"
        if self.inside:
            return "each execution that ran out of memory did its work in vain"
        if self.enough:
            return "each attempt that ran out of memory did its work in vain"
        if self.is_heap:
            return "Java takes no more memory than its -Xmx allows, whatever the job requested"
        if self.is_local and not self.too_little:
            return "no request gives a local job memory: it has what its machine has free"
        return (
            "a retry with the same request ends in the same way; how much more it needs is unknown"
        )


def memory_needs(run: Run, failed: Sequence[Failure]) -> MemoryNeeds:
    """Return what the attempts of *failed*, jobs of one rule, show of the memory that they need."""
    uses = [one.use for one in failed]
    found = tried(failed, "out_of_memory", lambda use: use.memory_requested_bytes)
    too_little = max((found.too_little, *(one.memory_requested_bytes or 0 for one in uses)))
    rules = {one.rule for one in failed}
    most = max(uses, key=lambda one: one.memory_bytes or 0)
    return MemoryNeeds(
        used=most.memory_bytes or 0,
        of_snakemake=most.memory_snakemake_bytes or 0,
        too_little=round(too_little),
        enough=round(found.enough) if found.enough > too_little else 0,
        inside=_recovered_inside(run, failed),
        is_heap=all(_HEAP.search(_said(one)) for one in failed),
        is_local=not any(row.attempt.external_jobid for one in failed for row in one.rows),
        overridden=next(
            (one for one in overridden(run) if one.rule in rules and one.resource == "memory"), None
        ),
    )


def _recovered_inside(run: Run, failed: Sequence[Failure]) -> int:
    """Return the number of the execution that ended well inside an attempt; 0 if not all did so."""
    if not all(one.succeeded_on == one.last.attempt for one in failed):
        return 0
    return max(len(run.final_executions(one.rows[-1].attempt)) for one in failed)


_HEAP: Final = re.compile(r"OutOfMemoryError|Java heap space|GC overhead limit exceeded")


def _said(one: Failure) -> str:
    line = one.decisive.line
    return line.text if line is not None else one.decisive.message or ""


def in_mb(size: int) -> str:
    """Return ``400 MB``; what a scheduler counts in MiB as ``500 MiB``."""
    if size % _MIB == 0 and size % MB:
        return f"{size // _MIB} MiB"
    return f"{round(size / MB)} MB"


def _enough_mb(used: int, requested: int) -> int:
    """Return twice what was not enough: use is measured only up to the limit."""
    too_little = max(used, requested)
    return math.ceil(2 * too_little / MB / _STEP_MB) * _STEP_MB
