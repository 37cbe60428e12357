"""The logger plugin's flags, and the environment variable that switches both plugins off.

Snakemake reads the annotations when it builds its command line, so they must be plain types or
``typing.Optional``: anything else breaks every ``snakemake`` call on the machine. Values of a
profile arrive as texts of what YAML read: ``off`` as ``False``, 0640 as ``416``.
"""

import argparse
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, List, Optional  # noqa: UP035 - see the module's docstring

from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase


def on_or_off(value: object) -> str:
    """Return ``on`` or ``off`` for the words that YAML reads as booleans, else *value*'s text."""
    text = str(value)
    if text.lower() in ("true", "yes", "on"):
        return "on"
    return "off" if text.lower() in ("false", "no", "off") else text


def switched(text: str) -> str:
    """Return ``on`` or ``off`` for what was given on the command line or in a profile.

    Raises:
        ArgumentTypeError: if it is neither, with all that is.

    """
    value = on_or_off(text)
    if value not in ("on", "off"):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither on (or yes, true) nor off (or no, false)"
        )
    return value


def switch(text: str) -> dict[str, Any]:
    """Return the metadata of a setting that is on or off; *text* is its help."""
    choices = ["on", "off"]
    return {"help": text, "choices": choices, "metavar": "{on,off}", "type": switched}


def folder_named(text: str) -> Optional[Path]:  # noqa: UP045 - see the module's docstring
    """Return the folder, or None for an empty name."""
    return Path(text) if str(text) else None


@dataclass(repr=False, eq=False)  # each generated method costs every process import time
class LogHandlerSettings(LogHandlerSettingsBase):
    """Where journals are written, what they contain, and who may read them."""

    dir: Optional[Path] = field(  # noqa: UP045 - see the module's docstring
        default=None,
        metadata={
            "help": "Folder for run journals (default: .snakemake/observe in the working "
            "directory). It must be writable, or the run is refused at the start.",
            "metavar": "DIR",
            "type": folder_named,
        },
    )
    tag: List[str] = field(  # noqa: UP006 - see the module's docstring
        default_factory=list,
        metadata={
            "help": "Tags to write into the journal, to find and compare runs by.",
            "nargs": "+",
            "metavar": "KEY=VALUE",
        },
    )
    mode: Optional[str] = field(  # noqa: UP045 - see the module's docstring
        default=None,
        metadata={
            "help": "File mode of journals, in octal; 0640 lets your group read them "
            "(default: 0600, because journals contain shell commands).",
            "metavar": "MODE",
        },
    )
    mask: List[str] = field(  # noqa: UP006 - see the module's docstring
        default_factory=list,
        metadata={
            "help": "Regular expressions (Python's); what they match is written as *** into the "
            "journal, in addition to what looks like a secret.",
            "nargs": "+",
            "metavar": "REGEX",
        },
    )
    commands: Optional[str] = field(  # noqa: UP045 - see the module's docstring
        default=None,
        metadata=switch("Whether jobs' shell commands are written into the journal (default: on)."),
    )
    outputs: Optional[str] = field(  # noqa: UP045 - see the module's docstring
        default=None,
        metadata={
            "help": "What to record of each job's outputs when it has succeeded: their sizes, or "
            "SHA-256 checksums too, so that the outputs of two runs can be compared. Checksums "
            "are made in the background, but the run's end waits for them (default: off).",
            "choices": ["off", "sizes", "checksums"],
            "metavar": "{off,sizes,checksums}",
            "type": on_or_off,
        },
    )
    stderr: Optional[str] = field(  # noqa: UP045 - see the module's docstring
        default=None,
        metadata={
            "help": "How many of the last lines that a job of this machine prints on stderr are "
            "written into the journal if it fails; the console shows the same as without. Needs "
            "--executor timed (default: 0).",
            "metavar": "N",
        },
    )
    notify: Optional[str] = field(  # noqa: UP045 - see the module's docstring
        default=None,
        metadata={
            "help": "A shell command to run once, when the run ends or first fails, to send a mail "
            "or a message: the answer of snakemake-observe is on its standard input. The run does "
            "not wait for it (default: none).",
            "metavar": "COMMAND",
        },
    )


def switched_on() -> bool:
    """Return whether the environment variable ``SNAKEMAKE_OBSERVE`` lets the plugins observe."""
    return os.environ.get("SNAKEMAKE_OBSERVE", "").lower() not in ("off", "0", "no", "false")
