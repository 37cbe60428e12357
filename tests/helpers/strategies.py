"""All Hypothesis strategies: events of every type, evidence of any kind, and simulated runs.

A simulated run comes from a small scheduler whose every decision is known, so that what the
analyses find can be compared with the truth.
"""

import random
import types
import typing
from dataclasses import dataclass, field
from typing import Any

from builders import MAIN, NODE, RUN_ID, SECOND, T0, numbered
from hypothesis import strategies as st
from msgspec import Struct

from snakemake_logger_plugin_observe.journal.events import (
    EVENTS,
    Accounting,
    AttemptFinished,
    Event,
    JobDescribed,
    OutputsRecorded,
    RunFinished,
    RunPhase,
    RunStarted,
    SchedulerIteration,
    UpToDate,
)
from snakemake_logger_plugin_observe.journal.first_screen import Amount
from snakemake_logger_plugin_observe.journal.records import (
    AccountTotals,
    Count,
    Execution,
    Level,
    Moment,
    OutputFile,
    SchedulerRecord,
    Seconds,
    Signed,
    Stamps,
    StatusCheck,
    UpToDateJob,
    Usage,
    Wait,
)
from snakemake_logger_plugin_observe.run.clock_offsets import MainProcess
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import ATTEMPT_PHASES
from snakemake_logger_plugin_observe.run.timeline import TimelineInput

# -- text that means harm to a shell, a terminal, Markdown, TOML or XML ------------------------------

HARMFUL = (
    *(
        "`",
        "``",
        "```",
        "~~~",
        "'",
        '"',
        "\\",
        "$(touch x)",
        "`touch x`",
        "${HOME}",
        ";",
        "&&",
        "|",
    ),
    *(">x", "<", "(", ")", "{", "}", "[", "]", "!", "#", " # ", "*", "?", "~", "=", "%", "$"),
    *("-", "--", "-x", "--force", " -rf ", "-u root", " ", "  ", "\t", "\n", "\r", "\r\n", "\0"),
    *("\x1b[2J", "\x1b]8;;http://x\x1b\\", "\x07", "\x7f", "\x9b", "\x85", "\u2028", "\u2029"),
    *("\u202e", "\u2066", "\u200b", "\ufeff", "\U000e0041", "\ud800", "\udfff", "\ufffe", "\ue000"),
    *("<img src=x onerror=y>", "<!--", "]]>", "</a>", "&lt;", "&#96;", "![a](x)"),
    *("[x](javascript:y)", "<javascript:y>", "\n# h", "\n- i", "\n```\n", "1. ", "| a | b |"),
    *("../", "/", "./", ".", "a", "b", "\u00e9", "\u00a0", "\U0001f600", "\u0661"),
    *("***", '"""', "\\u0000", "%s", "{0}", "x" * 300),
)
hostile = st.lists(st.sampled_from(HARMFUL) | st.text(max_size=4), max_size=5).map("".join)

# -- events: from their own types, so that a new field is covered the day it is made ---------------

_whole = st.integers(-(2**53), 2**53)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | _whole | _finite | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
anything = _json | st.floats() | st.integers()
"""Whatever a journal may hold where a workflow's author decides."""
far_moments = st.integers(0, 253_402_300_799_999_999)


def _of(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of the annotation *kind*."""
    if kind == Moment:
        return far_moments
    if kind in (Seconds, Amount):
        return st.floats(0, 9e9)
    if kind == Count:
        return st.integers(0, 2**63 - 1)
    if kind == Signed:
        return st.floats(-9e9, 9e9)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _of(inner[0])
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(_of, inner))
    if origin is typing.Literal:
        return st.sampled_from(inner)
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return st.lists(_of(inner[0]), max_size=3).map(tuple)
        return st.tuples(*map(_of, inner))
    if origin is dict:
        return st.dictionaries(_of(inner[0]), _of(inner[1]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return events_of(kind)
    plain = {str: st.text(max_size=12), int: _whole, float: _finite, bool: st.booleans()}
    return {**plain, Any: _json, types.NoneType: st.none()}[kind]


def events_of(model: type[Struct]) -> st.SearchStrategy[Any]:
    """Return instances of *model* with any value in any field."""
    hints = typing.get_type_hints(model, include_extras=True)
    return st.builds(
        model, **{name: _of(hints[name]) for name in model.__struct_fields__ if name != "line"}
    )


events = st.one_of(*map(events_of, EVENTS))
later_events = st.one_of(*(events_of(model) for model in EVENTS if model is not RunStarted))
"""Events that may follow a journal's first line."""

# -- evidence: stamps missing, out of order, of clocks that are anywhere ----------------------------

moments = st.integers(0, 600).map(lambda tenths: T0 + tenths * SECOND // 10)
maybe_moments = st.none() | moments
_phases = st.sampled_from([phase.name for phase in ATTEMPT_PHASES])

waits = st.builds(Wait, phase=_phases, start=moments, end=moments)
stamps = st.builds(Stamps, **dict.fromkeys(Stamps.__struct_fields__, maybe_moments))
_try_moments = (
    *("selected", "begun", "prepared", "running"),
    *("tool_started", "tool_ended", "reported", "checked"),
)
executions = st.builds(
    Execution,
    rule=st.sampled_from([None, "map", "sort"]),
    wildcards=st.sampled_from([{}, {"s": "a"}]),
    **dict.fromkeys(_try_moments, maybe_moments),
    status=st.sampled_from(["running", "success", "failed", "cached"]),
)
_level_fields = {
    "clock": st.just(f"node:{NODE}"),
    "host": st.sampled_from([MAIN, NODE]),
    "pid": st.integers(1, 4),
    "ancestors": st.lists(moments, max_size=3).map(tuple),
    "wraps": st.sampled_from(["local", "slurm-jobstep"]),
    "restarts": st.integers(0, 2),
    **dict.fromkeys(("started", "loaded", "parsed", "planned", "ended"), maybe_moments),
    "waits": st.lists(waits, max_size=2).map(tuple),
    "executions": st.lists(executions, max_size=3).map(tuple),
}
levels = st.builds(Level, in_main=st.booleans(), **_level_fields)
_any_evidence = st.builds(
    TimelineInput,
    stamps=stamps,
    waits=st.lists(waits, max_size=3),
    node_starts=st.lists(moments, max_size=3),
    levels=st.lists(levels, max_size=3),
    wrapped=st.booleans() | st.just(True),
    group=st.booleans(),
    main=st.sampled_from([MainProcess(), MainProcess(MAIN)]),
    until=maybe_moments,
    tool_started=maybe_moments,
)

_on_a_node = st.builds(
    TimelineInput,
    stamps=st.builds(
        Stamps,
        **{
            **dict.fromkeys(Stamps.__struct_fields__, maybe_moments),
            **dict.fromkeys(("submitting", "accepted"), moments),
        },
    ),
    waits=st.lists(waits, max_size=2),
    node_starts=st.lists(moments, max_size=3),
    levels=st.lists(st.builds(Level, **_level_fields), max_size=4),
    group=st.booleans(),
    main=st.sampled_from([MainProcess(), MainProcess(MAIN)]),
    until=maybe_moments,
)
evidence = _any_evidence | _on_a_node

REMOTE_PHASES = tuple(
    name
    for name in (phase.name for phase in ATTEMPT_PHASES)
    if name not in ("held", "member_wait", "unobserved")
)
_lengths = st.integers(0, 20 * SECOND) | st.sampled_from([0, 1])
remote_lengths = st.fixed_dictionaries(dict.fromkeys(REMOTE_PHASES, _lengths))
"""How long an attempt on a node truly was in each of its phases, in microseconds."""
clock_leads = st.sampled_from([0, 90 * SECOND, -90 * SECOND]) | st.integers(
    -100_000 * SECOND, 100_000 * SECOND
)


def remote_evidence(
    lengths: dict[str, int], ready: int, ahead: int = 0, **job: Any
) -> TimelineInput:
    """Return the evidence that an attempt with phases of *lengths* leaves."""
    edges: dict[str, int] = {}
    moment = ready
    for phase in REMOTE_PHASES:
        moment += lengths[phase]
        edges[phase] = moment
    one = Execution(
        **{"rule": "map", **job},
        begun=edges["node_plan"] + ahead,
        tool_started=edges["stage_in"] + ahead,
        tool_ended=edges["compute"] + ahead,
        reported=edges["compute"] + ahead,
        checked=edges["stage_out"] + ahead,
        status="success",
    )
    node = Level(
        clock=f"node:{NODE}",
        host=NODE,
        pid=100,
        wraps="local",
        ancestors=(edges["queue_wait"] + ahead,),
        started=edges["job_script"] + ahead,
        loaded=edges["node_startup"] + ahead,
        planned=edges["node_plan"] + ahead,
        ended=edges["node_exit"] + ahead,
        executions=(one,),
    )
    known = Stamps(
        ready=ready,
        selected=edges["slot_wait"],
        submitting=edges["dispatch"],
        accepted=edges["submit"],
        reported=edges["poll_wait"],
        finished=edges["postprocess"],
    )
    late = Wait(phase="latency_wait", start=edges["poll_wait"], end=edges["latency_wait"])
    return TimelineInput(stamps=known, waits=(late,), levels=(node,), main=MainProcess(MAIN))


# What a killed process may have reported before; each is one step further.
_REACHED_BEFORE_THE_KILL = ("nothing", "a sign", "its start", "its planning", "its tool")


@dataclass
class Requeued:
    """An attempt that the cluster started several times, of whose last start all is known."""

    evidence: TimelineInput
    last_start: int
    lengths: dict[str, int]
    """The true time of the last start in each phase."""
    starts: int
    """How many starts left a trace."""


@st.composite
def requeued(draw: st.DrawFn) -> Requeued:
    """Return an attempt whose starts were killed, each at another point, but for the last one.

    Either a shell stamped each start, or the cluster's own count separates them.
    """
    signed = draw(st.booleans())
    lengths = draw(remote_lengths)
    known = remote_evidence(lengths, T0)
    (last,) = known.levels
    moment = known.stamps.accepted
    killed: list[Level] = []
    signs: list[int] = []
    reached = draw(st.lists(st.sampled_from(_REACHED_BEFORE_THE_KILL), max_size=3))
    for number, upto in enumerate(reached):
        steps = _REACHED_BEFORE_THE_KILL.index(upto)
        edges = [moment := moment + SECOND * draw(st.integers(1, 9)) for _ in range(5)]
        if steps >= 1:
            signs.append(edges[0])
        if steps >= 2:
            one = Execution(rule="map", begun=edges[2], tool_started=edges[3])
            process = last.but(
                pid=10 + number,
                restarts=number,
                started=edges[0],
                loaded=edges[1],
                planned=edges[2] if steps >= 3 else None,
                ended=None,
                executions=(one,) if steps >= 4 else (),
            )
            killed.append(process)
    later = max(0, moment + SECOND - last.started)
    after = _later(known, later, restarts=len(reached), ancestors=())
    after.levels = (*killed, *after.levels)
    after.node_starts = (*signs, last.started + later) if signed else ()
    own = {p: lengths[p] for p in REMOTE_PHASES[REMOTE_PHASES.index("node_startup") :]}
    starts = len(signs if signed else killed) + 1
    return Requeued(after, last.started + later, own, starts)


def _later(known: TimelineInput, later: int, **changed: Any) -> TimelineInput:
    """Return an attempt of which all after its acceptance happened so much *later*."""

    def moved(value: Any, names: typing.Iterable[str]) -> Any:
        moments = {name: getattr(value, name) for name in names}
        return value.but(
            **({name: moment + later for name, moment in moments.items() if moment is not None})
        )

    (node,) = known.levels
    one = moved(node.executions[0], _try_moments)
    node = moved(node, ("started", "loaded", "planned", "ended"))
    return TimelineInput(
        stamps=moved(known.stamps, ("reported", "finished")),
        waits=[moved(wait, ("start", "end")) for wait in known.waits],
        levels=(node.but(executions=(one,), **changed),),
        main=known.main,
    )


# -- runs: arbitrary ones, and simulated ones whose true times are known -------------------------------


_paths = st.sampled_from(["a", "b", "c"])
_few_paths = st.lists(_paths, max_size=2, unique=True).map(tuple)


@st.composite
def tampered_runs(draw: st.DrawFn) -> Run:
    """Return a run that no Snakemake would make: any stamps, any dependencies, circles included."""
    events: list[Event] = [
        RunStarted(
            time=draw(moments),
            run_id=RUN_ID,
            observe_version="0.1.0",
            plugins=("observe", "timed"),
            host=MAIN,
            pid=1,
            process_started=draw(maybe_moments),
            plugin_loaded=draw(maybe_moments),
            workflow_started=draw(maybe_moments),
            workdir="/work",
            wraps=draw(st.sampled_from([None, "slurm", "local"])),
            jobs=draw(st.none() | _whole),
            cores=draw(st.none() | _whole),
        )
    ]
    ids = st.integers(1, 4)
    described = st.builds(
        JobDescribed,
        time=moments,
        job_id=ids,
        rule=st.just("map"),
        dependencies=st.none() | st.lists(ids, max_size=3).map(tuple),
        threads=st.none() | st.integers(-1, 64),
        resources=st.dictionaries(
            st.sampled_from(["mem_mb", "runtime"]), st.integers(1, 10**13) | anything, max_size=2
        ),
        input=_few_paths,
        output=_few_paths,
    )
    kept = st.builds(
        UpToDate,
        time=moments,
        jobs=st.lists(
            st.builds(UpToDateJob, rule=st.sampled_from(["map", "join"]), output=_few_paths),
            max_size=3,
        ).map(tuple),
    )
    made = st.builds(
        OutputsRecorded,
        time=moments,
        job_id=ids,
        attempt=st.integers(1, 3),
        files=st.lists(
            st.builds(OutputFile, path=_paths, sha256=st.sampled_from([None, "one", "other"])),
            max_size=2,
        ).map(tuple),
    )
    checks = st.builds(
        StatusCheck,
        begun=moments,
        previous=st.none() | moments,
        slept=st.none() | moments,
        blocked_s=st.floats(0, 1e9),
    )
    ended = st.builds(
        AttemptFinished,
        time=moments,
        job_id=st.none() | ids,
        group=st.sampled_from([None, "g1"]),
        attempt=st.integers(1, 3),
        status=st.sampled_from(["success", "failed", "running", "lost"]),
        stamps=stamps,
        waits=st.lists(waits, max_size=2).map(tuple),
        levels=st.lists(levels, max_size=2).map(tuple),
        node_starts=st.lists(moments, max_size=2).map(tuple),
        poll_interval_s=st.none() | st.floats(0, 1e9),
        status_check=st.none() | checks,
        node_ended=st.none() | moments,
        external_jobid=st.sampled_from([None, "71"]),
        used=st.none() | events_of(Usage),
    )
    recorded = st.builds(
        Accounting,
        time=moments,
        job_id=st.none() | ids,
        group=st.sampled_from([None, "g1"]),
        attempt=st.integers(1, 3),
        record=events_of(SchedulerRecord),
    )
    worked = st.builds(
        RunPhase,
        time=moments,
        end=moments,
        phase=st.sampled_from(["plan", "deploy", "hooks", "never heard of"]),
        detail=st.sampled_from([None, "onstart", "checkpoint"]),
        first_job_id=st.none() | ids,
    )
    turned = st.builds(
        SchedulerIteration,
        time=moments,
        idle=moments,
        selections=st.lists(st.tuples(moments, moments), max_size=2).map(tuple),
    )
    events += draw(st.lists(described, max_size=4))
    events += draw(st.lists(st.one_of(kept, made), max_size=3))
    events += draw(st.lists(st.one_of(ended, worked, turned, recorded), max_size=10))
    if draw(st.booleans()):
        nothing = AccountTotals(by_class_s={}, by_phase_s={})
        status = draw(st.sampled_from(["failed", "success", "interrupted", "nothing_to_do"]))
        events.append(
            RunFinished(time=draw(moments), status=status, job_account=nothing, makespan=nothing)
        )
    return fold(numbered(events))


@dataclass
class Simulated:
    """A run whose truth is known."""

    slots: int
    needs: dict[int, tuple[int, ...]]
    events: list[Event] = field(default_factory=list)
    lengths: dict[tuple[int, int], dict[str, int]] = field(default_factory=dict)
    start: int = T0
    end: int = T0

    @property
    def run(self) -> Run:
        return fold(numbered(self.events))


class _Simulator:
    """Snakemake's scheduler in small: iterations, one slot per job, submissions one after the other."""

    def __init__(self, count: int, slots: int, failures: int, *, remote: bool, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - dice, not keys
        self.remote = remote
        self.needs = {
            job: tuple(other for other in range(1, job) if self.dice.random() < 0.4)
            for job in range(1, count + 1)
        }
        self.to_fail = {job: self.dice.randint(0, failures) for job in self.needs}
        self.run = Simulated(slots, self.needs)
        self.done: dict[int, int] = {}
        self.attempts: dict[int, list[int]] = {job: [] for job in self.needs}
        self.running: dict[int, int] = {}

    def some(self, upto_ms: int = 800) -> int:
        return self.dice.randint(1, upto_ms * 1000)

    def simulate(self) -> Simulated:
        run, events = self.run, self.run.events
        loaded = run.start + self.some()
        workflow = loaded + self.some()
        self.began = workflow + self.some()
        events.append(
            RunStarted(
                time=workflow,
                run_id=RUN_ID,
                observe_version="0.1.0",
                plugins=("observe", "timed"),
                host=MAIN,
                pid=1,
                process_started=run.start,
                plugin_loaded=loaded,
                workflow_started=workflow,
                workdir="/work",
                executor="timed",
                wraps="slurm" if self.remote else "local",
            )
        )
        events.append(RunPhase(time=workflow, phase="plan", end=self.began))
        events += [
            JobDescribed(time=workflow, job_id=job, rule="map", threads=1, dependencies=needs)
            for job, needs in self.needs.items()
        ]
        moment = self.began + self.some(10)
        while True:
            moment = self.iteration(moment)
            if not self.running:
                break
            moment = max(moment, min(self.running.values()))
        events.sort(
            key=lambda event: event.idle if isinstance(event, SchedulerIteration) else event.time
        )
        run.end = moment + self.some()
        nothing = AccountTotals(by_class_s={}, by_phase_s={})
        events.append(
            RunFinished(time=run.end, status="success", job_account=nothing, makespan=nothing)
        )
        return run

    def iteration(self, woke: int) -> int:
        """Do one scheduler iteration; return when it goes idle."""
        for job, finished in list(self.running.items()):
            if finished <= woke:
                del self.running[job]
                if len(self.attempts[job]) > self.to_fail[job]:
                    self.done[job] = finished
        waiting = [
            job
            for job in self.needs
            if job not in self.done
            and job not in self.running
            and all(other in self.done for other in self.needs[job])
        ]
        moment = woke + self.some(5)
        selections: list[tuple[int, int]] = []
        if waiting:
            selections = [(moment, moment := moment + self.some(50))]
            for job in waiting[: self.run.slots - len(self.running)]:
                moment = self.hand_on(job, selections[0][1], moment)
        idle = moment + self.some(5)
        self.run.events.append(
            SchedulerIteration(
                time=woke, idle=idle, selections=tuple(selections), ready=len(waiting)
            )
        )
        return idle

    def hand_on(self, job: int, selected: int, moment: int) -> int:
        """Run the next attempt of *job*; return when the main loop has handed it on."""
        number = len(self.attempts[job]) + 1
        ready = max([self.began, *self.attempts[job], *(self.done[o] for o in self.needs[job])])
        lengths = {phase: self.some() for phase in REMOTE_PHASES}
        lengths["slot_wait"] = selected - ready
        lengths["dispatch"] = moment + self.some(5) - selected
        lengths["submit"] = self.some(100)
        shape = remote_evidence(lengths, ready, wildcards={"job": str(job)})
        if not self.remote:
            shape = self._in_main(lengths, shape)
        known = shape.stamps
        failed = number <= self.to_fail[job]
        self.run.lengths[(job, number)] = {p: m for p, m in lengths.items() if m}
        self.run.events.append(
            AttemptFinished(
                time=known.finished,
                job_id=job,
                attempt=number,
                status="failed" if failed else "success",
                stamps=known,
                waits=tuple(shape.waits),
                levels=tuple(shape.levels),
            )
        )
        self.attempts[job].append(known.finished)
        self.running[job] = known.finished
        return known.accepted

    def _in_main(self, lengths: dict[str, int], shape: TimelineInput) -> TimelineInput:
        """Turn the evidence of a node into that of the main process: fewer phases, and no node."""
        for phase in (
            "submit",
            "queue_wait",
            "job_script",
            "node_startup",
            "node_plan",
            "node_exit",
            "poll_wait",
        ):
            lengths[phase] = 0
        bare = remote_evidence(lengths, shape.stamps.ready)
        begun = bare.stamps.submitting
        prepared = begun + lengths["stage_in"] // 2
        tool_started = begun + lengths["stage_in"]
        one = bare.levels[0].executions[0].but(begun=begun, prepared=prepared, running=prepared)
        assert one.tool_started == tool_started
        here = Level(clock="main", host=MAIN, pid=1, wraps="local", in_main=True, executions=(one,))
        known = bare.stamps.but(accepted=prepared)
        return TimelineInput(stamps=known, waits=bare.waits, levels=(here,), main=MainProcess(MAIN))


@st.composite
def simulated_runs(draw: st.DrawFn, slots: int | None = None) -> Simulated:
    """Return a random DAG's run on so many slots; small numbers are the simple runs."""
    return _Simulator(
        draw(st.integers(1, 8)),
        slots or draw(st.integers(1, 3)),
        draw(st.integers(0, 2)),
        remote=draw(st.booleans()),
        seed=draw(st.integers(0, 10_000)),
    ).simulate()
