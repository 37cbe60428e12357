"""What the person chose: the logger's flags, checked, or refused in one line.

Refusals come before anything is run.
"""

import re
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe.settings import LogHandlerSettings

_PATIENCE_S: Final = 10.0


@dataclass(slots=True)
class JournalSettings:
    """Where and how the journal is written."""

    folder: Path | None = None
    mode: int = 0o600
    tags: dict[str, str] = field(default_factory=dict)
    mask: tuple[re.Pattern[str], ...] = ()
    """What must not reach the journal, beside what looks like a secret."""
    commands: bool = True
    """Whether shell commands may reach it."""
    outputs: str = "off"
    """What is recorded of outputs: ``off``, ``sizes`` or ``checksums``."""
    quiet: bool = False
    dryrun: bool = False


def chosen(settings: Any, common: Any) -> JournalSettings:
    """Return what the flags in *settings*, and Snakemake's own in *common*, ask for.

    Raises:
        ApiError: if a flag makes no sense, or the folder asked for cannot be written.

    """
    found = JournalSettings(
        quiet=says_nothing(common),
        dryrun=bool(getattr(common, "dryrun", False)),
    )
    if isinstance(settings, LogHandlerSettings):
        found.mode = _mode(settings.mode)
        found.tags = dict(map(_tag, settings.tag or ()))
        found.mask = tuple(map(_pattern, settings.mask or ()))
        found.commands = settings.commands != "off"
        found.outputs = settings.outputs or "off"
        if settings.dir is not None:
            found.folder = _writable(Path(settings.dir).absolute())
    return found


def says_nothing(output_settings: Any) -> bool:
    """Return whether the person asked for ``--quiet all``."""
    asked = getattr(output_settings, "quiet", None) or ()
    return "ALL" in {getattr(one, "name", str(one)).upper() for one in asked}


def _refuse(text: str) -> Exception:
    from snakemake_interface_common.exceptions import ApiError  # printed as one line

    error: Exception = ApiError(text)
    return error


def _mode(text: str | None) -> int:
    if text is None:
        return 0o600
    if not re.fullmatch(r"(0o)?[0-7]{3,4}", str(text)) or not int(str(text), 8) & 0o200:
        raise _refuse(
            f"--logger-observe-mode: {text!r} is no octal file mode that lets its owner write, "
            "such as 0640"
        )
    return int(str(text), 8) & 0o777


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise _refuse(f"--logger-observe-tag: {text!r} is not KEY=VALUE")
    return key, value


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise _refuse(
            f"--logger-observe-mask: {text!r} is no regular expression ({error})"
        ) from None
    if pattern.match(""):
        raise _refuse(f"--logger-observe-mask: {text!r} would match between any two letters")
    return pattern


def _writable(folder: Path) -> Path:
    """Return *folder* once a file could be made there; a file system may hang, so not for ever."""
    said: list[OSError | None] = []
    trying = threading.Thread(target=lambda: said.append(_try_to_write(folder)), daemon=True)
    trying.start()
    trying.join(_PATIENCE_S)
    error = said[0] if said else None
    if said and error is None:
        return folder
    why = f"cannot be written ({error.strerror})" if error is not None else "does not answer"
    raise _refuse(
        f"--logger-observe-dir: {folder} {why}; name another folder, or leave the flag out"
    ) from error


def _try_to_write(folder: Path) -> OSError | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error
