"""Moments of runs that go on, as ``watch`` shows them."""

from pathlib import Path
from typing import Any

from builders import Story, an_execution, at, begun, level, stamps
from half_way import EVER, so_far
from out_on_cluster import FOLDER, answered, computing, queued

from snakemake_logger_plugin_observe.analysis.live.states import live_view
from snakemake_logger_plugin_observe.analysis.remaining.estimate import remaining
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView, view_of
from snakemake_logger_plugin_observe.run import fold
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer

PATH = Path(".snakemake/observe/20260301T120000-012345.jsonl")


def seen(
    story: Story,
    now_s: float,
    answer: QueueAnswer | None = None,
    reports: dict[Key, NodeReport] | None = None,
    earlier: tuple[Story, ...] = (),
    **more: Any,
) -> WatchView:
    """Return what is seen of a run at *now_s*, with what its scheduler and its nodes say."""
    known = so_far(story.events, at(now_s))
    live = None
    if known.run.finished is None:
        fold.add_in_flight(known.run)
        if answer is not None:
            live = live_view(known.run, reports or {}, answer, at(now_s))
    status = more.pop("status", known.run.status(alive=True))
    past = [so_far(one.events, EVER) for one in earlier]
    left = remaining(known, past, at(now_s)) if status == "running" else None
    return view_of(known, path=PATH, status=status, now=at(now_s), live=live, left=left, **more)


def out_on_slurm() -> WatchView:
    """Return a run on Slurm: one job done, one failed and tried again, others in many states."""
    story = begun(jobs=8).ordered(
        {"map": 6, "sort": 1, "all": 1}, "all", all={"sort": 1}, sort={"map": 6}
    )
    story.job(1, wildcards={"s": "a"}, retries=1).quick(1, 3, 4, 20)
    story.job(2, wildcards={"s": "b"}, retries=1, log=("logs/b.log",))
    tail = LogTail(path="logs/b.log", lines=("reading b", "Error: no such column: gc"))
    story.quick(2, 3, 4, 24, status="failed", exit_code=3, logs=(tail,))
    for job_id in (3, 4, 5):
        story.job(job_id, wildcards={"s": "abcdef"[job_id - 1]}, retries=1)
        known = stamps(ready=3, selected=20, submitting=20, accepted=21)
        fragments = (f"{FOLDER}/{job_id}",)
        story.submitted(job_id, known, external_jobid=str(70 + job_id), fragments=fragments)
    story.submitted(
        *(2, stamps(ready=24, selected=25, submitting=25, accepted=26)),
        attempt=2,
        external_jobid="82",
    )
    tool = an_execution(begun=28, tool_started=28, tool_ended=40, checked=40)
    over = NodeReport((at(26),), (level(tool, started=26, loaded=27, planned=28, ended=41),), True)
    answer = answered(
        queued("73", state="RUNNING", started=25, nodes="node7"),
        queued("74", reason="Resources"),
        queued("75", state="RUNNING", started=26, nodes="node3"),
        queued("82", reason="Priority"),
    )
    reports = {(3, 1): computing(30), (5, 1): over}
    return seen(story, 45, answer, reports, asked="scheduler asked 3 s ago, every 30 s")


def on_this_machine() -> Story:
    """Return a run of chains on this machine, one job at a time, with 12 s for each."""
    story = begun(wraps="local", cores=1).ordered({"map": 6, "sort": 2}, sort={"map": 6})
    for job_id in (1, 2, 3):
        story.job(job_id, threads=1, wildcards={"s": str(job_id)})
        story.quick(job_id, 3, 12 * job_id - 9, 12 * job_id + 3)
    story.job(7, rule="sort", needs=(1, 2, 3), threads=1).quick(7, 39, 39, 50)
    story.job(4, threads=1, wildcards={"s": "4"}, log=("logs/4.log",))
    known = stamps(ready=3, selected=50, submitting=50, accepted=50)
    return story.submitted(4, known).started(4, 50)
