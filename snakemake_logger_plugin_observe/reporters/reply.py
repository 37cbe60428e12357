"""What a command replies: its answer, how each form shows it, and the exit code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.console import RenderableType

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Reply(Generic[Answer]):
    """An answer with the functions that make text parts and plain values of it."""

    answer: Answer
    text: Callable[[Answer, int], list[RenderableType]]
    """Its parts for a terminal of so many columns."""
    json: Callable[[Answer], dict[str, Any]]
    """Its plain values: dictionaries, lists, strings, numbers, null."""
    code: int = 0
    """0 if fine, 1 if the answer is bad news."""
    verbatim: str | None = None
    """A document for other programs, instead of the text for a terminal: printed as it is."""
    notes: tuple[str, ...] = ()
    """What to know of such a document: it goes to stderr, so that the document stays whole."""
