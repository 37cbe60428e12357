"""Snakemake's profiles, read as data: nothing in them is executed.

A profile can do anything that a flag can, and more: Snakemake evaluates Python in one that says
``__use_yte__``, and ``unlock`` or ``cleanup-metadata`` in it comes before any question. So no
profile is passed on; what it says about the plan is, by flags on the allowlist.
"""

import io
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe.external.snakemake_flags import RecordedFlags, SnakemakeFlags

_MOST_BYTES: Final = 64 * 1024
_VARIABLE: Final = "SNAKEMAKE_PROFILE"
_OPENING: Final = ("[", "{", "<block sequence start>", "<block mapping start>")
_CLOSING: Final = ("]", "}", "<block end>")
_DEEPEST: Final = 20
_CODE: Final = "__use_yte__"


@dataclass(slots=True)
class ProfileSettings:
    """What the profiles of a command contribute, the last one winning, and which files they are."""

    flags: RecordedFlags = field(default_factory=RecordedFlags)
    read: list[Path] = field(default_factory=list)
    """The files that the journal, not the user, chose."""


def read_profiles(
    flags: SnakemakeFlags, recorded: RecordedFlags, start: Path, snakefile: Path | None
) -> ProfileSettings:
    """Return the settings of the profiles that a command uses.

    Args:
        flags: Snakemake's flags.
        recorded: the command's own.
        start: where Snakemake is started.
        snakefile: its Snakefile, next to which it looks for profiles, too.

    """
    found = ProfileSettings()
    named, of_user = recorded.profiles, False
    if named is None and (variable := os.environ.get(_VARIABLE)):
        named, of_user = (variable,), True
    for name in named or ():
        if name != "none":
            _add(found, flags, name, _global(name, start), of_user=of_user)
    own = recorded.workflow_profile
    if own != "none":
        path = next(_of_workflow(own, start, snakefile), None)
        if path is not None or own:
            _add(found, flags, own or "profiles/default", path, of_user=False)
    return found


def _add(
    found: ProfileSettings, flags: SnakemakeFlags, name: str, path: Path | None, *, of_user: bool
) -> None:
    """Add the settings of one profile, or say why there are none."""
    shown = f"profile {name}"
    file = None if path is None else _file_of(path)
    if file is None:
        found.flags.left_out.append(f"{shown} (not found)")
        return
    if not of_user and not _of_this_user(file):
        found.read.append(file)
    try:
        values, varying = _values(file)
    except Exception as error:  # whatever a YAML parser makes of a stranger's file
        reason = str(error).splitlines()[:1] or [type(error).__name__]
        found.flags.left_out.append(f"{shown} ({reason[0]})")
        return
    one = flags.of_profile(values, shown)
    found.flags.settings |= one.settings
    found.flags.left_out += one.left_out
    found.flags.left_out += [f"--{key} of {shown} (an environment variable)" for key in varying]


def _global(name: str, start: Path) -> Path | None:
    """Return where the profile of ``--profile`` is: from *start*, or in Snakemake's folders."""
    places = (folder / name for folder in (start, *_config_folders()))
    return next((place for place in places if place.exists()), None)


def _of_workflow(name: str | None, start: Path, snakefile: Path | None) -> Iterator[Path]:
    """Yield where the profile of ``--workflow-profile``, or the default one, is."""
    below = Path("profiles", name or "default")
    places = [start / (name or "default"), start / below]
    if name is None:
        del places[0]
    if snakefile is not None:
        places.append(snakefile.parent / below)
    yield from (place for place in places if place.exists())


def _file_of(path: Path) -> Path | None:
    """Return the file of a profile: itself, or the one in its folder for this Snakemake."""
    from snakemake.cli import get_profile_dir

    if path.is_file():
        return path
    try:
        found = get_profile_dir(str(path))
    except OSError:
        return None
    return None if found is None else Path(found[1])


def _config_folders() -> tuple[Path, ...]:
    from snakemake.common import get_appdirs

    folders = get_appdirs()
    return Path(folders.user_config_dir), Path(folders.site_config_dir)


def _of_this_user(file: Path) -> bool:
    """Whether a profile is in the folders that Snakemake has for this user and this machine."""
    real = os.path.realpath(file)
    return any(
        real.startswith(os.path.join(os.path.realpath(top), "")) for top in _config_folders()
    )


def _values(file: Path) -> tuple[dict[str, Any], list[str]]:
    """Return a profile's values by key, by Snakemake's own rules, without the code in it.

    And the keys that are left out because their values name environment variables: Snakemake would
    put these variables' values into them, and the commands are shown and saved.
    """
    import yaml  # type: ignore[import-untyped]
    from snakemake.profiles import ProfileConfigFileParser

    loaded = yaml.safe_load(_text(file))
    if not isinstance(loaded, dict):
        raise ValueError("it has no keys")  # noqa: TRY004
    if loaded.pop(_CODE, None):
        raise ValueError(f"it contains code: {_CODE}")
    by_key = {str(key): value for key, value in loaded.items()}
    varying = [k for k, value in by_key.items() if os.path.expandvars(str(value)) != str(value)]
    kept = {key: value for key, value in by_key.items() if key not in varying}
    plain = io.StringIO(json.dumps(kept, default=str))
    plain.name = str(file)  # values that are files next to it become paths
    return dict(ProfileConfigFileParser().parse(plain)), varying


def _text(file: Path) -> str:
    """Return a file's text; it does not wait for a pipe.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no small regular file, or its parser could take long.

    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a regular file")
        data = os.read(descriptor, _MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > _MOST_BYTES:
        raise ValueError("it is larger than 64 KiB")
    text = data.decode()
    _check_shape(text)
    return text


def _check_shape(text: str) -> None:
    """Check that a YAML parser reads *text* in a moment: nested deep, it takes minutes.

    Raises:
        ValueError: if it may not.

    """
    import yaml

    depth = 0
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken):
            raise ValueError("it has YAML aliases")  # noqa: TRY004 - of a file, not of an argument
        kind = token.id
        depth += kind in _OPENING
        depth -= kind in _CLOSING
        if depth > _DEEPEST:
            raise ValueError("it is nested too deep")
