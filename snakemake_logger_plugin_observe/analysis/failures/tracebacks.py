"""The error that a traceback ends in, and where the workflow's own code raised it."""

import re
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.essence import essence

_TRACEBACK: Final = "Traceback (most recent call last)"
# A group of exceptions draws lines to the left of its own traceback, and of those inside it.
_GROUP: Final = re.compile(r"\s*\+ Exception Group Traceback")
_INSIDE: Final = re.compile(r"^[ |]*\| Traceback \(most recent call last\)", re.MULTILINE)
_END_INSIDE: Final = re.compile(r"^[ |]*\+-", re.MULTILINE)
_DRAWN: Final = re.compile(r"^[ |]*\| ?", re.MULTILINE)
# Frames are indented, and so is the code below them.
_ERROR: Final = re.compile(r"^(?!Traceback )[A-Za-z_][\w.]*(?::.*|$)", re.MULTILINE)
_WORDED: Final = re.compile(r"(?:\w+\.)*(?:Workflow|Rule|Lookup|SourceFile)(?:Error|Exception): ")
_NEXT: Final = re.compile(
    r"^(?:During handling of the above exception|The above exception was the direct cause)",
    re.MULTILINE,
)
_INSTALLED: Final = re.compile(
    r"/(?:site|dist)-packages/|/lib(?:64|32)?/(?:python|pypy)3(?:\.\d+t?)?/"
    r"|/snakemake/(?:api|cli|dag|exceptions|jobs|modules|parser|rules|sourcecache|workflow)\.py$"
    r"|/snakemake_(?:executor|logger|report|scheduler|storage)_plugin_\w+/|^<"
)
_FRAME: Final = re.compile(r'^ +File "([^<"\n][^"\n]*)", line (\d+)', re.MULTILINE)


def summary(text: str) -> str:
    """Return an error's *text* on one line; of a traceback, the error and where it was raised.

    If several exceptions follow each other, the first is the cause.
    """
    if not is_one(text):
        return essence(text)
    trace, about = split(text)
    if not trace:
        return essence(text)
    place = raised_at(trace)
    at = f" ({place[0]}:{place[1]})" if place is not None else ""
    return f"{' '.join(about.splitlines()[0].split())}{at}"


def split(text: str) -> tuple[str, str]:
    """Return the frames of a traceback, and the exception that it is about with its message.

    The first of several that follow each other is the cause, but for a last one in which Snakemake
    words what the others mean. A text that is no traceback has no frames, and neither has one that
    was cut before its exception.
    """
    whole, text = text, unfolded(text)
    error = _ERROR.search(text) if is_one(text) else None
    if error is None:
        return "", whole
    following = _NEXT.search(text, error.end())
    worded = [one for one in _ERROR.finditer(text, error.end()) if _WORDED.match(one[0])]
    if following is not None and worded:
        return text[: worded[-1].start()], text[worded[-1].start() :]
    return text[: error.start()], text[error.start() : following.start() if following else None]


def shortened(text: str, most: int) -> str:
    """Return *text* with *most* characters; of a traceback, the exception that it is about is kept.

    The frames below the first line go first, whole lines at a time.
    """
    if len(text) <= most or not is_one(text):
        return text[:most]
    trace, about = split(text)
    if not trace:
        return text[:most]
    head = f"{_TRACEBACK}:\n  ...\n"
    about = about[: max(0, most - len(head))].rstrip() + "\n"
    room = most - len(head) - len(about)
    kept = trace[len(trace) - room :] if room > 0 else ""
    return (head + kept.partition("\n")[2] + about)[:most]


def is_one(text: str) -> bool:
    """Whether an error's *text* begins with a traceback."""
    return text.startswith(_TRACEBACK) or _GROUP.match(text) is not None


def unfolded(text: str) -> str:
    """Return a traceback as it is; of a group of exceptions, that of the first inside it."""
    first = _INSIDE.search(text) if _GROUP.match(text) else None
    if first is None:
        return text
    end = _END_INSIDE.search(text, first.end())
    return _DRAWN.sub("", text[first.start() : end.start() if end else None])


def raised_at(text: str) -> tuple[str, int] | None:
    """Return file and line of the innermost frame that is the workflow's, or None.

    Frames of Python's own library and of installed packages are not.
    """
    frames = [one for one in _FRAME.findall(text) if is_of_a_workflow(one[0])]
    return (frames[-1][0], int(frames[-1][1])) if frames else None


def is_of_a_workflow(file: str) -> bool:
    """Whether *file* may be a workflow's: not one of Python, of a package or of Snakemake."""
    return _INSTALLED.search(file) is None
