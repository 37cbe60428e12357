"""A simulation as a run: account and partition then apply to it as to a recorded run."""

from collections.abc import Iterable
from typing import Any

from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import CORES, JOBS
from snakemake_logger_plugin_observe.analysis.whatif.engine import Simulation
from snakemake_logger_plugin_observe.analysis.whatif.model import UNLIMITED, Columns, Model, Part
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
_MEMBER_PHASES = ("stage_in", "compute", "stage_out", "member_wait")
_NOTHING = AccountTotals(by_class_s={}, by_phase_s={})


def simulated_run(model: Model, simulation: Simulation, run: Run) -> Run:
    """Return *simulation* as the run it would have been; *run* is the one of *model*."""
    simulated = Run(groups=dict(run.groups), jobs=dict(run.jobs))
    _add_beginning(simulated, model, run)
    moments = simulation.moments
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
            stamps=Stamps(
                ready=simulation.ready[i],
                selected=moments.selected[i],
                submitting=None,
                accepted=moments.accepted[i],
                reported=None if model.unfinished[i] else moments.reported[i],
                finished=None if model.unfinished[i] else moments.finished[i],
            ),
        )
        members = run.members(group) if group is not None else ()
        for member in members:  # other jobs may depend on one of them
            simulated.put(Attempt(member, group, number, status="success"))
        attempt.set_segments(_segments(model, simulation, i, simulated, attempt))
        simulated.put(attempt)
        if i in model.merged:
            _add_merged_group(simulated, model, i, str(name))
        if model.replan[i] and not model.unfinished[i]:
            _add_replanning(simulated, model, i, moments.finished[i])
    for woke, begin, selected, idle in simulation.iterations:
        # The loop wakes once for each end, so a second selection passed over what was left.
        selections = ((begin, selected), (idle, idle))
        fold.add(
            simulated,
            SchedulerIteration(time=woke, idle=idle, selections=selections),
        )
    simulated.last_moment = simulation.end
    simulated.finished = RunFinished(
        time=simulation.end, status="success", job_account=_NOTHING, makespan=_NOTHING
    )
    return simulated


def _add_beginning(simulated: Run, model: Model, run: Run) -> None:
    """Add the run's own phases before scheduling, one after the other."""
    at = model.start
    known: dict[str, Micros] = {}
    for phase, length in model.head:
        at += length
        if phase in ("import", "parse"):
            known[phase] = at
        else:
            fold.add(simulated, RunPhase(time=at - length, phase=phase, end=at))
    if not any(phase.phase == "plan" for phase in simulated.phases):
        fold.add(simulated, RunPhase(time=at, phase="plan", end=at))
    loaded = known.get("import", model.start)
    started = run.started
    if started is not None:
        simulated.started = started.but(
            process_started=model.start,
            plugin_loaded=loaded,
            workflow_started=known.get("parse", loaded),
            **_limits_of(model, started),
        )


def _limits_of(model: Model, started: RunStarted) -> dict[str, Any]:
    """Return the limits under which the run would have been: what waits for them is theirs."""
    known = {name: limit for name, limit in model.limits.items() if limit < UNLIMITED}
    found: dict[str, Any] = {}
    for name, field in ((JOBS, "jobs"), (CORES, "cores")):
        if name in known and getattr(started, field) is not None:
            found[field] = known.pop(name)
    named = {name: limit for name, limit in known.items() if name in started.resources}
    found["resources"] = {**started.resources, **named}
    if model.rate is not None:
        rate = {"max_jobs": model.rate.most, "timespan": model.rate.timespan / 1e6}
        found["settings"] = {**started.settings, "max_jobs_per_timespan": rate}
    return found


def _add_merged_group(simulated: Run, model: Model, i: int, name: str) -> None:
    """Add the group into which submissions of the run were merged."""
    members = tuple(key[0] for key in model.merged[i] if isinstance(key[0], int))
    described = GroupDescribed(time=simulated.last_moment, group=name, name=name, members=members)
    simulated.groups[name] = described
    for member in members:  # a job that depends on one depends on them all
        simulated.put(Attempt(member, name, 1, status="success"))


def _add_replanning(simulated: Run, model: Model, i: int, finished: Micros) -> None:
    known = model.replannings.get(i)
    fold.add(
        simulated,
        RunPhase(
            time=finished,
            phase="plan",
            end=finished + model.replan[i],
            detail="checkpoint",
            first_job_id=known.first_job_id if known is not None else None,
            changed_jobs=known.changed_jobs if known is not None else (),
        ),
    )


class _Tiling:
    """The segments of a submission, one after the other."""

    def __init__(self, start: Micros) -> None:
        self.at = start
        self.segments: list[Segment] = []

    def lay(self, until: Micros, phase: str | None) -> None:
        """Add a segment up to *until*, if that is ahead."""
        if until > self.at:
            self.segments.append(Segment(self.at, until, phase))
            self.at = until

    def lay_all(self, phases: Iterable[tuple[str, Micros]]) -> None:
        for phase, length in phases:
            self.lay(self.at + length, phase)


def _segments(
    model: Model, simulation: Simulation, i: int, simulated: Run, attempt: Attempt
) -> list[Segment]:
    """Return the segments of a submission, including its waits for the main thread."""
    moments = simulation.moments
    tiling = _Tiling(simulation.ready[i] or moments.selected[i])
    tiling.lay(moments.selected[i], "slot_wait")
    before = [one for one in _phases(model.before, i) if one[0] != "dispatch"]
    tiling.lay(moments.accepted[i] - _length(before), "dispatch")
    tiling.lay_all(before)
    tiling.lay(moments.accepted[i], "dispatch")
    background = _phases(model.background, i)
    if model.staged is not None and model.staged[1][i]:
        left = max(0, moments.ended[i] - tiling.at - _length(background))
        background = _with_staging(background, min(left, model.staged[1][i]))
    tiling.lay(moments.ended[i] - _length(background), "dispatch")
    if i in model.group_parts:
        _lay_group(tiling, background, model.group_parts[i], simulated, attempt)
    else:
        tiling.lay_all(background)
    if not model.unfinished[i]:
        after = _phases(model.after, i)
        if model.polled[i] and model.poll_schedule is not None and model.poll_schedule.recorded:
            tiling.lay(moments.ended[i] + model.unseen[i], "node_exit")
            tiling.lay(moments.reported[i] - model.check_delay[i], "poll_wait")
            tiling.lay(moments.reported[i], "postprocess")
        tiling.lay(moments.reported[i], "poll_wait")
        tiling.lay(moments.finished[i] - _length(after), "postprocess")
        tiling.lay_all(after)
        tiling.lay(moments.finished[i], "postprocess")
    return tiling.segments


def _lay_group(
    tiling: _Tiling,
    background: Iterable[tuple[str, Micros]],
    parts: Iterable[Part],
    simulated: Run,
    group: Attempt,
) -> None:
    """Add the background phases of a group, with one hole for all that its members own."""
    owned = [length for phase, length in background if phase in _MEMBER_PHASES]
    for phase, length in background:
        if phase not in _MEMBER_PHASES:
            tiling.lay(tiling.at + length, phase)
        elif owned:
            start = tiling.at
            tiling.lay(start + sum(owned), None)
            _lay_members(parts, simulated, group, (start, tiling.at))
            owned = []


def _lay_members(
    parts: Iterable[Part], simulated: Run, group: Attempt, inside: tuple[Micros, Micros]
) -> None:
    """Give each member of a group its segments of the time *inside* the group."""
    at, end = inside
    for part in parts:
        until = min(end, at + part.length)
        if until > at and part.job_id is not None:
            key = (part.job_id, group.number)
            member = simulated.attempts.setdefault(
                key, Attempt(part.job_id, group.group, group.number, status="success")
            )
            member.set_segments([*member.segments, Segment(at, until, part.phase)])
        at = max(at, until)


def _with_staging(background: list[tuple[str, Micros]], left: Micros) -> list[tuple[str, Micros]]:
    """Return background phases with what was *left* of staging when the tool could begin."""
    before = [one for one in background if one[0] in BEFORE_THE_TOOL]
    return [*before, ("stage_in", left), *(one for one in background if one not in before)]


def _phases(columns: Columns, i: int) -> list[tuple[str, Micros]]:
    found = [(phase, column[i]) for phase, column in columns.items() if column[i] > 0]
    return sorted(found, key=lambda one: _ORDER.get(one[0], len(_ORDER)))


def _length(phases: Iterable[tuple[str, Micros]]) -> Micros:
    return sum(length for _, length in phases)
