"""Commands to paste, made from a list of arguments, and text without characters that do something.

Every command that is printed for a user is a `Command`. A shell splits its text into exactly its
arguments: each is quoted, and nothing wraps, cuts or escapes the text afterwards. Arguments come
from journals, and so from anyone: `path` and `option` keep them from becoming flags. A command with
a character that a terminal would obey or hide cannot be read before it is run, and is not offered.
"""

import json
import re
import shlex
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode's categories of controls, marks of direction, lone surrogates, private characters."""
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST: Final = 4000
"""A terminal cuts a pasted line that is longer than 4,095 bytes, unless a shell edits it."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line for a user to paste into a POSIX shell."""

    arguments: tuple[str, ...]
    """The program and its arguments, as the program is to get them."""
    purpose: str = ""
    """What it shows or does, for a comment behind it; never from a journal."""
    leaves_no: tuple[str, ...] = ()
    """Files that are removed when it has ended, without a change of its exit code."""

    @property
    def why_not(self) -> str:
        """Why it cannot be offered; empty if it can."""
        for argument in (*self.arguments, *self.leaves_no):
            if harmless(argument) != argument:
                return "an argument of it contains control or invisible characters"
        if len(self._line.encode()) > _LONGEST:
            return "it would be too long to paste"
        return ""

    @property
    def line(self) -> str | None:
        """The line to paste; None if it cannot be offered."""
        return None if self.why_not else self._line

    @property
    def _line(self) -> str:
        line = recorded(self.arguments)
        if not self.leaves_no:
            return line
        return f"{line}; (e=$?; rm -f {recorded(map(path, self.leaves_no))}; exit $e)"

    def __str__(self) -> str:
        """Return the line to paste, or in words that there is none: never a part of it."""
        return self.line or f"(no command to paste: {self.why_not})"

    @property
    def commented(self) -> str:
        """The line to paste with its purpose as a comment."""
        if self.line is None:
            return f"# no command to paste ({self.purpose}): {self.why_not}"
        return f"{self.line}  # {self.purpose}" if self.purpose else self.line


def command(*arguments: str, purpose: str = "", leaves_no: Iterable[str] = ()) -> Command:
    """Return the command of a program and its arguments, and of the removal of what it wrote."""
    return Command(arguments, purpose, tuple(leaves_no))


def recorded(arguments: Iterable[str]) -> str:
    """Return a command as a text to read and compare: one that was run, not one to paste."""
    return " ".join(map(_quoted, arguments))


def words(text: str) -> list[str]:
    """Return the words of a command line as a shell splits it, or at blanks if it is not whole."""
    try:
        return shlex.split(text)
    except ValueError:  # a quote without its end, as where the text was cut
        return text.split()


def path(name: str) -> str:
    """Return the name of a file as an argument that is no flag."""
    return f"./{name}" if name.startswith("-") else name


def option(flag: str, value: str) -> tuple[str, ...]:
    """Return a flag with its value, which is no flag even if it begins like one."""
    return (f"{flag}={value}",) if value.startswith("-") else (flag, value)


def double_quoted(text: str) -> str:
    """Return *text* as a string of a check file or a Snakefile: TOML's and Python's are alike."""
    return "".join(
        one if harmless(one) == one else f"\\U{ord(one):08X}"
        for one in json.dumps(text, ensure_ascii=False)
    )


def toml_key(name: str) -> str:
    """Return *name* as a key of a check file."""
    return name if _BARE_KEY.fullmatch(name) else double_quoted(name)


def harmless(text: str) -> str:
    """Return *text* with control characters escaped.

    File names and commands in a journal may contain terminal escapes, and marks that reverse the
    direction of text.
    """
    return text if text.isprintable() else "".join(_escaped(text))


def harmless_lines(text: str) -> str:
    """Return *text* with control characters escaped, but for tabs and line breaks."""
    return "\n".join("\t".join(map(harmless, line.split("\t"))) for line in text.split("\n"))


def _escaped(text: str) -> Iterator[str]:
    for character in text:
        if unicodedata.category(character) in _OBEYED:
            yield character.encode("unicode_escape", "backslashreplace").decode()
        else:
            yield character


def _quoted(argument: str) -> str:
    """Return an argument as a shell's word; zsh replaces a word that begins with ``=``, too."""
    quoted = shlex.quote(argument)
    return f"'{quoted}'" if quoted.startswith("=") else quoted
