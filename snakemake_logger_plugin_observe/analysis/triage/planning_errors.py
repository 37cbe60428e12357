"""Missing inputs that ended the planning, as Snakemake reported them."""

import re
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.run.model import Run

_PLANNING: Final = re.compile(
    r"Missing input files[^\n]*? for rule (\S+):\n(.*?)(?=\n\w|\Z)", re.DOTALL
)
_AFFECTED: Final = re.compile(r"affected files:\n(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MissedInput:
    """Inputs of one rule that do not exist and that no rule makes."""

    rule: str
    files: tuple[str, ...]
    line: int | None
    similar: str | None = None
    """A file that is there, of a name like that of the first."""


def missed_in_planning(run: Run) -> tuple[MissedInput, ...]:
    """Return the missing inputs that Snakemake reported while it built the DAG."""
    found = []
    for message in run.messages:
        if message.level != "error":
            continue
        for rule, block in _PLANNING.findall(message.text):
            affected = _AFFECTED.search(block)
            files = affected[1].splitlines() if affected else ()
            paths = tuple(path.strip() for path in files if path.strip())
            if paths:
                known = message.error.similar if message.error is not None else None
                similar = run.relative(known) if known is not None else None
                found.append(MissedInput(rule, paths, message.line, similar))
    return tuple(found)
