"""What the first screen of a run shows, in its last line: nothing else need be read for it.

Rules and jobs in it are those that the screen has room for; the accounts are next to it.
"""

from typing import Annotated, Final

from msgspec import Meta, field, json

from snakemake_logger_plugin_observe.journal.records import (
    Count,
    Frozen,
    Own,
    Seconds,
    Signed,
    Whole,
)

FIRST_SCREEN_VERSION: Final = 1
"""Raised whenever another screen would be made of the same run: older ones are not used then."""
SMALL: Final = 4 << 20
"""Of a journal of at most so many bytes, all is read at once: its last line has no screen."""

Amount = Annotated[float, Meta(ge=0, le=1e18)]
"""Bytes, cores or seconds."""


class ScreenRule(Frozen, frozen=True, kw_only=True):
    """What the attempts of a rule cost, or those of a group, or of all other rules together."""

    rule: str | None = None
    group: str | None = None
    jobs: Count
    attempts: Count
    by_phase_s: dict[Own, Seconds] = field(default_factory=dict)


class ScreenJob(Frozen, frozen=True, kw_only=True):
    """A job or a group by all its attempts, without waiting for a slot."""

    rule: str | None = None
    wildcards: dict[str, str] = field(default_factory=dict)
    group: str | None = None
    job_id: Whole | None = None
    attempts: Count
    by_phase_s: dict[Own, Seconds] = field(default_factory=dict)


class ScreenPolling(Frozen, frozen=True, kw_only=True):
    """The intervals between status checks, and the flag that sets them."""

    shortest_s: Seconds
    longest_s: Seconds
    setting: Own
    growth_s: Seconds = 0.0
    most_s: Seconds = 0.0
    check_s: Seconds | None = None
    checks_per_s: Seconds | None = None


class ScreenHold(Frozen, frozen=True, kw_only=True):
    """A limit that kept ready work back, for how long, and how many submissions."""

    setting: str
    limit: str
    length_s: Seconds
    jobs: Count


class ScreenMove(Frozen, frozen=True, kw_only=True):
    """An argument of ``whatif``."""

    name: Own
    value: str | None = None


class ScreenAdvice(Frozen, frozen=True, kw_only=True):
    """Something to change, and what that saves."""

    kind: Own
    text: str
    why: str
    move: tuple[ScreenMove, ...] = ()
    saves_s: Seconds
    between_s: tuple[Seconds, Seconds] | None = None
    at_most: bool = False


class ScreenReduced(Frozen, frozen=True, kw_only=True):
    """What a rule asks for of a resource, and the less that its jobs were given."""

    rule: str
    resource: str
    requested: Whole
    given: Whole
    jobs: Count


class ScreenRequest(Frozen, frozen=True, kw_only=True):
    """An over- or under-requested resource of a rule."""

    rule: str
    resource: Own
    requested: Amount
    used: Amount
    at_most: bool = False
    at_least: bool = False


class ScreenClock(Frozen, frozen=True, kw_only=True):
    """The clock of a node that limits how accurate the figures are."""

    host: str
    ahead_s: Signed
    low_s: Signed | None = None
    high_s: Signed | None = None
    attempts: Count
    uncertainty_s: Seconds | None = None


class ScreenFileSystem(Frozen, frozen=True, kw_only=True):
    """How long single metadata operations took in the working directory."""

    when: Own
    path: str
    create_s: Seconds | None = None
    stat_s: Seconds | None = None
    remove_s: Seconds | None = None


class ScreenWake(Frozen, frozen=True, kw_only=True):
    """What ``--timed-wake on`` did, or why it did nothing."""

    on: bool = False
    reason: str | None = None
    own: Count | None = None
    """Status checks at the executor's own times; null if they were not counted."""
    early: Count = 0


class FirstScreen(Frozen, frozen=True, kw_only=True):
    """What the first screen of a run that succeeded shows beyond its accounts."""

    version: Whole
    begins_at: Count
    """Where its line begins in the journal, in bytes: elsewhere, lines were lost or added."""
    failed_s: Seconds = 0.0
    core_s: Seconds | None = None
    rules: tuple[ScreenRule, ...] = ()
    costliest: tuple[ScreenJob, ...] = ()
    polling: ScreenPolling | None = None
    holds: tuple[ScreenHold, ...] = ()
    advice: tuple[ScreenAdvice, ...] | None = None
    """What to change; null if that was not simulated, because the run is large."""
    reduced: tuple[ScreenReduced, ...] = ()
    requests: tuple[ScreenRequest, ...] = ()
    clocks: tuple[ScreenClock, ...] = ()
    file_systems: tuple[ScreenFileSystem, ...] = ()
    wake: ScreenWake | None = None
    woken: bool = False
    could_be_woken: bool = False
    gave_back_s: tuple[Seconds, Seconds] | None = None
    exit_wait_s: Seconds = 0.0
    held_reasons: tuple[str, ...] = ()
    unobserved: dict[str, Count] = field(default_factory=dict)
    suspended_jobs: Count = 0
    suspended_s: Seconds = 0.0
    unsure_ends: Count = 0
    unsure_s: Seconds = 0.0
    failed_jobs: Count = 0
    """Jobs whose last attempt failed; ``check`` reads this and the next two."""
    retries: Count = 0
    """Attempts and executions after the first."""
    unseen_executions: Count = 0
    """In how many attempts there may have been more executions."""
    checksums: bool = False
    """Whether checksums of outputs are recorded."""


def as_read(screen: FirstScreen) -> FirstScreen | None:
    """Return *screen* as a reader finds it; None if a figure is none that it accepts.

    Nothing is checked when a record is made, and of a last line that is refused nothing is known.
    """
    try:
        return json.decode(json.encode(screen), type=FirstScreen)
    except (ValueError, OverflowError):
        return None
