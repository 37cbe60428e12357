"""Lines of commands in a text, and how the lines of other text stay different from them.

A rule may be named like a command, after a word as long as a line: wrapped, it would be alone on
its line, as our own commands are.
"""

import re
from typing import Final

from rich.text import Text

_COLOURS: Final = r"(?:\x1b\[[0-9;]*m)*"
_LIKE_A_COMMAND: Final = re.compile(
    rf"^({_COLOURS})(?=(?:snakemake|snakemake-observe|squeue|scancel|bjobs|bkill|qstat|qdel|condor_q"
    r"|condor_rm|cd|mkdir|bash|sh|dash|ash|ksh|zsh|sha256sum|md5sum|sha1sum|--groups)(?:\s|$))",
    re.MULTILINE,
)
_MARK: Final = "› "


class CommandLine(Text):
    """A line that is a command of ours, to paste as it is."""


class Document(str):
    """A whole document, as a file of it is: its own code spans keep its commands apart."""

    __slots__ = ()


def marked(text: str) -> str:
    """Return *text* with a mark before each line that begins like a command."""
    return _LIKE_A_COMMAND.sub(rf"\1{_MARK}", text)
