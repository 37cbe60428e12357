"""What made a command fail, in words: a cause, what to do about it, and how to refute it."""

from dataclasses import dataclass
from typing import Literal

Strength = Literal["certain", "likely", "possible"]
Where = Literal[
    "workflow semantics", "operating context", "storage and visibility", "tool behavior"
]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What most likely made a command fail, what to do about it, and how to refute it."""

    strength: Strength
    """``certain`` if the shell itself said so, or a signal can mean nothing else."""
    text: str
    """A clause behind the exit code or the signal: ``grep found no match``."""
    to_do: str
    """An imperative."""
    wrong_if: str
    """A clause that can follow ``would be wrong if:``; a test that can be made."""
    where: Where = "workflow semantics"
    """Where it is to be put right."""
    prints_nothing: bool = False
    """Whether no message belongs to it, so that an empty log is what is to be expected."""
