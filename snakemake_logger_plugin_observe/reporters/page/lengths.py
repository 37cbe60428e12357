"""How long a text on the page may be: a name of a megabyte, of which a page has many, ends it."""

from typing import Final

_BEGINNING: Final = 1_500
_END: Final = 400
_LONGEST: Final = 2_000


def fitted(text: str) -> str:
    """Return *text*, without its middle if it is longer than any name or message has to be."""
    if len(text) <= _LONGEST:
        return text
    left_out = len(text) - _BEGINNING - _END
    return f"{text[:_BEGINNING]} … ({left_out:,} characters left out) … {text[-_END:]}"
