"""A proposed check file: TOML, with a comment on each limit that shows where it came from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.check.metrics import FIGURES
from snakemake_logger_plugin_observe.analysis.check.proposal import Proposed
from snakemake_logger_plugin_observe.pasting import double_quoted, harmless, toml_key

_MOST_DIGESTS: Final = 500
_EXAMPLES: Final = """\
# Commands that must exit with 0. They run without a shell in the run's working directory;
# {here} is the folder of this file:
# verify = [["sha256sum", "--check", "--quiet", "{here}/published.sha256"]]

# A run to compare with, as snakemake-observe compare does:
# [baseline]
# journal = "baseline.jsonl"
# same_work = true
# same_outputs = true
# slower_by = 0.2
"""


def render(
    run: str,
    limits: Sequence[Proposed],
    globs: Sequence[str],
    digests: Mapping[str, str] | None = None,
    *,
    left_out: str = "",
) -> str:
    """Return the file's text.

    Args:
        run: the name of the journal that it is proposed from.
        limits: what the run passes.
        globs: published files.
        digests: SHA-256 of outputs, by path.
        left_out: why the run shows less than a full one; empty if it was one.

    """
    return "\n".join(_parts(harmless(run), limits, globs, digests or {}, left_out))


def _parts(
    run: str,
    limits: Sequence[Proposed],
    globs: Sequence[str],
    digests: Mapping[str, str],
    left_out: str,
) -> Iterator[str]:
    yield f"# Limits for runs of this workflow, proposed from {run}."
    if left_out:
        yield f"# No run of all jobs was found ({left_out} in this one): there are no limits on how"
        yield "# many jobs are planned and how long all of them take."
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
    sums = {path: digest for path, digest in digests.items() if _is_unicode(path)}
    if 0 < len(sums) <= _MOST_DIGESTS:
        yield "# The outputs as they are. Delete those that may change from run to run."
        yield "[outputs.sha256]"
        for path, digest in sums.items():
            yield f"{double_quoted(path)} = {double_quoted(digest)}"
        yield ""


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
