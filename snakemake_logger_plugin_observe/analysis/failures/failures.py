"""What failed: each job with every time that it failed, and what trying again was worth.

Executions are counted as they happened: an attempt on a node can run its tool several times, for
the Snakemake there follows a rule's ``retries:`` as well. A group's submission that failed is its
members' failure where one of them failed by itself, and else the group's own.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.failures.causes import Cause, Use, use, why
from snakemake_logger_plugin_observe.analysis.failures.signatures import (
    LogLine,
    Occurrence,
    Repeat,
    again,
    all_alike,
    signature,
)
from snakemake_logger_plugin_observe.analysis.jobs.table import Row, RowFilter, rows
from snakemake_logger_plugin_observe.analysis.phrasing import group_name
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.records import Execution, LogTail
from snakemake_logger_plugin_observe.run.attempt import FINAL, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.node_processes import span_of

Outcome = Literal["failed", "succeeded", "cancelled", "unfinished"]
Verdict = Literal["once", "deterministic", "repeated", "different", "unknown"]
Pattern = Literal["every_job", "flaky", "some"]

_FAILED: Final = ("failed", "lost")
_FLAKY_AMONG: Final = 3
# A log's last words that tell nothing of what went wrong.
_SAYS_NOTHING: Final = re.compile(
    r"\W*|\s*at [\w.$<>/]+\(.*|Execution halted|Calls: .*|Traceback \(most recent call last\):"
    r"|Shutting down, this might take some time\.|srun: error: .*Exited with exit code \d+"
    r"|srun: (?:Terminating|launch/slurm|got SIG|Job step aborted).*|srun: error: .*: Killed"
    r"|Will exit after finishing currently running jobs.*"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A job (or a group's submission as a whole, then without a job) that failed at least once."""

    job_id: int | None
    group: str | None
    group_name: str | None
    rule: str | None
    wildcards: dict[str, str]
    inputs: tuple[str, ...]
    rows: tuple[Row, ...]
    """All its attempts, those that succeeded too."""
    occurrences: tuple[Occurrence, ...]
    """Each time that it failed, in order; never empty."""
    repeats: tuple[Repeat, ...]
    """How each failure but the first compares with the one before it."""
    executions: int
    """How often its tool was run, as far as that was seen."""
    failed_executions: int
    all_seen: bool
    """Whether it was seen of every attempt how often the tool was run."""
    outcome: Outcome
    verdict: Verdict
    """``deterministic``: twice or more, and always the same; ``repeated``: that, and then it
    succeeded; ``different``: not the same each time; ``unknown``: too little is known of it."""
    lost: Micros
    """What its failures cost: attempts since they were selected, executions by themselves."""
    use: Use
    """Of the attempt, or the try in it, that failed last."""

    @property
    def key(self) -> int | str:
        """What identifies the job or the group in its run."""
        return self.job_id if self.job_id is not None else self.group or ""

    @property
    def last(self) -> Occurrence:
        """The last time that it failed."""
        return self.occurrences[-1]

    @property
    def cause(self) -> Cause:
        """Why it failed the last time."""
        return self.last.why.cause

    @property
    def succeeded_on(self) -> int | None:
        """The attempt that succeeded in the end, or None."""
        return self.rows[-1].attempt.number if self.outcome == "succeeded" else None

    @property
    def failed_first(self) -> bool:
        """Whether its first execution failed."""
        first = self.occurrences[0]
        return first.attempt == 1 and first.number in (1, None)

    @property
    def masked(self) -> bool:
        """Whether retries hid it: a success in the end, or the same failure over and over."""
        return self.outcome == "succeeded" or self.verdict == "deterministic"

    @property
    def likeness(self) -> tuple[object, ...]:
        """What another job of the rule that failed in the same way, and as often, has as well."""
        attempts = len(self.rows)
        how_often = (self.outcome, self.verdict, attempts, self.executions, len(self.occurrences))
        return (self.rule, self.group_name, *how_often, *signature(self.last, self.wildcards))


@dataclass(frozen=True, slots=True)
class RulePattern:
    """What the jobs of one rule have in common that failed and succeeded in the end."""

    rule: str
    jobs: int
    """How many jobs of the rule were tried."""
    failed_first: int
    """How many failed the first time that they were run."""
    recovered: int
    """How many failed, and succeeded in the end."""
    succeeded_on: int | None
    """The attempt on which they all succeeded; None where that differs."""
    pattern: Pattern
    """``every_job``: all of two or more, and in the same way, which is no chance; ``flaky``: few
    among many; ``some``: neither."""
    example: Failure


def failures(run: Run) -> tuple[Failure, ...]:
    """Return what failed at least once, what failed for good first, then by the time it cost."""
    by_key: dict[int | str, list[Row]] = {}
    for row in rows(run, RowFilter(failed=True)):
        by_key.setdefault(row.attempt.key[0], []).append(row)
    found = [
        failure
        for of_one in by_key.values()
        if (failure := _failure(run, sorted(of_one, key=_number))) is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.outcome == "succeeded", -one.lost)))


def masked(found: Iterable[Failure]) -> tuple[Failure, ...]:
    """Return the failures that retries hid."""
    return tuple(one for one in found if one.masked)


def patterns(run: Run, found: Iterable[Failure]) -> tuple[RulePattern, ...]:
    """Return, for each rule of which a job failed and succeeded in the end, what it looks like."""
    jobs: dict[str, set[int]] = {}
    for attempt in run.attempts.values():
        rule = run.rule_of(attempt)
        if rule is not None and attempt.job_id is not None and attempt.status != "cached":
            jobs.setdefault(rule, set()).add(attempt.job_id)
    by_rule: dict[str, list[Failure]] = {}
    for one in found:
        if one.rule is not None:
            by_rule.setdefault(one.rule, []).append(one)
    return tuple(
        _pattern(rule, len(jobs[rule]), of_rule)
        for rule, of_rule in by_rule.items()
        if any(one.outcome == "succeeded" for one in of_rule)
    )


def _pattern(rule: str, jobs: int, of_rule: list[Failure]) -> RulePattern:
    recovered = [one for one in of_rule if one.outcome == "succeeded"]
    first = [one for one in recovered if one.failed_first]
    alike = all_alike(signature(one.occurrences[0], one.wildcards) for one in first)
    pattern: Pattern = "some"
    if len(first) == jobs and alike:
        pattern = "every_job"
    elif jobs >= _FLAKY_AMONG and len(of_rule) * 2 < jobs:
        pattern = "flaky"
    on = {one.succeeded_on for one in recovered}
    return RulePattern(
        rule=rule,
        jobs=jobs,
        failed_first=sum(1 for one in of_rule if one.failed_first),
        recovered=len(recovered),
        succeeded_on=on.pop() if len(on) == 1 else None,
        pattern=pattern,
        example=recovered[0],
    )


def _number(row: Row) -> int:
    return row.attempt.number


def _failed_executions(attempt: Attempt) -> list[Execution]:
    return [one for one in attempt.executions if one.status in _FAILED]


def _guilty(run: Run, attempt: Attempt) -> list[int]:
    """Return the members of the group that failed by themselves in one submission of it."""
    found: list[int] = []
    for member in run.members(attempt.group or ""):
        own = run.attempts.get((member, attempt.number))
        if own is not None and _failed_executions(own):
            found.append(member)
    return found


def _failure(run: Run, of_one: list[Row]) -> Failure | None:
    first, last = of_one[0], of_one[-1].attempt
    whole = last.job_id is None
    occurrences: list[Occurrence] = []
    lost = 0
    ended_by: tuple[Attempt, Execution | None] | None = None
    for row in of_one:
        times = list(_occurrences(run, row))
        if not times:
            continue
        occurrences += [one for one, _ in times]
        ended_by = (row.attempt, times[-1][1] if row.attempt.status not in _FAILED else None)
        lost += _lost(run, row)
    if ended_by is None:
        return None
    repeats = tuple(again(a, b) for a, b in pairwise(occurrences))
    outcome = _outcome(last)
    involved = [row.attempt for row in of_one]
    numbers = [one.number for one in involved]
    if whole:
        keys = ((job, number) for job in run.members(last.group or "") for number in numbers)
        involved = [run.attempts[key] for key in keys if key in run.attempts]
    ran = [
        one for attempt in involved for one in attempt.executions if one.tool_started is not None
    ]
    job = run.job_of(last)
    return Failure(
        job_id=last.job_id,
        group=last.group,
        group_name=group_name(run, last.group),
        rule=first.rule,
        wildcards=first.wildcards,
        inputs=job.input if job is not None else (),
        rows=tuple(of_one),
        occurrences=tuple(occurrences),
        repeats=repeats,
        executions=len(ran),
        failed_executions=sum(1 for one in occurrences if one.number is not None),
        all_seen=all(map(_seen, involved)),
        outcome=outcome,
        verdict=_verdict(repeats, outcome),
        lost=lost,
        use=use(run, *ended_by),
    )


def _occurrences(run: Run, row: Row) -> Iterator[tuple[Occurrence, Execution | None]]:
    """Yield each time that the job failed in one attempt, with the try that it was."""
    attempt = row.attempt
    failed = attempt.status in _FAILED
    whole = (attempt.group or "", attempt.number)
    if attempt.is_member and not _failed_executions(attempt) and whole in run.attempts:
        return  # it is told of the group, or of another member
    if attempt.job_id is None and _guilty(run, attempt):
        return  # it is told of the members
    executions = attempt.executions if attempt.job_id is not None else []
    for number, one in enumerate(executions, 1):
        ends_it = failed and number == len(executions)
        if one.status in _FAILED or ends_it:
            ran = one.tool_started is not None
            reason = why(run, attempt, one, last=ends_it)
            line = _last_line(attempt) if ends_it else None
            message = one.message or (attempt.message if ends_it else None)
            where = (attempt.number, number if ran else None)
            yield Occurrence(*where, reason, message, line, _tool(one)), one
    if failed and not executions:
        reason, line = why(run, attempt, None, last=True), _last_line(attempt)
        yield (
            Occurrence(attempt.number, None, reason, attempt.message, line, row.since_selected),
            None,
        )


def _tool(one: Execution) -> Micros | None:
    if one.tool_started is None or one.tool_ended is None:
        return None
    return one.tool_ended - one.tool_started


def _last_line(attempt: Attempt) -> LogLine | None:
    """Return the last line that says something, of the first of its logs that has one."""
    return next(
        (line for log in attempt.logs if (line := last_meaningful_line(log)) is not None), None
    )


def last_meaningful_line(log: LogTail) -> LogLine | None:
    """Return the last line of a log that says something of what went wrong, or None."""
    for number in reversed(range(len(log.lines))):
        text = log.lines[number]
        if text.strip() and not _SAYS_NOTHING.fullmatch(text):
            first = log.first_line
            return LogLine(log.path, None if first is None else first + number, text)
    return None


def _lost(run: Run, row: Row) -> Micros:
    """Return what the failures of one attempt cost: all of it, or the executions inside it."""
    attempt = row.attempt
    if attempt.status not in _FAILED:
        spans = filter(None, map(span_of, _failed_executions(attempt)))
        return sum(max(0, end - begun) for begun, end in spans)
    lost = row.since_selected
    if attempt.is_member and _guilty(run, attempt)[:1] == [attempt.job_id]:
        whole = run.attempts.get((attempt.group or "", attempt.number))  # it is lost once
        if whole is not None:
            lost += whole.since_chosen
    return lost


def _outcome(last: Attempt) -> Outcome:
    if last.status in ("success", "cached"):
        return "succeeded"
    if last.status == "cancelled":
        return "cancelled"
    return "failed" if last.status in FINAL else "unfinished"


def _verdict(repeats: tuple[Repeat, ...], outcome: Outcome) -> Verdict:
    if not repeats:
        return "once"
    same = {one.same for one in repeats}
    if False in same:
        return "different"
    if None in same:
        return "unknown"
    return "repeated" if outcome == "succeeded" else "deterministic"


def _seen(attempt: Attempt) -> bool:
    """Whether it is known how often an attempt ran its tool."""
    never_began = attempt.stamps.submitting is not None and attempt.stamps.accepted is None
    return never_began or (bool(attempt.levels) and not attempt.unobserved)
