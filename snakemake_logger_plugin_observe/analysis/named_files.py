"""Which files a message names: whole paths, and not those that it lists as others of a folder."""

import re
from collections.abc import Iterable
from typing import Final

# Snakemake names a missing file together with the other files in its folder.
_OTHER_FILES: Final = re.compile(r", parent dir contents: [^\n]*?\)(?=\s|$)")
# Where a file name begins; files of a shadowed job are named below its shadow directory.
_BEGINS: Final = r"(?:(?<![\w./~-])|(?<=/shadow/tmp\w{8}/))"
_ENDS: Final = r"(?![\w/~-]|\.\w)"


def named_in(paths: Iterable[str], message: str) -> tuple[str, ...]:
    """Return which of *paths* a message names in full: ``a.bam.bai`` does not name ``a.bam``.

    Files that it lists only as the contents of a folder do not count.
    """
    text = _OTHER_FILES.sub("", message)
    maybe = tuple(path for path in dict.fromkeys(paths) if path and path in text)
    longest_first = "|".join(map(re.escape, sorted(maybe, key=len, reverse=True)))
    named = set(re.findall(f"{_BEGINS}({longest_first}){_ENDS}", text)) if maybe else set()
    return tuple(path for path in maybe if path in named)
