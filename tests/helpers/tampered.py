"""Journals in which somebody changed texts, and what may be found of them in printed commands."""

import json
from collections.abc import Iterator
from typing import Any

from builders import Story

TEXTS = frozenset(
    {
        *("rule", "wildcards", "input", "output", "log", "benchmark", "reason", "shellcmd"),
        *("script", "params", "message", "text", "lines", "path", "name", "group", "node", "host"),
        *("external_jobid", "cluster_job", "run_id", "workdir", "snakefile", "targets", "command"),
        *("tags", "user", "profiles", "config_keys", "resources", "to_run", "up_to_date"),
        *("observe_version", "snakemake_version", "python_version", "platform", "executor"),
        *("detail", "files", "input_sizes", "checksums", "commit", "missing"),
    }
)
"""Fields whose texts come from a workflow, its files and its machines."""


def texts(story: Story) -> list[str]:
    """Return every text of a story's journal that somebody might have changed, each once."""
    found = [one for line in story.lines for one in _texts(json.loads(line), inside=False)]
    return list(dict.fromkeys(found))


def tampered(story: Story, instead: dict[str, str]) -> bytes:
    """Return a story's journal with other texts *instead* of its own, the same one everywhere."""
    lines = [json.dumps(_changed(json.loads(line), instead, inside=False)) for line in story.lines]
    return "".join(f"{line}\n" for line in lines).encode()


def _texts(value: Any, *, inside: bool) -> Iterator[str]:
    if isinstance(value, str) and inside:
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, inside=inside)
    elif isinstance(value, dict):
        for name, one in value.items():
            if inside:
                yield name
            yield from _texts(one, inside=inside or name in TEXTS)


def _changed(value: Any, instead: dict[str, str], *, inside: bool) -> Any:
    if isinstance(value, str) and inside:
        return instead.get(value, value)
    if isinstance(value, list):
        return [_changed(one, instead, inside=inside) for one in value]
    if isinstance(value, dict):
        return {
            instead.get(name, name) if inside else name: _changed(
                one, instead, inside=inside or name in TEXTS
            )
            for name, one in value.items()
        }
    return value
