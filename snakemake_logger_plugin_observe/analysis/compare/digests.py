"""Recorded digests: when two of them can be compared, and what cannot be told without that.

A digest names how it was made in front of its last colon: ``sha256:…``, or with the key of a
journal folder and its id, ``hmac-sha256:ID:…``. Two that were made differently say nothing.
"""

from collections.abc import Iterable
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.job_matching import Pair
from snakemake_logger_plugin_observe.run.model import Run

_SHORT: Final = 12


def differ(one: str | None, other: str | None) -> bool:
    """Return whether two digests show that what they were made of differs."""
    return one != other and comparable(one, other)


def differ_or_alone(one: str | None, other: str | None) -> bool:
    """Whether two digests differ, or there is only one."""
    return differ(one, other) or (one is None) != (other is None)


def comparable(one: str | None, other: str | None) -> bool:
    """Return whether two digests were made in the same way; none of them is missing."""
    return None not in (one, other) and _how(one or "") == _how(other or "")


def short(digest: str | None) -> str | None:
    """Return the digits of *digest* that are shown."""
    return None if digest is None else digest.rpartition(":")[2][:_SHORT]


def not_comparable(before: Run, after: Run, pairs: Iterable[Pair]) -> tuple[str, ...]:
    """Return what both journals have a digest of that cannot be compared."""
    found: dict[str, None] = {}
    one, other = before.started, after.started
    if one is not None and other is not None and _apart(one.config_digest, other.config_digest):
        found["the configuration"] = None
    for pair in pairs:
        if _apart(pair.before.params_digest, pair.after.params_digest):
            found["params"] = None
        if _apart(pair.before.code_digest, pair.after.code_digest):
            found["the code of commands with masked secrets"] = None
    return tuple(found)


def _apart(one: str | None, other: str | None) -> bool:
    return None not in (one, other) and not comparable(one, other)


def _how(digest: str) -> str:
    return digest.rpartition(":")[0]
