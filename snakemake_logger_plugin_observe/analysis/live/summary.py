"""What is out, in a line for each kind of job and state: the same in every answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.live.reasons import obstacle
from snakemake_logger_plugin_observe.analysis.live.state import (
    COUNTED,
    ON_A_NODE,
    WORDS,
    LiveState,
    LiveView,
    State,
    lasting,
    longest,
)
from snakemake_logger_plugin_observe.analysis.live.status_checks import (
    hanging_submission,
    is_misread,
    longest_interval_s,
    overdue,
)
from snakemake_logger_plugin_observe.analysis.phrasing import (
    group_name,
    job_name,
    jobs_of,
    named,
    submission_name,
)
from snakemake_logger_plugin_observe.analysis.submission.settings import settings_of
from snakemake_logger_plugin_observe.analysis.submission.setups import Setup, array_over_jobs
from snakemake_logger_plugin_observe.clock import format_moment
from snakemake_logger_plugin_observe.run.model import Run

_IDS: Final = 8
_SHOWN: Final = 3
_SUBMITS_AT_ONCE: Final = 60_000_000
"""A submission that takes longer than this is not just slow."""
_FILLS_AT_ONCE: Final = 10_000_000
_MISSED: Final = 2
_JUST_NOW: Final = 45_000_000
"""Whoever follows a run asks its scheduler every 30 s, and that may not show a new job at once."""
_ORDER: Final[tuple[State, ...]] = (
    *("unknown", "gone", "ended", "suspended", "pending", "selected"),
    *("job_script", "starting", "running", "waiting", "done", "finishing", "computing"),
)
"""What needs a user's attention first."""


@dataclass(frozen=True, slots=True)
class Line:
    """Submissions of one rule or group that are in the same state for the same reason."""

    states: tuple[LiveState, ...]
    text: str


def lines(run: Run, view: LiveView) -> tuple[Line, ...]:
    """Return a line for each kind of submission, what needs attention first."""
    together: dict[tuple[str, State, str, str], list[LiveState]] = {}
    for one in view.submissions:
        name = rule_or_group(run, one)
        together.setdefault((name, one.state, one.reason or "", one.node or ""), []).append(one)
    found = [
        Line(tuple(states), f"{who(run, states)}: {does(view, states)}")
        for states in together.values()
    ]
    return tuple(sorted(found, key=lambda line: _ORDER.index(line.states[0].state)))


def counts(view: LiveView) -> str:
    """Return how many jobs are in each state: ``2 pending, 1 computing``."""
    words = COUNTED if view.attended else {**COUNTED, "ended": "ended"}
    return ", ".join(f"{number:,} {words[state]}" for state, number in _counted(view))


def _counted(view: LiveView) -> Iterator[tuple[State, int]]:
    states = [one.state for one in view.jobs or view.submissions]
    for state in reversed(_ORDER):
        if number := states.count(state):
            yield state, number


def rule_or_group(run: Run, one: LiveState) -> str:
    """Return the rule of a job, or the name of a group's submission."""
    job = run.job_at(one.key[0] if isinstance(one.key[0], int) else None, one.key[1])
    if job is not None:
        return job.rule
    if isinstance(one.key[0], int):  # an array's jobs are described when it is submitted
        return "a rule that is not known yet"
    return submission_name(None, {}, group_name(run, str(one.key[0])))


def who(run: Run, states: Sequence[LiveState]) -> str:
    """Return what *states* of one rule or group are about, with the cluster's ids."""
    first = states[0]
    job = run.job_at(first.key[0] if isinstance(first.key[0], int) else None, first.key[1])
    name = rule_or_group(run, first)
    if job is None and isinstance(first.key[0], int) and len(states) == 1:
        name = f"job {first.key[0]}"
    elif len(states) > 1:
        name = f"{jobs_of(len(states))} of {name}"
    elif job is not None:
        name = job_name(job)
    ids = [one.external_jobid for one in states if one.external_jobid and not one.has_no_id]
    kind = scheduler(run)
    kind += "s" if kind == "job" and len(ids) > 1 else ""
    return f"{name} ({kind} {named(ids, _IDS)})" if ids else name


def scheduler(run: Run) -> str:
    """Return what the ids of a run's jobs are ids of."""
    known = run.inner_executor
    return known if known not in (None, "cluster-generic", "cluster-sync") else "job"


def does(view: LiveView, states: Sequence[LiveState]) -> str:
    """Return what *states*, which differ only in their jobs, do: ``pending for 50 s: Priority``."""
    first = states[0]
    length = longest(view, states)
    up_to = "up to " if len(states) > 1 else ""
    lasted = f" for {up_to}{lasting(length)}" if length is not None else ""
    ago = f" {up_to}{lasting(length)} ago" if length is not None else ""
    where = f" on {first.node}" if first.node is not None else ""
    why = f": {first.reason}" if first.reason else ""
    match first.state:
        case "ended":
            return f"ended{ago}{where}{', not noticed yet' if view.attended else ''}{why}"
        case "selected":
            return f"selected{ago}, not submitted yet{why}"
        case "job_script":
            return f"in its job script{where}{lasted}: Snakemake has not begun there{_more(first)}"
        case "running":
            return f"running{where}{lasted}; what it does there is not timed{_more(first)}"
        case "gone" | "unknown":
            return f"{WORDS[first.state]}{why}"
        case state:
            return f"{WORDS[state]}{where}{lasted}{why}{_until(first)}"


def _until(one: LiveState) -> str:
    """Return until when a job may not begin, if that is known."""
    eligible = one.record.eligible if one.state == "pending" and one.record is not None else None
    if eligible is None:
        return ""
    return f", until {format_moment(eligible)[:19].replace('T', ' ')} UTC"


def _more(one: LiveState) -> str:
    return f" ({one.reason})" if one.reason else ""


def standing_still(run: Run, view: LiveView) -> str:
    """Return that nothing moves, or that it is not known; empty if something runs or will."""
    if any(_goes_on(view, one) for one in view.submissions):
        return ""
    still = [one for one in view.submissions if one.state in ("gone", "unknown", "suspended")]
    still += [one for one in view.submissions if one.state == "ended" and one.has_no_id]
    still += overdue(run, view)
    still += [one for one in view.submissions if obstacle(one.reason) and one.state == "pending"]
    still += unsubmitted(run, view)
    if not still:
        return ""
    moves = "moves" if all(one.known or one.has_no_id for one in still) else "is known to move"
    return f"nothing {moves}: {'; '.join(line.text for line in lines(run, view)[:_SHOWN])}"


def _goes_on(view: LiveView, one: LiveState) -> bool:
    """Whether a submission runs, was made just now, or waits for what comes by itself."""
    match one.state:
        case "pending":
            return obstacle(one.reason) is None
        case "unknown" if not one.has_no_id:
            length = view.length(one)
            return length is not None and length < _JUST_NOW
        case state:
            return state in ON_A_NODE


def unsubmitted(run: Run, view: LiveView) -> tuple[LiveState, ...]:
    """Return what waits to be submitted for too long: the first of it, so the others wait, too.

    Of those it may not be known since when: the scheduler itself waits for the first. An array that
    cannot be filled need not be waited for.
    """
    waiting = tuple(one for one in view.submissions if one.state == "selected")
    if waiting and hanging_submission(run, view) is not None:
        return waiting
    most = _FILLS_AT_ONCE if never_full(run) is not None else _SUBMITS_AT_ONCE
    late = any((view.length(one) or 0) > most for one in waiting)
    return waiting if late and len(waiting) == len(view.submissions) else ()


def never_full(run: Run) -> Setup | None:
    """Return why the executor waits for more jobs for an array than are ever selected."""
    if run.started is None or run.planned is None:
        return None
    return array_over_jobs(settings_of(run.started), run.planned.to_run)


def not_known(run: Run, view: LiveView) -> str:
    """Return whose state is not known, and what to do; empty if all are known."""
    unknown = [one for one in view.submissions if not one.known]
    if not unknown:
        return ""
    names = ", ".join(line.text for line in lines(run, view) if not line.states[0].known)
    return (
        f"whether anything moves is not known ({names}): ask the scheduler about these jobs, and "
        "look into their logs"
    )


def how_to_stop(view: LiveView) -> str:
    """Return how to stop Snakemake, to begin a clause with: not while other jobs do their work."""
    stop = "stop Snakemake (Ctrl-C)"
    if any(one.state in ON_A_NODE for one in view.submissions):
        return f"wait until the jobs that run have ended, then {stop}"
    return stop


def soon_noticed(run: Run, view: LiveView) -> str:
    """Return what has ended and the next status check will find; empty if there is nothing."""
    late = overdue(run, view)
    ended = [one for one in view.submissions if one.state == "ended" and one not in late]
    if not ended or not view.attended or any(one.has_no_id for one in ended):
        return ""
    names = "; ".join(line.text for line in lines(run, view) if line.states[0] in ended)
    if any(one.state == "selected" for one in view.submissions):
        return f"wait until the others are submitted, then ends are noticed ({names})"
    if unseen := _unseen(run, ended):
        return f"{unseen} ({names})"
    interval_s = longest_interval_s(run, view.now)
    wait = f"wait for the next status check ({names}), at most {interval_s:.0f} s after the last"
    if any(is_misread(run, one) for one in ended):
        wait += "; whether it understands that a job was cancelled is open"
    return wait


def _unseen(run: Run, ended: Sequence[LiveState]) -> str:
    """Return that status checks came since an end, and did not find it; empty if none is known to.

    Of arrays, an executor may notice no task's end before the last one's. One check may have come
    before the cluster showed the end.
    """
    since = (
        sum(1 for check in run.early_checks if one.since is not None and check.time > one.since)
        for one in ended
    )
    missed = [number for number in since if number >= _MISSED]
    if not missed:
        return ""
    up_to = "up to " if len(set(missed)) > 1 else ""
    whose = "its end" if len(missed) == 1 else f"the ends of {jobs_of(len(missed))}"
    return f"{up_to}{max(missed)} status checks since have not seen {whose}"


def still_out(view: LiveView | None) -> tuple[str, ...] | None:
    """Return the ids of the jobs that the cluster still has; None if that is not known of all."""
    if view is None or not view.states or not all(one.known for one in view.submissions):
        return None
    at_work = ON_A_NODE | {"pending", "suspended"}
    there = [one for one in view.submissions if one.state in at_work]
    return tuple(one.external_jobid for one in there if one.external_jobid is not None)
