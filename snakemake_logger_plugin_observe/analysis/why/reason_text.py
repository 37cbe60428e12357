"""Snakemake's reason for running a job, parsed into causes of known kinds.

The text is ``str()`` of ``snakemake.jobs.Reason``: sentences in a fixed order, separated by ``; ``,
some followed by a list of files. File names may contain these separators, so a list is split with
the help of the job's known files; a cause whose list stays ambiguous is marked uncertain.
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
"""The kinds of causes: ``other`` is an unrecognised wording, ``unknown`` means no reason given."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
CHANGES: Final[frozenset[Kind]] = frozenset(
    {"updated_input", "input_set", "code", "params", "environment"}
)
"""The kinds that mean a change noticed by a rerun trigger."""
CHANGED: Final = re.compile(r"changed since|Updated input|Incomplete output")
"""Matches reasons that mention a change, and not missing outputs or a forced run."""

# How each kind begins, in a job's reason and in the list at the end of a dry run.
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
    wording.lower(): kind for kind, wordings in _WORDINGS for wording in wordings
}
_WITH_FILES: Final = frozenset({"missing_output", "incomplete", "updated_input", "updated_by_job"})
_WORDING: Final = "|".join(re.escape(one) for one in sorted(_KIND_OF, key=len, reverse=True))
_OPENING: Final = re.compile(rf"({_WORDING})(?=[:;\s]|$)(?::\s*)?", re.IGNORECASE)
_NEXT: Final = re.compile(rf"; (?=(?:{_WORDING})(?:[:;\s]|$))", re.IGNORECASE)
# Where a file name may end; Snakemake's note on a file in storage contains a comma.
_BREAK: Final = re.compile(rf", (?!in storage\))|{_NEXT.pattern}", re.IGNORECASE)
_FINISHED: Final = re.compile(r"Finished \(was: (.*)\)", re.DOTALL)
_NOTE: Final = re.compile(
    r" \((?:(?:cached|pipe|service|nodelocal|update|before update|access: [^()]*)(?:, )?)?"
    r"(?:in storage|retrieve from storage|send to storage|only provide storage uri)?\)$"
)


_MOST_BREAKS: Final = 50  # more than real names have; limits the time that crafted names can cost


@dataclass(frozen=True, slots=True)
class Cause:
    """One of the reasons that Snakemake gave for running a job."""

    kind: Kind
    files: tuple[str, ...] = ()
    """The files named, in the order of the text."""
    certain: bool = True
    """False if the list of files can be split in several ways."""
    text: str | None = None
    """The rest of the text: the change of params, or an unrecognised wording."""


@dataclass(frozen=True, slots=True)
class Names:
    """The known files of a job, used to split a list of files."""

    known: frozenset[str] = frozenset()
    breaks: int = 0
    """The largest number of separators inside one of the names."""

    @classmethod
    def of(cls, files: Iterable[str]) -> "Names":
        """Return the names of *files*, with and without Snakemake's notes after them."""
        known = frozenset(one for file in files for one in (file, bare(file)) if one)
        breaks = max((one.count(", ") + one.count("; ") for one in known), default=0)
        return cls(known, min(breaks, _MOST_BREAKS))


def bare(name: str) -> str:
    """Return a file's name without Snakemake's note after it: ``a.txt`` of ``a.txt (pipe)``."""
    return _NOTE.sub("", name) if name.endswith(")") else name


def parse(reason: str | None, names: Names | None = None) -> tuple[Cause, ...]:
    """Return the causes in *reason*, in its order; at least one.

    Args:
        reason: Snakemake's text, or None if it gave none.
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
            yield Cause(kind, text=text[at:end].strip() or None)
            at = end
        at += 2  # "; "


def _end(text: str, at: int) -> int:
    """Return where the sentence at *at* ends: before the next known one, or with the text."""
    found = _NEXT.search(text, at)
    return found.start() if found else len(text)


def _files(text: str, at: int, names: Names) -> tuple[tuple[str, ...], bool, int]:
    """Return the list of files at *at*, whether it is certain, and where it ends."""
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
