"""The ways in which a job's attempts ended, each described by its own evidence alone.

A job that failed, failed, and was then refused is not one that "failed three times, refused". Where
the ways differ, so do their words: exit code, last line, and what the attempts had requested.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.essence import of_missing_output
from snakemake_logger_plugin_observe.analysis.failures.log_lines import LogLine
from snakemake_logger_plugin_observe.analysis.failures.messages import is_about_invalid_output
from snakemake_logger_plugin_observe.analysis.failures.signatures import (
    Occurrence,
    Repeat,
    compare_failures,
    same_text,
)
from snakemake_logger_plugin_observe.analysis.phrasing import cut, plural
from snakemake_logger_plugin_observe.journal.error_lines import is_error
from snakemake_logger_plugin_observe.run.endings import describe_exit

_NAMED: Final = 3
_ENDED: Final = {
    "out_of_memory": "ran out of memory",
    "time_limit": "reached the time limit",
    "missing_output": "did not write an output",
    "missing_input": "lacked an input",
    "unanswered": "got no answer from the cluster",
    "contradicted": "was reported as failed, though its node reported success",
    "not_started": "ended before the job's script began",
    "lost": "ended when the node or processes were lost",
    "environment": "got no software environment",
    "misreported": "was reported as failed, which the scheduler's record contradicts",
    "exception": "raised an exception",
    "other": "failed",
}
_WAS: Final = {"refused": "refused", "cancelled": "cancelled from outside"}


@dataclass(frozen=True, slots=True)
class Ending:
    """Failures of one job that ended in the same way, or of which nothing shows a difference."""

    occurrences: tuple[Occurrence, ...]
    shared: frozenset[int] = frozenset()
    """The attempts that had executions which ended in another way, too."""

    @property
    def last(self) -> Occurrence:
        """Return the last of them."""
        return self.occurrences[-1]

    @property
    def attempts(self) -> tuple[int, ...]:
        """Return the numbers of their attempts."""
        return tuple(dict.fromkeys(one.attempt for one in self.occurrences))


def endings(occurrences: Sequence[Occurrence], repeats: Sequence[Repeat]) -> tuple[Ending, ...]:
    """Return the ways in which a job failed, in the order in which they first occurred.

    One of which too little is known to compare counts with the failure before it.

    Args:
        occurrences: its failures; not empty.
        repeats: how each after the first compares with the one before it.

    """
    latest = [occurrences[0]]
    found = [latest]
    for one, repeat in zip(occurrences[1:], repeats, strict=True):
        if repeat.same is False or _differs(latest[:-1], one):
            before = [known for known in found if _same(known, one)]
            latest = before[0] if before else []
            found += [] if before else [latest]
        latest.append(one)
    if len(found) == 1:
        return (Ending(tuple(latest)),)
    attempts = [{one.attempt for one in known} for known in found]
    often = Counter(chain.from_iterable(attempts))
    shared = frozenset(number for number, times in often.items() if times > 1)
    return tuple(Ending(tuple(known), shared) for known in found)


def _same(known: list[Occurrence], one: Occurrence) -> bool:
    """Whether *one* ended like those that are *known*, the last of which may have no text."""
    return compare_failures(known[-1], one).same is True and not _differs(known[:-1], one)


def _differs(known: list[Occurrence], one: Occurrence) -> bool:
    return any(same_text(earlier, one) is False for earlier in known)


def describe(
    ways: Sequence[Ending], requested: Mapping[int, str] | None = None, longest: int = 160
) -> str:
    """Return ``attempts 1 and 2 ended with exit code 3: no such file; attempt 3 was refused: …``.

    Args:
        ways: the ways in which a job failed.
        requested: what its attempts requested, by their numbers, where that differs.
        longest: how long each of their texts may be.

    """
    return "; ".join(of_attempts(one, requested or {}, longest) for one in ways)


def of_attempts(one: Ending, requested: Mapping[int, str], longest: int = 160) -> str:
    """Return which attempts ended in one way, what they requested, how they ended, and the text."""
    numbers = one.attempts
    asked = [requested[number] for number in numbers if number in requested]
    with_what = f" ({' and '.join(asked)})" if 0 < len(asked) == len(numbers) < _NAMED else ""
    times = len(one.occurrences)
    often = f" ({plural(times, 'execution')})" if times > len(numbers) else ""
    often = "" if _of_one_attempt(one) else often
    text = text_of(one.occurrences, longest)
    how = _how(one.last, many=len(numbers) > 1)
    return f"{_named(one)}{with_what} {how}{often}{f': {text}' if text else ''}"


def text_of(occurrences: Sequence[Occurrence], longest: int = 160) -> str:
    """Return what one of some failures printed or reported last; empty if nothing is known."""
    for one in reversed(occurrences):
        if (line := line_about(one)) is not None:
            return _one_line(line.text, longest)
    message = occurrences[-1].message or ""
    if occurrences[-1].why.cause == "missing_output":
        message = of_missing_output(message)
    return "" if message.startswith("CalledProcessError") else _one_line(message, longest)


def line_about(one: Occurrence) -> LogLine | None:
    """Return the line of its log that may be about how it failed.

    A tool that a signal ended printed nothing about that, unless it reads like an error: its last
    line is where it was then.
    """
    by_signal = one.why.signal is not None
    return None if by_signal and one.line is not None and not is_error(one.line.text) else one.line


def _one_line(text: str, longest: int) -> str:
    return cut(" ".join(text.split()).rstrip(":"), longest)


def _how(one: Occurrence, *, many: bool) -> str:
    """Return how an attempt ended, as a verb."""
    why = one.why
    if why.from_outside:
        by_signal = describe_exit(why.exit_code, why.signal)
        return f"{'were' if many else 'was'} killed from outside ({by_signal})"
    if why.cause in ("exit_code", "signal"):
        by = "with" if why.exit_code is not None else "by"
        return f"ended {by} {describe_exit(why.exit_code, why.signal)}"
    probably = "" if why.certain else "probably "
    if why.cause in _WAS:
        return f"{'were' if many else 'was'} {probably}{_WAS[why.cause]}"
    if why.cause == "missing_output" and is_about_invalid_output(one.message):
        return "wrote an output that is not as declared"
    return f"{probably}{_ENDED[why.cause]}"


def _named(one: Ending) -> str:
    """Return which attempts ended so, or which executions of one: ``attempt 1, execution 2``."""
    attempts = _numbered("attempt", one.attempts)
    if not _of_one_attempt(one):
        return attempts
    executions = [each.execution for each in one.occurrences if each.execution is not None]
    return f"{attempts}, {_numbered('execution', executions)}" if executions else attempts


def _of_one_attempt(one: Ending) -> bool:
    return len(one.attempts) == 1 and one.attempts[0] in one.shared


def _numbered(noun: str, numbers: Sequence[int]) -> str:
    """Return ``attempt 3``, ``attempts 1 and 2``, ``attempts 1 to 4``."""
    if len(numbers) == 1:
        return f"{noun} {numbers[0]}"
    first, last = numbers[0], numbers[-1]
    if len(numbers) > 2 and last - first + 1 == len(numbers):
        return f"{noun}s {first} to {last}"
    return f"{noun}s {', '.join(map(str, numbers[:-1]))} and {last}"
