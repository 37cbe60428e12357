"""A file of a name like that of one that an error misses: its name may be misspelt."""

import os
import re
from itertools import islice
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.probe import ask

_MISSED: Final = re.compile(
    r"No such file or directory: '([^'\n]+)'|configfile (\S+) but it is not present"
    r"|affected files:\n[ \t]+(\S[^\n]*)$",
    re.MULTILINE,
)
_ALIKE: Final = 0.75
_MOST_NAMES: Final = 2000
_COMPRESSED: Final = (".gz", ".bgz", ".bz2", ".xz", ".zst", ".zip")


def similar_file(text: str, workdir: Path) -> str | None:
    """Return a file next to the one that an error's *text* misses, named as that one is; or None.

    Only folders in the working directory are looked at.
    """
    found = _MISSED.search(text)
    if found is None:
        return None
    named = found[1] or found[2] or found[3]
    return ask(lambda: _next_to(named, workdir))  # type: ignore[no-any-return]  # what it returns


def _next_to(named: str, workdir: Path) -> str | None:
    folder, name = os.path.split(os.path.join(workdir, named))
    root = os.path.realpath(workdir)
    if os.path.commonpath([root, os.path.realpath(folder)]) != root:
        return None
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, _MOST_NAMES)]
    alike = [one for one in names if _differ_in_compression(one, name)]
    import difflib  # only here: few runs end with a file that is missing

    alike += difflib.get_close_matches(name, names, 1, _ALIKE)
    return os.path.join(os.path.dirname(named), alike[0]) if alike else None


def _differ_in_compression(one: str, other: str) -> bool:
    return any(one == other + end or other == one + end for end in _COMPRESSED)
