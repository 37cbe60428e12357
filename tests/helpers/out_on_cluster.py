"""Runs that go on, with jobs out on a cluster: what the node wrote, and what the scheduler says."""

from typing import Any

from builders import Story, an_execution, at, begun, level, stamps

from snakemake_logger_plugin_observe.analysis.live.state import LiveView
from snakemake_logger_plugin_observe.analysis.live.states import live_view
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.journal.node_reports import NodeReport
from snakemake_logger_plugin_observe.journal.records import SchedulerRecord
from snakemake_logger_plugin_observe.run.attempt import Key
from snakemake_logger_plugin_observe.run.queue_answer import QueueAnswer

FOLDER = "ab" * 16
SUBMITTED = stamps(ready=3, selected=4, submitting=4, accepted=5)


def out(*ids: str | None, **facts: Any) -> Story:
    """Return a run with a job on Slurm for each id: 1, 2, ...; submitted at 5 s."""
    story = begun(**facts)
    for number, external in enumerate(ids, 1):
        story.job(number, wildcards={"i": str(number)}, resources={"runtime": 10})
        fragments = (f"{FOLDER}/{number}",)
        story.submitted(number, SUBMITTED, external_jobid=external, fragments=fragments)
    return story


def queued(external: str = "71", **more: Any) -> SchedulerRecord:
    """Return what ``squeue`` says of a job that is pending."""
    moments = {name: at(more.pop(name)) for name in ("started", "ended") if name in more}
    facts = {"state": "PENDING", "reason": "Priority", "partition": "main", "time_limit_s": 600}
    return SchedulerRecord(cluster_job=external, submitted=at(5), **{**facts, **moments, **more})


def answered(*records: SchedulerRecord, ids: tuple[str, ...] = (), **more: Any) -> QueueAnswer:
    """Return the scheduler's answer about the jobs of *records*, and about *ids* it knows not."""
    known = {one.cluster_job: one for one in records}
    return QueueAnswer(frozenset({*known, *ids}), known, **more)


def computing(since_s: float = 9) -> NodeReport:
    """Return what a node has written whose tool has begun."""
    tool = an_execution(begun=8, tool_started=since_s, status="running")
    return NodeReport((at(6),), (level(tool, started=6.5, loaded=7, planned=8),))


def over(exit_code: int | None = None, ended_s: float = 12) -> NodeReport:
    """Return what a node has written whose processes have ended."""
    status = "failed" if exit_code else "success"
    tool = an_execution(
        begun=8, tool_started=9, tool_ended=11, status=status, exit_code=exit_code, checked=11.5
    )
    node = level(tool, started=6.5, loaded=7, planned=8, ended=ended_s)
    return NodeReport((at(6),), (node,), complete=True)


def view_of(
    story: Story,
    answer: QueueAnswer | None = None,
    reports: dict[Key, NodeReport] | None = None,
    now_s: float = 60,
    **more: Any,
) -> LiveView:
    """Return what the jobs of a run do at *now_s*."""
    return live_view(story.run, reports or {}, answer or QueueAnswer(), at(now_s), **more)


def live_case(story: Story, view: LiveView, status: str = "running") -> Case:
    """Return the triage case of a run that goes on."""
    return Case(story.run, status, live=view)
