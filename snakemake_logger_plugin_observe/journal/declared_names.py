"""Values of declared variables, where Snakemake could not read the workflow that declares them.

Then nothing has said yet what ``envvars:`` declares, but the error, the command and the config may
quote it. What was registered is asked of Snakemake's objects, in the frames of the error and of its
callers; the rest is read in the Snakefiles' text. Called only for an error, in the thread that
prints it.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from snakemake_logger_plugin_observe.probe import ask, declared_values

if TYPE_CHECKING:
    from types import FrameType

_MOST_FRAMES: Final = 500
_MOST_FILES: Final = 200
_MOST_TEXT: Final = 2_000_000
SNAKEFILES: Final = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
"""Where Snakemake looks for a Snakefile, in this order."""
# To the next line that is indented no deeper.
_DECLARATION: Final = re.compile(
    r"^(?P<indent>[ \t]*)envvars[ \t]*:"
    r"(?P<names>.*(?:\n(?:(?P=indent)[ \t]+.*|[ \t]*(?:\#.*)?$))*)",
    re.MULTILINE,
)
_INCLUDED: Final = re.compile(r"""^[ \t]*include[ \t]*:\s*["']([^"'\n]+)["']""", re.MULTILINE)
_QUOTED: Final = re.compile(r"""["'](\w+)["']""", re.ASCII)


def values_at_an_error(snakefile: str | None = None) -> tuple[str, ...]:
    """Return the values of variables that are declared in what Snakemake could read, or not.

    Args:
        snakefile: the Snakefile, if no frame tells.

    """
    values: dict[str, None] = {}
    files: dict[str, None] = {}
    for workflow in _workflows(values):
        values |= dict.fromkeys(declared_values(workflow))
        files |= dict.fromkeys(_snakefiles(workflow))
    files |= dict.fromkeys((snakefile,) if snakefile else () if files else SNAKEFILES)
    values |= dict.fromkeys(_values(_declared_in(list(files))))
    return tuple(values)


def _workflows(values: dict[str, None]) -> Iterator[Any]:
    """Yield the workflows that frames know; add to *values* what is being registered there."""
    seen: set[int] = set()
    for frame in _frames():
        names = frame.f_locals
        if frame.f_code.co_name == "register_envvars":
            values |= dict.fromkeys(_values(ask(lambda names=names: names["envvars"], ())))  # type: ignore[misc]
        for one in (names.get("self"), names.get("workflow"), frame.f_globals.get("workflow")):
            if hasattr(type(one), "register_envvars") and id(one) not in seen:
                seen.add(id(one))
                yield one


def _frames() -> "Iterator[FrameType]":
    """Yield the frames of the error that is being handled, of its causes, and of the callers."""
    left = _MOST_FRAMES
    error, seen = sys.exc_info()[1], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback = error.__traceback__
        while traceback is not None and left > 0:
            yield traceback.tb_frame
            traceback, left = traceback.tb_next, left - 1
        error = error.__cause__ or error.__context__
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and left > 0:
        yield frame
        frame, left = frame.f_back, left - 1


def _snakefiles(workflow: Any) -> list[str]:
    included = ask(lambda: [one.get_path_or_uri(secret_free=False) for one in workflow.included])
    main = ask(lambda: workflow.main_snakefile)
    return [str(path) for path in (main, *(included or ())) if path]


def _declared_in(files: list[str]) -> Iterator[str]:
    """Yield the names in ``envvars:`` of *files*, and of what they include by a plain name."""
    for path in files:  # it grows
        if len(files) > _MOST_FILES:
            return
        text = ask(lambda path=path: _read(path), "")  # type: ignore[misc]
        for declaration in _DECLARATION.finditer(text):
            yield from _QUOTED.findall(declaration["names"])
        beside = [os.path.join(os.path.dirname(path), one) for one in _INCLUDED.findall(text)]
        files += [one for one in beside if one not in files]


def _read(path: str) -> str:
    # A pipe must not block the run.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        return file.read(_MOST_TEXT)


def _values(names: Iterable[Any]) -> Iterator[str]:
    for name in names:
        if value := os.environ.get(str(name)):
            yield value
