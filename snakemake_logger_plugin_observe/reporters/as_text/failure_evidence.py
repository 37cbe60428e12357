"""The evidence of a failure: messages of Snakemake and the executor, and the ends of logs."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.failures.essence import on_one_line
from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.log_lines import last_meaningful_line
from snakemake_logger_plugin_observe.analysis.failures.messages import NOT_SUBMITTED
from snakemake_logger_plugin_observe.analysis.failures.signatures import normalised
from snakemake_logger_plugin_observe.analysis.jobs.table import Row
from snakemake_logger_plugin_observe.journal.error_lines import without_colours
from snakemake_logger_plugin_observe.journal.records import LogTail
from snakemake_logger_plugin_observe.reporters.words import harmless
from snakemake_logger_plugin_observe.run.attempt import FAILED, Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.unobserved import (
    NO_NODE_STAMPS,
    NODE_CUT_OFF,
    ONLY_A_SIGN,
    in_the_end,
)

ITEMS: Final = 5
"""How many items of a list are shown."""
_INPUTS: Final = 3
_LOG_LINES: Final = 5
# What can be concluded about a failure without a message, by what was not recorded.
_UNSEEN: Final = {
    NO_NODE_STAMPS: "the executor reported that it failed; it may never have started on a node",
    ONLY_A_SIGN: "it started on the node, but ended before Snakemake there started the job",
    NODE_CUT_OFF: "its processes on the node were killed, or the node was lost",
}


def evidence(
    run: Run, one: Failure, row: Row, *, with_command: bool = True
) -> Iterator[RenderableType]:
    """Yield messages, the ends of logs or else the command, and the inputs."""
    attempt = row.attempt
    logs = () if one.cause in NOT_SUBMITTED else attempt.logs  # an earlier attempt wrote them
    logged = any(text.strip() for log in logs for text in log.lines)
    messages = _messages(run, one, attempt, logged=logged)
    yield from map(line, messages)
    if not (one.decisive.message or attempt.message):
        yield from map(line, _unseen(attempt))
    for log in logs:
        yield from _log(log)
    if row.command and not logged and with_command:
        yield Text(harmless(f"  command: {row.command}"), no_wrap=True, overflow="ellipsis")
    if row.log and not logs:
        yield line("log: " + ", ".join(row.log))
    if one.inputs:
        yield line(f"inputs: {first_of(one.inputs, _INPUTS)}")
    unseen = dict.fromkeys(
        in_the_end(why) for failed in failed_attempts(one) for why in failed.unobserved
    )
    yield from (line(f"unobserved: {why}", "dim") for why in unseen)


def _unseen(attempt: Attempt) -> list[str]:
    """Return what can be concluded about a failure without a message."""
    record = attempt.accounting
    if attempt.end_from_record and record is not None:
        code = f": exit code {record.exit_code} of its job script" if record.exit_code else ""
        return [f"only the scheduler's record shows its end{code}; how its tool ended is unknown"]
    return [_UNSEEN[why] for why in attempt.unobserved if why in _UNSEEN][:1]


def _messages(run: Run, one: Failure, attempt: Attempt, *, logged: bool) -> list[str]:
    """Return the messages of Snakemake and the executor that add to the logs and the state."""
    found: dict[str, str] = {}
    own = attempt.message if attempt.status != "success" else None
    if one.decisive.why.cause in NOT_SUBMITTED:
        own = None  # the whole call, in which the error is hard to find
    for message in (one.decisive.message, own):
        text = on_one_line(message)
        state = one.decisive.why.state
        known = state is not None and f"'{state}'. Reason: Unknown" in text
        if text and not known and not (logged and text.startswith("CalledProcessError")):
            found.setdefault(normalised(text), run.with_relative_paths(text))
    return list(found.values())


def _log(log: LogTail) -> Iterator[RenderableType]:
    """Yield the last lines of a log that are not blank, as ``file:line: text``."""
    if log.problem is not None:
        yield line(f"log {log.path}: {log.problem}", "dim")
        return
    written = [number for number, text in enumerate(log.lines) if text.strip()][-_LOG_LINES:]
    first = log.first_line
    shows = last_meaningful_line(log)
    numbers = [None if first is None else first + number for number in written]
    texts = [without_colours(log.lines[number]) for number in written]
    if shows is not None and (shows.number, shows.text) not in zip(numbers, texts, strict=True):
        numbers, texts = [shows.number, *numbers[1:]], [shows.text, *texts[1:]]
    for number, text in zip(numbers, texts, strict=True):
        yield line(f"{log.path}:{'' if number is None else f'{number}:'} {text}")


def failed_attempts(one: Failure) -> list[Attempt]:
    """Return the failed attempts: none if a retry inside the only attempt recovered."""
    return [row.attempt for row in one.rows if row.attempt.status in FAILED]


def line(text: str, style: str = "") -> RenderableType:
    """Return a line of a block; it wraps with the same indent."""
    return Padding(Text(harmless(text), style), (0, 0, 0, 2))


def first_of(items: Sequence[str], most: int = ITEMS) -> str:
    """Return the first of *items*, and how many more there are (never only one)."""
    if len(items) <= most + 1:
        return ", ".join(items)
    return f"{', '.join(items[:most])} and {len(items) - most:,} more"
