"""Changed code, params, environment, threads and resources of rules."""

import re
from collections.abc import Collection, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair, by_rule
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import CORES, asked, given
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of
from snakemake_logger_plugin_observe.run.model import Run

CODE, PARAMS, ENVIRONMENT = "code_changed", "params_changed", "environment_changed"
COMMAND, THREADS, RESOURCES = "command_changed", "threads_changed", "resources_changed"
GROUPED, TEMPORARY = "grouped", "temp_changed"
_LONGEST: Final = 600
_COMPUTING: Final = {
    "code": CODE,
    "script": CODE,
    "checkpoint": CODE,
    "params": PARAMS,
    "environment": ENVIRONMENT,
    "command": COMMAND,
}
# Resources that the scheduler and the cluster read, and tools hardly ever do.
_SCHEDULING: Final = re.compile(
    r"mem(_mb|_mib|_per_cpu|_mb_per_cpu)?|disk(_mb|_mib)?|runtime|walltime|time|tmpdir|nodes|tasks"
    r"|cpus_per_task|gpus?|partition|queue|qos|account|slurm_.*|lsf_.*|sge_.*|htcondor_.*|_.*"
)


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield rules whose jobs changed."""
    commands = {change.subject for change in compared.changes if change.what == "command"}
    code = {change.subject for change in compared.changes if change.what == "code"}
    capped = {rule for rule in commands | _with_threads(compared) if _only_capped(compared, rule)}
    for change in compared.changes:
        if change.subject in capped and change.what in ("command", "threads"):
            if change.what == "threads":
                yield _fewer_threads(compared, change)
            continue
        if change.subject == RUN:
            yield from _script(compared, change, code)
        elif change.what in _COMPUTING:
            claim = compared.with_results(
                f"{_what(change)} of {change.subject} changed{_how_many(change)}"
                + (f": {change.values.within(_LONGEST)}" if change.values else ""),
                change.subject,
            )
            kind = compared.by_results(change.subject)
            yield Finding(_COMPUTING[change.what], kind, claim, change.evidence)
        elif change.what == "threads" or change.what.startswith("resource "):
            yield _given(compared, change, commands)
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
            claim = f"rule {change.before} was renamed to {change.after}"
            yield Finding("renamed", "neutral", claim, change.evidence)
        elif change.what == "group":
            yield _grouped(compared, change)


def _what(change: Change) -> str:
    return "the command" if change.what == "command" else change.what


def _how_many(change: Change) -> str:
    return f" ({jobs_of(change.jobs)})" if change.jobs > 1 else ""


def _script(compared: Compared, change: Change, code: set[str]) -> Iterator[Finding]:
    """Yield the rules that run a changed script, unless their *code* is a finding already."""
    path = change.what.removeprefix("file ")
    if path == change.what:
        return
    workdir = compared.after.run.started.workdir if compared.after.run.started else ""
    of = {path, f"{workdir}/{path}"}
    pairs = [pair for pair in compared.match.pairs if pair.before.rule not in code]
    users = [pair.after for pair in pairs if pair.after.script in of]
    for rule, jobs in by_rule(users).items():
        claim = compared.with_results(
            f"the script of {rule}, {path}, changed ({jobs_of(len(jobs))})", rule
        )
        yield Finding(CODE, compared.by_results(rule), claim, change.evidence)


def _given(compared: Compared, change: Change, commands: set[str]) -> Finding:
    """Judge threads or a resource by whether the tool can read it.

    *commands* are the rules whose command changed with it.
    """
    name = change.what.removeprefix("resource ")
    finding = THREADS if name == "threads" else RESOURCES
    claim = (
        f"{change.what} of {change.subject}: {change.before or 'none'} → {change.after or 'none'}"
    )
    claim += _how_many(change)
    if compared.same_bytes or (name != "threads" and _SCHEDULING.fullmatch(name)):
        return Finding(finding, "safe", claim, change.evidence)
    if change.subject not in commands and _only_commands(compared, change.subject):
        return Finding(finding, "safe", f"{claim}; the command is the same", change.evidence)
    return Finding(
        finding,
        compared.by_results(change.subject),
        compared.with_results(f"{claim}, which the tool can read", change.subject),
        change.evidence,
    )


def _with_threads(compared: Compared) -> set[str]:
    return {change.subject for change in compared.changes if change.what == "threads"}


def _only_capped(compared: Compared, rule: str) -> bool:
    """Whether a limit gave the jobs of *rule* fewer threads than they ask for, and only that.

    Each asks for as many in both runs, and its command differs at most in their number.
    """
    pairs = [pair for pair in compared.match.pairs if pair.before.rule == rule]
    changed = [p for p in pairs if p.before.threads != p.after.threads]
    same = all(p.before.shellcmd == p.after.shellcmd for p in pairs if p not in changed)
    return bool(changed) and same and all(map(_is_capped, changed))


def _is_capped(pair: Pair) -> bool:
    jobs = (pair.before, pair.after)
    wanted = [asked(job, CORES) for job in jobs]
    had = [given(job, CORES) for job in jobs]
    if wanted[0] != wanted[1] or 0 in had:
        return False
    commands = [re.split(r"([0-9]+)", job.shellcmd or "") for job in jobs]
    numbers = tuple(map(str, had))
    return len(commands[0]) == len(commands[1]) and all(
        one == other or (one, other) == numbers for one, other in zip(*commands, strict=True)
    )


def _fewer_threads(compared: Compared, change: Change) -> Finding:
    """Judge threads that a limit such as ``--cores`` capped, and a command with their number."""
    rule = change.subject
    wanted = max(asked(p.after, CORES) for p in compared.match.pairs if p.before.rule == rule)
    claim = (
        f"threads of {rule}: {change.before} → {change.after}{_how_many(change)}, of the {wanted} "
        "that it asks for, as --cores allowed; nothing else in its command changed"
    )
    if compared.same_of(rule) is None:
        return Finding(
            THREADS,
            "safe",
            f"{claim}: safe unless the tool's output depends on its threads",
            change.evidence,
        )
    claim = compared.with_results(claim, rule)
    return Finding(THREADS, compared.by_results(rule), claim, change.evidence)


def _only_commands(compared: Compared, rule: str) -> bool:
    """Whether both journals have the whole command of each of the rule's jobs."""
    pairs = [pair for pair in compared.match.pairs if pair.before.rule == rule]
    return all(None not in (pair.before.shellcmd, pair.after.shellcmd) for pair in pairs)


def _grouped(compared: Compared, change: Change) -> Finding:
    rule = change.subject
    pairs = [pair for pair in compared.match.pairs if pair.before.rule == rule]
    before = _submissions(compared.before.run, {pair.before.job_id for pair in pairs})
    after = _submissions(compared.after.run, {pair.after.job_id for pair in pairs})
    claim = f"{jobs_of(change.jobs)} of {rule} in {after} submissions, not {before}"
    return Finding(GROUPED, "safe", claim, change.evidence)


def _submissions(run: Run, jobs: Collection[int]) -> int:
    """Return in how many submissions *jobs* were sent to the executor."""
    return len(
        {
            attempt.key if attempt.group is None else (attempt.group, attempt.number)
            for attempt in run.attempts.values()
            if attempt.job_id in jobs
        }
    )
