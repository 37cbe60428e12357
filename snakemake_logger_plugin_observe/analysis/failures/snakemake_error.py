"""An error that Snakemake printed, taken apart: its exceptions, its rule, its line, its text."""

import re
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures import tracebacks

_NAME: Final = r"(?:\w+\.)*(\w*(?:Error|Exception|Interrupt|Exit|Group))"
_LONGEST: Final = 20_000
_HEAD: Final = re.compile(
    rf"{_NAME}(?: in rule (?P<rule>\S+))?(?: in file \"?[^\"\n]+?\"?, line \d+)?"
    r"(?:[:.](?=\s|$)|$)"
)
_NESTED: Final = re.compile(rf"^[ \t]*{_NAME}(?=:| \(| in (?:rule|file) |$)", re.MULTILINE)
_SPEC: Final = re.compile(
    r" ?\((?:rule (?P<rule>[^,()\n]+), )?line (?P<line>\d+), (?P<file>[^()\n]+)\)"
)
_OF_RULE: Final = re.compile(r"\bfor rule (\S+):$", re.MULTILINE)
_IN_FILE: Final = re.compile(r'in file "?([^"\n]+?)"?, line (\d+)')


@dataclass(frozen=True, slots=True)
class SnakemakeError:
    """An error of Snakemake's."""

    text: str
    """As it was printed; of a traceback, the exception that it is about and what follows."""
    exceptions: tuple[str, ...]
    """The names of the exceptions that it names, without their modules, the outermost first."""
    rule: str | None = None
    """The rule that it names."""
    place: tuple[str, int] | None = None
    """The innermost file and line of the workflow that it names."""
    trace: str = ""
    """The frames of a traceback above the exception; empty if it is none."""


def parse(text: str) -> SnakemakeError:
    """Return the parts of an error's *text*, as far as a recorder would have kept it."""
    trace, about = tracebacks.split(text[:_LONGEST])
    head = _HEAD.match(about)
    spec = _SPEC.search(about)
    rule = (head and head["rule"]) or (spec and spec["rule"])
    if rule is None and (of_rule := _OF_RULE.search(about)):
        rule = of_rule[1]
    named = [one for one in _NESTED.findall(about) if one not in ("Error", "Exit", "Exception")]
    return SnakemakeError(
        about, tuple(dict.fromkeys(named)), rule or None, _place(text[:_LONGEST], about), trace
    )


def without_places(text: str) -> str:
    """Return a *text* without the rules and lines that Snakemake puts in brackets."""
    return _SPEC.sub("", text)


def _place(text: str, about: str) -> tuple[str, int] | None:
    """Return the line that raised the error, which is more precise than that of its rule."""
    if (raised := tracebacks.raised_at(text)) is not None:
        return raised
    for file, line in _IN_FILE.findall(about):
        if tracebacks.is_of_a_workflow(file):
            return file, int(line)
    for spec in _SPEC.finditer(about):
        if tracebacks.is_of_a_workflow(spec["file"]):
            return spec["file"], int(spec["line"])
    return None
