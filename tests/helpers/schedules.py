"""Runs whose schedule is known exactly: as a journal, and again under other settings.

A ``World`` is a DAG with every length that a run of it needs, and the limits in force. ``live``
lets it happen as Snakemake's main loop does: it wakes when an end has been reported, finishes what
was reported, plans again after a checkpoint, chooses what is ready and fits, and hands that on one
by one. So the truth of a what-if is the same world lived again with the setting changed.
"""

import random
from dataclasses import dataclass, field, replace

from builders import MAIN, NODE, RUN_ID, T0, numbered
from hypothesis import strategies as st

from snakemake_logger_plugin_observe.journal.events import (
    AttemptFinished,
    Event,
    GroupDescribed,
    JobDescribed,
    RunFinished,
    RunPhase,
    RunStarted,
    SchedulerIteration,
)
from snakemake_logger_plugin_observe.journal.records import (
    AccountTotals,
    Execution,
    Level,
    Stamps,
    StatusCheck,
    Wait,
)
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run

MS = 1000
_BEFORE = ("import", "parse", "plan")
_OWN = ("stage_in", "compute", "stage_out")
_ON_NODE = ("queue_wait", "node_startup", "node_plan", "node_exit")
_IN_MAIN = ("dispatch", "submit", "latency_wait", "postprocess")
_WAITS = ("slot_wait", "poll_wait")

LIMITS = ("jobs", "cores", "mem_mb")

Key = tuple[int | str, int]
Lengths = dict[str, int]


@dataclass(frozen=True)
class Task:
    """A job: what it needs, and how long each of its attempts takes in each phase, in µs."""

    job_id: int
    rule: str
    needs: tuple[int, ...]
    lengths: tuple[Lengths, ...]
    """Of each attempt; all but the last fail."""
    threads: int = 1
    memory: int = 0
    local: bool = False
    group: str | None = None
    brings: tuple[int, ...] = ()
    """Jobs that come into the DAG when it has ended: it is a checkpoint."""
    seen: bool = True
    """Whether its node reported."""

    @property
    def tool_is_timed(self) -> bool:
        """Whether the journal has its tool's time."""
        return self.seen or self.local


@dataclass(frozen=True)
class World:
    """All that decides how a run goes."""

    tasks: dict[int, Task]
    jobs: int | None = None
    cores: int | None = None
    memory: int | None = None
    poll: int | None = 10_000 * MS
    """The interval of status checks, in µs; None: the jobs run in the main process."""
    before: Lengths = field(default_factory=lambda: dict.fromkeys(_BEFORE, 1000 * MS))
    select: int = 5 * MS
    replan: int = 300 * MS
    after: int = 500 * MS
    recorded: bool = False
    """Whether the journal has the status checks that found ends."""
    order: tuple[Key, ...] = ()
    """The attempts in the order in which the scheduler likes them; others after these, by id."""

    @property
    def remote(self) -> bool:
        """Whether jobs are handed to a cluster."""
        return self.poll is not None


@dataclass
class Release:
    """What really released an attempt."""

    ready: int
    """When the last of its dependencies, its previous attempt and its planning had ended."""
    because: tuple[str, Key | None]
    """What that was, and whose end: for example the last dependency's."""
    passed_over: bool
    """Whether a selection passed it over although it was ready, because no slot was free."""
    freed_by: tuple[Key, ...]
    """Whose ends came between the selection before its own, and its own."""
    short: tuple[str, ...]
    """What it lacked when the selection before its own left it."""


@dataclass
class Lived:
    """What happened, and what is true of it."""

    world: World
    events: list[Event] = field(default_factory=list)
    start: int = T0
    began: int = 0
    end: int = 0
    stamps: dict[Key, Stamps] = field(default_factory=dict)
    phases: dict[Key, Lengths] = field(default_factory=dict)
    """Of every attempt: of a job, of a group's submission, of a member's share."""
    releases: dict[Key, Release] = field(default_factory=dict)
    """Of every submission."""
    order: list[Key] = field(default_factory=list)
    """The submissions, in order."""
    polls: list[int] = field(default_factory=list)

    @property
    def run(self) -> Run:
        """The run as a reader finds it."""
        return fold(numbered(self.events))

    @property
    def makespan(self) -> int:
        """From the process's start to its end, in µs."""
        return self.end - self.start

    def critical(self, **longer: int) -> int:
        """The longest chain of the tools' times through the DAG, in µs: of last attempts.

        A group's members run one after the other; each waits for its own dependencies alone. Of
        tools that nobody saw nothing is known. By *longer* tools take more time: ``j3=5``.
        """
        makers = {new: task.job_id for task in self.world.tasks.values() for new in task.brings}
        longest: dict[int, int] = {}
        for job_id in sorted(self.world.tasks):
            task = self.world.tasks[job_id]
            own = task.lengths[-1]["compute"] if task.tool_is_timed else 0
            own += longer.get(f"j{job_id}", 0)
            needs = {*task.needs, *([makers[job_id]] if job_id in makers else [])}
            longest[job_id] = own + max((longest[need] for need in needs), default=0)
        return max(longest.values(), default=0)


class _Life:
    """One run of a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lived = Lived(world)
        self.groups: dict[str, tuple[int, ...]] = {}
        for task in world.tasks.values():
            if task.group is not None:
                self.groups[task.group] = (*self.groups.get(task.group, ()), task.job_id)
        self.hidden = {new for task in world.tasks.values() for new in task.brings}
        self.rank = {key: n for n, key in enumerate(world.order)}
        units = [t.job_id for t in world.tasks.values() if t.group is None] + list(self.groups)
        self.units = sorted(units, key=lambda unit: min(self.members(unit)))
        self.done: dict[int | str, int] = {}
        self.planned: dict[int, tuple[int, Key]] = {}
        self.number: dict[int | str, int] = dict.fromkeys(self.units, 0)
        self.ended: dict[int | str, int] = {}
        self.reports: list[tuple[int, int, int | str]] = []
        self.passed: dict[int | str, bool] = {}
        self.short: dict[int | str, tuple[str, ...]] = {}
        self.freed: list[Key] = []
        self.previous: dict[int | str, int | None] = {}
        self.levels: dict[Key, tuple[Level, ...]] = {}

    def members(self, unit: int | str) -> tuple[int, ...]:
        return self.groups[unit] if isinstance(unit, str) else (unit,)

    def unit_of(self, job_id: int) -> int | str:
        return self.world.tasks[job_id].group or job_id

    def needs(self, unit: int | str) -> set[int | str]:
        own = self.members(unit)
        found = {self.unit_of(n) for m in own for n in self.world.tasks[m].needs}
        return found - {unit}

    def live(self) -> Lived:
        lived = self.lived
        self.begin()
        moment = lived.began
        while True:
            moment = self.iteration(moment)
            if not self.reports:
                break
            moment = max(moment, min(self.reports)[0])
        lived.end = self.poll_after(moment) if self.world.remote else moment
        if self.world.remote:
            lived.events.append(
                RunPhase(
                    time=moment,
                    phase="shutdown",
                    end=lived.end,
                    poll_interval_s=(self.world.poll or 0) / 1e6,
                )
            )
        lived.end += self.world.after
        lived.events.sort(key=lambda e: e.idle if isinstance(e, SchedulerIteration) else e.time)
        nothing = AccountTotals(by_class_s={}, by_phase_s={})
        known = {"status": "success", "job_account": nothing, "makespan": nothing}
        lived.events.append(RunFinished(time=lived.end, **known))
        return lived

    def begin(self) -> None:
        world, lived = self.world, self.lived
        loaded = lived.start + world.before["import"]
        workflow = loaded + world.before["parse"]
        lived.began = workflow + world.before["plan"]
        lived.events.append(
            RunStarted(
                time=workflow,
                run_id=RUN_ID,
                observe_version="0.1.0",
                plugins=("observe", "timed"),
                host=MAIN,
                pid=1,
                process_started=lived.start,
                plugin_loaded=loaded,
                workflow_started=workflow,
                workdir="/work",
                executor="timed",
                wraps="cluster-generic" if world.remote else "local",
                jobs=world.jobs,
                cores=world.cores,
                resources={} if world.memory is None else {"mem_mb": world.memory},
                settings={"seconds_between_status_checks": (world.poll or 0) // 1_000_000},
            )
        )
        lived.events.append(RunPhase(time=workflow, phase="plan", end=lived.began))
        for task in world.tasks.values():
            lived.events.append(
                JobDescribed(
                    time=workflow,
                    job_id=task.job_id,
                    rule=task.rule,
                    wildcards={"job": str(task.job_id)},
                    local=task.local,
                    checkpoint=bool(task.brings),
                    group=task.group,
                    threads=task.threads,
                    resources={"mem_mb": task.memory} if task.memory else {},
                    dependencies=task.needs,
                )
            )
        for group, members in self.groups.items():
            known = {"group": group, "name": group, "members": members}
            lived.events.append(GroupDescribed(time=workflow, **known))

    def iteration(self, woke: int) -> int:
        """Do one scheduler iteration; return when it goes idle."""
        moment = woke
        reported = sorted(one for one in self.reports if one[0] <= woke)
        self.reports = [one for one in self.reports if one[0] > woke]
        for _, _, unit in reported:
            moment = self.finish(unit, moment)
        ready = sorted(filter(self.is_ready, self.units), key=self.priority)
        selections: tuple[tuple[int, int], ...] = ()
        picked = [unit for unit in ready if self.takes(unit)] if ready else []
        if ready:
            begin, moment = moment, moment + self.world.select
            selections = ((begin, moment),)
            for unit in ready:
                self.passed.setdefault(unit, unit not in picked)
                if unit not in picked:
                    self.short[unit] = self.short_of(unit)
        selected, freed = moment, tuple(self.freed)
        self.freed = [] if ready else self.freed
        for unit in picked:
            moment = self.hand_on(unit, selected, moment, freed)
        if ready:  # it wakes once for each end, and so selects again
            selections = (*selections, (moment, moment))
        self.lived.events.append(
            SchedulerIteration(
                time=woke, idle=moment, selections=selections, selected=tuple(picked)
            )
        )
        return moment

    def priority(self, unit: int | str) -> int:
        """Return the position of *unit* among those that are ready, lowest first."""
        return self.rank.get((unit, self.number[unit] + 1), len(self.rank))

    def is_ready(self, unit: int | str) -> bool:
        if unit in self.done or self.running(unit) or self.hidden & set(self.members(unit)):
            return False
        return all(need in self.done for need in self.needs(unit))

    def running(self, unit: int | str) -> bool:
        return self.number[unit] > 0 and unit not in self.ended

    def shares(self, unit: int | str) -> tuple[int, int, int]:
        """Return the slots, cores and memory that a submission takes, as ``LIMITS`` are."""
        tasks = [self.world.tasks[member] for member in self.members(unit)]
        threads = max(task.threads for task in tasks)
        memory = max(task.memory for task in tasks)
        return 1, threads, memory

    def takes(self, unit: int | str) -> bool:
        """Take a slot for *unit*, if one is free."""
        fits = not self.short_of(unit)
        if fits:
            self.number[unit] += 1
            self.previous[unit] = self.ended.pop(unit, None)
        return fits

    def short_of(self, unit: int | str) -> tuple[str, ...]:
        """Return the limits of which too little is left for *unit*."""
        world = self.world
        limits = (world.jobs, world.cores if not world.jobs else None, world.memory)
        taken = [0, 0, 0]
        for other in self.units:
            if self.running(other):
                taken = [a + b for a, b in zip(taken, self.shares(other), strict=True)]
        wanted = self.shares(unit)
        return tuple(
            name
            for name, limit, have, want in zip(LIMITS, limits, taken, wanted, strict=True)
            if limit is not None and want and have + want > limit
        )

    def hand_on(self, unit: int | str, selected: int, moment: int, freed: tuple[Key, ...]) -> int:
        """Run an attempt of *unit*; return when the main loop has submitted it."""
        number = self.number[unit]
        key: Key = (unit, number)
        because = self.because(unit, number)
        self.lived.releases[key] = Release(
            because[0], because[1:], self.passed.pop(unit), freed, self.short.pop(unit, ())
        )
        self.lived.order.append(key)
        lengths = [self.world.tasks[m].lengths[number - 1] for m in self.members(unit)]
        whole = dict(lengths[0])
        submitting = moment + whole["dispatch"]
        local = not self.world.remote or self.world.tasks[self.members(unit)[0]].local
        accepted = submitting + whole["stage_in" if local else "submit"]
        known = Stamps(
            ready=because[0], selected=selected, submitting=submitting, accepted=accepted
        )
        if local:
            end, levels, own = self.in_main(unit, accepted, whole)
            reported = end
        else:
            end, levels, own = self.on_node(unit, accepted, lengths)
            reported = self.poll_after(end)
        self.lived.stamps[key] = known.but(reported=reported)
        for member, phases in own.items():
            self.lived.phases[(member, number)] = phases
        phases = self.lived.phases.setdefault(key, {})
        phases["slot_wait"] = selected - because[0]
        phases["dispatch"] = submitting - selected
        if not local:
            phases["submit"] = whole["submit"]
            phases["poll_wait"] = reported - end
            if not self.world.tasks[self.members(unit)[0]].seen:
                phases["unobserved"] = reported - accepted
                del phases["poll_wait"]
        self.levels[key] = levels
        self.reports.append((reported, len(self.lived.order), unit))
        return accepted

    def because(self, unit: int | str, number: int) -> tuple[int, str, Key | None]:
        """Return when attempt *number* of *unit* was ready, because of what, and by whose end."""
        causes: list[tuple[int, int, str, Key | None]] = [
            (self.lived.began, -1, "scheduling", None)
        ]
        if number > 1:
            ended = self.ended.get(unit, self.previous.get(unit))
            causes.append((ended or 0, 1, "previous_attempt", (unit, number - 1)))
        causes += [
            (self.done[need], 2, "dependency", (need, self.number[need]))
            for need in self.needs(unit)
        ]
        causes += [
            (self.planned[m][0], 3, "replanning", self.planned[m][1])
            for m in self.members(unit)
            if m in self.planned
        ]
        moment, _, why, whose = max(causes, key=lambda one: one[:2])
        return moment, why, whose

    def in_main(
        self, unit: int | str, accepted: int, lengths: Lengths
    ) -> tuple[int, tuple[Level, ...], dict[int | str, Lengths]]:
        """Run a tool in the main process: its inputs were fetched before it was accepted."""
        ended = accepted + lengths["compute"]
        out = ended + lengths["stage_out"]
        begun = accepted - lengths["stage_in"]
        one = Execution(
            rule=self.world.tasks[self.members(unit)[0]].rule,
            wildcards={"job": str(unit)},
            begun=begun,
            prepared=accepted,
            running=accepted,
            tool_started=accepted,
            tool_ended=ended,
            reported=ended,
            status="success",
        )
        here = Level(clock="main", host=MAIN, pid=1, wraps="local", in_main=True, executions=(one,))
        return out, (here,), {unit: {phase: lengths[phase] for phase in _OWN}}

    def on_node(
        self, unit: int | str, accepted: int, lengths: list[Lengths]
    ) -> tuple[int, tuple[Level, ...], dict[int | str, Lengths]]:
        """Run a submission on a node, a group's members one after the other."""
        whole = lengths[0]
        started = accepted + whole["queue_wait"]
        loaded = started + whole["node_startup"]
        planned = loaded + whole["node_plan"]
        at = planned
        executions: list[Execution] = []
        own: dict[int | str, Lengths] = {}
        between = 0
        for member, one in zip(self.members(unit), lengths, strict=True):
            begun = at + (one["member_wait"] if isinstance(unit, str) else 0)
            between += begun - at
            tool = begun + one["stage_in"]
            ended = tool + one["compute"]
            at = ended + one["stage_out"]
            own[member] = {phase: one[phase] for phase in _OWN}
            executions.append(
                Execution(
                    rule=self.world.tasks[member].rule,
                    wildcards={"job": str(member)},
                    begun=begun,
                    tool_started=tool,
                    tool_ended=ended,
                    reported=ended,
                    checked=at,
                    status="success",
                )
            )
        ended = at + whole["node_exit"]
        node = Level(
            clock=f"node:{NODE}",
            host=NODE,
            pid=100,
            wraps="local",
            started=started,
            loaded=loaded,
            planned=planned,
            ended=ended,
            executions=tuple(executions),
        )
        if not self.world.tasks[self.members(unit)[0]].seen:
            return ended, (), {unit: {}}
        phases = {phase: whole[phase] for phase in _ON_NODE}
        if isinstance(unit, str):
            own[unit] = {**phases, "member_wait": between}
        else:
            own[unit] |= phases
        return ended, (node,), own

    def poll_after(self, moment: int) -> int:
        """Return the time of the executor's next status check."""
        every = self.world.poll or 1
        check = self.lived.began + every * max(0, -((self.lived.began - moment) // every))
        self.lived.polls.append(check)
        return check

    def check_of(self, known: Stamps) -> StatusCheck | None:
        """Return the status check that found an end, if it is recorded."""
        if not self.world.recorded or known.reported is None:
            return None
        before = known.reported - (self.world.poll or 0)
        previous = before if before >= self.lived.began else None
        return StatusCheck(begun=known.reported, previous=previous, slept=previous)

    def finish(self, unit: int | str, moment: int) -> int:
        """Take in an end; return when that is done."""
        number = self.number[unit]
        key: Key = (unit, number)
        tasks = [self.world.tasks[member] for member in self.members(unit)]
        lengths = tasks[0].lengths[number - 1]
        begun, seen = moment, moment + lengths["latency_wait"]
        moment = seen + lengths["postprocess"]
        failed = number < len(tasks[0].lengths)
        known = self.lived.stamps[key].but(finished=moment)
        self.lived.stamps[key] = known
        phases = self.lived.phases[key]
        phases["postprocess"] = begun - (known.reported or 0) + lengths["postprocess"]
        phases["latency_wait"] = lengths["latency_wait"]
        levels = self.levels[key]
        shared = {
            "time": moment,
            "attempt": number,
            "status": "failed" if failed else "success",
            "external_jobid": None if levels and levels[0].in_main else f"{key[0]}.{number}",
        }
        in_main = bool(levels) and levels[0].in_main
        self.lived.events.append(
            AttemptFinished(
                **shared,
                job_id=unit if isinstance(unit, int) else None,
                group=unit if isinstance(unit, str) else None,
                stamps=known,
                levels=levels,
                waits=(Wait(phase="latency_wait", start=begun, end=seen),),
                poll_interval_s=None if in_main else (self.world.poll or 0) / 1e6,
                status_check=None if in_main else self.check_of(known),
                node_ended=levels[0].ended if levels and not in_main else None,
            )
        )
        if isinstance(unit, str):
            for task, one in zip(tasks, levels[0].executions if levels else (), strict=False):
                share = levels[0].but(executions=(one,))
                ended = Stamps(finished=moment)
                facts = {"job_id": task.job_id, "group": unit, "stamps": ended}
                self.lived.events.append(AttemptFinished(**shared, **facts, levels=(share,)))
        self.ended[unit] = moment
        self.freed.append(key)
        if not failed:
            self.done[unit] = moment
        brought = () if failed else tasks[0].brings
        if brought:
            planned = moment + self.world.replan
            self.lived.events.append(
                RunPhase(
                    time=moment,
                    phase="plan",
                    end=planned,
                    detail="checkpoint",
                    # Either it added them, or they existed and were planned again.
                    first_job_id=max(self.world.tasks) + 1 if unit % 2 else min(brought),
                    changed_jobs=brought if unit % 2 else (),
                )
            )
            self.hidden -= set(brought)
            self.planned |= dict.fromkeys(brought, (planned, key))
            moment = planned
        for phase in [name for name, length in phases.items() if not length]:
            del phases[phase]
        return moment


def live(world: World) -> Lived:
    """Simulate *world*."""
    return _Life(world).live()


def again(lived: Lived, **changed: object) -> Lived:
    """Simulate the same world with other settings, ties broken as before."""
    return live(replace(lived.world, **{"order": tuple(lived.order), **changed}))


# -- worlds to draw ----------------------------------------------------------------------------------


@dataclass
class _Dice:
    """Throws lengths that are never the same twice, so that nothing happens at one moment."""

    dice: random.Random

    def some(self, low_ms: float, high_ms: float) -> int:
        return self.dice.randint(round(low_ms * MS), round(high_ms * MS))

    def lengths(self) -> Lengths:
        return {
            "dispatch": self.some(0.1, 2),
            "submit": self.some(1, 40),
            "queue_wait": self.some(5, 3000),
            "node_startup": self.some(100, 2000),
            "node_plan": self.some(10, 500),
            "member_wait": self.some(1, 30),
            "stage_in": self.some(0.5, 300),
            "compute": self.some(1, 20_000),
            "stage_out": self.some(0.5, 200),
            "node_exit": self.some(10, 500),
            "latency_wait": self.some(0.1, 100),
            "postprocess": self.some(0.5, 10),
        }


def world_of(
    seed: int,
    count: int,
    *,
    remote: bool,
    failures: int = 0,
    grouped: bool = False,
    checkpoint: bool = False,
    locals_too: bool = False,
    blind: bool = False,
) -> World:
    """Return a world of *count* jobs, drawn by *seed*."""
    dice = _Dice(random.Random(seed))  # noqa: S311 - dice, not keys
    chance = dice.dice.random
    tasks: dict[int, Task] = {}
    density = dice.dice.choice((0.1, 0.3, 0.6))
    for job in range(1, count + 1):
        needs = tuple(other for other in range(max(1, job - 6), job) if chance() < density)
        executions = 1 + (dice.dice.randint(0, failures) if chance() < 0.3 else 0)
        tasks[job] = Task(
            job,
            dice.dice.choice("abc"),
            needs,
            tuple(dice.lengths() for _ in range(executions)),
            threads=dice.dice.choice((1, 1, 1, 2)),
            memory=dice.dice.choice((0, 0, 100, 300)),
            local=remote and locals_too and chance() < 0.2,
            seen=not (blind and chance() < 0.3),
        )
    if grouped:
        _put_in_groups(tasks, dice)
    if checkpoint and count > 2:
        _put_a_checkpoint(tasks, count)
    return World(
        tasks,
        jobs=dice.dice.randint(1, 6) if remote else None,
        cores=None if remote else dice.dice.randint(2, 6),
        memory=dice.dice.choice((None, None, 300, 500)),
        poll=dice.some(300, 15_000) if remote else None,
        before={phase: dice.some(10, 2000) for phase in _BEFORE},
        select=dice.some(0.5, 60),
        replan=dice.some(10, 900),
        after=dice.some(10, 900),
        recorded=dice.dice.random() < 0.5,
    )


def _put_in_groups(tasks: dict[int, Task], dice: _Dice) -> None:
    """Put pairs of neighbours into groups where nothing outside lies between them in the DAG."""
    for job in range(1, len(tasks), 3):
        pair = (tasks[job], tasks[job + 1])
        if dice.dice.random() < 0.6 and not any(one.local or not one.seen for one in pair):
            for one in pair:
                lengths = one.lengths[-1:]
                tasks[one.job_id] = replace(one, group=f"g{job}", lengths=lengths)


def _put_a_checkpoint(tasks: dict[int, Task], count: int) -> None:
    """Let the jobs of the last third come into the DAG when one of the first has ended."""
    brought = tuple(range(count - count // 3 + 1, count + 1))
    maker = next((t for t in tasks.values() if t.group is None and t.job_id not in brought), None)
    grouped = {tasks[job].group for job in brought} - {None}
    others = {task.group for task in tasks.values() if task.job_id not in brought}
    if maker is not None and brought and not grouped & others:
        tasks[maker.job_id] = replace(maker, brings=brought)


@st.composite
def worlds(draw: st.DrawFn, largest: int = 14) -> World:
    """Return any world; small numbers are the simple ones."""
    remote = draw(st.booleans())
    return world_of(
        draw(st.integers(0, 100_000)),
        draw(st.integers(1, largest)),
        remote=remote,
        failures=draw(st.integers(0, 2)),
        grouped=remote and draw(st.booleans()),
        checkpoint=draw(st.booleans()),
        locals_too=draw(st.booleans()),
        blind=remote and draw(st.booleans()),
    )


def lives(largest: int = 14) -> st.SearchStrategy[Lived]:
    """Return any world's life."""
    return worlds(largest).map(live)
