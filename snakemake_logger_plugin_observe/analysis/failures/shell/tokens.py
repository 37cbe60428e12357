"""The words and operators that a shell command consists of.

A small part of the shell's grammar: quotes, substitutions, redirections, here-documents, comments.
What it does not know it takes for plain words.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_MOST: Final = 20_000
"""A longer command is not taken apart."""
_MOST_NESTED: Final = 20
"""Quotes in brackets in quotes; deeper ones are no command that somebody wrote."""
REDIRECTION: Final = re.compile(r"\d*(?:<<<|<<-?|&>>?|[<>]&|>>|<>|>\||[<>])")
OPERATOR: Final = re.compile(rf"{REDIRECTION.pattern}|\|\||&&|;;&?|\|&|[|&;()\n]")
HERE: Final = re.compile(r"\d*<<-?")
ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*(?:\[[^]]{0,100}\])?\+?=")
COMMAND_FOLLOWS: Final = frozenset({"then", "do", "else", "{", "!", "if", "elif", "while", "until"})
"""Keywords behind which a command begins."""


class Token(NamedTuple):
    """A word or an operator of a command."""

    text: str
    start: int
    is_operator: bool


class UnreadableError(Exception):
    """A command is too long, or its quotes do not end."""


def tokens_of(text: str, documents: list[str] | None = None) -> Iterator[Token]:
    """Yield the words and operators of a command, without comments and here-documents' texts.

    The texts in which the shell replaces variables are added to *documents*.
    """
    if len(text) > _MOST:
        raise UnreadableError
    at, here = 0, list[str]()
    wants_delimiter = replaces = False
    while at < len(text):
        one = text[at]
        if one in " \t\r" or text.startswith("\\\n", at):
            at += 1 if one != "\\" else 2
            continue
        if one == "#":
            at = or_end(text, text.find("\n", at))
            continue
        found = OPERATOR.match(text, at)
        if found is not None and not text.startswith(("<(", ">("), at):
            yield Token(found[0], at, True)
            at = found.end()
            if found[0] == "\n" and here:
                begin, at = at, _behind(text, at, here)
                here = []
                if replaces and documents is not None:
                    documents.append(text[begin:at])
                replaces = False
            wants_delimiter = HERE.fullmatch(found[0]) is not None
            continue
        end = _end_of_word(text, at)
        if wants_delimiter:
            here.append(text[at:end].strip("'\"\\"))
            wants_delimiter = False
            replaces = replaces or not re.search(r"['\"\\]", text[at:end])
        yield Token(text[at:end], at, False)
        at = end


def or_end(text: str, at: int) -> int:
    """Return *at*, or the end of *text* if nothing was found in it."""
    return len(text) if at < 0 else at


def _behind(text: str, at: int, delimiters: list[str]) -> int:
    """Return where the texts of here-documents that begin at *at* have ended."""
    for delimiter in delimiters:
        while at < len(text):
            end = or_end(text, text.find("\n", at))
            line, at = text[at:end], end + 1
            if line.strip("\t") == delimiter:
                break
    return min(at, len(text))


def _end_of_word(text: str, at: int) -> int:
    """Return where the word that begins at *at* ends.

    Raises:
        UnreadableError: if its quotes or brackets do not end.

    """
    begin = at
    while at < len(text):
        one = text[at]
        if one == "\\":
            at += 2
        elif one == "'":
            at = _behind_next(text, "'", at)
        elif one == '"':
            at = _end_of_double_quotes(text, at + 1)
        elif one == "`":
            at = _behind_next(text, "`", at)
        elif (one == "$" and text[at + 1 : at + 2] in ("(", "{")) or (
            one in "<>" and text[at + 1 : at + 2] == "(" and at == begin
        ):
            at = _end_of_brackets(text, at + 1)
        elif one in " \t\r\n|&;()<>":
            return at
        else:
            at += 1
    return len(text)


def _behind_next(text: str, quote: str, at: int) -> int:
    """Return where what begins at *at* has ended with a *quote*."""
    found = text.find(quote, at + 1)
    if found < 0:
        raise UnreadableError
    return found + 1


def _end_of_double_quotes(text: str, at: int, depth: int = 0) -> int:
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text[at] == '"':
            return at + 1
        elif text[at] == "$" and text[at + 1 : at + 2] in ("(", "{"):
            at = _end_of_brackets(text, at + 1, depth + 1)
        else:
            at += 1
    raise UnreadableError


def _end_of_brackets(text: str, at: int, nested: int = 0) -> int:
    """Return where the bracket at *at* has been closed; it is in so many quoted ones."""
    if nested > _MOST_NESTED:
        raise UnreadableError
    opening = text[at]
    closing = {"(": ")", "{": "}"}[opening]
    depth = 0
    while at < len(text):
        one = text[at]
        if one == "\\":
            at += 2
            continue
        if one == "'":
            at = _behind_next(text, "'", at)
            continue
        if one == '"':
            at = _end_of_double_quotes(text, at + 1, nested)
            continue
        depth += (one == opening) - (one == closing)
        at += 1
        if not depth:
            return at
    raise UnreadableError


def substituted(word: str) -> Iterator[str]:
    """Yield the commands in ``$(...)``, ``<(...)`` and backticks of a word."""
    at = 0
    while at < len(word):
        if word[at] == "\\":
            at += 2
        elif word[at] == "'" and '"' not in word[:at]:
            at = _behind_next(word, "'", at)
        elif word[at] == "`":
            end = _behind_next(word, "`", at)
            yield word[at + 1 : end - 1]
            at = end
        elif word[at] in "$<>" and word[at + 1 : at + 2] == "(" and word[at + 2 : at + 3] != "(":
            end = _end_of_brackets(word, at + 1)
            yield word[at + 2 : end - 1]
            at = end
        else:
            at += 1
