"""How Snakemake's live objects are reached: probed attributes, callers' frames, hidden wrappers.

A question that a version of Snakemake cannot answer falls back to a default. Standard library only:
processes on the nodes import this module too.
"""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

_FRAMES_TO_SEARCH: Final = 40


def ask(question: Callable[[], Any], otherwise: Any = None) -> Any:
    """Return what *question* returns, or *otherwise* if it raises."""
    try:
        return question()
    except Exception:
        return otherwise


def callers_variable(function: str, variable: str) -> Any:
    """Return a local variable of the nearest calling function of that name, or None."""
    for frame in islice(_callers(sys._getframe(1)), _FRAMES_TO_SEARCH):
        if frame.f_code.co_name == function and variable in frame.f_locals:
            return frame.f_locals[variable]
    return None


def object_in_the_making(attribute: str) -> Any:
    """Return the nearest object with *attribute* whose ``__init__`` is running, or None."""
    for frame in islice(_callers(sys._getframe(1)), _FRAMES_TO_SEARCH):
        if frame.f_code.co_name == "__init__":
            owner = frame.f_locals.get("self")
            if hasattr(owner, attribute):
                return owner
    return None


def _callers(frame: "FrameType") -> "Iterator[FrameType]":
    caller = frame.f_back
    while caller is not None:
        yield caller
        caller = caller.f_back


def hidden(wrapper: Any) -> Any:
    """Return *wrapper*, left out of the tracebacks that Snakemake prints, as its own frames are."""
    package = getattr(sys.modules.get("snakemake"), "__file__", None) or ""
    inside = os.path.join(os.path.dirname(package), "observed")
    wrapper.__code__ = wrapper.__code__.replace(co_filename=inside)
    return wrapper
