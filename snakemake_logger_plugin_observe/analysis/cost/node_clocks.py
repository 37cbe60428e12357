"""How far the nodes' clocks were ahead of the main one, and how well the waits are known for it."""

from dataclasses import dataclass

from snakemake_logger_plugin_observe.journal.records import Offset
from snakemake_logger_plugin_observe.run.model import Run


@dataclass(frozen=True, slots=True)
class NodeClock:
    """One host's clock, as its last attempt has it: bounds only narrow. In seconds."""

    host: str
    ahead_s: float
    """As it was taken; negative: behind."""
    low_s: float | None
    high_s: float | None
    attempts: int
    uncertainty_s: float | None
    """Queue and poll wait of its attempts are each known to this at worst; null: not bounded."""

    @property
    def exact(self) -> bool:
        """Whether it is the main process's own kernel's clock."""
        return self.low_s is not None and self.low_s == self.high_s


def node_clocks(run: Run) -> tuple[NodeClock, ...]:
    """Return the clock of every host that a submission of *run* was timed on."""
    offsets: dict[str, list[Offset]] = {}
    for attempt in run.attempts.values():
        if attempt.offset is not None and not attempt.is_member:
            offsets.setdefault(attempt.offset.host, []).append(attempt.offset)
    return tuple(_clock(host, told) for host, told in sorted(offsets.items()))


def _clock(host: str, told: list[Offset]) -> NodeClock:
    last = told[-1]
    widths = [
        bounds[1] - bounds[0]
        for offset in told
        for bounds in (offset.queue_wait_bounds_s, offset.poll_wait_bounds_s)
        if bounds is not None
    ]
    uncertainty_s = round(max(widths), 6) if widths else None
    return NodeClock(host, last.assumed_s, last.low_s, last.high_s, len(told), uncertainty_s)
