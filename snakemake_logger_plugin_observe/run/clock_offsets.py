"""How far a node's clock is ahead of the main one: exactly, within bounds, or unknown.

Pure. Two processes of one boot of a kernel share its clock, whatever their host's name: each
records when that boot was by its own wall clock, and the difference is their offset. For other
clocks, only the order of events is known: accepted ≤ node start, node end ≤ reported. Earlier
attempts on the same clock narrow the bounds.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.journal.records import Execution, Level, Offset, Wait
from snakemake_logger_plugin_observe.run.unobserved import OTHER_CLOCK

_READING: Final = 1_000  # how much two readings of one clock may differ
_DRIFT: Final = 100_000  # how far a clock may drift between two attempts
_LEVEL_MOMENTS: Final = ("started", "loaded", "parsed", "planned", "done", "ended")
_EXECUTION_MOMENTS: Final = (
    *("selected", "begun", "prepared", "running", "tool_started", "tool_ended"),
    *("reported", "checked"),
)


class KernelBoot(NamedTuple):
    """A boot of a kernel, and its time by the clock of the process that recorded it."""

    id: str
    time: Micros


class LeadBounds(NamedTuple):
    """The bounds of a clock's lead, in microseconds; None: no bound on that side."""

    low: Micros | None = None
    high: Micros | None = None

    @property
    def possible(self) -> bool:
        """Whether any lead is within the bounds."""
        return self.low is None or self.high is None or self.low <= self.high

    @property
    def nearest_to_zero(self) -> Micros:
        """The smallest lead within the bounds, ahead or behind."""
        if self.low is not None and self.low > 0:
            return self.low
        return self.high if self.high is not None and self.high < 0 else 0

    def shifted(self, by: Micros) -> "LeadBounds":
        """Return the bounds of a lead that is larger by *by*."""
        return LeadBounds(
            None if self.low is None else self.low + by,
            None if self.high is None else self.high + by,
        )

    def intersected(self, other: "LeadBounds") -> "LeadBounds":
        """Return the leads that both allow; there may be none."""
        lows = [low for low in (self.low, other.low) if low is not None]
        highs = [high for high in (self.high, other.high) if high is not None]
        return LeadBounds(max(lows, default=None), min(highs, default=None))


class ClockLead(NamedTuple):
    """How far a node's clock is ahead, as recorded and as subtracted from the node's moments."""

    offset: Offset
    shift: Micros
    """What to subtract; 0 where the moments are on the main clock already."""
    exact: bool
    certain: bool = True
    """Whether a contradiction can only come from the executor's report, not from the clock."""
    reason: str | None = None


class MainProcess(NamedTuple):
    """The main process's host, and its kernel's boot if known."""

    host: str | None = None
    boot: KernelBoot | None = None

    def shares_clock_with(self, level: Level) -> bool:
        """Whether *level* is known to have used the same kernel's clock."""
        return (
            self.boot is not None and level.boot_id == self.boot.id and level.boot_time is not None
        )


def kernel_boot(id_: str | None, time: Micros | None) -> KernelBoot | None:
    """Return the boot, or None if its id or its time is unknown."""
    return None if id_ is None or time is None else KernelBoot(id_, time)


def on_common_clock(levels: Sequence[Level], main: MainProcess) -> list[Level]:
    """Return *levels* as if no wall clock had been set between them.

    Processes of the main process's boot are converted to the main clock, those of another boot to
    the clock of its first process.
    """
    boots: dict[str, Micros] = {}
    converted: list[Level] = []
    for level in levels:
        if level.boot_id is None or level.boot_time is None or level.in_main:
            converted.append(level)
        elif main.boot is not None and level.boot_id == main.boot.id:
            converted.append(_moved(level, main.boot.time - level.boot_time))
        else:
            by = boots.setdefault(level.boot_id, level.boot_time) - level.boot_time
            converted.append(_moved(level, by, boot_time=level.boot_time + by))
    return converted


def lead_of_same_boot(level: Level, main: MainProcess) -> Micros:
    """Return the lead of a process that shares the main clock: how much the clock was set."""
    if main.boot is None or level.boot_time is None:
        return 0
    lead = level.boot_time - main.boot.time
    return lead if abs(lead) >= _READING else 0


def clock_lead(
    level: Level,
    main: MainProcess,
    own: LeadBounds,
    clocks: Mapping[str, LeadBounds],
    *,
    once: bool = True,
) -> ClockLead:
    """Return the lead of the clock that *level* used.

    Args:
        level: the outermost process of the submission on that clock.
        main: the main process.
        own: the bounds from the order of this attempt's events.
        clocks: the bounds from earlier attempts, see ``bounds_from_attempt``.
        once: whether the cluster started the submission only once.

    """
    if main.shares_clock_with(level):
        return ClockLead(_exactly(level.host, lead_of_same_boot(level, main)), 0, exact=True)
    earlier = clocks.get(_clock_name(level))
    if earlier is not None:
        earlier = earlier.shifted(level.boot_time or 0)
    bounds = _settled(own, earlier)
    assumed = bounds.nearest_to_zero
    same_name = level.host == main.host and (level.boot_id is None or main.boot is None)
    if same_name and not assumed:
        return ClockLead(_exactly(level.host, 0), 0, exact=True)
    offset = Offset(
        host=level.host,
        assumed_s=to_seconds(assumed),
        low_s=None if bounds.low is None else to_seconds(bounds.low),
        high_s=None if bounds.high is None else to_seconds(bounds.high),
        **(_wait_bounds(own, bounds) if once else {}),
    )
    certain = not own.possible or own.low is None or own.low <= assumed
    return ClockLead(offset, assumed, False, certain, OTHER_CLOCK if same_name else None)


def bounds_from_attempt(levels: Sequence[Level], offset: Offset | None) -> dict[str, LeadBounds]:
    """Return the bounds of a node clock's lead from an ended attempt, by the clock's name.

    They are relative to the moment of that kernel's boot, so setting the clock does not change
    them. An attempt's own bounds reproduce its own timeline.
    """
    if offset is None or (offset.low_s is None and offset.high_s is None):
        return {}
    on_node = [level for level in levels if level.host == offset.host and not level.in_main]
    if not on_node:
        return {}
    name = _clock_name(on_node[-1])
    first = next(level for level in on_node if _clock_name(level) == name)
    low, high = (None if s is None else round(s * 1e6) for s in (offset.low_s, offset.high_s))
    return {name: LeadBounds(low, high).shifted(-(first.boot_time or 0))}


def _clock_name(level: Level) -> str:
    known = level.boot_id is not None and level.boot_time is not None
    return f"boot {level.boot_id}" if known else f"host {level.host}"


def _settled(own: LeadBounds, earlier: LeadBounds | None) -> LeadBounds:
    """Return the bounds to use: an attempt's *own* may contradict those of *earlier* attempts.

    If they do, its end was reported early, or its clock was set in between. A lead of zero is the
    most likely, so the bounds that allow it are used.
    """
    if earlier is None:
        return own if own.possible else LeadBounds()
    both = own.intersected(earlier)
    if both.possible:
        return both
    if not own.possible:
        return earlier
    apart = (both.low or 0) - (both.high or 0)
    if apart <= _DRIFT or not own.nearest_to_zero or earlier.nearest_to_zero:
        return own
    return earlier


def _wait_bounds(own: LeadBounds, bounds: LeadBounds) -> dict[str, tuple[float, float]]:
    """Return the bounds of queue and poll wait, if known."""
    if None in (*own, *bounds):
        return {}
    low, high = bounds.low or 0, bounds.high or 0
    queue = (own.high or 0) - high, (own.high or 0) - low
    poll = low - (own.low or 0), high - (own.low or 0)
    return {
        f"{name}_bounds_s": (to_seconds(max(0, ends[0])), to_seconds(max(0, ends[1])))
        for name, ends in (("queue_wait", queue), ("poll_wait", poll))
    }


@lru_cache(maxsize=64)
def _exactly(host: str, lead: Micros) -> Offset:
    lead_s = to_seconds(lead)
    return Offset(host=host, assumed_s=lead_s, low_s=lead_s, high_s=lead_s)


def _moved(level: Level, by: Micros, **more: Micros) -> Level:
    """Return *level* with all its moments later by *by*."""
    if abs(by) < _READING:
        return level
    executions = tuple(
        execution.but(**_later(execution, _EXECUTION_MOMENTS, by)) for execution in level.executions
    )
    waits = tuple(w.but(**_later(w, ("start", "end"), by)) for w in level.waits)
    changed = {
        **_later(level, _LEVEL_MOMENTS, by),
        "ancestors": tuple(moment + by for moment in level.ancestors),
        "executions": executions,
        "waits": waits,
        **more,
    }
    return level.but(**changed)


def _later(record: Level | Execution | Wait, names: Sequence[str], by: Micros) -> dict[str, Micros]:
    moments = ((name, getattr(record, name)) for name in names)
    return {name: moment + by for name, moment in moments if moment is not None}
