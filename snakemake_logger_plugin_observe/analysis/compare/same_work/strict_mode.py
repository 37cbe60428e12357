"""Shell commands that no longer run in Bash's strict mode: some failures no longer fail a job."""

import re
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.compare.change import RUN, Change
from snakemake_logger_plugin_observe.analysis.compare.same_work.finding import Compared, Finding

LOST: Final = "strict_mode_lost"
_FLAGS: Final = re.compile(r"\bset\s+-(?P<flags>[a-zA-Z]+)")
_PIPEFAIL: Final = re.compile(r"\bset\s(?:[^;&|]*\s)?-[a-z]*o\s+pipefail")
_EFFECT: Final = {
    "e": "a command that fails before the last one",
    "u": "a variable that is not set",
    "pipefail": "a command that fails inside a pipe",
}


def findings(compared: Compared) -> Iterator[Finding]:
    """Yield a finding if the workflow's shell prefix or shell no longer sets the strict mode."""
    for change in compared.changes:
        if lost := lost_by(change):
            effects = " or ".join(_EFFECT[one] for one in lost)
            claim = (
                "shell commands no longer run in strict mode: the prefix of each was "
                f"{change.before!r}, and is {(change.after or '')!r} now (shell.prefix or "
                f"shell.executable); {effects} no longer fails its job"
            )
            yield Finding(LOST, "unsafe", claim, change.evidence)


def lost_by(change: Change) -> tuple[str, ...]:
    """Return the parts of the strict mode that a changed prefix no longer sets."""
    if change.subject != RUN or change.what != "shell_prefix":
        return ()
    before, after = _strict(change.before or ""), _strict(change.after or "")
    return tuple(one for one in _EFFECT if one in before and one not in after)


def _strict(prefix: str) -> set[str]:
    found = {flag for one in _FLAGS.finditer(prefix) for flag in one["flags"]}
    return found & {"e", "u"} | ({"pipefail"} if _PIPEFAIL.search(prefix) else set())
