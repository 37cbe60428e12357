"""A script of ``script:`` that failed: its exception, with the script's own line."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import tracebacks
from snakemake_logger_plugin_observe.journal.events import JobDescribed

_PREAMBLE: Final = 3
"""Snakemake puts so many lines before a Python script, in a copy that it runs."""
_COPY: Final = re.compile(
    r'File "[^"\n]*/\.snakemake/scripts/tmp[^/"\n]*?\.(?P<name>[^/"\n]+\.py)", line (?P<line>\d+)'
)


def raised_in_script(lines: Sequence[str]) -> str | None:
    """Return the exception in which a Python script ended, as ``KeyError: 'x' (make.py:3)``.

    None if *lines*, which the script printed last, contain no whole traceback.
    """
    text = "\n".join(lines)
    begins = text.rfind("Traceback (most recent call last)")
    if begins < 0:
        return None
    trace, about = tracebacks.split(text[begins:])
    if not trace:
        return None
    places = list(_COPY.finditer(trace))
    own = tracebacks.raised_at(trace)
    at = ""
    if places and (own is None or own[0] in places[-1][0]):
        at = f" ({places[-1]['name']}:{int(places[-1]['line']) - _PREAMBLE})"
    elif own is not None:
        at = f" ({file_name(own[0])}:{own[1]})"
    return f"{' '.join(about.splitlines()[0].split())}{at}"


def file_name(path: str) -> str:
    """Return the last part of a path."""
    return path.rpartition("/")[2]


def name_of_script(job: JobDescribed) -> str | None:
    """Return the file name of a job's script, or None if it has none."""
    return file_name(job.script) if job.script else None


def lines_of(texts: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return the lines of several logs, one after the other."""
    return tuple(line for lines in texts for line in lines)
