"""The error that a traceback ends in, and where the workflow's own code raised it."""

import re
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.essence import essence

_TRACEBACK: Final = "Traceback (most recent call last)"
_ERROR: Final = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit)\b.*", re.MULTILINE)
_INSTALLED: Final = re.compile(r"/(?:site|dist)-packages/|/lib(?:64|32)?/python3(?:\.\d+t?)?/")
_FRAME: Final = re.compile(r'^ +File "([^<"\n][^"\n]*)", line (\d+)', re.MULTILINE)


def summary(text: str) -> str:
    """Return an error's *text* on one line; of a traceback, the error and where it was raised.

    If several exceptions follow each other, the first is the cause.
    """
    error = _ERROR.search(text) if is_one(text) else None
    if error is None:
        return essence(text)
    place = raised_at(text[: error.start()])
    at = f" ({place[0]}:{place[1]})" if place is not None else ""
    return f"{' '.join(error[0].split())}{at}"


def is_one(text: str) -> bool:
    """Whether an error's *text* begins with a traceback."""
    return text.startswith(_TRACEBACK)


def raised_at(text: str) -> tuple[str, int] | None:
    """Return file and line of the innermost frame that is the workflow's, or None.

    Frames of Python's own library and of installed packages are not.
    """
    frames = [one for one in _FRAME.findall(text) if not _INSTALLED.search(one[0])]
    return (frames[-1][0], int(frames[-1][1])) if frames else None
