"""Failures as text: what they cost by cause and rule, then a block for each way of failing."""

import signal
from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure, RulePattern
from snakemake_logger_plugin_observe.analysis.failures.signatures import Occurrence
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.analysis.phrasing import plural, wildcard_values
from snakemake_logger_plugin_observe.reporters.answers import JobsAnswer
from snakemake_logger_plugin_observe.reporters.as_text.failure_evidence import (
    ITEMS,
    evidence,
    failed_attempts,
    line,
    some,
)
from snakemake_logger_plugin_observe.reporters.words import (
    duration,
    harmless,
    job_name,
    percent,
    size,
)

_BLOCKS: Final = 8
_BLOCKS_OF_A_RULE: Final = 40
_GROUPS: Final = 10
_CAUSES: Final = {
    "out_of_memory": "out of memory",
    "time_limit": "time limit",
    "missing_output": "an output is missing, or not as promised",
    "missing_input": "an input is missing",
    "refused": "the submission was refused",
    "lost": "its node or its processes are gone",
    "cancelled": "cancelled from outside",
    "environment": "its software environment could not be made",
    "exception": "exception",
}
_SHORT: Final = {
    **_CAUSES,
    "missing_output": "missing output",
    "missing_input": "missing input",
    "refused": "refused",
    "lost": "node or processes gone",
    "cancelled": "cancelled",
    "environment": "environment",
    "other": "other",
}


def parts(answer: JobsAnswer, width: int) -> list[RenderableType]:
    """Return what failed, part by part; paths lose the working directory."""
    started = answer.source.run.started
    here = f"{started.workdir}/" if started is not None else ""
    found: list[RenderableType] = [Text(_summary(answer), "bold")]
    if len({(_headline(one), one.rule) for one in answer.failures}) > 1:
        found += [Text(), _by_cause(answer.failures, width)]
    blocks = _blocks(answer)
    most = _BLOCKS_OF_A_RULE if answer.rule is not None else _BLOCKS
    patterns = {pattern.rule: pattern for pattern in answer.patterns}
    for block in blocks[:most]:
        found += [Text(), *_block(answer, block, patterns, here)]
    if left := [one for block in blocks[most:] for one in block]:
        more = "--format json has them all" if answer.rule is not None else "--rule RULE shows more"
        found += [Text(), Text(f"… {plural(len(left), 'more job')} that failed; {more}")]
    elif answer.rule is None and any(len(block) > 1 for block in blocks):
        found += [Text(), Text("→ snakemake-observe jobs --failed --rule RULE    each of its jobs")]
    return found


def _for_good(answer: JobsAnswer) -> str:
    """Return what is said of a job whose last attempt failed; a run that goes on may try again."""
    return "failed so far" if answer.source.status == "running" else "failed for good"


def _summary(answer: JobsAnswer) -> str:
    """Return how much failed, and how much of it retries hid, in one sentence."""
    found = answer.failures
    counts = {
        _for_good(answer): sum(1 for one in found if one.outcome == "failed"),
        "failed and succeeded in the end": sum(1 for one in found if one.outcome == "succeeded"),
        "failed, then cancelled": sum(1 for one in found if one.outcome == "cancelled"),
        "failed, not ended yet": sum(1 for one in found if one.outcome == "unfinished"),
    }
    told = [(words, count) for words, count in counts.items() if count]
    said = [f"{plural(told[0][1], 'job')} {told[0][0]}"]
    said += [f"{count:,} {words}" for words, count in told[1:]]
    times = sum(len(one.occurrences) for one in found)
    at_least = "" if all(one.all_seen for one in found) else "at least "
    lost = duration(sum(one.lost for one in found))
    return f"{', '.join(said)}: {at_least}{plural(times, 'failure')}, {lost} lost"


def _by_cause(found: Iterable[Failure], width: int) -> Table:
    """Return the time lost by cause and rule, the costliest first."""
    groups: dict[tuple[str, str], list[Failure]] = {}
    for one in found:
        groups.setdefault((_headline(one), _rule(one)), []).append(one)
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    table.add_column("Cause", no_wrap=True, max_width=width * 4 // 10, overflow="ellipsis")
    table.add_column("rule", no_wrap=True, max_width=width * 2 // 10, overflow="ellipsis")
    for heading in ("jobs", "failures", "lost"):
        table.add_column(heading, justify="right", no_wrap=True)
    costly = sorted(groups.items(), key=lambda item: -sum(one.lost for one in item[1]))
    for (cause, rule), of_one in costly[:_GROUPS]:
        times = sum(len(one.occurrences) for one in of_one)
        lost = duration(sum(one.lost for one in of_one))
        table.add_row(f"  {cause}", rule, f"{len(of_one):,}", f"{times:,}", lost)
    if (left := len(costly) - _GROUPS) > 0:
        table.add_row(f"  … {left} more")
    return table


def _rule(one: Failure) -> str:
    return harmless(one.rule) if one.rule is not None else job_name(None, {}, one.group_name)


def _headline(one: Failure) -> str:
    """Return a failure's last cause in a few words, the same for all that have it."""
    why = one.last.why
    if why.cause in ("exit_code", "signal"):
        return _ended_by(one.last)
    return ("" if why.sure else "probably ") + _SHORT[why.cause]


def _blocks(answer: JobsAnswer) -> list[list[Failure]]:
    """Return the failures that are told together: of one rule, in the same way, as often."""
    if answer.rule is not None:
        return [[one] for one in answer.failures]
    blocks: dict[tuple[object, ...], list[Failure]] = {}
    for one in answer.failures:
        blocks.setdefault(one.likeness, []).append(one)
    lost = {key: sum(one.lost for one in block) for key, block in blocks.items()}
    ordered = sorted(blocks, key=lambda key: (blocks[key][0].outcome == "succeeded", -lost[key]))
    return [blocks[key] for key in ordered]


def _block(
    answer: JobsAnswer, block: list[Failure], patterns: dict[str, RulePattern], here: str
) -> Iterator[RenderableType]:
    """Yield what is known of one way of failing, with one log of one of the jobs."""
    one = block[0]
    row = next(row for row in one.rows if row.attempt.number == one.last.attempt)
    alone = len(block) == 1
    name = job_name(one.rule, one.wildcards if alone else {}, one.group_name)
    who = plural(len(block), "job") if not alone else ""
    if alone and one.job_id is not None:
        who = f"job {one.job_id}"
    title = " · ".join(part for part in (name, who, _story(answer, one, alone=alone)) if part)
    yield Text(title, "bold")
    yield line(_facts(answer, block, row))
    if not alone:
        names = [f"{each.key} {wildcard_values(each.wildcards)}".strip() for each in block]
        yield line(f"jobs {some(names)}")
    if one.outcome == "succeeded" and (pattern := patterns.pop(one.rule or "", None)):  # said once
        yield from _in_common(pattern)
    yield from map(line, _used(one))
    yield from map(line, _executions(one))
    if one.verdict in ("different", "unknown"):
        yield from map(line, _each(one))
    yield from map(line, _also(one))
    yield from evidence(one, row, here)


def _story(answer: JobsAnswer, one: Failure, *, alone: bool) -> str:
    """Return how it went on: how often it failed, in what way, and what came of it."""
    times, tried = len(one.occurrences), len(one.rows)
    how = {
        "once": "failed once",
        "deterministic": f"failed {times} × the same way",
        "repeated": f"failed {times} × the same way",
        "different": f"failed {times} ×, not the same way each time",
        "unknown": f"failed {times} ×, whether the same way is not known",
    }[one.verdict]
    each = "" if alone else "each "
    if one.outcome == "succeeded":
        last = one.rows[-1].attempt
        inside = last.number == one.last.attempt
        where = (
            f"on a retry inside attempt {last.number}" if inside else f"on attempt {last.number}"
        )
        return f"{each}{how}, and succeeded {where} (masked by retries)"
    if one.outcome in ("cancelled", "unfinished"):
        end = "then cancelled" if one.outcome == "cancelled" else "not ended yet"
        return f"{each}{how}, {end}"
    after = f"{each}{_for_good(answer)} after {plural(tried, 'attempt')}"
    ways = {
        "once": "",
        "deterministic": f", {times} × the same way (masked by retries)",
        "different": ", not the same way each time",
        "unknown": "; whether the same way each time is not known",
    }
    return after + ways.get(one.verdict, "")


def _facts(answer: JobsAnswer, block: list[Failure], row: Row) -> str:
    """Return how it ended, where, and what it cost."""
    one = block[0]
    failed = failed_attempts(one) or [row.attempt]
    nodes = dict.fromkeys(attempt.node for attempt in failed if attempt.node)
    ids = list(dict.fromkeys(a.external_jobid for a in failed if a.external_jobid))
    started = answer.source.run.started
    scheduler = (started.wraps or started.executor if started is not None else None) or "external"
    where = f"on {some(list(nodes))}" if nodes and len(block) == 1 else ""
    if ids and len(block) == 1:
        where = f"{where} ({scheduler} {some(ids)})".strip()
    lost = f"{duration(sum(each.lost for each in block))} lost"
    phases: dict[str, int] = {}
    for attempt in (attempt for each in block for attempt in failed_attempts(each)):
        for name, micros in attempt.phases.items():
            phases[name] = phases.get(name, 0) + (micros if name != "slot_wait" else 0)
    if any(phases.values()):
        name, most = max(phases.items(), key=lambda item: item[1])
        lost += f", {percent(most, sum(phases.values()))} % of it {name}"
    return ", ".join(part for part in (_cause(one.last), where, lost) if part)


def _cause(one: Occurrence) -> str:
    """Return why it failed: what ended it, and what is made of that."""
    why, ended = one.why, _ended_by(one)
    if why.cause in ("exit_code", "signal"):
        return ended
    said = _CAUSES.get(why.cause, "failed")
    told = ", ".join(part for part in (why.state or "", ended) if part)
    return ("" if why.sure else "probably ") + said + (f" ({told})" if told else "")


def _ended_by(one: Occurrence) -> str:
    why = one.why
    number = why.signal
    known = number is not None and number in {each.value for each in signal.Signals}
    named = f"signal {number}" + (f", {signal.Signals(number or 0).name}" if known else "")
    if why.exit_code is None:
        return "" if number is None else named
    return f"exit code {why.exit_code}" + (f" ({named})" if number is not None else "")


def _in_common(pattern: RulePattern) -> Iterator[RenderableType]:
    """Yield what the rule's jobs have in common: no chance, or chance."""
    rule = pattern.rule
    if pattern.pattern == "every_job":
        on = f" on attempt {pattern.succeeded_on}" if pattern.succeeded_on is not None else " later"
        said = f"each of the {pattern.jobs:,} jobs of {rule} failed first in this way"
        yield line(f"{said}, and succeeded{on}: that is no chance, retries hide it", "yellow")
    elif pattern.pattern == "flaky":
        yield line(f"flaky: {pattern.recovered:,} of the {pattern.jobs:,} jobs of {rule}")


def _used(one: Failure) -> Iterator[str]:
    """Yield use against request, where a limit may have been what ended it."""
    used, cause = one.use, one.cause
    if used.memory_bytes is not None and (cause == "out_of_memory" or used.nearly_all_memory):
        yield f"memory: {size(used.memory_bytes)} used{_of(used.memory_requested_bytes, size)}"
    elif cause == "out_of_memory":
        yield f"memory: use not known{_of(used.memory_requested_bytes, size)}"
    if used.time_s is not None and (cause == "time_limit" or used.nearly_all_time):
        yield f"time: {_seconds(used.time_s)} used{_of(used.time_requested_s, _seconds)}"


def _of(asked: float | None, say: object) -> str:
    return "" if asked is None or not callable(say) else f" of {say(asked)} asked for"


def _seconds(value: float) -> str:
    return duration(round(value * 1e6))


def _executions(one: Failure) -> Iterator[str]:
    """Yield how often the tool really ran, where that is not once an attempt."""
    attempts = [row.attempt for row in one.rows]
    if one.job_id is None or one.executions <= len(attempts):
        return
    ran = [sum(1 for each in a.executions if each.tool_started is not None) for a in attempts]
    inside = some(list(map(str, ran)))
    yield (
        f"its tool ran {one.executions} times in {plural(len(attempts), 'attempt')} ({inside}):"
        " Snakemake on the node follows the rule's retries too"
    )


def _each(one: Failure) -> Iterator[str]:
    """Yield a line for each time that it failed, where they are not the same."""
    for each in one.occurrences[:ITEMS]:
        inside = f", execution {each.number}" if (each.number or 1) > 1 else ""
        took = f" after {duration(each.length)}" if each.length is not None else ""
        said = f": {each.line.text.strip()}" if each.line is not None else ""
        yield f"attempt {each.attempt}{inside}: {_cause(each)}{took}{said}"
    if len(one.occurrences) > ITEMS:
        yield f"… {len(one.occurrences) - ITEMS} more"


def _also(one: Failure) -> Iterator[str]:
    """Yield what differs between failures that are the same otherwise."""
    lengths = [each.length for each in one.occurrences if each.length is not None]
    apart = any(each.same and "duration" in each.differs for each in one.repeats)
    if apart and lengths:
        yield f"it took {duration(min(lengths))} to {duration(max(lengths))} to fail"
