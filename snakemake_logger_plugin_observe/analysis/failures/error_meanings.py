"""What one of Snakemake's own errors means, and what to do about it."""

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import snakemake_error, tracebacks
from snakemake_logger_plugin_observe.analysis.failures.error_table import KINDS, Boundary, Kind
from snakemake_logger_plugin_observe.analysis.failures.missing_sources import missing_sources
from snakemake_logger_plugin_observe.analysis.failures.snakemake_error import SnakemakeError
from snakemake_logger_plugin_observe.analysis.phrasing import both, cut
from snakemake_logger_plugin_observe.analysis.why import reason_text
from snakemake_logger_plugin_observe.journal.records import ErrorDetails
from snakemake_logger_plugin_observe.pasting import Command, command, path

_BEHIND_A_FILE: Final = re.compile(r" \((?:missing|rule|retrieve|storage)\b[^\n]*$")
_WILDCARDS: Final = re.compile(r"^\s+wildcards: (\S.*)$", re.MULTILINE)
_LONGEST: Final = 160
_KEYWORDS: Final = re.findall(
    r"\w+",
    "benchmark cache conda container containerized cwl default_target envmodules group handover "
    "input localrule log message name notebook output params pathvars priority resources retries "
    "run script shadow shell singularity template_engine threads wildcard_constraints wrapper",
)
"""The keywords of a rule."""
_ANEW: Final = " in this run"
_SNAKEMAKE_S: Final = ("IOException", "RuleException", "WorkflowError")
"""The exceptions that Snakemake raises for what a workflow says; others are of its own code."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is wrong, what to do about it, and why."""

    kind: str | None
    """Its kind in the table of errors; None if it has none there."""
    where: Boundary
    cause: str
    """A clause, without a full stop."""
    to_do: str
    """An imperative."""
    why: str
    """A clause that can follow ``because``."""
    wrong_if: str = ""
    """A clause that can follow ``would be wrong if:``; empty: the error does not come again."""
    exception: str | None = None
    """The name of the error's exception, to search for it."""
    commands: tuple[Command, ...] = ()
    of_jobs: bool = False
    """Whether Snakemake also fails a single job with it, and no rule's code can have raised it."""

    def names(self, file: str) -> bool:
        """Whether its cause names *file*."""
        return f" {file}, " in self.cause


def explain(
    text: str, details: ErrorDetails | None = None, directories: Collection[str] | None = None
) -> Explanation:
    """Return what an error means.

    Args:
        text: the error, with paths relative to the working directory.
        details: what is known of it beyond its text.
        directories: the outputs of its job that are declared as folders, if that is known.

    """
    error, known = snakemake_error.parse(text), details or ErrorDetails()
    named = (known.exception,) if known.exception else ()
    error = replace(error, rule=error.rule or known.rule, exceptions=error.exceptions or named)
    for kind in KINDS:
        if (found := _fits(kind, error)) is not None:
            return _filled_in(kind, error, found, known, directories)
    return _unknown(error)


def _why_again(known: ErrorDetails) -> str:
    """Return `` because raw.txt was updated``, of Snakemake's reason for running a job."""
    because = _because(known.reason)
    if not because:
        return ""
    first = _because(known.first_reason)
    if not first:
        return f" because {because}"
    return f" because {because.removesuffix(_ANEW)} (by rule {known.first_rule}: {first})"


def _because(reason: str | None) -> str:
    """Return ``raw.txt was updated``, of Snakemake's *reason* for running a job; may be empty."""
    cause = reason_text.parse(reason)[0]
    files = both(cause.files)
    are = "were" if len(cause.files) > 1 else "was"
    return {
        "updated_input": f"{files} {are} updated" if files else "an input was updated",
        "updated_by_job": f"its input {files} is made anew{_ANEW}",
        "missing_output": f"its output {files} {are} missing",
        "incomplete": f"its output {files} {are} left incomplete by an earlier run",
        "input_set": "its set of input files changed",
        "code": "its code changed",
        "params": "its params changed",
        "environment": "its software environment changed",
        "forced": "it was forced",
    }.get(cause.kind, "")


def _fits(kind: Kind, error: SnakemakeError) -> dict[str, str] | None:
    """Return what *kind*'s pattern finds in *error*; None if it is of another kind."""
    if kind.exceptions and set(kind.exceptions).isdisjoint(error.exceptions):
        return None
    if kind.pattern is None:
        return {}
    match = kind.pattern.search(error.text)
    if match is None:
        return None
    begin, end = error.text.rfind("\n", 0, match.start()) + 1, error.text.find("\n", match.start())
    line = error.text[begin : end if end >= 0 else None].strip()
    return {"found": cut(line, _LONGEST), **{k: v for k, v in match.groupdict().items() if v}}


def _filled_in(
    kind: Kind,
    error: SnakemakeError,
    found: dict[str, str],
    known: ErrorDetails,
    directories: Collection[str] | None,
) -> Explanation:
    files = _files(found.get("files", ""))
    sources = missing_sources(_lines(found.get("files", "")), known.similar)
    rule = f"rule {error.rule}" if error.rule else "a rule"
    place = f"{error.place[0]}:{error.place[1]}" if error.place is not None else ""
    words = {
        "name": found.get("other_name", ""),
        **{name: " ".join(value.split()) for name, value in found.items()},
        "files": both(files) or "a file",
        "rule": rule,
        "at": f" at {place}" if place else "",
        "place": place or "the workflow",
        "error": short(error),
        "why_again": _why_again(known),
        "function": f"function {found['function']}" if "function" in found else "a function",
        "values": f" for {', '.join(_lines(found['values']))}" if "values" in found else "",
        "unreadable": f"config file {known.unreadable}" if known.unreadable else "a config file",
        "of_key": f" (of {found['of']})" if "of" in found else "",
        "meant": _meant(found.get("keyword", "")),
        **_protected(files, known.protected),
        "similar": f", but {known.similar} was" if known.similar else "",
        "missing": sources.what,
        "of_job": _of_job(error.text),
        "said": repr(found["answer"]) if "answer" in found else "nothing",
        "code": _code(found.get("file", "")),
        "supply": sources.to_do.format(rule=rule, at=f" at {place}" if place else ""),
        **_other_type(files, directories),
    }
    if kind.id == "missing_file" and error.rule and not place:
        words["place"] = words["rule"]
    return Explanation(
        kind.id,
        kind.where,
        cut(kind.cause.format_map(words), 2 * _LONGEST),
        kind.to_do.format_map(words),
        kind.why.format_map(words),
        kind.wrong_if.format_map(words),
        error.exceptions[0] if error.exceptions else None,
        _commands(kind, (*files, *known.protected)),
        kind.of_jobs,
    )


def _of_job(text: str) -> str:
    """Return `` (for s=b)``, of the wildcards of the job that an error lists; may be empty."""
    found = _WILDCARDS.search(text)
    return f" (for {found[1].strip()})" if found is not None else ""


def _code(file: str) -> str:
    return "notebook" if file.endswith(".ipynb") else "script"


def _meant(word: str) -> str:
    """Return ``: did you mean shell?``, of a *word* that is no keyword of a rule."""
    near = difflib.get_close_matches(word, _KEYWORDS, n=1)
    return f": did you mean {near[0]}?" if near else ""


def _protected(files: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Return which outputs are write-protected beside *files*, and what has to become writable."""
    others = [one for one in known if one not in files]
    return {
        "also": f", as {'are' if len(others) > 1 else 'is'} {both(others)}" if others else "",
        "protected": both([*files, *others]) or "it",
        "them": "them" if others or len(files) > 1 else "it",
        "others": "" if known else ", and likewise each other output that the next run names",
    }


def _other_type(files: Sequence[str], directories: Collection[str] | None) -> dict[str, str]:
    """Return which output is of another type than its rule declares, and how to declare it."""
    what = both(files) or "an output"
    as_folder = f"declare {what} as directory(...)"
    as_file = "let the command write a file of that name"
    if directories is None:
        return {
            "made": f"a folder where its output {what} is declared as a file, or a file where a "
            "folder is declared",
            "declare": f"{as_folder} if the command makes a folder, or {as_file}",
        }
    if set(files) <= set(directories):
        return {
            "made": f"a file, and declares its output {what} as a folder (directory())",
            "declare": f"take directory() away from {what}, or let the command make a folder",
        }
    return {
        "made": f"a folder, and declares its output {what} as a file",
        "declare": f"{as_folder}, or {as_file}",
    }


def _files(lines: str) -> list[str]:
    """Return the files that an error lists, one in a line, without what it adds to each."""
    return [_BEHIND_A_FILE.sub("", one) for one in _lines(lines)]


def _lines(lines: str) -> list[str]:
    return [name for one in lines.splitlines() if (name := one.strip())]


def _commands(kind: Kind, files: Sequence[str]) -> tuple[Command, ...]:
    if kind.id == "protected_output" and files:
        named = map(path, dict.fromkeys(files))
        return (command("chmod", "u+w", *named, purpose="if it is meant to be made again"),)
    return ()


def short(error: SnakemakeError) -> str:
    """Return an error on one line, without the names of its exception and its line."""
    lines = [one.strip() for one in snakemake_error.without_places(error.text).splitlines()]
    first, *more = [one for one in lines if one not in ("", "Error:")] or [""]
    said = first.partition(": ")[2]
    if not said:  # it begins with its exception and its line alone
        said, *more = more or [first]
    if said.endswith("error:") and more:  # it announces what the next line says
        said = f"{said} {more[0]}"
    return cut(" ".join(said.split()).rstrip(" :."), _LONGEST)


def _unknown(error: SnakemakeError) -> Explanation:
    """Return what to do about an error that the table does not know."""
    exception = error.exceptions[0] if error.exceptions else None
    said = short(error)
    if error.place is not None:
        at = f"{error.place[0]}:{error.place[1]}"
        by_snakemake = exception is None or exception in _SNAKEMAKE_S
        or_file = "" if by_snakemake else ", or the config or file that it reads"
        return Explanation(
            None,
            "workflow semantics",
            f"Snakemake cannot carry out what {at} says: {said}"
            if by_snakemake
            else f"the workflow's own code at {at} failed: {exception}: {said}",
            f"correct the workflow at {at}{or_file}, and confirm it with a dry run",
            "no tool failed: Snakemake could not evaluate the workflow itself",
            exception=exception,
        )
    said = cut(tracebacks.summary(error.text), _LONGEST)
    if error.trace:
        return Explanation(
            None,
            "operating context",
            said,
            "search for this error among Snakemake's known issues "
            "(https://github.com/snakemake/snakemake/issues), and try another version of Snakemake "
            "or of the plugin that the traceback names",
            "it was raised in Snakemake or in a package, and no line of the workflow is part of it",
            "the traceback names a file of the workflow",
            exception=exception,
        )
    return Explanation(
        None,
        "workflow semantics",
        said,
        "correct the workflow, the config or the command line that it names, and confirm it with "
        "a dry run",
        "no tool failed: Snakemake could not evaluate the workflow itself",
        exception=exception,
    )
