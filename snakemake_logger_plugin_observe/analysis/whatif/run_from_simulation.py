"""A replay told as a run, so that the same account reads it as reads the run that was."""

from collections.abc import Iterable

from snakemake_logger_plugin_observe.analysis.whatif.engine import Simulation
from snakemake_logger_plugin_observe.analysis.whatif.model import Model, Part
from snakemake_logger_plugin_observe.analysis.whatif.transforms import BEFORE_THE_TOOL
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import (
    GroupDescribed,
    RunFinished,
    RunPhase,
    RunStarted,
    SchedulerIteration,
)
from snakemake_logger_plugin_observe.journal.records import AccountTotals, Stamps
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES
from snakemake_logger_plugin_observe.run.segments import Segment

_ORDER = {phase.name: number for number, phase in enumerate(ATTEMPT_PHASES)}
_OF_MEMBERS = ("stage_in", "compute", "stage_out", "member_wait")
_NOTHING = AccountTotals(by_class_s={}, by_phase_s={})


def simulated_run(model: Model, played: Simulation, run: Run) -> Run:
    """Return what *played* would have been recorded as; *run* is what *model* was made of."""
    told = Run(groups=dict(run.groups), jobs=dict(run.jobs))
    _tell_the_beginning(told, model, run)
    moments = played.moments
    for i, key in enumerate(model.keys):
        if not moments.selected[i]:
            continue
        name, number = key
        group = name if isinstance(name, str) else None
        attempt = Attempt(
            None if group is not None else int(name),
            group,
            number,
            status="running" if model.unfinished[i] else "success",
            stamps=Stamps.model_construct(
                ready=played.ready[i],
                selected=moments.selected[i],
                submitting=None,
                accepted=moments.accepted[i],
                reported=None if model.unfinished[i] else moments.reported[i],
                finished=None if model.unfinished[i] else moments.finished[i],
            ),
        )
        for member in run.members(group) if group is not None else ():  # whoever waits for one
            told.put(Attempt(member, group, number, status="success"))
        attempt.set_segments(_segments(model, played, i, told, attempt))
        told.put(attempt)
        if i in model.packed:
            _describe_a_pack(told, model, i, str(name))
        if model.replan[i] and not model.unfinished[i]:
            _tell_a_replanning(told, model, i, moments.finished[i])
    for woke, begin, selected, idle in played.iterations:
        # The loop wakes once for each end, and so looks again: who was left is known to be left.
        looks = ((begin, selected), (idle, idle))
        fold.add(told, SchedulerIteration.model_construct(time=woke, idle=idle, selections=looks))
    told.last_moment = played.end
    told.finished = RunFinished.model_construct(
        time=played.end, status="success", job_account=_NOTHING, makespan=_NOTHING
    )
    return told


def _tell_the_beginning(told: Run, model: Model, run: Run) -> None:
    """Tell the run's own phases before scheduling, one after the other."""
    at = model.start
    known: dict[str, Micros] = {}
    for phase, length in model.head:
        at += length
        if phase in ("import", "parse"):
            known[phase] = at
        else:
            fold.add(told, RunPhase.model_construct(time=at - length, phase=phase, end=at))
    if not any(phase.phase == "plan" for phase in told.phases):
        fold.add(told, RunPhase.model_construct(time=at, phase="plan", end=at))
    loaded = known.get("import", model.start)
    started = run.started
    if started is not None:
        told.started = RunStarted.model_construct(
            **{
                **dict(started),
                "process_started": model.start,
                "plugin_loaded": loaded,
                "workflow_started": known.get("parse", loaded),
            }
        )


def _describe_a_pack(told: Run, model: Model, i: int, name: str) -> None:
    """Tell that submissions that the run had one by one were handed on together."""
    members = tuple(key[0] for key in model.packed[i] if isinstance(key[0], int))
    described = GroupDescribed(time=told.last_moment, group=name, name=name, members=members)
    told.groups[name] = described
    for member in members:  # who depends on one of them depends on them all
        told.put(Attempt(member, name, 1, status="success"))


def _tell_a_replanning(told: Run, model: Model, i: int, finished: Micros) -> None:
    known = model.brought.get(i)
    fold.add(
        told,
        RunPhase.model_construct(
            time=finished,
            phase="plan",
            end=finished + model.replan[i],
            detail="checkpoint",
            first_job_id=known.first_job_id if known is not None else None,
            changed_jobs=known.changed_jobs if known is not None else (),
        ),
    )


def _segments(model: Model, played: Simulation, i: int, told: Run, group: Attempt) -> list[Segment]:
    """Return the segments of a submission, its waits for the main thread in their places."""
    moments = played.moments
    at = played.ready[i] or moments.selected[i]
    found: list[Segment] = []

    def lay(until: Micros, phase: str | None) -> None:
        nonlocal at
        if until > at:
            found.append(Segment(at, until, phase))
            at = until

    lay(moments.selected[i], "slot_wait")
    own = _column(model.before, i)
    lay(
        moments.accepted[i] - sum(length for phase, length in own if phase != "dispatch"),
        "dispatch",
    )
    for phase, length in own:
        if phase != "dispatch":
            lay(at + length, phase)
    lay(moments.accepted[i], "dispatch")
    beside = _column(model.course, i)
    if model.staged is not None and model.staged[1][i]:
        left = max(0, moments.ended[i] - at - sum(length for _, length in beside))
        beside = _with_staging(beside, min(left, model.staged[1][i]))
    lay(moments.ended[i] - sum(length for _, length in beside), "dispatch")
    for phase, length in beside:
        if phase not in _OF_MEMBERS or i not in model.inside:
            lay(at + length, phase)
            continue
        members = [one[1] for one in beside if one[0] in _OF_MEMBERS]
        if phase == next(one for one, _ in beside if one in _OF_MEMBERS):
            begun = at
            lay(at + sum(members), None)
            _lay_members(model.inside[i], told, group, (begun, at))
    if model.unfinished[i]:
        return found
    lay(moments.reported[i], "poll_wait")
    own = _column(model.after, i)
    lay(moments.finished[i] - sum(length for _, length in own), "postprocess")
    for phase, length in own:
        lay(at + length, phase)
    lay(moments.finished[i], "postprocess")
    return found


def _lay_members(
    parts: Iterable[Part], told: Run, group: Attempt, inside: tuple[Micros, Micros]
) -> None:
    """Give a group's members what each owns of the time *inside* the group."""
    at, end = inside
    for part in parts:
        until = min(end, at + part.length)
        if until > at and part.job_id is not None:
            key = (part.job_id, group.number)
            member = told.attempts.setdefault(
                key, Attempt(part.job_id, group.group, group.number, status="success")
            )
            member.set_segments([*member.segments, Segment(at, until, part.phase)])
        at = max(at, until)


def _with_staging(beside: list[tuple[str, Micros]], left: Micros) -> list[tuple[str, Micros]]:
    """Return a course with what was *left* of its staging when all before the tool was done."""
    before = [one for one in beside if one[0] in BEFORE_THE_TOOL]
    return [*before, ("stage_in", left), *(one for one in beside if one not in before)]


def _column(columns: dict[str, list[Micros]], i: int) -> list[tuple[str, Micros]]:
    found = [(phase, column[i]) for phase, column in columns.items() if column[i] > 0]
    return sorted(found, key=lambda one: _ORDER.get(one[0], len(_ORDER)))
