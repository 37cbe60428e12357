"""A tool's exit code, the signal that ended it, and a short description of both."""

import re
import signal
from typing import Final

from snakemake_logger_plugin_observe.journal.records import Execution
from snakemake_logger_plugin_observe.run.attempt import Attempt

_STATUS: Final = re.compile(
    r"returned non-zero exit status (-?\d+)|died with <Signals\.\w+: (\d+)>"
)
# A shell's exit code is 128 plus the signal that ended its command.
_SHELL: Final = 128
TIME_LIMIT_SIGNALS: Final = frozenset(
    {signal.SIGTERM, signal.SIGXCPU, signal.SIGUSR1, signal.SIGUSR2, signal.SIGKILL, signal.SIGALRM}
)
"""The signals that schedulers send to a job that has reached its time limit."""
_SIGNALS: Final = frozenset(
    {
        *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGILL, signal.SIGABRT),
        *(signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGPIPE, *TIME_LIMIT_SIGNALS),
    }
)
_NAMES: Final = {each.value: each.name for each in signal.Signals}


def exit_of(
    attempt: Attempt, execution: Execution | None, *, last: bool
) -> tuple[int | None, int | None]:
    """Return the exit code and the signal of a tool, None where unknown.

    A shell that exits with 128 + N reports signal N, so both are returned then.

    Args:
        attempt: the attempt.
        execution: one execution of the tool in it, or None if there was none.
        last: whether that execution ended the attempt: then the attempt's exit code is its own.

    """
    code = execution.exit_code if execution is not None else None
    if code is None and last and not attempt.end_from_record:  # else it is the job script's
        code = attempt.exit_code
    message = execution.message if execution is not None else None
    message = message or (attempt.message if last else None)
    if code is None and message and (found := _STATUS.search(message)):
        code = int(found[1]) if found[1] else -int(found[2])
    if code is None:
        return None, attempt.signal if last else None
    if code < 0:
        return None, -code
    return code, code - _SHELL if code - _SHELL in _SIGNALS else None


def describe_exit(exit_code: int | None, number: int | None) -> str:
    """Return ``exit code 137 (signal 9, SIGKILL)``, ``signal 9, SIGKILL``; empty if unknown."""
    name = f", {_NAMES[number]}" if number in _NAMES else ""
    by_signal = f"signal {number}{name}" if number is not None else ""
    if exit_code is None:
        return by_signal
    return f"exit code {exit_code}" + (f" ({by_signal})" if by_signal else "")
