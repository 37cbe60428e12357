"""The text of ``jobs --failed``: failures by cause and rule, then a block for each kind."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.failures.cause_names import full_cause, short_cause
from snakemake_logger_plugin_observe.analysis.failures.endings import of_attempts
from snakemake_logger_plugin_observe.analysis.failures.explained import explain
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.repeat import RunFacts
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import RulePattern
from snakemake_logger_plugin_observe.analysis.failures.story import retry_setting, story_of
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.phrasing import job_name as job_label
from snakemake_logger_plugin_observe.analysis.phrasing import plural, wildcard_values
from snakemake_logger_plugin_observe.pasting import option
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer
from snakemake_logger_plugin_observe.reporters.as_text import failure_meaning
from snakemake_logger_plugin_observe.reporters.as_text.common import reader
from snakemake_logger_plugin_observe.reporters.as_text.failure_causes import table_by_cause
from snakemake_logger_plugin_observe.reporters.as_text.failure_evidence import (
    ITEMS,
    evidence,
    failed_attempts,
    first_of,
    line,
)
from snakemake_logger_plugin_observe.reporters.words import (
    duration,
    duration_s,
    harmless,
    job_name,
    percent,
    requested_size,
    size,
)

_BLOCKS: Final = 8
_BLOCKS_OF_A_RULE: Final = 40
_NO_LIMIT: Final = "; jobs that succeeded used as much over their requests, so no limit was there"


def parts(answer: JobsAnswer, width: int) -> list[RenderableType]:
    """Return what failed, part by part, with paths relative to the working directory."""
    found: list[RenderableType] = [Text(_summary(answer), "bold")]
    if len({(short_cause(one), one.rule) for one in answer.failures}) > 1:
        found += [Text(), table_by_cause(answer.failures, width)]
    blocks = _blocks(answer)
    most = _BLOCKS_OF_A_RULE if answer.rule is not None else _BLOCKS
    patterns = {pattern.rule: pattern for pattern in answer.patterns}
    facts = RunFacts(answer.source.run)
    for block in blocks[:most]:
        found += [Text(), *_block(answer, block, patterns, facts)]
    left = [one for block in blocks[most:] for one in block]
    if left:
        names = dict.fromkeys(one.rule for one in left if one.rule)
        where = f": {first_of(list(names))}" if names else ""
        where = "; --format json has them all" if answer.rule is not None else where
        found += [Text(), Text(harmless(f"… {plural(len(left), 'more failed job')}{where}"))]
    together = left or [one for block in blocks if len(block) > 1 for one in block]
    if answer.rule is None and (rule := next((one.rule for one in together if one.rule), None)):
        chosen = ("--failed", *option("--rule", rule))
        each = reader("jobs", answer.source, *chosen, purpose="each job of a rule")
        found += [*([] if left else [Text()]), each]
    return found


def _failed(answer: JobsAnswer) -> str:
    """Return the outcome of a job whose last attempt failed; a running run may retry it."""
    return "failed so far" if answer.source.status == "running" else "failed"


def _summary(answer: JobsAnswer) -> str:
    """Return in one sentence how many jobs failed, and how many recovered on a retry."""
    found = answer.failures
    counts = {
        _failed(answer): sum(1 for one in found if one.outcome == "failed"),
        "recovered on a retry": sum(1 for one in found if one.outcome == "succeeded"),
        "failed, then cancelled": sum(1 for one in found if one.outcome == "cancelled"),
        "failed, not finished yet": sum(1 for one in found if one.outcome == "unfinished"),
    }
    (first, jobs), *others = [(outcome, count) for outcome, count in counts.items() if count]
    shown = [f"{plural(jobs, 'job')} {first}", *(f"{count:,} {other}" for other, count in others)]
    times = sum(len(one.occurrences) for one in found)
    # What is not retried fails once in each attempt, seen or not.
    exact = all(one.all_seen or one.retries == 0 for one in found)
    at_least = "" if exact else "at least "
    lost = duration(sum(one.lost for one in found))
    return f"{', '.join(shown)}: {at_least}{plural(times, 'failure')}, {lost} lost"


def _blocks(answer: JobsAnswer) -> list[list[Failure]]:
    """Return the failures by rule, way of failing and number of failures."""
    if answer.rule is not None:
        return [[one] for one in answer.failures]
    blocks: dict[tuple[object, ...], list[Failure]] = {}
    for one in answer.failures:
        blocks.setdefault(one.likeness, []).append(one)
    lost = {key: sum(one.lost for one in block) for key, block in blocks.items()}
    ordered = sorted(blocks, key=lambda key: (blocks[key][0].outcome == "succeeded", -lost[key]))
    return [blocks[key] for key in ordered]


def _block(
    answer: JobsAnswer,
    block: list[Failure],
    patterns: dict[str, RulePattern],
    facts: RunFacts,
) -> Iterator[RenderableType]:
    """Yield what is known about jobs that failed in the same way, with one of their logs."""
    one = block[0]
    row = one.decisive_row
    alone = len(block) == 1
    name = job_name(one.rule, one.wildcards if alone else {}, one.group_name)
    noun = "group" if one.job_id is None else "job"
    who = plural(len(block), noun) if not alone else ""
    if alone and one.job_id is not None:
        who = f"job {one.job_id}"
    title = " · ".join(part for part in (name, who, _story(answer, one, alone=alone)) if part)
    yield Text(title, "bold")
    yield line(_facts(answer, block, row))
    for gone in answer.removed:
        if gone.reader.job_id in {each.job_id for each in block}:
            yield line(f"{gone.claim}; to do: {gone.fix}")
    if not alone:
        names = [f"{each.key} {wildcard_values(each.wildcards)}".strip() for each in block]
        yield line(f"{noun}s {first_of(names)}")
    if one.outcome == "succeeded" and (pattern := patterns.pop(one.rule or "", None)):  # shown once
        yield from _in_common(pattern)
    yield from map(line, _used(one))
    yield from map(line, _executions(one))
    if len(one.ways) > 1:
        yield from map(line, _each(one))
    elif alone:
        yield from map(line, _requests(one))
    yield from map(line, _retries(one))
    if one.stopped:
        yield line(f"{first_of(one.stopped)}, which shares a pipe with it, ended with it")
    yield from map(line, _in_their_groups(answer, block))
    yield from map(line, _also(one))
    found = explain(answer.source.run, one, str(answer.source.path), facts)
    yield from failure_meaning.meaning(found)
    own = answer.source.owner is None  # a command of another user's journal is not one to paste
    alone = own and found.repeat is not None and found.repeat.how == "command"
    yield from evidence(answer.source.run, one, row, with_command=not alone)
    yield from failure_meaning.log_advice(found)
    if own:
        yield from failure_meaning.repeat(found)


def _story(answer: JobsAnswer, one: Failure, *, alone: bool) -> str:
    """Return how often a job failed, whether in the same way, and how it ended."""
    each = "" if alone else "each "
    return f"{each}{story_of(one, final=answer.source.status != 'running')}"


def _facts(answer: JobsAnswer, block: list[Failure], row: Row) -> str:
    """Return the cause, the node, and the time lost."""
    one = block[0]
    failed = failed_attempts(one) or [row.attempt]
    clustered = answer.source.run.on_cluster  # a local run has one host
    nodes = dict.fromkeys(attempt.node for attempt in failed if attempt.node and clustered)
    ids = list(dict.fromkeys(a.external_jobid for a in failed if a.external_jobid))
    scheduler = answer.source.run.inner_executor or "external"
    where = f"on {first_of(list(nodes))}" if nodes and len(block) == 1 else ""
    if ids and len(block) == 1:
        external = f"{scheduler} {first_of(ids)}"
        where = f"{where} ({external})" if where else external
    lost = f"{duration(sum(each.lost for each in block))} lost"
    phases: Counter[str] = Counter()
    for each in block:
        phases.update(each.lost_in)
    if any(phases.values()):
        ((name, most),) = phases.most_common(1)
        lost += f", {percent(most, sum(phases.values()))} % of it in {name}"
    cause = full_cause(one.decisive) if len(one.ways) == 1 else ""  # each way has a line of its own
    return ", ".join(part for part in (cause, where, lost) if part)


def _in_common(pattern: RulePattern) -> Iterator[RenderableType]:
    """Yield whether the rule's failures are deterministic or intermittent."""
    rule = pattern.rule
    if pattern.pattern == "every_job":
        on = f" on attempt {pattern.succeeded_on}" if pattern.succeeded_on is not None else " later"
        text = f"deterministic: all {pattern.jobs:,} jobs of {rule} failed in this way at first"
        yield line(f"{text} and recovered{on}; retries hide the cause", "yellow")
    elif pattern.pattern == "flaky":
        some = f"{pattern.recovered:,} of the {pattern.jobs:,} jobs of {rule}"
        yield line(f"intermittent: {some} failed and recovered")


def _used(one: Failure) -> Iterator[str]:
    """Yield used and requested resources, where a limit may have ended the job."""
    used, cause = one.use, one.cause
    if used.memory_bytes is not None and (cause == "out_of_memory" or used.nearly_all_memory):
        requested = _of(used.memory_requested_bytes, requested_size)
        too = _NO_LIMIT if one.decisive.why.no_memory_limit else ""
        yield f"memory: {size(used.memory_bytes)} used{requested}{too}"
    elif cause == "out_of_memory":
        yield f"memory: use unknown{_of(used.memory_requested_bytes, requested_size)}"
    if used.time_s is not None and (cause == "time_limit" or used.nearly_all_time):
        yield f"time: {duration_s(used.time_s)} used{_of(used.time_requested_s, duration_s)}"


def _of(asked: float | None, say: object) -> str:
    return "" if asked is None or not callable(say) else f" of {say(asked)} requested"


def _executions(one: Failure) -> Iterator[str]:
    """Yield how often the tool ran, if more than once per attempt."""
    attempts = [row.attempt for row in one.rows]
    if one.job_id is None or one.executions <= len(attempts):
        return
    ran = [
        sum(1 for each in attempt.final_executions if each.tool_started is not None)
        for attempt in attempts
    ]
    inside = first_of(list(map(str, ran)))
    yield (
        f"its tool ran {one.executions} times in {plural(len(attempts), 'attempt')} ({inside}):"
        " Snakemake on the node applies the rule's retries as well"
    )


def _each(one: Failure) -> Iterator[str]:
    """Yield a line for each way in which its attempts ended."""
    for way in one.ways[:ITEMS]:
        lengths = [each.duration for each in way.occurrences if each.duration is not None]
        took = ""
        if lengths and way.last.execution is not None:
            short, long = duration(min(lengths)), duration(max(lengths))
            took = f" [after {short}]" if short == long else f" [after {short} to {long}]"
        yield f"{of_attempts(way, one.requested)}{took}"
    if len(one.ways) > ITEMS:
        yield f"… {len(one.ways) - ITEMS} more"


def _requests(one: Failure) -> Iterator[str]:
    """Yield what its attempts requested, where that differs and they ended alike."""
    numbers = [row.attempt.number for row in one.rows if row.attempt.number in one.requested]
    if len(numbers) > 1:
        each = [f"{one.requested[number]} (attempt {number})" for number in numbers]
        yield f"requested: {first_of(each)}"


def _retries(one: Failure) -> Iterator[str]:
    """Yield what says that a job is retried, if it was."""
    setting = retry_setting(one)
    if setting is not None and len(one.rows) > 1:
        yield f"retried because of {setting}"


def _in_their_groups(answer: JobsAnswer, block: list[Failure]) -> Iterator[str]:
    """Yield which jobs of their groups did not run because of them, or succeeded in vain."""
    jobs = answer.source.run.jobs
    prevented = [job for one in block for job in one.prevented if job in jobs]
    undone = [job for one in block for job in one.undone if job in jobs]
    if prevented:
        names = [job_label(jobs[job]) for job in prevented]
        yield f"did not run because of it, in the same group: {first_of(names)}"
    if undone:
        names = [job_label(jobs[job]) for job in undone]
        yield (
            f"had succeeded in the same group: {first_of(names)}; Snakemake removes the outputs of "
            "all jobs of a group that failed, so they run again"
        )


def _also(one: Failure) -> Iterator[str]:
    """Yield how long it took to fail, where that differs between otherwise equal failures."""
    lengths = [each.duration for each in one.occurrences if each.duration is not None]
    apart = any(each.same and "duration" in each.differs for each in one.repeats)
    if apart and lengths:
        yield f"it took {duration(min(lengths))} to {duration(max(lengths))} to fail"
