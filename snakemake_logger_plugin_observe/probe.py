"""Access to Snakemake's live objects: attributes with a default, callers' frames, hidden wrappers.

Not every version of Snakemake has every attribute. Standard library only, and in the root: every
process on every node imports this module, and should not load a package for it.
"""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

_FRAMES_TO_SEARCH: Final = 40


def ask(get: Callable[[], Any], default: Any = None) -> Any:
    """Return the result of *get*, or *default* if it raises."""
    try:
        return get()
    except Exception:
        return default


def declared_values(workflow: Any) -> tuple[str, ...]:
    """Return the values of every environment variable that *workflow* declares as needed."""
    names = [
        *ask(lambda: list(workflow.envvars), []),
        *ask(lambda: list(workflow.remote_execution_settings.envvars), []),
    ]
    return tuple(value for name in names if (value := os.environ.get(str(name))))


def callers_variable(function: str, variable: str) -> Any:
    """Return a local variable of the nearest calling function of that name, or None."""
    frame: FrameType | None = sys._getframe(1).f_back
    for _ in range(_FRAMES_TO_SEARCH):
        if frame is None:
            return None
        if frame.f_code.co_name == function and variable in (known := frame.f_locals):
            return known[variable]
        frame = frame.f_back
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
    """Return *wrapper*, hidden from Snakemake's tracebacks, as Snakemake's own frames are."""
    package = getattr(sys.modules.get("snakemake"), "__file__", None) or ""
    inside = os.path.join(os.path.dirname(package), "observed")
    wrapper.__code__ = wrapper.__code__.replace(co_filename=inside)
    return wrapper
