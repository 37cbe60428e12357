"""Whether two failures are the same: how they ended, the last message, and how long they took.

Before messages are compared, parts that vary from execution to execution are removed from them:
times, process ids, addresses, temporary names, numbers, and, between jobs of a rule, wildcards.
"""

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.failures.causes import FailureCause
from snakemake_logger_plugin_observe.analysis.failures.log_lines import LogLine
from snakemake_logger_plugin_observe.clock import Micros

_T = TypeVar("_T")
# Durations are alike if they differ by less than this factor, or by less than these microseconds.
_SAME_FACTOR: Final = 2.0
_SAME_MICROS: Final = 500_000
_LONGEST: Final = 500
_IN_WORDS: Final = frozenset(string.ascii_letters + string.digits)
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_IS_A_NUMBER: Final = re.compile(r"[-+]?\d[\d.,:/_-]*")
_VARYING: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "#"),
        (r"\b0x[0-9a-fA-F]+\b", "#"),
        (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?=\w{3} |\d)", ""),
        (r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2}\b", "#"),
        (r"(?:/var)?/(?:tmp|scratch|dev/shm)/[^\s:'\",;)\]]+", "#"),
        (r"\btmp[\w.-]{6,}", "tmp#"),
        (r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", "#"),
        (r"(?<![A-Za-z_])[-+]?\d[\d.,:/_T-]*(?:[eE][-+]?\d+)?Z?(?![A-Za-z_])", "#"),
        (r"(?<=#)(?: ?#)+", ""),
        (r"\s+", " "),
    )
)


def normalised(text: str, wildcards: Mapping[str, str] | None = None) -> str:
    """Return *text* without what varies between two executions that failed in the same way."""
    shown = _COLOURS.sub("", text[:_LONGEST])
    for name, value in sorted((wildcards or {}).items(), key=lambda item: -len(item[1])):
        # A number goes with all numbers: of "line 1", nobody knows whether it is the value.
        if value and value in shown and not _IS_A_NUMBER.fullmatch(value):
            shown = _replaced(shown, value, f"{{{name}}}")
    return _without_varying(shown)


def _replaced(text: str, word: str, instead: str) -> str:
    """Return *text* with *instead* for each *word* that is no part of one.

    A pattern would have to be compiled for each job.
    """
    parts: list[str] = []
    at = 0
    while (found := text.find(word, at)) >= 0:
        end = found + len(word)
        if text[found - 1 : found] in _IN_WORDS or text[end : end + 1] in _IN_WORDS:
            parts.append(text[at : found + 1])
            at = found + 1
        else:
            parts += [text[at:found], instead]
            at = end
    return "".join([*parts, text[at:]])


@lru_cache(maxsize=4096)  # a failure is compared with several others
def _without_varying(shown: str) -> str:
    for pattern, instead in _VARYING:
        shown = pattern.sub(instead, shown)
    return shown.strip()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a job failed: an execution of its tool, or an attempt that never ran it."""

    attempt: int
    execution: int | None
    """Its number inside the attempt, from 1; None if no execution was seen."""
    why: FailureCause
    message: str | None = None
    line: LogLine | None = None
    """The last meaningful line of its own log."""
    duration: Micros | None = None
    """How long the tool ran; without an execution, how long the attempt took since selected."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """How one failure of a job compares with the one before it."""

    attempt: int
    execution: int | None
    same: bool | None
    """Whether it is the same failure; None if too little is known of either."""
    differs: tuple[str, ...] = ()
    """What differs: ``end``, ``line``, ``message``, ``duration``."""


def compare_failures(before: Occurrence, now: Occurrence) -> Repeat:
    """Return how *now* compares with *before*.

    The same exit code alone makes it the same failure; but if one took much longer than the other,
    and neither has a message, it cannot be told.
    """
    end = _same_end(before.why, now.why)
    text, source = _same_text(before, now)
    duration = _same_duration(before.duration, now.duration)
    timed = before.execution is not None and now.execution is not None  # its tool, not all else
    verdicts = {"end": end, source: text, "duration": duration}
    differs = tuple(name for name, same in verdicts.items() if same is False)
    same: bool | None = True
    if False in (end, text):
        same = False
    elif text is None and (end is None or (duration is False and timed)):
        same = None
    return Repeat(now.attempt, now.execution, same, differs)


def same_text(before: Occurrence, now: Occurrence) -> bool | None:
    """Whether the last messages of two failures are the same; None if one has none."""
    return _same_text(before, now)[0]


def own_text(one: Occurrence) -> str | None:
    """Return the last line of its log, or else a message that says more than its exit code."""
    return one.line.text if one.line is not None else _own_message(one)


def signature(one: Occurrence, wildcards: Mapping[str, str]) -> tuple[object, ...]:
    """Return a key that is equal for the same failure of another job of the rule."""
    text = own_text(one) or ""
    why = one.why
    return (why.cause, why.exit_code, why.signal, normalised(text, wildcards))


def all_alike(signatures: Iterable[tuple[object, ...]]) -> bool:
    """Whether there are two or more, and all are the same.

    A missing text counts as equal to any other: a retry may have overwritten the log at once.
    """
    found = list(signatures)
    ends = {one[:-1] for one in found}
    texts = {one[-1] for one in found if one[-1]}
    return len(found) > 1 and len(ends) == 1 and len(texts) <= 1


def group_alike(found: Iterable[tuple[_T, tuple[object, ...]]]) -> tuple[tuple[_T, ...], ...]:
    """Return the failures in *found* grouped by their signatures, in their order.

    A failure without a text joins those that ended like it, if these all have the same text.
    """
    by_end: dict[tuple[object, ...], dict[object, list[_T]]] = {}
    for one, (*end, text) in found:
        by_end.setdefault(tuple(end), {}).setdefault(text or None, []).append(one)
    groups: list[tuple[_T, ...]] = []
    for by_text in by_end.values():
        if len(by_text) == 2 and None in by_text:
            groups.append(tuple(one for group in by_text.values() for one in group))
        else:
            groups += map(tuple, by_text.values())
    return tuple(groups)


def _same_end(before: FailureCause, now: FailureCause) -> bool | None:
    """Compare the exit codes, signals and states that both have, or else their causes."""
    pairs = [
        (before.exit_code, now.exit_code),
        (before.signal, now.signal),
        (before.state, now.state),
    ]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if known:
        return all(a == b for a, b in known)
    ended = [(one.exit_code, one.signal) != (None, None) for one in (before, now)]
    if all(ended):  # one by a signal, the other by itself
        return False
    if before.cause != now.cause:
        return False
    return None if before.cause == "other" else True


def _same_text(before: Occurrence, now: Occurrence) -> tuple[bool | None, str]:
    """Compare the last lines of two logs, or else Snakemake's messages."""
    if before.line is not None and now.line is not None:
        return normalised(before.line.text) == normalised(now.line.text), "line"
    one, other = _own_message(before), _own_message(now)
    if one and other:
        return normalised(one) == normalised(other), "message"
    return None, "message"


def _own_message(one: Occurrence) -> str | None:
    """Return its message, unless that repeats only its exit code."""
    known = one.why.exit_code is not None or one.why.signal is not None
    if known and (one.message or "").startswith("CalledProcessError"):
        return None
    return one.message


def _same_duration(before: Micros | None, now: Micros | None) -> bool | None:
    if before is None or now is None:
        return None
    short, long = sorted((before, now))
    return long - short <= _SAME_MICROS or long <= _SAME_FACTOR * short
