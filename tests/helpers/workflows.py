"""Runs of a small workflow, for comparisons: jobs are described briefly, the rest has defaults.

``WORKFLOW`` is three samples that are cut, counted, and joined into one table.
"""

from typing import Any

from builders import Story, at, begun

from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison, Party, compare
from snakemake_logger_plugin_observe.analysis.compare.speed import RunLengths
from snakemake_logger_plugin_observe.journal.events import OutputsRecorded, Planned, Provenance
from snakemake_logger_plugin_observe.journal.records import OutputFile
from snakemake_logger_plugin_observe.run.model import Run

SETTINGS = {
    "rerun_triggers": ["code", "input", "mtime", "params", "software-env"],
    "retries": 0,
    "latency_wait_s": 5,
    "lock": True,
    "touch": False,
}


def a_job(rule: str, output: str | None = None, *inputs: str, **more: Any) -> dict[str, Any]:
    """Return the description of a job; wildcards are given as ``sample="a"``."""
    wildcards = {name: more.pop(name) for name in ("sample", "n") if name in more}
    plain = {
        "log": (f"logs/{rule}.log",),
        "benchmark": f"benchmarks/{rule}.txt",
        "shellcmd": f"{rule} {' '.join(inputs)} > {output}",
        "code_digest": f"sha256:{rule}",
        "params_digest": "sha256:none",
        "environment_digest": "none",
        "threads": 1,
    }
    if output is None:
        plain = dict.fromkeys(plain)
        plain["log"] = ()
    return {
        "rule": rule,
        "input": inputs,
        "output": () if output is None else (output,),
        "wildcards": wildcards,
        **plain,
        **more,
    }


def a_workflow(samples: str = "abc") -> list[dict[str, Any]]:
    """Return the jobs of the small workflow for *samples*, a letter each."""
    return [
        *(a_job("cut", f"cut/{s}", f"raw/{s}", sample=s) for s in samples),
        *(a_job("count", f"count/{s}", f"cut/{s}", sample=s) for s in samples),
        a_job("join", "table", *(f"count/{s}" for s in samples)),
        a_job("all", None, "table"),
    ]


def a_run(
    jobs: list[dict[str, Any]] | None = None,
    *,
    length_s: float = 100,
    sums: dict[str, str] | bool | None = None,
    settings: dict[str, Any] | None = None,
    sources: dict[str, str] | None = None,
    up_to_date: dict[str, int] | None = None,
    status: str = "success",
    kind: str = "run",
    **facts: Any,
) -> Story:
    """Return a run of *jobs*, one after the other, each as long as the next.

    Args:
        jobs: what ran, see ``a_job`` (default: the small workflow).
        length_s: how long it all took.
        sums: checksums by output; True gives each output one that follows from its name.
        settings: those that are not as usual.
        sources: the workflow's own files and their sums.
        up_to_date: jobs of the DAG that did not run, by rule.
        status: how it ended.
        kind: a run, a dry run, a touch.
        facts: more of ``RunStarted``.

    """
    jobs = a_workflow() if jobs is None else jobs
    story = begun(kind=kind, settings={**SETTINGS, **(settings or {})}, targets=("all",), **facts)
    story.add(Provenance(time=at(2), git_commit="c" * 40, git_dirty=False, sources=sources or {}))
    counts: dict[str, int] = {}
    for job in jobs:
        counts[job["rule"]] = counts.get(job["rule"], 0) + 1
    story.add(Planned(time=at(3), to_run=counts, up_to_date=up_to_date or {}))
    makers = {path: number for number, job in enumerate(jobs, 1) for path in job["output"]}
    each = (length_s - 4) / max(len(jobs), 1)
    for number, job in enumerate(jobs, 1):
        needs = tuple(sorted(makers[path] for path in job["input"] if path in makers))
        story.job(number, needs, **job)
        if kind == "run":
            begin = 3 + (number - 1) * each
            story.quick(number, begin, begin, begin + each)
            _record(story, number, job["output"], sums)
    return story.end(length_s, status)


def _record(
    story: Story, job_id: int, outputs: tuple[str, ...], sums: dict[str, str] | bool | None
) -> None:
    if not sums:
        return
    known = {path: f"sum of {path}" for path in outputs} if sums is True else sums
    files = tuple(
        OutputFile(path=path, bytes=1, sha256=known[path]) for path in outputs if path in known
    )
    story.add(OutputsRecorded(time=at(3), job_id=job_id, attempt=1, files=files))


def party(story: Story | Run, **more: Any) -> Party:
    """Return a side of a comparison, as the command makes it of one journal."""
    run = story.run if isinstance(story, Story) else story
    known = run.finished
    measured = RunLengths((), ())
    if known is not None and known.makespan_s is not None:
        measured = RunLengths((known.makespan_s,), (known.makespan.by_class_s,))
    return Party(run, run.status(alive=True), measured, **more)


def compared(before: Story, after: Story) -> Comparison:
    return compare(party(before), party(after))


def found(before: Story, after: Story) -> dict[str, str]:
    """Return the judgement of each kind of finding."""
    return {finding.id: finding.kind for finding in compared(before, after).findings}


def claims(before: Story, after: Story, which: str) -> list[str]:
    """Return the claims of the findings called *which*."""
    return [finding.claim for finding in compared(before, after).findings if finding.id == which]


def changed(jobs: list[dict[str, Any]], rule: str, **facts: Any) -> list[dict[str, Any]]:
    """Return *jobs* with other *facts* for those of *rule*."""
    return [{**job, **facts} if job["rule"] == rule else job for job in jobs]


def without(jobs: list[dict[str, Any]], rule: str) -> list[dict[str, Any]]:
    """Return *jobs* without those of *rule*."""
    return [job for job in jobs if job["rule"] != rule]
