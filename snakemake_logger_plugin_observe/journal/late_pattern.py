"""A regular expression that is compiled when it is first used.

Compiling takes milliseconds for a long one, and every recorded run would pay for all of them; in
most runs no text calls for any.
"""

import re
from functools import cached_property
from typing import final


@final
class LatePattern:
    """A pattern and its flags."""

    def __init__(self, text: str, flags: int = 0) -> None:
        """Compile nothing yet."""
        self._text, self._flags = text, flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return re.compile(self._text, self._flags)
