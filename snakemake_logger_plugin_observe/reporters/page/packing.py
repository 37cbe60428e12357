"""Packs columns of numbers and texts, so that 100,000 attempts fit into a page sent by e-mail.

A column is little-endian unsigned integers, all first bytes before all second bytes (they are more
alike), deflated, in base64. The page takes it apart by the browser's own ``DecompressionStream``.
The largest number of a column's width stands for unknown.
"""

import base64
import json
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from typing import Final

_CODES: Final = {1: "B", 2: "H", 4: "I"}
_LEVEL: Final = 6


def numbers(values: Sequence[int | None], width: int = 4) -> str:
    """Return a column of *values*, each of *width* bytes; what does not fit is unknown."""
    unknown = (1 << 8 * width) - 1
    kept = [one if one is not None and 0 <= one < unknown else unknown for one in values]
    column = array(_CODES[width], kept)
    if sys.byteorder == "big":
        column.byteswap()
    raw = column.tobytes()
    return _packed(b"".join(raw[byte::width] for byte in range(width)))


def texts(values: Iterable[str]) -> str:
    """Return a column of texts."""
    return _packed(json.dumps(list(values), separators=(",", ":")).encode())


def _packed(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, _LEVEL)).decode()


class Numbered:
    """Texts by their numbers, each once."""

    def __init__(self) -> None:
        """Begin without any."""
        self.texts: dict[str, int] = {}

    def of(self, text: str | None) -> int | None:
        """Return the number of *text*, a new one if it is new; unknown stays unknown."""
        return None if text is None else self.texts.setdefault(text, len(self.texts))
