"""The local files that a workflow is made of: their paths and their digests.

Paths are collected in the thread that owns the workflow, as plain strings and without access to the
file system; the files are read on another thread.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any, Final

from snakemake_logger_plugin_observe.journal.trusted_paths import open_plain
from snakemake_logger_plugin_observe.probe import ask

_MOST_FILES: Final = 500
_MOST_BYTES: Final = 10 * 1024 * 1024
_WRAPPERS: Final = ("wrapper.py", "wrapper.R", "wrapper.Rmd", "wrapper.jl")
_ENVIRONMENTS: Final = (".yaml", ".yml")


def paths_of(workflow: Any, profiles: Iterable[str], started_in: str) -> tuple[str, ...]:
    """Return the paths of the local source files of *workflow*, the most important ones first.

    Snakefiles, config files, profiles, what the rules name (scripts, notebooks, wrappers, conda
    environments), and the workflow's own Python modules that were imported. They may not exist.
    Names with wildcards, and functions that are evaluated per job, are left out.

    Args:
        workflow: Snakemake's workflow, its Snakefiles read.
        profiles: the profiles' files, as Snakemake names them.
        started_in: the folder in which Snakemake was started.

    """
    included = ask(lambda: list(workflow.included), [])
    snakefiles = [path for file in included if (path := _local(file))]
    found = dict.fromkeys(snakefiles)
    found |= dict.fromkeys(setting_files(workflow, profiles, started_in))
    prefix = ask(lambda: workflow.workflow_settings.wrapper_prefix)
    for rule in ask(lambda: list(workflow.rules), []):
        found |= dict.fromkeys(ask(partial(_of_rule, rule, prefix), ()))
    found |= dict.fromkeys(_modules_below({os.getcwd(), *map(os.path.dirname, snakefiles)}))
    return tuple(found)[:_MOST_FILES]


def setting_files(workflow: Any, profiles: Iterable[str], started_in: str) -> tuple[str, ...]:
    """Return the paths of *workflow*'s config files and of its *profiles*, which may hold secrets.

    See ``paths_of``.
    """
    folders = [os.getcwd()]
    if (before := ask(lambda: workflow._workdir_handler.olddir)) is not None:  # of ``workdir:``
        folders.append(str(before))
    configfiles = ask(lambda: list(workflow.configfiles), [])
    return (
        *(os.path.join(folder, str(file)) for file in configfiles for folder in folders),
        *(os.path.join(started_in, profile) for profile in profiles),
    )


def _of_rule(rule: Any, wrapper_prefix: str | None) -> list[str]:
    base = _local(rule.basedir)
    named = [_local(getattr(rule, name, None), base) for name in ("script", "notebook", "cwl")]
    environment = _local(rule.conda_env, base)
    if environment is not None and environment.endswith(_ENVIRONMENTS):
        named.append(environment)
    if rule.wrapper:
        wrapper = _local(rule.wrapper) or _local(f"{wrapper_prefix or 'none:'}{rule.wrapper}")
        named += [os.path.join(wrapper, name) for name in _WRAPPERS] if wrapper else []
    return [path for path in named if path is not None]


def _local(named: Any, base: str | None = None) -> str | None:
    """Return the path of the local file that is *named*, relative to *base*, or None."""
    if hasattr(named, "get_path_or_uri"):  # a source file of Snakemake's
        named = named.get_path_or_uri(secret_free=True)
    if not isinstance(named, str | PurePath):  # a function, or nothing
        return None
    path = str(named).removeprefix("file://").removeprefix("file:")
    if os.path.isabs(path):
        return None if "{" in path else path
    elsewhere = "{" in path or ":" in path.partition("/")[0]  # wildcards; a URL, a git host
    return None if elsewhere or base is None else os.path.join(base, path)


def _modules() -> list[tuple[str, Any]]:
    """Return the entries of ``sys.modules``; not all of them are modules."""
    return list(sys.modules.items())


def _modules_below(folders: set[str]) -> Iterator[str]:
    """Yield the files of the imported Python modules below *folders* that are not installed."""
    below = tuple(os.path.join(folder, "") for folder in folders)
    installed = (os.path.join(sys.prefix, ""), os.path.join(os.path.dirname(os.__file__), ""))
    for name, module in _modules():
        if "_plugin_" in name or not isinstance(module, ModuleType):  # Snakemake plugins
            continue
        # A plain attribute access would load a lazy module.
        path = object.__getattribute__(module, "__dict__").get("__file__")
        if not isinstance(path, str) or not path.startswith(below) or path.startswith(installed):
            continue
        if path.endswith(".py") and f"{os.sep}site-packages{os.sep}" not in path:
            yield path


def digests(
    paths: Iterable[str],
    workdir: Path,
    found: dict[str, str],
    keyed: Callable[[str, str], str],
) -> None:
    """Add to *found* the SHA-256 of each file that can be read, by its path, as *keyed* writes it.

    A path below *workdir* is given relative to it. What is not a regular file, or is larger than
    10 MB, is left out.
    """
    for path in paths:
        if (digest := _digest(path)) is not None:
            shown = os.path.normpath(path)
            if shown.startswith(os.path.join(workdir, "")):
                shown = os.path.relpath(shown, workdir)
            found[shown] = keyed(path, digest)


def _digest(path: str) -> str | None:
    try:
        # Links are followed: Snakemake reads what they lead to, too.
        with open(open_plain(path), "rb") as file:
            if os.fstat(file.fileno()).st_size > _MOST_BYTES:
                return None
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
