"""Mappings that a profile gives to a plugin's flag: Snakemake drops them without a word."""

from collections.abc import Iterable
from functools import partial

from snakemake_logger_plugin_observe.probe import ask


def mapping_of(flag: str, profiles: Iterable[str]) -> dict[str, str]:
    """Return the mapping that the last of the *profiles* with one gives to *flag*, or nothing.

    Its keys and values are texts as they are written there: ``yes`` and ``0640`` stay so.
    """
    found: dict[str, str] = {}
    for path in profiles:
        found = ask(partial(_mapping, path, flag), {}) or found
    return found


def _mapping(path: str, flag: str) -> dict[str, str]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if flag not in text:
        return {}
    import yaml  # type: ignore[import-untyped]  # Snakemake has loaded it to read the same file

    value = yaml.load(text, Loader=yaml.BaseLoader).get(flag)  # noqa: S506 - it makes only texts
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, str)}
