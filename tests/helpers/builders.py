"""Builders for runs, attempts and their evidence, written briefly in seconds of a fake clock.

``at(3)`` is three seconds after the run's process was started. What a test does not care for has
a plain value here.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.cost.run_totals import job_tally, rule_times
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.journal.events import (
    Accounting,
    AttemptFinished,
    AttemptStarted,
    AttemptSubmitted,
    Blocked,
    Event,
    GroupDescribed,
    Heartbeat,
    JobDescribed,
    Message,
    Planned,
    RunFinished,
    RunPhase,
    RunStarted,
    SchedulerIteration,
    UpToDate,
    at_line,
)
from snakemake_logger_plugin_observe.journal.records import (
    AccountTotals,
    Execution,
    Level,
    SchedulerRecord,
    Stamps,
    UpToDateJob,
    Usage,
    Wait,
)
from snakemake_logger_plugin_observe.journal.writing import to_line
from snakemake_logger_plugin_observe.recording.attempt_end import figures
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.clock_offsets import MainProcess
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import in_seconds
from snakemake_logger_plugin_observe.run.refined import refined_phases_s
from snakemake_logger_plugin_observe.run.segments import Timeline
from snakemake_logger_plugin_observe.run.timeline import TimelineInput

SECOND = 1_000_000
T0 = 1_772_366_400_000_000  # 2026-03-01T12:00:00Z
MAIN = "login"
NODE = "node7"
RULE = "map"
RUN_ID = "0123456789abcdef0123456789abcdef"


def micros_of(text: str) -> int:
    """Return the moment of an RFC 3339 *text*, as answers have them."""
    return (datetime.fromisoformat(text) - datetime.fromtimestamp(0, UTC)) // timedelta(
        microseconds=1
    )


def at(moment_s: float | None) -> int | None:
    """Return the moment *moment_s* seconds into the run; unknown stays unknown."""
    return None if moment_s is None else T0 + round(moment_s * SECOND)


def _moments(seconds: dict[str, Any]) -> dict[str, Any]:
    return {name: at(value) for name, value in seconds.items() if value is not None}


# -- pieces of evidence ------------------------------------------------------------------------


def stamps(**moments_s: float | None) -> Stamps:
    return Stamps(**_moments(moments_s))


def wait(phase: str, start_s: float, end_s: float) -> Wait:
    return Wait(phase=phase, start=at(start_s), end=at(end_s))


_NO_MOMENT = ("rule", "wildcards", "number", "status", "exit_code", "message")


def an_execution(rule: str | None = RULE, ahead_s: float = 0, **seconds: Any) -> Execution:
    """Return one execution of a tool, on a clock that is *ahead_s* seconds ahead."""
    plain = {name: seconds.pop(name) for name in _NO_MOMENT if name in seconds}
    moments = {name: value + ahead_s for name, value in seconds.items() if value is not None}
    return Execution(rule=rule, **{"status": "success", **plain}, **_moments(moments))


def level(
    *executions: Execution,
    wraps: str = "local",
    host: str = NODE,
    pid: int = 100,
    ahead_s: float = 0,
    waits: tuple[Wait, ...] = (),
    **moments_s: float | None,
) -> Level:
    """Return a Snakemake process on a node whose clock is *ahead_s* seconds ahead."""
    shifted = {name: value + ahead_s for name, value in moments_s.items() if value is not None}
    return Level(
        clock=f"node:{host}",
        host=host,
        pid=pid,
        wraps=wraps,
        executions=executions,
        waits=waits,
        **_moments(shifted),
    )


def in_main(*executions: Execution) -> Level:
    """Return the main process as a level: it ran the tools itself."""
    return Level(clock="main", host=MAIN, pid=1, wraps="local", in_main=True, executions=executions)


def evidence(known: Stamps, *levels: Level, **more: Any) -> TimelineInput:
    for moment in ("until", "tool_started"):
        if moment in more:
            more[moment] = at(more[moment])
    if "node_starts" in more:
        more["node_starts"] = [at(moment) for moment in more["node_starts"]]
    return TimelineInput(stamps=known, levels=levels, **{"main": MainProcess(MAIN), **more})


# -- whole attempts, one second a phase ----------------------------------------------------------

REMOTE_STAMPS = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=12, finished=14)
LATENCY = (wait("latency_wait", 12, 13),)


def node_level(ahead_s: float = 0, **more: Any) -> Level:
    """Return the process on the node of an attempt that spends a second in every phase."""
    one = an_execution(
        ahead_s=ahead_s,
        begun=6,
        prepared=6.5,
        running=6.7,
        tool_started=7,
        tool_ended=8,
        reported=8.5,
        checked=9,
    )
    stamps_s = {"started": 4, "loaded": 5, "planned": 6, "ended": 10}
    return level(one, ahead_s=ahead_s, **{**stamps_s, **more})


def remote(ahead_s: float = 0, known: Stamps = REMOTE_STAMPS, **more: Any) -> TimelineInput:
    """Return the evidence of an attempt on a node, complete."""
    return evidence(known, node_level(ahead_s), waits=LATENCY, **more)


def nested(**more: Any) -> TimelineInput:
    """Return the evidence of an attempt with two processes on the node, one inside the other."""
    known = stamps(ready=0, selected=1, submitting=2, accepted=3, reported=16, finished=17)
    outer = level(
        an_execution(begun=6, reported=13, checked=13),
        wraps="slurm-jobstep",
        pid=100,
        started=4,
        loaded=5,
        planned=6,
        ended=14,
    )
    tool = an_execution(
        begun=9, prepared=9.5, tool_started=10, tool_ended=11, reported=11, checked=12
    )
    inner = level(tool, pid=101, started=7, loaded=8, planned=9, ended=13)
    return evidence(known, outer, inner, **more)


def local(**more: Any) -> TimelineInput:
    """Return the evidence of a job that ran in the main process."""
    known = stamps(ready=0, selected=1, submitting=2, accepted=4, reported=8, finished=10)
    one = an_execution(begun=2, prepared=3, running=5, tool_started=6, tool_ended=7)
    return evidence(known, in_main(one), waits=(wait("latency_wait", 8, 9),), **more)


def phases_at(result: Timeline | Iterable[Any]) -> list[tuple[Any, float, float]]:
    """Return segments as (phase, start, end) in seconds of the run, for the eye."""
    segments = result.segments if isinstance(result, Timeline) else result
    return [(one.phase, to_seconds(one.start - T0), to_seconds(one.end - T0)) for one in segments]


# -- what Slurm's accounting prints ----------------------------------------------------------------

SACCT_FIELDS = (
    *("JobID", "Submit", "Eligible", "Start", "End", "State", "Reason", "ExitCode", "NodeList"),
    *("Partition", "ReqCPUS", "AllocCPUS", "ReqMem", "TimelimitRaw", "UserCPU", "SystemCPU"),
    *("Suspended", "MaxRSS"),
)
_COMPLETED = (
    *("71", 5, 6, 8, 14, "COMPLETED", "None", "0:0", NODE),
    *("main", "2", "2", "200M", "5", "00:03.797", "00:00.744", "00:00:00", ""),
)


def sacct(*rows: dict[str, Any]) -> str:
    """Return what ``sacct`` prints: a row for each completed job 71, except for the given cells.

    Numbers are seconds of the run, which it prints as moments; texts are printed as they are.
    """
    plain = dict(zip(SACCT_FIELDS, _COMPLETED, strict=True))
    return "".join("|".join(map(_printed, {**plain, **row}.values())) + "\n" for row in rows)


def _printed(cell: str | float) -> str:
    return cell if isinstance(cell, str) else str(at(cell) // SECOND)


def printing(text: str) -> str:
    """Return shell code that prints *text*, in which ``$1`` and the like are the shell's."""
    return f"cat <<END\n{text}END"


def a_record(cluster_job: str = "71", **more: Any) -> SchedulerRecord:
    """Return what ``sacct({})`` prints, as a record."""
    moments = {"submitted": 5, "eligible": 6, "started": 8, "ended": 14}
    known = {name: at(more.pop(name, value)) for name, value in moments.items()}
    facts = {
        "state": "COMPLETED",
        "exit_code": 0,
        "nodes": NODE,
        "partition": "main",
        "cpus_requested": 2,
        "cpus_allocated": 2,
        "memory_requested_bytes": 200 * 2**20,
        "time_limit_s": 300,
        "user_s": 3.797,
        "system_s": 0.744,
    }
    return SchedulerRecord(cluster_job=cluster_job, **{**facts, **known, **more})


def numbered(events: Iterable[Event]) -> list[Event]:
    """Return *events* as if they had been read from a journal: each with its line."""
    return [at_line(event, number) for number, event in enumerate(events, 1)]


# -- whole runs ----------------------------------------------------------------------------------


class Story:
    """A run built event by event, with the figures that a recorder would write."""

    def __init__(self, *, wrapped: bool = True, **facts: Any) -> None:
        """Begin at 0 s: plugins loaded at 1 s, workflow started at 2 s."""
        self.events: list[Event] = []
        self._run = Run()
        plugins = ("observe", "timed") if wrapped else ("observe",)
        names = {"executor": "timed", "wraps": "slurm"} if wrapped else {"executor": "slurm"}
        self.add(
            RunStarted(
                **{
                    "time": at(2),
                    "run_id": RUN_ID,
                    "plugins": plugins,
                    "observe_version": "0.1.0",
                    "snakemake_version": "9.27.1",
                    "host": MAIN,
                    "pid": 4242,
                    "process_started": at(0),
                    "plugin_loaded": at(1),
                    "workflow_started": at(2),
                    "workdir": "/work",
                    "snakefile": "Snakefile",
                    **names,
                    **facts,
                }
            )
        )

    def add(self, event: Event) -> "Story":
        self.events.append(event)
        fold.add(self._run, event)
        return self

    def plan(self, start_s: float, end_s: float, **more: Any) -> "Story":
        return self.phase("plan", start_s, end_s, **more)

    def planned(self, moment_s: float, to_run: dict[str, int], **up_to_date: int) -> "Story":
        """Add the plan: numbers of jobs by rule, as older journals have it."""
        return self.add(Planned(time=at(moment_s), to_run=to_run, up_to_date=up_to_date))

    def ordered(self, to_run: dict[str, int], *idle: str, **needs: dict[str, int]) -> "Story":
        """Add the plan at 3 s: numbers of jobs by rule, *idle* rules, and which need which."""
        return self.add(Planned(time=at(3), to_run=to_run, without_command=idle, needs=needs))

    def blocked(self, moment_s: float, **jobs: int) -> "Story":
        """Add how many jobs of each rule will not run."""
        return self.add(Blocked(time=at(moment_s), jobs=jobs))

    def kept(self, moment_s: float, *jobs: tuple[str, dict[str, str], str]) -> "Story":
        """Name jobs that are up to date: rule, wildcards and output of each."""
        named = tuple(
            UpToDateJob(rule=rule, wildcards=wildcards, output=(output,))
            for rule, wildcards, output in jobs
        )
        return self.add(UpToDate(time=at(moment_s), jobs=named))

    def phase(self, name: str, start_s: float, end_s: float, **more: Any) -> "Story":
        return self.add(RunPhase(time=at(start_s), phase=name, end=at(end_s), **more))

    def iteration(
        self, woke_s: float, idle_s: float, *selections_s: tuple[float, float], **more: Any
    ) -> "Story":
        """Add one scheduler iteration."""
        selections = tuple((at(begin), at(end)) for begin, end in selections_s)
        return self.add(
            SchedulerIteration(time=at(woke_s), idle=at(idle_s), selections=selections, **more)
        )

    def job(
        self, job_id: int, needs: tuple[int, ...] = (), rule: str = RULE, **more: Any
    ) -> "Story":
        more.setdefault("wildcards", {})
        return self.add(
            JobDescribed(time=at(2), job_id=job_id, rule=rule, dependencies=needs, **more)
        )

    def group(self, group: str, members: tuple[int, ...], name: str | None = None) -> "Story":
        return self.add(GroupDescribed(time=at(2), group=group, name=name, members=members))

    def message(self, moment_s: float, text: str, **more: Any) -> "Story":
        facts = {"level": "info", "kind": "waiting", **more}
        return self.add(Message(time=at(moment_s), text=text, **facts))

    def heartbeat(self, moment_s: float, *attempts: tuple[int | str, int]) -> "Story":
        """Add a sign of life, with what was in flight."""
        beat = Heartbeat(time=at(moment_s), in_flight=len(attempts), attempts=attempts)
        return self.add(beat)

    def submitted(self, job_id: int, known: Stamps, attempt: int = 1, **more: Any) -> "Story":
        moment = known.accepted
        facts = {"job_id": job_id, "attempt": attempt, "stamps": known, **more}
        return self.add(AttemptSubmitted(time=moment, **facts))

    def started(self, job_id: int, moment_s: float, attempt: int = 1) -> "Story":
        return self.add(
            AttemptStarted(time=at(moment_s), job_id=job_id, attempt=attempt, node=MAIN)
        )

    def accounting(
        self, job_id: int | None, record: SchedulerRecord, moment_s: float = 100, **more: Any
    ) -> "Story":
        """Add the accounting record of a job's or a group's submission."""
        facts = {"job_id": job_id, "attempt": 1, "record": record, **more}
        known = self._run.attempts.get((job_id or facts.get("group"), facts["attempt"]))
        if known is not None:
            facts.setdefault("phases_s", refined_phases_s(known, record))
        return self.add(Accounting(time=at(moment_s), **facts))

    def attempt(
        self,
        job_id: int | None,
        known: Stamps,
        *levels: Level,
        number: int = 1,
        status: str = "success",
        **more: Any,
    ) -> "Story":
        """Add an attempt's end, with the phases that follow from its stamps."""
        group, waits, node_starts = (
            more.pop("group", None),
            more.pop("waits", ()),
            more.pop("node_starts", ()),
        )
        draft = Attempt(
            job_id,
            group,
            number,
            status=status,
            stamps=known,
            waits=waits,
            node_starts=node_starts,
            levels=levels,
            offset=more.pop("offset", None),
            status_check=more.get("status_check"),
        )
        result = fold.timeline_of(self._run, draft)
        return self.add(
            AttemptFinished(
                **{
                    "time": known.finished,
                    "job_id": job_id,
                    "group": group,
                    "attempt": number,
                    "status": status,
                    "node": result.node,
                    "stamps": known,
                    "waits": waits,
                    "node_starts": node_starts,
                    "levels": levels,
                    **figures(result.segments),
                    "offset": result.offset,
                    "node_ended": result.node_ended if draft.status_check else None,
                    "unobserved": tuple(dict.fromkeys(result.unobserved)),
                    **more,
                }
            )
        )

    def quick(
        self, job_id: int, ready_s: float, selected_s: float, end_s: float, **more: Any
    ) -> "Story":
        """Add an attempt in the main process that is all tool from its selection to its end.

        Without ``iteration``, the run does not show what released a job that waited for a slot.
        """
        known = stamps(
            ready=ready_s,
            selected=selected_s,
            submitting=selected_s,
            accepted=selected_s,
            reported=end_s,
            finished=end_s,
        )
        one = an_execution(begun=selected_s, prepared=selected_s, tool_started=selected_s)
        one = one.but(running=at(selected_s), tool_ended=at(end_s))
        return self.attempt(job_id, known, in_main(one), **more)

    def end(self, moment_s: float, status: str = "success") -> "Story":
        """Add the run's end, with the accounts computed from all events before it."""
        nothing = AccountTotals(by_class_s={}, by_phase_s={})
        draft = {"job_account": nothing, "makespan": nothing}
        so_far = fold.fold(numbered(self.events))
        fold.add(so_far, RunFinished(time=at(moment_s), status=status, **draft))
        made = account(so_far)
        return self.add(
            RunFinished(
                time=at(moment_s),
                status=status,
                makespan_s=to_seconds(made.makespan),
                job_account=_account(made.jobs_by_class, made.jobs_by_phase),
                makespan=_account(made.makespan_by_class, made.makespan_by_phase),
                job_count=made.job_count,
                attempt_count=made.attempt_count,
                failed_attempts=made.failed_attempts,
                jobs=job_tally(so_far),
                rules=rule_times(made),
            )
        )

    @property
    def run(self) -> Run:
        """The run as a reader finds it."""
        return fold.fold(numbered(self.events))

    @property
    def lines(self) -> list[bytes]:
        return [to_line(event) for event in self.events]

    def write(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(line + b"\n" for line in self.lines))
        return path


def _account(by_class: dict[str, int], by_phase: dict[str, int]) -> AccountTotals:
    return AccountTotals(by_class_s=in_seconds(by_class), by_phase_s=in_seconds(by_phase))


def owners(run: Run) -> list[tuple[str, Any, float, float]]:
    """Return the makespan's owners as (phase, job or group or None, start, end) in seconds."""
    return [
        (
            one.phase,
            one.job_id if one.job_id is not None else one.group,
            to_seconds(one.start - T0),
            to_seconds(one.end - T0),
        )
        for one in partition(run)
    ]


# Before the first job of every story from ``begun``.
BEFORE = [("import", None, 0, 1), ("parse", None, 1, 2), ("plan", None, 2, 3)]


def begun(**facts: Any) -> Story:
    """Return a run whose DAG is planned from 2 s to 3 s."""
    return Story(**facts).plan(2, 3)


def chain() -> Story:
    """Return two jobs, one after the other, each selected half a second after it was ready."""
    story = begun().job(1).job(2, needs=(1,))
    story.iteration(3, 4, (3, 3.5)).quick(1, 3, 3.5, 10)
    story.iteration(10, 11, (10, 10.5)).quick(2, 10, 10.5, 20)
    return story.iteration(20, 20.1).end(21)


def grouped() -> Story:
    """Return a group of two on a node: 1 runs first, 2 a second after it, both by name."""
    story = begun().group("g1", (1, 2), name="pair")
    story.job(1, wildcards={"s": "a"}, group="g1").job(2, wildcards={"s": "b"}, group="g1")
    first = an_execution(wildcards={"s": "a"}, begun=9, tool_started=10, tool_ended=12, checked=13)
    second = an_execution(
        wildcards={"s": "b"}, begun=14, tool_started=15, tool_ended=17, checked=18
    )
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=20, finished=21)
    whole = level(first, second, started=6, loaded=7, planned=8, ended=19)
    story.iteration(3, 5, (3, 4))
    story.attempt(None, known, whole, group="g1", external_jobid="77")
    for job_id, one in ((1, first), (2, second)):
        own = whole.but(executions=(one,))
        offset = story.events[-1].offset
        ended = Stamps(finished=known.finished)
        story.attempt(job_id, ended, own, group="g1", external_jobid="77", offset=offset)
    return story.end(22)


def retried() -> Story:
    """Return a job that fails once on its node and succeeds at its second attempt."""
    story = begun().job(1, wildcards={"sample": "a"}, threads=2, log=("logs/a.log",))
    known = stamps(ready=3, selected=4, submitting=4, accepted=5, reported=13, finished=14)
    failed = an_execution(
        wildcards={"sample": "a"},
        begun=8,
        tool_started=8,
        tool_ended=11,
        status="failed",
        exit_code=3,
        message="exit status 3",
    )
    node = level(failed, started=6, loaded=7, planned=8, ended=12)
    story.iteration(3, 5, (3, 4)).attempt(
        1,
        known,
        node,
        status="failed",
        external_jobid="77",
        exit_code=3,
        message="exit status 3",
    )
    story.iteration(14, 16, (14, 15))
    known = stamps(ready=14, selected=15, submitting=15, accepted=16, reported=24, finished=25)
    done = an_execution(
        wildcards={"sample": "a"}, begun=19, tool_started=19, tool_ended=22, checked=22
    )
    node = level(done, started=17, loaded=18, planned=19, ended=23, pid=200)
    story.attempt(1, known, node, number=2, external_jobid="78")
    return story.iteration(25, 25.1).end(26)


def replanned() -> Story:
    """Return a checkpoint (1) whose end brings job 3 into the DAG; job 2 waits for that."""
    story = begun().job(1, checkpoint=True, rule="split")
    story.iteration(3, 4, (3, 4)).quick(1, 3, 4, 10)
    story.plan(10, 12, detail="checkpoint", first_job_id=3)
    story.job(3).iteration(10, 13, (12, 13)).quick(3, 12, 13, 20)
    story.job(2, needs=(3,), rule="all").iteration(20, 21, (20, 21)).quick(2, 20, 21, 22)
    return story.end(23)


def killed() -> Story:
    """Return a run without an end: job 1 done, job 2 on a node, job 3 with its tool running."""
    story = begun().job(1).job(2).job(3)
    story.iteration(3, 5, (3, 4)).quick(1, 3, 4, 10)
    story.submitted(2, stamps(ready=3, selected=4, submitting=4, accepted=5), external_jobid="77")
    story.submitted(3, stamps(ready=3, selected=4, submitting=5, accepted=6)).started(3, 7)
    return story.message(20, "still here")


def logger_only() -> Story:
    """Return a run that only the logger plugin saw: one job, selected at 4 s, done at 9 s."""
    story = begun(wrapped=False).job(1)
    return story.attempt(1, stamps(ready=3, selected=4, finished=9)).end(10)


def mixed() -> Story:
    """Return a run with most that an answer can show: a retry, a group, a wait, a lost node."""
    story = begun(jobs=2, tags={"team": "a"}, settings={"seconds_between_status_checks": 10})
    story.group("g1", (2, 3), name="pair").job(
        1, rule="map", wildcards={"sample": "gut_a"}, threads=4
    )
    story.job(2, rule="trim", wildcards={"s": "a"}).job(3, rule="sort", needs=(2,))
    story.job(4, rule="report", needs=(1, 2, 3), log=("logs/report.log",))
    known = retried()
    story.events += [e for e in known.events if e.event == "attempt_finished"]
    story.iteration(3, 5, (3, 4)).iteration(14, 15.5, (14, 15)).iteration(25, 26)
    known = stamps(ready=3, selected=15, submitting=15, accepted=16, reported=30, finished=31)
    story.attempt(None, known, group="g1", external_jobid="79")
    for member in (2, 3):
        story.attempt(member, stamps(finished=31), group="g1", external_jobid="79")
    story.quick(4, 31, 33, 40, status="failed", exit_code=1, message="no such file\n  in.txt")
    return story.end(41, "failed")


def on_cluster(
    count: int = 1,
    *,
    rule: str = RULE,
    slot_s: float = 0,
    queue_s: float = 0,
    script_s: float = 0,
    startup_s: float = 0,
    plan_s: float = 0,
    stage_s: float = 0,
    tool_s: float = 0,
    poll_s: float = 0,
    every_s: float | None = None,
    used: Usage | None = None,
    asks: dict[str, Any] | None = None,
    threads: int | None = None,
    **facts: Any,
) -> Story:
    """Return jobs 1 … *count* of one rule, all alike and side by side, ready at 3 s.

    Each spends the given time in each phase, and the run ends with them.
    """
    story = begun(**facts)
    selected = 3 + slot_s
    started = selected + queue_s + script_s
    loaded = started + startup_s
    planned = loaded + plan_s
    tool = planned + stage_s
    ended = tool + tool_s
    reported = ended + poll_s
    for job_id in range(1, count + 1):
        job = {"rule": rule, "wildcards": {"n": str(job_id)}}
        story.job(job_id, resources=asks or {}, threads=threads, **job)
        one = an_execution(**job, begun=planned, tool_started=tool, tool_ended=ended, checked=ended)
        known = stamps(
            ready=3,
            selected=selected,
            submitting=selected,
            accepted=selected,
            reported=reported,
            finished=reported,
        )
        began = {"ancestors": (at(started - script_s),)} if script_s else {}
        moments = {"started": started, "loaded": loaded, "planned": planned, "ended": ended}
        story.attempt(
            *(job_id, known, level(one, pid=job_id, **moments).but(**began)),
            external_jobid=str(70 + job_id),
            poll_interval_s=every_s,
            used=used,
        )
    return story.end(reported)
