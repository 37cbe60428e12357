"""What is in flight at one moment, as data: a row for each job or group."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.live.reasons import obstacle
from snakemake_logger_plugin_observe.analysis.live.state import SHORT, LiveState, LiveView
from snakemake_logger_plugin_observe.analysis.phrasing import group_name, submission_name
from snakemake_logger_plugin_observe.analysis.remaining.estimate import Remaining
from snakemake_logger_plugin_observe.analysis.remaining.so_far import SoFar
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt, Key

_PREPARING: Final = "preparing"
_ORDER: Final = (
    *("gone", "ended", "unknown", "suspended", "pending", "selected", "job_script"),
    *("starting", "running", "finishing", "computing"),
)


@dataclass(frozen=True, slots=True)
class Flight:
    """A job, or a group's submission, that is in flight."""

    name: str
    rules: tuple[str, ...]
    does: str
    """What it does now."""
    state: str
    length: Micros | None
    """How long it has been doing so."""
    since: Micros | None
    node: str | None
    external_jobid: str | None
    reason: str | None
    number: int
    log: tuple[str, ...] = ()
    """The log files of its job."""
    overdue: bool = False
    """Whether it takes longer than any job like it took; not said of one that is kept pending."""
    phase: str | None = None
    """The phase that its time belongs to now; None if that is not known."""
    kept: bool = False
    """Whether it is pending for a reason that does not pass by waiting for nodes."""
    is_group: bool = False
    """Whether it is the submission of a group, whose jobs have rows of their own."""
    failed_there: int = 0
    """How often its tool failed on its node and was tried again there."""


def flights(
    so_far: SoFar,
    live: LiveView | None,
    now: Micros,
    remaining: Remaining | None,
    failed_there: Mapping[Key, int],
) -> tuple[Flight, ...]:
    """Return what is in flight: what needs attention first, then the longest in its state."""
    overdue = frozenset(remaining.overdue) if remaining is not None else frozenset()
    found = []
    for attempt in so_far.run.attempts.values():
        state = live.of(attempt.key) if live is not None else None
        if attempt.is_member and (state is None or state.state == "waiting"):
            continue
        if attempt.job_id is None and state is not None and _has_members(so_far, attempt, live):
            continue  # its members' lines say more
        one = _flight(so_far, attempt, state, now, overdue=attempt.key in overdue)
        if state is not None and state.state == "ended" and live is not None and not live.attended:
            one = replace(one, does="ended")  # nobody is left to notice it
        found.append(replace(one, failed_there=failed_there.get(attempt.key, 0)))
    order = {word: place for place, word in enumerate(_ORDER)}
    found.sort(key=lambda one: (order.get(one.state, len(order)), -(one.length or 0)))
    return tuple(found)


def _has_members(so_far: SoFar, group: Attempt, live: LiveView | None) -> bool:
    """Whether a member of a group does something by itself now."""
    keys = ((member, group.number) for member in so_far.run.members(group.group or ""))
    states = (live.of(key) if live is not None else None for key in keys)
    return any(one is not None and one.state == "computing" for one in states)


def _flight(
    so_far: SoFar, attempt: Attempt, live: LiveState | None, now: Micros, *, overdue: bool
) -> Flight:
    job = so_far.run.job_of(attempt)
    kind = so_far.kind_of(attempt)
    if live is not None:
        state: str = live.state
        does, since = SHORT[live.state], live.since
        node, external, reason = live.node, live.external_jobid, live.reason
        phase = live.phase
    else:
        state, does, since, phase = _here(so_far.run.wrapped, attempt)
        node, external, reason = None, attempt.external_jobid, None
    kept = state == "pending" and obstacle(reason) is not None
    return Flight(
        name=name_of(so_far, attempt),
        rules=tuple(one for one, _ in kind) if kind is not None else (),
        does=does,
        state=state,
        length=None if since is None else max(0, now - since),
        since=since,
        node=node,
        external_jobid=external,
        reason=reason,
        number=attempt.number,
        log=job.log if job is not None else (),
        overdue=overdue and not kept,
        phase=phase,
        kept=kept,
        is_group=attempt.job_id is None,
    )


def name_of(so_far: SoFar, attempt: Attempt) -> str:
    """Return the name of a job or a group in flight."""
    job = so_far.run.job_of(attempt)
    if job is None and attempt.job_id is not None:
        return f"job {attempt.job_id}"
    rule, wildcards = (job.rule, job.wildcards) if job is not None else (None, {})
    group = group_name(so_far.run, attempt.group) if attempt.job_id is None else None
    return submission_name(rule, wildcards, group)


def _here(wrapped: bool, attempt: Attempt) -> tuple[str, str, Micros | None, str | None]:
    """Return what a job does that runs on the main process's host, since when, and its phase."""
    stamps = attempt.stamps
    if attempt.tool_started is not None:
        return "computing", SHORT["computing"], attempt.tool_started, "compute"
    if not wrapped:
        return "running", SHORT["running"], stamps.selected, None
    return "starting", _PREPARING, stamps.selected, "stage_in"
