"""How params changed: the same items in another order, single keys of a dict, or other values.

Values are Python's texts of them, and only taken apart, never evaluated: a journal can be anyone's.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from snakemake_logger_plugin_observe.analysis.phrasing import cut
from snakemake_logger_plugin_observe.journal.masking import MASK

_MOST: Final = 100_000
"""Longer texts are not taken apart."""
_CUT: Final = "\N{HORIZONTAL ELLIPSIS}"
_TOKEN: Final = re.compile(
    r"""(?P<text>[bBrRuU]{0,2}(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))|(?P<open>[\[({])"""
    r"""|(?P<close>[\])}])|(?P<comma>,)|(?P<other>[^\s'"\[\](){},]+)|(?P<space>\s+)""",
    re.DOTALL,
)
_CLOSING: Final = {"[": "]", "(": ")", "{": "}"}
_NAMED: Final = re.compile(r"[A-Za-z_]\w*=")
_WORDS: Final = re.compile(r"[\s,;|]+")
_REASON: Final = re.compile(r"before: (?P<before>.*) now: (?P<now>.*)", re.DOTALL)
_NOTHING: Final = "<nothing exclusive>"
_SHORTEST: Final = 30
_DRAWN_LENGTH: Final = 5
_NO_WORD: Final = re.compile(r"[\d_]")
_MOMENT: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}|\d{1,2}:\d{2}:\d{2}|\b\d{9,}")
REORDERED: Final = "the same items in another order"


@dataclass(frozen=True, slots=True)
class ParamsChange:
    """What only the earlier and only the later params have."""

    before: str
    now: str

    @property
    def reordered(self) -> bool:
        """Whether both have the same items, in another order."""
        return same_items(self.before, self.now)

    def __str__(self) -> str:
        """Return the change in words: what differs, and all of it."""
        if self.reordered:
            return f"{REORDERED}: {self.values}"
        return "; ".join(_in_words(*pair) for pair in self._pairs)

    @property
    def values(self) -> str:
        """The values of each param, before and now, in full."""
        return "; ".join(f"{before} → {now}" for before, now in self._pairs)

    def within(self, most: int) -> str:
        """Return the change in words; if these are longer than *most*, with each value cut.

        Of the same items in another order, that alone is left.
        """
        text = str(self)
        if len(text) <= most:
            return text
        if self.reordered:
            return REORDERED
        room = max(most // (2 * len(self._pairs)), _SHORTEST)
        return "; ".join(_in_words(*pair, room) for pair in self._pairs)

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        return _by_name(self.before, self.now) or [(self.before, self.now)]


def in_reason(text: str | None) -> ParamsChange | None:
    """Return the change that Snakemake's reason *text* contains, if any."""
    found = _REASON.search(text or "")
    if found is None:
        return None
    before, now = (found[side].strip().replace(_NOTHING, "") for side in ("before", "now"))
    return ParamsChange(before, now)


def between(before: Sequence[str], now: Sequence[str]) -> ParamsChange | None:
    """Return how params, each ``name=value``, changed; None if nothing that is recorded did."""
    gone, came = Counter(before) - Counter(now), Counter(now) - Counter(before)
    if not (gone or came):
        return None
    return ParamsChange(", ".join(gone.elements()), ", ".join(came.elements()))


def same_items(before: str, now: str) -> bool:
    """Return whether two different values have the same items, in another order.

    False if that is not certain: a part is masked or cut, or options come with values, whose order
    has a meaning.
    """
    if before == now or len(before) != len(now):
        return False
    one, other = _sorted(before), _sorted(now)
    return one is not None and one == other


def _sorted(text: str) -> str | None:
    """Return *text* with the items of everything in it sorted; None if that cannot be done."""
    if len(text) > _MOST or MASK in text or _CUT in text:
        return None
    stack: list[tuple[str, list[str], list[str]]] = [("", [], [])]
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        at = token.end()
        opening, items, item = stack[-1]
        match token.lastgroup:
            case "open":
                stack.append((token[0], [], []))
            case "close":
                stack.pop()
                if not stack or token[0] != _CLOSING.get(opening):
                    return None
                whole = _joined(items, item)
                if whole is None:
                    return None
                stack[-1][2].append(f"{opening}{whole}{token[0]}")
            case "comma":
                items.append("".join(item))
                item.clear()
            case "text":
                words = _sorted_words(token[0])
                if words is None:
                    return None
                item.append(words)
            case "other":
                item.append(token[0])
    return _joined(*stack[0][1:]) if len(stack) == 1 else None


def _joined(items: list[str], last: list[str]) -> str | None:
    every = [*items, *(["".join(last)] if last else [])]
    if len(every) > 1 and any(_is_option(one.lstrip("bBrRuU'\"")) for one in every):
        return None
    return ",".join(sorted(every))


def _sorted_words(text: str) -> str | None:
    """Return a text with its words sorted: sets are often joined to one."""
    words = _WORDS.split(text[:-1].lstrip("bBrRuU")[1:])
    if len(words) > 1 and any(map(_is_option, words)):
        return None
    return f"'{' '.join(sorted(words))}'"


def _is_option(word: str) -> bool:
    return word.startswith("-") and not word[1:2].isdigit()


def _in_words(before: str, now: str, most: int = _MOST) -> str:
    before, now, inside = _narrowed(before, now)
    before, now = cut(before, most), cut(now, most)
    if not inside:
        return f"{before or 'nothing'} → {now or 'nothing'}"
    if before and now:
        return f"{before} → {now} (in {inside})"
    return f"{now} is new (in {inside})" if now else f"{before} is gone (from {inside})"


def _by_name(before: str, now: str) -> list[tuple[str, str]]:
    """Return the pairs of several params, each ``name=value``, if both sides have the same."""
    sides: list[dict[str, str]] = []
    for side in (before, now):
        items = _items(side) or []
        named = {one.partition("=")[0]: one for one in items if _NAMED.match(one)}
        if len(named) < len(items) or len(named) < 2:
            return []
        sides.append(named)
    one, other = sides
    return [(one[name], other[name]) for name in one] if one.keys() == other.keys() else []


def _narrowed(before: str, now: str) -> tuple[str, str, str]:
    """Return only what differs, and in what, if both are one dict or list of many items."""
    name, one = _container(before)
    other_name, other = _container(now)
    if one is None or other is None or name != other_name:
        return before, now, ""
    gone, came = Counter(one) - Counter(other), Counter(other) - Counter(one)
    left = ", ".join(gone.elements()), ", ".join(came.elements())
    if len(one) < 2 or not any(left) or sum(gone.values()) == len(one):
        return before, now, ""
    kind = "dict" if before.rstrip().endswith("}") and ":" in one[0] else "list"
    return *left, f"{name or 'a'} {kind} of {len(other)}".strip()


def _container(text: str) -> tuple[str, list[str] | None]:
    """Return the name and the items of a text that is one list, tuple, set or dict."""
    name, sign, value = text.partition("=")
    if not (sign and name.isidentifier()):
        name, value = "", text
    value = value.strip()
    if len(value) > _MOST or value[:1] not in _CLOSING or value[-1:] != _CLOSING[value[0]]:
        return name, None
    return name, _items(value[1:-1])


def _items(text: str) -> list[str] | None:
    """Return the items of a list's text; None if it is not that of one list."""
    depth, start, found = 0, 0, []
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "open":
                depth += 1
            case "close":
                depth -= 1
                if depth < 0:
                    return None
            case "comma" if not depth:
                found.append(text[start : token.start()].strip())
                start = token.end()
    return [one for one in (*found, text[start:].strip()) if one]


def looks_drawn(values: Sequence[str]) -> bool:
    """Return whether *values* look random, or like moments: not like what somebody chose.

    What differs in them is long and no plain words, or each is a time.
    """
    if all(map(_MOMENT.search, values)):
        return True
    first = _in_common(values)
    last = _in_common([one[first:][::-1] for one in values])
    parts = [one[first : len(one) - last] for one in values]
    return all(len(one) >= _DRAWN_LENGTH for one in parts) and any(map(_NO_WORD.search, parts))


def _in_common(values: Sequence[str]) -> int:
    """Return how many characters all *values* begin with."""
    columns = zip(*values, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def differing_config(before: Iterable[str], now: Iterable[str], key: str) -> ParamsChange | None:
    """Return how the values of a top-level *key* of the config, ``key.key=value``, changed."""
    sides = (
        [one for one in side if one.partition("=")[0].split(".")[0] == key]
        for side in (before, now)
    )
    found = between(*sides)
    if found is None or MASK in found.before + found.now:
        return None
    return found
