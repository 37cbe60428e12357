"""What jobs are: code, params, environment, threads, resources; their results decide."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.differences import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.job_matching import by_rule
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of
from snakemake_logger_plugin_observe.run.model import Run

CODE, PARAMS, ENVIRONMENT = "code_changed", "params_changed", "environment_changed"
COMMAND, THREADS, RESOURCES = "command_changed", "threads_changed", "resources_changed"
GROUPED, TEMPORARY = "grouped", "temp_changed"
_COMPUTING: Final = {
    "code": CODE,
    "script": CODE,
    "checkpoint": CODE,
    "params": PARAMS,
    "environment": ENVIRONMENT,
    "command": COMMAND,
}
# What the scheduler and the cluster read, and a tool hardly: what they give a job, and where.
_SCHEDULING: Final = re.compile(
    r"mem(_mb|_mib|_per_cpu|_mb_per_cpu)?|disk(_mb|_mib)?|runtime|walltime|time|tmpdir|nodes|tasks"
    r"|cpus_per_task|gpus?|partition|queue|qos|account|slurm_.*|lsf_.*|sge_.*|htcondor_.*|_.*"
)


def findings(it: Compared) -> Iterator[Finding]:
    """Tell of rules whose jobs are not what they were."""
    reached = {change.subject for change in it.changes if change.what == "command"}
    told = {change.subject for change in it.changes if change.what == "code"}
    for change in it.changes:
        if change.subject == RUN:
            yield from _file(it, change, told)
        elif change.what in _COMPUTING:
            claim = it.shown(f"{_what(change)} of {change.subject} changed{_how_many(change)}")
            yield Finding(_COMPUTING[change.what], it.tuning(), claim, change.evidence)
        elif change.what == "threads" or change.what.startswith("resource "):
            yield _given(it, change, reached)
        elif change.what in ("local", "priority"):
            claim = f"{change.what} of {change.subject}: {change.before} → {change.after}"
            yield Finding("placed", "safe", claim, change.evidence)
        elif change.what == "temp":
            claim = (
                f"temporary outputs of {change.subject}: {change.before} → {change.after}"
                f"{_how_many(change)}"
            )
            yield Finding(TEMPORARY, "neutral", claim, change.evidence)
        elif change.what == "rule's name":
            claim = f"rule {change.before} is called {change.after} now"
            yield Finding("renamed", "neutral", claim, change.evidence)
        elif change.what == "group":
            yield _grouped(it, change)


def _what(change: Change) -> str:
    return "the command" if change.what == "command" else change.what


def _how_many(change: Change) -> str:
    return f" ({jobs_of(change.jobs)})" if change.jobs > 1 else ""


def _file(it: Compared, change: Change, told: set[str]) -> Iterator[Finding]:
    """Tell of rules whose script is another, where that is not *told* by the jobs' code."""
    path = change.what.removeprefix("file ")
    if path == change.what:
        return
    workdir = it.after.run.started.workdir if it.after.run.started else ""
    of = {path, f"{workdir}/{path}"}
    pairs = [pair for pair in it.match.pairs if pair.before.rule not in told]
    users = [pair.after for pair in pairs if pair.after.script in of]
    for rule, jobs in by_rule(users).items():
        claim = it.shown(f"the script of {rule}, {path}, changed ({jobs_of(len(jobs))})")
        yield Finding(CODE, it.tuning(), claim, change.evidence)


def _given(it: Compared, change: Change, reached: set[str]) -> Finding:
    """Judge threads and resources: do they reach the tool?"""
    name = change.what.removeprefix("resource ")
    finding = THREADS if name == "threads" else RESOURCES
    claim = (
        f"{change.what} of {change.subject}: {change.before or 'none'} → {change.after or 'none'}"
    )
    claim += _how_many(change)
    if it.proved or (name != "threads" and _SCHEDULING.fullmatch(name)):
        return Finding(finding, "safe", claim, change.evidence)
    if change.subject not in reached and _only_commands(it, change.subject):
        return Finding(finding, "safe", f"{claim}; the command is the same", change.evidence)
    return Finding(
        finding, "unsafe", it.shown(f"{claim}, which the tool can read"), change.evidence
    )


def _only_commands(it: Compared, rule: str) -> bool:
    """Whether the journals have the whole command of each of the rule's jobs."""
    pairs = [pair for pair in it.match.pairs if pair.before.rule == rule]
    return all(None not in (pair.before.shellcmd, pair.after.shellcmd) for pair in pairs)


def _grouped(it: Compared, change: Change) -> Finding:
    rule = change.subject
    pairs = [pair for pair in it.match.pairs if pair.before.rule == rule]
    before = _submissions(it.before.run, {pair.before.job_id for pair in pairs})
    after = _submissions(it.after.run, {pair.after.job_id for pair in pairs})
    claim = f"{jobs_of(change.jobs)} of {rule} in {after} submissions, not {before}"
    return Finding(GROUPED, "safe", claim, change.evidence)


def _submissions(run: Run, jobs: Collection[int]) -> int:
    """Return how many submissions *jobs* were handed to the executor in."""
    return len(
        {
            attempt.key if attempt.group is None else (attempt.group, attempt.number)
            for attempt in run.attempts.values()
            if attempt.job_id in jobs
        }
    )
