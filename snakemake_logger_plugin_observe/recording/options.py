"""The logger plugin's flags, validated: with an invalid one, Snakemake does not start."""

import re
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from snakemake_logger_plugin_observe.recording.live_objects import profile_files
from snakemake_logger_plugin_observe.recording.profile_mappings import is_blank, mapping_of
from snakemake_logger_plugin_observe.settings import LogHandlerSettings, on_or_off

_OUTPUTS: Final = ("off", "sizes", "checksums")
_PATIENCE_S: Final = 10.0
_MOST_LINES: Final = 1000


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
    stderr_lines: int = 0
    """How many of the last lines are kept that a local job printed on stderr before it failed."""
    notify: str = ""
    """The shell command that is run when the run ends or first fails; empty if there is none."""
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
        journal.tags = _tags(settings.tag)
        journal.mask = tuple(map(_pattern, settings.mask or ()))
        journal.commands = on_or_off(settings.commands) != "off"
        journal.outputs = _outputs(settings.outputs)
        journal.stderr_lines = _lines(settings.stderr)
        journal.notify = _command(settings.notify)
        if settings.dir is not None and not _is_blank(str(settings.dir)):
            journal.folder = _writable(Path(settings.dir).absolute())
    return journal


def is_quiet(output_settings: Any) -> bool:
    """Return whether the user passed ``--quiet all``."""
    quiet = getattr(output_settings, "quiet", None) or ()
    return "ALL" in {getattr(value, "name", str(value)).upper() for value in quiet}


def _is_blank(folder: str) -> bool:
    """Whether an empty name was given (from Python or in a profile): it is as if it was not."""
    return not folder or is_blank("logger-observe-dir", profile_files(), folder)


def _flag_error(text: str) -> Exception:
    from snakemake_interface_common.exceptions import ApiError  # printed as one line

    error: Exception = ApiError(text)
    return error


def _mode(given: str | int | None) -> int:
    """Return a file mode that was given in octal, or as YAML and Python read it: 0640 is 416.

    With write permission for the owner, no text can mean both: what is octal is taken so.
    """
    if given is None:
        return 0o600
    text = str(given)
    octal = int(text, 8) if re.fullmatch(r"(0o)?[0-7]{3,4}", text) else 0
    decimal = int(text) if re.fullmatch(r"[1-5][0-9]{2}", text) else 0
    for mode in (octal, decimal) if isinstance(given, str) else (decimal,):
        if mode & 0o200:
            return mode & 0o777
    raise _flag_error(
        f"--logger-observe-mode: {given!r} is not an octal file mode with write permission "
        "for the owner, such as 0640"
    )


def _outputs(given: object) -> str:
    chosen = "off" if given is None else on_or_off(given)
    if chosen not in _OUTPUTS:
        raise _flag_error(
            f"--logger-observe-outputs: {given!r} is not one of {', '.join(_OUTPUTS)}"
        )
    return chosen


def _lines(given: object) -> int:
    text = "0" if given is None or on_or_off(given) == "off" else str(given)
    if not text.isdecimal() or int(text) > _MOST_LINES:
        raise _flag_error(
            f"--logger-observe-stderr: {given!r} is not a number of lines from 0 to {_MOST_LINES}"
        )
    return int(text)


def _command(given: object) -> str:
    text = "" if given is None else str(given)
    if "\0" in text:
        raise _flag_error("--logger-observe-notify: a command cannot contain a null character")
    return text.strip()


def _tags(given: Any) -> dict[str, str]:
    """Return the tags of a flag's values, of a mapping from Python, or of a profile's mapping."""
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    if isinstance(given, str):
        given = (given,)
    if not given:
        return mapping_of("logger-observe-tag", profile_files())
    return dict(map(_tag, given))


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
