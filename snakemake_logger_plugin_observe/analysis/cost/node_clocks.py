"""Offsets of the nodes' clocks from the main clock, and the uncertainty they cause."""

from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import Offset
from snakemake_logger_plugin_observe.run.model import Run

_OFF_S: Final = 0.05
_MATTERS: Final = 0.01  # of the makespan


@dataclass(frozen=True, slots=True)
class NodeClock:
    """The clock of one host, in seconds; its last attempt has the narrowest bounds."""

    host: str
    ahead_s: float
    """The offset that was assumed; negative if the clock is behind."""
    low_s: float | None
    high_s: float | None
    attempts: int
    uncertainty_s: float | None
    """The largest uncertainty of a queue or poll wait of its attempts; None if unbounded."""

    @property
    def exact(self) -> bool:
        """Whether the offset is known exactly: the clock of the main process's own kernel."""
        return self.low_s is not None and self.low_s == self.high_s

    @property
    def is_off(self) -> bool:
        """Whether it is not taken to agree with the main process's."""
        return abs(self.ahead_s) >= _OFF_S

    def matters(self, makespan: Micros) -> bool:
        """Whether it is off, or limits how accurate the figures of a run are."""
        known = self.uncertainty_s
        return self.is_off or (known is not None and known * 1e6 >= makespan * _MATTERS)


def node_clocks(run: Run) -> tuple[NodeClock, ...]:
    """Return the clock of every host on which a submission of *run* was timed."""
    offsets: dict[str, list[Offset]] = {}
    for attempt in run.attempts.values():
        if attempt.offset is not None and not attempt.is_member:
            offsets.setdefault(attempt.offset.host, []).append(attempt.offset)
    return tuple(_clock(host, known) for host, known in sorted(offsets.items()))


def _clock(host: str, known: list[Offset]) -> NodeClock:
    last = known[-1]
    widths = [
        bounds[1] - bounds[0]
        for offset in known
        for bounds in (offset.queue_wait_bounds_s, offset.poll_wait_bounds_s)
        if bounds is not None
    ]
    uncertainty_s = round(max(widths), 6) if widths else None
    return NodeClock(host, last.assumed_s, last.low_s, last.high_s, len(known), uncertainty_s)
