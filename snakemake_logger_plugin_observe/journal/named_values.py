"""Where the value behind a secret's name begins and ends, as shells, JSON and Python write it."""

import re
from collections.abc import Iterator
from typing import Final

from snakemake_logger_plugin_observe.journal import secret_names
from snakemake_logger_plugin_observe.journal.secret_names import (
    Strength,
    after_mixed_harmless,
    is_secret,
    looks_random,
)

_LONGEST_NAME: Final = 100
# After a name: the end of its quotes, and the operator.
_OPERATOR: Final = re.compile(  # the value of a name in quotes may be on the next line
    r"""(?P<quote>\\{0,7}["'`])?\]?[ \t]*(?:=>|:=|<-|<<<|\|=|\+=|[=:]{1,2})[ \t]*"""
    r"""(?:\\\r?\n[ \t]*|(?(quote)\s{1,200}(?=\\{0,7}["'])|(?!)))?""",
    re.ASCII,
)
_IN_A_LIST: Final = re.compile(r"""\\{0,7}["'],\s*(?=\\{0,7}["'])""", re.ASCII)
_SPACE: Final = re.compile(r"[ \t]+(?:\\\n[ \t]*)?(?=[^\s-])", re.ASCII)
IN_DEEP_QUOTES: Final = re.compile(r"""(?P<q>\\{1,7}["']).*?(?:(?<!\\)(?P=q)|\Z)""", re.DOTALL)
_DOUBLE: Final = re.compile(r'\$?"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_SINGLE: Final = re.compile(r"\$?'[^'\\]*(?:\\.[^'\\]*)*(?:'|\\?\Z)", re.DOTALL)
_BARE: Final = re.compile(
    r"""(?:[^\s"'\\&;),<>]|\\[^\n]|\\\Z|,(?!\s|\Z|["'\\]|[\w.-]{1,40}["']?[=:]))+""", re.ASCII
)
_GOES_ON: Final = re.compile(r"""[\w.+/=@%$^#~:!*?-]|\\.|["']|\$['"]""", re.ASCII)
_ENDS_HERE: Final = re.compile(r"""["'](?=\s|\Z|[,;)\]}>])""", re.ASCII)
_BRIEFLY: Final = re.compile(r"""\\{0,7}["']?[\w+=.~%/-]{16,200}""", re.ASCII)
_ELEMENT: Final = re.compile(r"(?:[ \t][^<>\n]{0,200})?>(?P<value>[^<]*)", re.ASCII)
# Values of several words: a list, a command whose output it is, a block of YAML.
_SEVERAL: Final = re.compile(
    r"""\[[^\[\]\n]*\]? | \$\((?:[^()\n]|\([^()\n]*\))*\)? | `[^`\n]*`?
      | [|>][+\d-]{0,2}[ \t]*\n(?P<indent>[ \t]+)[^\n]*(?:\n(?P=indent)[^\n]*)*""",
    re.VERBOSE,
)
_PLAIN: Final = re.compile(  # a value without spaces, in its quotes
    r"""(?P<quote>\\{0,7}["'])?
        (?P<value>(?:[^\s"'\\&;,]|,(?!\s|\Z|["'\\]|[\w.-]{1,40}["']?[=:])){1,400})(?(quote)(?P=quote))""",
    re.ASCII | re.VERBOSE,
)


def values_of_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the secrets that follow names in *text* begin and end, in order."""
    quotes = _Quotes(text)
    done = 0
    for found in secret_names.STEM.finditer(text):
        if found.start() < done:
            continue
        begin = _begin_of_word(text, found.start(), done)
        name = text[begin : found.end()]
        strength = secret_names.strength(name)
        if strength is secret_names.Strength.NONE:
            continue
        start = _value_start(text, begin, found.end())
        if start is None:
            continue
        in_query = text[begin - 1 : begin] in ("?", "&")
        sure = strength is Strength.WEAK and not in_query
        # Looked at briefly: it is usually none, and may hold the next name.
        if sure:
            shown = _BRIEFLY.match(text, start)
            if shown is None or not looks_random(shown[0]):
                continue
        elif strength is Strength.MIXED and not in_query:
            plain = _PLAIN.match(text, start)
            if plain is not None and after_mixed_harmless(plain["value"]):
                continue
        element = _element(text, begin, found.end())
        if element is not None:
            start, end = element.span("value")
        else:
            end = _value_end(text, start, quotes.inside(found.start()))
        if end > start and (sure or is_secret(name, _unquoted(text[start:end]), in_query=in_query)):
            yield start, end
            done = end


def _begin_of_word(text: str, at: int, after: int) -> int:
    lowest = max(after, at - _LONGEST_NAME)
    while at > lowest and (text[at - 1].isalnum() or text[at - 1] in "_.-"):
        at -= 1
    return at


def _value_start(text: str, begin: int, end: int) -> int | None:
    """Return where the value of the name at *begin* to *end* starts; None if it has none."""
    if (element := _element(text, begin, end)) is not None:
        return element.start("value")
    if (operator := _OPERATOR.match(text, end)) is not None:
        return operator.end()
    if text[begin] == "-":
        for gap in (_SPACE, _IN_A_LIST):
            if (between := gap.match(text, end)) is not None:
                return between.end()
    return None


def _element(text: str, begin: int, end: int) -> re.Match[str] | None:
    """Return the rest of an XML element that is called as the name at *begin* to *end*."""
    return _ELEMENT.match(text, end) if text[begin - 1 : begin] == "<" else None


def _value_end(text: str, start: int, inside: str) -> int:
    """Return where the value ends that begins at *start*, as shells, JSON and Python write it.

    Args:
        text: the text.
        start: where it begins.
        inside: the quotes that are open there; they end a value that they do not begin.

    """
    deep = IN_DEEP_QUOTES.match(text, start)
    if deep is not None:
        return deep.end()
    several = _SEVERAL.match(text, start)
    if several is not None:
        return several.end()
    at = start
    while at < len(text):
        here = text[at]
        quote = here if here != "$" else text[at + 1 : at + 2]
        if quote in ('"', "'") and (here == quote or at == start):
            closes = quote in inside and here == quote
            if closes and (at > start or _ENDS_HERE.match(text, at)):
                break
            match = (_DOUBLE if quote == '"' else _SINGLE).match(text, at)
            at = match.end() if match is not None else at + 1
            if _GOES_ON.match(text, at) is None:
                break
        elif (bare := _BARE.match(text, at)) is not None:
            at = bare.end()
            if text[at : at + 1] not in ('"', "'"):
                break
        else:
            break
    return at


def _unquoted(value: str) -> str:
    return value.strip("\\\"'")


class _Quotes:
    """Which quotes are open at a place in a text; asked for places in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._odd = {'"': False, "'": False}

    def inside(self, at: int) -> str:
        """Return the quotes that are open at *at*, as far as counting them tells."""
        new_line = self._text.rfind("\n", self._at, at)
        if new_line >= 0:
            self._at = new_line
            self._odd = dict.fromkeys(self._odd, False)
        for quote in self._odd:
            count = self._text.count(quote, self._at, at)
            count -= self._text.count(f"\\{quote}", self._at, at)
            self._odd[quote] ^= bool(count % 2)
        self._at = at
        return "".join(quote for quote, odd in self._odd.items() if odd)
