"""Whether one failure is the same as another: how it ended, what it said last, how long it took.

What differs from one execution to the next without meaning anything is taken out of what was said
before it is compared: times, process ids, addresses, temporary names, numbers, and, between the
jobs of a rule, their wildcards.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from snakemake_logger_plugin_observe.analysis.failures.causes import FailureCause
from snakemake_logger_plugin_observe.clock import Micros

_T = TypeVar("_T")
_LIKE_A_TWIN: Final = 2.0
_LIKE_ENOUGH: Final = 500_000
_LONGEST: Final = 500
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_MEANS_NOTHING: Final = tuple(
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


def plain(text: str, wildcards: Mapping[str, str] | None = None) -> str:
    """Return *text* without what differs between two executions that failed in the same way."""
    shown = _COLOURS.sub("", text[:_LONGEST])
    for name, value in sorted((wildcards or {}).items(), key=lambda item: -len(item[1])):
        if value:
            shown = re.sub(
                rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", f"{{{name}}}", shown
            )
    for pattern, instead in _MEANS_NOTHING:
        shown = pattern.sub(instead, shown)
    return shown.strip()


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a log file that says something."""

    path: str
    number: int | None
    """Where in the file; None where the file is long."""
    text: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a job failed: an execution of its tool, or an attempt that came to none."""

    attempt: int
    number: int | None
    """Which execution inside its attempt, from 1; None where none is known of."""
    why: FailureCause
    message: str | None = None
    line: LogLine | None = None
    """The last line of its log that says something; of an attempt's last execution alone."""
    length: Micros | None = None
    """How long its tool ran, or else its attempt from the moment it was chosen."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """What became of trying again: how one failure compares with the one before it."""

    attempt: int
    number: int | None
    same: bool | None
    """Whether it was the same failure again; None where too little is known of either."""
    differs: tuple[str, ...] = ()
    """In what they differ: ``end``, ``line``, ``message``, ``duration``."""


def again(before: Occurrence, now: Occurrence) -> Repeat:
    """Return whether *now* is *before* again.

    A difference in duration alone makes another failure of it only where nothing was said.
    """
    end = _same_end(before.why, now.why)
    said, where = _same_words(before, now)
    length = _like_length(before.length, now.length)
    verdicts = {"end": end, where: said, "duration": length}
    differs = tuple(name for name, same in verdicts.items() if same is False)
    if end is None and said is None:
        same = None
    elif False in (end, said):
        same = False
    else:
        same = said is True or length is not False
    return Repeat(now.attempt, now.number, same, differs)


def signature(one: Occurrence, wildcards: Mapping[str, str]) -> tuple[object, ...]:
    """Return what the same failure of another job of the rule has as well."""
    said = one.line.text if one.line is not None else _own_words(one) or ""
    why = one.why
    return (why.cause, why.exit_code, why.signal, plain(said, wildcards))


def all_alike(signatures: Iterable[tuple[object, ...]]) -> bool:
    """Whether there are two or more, and all the same.

    What one said last may be lost, where a retry wrote over its log at once: it then says nothing
    against the others.
    """
    found = list(signatures)
    ends = {one[:-1] for one in found}
    words = {one[-1] for one in found if one[-1]}
    return len(found) > 1 and len(ends) == 1 and len(words) <= 1


def kinds(found: Iterable[tuple[_T, tuple[object, ...]]]) -> tuple[tuple[_T, ...], ...]:
    """Return what failed, each with its signature, by the way that it did; as they came.

    One of which no words are known is like the others with its end, if these are all alike.
    """
    by_end: dict[tuple[object, ...], dict[object, list[_T]]] = {}
    for one, (*end, words) in found:
        by_end.setdefault(tuple(end), {}).setdefault(words or None, []).append(one)
    told: list[tuple[_T, ...]] = []
    for by_words in by_end.values():
        if len(by_words) == 2 and None in by_words:
            told.append(tuple(one for group in by_words.values() for one in group))
        else:
            told += map(tuple, by_words.values())
    return tuple(told)


def _same_end(before: FailureCause, now: FailureCause) -> bool | None:
    """Compare how two ended, by what is known of both; the cause where nothing else is."""
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


def _same_words(before: Occurrence, now: Occurrence) -> tuple[bool | None, str]:
    """Compare what two said last: in their logs, or else what Snakemake said of them."""
    if before.line is not None and now.line is not None:
        return plain(before.line.text) == plain(now.line.text), "line"
    one, other = _own_words(before), _own_words(now)
    if one and other:
        return plain(one) == plain(other), "message"
    return None, "message"


def _own_words(one: Occurrence) -> str | None:
    """Return a message that says more than the exit code beside it."""
    known = one.why.exit_code is not None or one.why.signal is not None
    if known and (one.message or "").startswith("CalledProcessError"):
        return None
    return one.message


def _like_length(before: Micros | None, now: Micros | None) -> bool | None:
    if before is None or now is None:
        return None
    short, long = sorted((before, now))
    return long - short <= _LIKE_ENOUGH or long <= _LIKE_A_TWIN * short
