"""Write a sound journal of a run that never was, as large as wanted.

A layered workflow goes through a cluster that has fewer places than there are jobs: per sample a
chain of rules, some joining neighbours, and one job on top of each layer's end. Scheduler rounds,
submissions, queue, node and polls follow each other as in a real run; some jobs fail and are tried
again. The events are the project's own models and the figures its own analysis, so
``snakemake-observe validate`` finds nothing wrong. Deterministic: the same seed and size make the
same bytes.

``python synthetic.py JOBS JOURNAL`` writes one by hand.
"""

import argparse
import hashlib
import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.run_totals import job_tally, rule_times
from snakemake_logger_plugin_observe.clock import Micros, to_seconds
from snakemake_logger_plugin_observe.journal.events import (
    AnyEvent,
    AttemptFinished,
    AttemptSubmitted,
    JobDescribed,
    Message,
    RunFinished,
    RunPhase,
    RunStarted,
    SchedulerIteration,
)
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import (
    AccountTotals,
    Execution,
    Level,
    Stamps,
    Status,
    Wait,
)
from snakemake_logger_plugin_observe.journal.writing import to_line
from snakemake_logger_plugin_observe.recording.attempt_end import figures
from snakemake_logger_plugin_observe.recording.run_end import with_screen
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import in_seconds
from snakemake_logger_plugin_observe.run.readiness import ready_at

_EPOCH: Micros = 1_700_000_000_000_000
_RULES = ("trim", "align", "sort", "mark_duplicates", "call", "annotate", "filter", "summary")
_SECOND = 1_000_000
_POLL = 10 * _SECOND
_FAILING = 0.01
_JOBS_PER_PLACE = 25


@dataclass(slots=True)
class _Job:
    """A job of the synthetic DAG, and how far it has come."""

    job_id: int
    rule: str
    sample: int
    needs: tuple[int, ...]
    wanted_by: list[int] = field(default_factory=list)
    open_needs: int = 0
    executions: int = 0

    @property
    def output(self) -> str:
        """Return its output file."""
        return f"results/{self.rule}/sample_{self.sample:06d}.bam"


def _dag(jobs: int) -> list[_Job]:
    """Return *jobs* jobs: layers of one rule each, and on top one that needs the last layer."""
    layers = len(_RULES) - 1
    width = max(1, (jobs - 1) // layers)
    dag: list[_Job] = []
    for number in range(jobs - 1):
        layer, sample = divmod(number, width)
        layer, rule = min(layer, layers), _RULES[min(layer, layers - 1)]
        needs: tuple[int, ...] = ()
        if layer:
            below = number - width
            joins = layer % 3 == 0 and sample + 1 < width
            needs = (below, below + 1) if joins else (below,)
        dag.append(_Job(number, rule, number if layer == layers else sample, needs))
    wanted = {need for job in dag for need in job.needs}
    tops = tuple(job.job_id for job in dag if job.job_id not in wanted)
    dag.append(_Job(jobs - 1, _RULES[-1], 0, tops))
    for job in dag:
        job.open_needs = len(job.needs)
        for need in job.needs:
            dag[need].wanted_by.append(job.job_id)
    return dag


class _Cluster:
    """One run through a cluster of limited slots, written as events to a journal."""

    def __init__(self, jobs: int, seed: int, journal: Path) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a benchmark's data, nothing secret
        self._dag = _dag(jobs)
        self._places = max(4, jobs // _JOBS_PER_PLACE)
        self._path = journal
        self._run = Run()
        self._lines: list[bytes] = []
        self._ready = deque(job for job in self._dag if not job.open_needs)
        self._busy: list[tuple[Micros, int]] = []
        self._drafts: dict[int, Attempt] = {}
        self._now = _EPOCH

    def write(self) -> None:
        """Let the run happen, and write its journal."""
        self._begin()
        while self._ready or self._busy:
            self._turn()
        self._end()
        self._path.write_bytes(b"\n".join(self._lines) + b"\n")

    def _emit(self, event: AnyEvent) -> None:
        fold.add(self._run, event)
        self._lines.append(to_line(event))

    def _some(self, low: float, high: float) -> Micros:
        return round(self._random.uniform(low, high) * _SECOND)

    def _begin(self) -> None:
        loaded = self._now + self._some(0.8, 1.2)
        started = loaded + self._some(0.1, 0.2)
        self._emit(
            RunStarted(
                time=started,
                run_id=hashlib.sha256(str(len(self._dag)).encode()).hexdigest()[:32],
                plugins=("observe", "timed"),
                observe_version="0",
                snakemake_version="9",
                host="login",
                user="someone",
                pid=4_194_303,
                process_started=self._now,
                plugin_loaded=loaded,
                workflow_started=started,
                workdir="/data/project",
                snakefile="/data/project/workflow/Snakefile",
                command=("snakemake", "--executor", "timed", "--timed-wraps", "cluster-generic"),
                executor="timed",
                wraps="cluster-generic",
                jobs=self._places,
                settings={"seconds_between_status_checks": _POLL // _SECOND},
            )
        )
        self._now = started + len(self._dag) * 400
        self._emit(RunPhase(time=started, phase="plan", end=self._now))

    def _turn(self) -> None:
        """Take in what the last poll found, choose jobs, and submit them."""
        woke = self._now
        finished = 0
        while self._busy and self._busy[0][0] <= self._now:
            self._finish(self._dag[heapq.heappop(self._busy)[1]])
            finished += 1
        free = self._places - len(self._busy)
        picked = [self._ready.popleft() for _ in range(min(free, len(self._ready)))]
        waiting = len(self._ready) + len(picked)
        selections: tuple[tuple[Micros, Micros], ...] = ()
        if waiting and free:
            self._emit(
                Message(time=self._now, level="info", kind="select_jobs", text="Select jobs")
            )
            begun, self._now = self._now, self._now + self._some(0.002, 0.004) + 20 * waiting
            selections = ((begun, self._now),)
        selected = self._now
        for job in picked:
            self._submit(job, selected)
        self._now += self._some(0.0002, 0.0005)
        self._emit(
            SchedulerIteration(
                time=woke,
                idle=self._now,
                selections=selections,
                ready=waiting if selections else None,
                selected=tuple(job.job_id for job in picked),
            )
        )
        if self._busy:
            due = max(self._busy[0][0], self._now)
            self._now = due + (-(due - _EPOCH)) % _POLL if not finished else due + _POLL

    def _submit(self, job: _Job, selected: Micros) -> None:
        job.executions += 1
        self._now += self._some(0.0005, 0.0015)
        self._describe(job)
        submitting, accepted = self._now, self._now + self._some(0.01, 0.04)
        ready = ready_at(self._run, (job.job_id, job.executions))
        stamps = Stamps(ready=ready, selected=selected, submitting=submitting, accepted=accepted)
        external = str(8_000_000 + 3 * job.job_id + job.executions)
        self._emit(
            AttemptSubmitted(
                time=accepted,
                job_id=job.job_id,
                attempt=job.executions,
                external_jobid=external,
                stamps=stamps,
            )
        )
        self._now = accepted
        failed = self._random.random() < _FAILING and job.executions == 1
        first = accepted + self._some(0.5, 30)
        level = self._level(job, first, failed)
        self._drafts[job.job_id] = Attempt(
            job.job_id,
            None,
            job.executions,
            status="failed" if failed else "success",
            external_jobid=external,
            stamps=stamps,
            node_starts=(first,),
            levels=(level,),
        )
        heapq.heappush(self._busy, (level.ended or first, job.job_id))

    def _describe(self, job: _Job) -> None:
        inputs = tuple(self._dag[need].output for need in job.needs)
        digests = [f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" for text in ("c", "p")]
        self._emit(
            JobDescribed(
                time=self._now,
                job_id=job.job_id,
                rule=job.rule,
                attempt=job.executions,
                wildcards={"sample": f"sample_{job.sample:06d}"},
                local=False,
                input=inputs,
                output=(job.output,),
                log=(f"logs/{job.rule}/sample_{job.sample:06d}.log",),
                reason=f"Missing output files: {job.output}",
                resources={"mem_mb": 4000 * job.executions, "runtime": 60, "tmpdir": "<TBD>"},
                threads=2,
                priority=0,
                shellcmd=f"{job.rule} --threads 2 {' '.join(inputs[:20])} > {job.output}",
                dependencies=job.needs,
                code_digest=digests[0],
                params_digest=digests[1],
                environment_digest="d41d8cd98f00b204e9800998ecf8427e",
                input_sizes={path: 1_000_000 + len(path) for path in inputs},
            )
        )

    def _level(self, job: _Job, first: Micros, failed: bool) -> Level:
        """Return what the Snakemake process on the node stamped, from its start to its end."""
        loaded = first + self._some(0.8, 2)
        parsed = loaded + self._some(0.1, 0.3)
        planned = parsed + self._some(0.1, 1)
        begun = planned + self._some(0.001, 0.002)
        prepared = begun + self._some(0.0005, 0.001)
        running = prepared + self._some(0.0002, 0.001)
        tool = running + self._some(0.0002, 0.001)
        done = tool + round(self._random.lognormvariate(3, 0.8) * _SECOND)
        reported = done + self._some(0.0001, 0.0005)
        checked = reported + self._some(0.001, 0.05)
        host = f"node{self._random.randrange(40):02d}"
        one = Execution(
            rule=job.rule,
            wildcards={"sample": f"sample_{job.sample:06d}"},
            selected=planned,
            begun=begun,
            prepared=prepared,
            running=running,
            tool_started=tool,
            tool_ended=done,
            reported=reported,
            checked=None if failed else checked,
            status="failed" if failed else "success",
            exit_code=1 if failed else None,
            message="Command exited with 1" if failed else None,
        )
        return Level(
            clock=f"node:{host}",
            host=host,
            pid=self._random.randrange(1000, 60_000),
            wraps="local",
            started=first + self._some(0.001, 0.01),
            loaded=loaded,
            parsed=parsed,
            planned=planned,
            ended=checked + self._some(0.2, 1),
            executions=(one,),
        )

    def _finish(self, job: _Job) -> None:
        """Report an attempt's end, with its phases; a failed one gets ready again."""
        draft = self._drafts.pop(job.job_id)
        reported = self._now
        seen = reported + self._some(0.0005, 0.002)
        visible = seen + self._some(0.0001, 0.001)
        self._now = visible + self._some(0.0005, 0.002)
        draft.waits = (Wait(phase="latency_wait", start=seen, end=visible),)
        draft.stamps = draft.stamps.but(reported=reported, finished=self._now)
        timeline = fold.timeline_of(self._run, draft)
        status: Status = "failed" if draft.status == "failed" else "success"
        last = draft.levels[0].executions[0]
        self._emit(
            AttemptFinished(
                time=self._now,
                job_id=job.job_id,
                attempt=draft.number,
                status=status,
                external_jobid=draft.external_jobid,
                node=timeline.node,
                exit_code=last.exit_code,
                message=last.message,
                stamps=draft.stamps,
                waits=draft.waits,
                node_starts=draft.node_starts,
                levels=draft.levels,
                **figures(timeline.segments),
                offset=timeline.offset,
                unobserved=tuple(timeline.unobserved),
            )
        )
        if status == "failed":
            self._ready.append(job)
            return
        for other in map(self._dag.__getitem__, job.wanted_by):
            other.open_needs -= 1
            if not other.open_needs:
                self._ready.append(other)

    def _end(self) -> None:
        self._now += _SECOND
        nothing = AccountTotals(by_class_s={}, by_phase_s={})
        draft = RunFinished(time=self._now, status="success", job_account=nothing, makespan=nothing)
        self._run.finished = draft
        self._run.last_moment = self._now
        found = account(self._run)
        final = draft.but(
            makespan_s=to_seconds(found.makespan),
            job_account=AccountTotals(
                by_class_s=in_seconds(found.jobs_by_class),
                by_phase_s=in_seconds(found.jobs_by_phase),
            ),
            makespan=AccountTotals(
                by_class_s=in_seconds(found.makespan_by_class),
                by_phase_s=in_seconds(found.makespan_by_phase),
            ),
            job_count=found.job_count,
            attempt_count=found.attempt_count,
            failed_attempts=found.failed_attempts,
            jobs=job_tally(self._run),
            rules=rule_times(found),
        )
        begins_at = sum(map(len, self._lines)) + len(self._lines)
        self._emit(with_screen(final, self._run, found, begins_at, Masker()))


def write_journal(journal: Path, jobs: int, seed: int = 1) -> None:
    """Write a finished run of *jobs* jobs to *journal*."""
    _Cluster(jobs, seed, journal).write()


def main() -> None:
    """Write one journal by hand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jobs", type=int)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    words = parser.parse_args()
    write_journal(words.journal, words.jobs, words.seed)


if __name__ == "__main__":
    main()
