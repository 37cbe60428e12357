"""A shell command as a whole: whether nothing of it is missing, and its text on one line."""

from collections import Counter
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.shell.tokens import (
    COMMAND_FOLLOWS,
    HERE,
    OPERATOR,
    REDIRECTION,
    UnreadableError,
    tokens_of,
)

_WHOLE: Final = {
    "fi": ("if",),
    "then": ("if", "elif"),
    "do": ("for", "while", "until", "select"),
    "done": ("for", "while", "until", "select"),
    "esac": ("case",),
}
"""Keywords, each of which has to occur as often as those that need it."""
_JOINS: Final = frozenset({"|", "|&", "||", "&&"})


def can_be_read(text: str) -> bool:
    """Whether each ``if``, loop, bracket and quote of a shell command is whole, and each list."""
    seen: Counter[str] = Counter()
    begins_command = is_joined = True
    try:
        for token in tokens_of(text):
            word = token.text
            if not token.is_operator or REDIRECTION.fullmatch(word) is not None:
                seen[word] += begins_command
                begins_command = begins_command and word in COMMAND_FOLLOWS
                is_joined = False
                continue
            if is_joined and word not in ("\n", "("):
                return False
            is_joined = word in _JOINS or (is_joined and word == "\n")
            begins_command = True
            seen[word] += 1
    except UnreadableError:
        return False
    is_whole = all(seen[end] == sum(seen[one] for one in begins) for end, begins in _WHOLE.items())
    return is_whole and not is_joined and (seen["case"] > 0 or seen["("] == seen[")"])


def one_line(text: str) -> str | None:
    """Return a shell command on one line, or None if that could change what it does.

    Line breaks in quotes, substitutions, here-documents, ``case`` and functions cannot be replaced.
    """
    text = text.strip()
    if "\n" not in text:
        return text
    try:
        tokens = list(tokens_of(text))
    except UnreadableError:
        return None
    parts: list[str] = []
    end, before = 0, ""
    for token in tokens:
        gap = text[end : token.start]
        end = token.start + len(token.text)
        if token.text == "\n":
            if before and not before.endswith(";") and not _goes_on_behind(before):
                parts.append(";")
                before = ";"
            end = token.start  # a break is a gap
            continue
        glued = "(" in token.text and (before.endswith("=") or before == "function")
        if "\n" in token.text or HERE.fullmatch(token.text) or token.text == "case" or glued:
            return None
        if token.text == ")" and before == "(":
            return None
        parts += [" " if gap or parts[-1:] == [";"] else "", token.text]
        before = token.text
    if parts[-1:] == [";"]:
        parts.pop()
    return "".join(parts).strip()


def _goes_on_behind(text: str) -> bool:
    """Whether the command goes on behind this word or operator, so that no ``;`` may follow."""
    return text in COMMAND_FOLLOWS or (text != ")" and OPERATOR.fullmatch(text) is not None)
