"""Cases for triage: a run compared with another, built from stories."""

from typing import Any

from builders import Story, begun
from workflows import SETTINGS, a_job, a_run, a_workflow, party

from snakemake_logger_plugin_observe.analysis.compare.comparison import compare
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.steps import Triage, triage
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.run.model import Run

ONE = {"cut": 1.0, "count": 1.0, "join": 1.0}
"""A second for the tool of each rule."""


def timed(
    tools_s: dict[str, float], jobs: list[dict[str, Any]] | None = None, wait_s: float = 0
) -> Story:
    """Return the small workflow's run, each tool as long as its rule's, each job after the last.

    Args:
        tools_s: how long a job's tool takes, by rule.
        jobs: what ran.
        wait_s: how long each job, though ready, waits for a slot.

    """
    story = begun(settings=SETTINGS, targets=("all",))
    at_s = 3.0
    for number, job in enumerate(a_workflow() if jobs is None else jobs, 1):
        story.job(number, (number - 1,) if number > 1 else (), **job)
        took_s = tools_s.get(job["rule"], 0)
        story.quick(number, at_s, at_s + wait_s, at_s + wait_s + took_s)
        at_s += wait_s + took_s
    return story.end(at_s + 1)


def case_of(after: Story | Run, before: Story | Run | None = None, **more: Any) -> Case:
    """Return the triage case of a run, compared with the baseline *before* if there is one."""
    run = _run(after)
    if before is None:
        return Case(run, run.status(alive=False), **more)
    comparison = compare(party(before), party(after))
    return Case(run, run.status(alive=False), _run(before), comparison, **more)


def _run(one: Story | Run) -> Run:
    return one.run if isinstance(one, Story) else one


def triage_of(after: Story, before: Story | None = None, **more: Any) -> Triage:
    """Return the triage of a run, compared with the baseline *before* if there is one."""
    return triage(case_of(after, before, **more))


def classes(after: Story, before: Story | None = None, **more: Any) -> list[str]:
    """Return the classes of the incidents found, the first first."""
    return [one.incident_class for one in triage_of(after, before, **more).incidents]


WIDE = ["a", "b", "c", "a.md5", "b.md5", "c.md5"]


def widened() -> tuple[Story, Story]:
    """Return a run that found checksum files to be samples, and its baseline."""
    return a_run(a_workflow(WIDE), length_s=200), a_run(a_workflow("abc"))


def flaky(line: str = "cut: no blade") -> Story:
    """Return a run in which each of three jobs failed once, in the same way, and recovered."""
    story = begun(targets=("all",))
    for number, sample in enumerate("abc", 1):
        log = f"logs/cut/{sample}.log"
        story.job(number, **a_job("cut", f"cut/{sample}", sample=sample, log=(log,)))
        tail = LogTail(path=log, bytes=20, first_line=1, lines=("cut: begins", line))
        failed = {"status": "failed", "exit_code": 13, "logs": (tail,), "message": "exit status 13"}
        story.quick(number, 3, 3, 10, **failed)
        story.quick(number, 10, 10, 20, number=2)
    return story.end(30)
