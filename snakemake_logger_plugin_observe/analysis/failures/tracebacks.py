"""What a traceback says: the first error in it, and where the workflow's own text raised it."""

import re
from typing import Final

_TRACEBACK: Final = "Traceback (most recent call last)"
_ERROR: Final = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Interrupt|Exit)\b.*", re.MULTILINE)
_FRAME: Final = re.compile(r'^ +File "([^<"\n][^"\n]*)", line (\d+)', re.MULTILINE)


def said(text: str) -> str:
    """Return what an error's *text* says on one line, of a traceback only what it ended in.

    Of several exceptions that followed each other the first is the cause.
    """
    error = _ERROR.search(text) if _TRACEBACK in text and text.startswith(_TRACEBACK) else None
    if error is None:
        return " ".join(text.split())
    place = where(text[: error.start()])
    at = f" ({place[0]}:{place[1]})" if place is not None else ""
    return f"{' '.join(error[0].split())}{at}"


def where(text: str) -> tuple[str, int] | None:
    """Return the file and line of the innermost frame that is no installed package's."""
    frames = [one for one in _FRAME.findall(text) if "site-packages" not in one[0]]
    return (frames[-1][0], int(frames[-1][1])) if frames else None
