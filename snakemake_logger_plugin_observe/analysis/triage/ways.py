"""The ways in which the jobs of a rule failed, each of which is an incident of its own."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.failures import Failure
from snakemake_logger_plugin_observe.analysis.failures.signatures import group_alike
from snakemake_logger_plugin_observe.analysis.phrasing import named, submission_name

_MOST: Final = 3
"""If there are more, the rarest share one incident."""
_NAMED: Final = 2
_DIGITS: Final = 6

Signature = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """Jobs of a rule, or of a group, that failed in the same way."""

    id: str
    """The id of their incident: the same in every run in which the rule fails in several ways."""
    failed: tuple[Failure, ...]
    about: str = ""
    """The jobs, by name, if others of the rule failed in other ways."""
    ways: int = 1
    """More than one for the rarest ways, which share an incident."""


def ways_of(
    incident: str, failed: Sequence[Failure], key: Callable[[Failure], Signature]
) -> Iterator[Way]:
    """Yield the ways in which jobs failed, the most frequent first.

    Args:
        incident: the id of the incident if there is only one way.
        failed: the failures of a rule or a group.
        key: returns the signature of a failure.

    """
    found = sorted(group_alike((one, key(one)) for one in failed), key=len, reverse=True)
    if len(found) == 1:
        yield Way(incident, found[0])
        return
    for way in found[:_MOST]:
        yield Way(f"{incident}:{_name(map(key, way))}", way, _about(way))
    if few := tuple(chain.from_iterable(found[_MOST:])):
        yield Way(f"{incident}:others", few, _about(few), len(found) - _MOST)


def _name(signatures: Iterator[Signature]) -> str:
    """Return a name of a way that depends on nothing but how its failures ended."""
    known = sorted(signatures, key=lambda one: not one[-1])
    cause, code, number, text = known[0]
    end = code if code is not None else number
    said = hashlib.sha256(str(text).encode()).hexdigest()[:_DIGITS] if text else None
    return "_".join(str(part) for part in (cause, end, said) if part is not None)


def _about(failed: Sequence[Failure]) -> str:
    names = (submission_name(one.rule, one.wildcards, one.group_name) for one in failed)
    return named(names, _NAMED)
