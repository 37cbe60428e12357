"""A proposed check file: TOML, with a comment on each limit that shows where it came from."""

from collections.abc import Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES
from snakemake_logger_plugin_observe.analysis.check.proposal import Proposed
from snakemake_logger_plugin_observe.pasting import double_quoted, harmless, toml_key

_EXAMPLES: Final = """\
# Commands that must exit with 0. They run without a shell in the run's working directory;
# {here} is the folder of this file:
# verify = [["sha256sum", "--check", "--quiet", "{here}/published.sha256"]]

# A run to compare with, as snakemake-observe compare does:
# [baseline]
# journal = "baseline.jsonl"
# same_work = true
# slower_by = 0.2
"""


def render(run: str, limits: Sequence[Proposed], globs: Sequence[str]) -> str:
    """Return the file's text; *run* names the journal that it is proposed from."""
    return "\n".join(_parts(harmless(run), limits, globs))


def _parts(run: str, limits: Sequence[Proposed], globs: Sequence[str]) -> Iterator[str]:
    yield f"# Limits for runs of this workflow, proposed from {run}."
    yield "# Keep and tighten the lines that you want. To check a run: snakemake-observe check FILE"
    yield "version = 1\n"
    for kind, meaning in (("max", "above"), ("min", "below")):
        shown = [one for one in limits if one.limit.kind == kind and _is_unicode(one.limit.part)]
        if shown:
            yield f"[{kind}]  # a run with a value {meaning} the limit fails"
            lines = [f"{_key(one)} = {_number(one)}" for one in shown]
            widest = max(map(len, lines))
            for line, one in zip(lines, shown, strict=True):
                yield f"{line.ljust(widest)}  # {harmless(one.because)}"
            yield ""
    yield "[publish]"
    if globs:
        yield "# Outputs that no job of the run read; each pattern must match a file."
        yield "files = ["
        for pattern in filter(_is_unicode, globs):
            yield f"    {double_quoted(pattern)},"
        yield "]"
    yield _EXAMPLES


def _key(one: Proposed) -> str:
    part = one.limit.part
    if not part:
        return one.limit.figure
    return f"{one.limit.figure}.{toml_key(part)}"


def _number(one: Proposed) -> str:
    value = one.limit.value
    if FIGURES[one.limit.figure].unit == "count" or (value == int(value) and value >= 10):
        return str(int(value))
    return repr(float(value))


def _is_unicode(text: str) -> bool:
    """Return whether a TOML file can contain *text*: lone surrogates have no escape there."""
    return not any("\ud800" <= one <= "\udfff" for one in text)
