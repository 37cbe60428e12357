"""Ends that a command makes itself: by ``kill``, by ``timeout``, by ``exit``."""

import re
import signal as signals
from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.shell.commands import SimpleCommand, last_of
from snakemake_logger_plugin_observe.analysis.phrasing import cut

_LONGEST: Final = 60

_KILLERS: Final = frozenset({"kill", "pkill", "killall", "skill"})
_SIGNAL: Final = re.compile(
    r"-(?:(?:s|n|-signal)[= ])?(?:SIG)?(?P<which>[A-Z]+\d?|\d+)\b", re.IGNORECASE
)
"""The signal that one of them sends, at the begin of its arguments."""
_ENDING_SIGNALS: Final = frozenset(
    {signals.SIGHUP, signals.SIGINT, signals.SIGKILL, signals.SIGTERM}
)
_TO_ITSELF: Final = frozenset({"$$", "-$$", "$BASHPID", "${BASHPID}", "0"})
_TIMEOUT_OPTION: Final = re.compile(r"(?:-[sk]|--signal|--kill-after)[= ]?\S+|-\S+")
_KILLS: Final = re.compile(r"(?:^|\s)(?:(?:-s|--signal)[= ]?(?:SIG)?(?:KILL|9)\b|-k|--kill-after)")
_TIME: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_NEARLY: Final = 0.95
"""What a time that was measured has at least of one that passed."""


def sent_by_itself(
    programs: Sequence[SimpleCommand], code: int, *, shell_ended: bool
) -> Iterator[Meaning]:
    """Yield that the command itself sent the signal that ended it.

    If that ended the shell, and not only what the shell waited for, it was sent to the shell.
    """
    found = (one for one in programs if code - 128 in _ENDING_SIGNALS and _sends(one) == code - 128)
    if shell_ended:
        found = (one for one in found if one.program != "kill" or _TO_ITSELF & {*one.arguments})
    if (one := next(found, None)) is not None:
        text = cut(one.text, _LONGEST)
        yield Meaning(
            "likely",
            f"the command itself sends that signal: `{text}`",
            f"leave `{text}` out, or let it end another process",
            f"it ends so without `{text}`, too",
            prints_nothing=True,
        )


def timed_out(
    live: Sequence[SimpleCommand], code: int, lasted_s: float | None
) -> Iterator[Meaning]:
    """Yield that ``timeout`` killed a program, where it was told to kill."""
    one = last_of(live, _TIMEOUTS)
    if code == 128 + signals.SIGKILL and one is not None and _killed_in_time(one, lasted_s):
        yield Meaning(
            "likely",
            f"{one.program} killed the program behind it because it took too long",
            "give it more time, or find out why it takes so long",
            "it ends within that time",
        )


def passed_time(
    programs: Sequence[SimpleCommand], code: int, lasted_s: float | None
) -> Iterator[Meaning]:
    """Yield that the time of a ``timeout`` had passed, behind which the command ends otherwise."""
    one = next((one for one in programs if one.ignored and one.program in _TIMEOUTS), None)
    limit = _limit_of(one) if one is not None else None
    if one is None or limit is None or lasted_s is None or code == _TIMED_OUT:
        return
    if _NEARLY * limit <= lasted_s <= _NEARLY_ALL * limit + 1:
        yield Meaning(
            "likely",
            f"{one.program} ended the program behind it: its time had passed, and what follows in "
            f"the command made exit code {code} of that",
            "give it more time, or find out why it takes so long",
            "it ends within that time",
        )


def exits(programs: Sequence[SimpleCommand], code: int) -> Iterator[Meaning]:
    """Yield that the command says itself that it ends with this exit code."""
    own = [n for n, one in enumerate(programs) if one.program == "exit"]
    if not any(programs[n].arguments[:1] == (str(code),) for n in own):
        return
    before = [one.program for one in programs[: own[-1]] if one.program not in _HARDLY_FAIL]
    yield Meaning(
        "likely" if code != 1 or not before else "possible",
        f"the command itself ends so, by `exit {code}`",
        f"find out what leads to `exit {code}` in the command",
        f"it ends with {code} without `exit {code}`, too",
    )


_HARDLY_FAIL: Final = frozenset({"echo", "printf", "true", ":", "touch", "mkdir", "set", "export"})
_TIMEOUTS: Final = ("timeout", "gtimeout")
_TIMED_OUT: Final = 124
_NEARLY_ALL: Final = 1.2
"""Of its limit, and a second: what it lasts if what ``timeout`` ended was nearly all."""


def _sends(one: SimpleCommand) -> int | None:
    """Return the signal that a command sends, if it is one that sends signals."""
    if one.program not in _KILLERS:
        return None
    found = _SIGNAL.match(" ".join(one.arguments))
    which = found["which"].upper() if found is not None else ""
    if which.isdigit():
        return int(which)
    return getattr(signals, f"SIG{which}", signals.SIGTERM)


def _killed_in_time(one: SimpleCommand, lasted_s: float | None) -> bool:
    """Whether a timeout kills what takes too long, and its time had passed, as far as is known."""
    arguments = " ".join(one.arguments)
    if not _KILLS.search(arguments):
        return False
    limit = _limit_of(one)
    return limit is None or lasted_s is None or lasted_s >= _NEARLY * limit


def _limit_of(one: SimpleCommand) -> float | None:
    """Return the seconds after which a ``timeout`` ends what it runs; None if they are not said."""
    limit = _TIME.match(_TIMEOUT_OPTION.sub("", " ".join(one.arguments)).strip())
    return float(limit["number"]) * _SECONDS[limit["unit"]] if limit is not None else None
