"""What must not reach a journal: values of ``envvars:`` and whatever looks like a secret."""

import re
from typing import Any, Final

MASK: Final = "***"

_NAME: Final = (
    r"[\w.-]*(?:passw(?:or)?d|secret|token|api[_-]?key|access[_-]?key|credentials?)[\w.-]*"
)
_SECRETS: Final = re.compile(
    rf"""
    (?P<url>[a-z][a-z0-9+.-]*://[^\s/:@'"]*:)[^\s/@'"]+(?=@)         # user:password@host
  | (?P<flag>(?<!\S)--?{_NAME}\s+["']?)(?!-)[^\s"'&,;)]+             # --token VALUE
  | (?P<assignment>\b{_NAME}["']?\s*[=:]\s*["']?)[^\s"'&,;)]+       # TOKEN=VALUE, "token": "VALUE"
  | (?P<header>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{{8,}}
  | \bAKIA[0-9A-Z]{{16}}\b | \bgh[pousr]_[A-Za-z0-9]{{20,}}\b | \bglpat-[\w-]{{16,}}
  | \bxox[abprs]-[\w-]{{10,}} | \beyJ[\w-]{{10,}}\.[\w-]{{10,}}\.[\w-]*
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Every secret holds one of these, in lower case: where none is, no pattern needs to look.
_HINTS: Final = (
    *(b"passw", b"secret", b"token", b"api_key", b"api-key", b"apikey", b"credential"),
    *(b"access_key", b"access-key", b"accesskey", b"bearer", b"basic", b"://", b"akia"),
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"glpat-", b"xox", b"eyj"),
)
_SHORTEST: Final = 4


class Masker:
    """Replaces secrets in texts, also inside lists and mappings."""

    def __init__(self, values: tuple[str, ...] = ()) -> None:
        """Mask *values* wherever they stand, too (those of declared environment variables)."""
        long_enough = sorted({v for v in values if len(v) >= _SHORTEST}, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, long_enough))) if long_enough else None
        # JSON escapes quotes, backslashes and the like: the longest plain part must do as a hint.
        self._hints = (*_HINTS, *(_plain_part(value) for value in long_enough))

    def may_hold_a_secret(self, line: bytes) -> bool:
        """Return whether a JSON *line* must be looked at: a quick test that lets none pass."""
        lower = line.lower()
        return any(hint in lower for hint in self._hints)

    def text(self, text: str) -> str:
        """Return *text* with every secret in it replaced by ``***``."""
        if self._values is not None:
            text = self._values.sub(MASK, text)
        return _SECRETS.sub(_replace, text)

    def any(self, value: Any) -> Any:
        """Return *value* with the texts in it masked, however deep."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.any(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.any(item) for item in value)
        return value

    def words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """Return a command's *words* masked; a secret flag masks the word after it."""
        masked: list[str] = []
        for word in words:
            before = masked[-1] if masked else ""
            is_value = before.startswith("-") and "=" not in before
            secret = is_value and self.text(f"{before} {word}") != f"{before} {word}"
            masked.append(MASK if secret else self.text(word))
        return tuple(masked)


def _plain_part(value: str) -> bytes:
    parts = re.split(r"[^\x20-\x7e]|[\"\\]", value)
    return max(parts, key=len).lower().encode()


def _replace(match: re.Match[str]) -> str:
    kept = match["url"] or match["flag"] or match["assignment"] or match["header"] or ""
    return kept + MASK
