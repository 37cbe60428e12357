"""The logger plugin's flags, validated: with an invalid one, Snakemake does not start."""

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
    """Texts to mask, in addition to what looks like a secret."""
    commands: bool = True
    """Whether shell commands are written to it."""
    outputs: str = "off"
    """What is recorded of outputs: ``off``, ``sizes`` or ``checksums``."""
    quiet: bool = False
    dryrun: bool = False


def journal_settings(settings: Any, common: Any) -> JournalSettings:
    """Return the flags in *settings*, and those of Snakemake in *common*, as validated settings.

    Raises:
        ApiError: if a flag is invalid, or the requested folder cannot be written.

    """
    journal = JournalSettings(
        quiet=is_quiet(common),
        dryrun=bool(getattr(common, "dryrun", False)),
    )
    if isinstance(settings, LogHandlerSettings):
        journal.mode = _mode(settings.mode)
        journal.tags = dict(map(_tag, settings.tag or ()))
        journal.mask = tuple(map(_pattern, settings.mask or ()))
        journal.commands = settings.commands != "off"
        journal.outputs = settings.outputs or "off"
        if settings.dir is not None:
            journal.folder = _writable(Path(settings.dir).absolute())
    return journal


def is_quiet(output_settings: Any) -> bool:
    """Return whether the user passed ``--quiet all``."""
    quiet = getattr(output_settings, "quiet", None) or ()
    return "ALL" in {getattr(value, "name", str(value)).upper() for value in quiet}


def _flag_error(text: str) -> Exception:
    from snakemake_interface_common.exceptions import ApiError  # printed as one line

    error: Exception = ApiError(text)
    return error


def _mode(text: str | None) -> int:
    if text is None:
        return 0o600
    if not re.fullmatch(r"(0o)?[0-7]{3,4}", str(text)) or not int(str(text), 8) & 0o200:
        raise _flag_error(
            f"--logger-observe-mode: {text!r} is not an octal file mode with write permission "
            "for the owner, such as 0640"
        )
    return int(str(text), 8) & 0o777


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise _flag_error(f"--logger-observe-tag: {text!r} is not KEY=VALUE")
    return key, value


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise _flag_error(
            f"--logger-observe-mask: {text!r} is not a regular expression ({error})"
        ) from None
    if pattern.match(""):
        raise _flag_error(f"--logger-observe-mask: {text!r} matches the empty text, so everywhere")
    return pattern


def _writable(folder: Path) -> Path:
    """Return *folder* if a file can be made there in time: a file system may hang."""
    outcome: list[OSError | None] = []
    attempt = threading.Thread(target=lambda: outcome.append(_write_error(folder)), daemon=True)
    attempt.start()
    attempt.join(_PATIENCE_S)
    error = outcome[0] if outcome else None
    if outcome and error is None:
        return folder
    why = f"cannot be written ({error.strerror})" if error is not None else "does not answer"
    raise _flag_error(
        f"--logger-observe-dir: {folder} {why}; name another folder, or leave the flag out"
    ) from error


def _write_error(folder: Path) -> OSError | None:
    """Return the error of making a file in *folder*, or None."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error
