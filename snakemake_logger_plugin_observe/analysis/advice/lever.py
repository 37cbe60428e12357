"""A lever: something that could be changed about a run, and how a simulation tries it."""

from dataclasses import dataclass

from snakemake_logger_plugin_observe.analysis.whatif.scenario import Argument


@dataclass(frozen=True, slots=True)
class Lever:
    """Something to change."""

    kind: str
    """``limits``, ``rate``, ``threads``, ``scheduler``, ``fewer_jobs``, ``grouping``, ``polling``,
    ``queue``, ``staging``, ``planning`` or ``compute``."""
    text: str
    """An imperative, without what it saves."""
    why: str
    """A clause that says what the run shows."""
    move: tuple[Argument, ...] = ()
    """The change as arguments of ``whatif``; empty if only ``without`` shows its effect."""
    without: tuple[str, ...] = ()
    """The phases that take no time in the simulation, for a change that no setting makes."""
    rule: str | None = None
    at_most: bool = False
    """Whether the simulation shows an upper bound: the change leaves some of that time."""

    @property
    def is_a_setting(self) -> bool:
        """Whether the user changes it at once, with a flag."""
        return self.kind in ("limits", "rate", "threads", "scheduler", "polling")


@dataclass(frozen=True, slots=True)
class Choice:
    """Levers of which one is enough, the smallest change first."""

    levers: tuple[Lever, ...]
