"""Snakemake's reason for a job, which it tells as one text, as causes of known kinds.

The text is ``str()`` of ``snakemake.jobs.Reason``: sentences in a fixed order with ``; `` between
them, some with a list of files behind it. File names may hold any of that, so a list is read by
the names that the job is known to have; where these do not settle it, the cause says so.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, get_args

Kind = Literal[
    "missing_output",
    "incomplete",
    "updated_input",
    "updated_by_job",
    "input_set",
    "code",
    "params",
    "environment",
    "forced",
    "no_output",
    "pipe",
    "service",
    "queue_input",
    "other",
    "unknown",
]
"""The kinds of a cause: ``other`` is a wording that is not known here, ``unknown`` no reason."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
CHANGES: Final[frozenset[Kind]] = frozenset(
    {"updated_input", "input_set", "code", "params", "environment"}
)
"""The kinds that tell of a change, which a rerun trigger saw."""
CHANGED: Final = re.compile(r"changed since|Updated input|Incomplete output")
"""Found in a reason that tells of a change; not where outputs were missing, or all was forced."""

# How each kind begins: in a job's reason, and in the list that a dry run ends with.
_WORDINGS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    ("missing_output", ("Missing output files", "output files have to be generated")),
    ("incomplete", ("Incomplete output files",)),
    ("updated_input", ("Updated input files",)),
    ("updated_by_job", ("Input files updated by another job",)),
    ("input_set", ("Set of input files has changed since last execution",)),
    ("code", ("Code has changed since last execution",)),
    ("params", ("Params have changed since last execution",)),
    ("environment", ("Software environment definition has changed since last execution",)),
    ("forced", ("Forced execution", "forced")),
    (
        "no_output",
        (
            "Rules with neither input nor output files are always executed.",
            "Rules with a run or shell declaration but no output are always executed.",
            "neither input nor output",
            "run or shell but no output",
        ),
    ),
    (
        "pipe",
        (
            "Output file is a pipe and has to be filled for consuming job.",
            "pipe output needed by consuming job",
        ),
    ),
    (
        "service",
        (
            "Job provides a service which has to be kept active until all consumers are finished.",
            "provides service for consuming job",
        ),
    ),
    ("queue_input", ("input is yielded by queue that has not been terminated yet",)),
)
_KIND_OF: Final[dict[str, Kind]] = {
    said.lower(): kind for kind, wordings in _WORDINGS for said in wordings
}
_WITH_FILES: Final = frozenset({"missing_output", "incomplete", "updated_input", "updated_by_job"})
_SAID: Final = "|".join(re.escape(said) for said in sorted(_KIND_OF, key=len, reverse=True))
_OPENING: Final = re.compile(rf"({_SAID})(?=[:;\s]|$)(?::\s*)?", re.IGNORECASE)
_NEXT: Final = re.compile(rf"; (?=(?:{_SAID})(?:[:;\s]|$))", re.IGNORECASE)
# Where one name may end; Snakemake's note on a file in storage has a comma of its own.
_BREAK: Final = re.compile(rf", (?!in storage\))|{_NEXT.pattern}", re.IGNORECASE)
_FINISHED: Final = re.compile(r"Finished \(was: (.*)\)", re.DOTALL)
_NOTE: Final = re.compile(
    r" \((?:(?:cached|pipe|service|nodelocal|update|before update|access: [^()]*)(?:, )?)?"
    r"(?:in storage|retrieve from storage|send to storage|only provide storage uri)?\)$"
)


_MOST_BREAKS: Final = 50  # more than names have that were not made to be slow to read


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of a job's run, as Snakemake gave it."""

    kind: Kind
    files: tuple[str, ...] = ()
    """The files that it names, in the order of the text."""
    certain: bool = True
    """Whether these are surely the names: False where a text can be read in several ways."""
    text: str | None = None
    """What else it said: a change of params; all of a wording that is not known."""


@dataclass(frozen=True, slots=True)
class Names:
    """The files that a job is known to have: what tells names in a list apart."""

    known: frozenset[str] = frozenset()
    breaks: int = 0
    """The most places in one of them that look like the end of a name."""

    @classmethod
    def of(cls, files: Iterable[str]) -> "Names":
        """Return the names of *files*, with and without Snakemake's notes behind them."""
        known = frozenset(one for file in files for one in (file, bare(file)) if one)
        breaks = max((one.count(", ") + one.count("; ") for one in known), default=0)
        return cls(known, min(breaks, _MOST_BREAKS))


def bare(name: str) -> str:
    """Return a file's name without the note that Snakemake's texts carry: ``a.txt (pipe)``."""
    return _NOTE.sub("", name) if name.endswith(")") else name


def parse(reason: str | None, names: Names | None = None) -> tuple[Cause, ...]:
    """Return the causes that *reason* names, in its order; at least one.

    Args:
        reason: Snakemake's text, or None where it gave none.
        names: the job's files.

    """
    text = (reason or "").strip()
    if whole := _FINISHED.fullmatch(text):
        text = whole[1].strip()
    if not text:
        return (Cause("unknown"),)
    return tuple(_causes(text, names or Names()))


def _causes(text: str, names: Names) -> Iterator[Cause]:
    at = 0
    while at < len(text):
        opening = _OPENING.match(text, at)
        kind = _KIND_OF[opening[1].lower()] if opening else "other"
        at = opening.end() if opening else at
        if kind in _WITH_FILES:
            files, certain, at = _files(text, at, names)
            yield Cause(kind, files, certain)
        else:
            end = _end(text, at)
            said = text[at:end].strip()
            yield Cause(kind, text=said or None)
            at = end
        at += 2  # "; "


def _end(text: str, at: int) -> int:
    """Return where the sentence at *at* ends: before one that is known, or with the text."""
    found = _NEXT.search(text, at)
    return found.start() if found else len(text)


def _files(text: str, at: int, names: Names) -> tuple[tuple[str, ...], bool, int]:
    """Return the list of files at *at*, whether it is sure, and where it ends."""
    found: list[str] = []
    certain = True
    while at < len(text) and not _NEXT.match(text, at):
        ends = [one.start() for one in islice(_BREAK.finditer(text, at), names.breaks + 1)]
        if len(ends) <= names.breaks:
            ends.append(len(text))
        matching = [end for end in ends if bare(text[at:end]) in names.known]
        certain = certain and len(matching) == 1
        end = matching[-1] if matching else ends[0]
        name = text[at:end] if matching else text[at:end].strip()
        found.append(bare(name))
        at = end
        if text.startswith(", ", at):
            at += 2
    return tuple(one for one in found if one), certain, at
