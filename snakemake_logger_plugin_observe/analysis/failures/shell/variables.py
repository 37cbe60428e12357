"""The variables that a shell command reads and does not set."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.shell.tokens import (
    ASSIGNMENT,
    Token,
    UnreadableError,
    or_end,
    tokens_of,
)

_VARIABLE: Final = re.compile(
    r"\$(?:(?P<plain>[A-Za-z_]\w*|[1-9])|\{(?P<braced>[A-Za-z_]\w*)(?=[}%#/:^,\[])(?!:?[-+=?]))"
)
_SETTERS: Final = frozenset(
    {"for", "read", "local", "getopts", "mapfile", "readarray", "printf", "declare"}
)
_ALWAYS_SET: Final = re.compile(
    r"HOME|PATH|PWD|OLDPWD|SHELL|SHLVL|USER|LOGNAME|HOSTNAME|LANG|LC_\w+|TERM|TMPDIR|TMP|TEMP"
    r"|TEMPDIR|UID|EUID|GROUPS|PPID|RANDOM|SRANDOM|SECONDS|EPOCH\w+|LINENO|IFS|OPTIND|OPTERR|OPTARG"
    r"|REPLY|PIPESTATUS|FUNCNAME|BASH\w*|HOSTTYPE|OSTYPE|MACHTYPE|PS4|_"
    r"|(?:OMP|GOTO|OPENBLAS|MKL|NUMEXPR)_NUM_THREADS|VECLIB_MAXIMUM_THREADS"
)
"""Set by shells, by logins, or by Snakemake itself."""


def variables_needed(text: str) -> tuple[str, ...]:
    """Return the variables that a command reads and does not set, as ``$NAME`` or ``${NAME}``.

    Those with a default (``${NAME:-x}``), and those that every shell has, are left out.
    """
    documents: list[str] = []
    try:
        tokens = list(tokens_of(text, documents))
    except UnreadableError:
        return ()
    words = [token.text for token in tokens if not token.is_operator]
    names = dict.fromkeys(name for word in words for name in _read_in(word))
    names |= dict.fromkeys(name for one in documents for name in _read_in(one, in_document=True))
    assigned = _assigned(tokens)
    return tuple(name for name in names if name not in assigned and not _ALWAYS_SET.fullmatch(name))


def _assigned(tokens: Iterable[Token]) -> set[str]:
    """Return the variables that a command sets: by an assignment, or as ``read NAME`` does."""
    found: set[str] = set()
    by_word = False
    for token in tokens:
        if token.is_operator:
            by_word = False
        elif assignment := ASSIGNMENT.match(token.text):
            found.add(re.split(r"[\[+=]", assignment[0], maxsplit=1)[0])
        elif token.text in _SETTERS:
            by_word = True
        elif by_word:
            found.add(token.text)
    return found


def _read_in(word: str, *, in_document: bool = False) -> Iterator[str]:
    """Yield the variables that a word reads, outside single quotes, which a document has not."""
    at, in_double = 0, False
    while at < len(word):
        one = word[at]
        if one == "\\":
            at += 2
            continue
        if one == '"':
            in_double = not in_double
        elif one == "'" and not in_double and not in_document:
            at = or_end(word, word.find("'", at + 1))
        elif one == "$" and (found := _VARIABLE.match(word, at)):
            yield found["plain"] or found["braced"]
        at += 1
