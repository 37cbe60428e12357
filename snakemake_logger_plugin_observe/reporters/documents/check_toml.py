"""A proposed file of budgets, as TOML with a comment on each line that says where it came from."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES
from snakemake_logger_plugin_observe.analysis.check.proposal import Proposed
from snakemake_logger_plugin_observe.reporters.words import harmless

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_EXAMPLES: Final = """\
# Commands that have to exit with 0, without a shell, in the run's working directory; {here} is
# this file's folder:
# verify = [["sha256sum", "--check", "--quiet", "{here}/published.sha256"]]

# A run to compare with, as snakemake-observe compare does it:
# [baseline]
# journal = "baseline.jsonl"
# same_work = true
# slower_by = 0.2
"""


def render(run: str, limits: Sequence[Proposed], globs: Sequence[str]) -> str:
    """Return the file's text; *run* is what it was proposed from."""
    return "\n".join(_parts(harmless(run), limits, globs))


def _parts(run: str, limits: Sequence[Proposed], globs: Sequence[str]) -> Iterator[str]:
    yield f"# What this workflow's runs must keep to, proposed from {run}."
    yield "# Keep what you want to hold, and tighten it: snakemake-observe check FILE [JOURNAL]"
    yield "version = 1\n"
    for kind, meaning in (("max", "above"), ("min", "below")):
        chosen = [one for one in limits if one.limit.kind == kind]
        if chosen:
            yield f"[{kind}]  # a run whose figure is {meaning} breaks the line"
            lines = [f"{_key(one)} = {_number(one)}" for one in chosen]
            widest = max(map(len, lines))
            for line, one in zip(lines, chosen, strict=True):
                yield f"{line.ljust(widest)}  # {harmless(one.because)}"
            yield ""
    yield "[publish]"
    if globs:
        yield "# Outputs that no job of the run read; each has to match a file."
        yield "files = ["
        for pattern in globs:
            yield f"    {_text(pattern)},"
        yield "]"
    yield _EXAMPLES


def _key(one: Proposed) -> str:
    part = one.limit.part
    if not part:
        return one.limit.figure
    return f"{one.limit.figure}.{part if _BARE.fullmatch(part) else _text(part)}"


def _number(one: Proposed) -> str:
    value = one.limit.value
    if FIGURES[one.limit.figure].unit == "count" or (value == int(value) and value >= 10):
        return str(int(value))
    return repr(float(value))


def _text(value: str) -> str:
    """Return a TOML basic string: JSON's, with all escaped that a terminal would obey."""
    return "".join(
        one if harmless(one) == one else f"\\U{ord(one):08X}"
        for one in json.dumps(value, ensure_ascii=False)
    )
