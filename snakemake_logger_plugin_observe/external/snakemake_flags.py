"""A recorded Snakemake command line, read with the names and arities of Snakemake's own parser.

A journal may come from anyone, so none of its values is handed to code of Snakemake's parser before
it is known to belong to a flag on the allowlist: the line is split by a parser that has the same
flags and converts nothing.
"""

import argparse
import contextlib
import io
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from snakemake_logger_plugin_observe.journal.masking import MASK, Masker

Settings = dict[str, tuple[str, ...]]
"""The values of each flag, by its first name."""

_Noted = dict[str, list[tuple[str, ...]]]

SNAKEFILE: Final = "--snakefile"
DIRECTORY: Final = "--directory"
CONFIGFILE: Final = "--configfile"
_CONFIG: Final = "--config"
_PROFILES: Final = ("--profile", "--workflow-profile")

# Flags that decide what is planned, and with which Snakemake does nothing but plan.
_ALLOWED: Final = frozenset(
    {
        *(SNAKEFILE, DIRECTORY, CONFIGFILE, _CONFIG, "--replace-workflow-config"),
        *("--forcerun", "--force", "--forceall", "--until", "--omit-from", "--allowed-rules"),
        *("--batch", "--rerun-triggers", "--rerun-incomplete", "--ignore-incomplete"),
        *("--consider-ancient", "--set-scatter", "--cores"),
        *("--software-deployment-method", "--use-conda", "--use-apptainer"),
    }
)
# Our plugins, and flags that only affect how jobs are run: leaving them out changes no plan.
_IRRELEVANT: Final = frozenset(
    {
        *("--logger", "--executor", "--jobs", "--dry-run", "--quiet", "--verbose", "--nolock"),
        *("--keep-going", "--retries", "--latency-wait", "--seconds-between-status-checks"),
        *("--printshellcmds", "--show-failed-logs", "--keep-incomplete", "--scheduler"),
        *("--nocolor", "--benchmark-extended", "--max-threads", "--groups", "--group-components"),
        *("--max-jobs-per-second", "--max-jobs-per-timespan", "--local-cores", "--resources"),
        *("--max-status-checks-per-second", "--default-resources", "--set-resources"),
        *("--set-threads", "--jobname", "--prioritize", "--no-hooks"),
    }
)
_IRRELEVANT_PREFIXES: Final = ("--timed-", "--logger-", "--slurm-", "--cluster-")
_MASKER: Final = Masker()
_MOST_ARGUMENTS: Final = 10_000
_MOST_FLAGS: Final = 1_000  # argparse takes long for more
_TRUE: Final = ("true", "yes", "on", "1")
_FALSE: Final = ("false", "no", "off", "0")
_ASSIGNMENT: Final = re.compile(r"[a-zA-Z_][\w-]*\w=.*", re.DOTALL)


class FlagsError(Exception):
    """A command line is none of Snakemake's; its text is one line that says why."""


@dataclass(slots=True)
class RecordedFlags:
    """What a recorded command line, or a profile, contributes to a question."""

    settings: Settings = field(default_factory=dict)
    profiles: tuple[str, ...] | None = None
    workflow_profile: str | None = None
    left_out: list[str] = field(default_factory=list)
    """What was not taken and may matter, with the reason where there is one."""


class SnakemakeFlags:
    """The flags of the Snakemake that is installed with this Python."""

    def __init__(self, parser: Any) -> None:
        """Read the flags of *parser*, Snakemake's own."""
        self._parser = parser
        self._splitter = _splitter(parser)
        self._by_flag = {flag: a for a in parser._actions for flag in a.option_strings}

    def of_command(self, arguments: Sequence[str]) -> RecordedFlags:
        """Return what the *arguments* of a recorded command contribute.

        Raises:
            FlagsError: if Snakemake cannot have been called with them.

        """
        noted, unknown = self._split(arguments)
        recorded = RecordedFlags()
        for name, values in noted.items():
            if name.startswith("-"):  # the targets are known from the run itself
                self._take(recorded, name, values[-1])
        if "--profile" in noted:
            recorded.profiles = tuple(value for values in noted["--profile"] for value in values)
        for own in noted.get("--workflow-profile", ())[-1:]:
            recorded.workflow_profile = "".join(own)
        for argument in unknown:
            if argument.startswith("-"):
                _leave_out(recorded, argument.partition("=")[0])
        return recorded

    def of_profile(self, values: Mapping[str, Any], named: str) -> RecordedFlags:
        """Return what the *values* of the profile *named* contribute, as Snakemake reads them."""
        recorded = RecordedFlags()
        for key, value in values.items():
            action = self._by_flag.get(f"--{key}")
            if action is None:
                _leave_out(recorded, f"--{key}", f" of {named}")
                continue
            given = tuple(map(str, value)) if isinstance(value, list) else (str(value),)
            if action.nargs == 0:
                said = "".join(given).lower()
                if said in _FALSE:
                    continue
                given = () if said in _TRUE else given
            self._take(recorded, action.option_strings[0], given, f" of {named}")
        return recorded

    def _take(
        self, recorded: RecordedFlags, name: str, values: tuple[str, ...], where: str = ""
    ) -> None:
        """Take a flag that is on the allowlist and whose values are of its type."""
        if name in _PROFILES and not where:
            return
        if name not in _ALLOWED:
            _leave_out(recorded, name, where)
        elif problem := self._problem(name, values):
            recorded.left_out.append(f"{name}{where} ({problem})")
        else:
            recorded.settings[name] = values

    def _problem(self, name: str, values: tuple[str, ...]) -> str | None:
        """Return why the *values* are not ones of the flag *name*, or None."""
        action = self._by_flag[name]
        if (
            any(MASK in value for value in values)
            or _MASKER.arguments((name, *values))[1:] != values
        ):
            return "masked"  # a profile's secrets are in no journal, and not in a note either
        if any(value.startswith("-") for value in values):
            return "a value looks like a flag"
        if not all(map(is_argument, values)) or (name == CONFIGFILE and not all(values)):
            return "not an argument"
        counts = {0: len(values) == 0, None: len(values) == 1, "+": len(values) > 0, "*": True}
        if not counts.get(action.nargs, False):
            return f"{len(values)} values"
        if name == _CONFIG and not all(map(_ASSIGNMENT.fullmatch, values)):
            return "not NAME=VALUE"
        try:
            if action.type is not None:
                for value in values:
                    action.type(value)
            elif values:
                given = values[0] if action.nargs is None else list(values)
                action(self._parser, argparse.Namespace(), given)
        except Exception:  # Snakemake's converters raise what they like
            return "not a value that Snakemake takes"
        if action.choices is not None and not all(value in action.choices for value in values):
            return "not a value that Snakemake takes"
        return None

    def verify(self, arguments: Sequence[str], meant: Settings, targets: Sequence[str]) -> None:
        """Check that Snakemake reads *arguments* as what was *meant*, and as nothing else.

        Raises:
            FlagsError: if it does not.

        """
        noted, unknown = self._split(arguments)
        expected = {name: [values] for name, values in meant.items()}
        if targets:
            expected[_TARGETS] = [tuple(targets)]
        if noted != expected or unknown:
            raise FlagsError("Snakemake would read the recorded arguments in another way")

    def _split(self, arguments: Sequence[str]) -> tuple[_Noted, list[str]]:
        """Return the values of each flag, each time it is there, and what belongs to no flag."""
        many = sum(1 for argument in arguments if argument.startswith("-"))
        if len(arguments) > _MOST_ARGUMENTS or many > _MOST_FLAGS:
            raise FlagsError(
                f"the recorded command has more than {_MOST_ARGUMENTS:,} arguments, or more than "
                f"{_MOST_FLAGS:,} flags"
            )
        found, unknown = self._splitter.parse_known_args(list(arguments))
        return getattr(found, _NOTED, {}), unknown


def _splitter(parser: Any) -> argparse.ArgumentParser:
    """Return a parser with the flags and arities of *parser* that converts nothing."""
    split = _Splitter(add_help=False)
    for action in parser._actions:
        options: dict[str, Any] = {} if action.nargs is None else {"nargs": action.nargs}
        if action.option_strings:
            split.add_argument(*action.option_strings, dest=action.dest, action=_Note, **options)
        else:
            split.add_argument(_TARGETS, action=_Note, nargs="*")
    return split


def is_argument(text: str) -> bool:
    """Whether a program can be started with *text* as an argument."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


@cache
def installed() -> SnakemakeFlags:
    """Return the flags of the Snakemake installed here; importing it takes a second.

    Raises:
        FlagsError: if it cannot be imported.

    """
    try:
        with (
            _imports_from_installed_places(),
            contextlib.redirect_stdout(io.StringIO()),  # what plugins say belongs to no answer
            warnings.catch_warnings(action="ignore"),
        ):
            from snakemake import cli

            return SnakemakeFlags(cli.get_argument_parser())
    except (Exception, SystemExit) as error:
        raise FlagsError(f"Snakemake cannot be loaded: {error!r}") from error


@contextlib.contextmanager
def _imports_from_installed_places() -> Iterator[None]:
    """Import nothing from the current directory: Snakemake looks for plugins on the whole path."""
    before = list(sys.path)
    sys.path[:] = [entry for entry in before if os.path.isabs(entry)]
    try:
        yield
    finally:
        sys.path[:] = before


def _leave_out(recorded: RecordedFlags, name: str, where: str = "") -> None:
    if name not in _IRRELEVANT and not name.startswith(_IRRELEVANT_PREFIXES):
        recorded.left_out.append(f"{name}{where}")


_NOTED: Final = "noted"
_TARGETS: Final = "targets"


class _Note(argparse.Action):
    """Note a flag's values as they are, by its first name."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        _option: str | None = None,
    ) -> None:
        noted = getattr(namespace, _NOTED, {})
        given = () if values is None else tuple(values) if isinstance(values, list) else (values,)
        name = self.option_strings[0] if self.option_strings else self.dest
        if given or self.option_strings:
            noted.setdefault(name, []).append(given)
        setattr(namespace, _NOTED, noted)


class _Splitter(argparse.ArgumentParser):
    """A parser that raises where argparse would print its usage and exit."""

    def error(self, message: str) -> Any:
        raise FlagsError(f"the recorded command is not one that Snakemake accepts: {message}")
