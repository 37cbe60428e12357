"""One fact that differs between two runs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.citations import Citation, CitedRun
from snakemake_logger_plugin_observe.analysis.param_values import ParamsChange

RUN: Final = "run"


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that differs.

    ``subject`` is ``run`` or the name of a rule; ``what`` names the fact; ``before`` and ``after``
    are its values as text (digests shortened); ``jobs`` is the number of the rule's jobs that it
    affects, 0 for the run.
    """

    subject: str
    what: str
    before: str | None
    after: str | None
    jobs: int = 0
    evidence: tuple[Citation, ...] = ()
    values: ParamsChange | None = None
    """For params and config keys whose values are recorded: how they changed."""


def differing(
    before: CitedRun, after: CitedRun, what: str, one: Any, other: Any
) -> Iterator[Change]:
    """Yield the change of a run's fact named *what*, if it differs as text."""
    if one == other:
        return
    old, new = text(one), text(other)
    if old == new:  # a flag that takes values but was given none
        old, new = (None if value is None else "set" for value in (one, other))
    cited = (*before.at_start(f"{what}: {old}"), *after.at_start(f"{what}: {new}"))
    yield Change(RUN, what, old, new, evidence=cited)


def text(value: Any) -> str | None:
    """Return a fact as text; None if it is unknown or empty."""
    if value is None or value in ([], {}, ""):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(
            f"{key}: {text(item)}" if isinstance(item, dict) else f"{key}={item}"
            for key, item in sorted(value.items())
        )
    return value if isinstance(value, str) else json.dumps(value)
