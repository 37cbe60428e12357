"""Text, code and commands in Markdown, so that nothing in them is markup or leaves its place."""

import re
from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.pasting import Command, command, harmless, path

# Escaped, each of these is an ordinary character: no link, no image, no HTML, no entity, no maths.
_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>|#~&$])")
# At the beginning of a line these make a list, a quote, a heading or a rule.
_OPENING: Final = re.compile(r"^([-+=:]|[0-9]+(?=[.)](?: |$)))")
_UNMARKED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_CODE: Final = re.compile(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)")


def plain(text: str) -> str:
    """Return *text* as text: with the characters escaped that are special in Markdown."""
    marked = _MARKS.sub(r"\\\1", harmless(text).strip())
    if opening := _OPENING.match(marked):
        at = opening.end() if opening[0].isdecimal() else 0
        return f"{marked[:at]}\\{marked[at:]}"
    return marked


def unmarked(text: str) -> str:
    """Return the text of a line of Markdown without its code spans: the inverse of ``plain``."""
    return _UNMARKED.sub(r"\1", _CODE.sub("", text))


def code(text: str) -> str:
    """Return *text* in a code span, whose marks are longer than any run of backticks in it."""
    shown = harmless(text)
    marks = "`" * (_longest_run(shown) + 1)
    edge = " " if shown[:1] in ("`", " ", "") or shown[-1:] in ("`", " ") else ""
    return f"{marks}{edge}{shown}{edge}{marks}"


def cell(text: str) -> str:
    """Return *text* in a table's cell, where a bar ends the cell even in a code span."""
    return plain(text) if "|" in text else code(text)


def commands(shown: Sequence[Command], folder: str | None = None) -> list[str]:
    """Return a block of commands to paste, after the one that enters *folder*.

    A command that cannot be offered is named below the block, without its arguments. If the folder
    cannot be entered so, there is no block.
    """
    entering = [] if folder is None else [command("cd", path(folder))]
    refused = [one for one in entering if one.line is None]
    lines = [] if refused else [one.line for one in (*entering, *shown) if one.line is not None]
    refused = refused or [one for one in shown if one.line is None]
    fence = "`" * max(3, *(_longest_run(line) + 1 for line in lines), 3)
    found = [f"{fence}sh", *lines, fence, ""] if len(lines) > len(entering) else []
    for one in refused:
        found += [plain(f"A command ({one.arguments[0]}) is left out: {one.why_not}."), ""]
    return found


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
