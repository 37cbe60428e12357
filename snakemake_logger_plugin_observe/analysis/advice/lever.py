"""A lever: something that could be changed about a run, and how a simulation tries it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lever:
    """Something to change."""

    kind: str
    """``limits``, ``requests``, ``rate``, ``threads``, ``scheduler``, ``fewer_jobs``, ``grouping``,
    ``nested``, ``wake``, ``quick_exit``, ``polling``, ``queue``, ``held``, ``job_script``,
    ``submit``, ``staging``, ``planning`` or ``compute``."""
    text: str
    """An imperative, without what it saves."""
    why: str
    """A clause that says what the run shows."""
    move: tuple[tuple[str, str | None], ...] = ()
    """The change as arguments of ``whatif``; empty if it has none for it."""
    without: tuple[str, ...] = ()
    """The phases that take no time in the simulation, for a change that no setting makes."""
    requests: tuple[tuple[str, str, int], ...] = ()
    """What rules request of resources in the simulation: rule, resource and amount."""
    rule: str | None = None
    at_most: bool = False
    """Whether the simulation shows an upper bound: the change leaves some of that time."""

    @property
    def is_a_setting(self) -> bool:
        """Whether the user changes it at once, with a flag."""
        flags = ("limits", "rate", "threads", "scheduler", "wake", "quick_exit", "polling")
        return self.kind in flags


@dataclass(frozen=True, slots=True)
class Choice:
    """Levers of which one is enough, the smallest change first."""

    levers: tuple[Lever, ...]


def single(lever: Lever) -> Choice:
    """Return the choice of a single lever."""
    return Choice((lever,))
