"""What a profile gives to a plugin's flag, where Snakemake does not pass it on as it is written.

Mappings are dropped without a word, and an empty folder name becomes the profile's own folder.
"""

import os
from collections.abc import Iterable
from functools import partial
from typing import Any

from snakemake_logger_plugin_observe.probe import ask


def mapping_of(flag: str, profiles: Iterable[str]) -> dict[str, str]:
    """Return the mapping that the last of the *profiles* with one gives to *flag*, or nothing.

    Its keys and values are texts as they are written there: ``yes`` and ``0640`` stay so.
    """
    found: dict[str, str] = {}
    for path in profiles:
        found = ask(partial(_mapping, path, flag), {}) or found
    return found


def is_blank(flag: str, profiles: Iterable[str], folder: str) -> bool:
    """Return whether *folder* is what Snakemake made of an empty text that a profile gives."""
    return any(
        os.path.normpath(folder) == (os.path.dirname(os.path.normpath(path)) or ".")
        and ask(lambda: os.path.expandvars(_value(path, flag)) == "")  # noqa: B023 - called now
        for path in profiles
    )


def _mapping(path: str, flag: str) -> dict[str, str]:
    value = _value(path, flag)
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, str)}


def _value(path: str, flag: str) -> Any:
    """Return what the profile gives to *flag*, as it is written there; None if nothing."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if flag not in text:
        return None
    import yaml  # type: ignore[import-untyped]  # Snakemake has loaded it to read the same file

    return yaml.load(text, Loader=yaml.BaseLoader).get(flag)  # noqa: S506 - it makes only texts
