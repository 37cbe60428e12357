"""What the shell itself said of a failure: certain, where it was kept."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.phrasing import cut

_LONGEST: Final = 60

_UNBOUND: Final = re.compile(r"^(?P<where>.*?): ?(?:line \d+: )?(?P<name>\S+): unbound variable")
_NO_COMMAND: Final = re.compile(r"(?:line )?\d+: (?P<name>\S+): (?:command )?not found$")


def _unbound(said: Sequence[str], command: str) -> Iterator[Meaning]:
    """``bash: line 1: NAME: unbound variable``."""
    for line in reversed(said):
        if found := _UNBOUND.search(line):
            name = cut(found["name"].removeprefix("$"), _LONGEST)
            where = found["where"].partition(": line")[0]
            script = where if not where.endswith(("bash", "sh")) and where in command else ""
            who = cut(script, _LONGEST)
            read = f"{who} reads it: write `set +u;` before it and `set -u;` behind it"
            yield Meaning(
                "certain",
                f"the variable {name} is not set, and set -u makes that a failure",
                read
                if script
                else f"set it before Snakemake is started (export {name}=...), give the command a "
                f"default (${{{{{name}:-}}}} in a Snakefile), or write `set +u;` before it",
                f"`echo ${name}` prints its value where the job ran",
            )
            return


def _command_not_found(said: Sequence[str], _command: str) -> Iterator[Meaning]:
    """``bash: line 1: tool: command not found``, ``sh: 1: tool: not found``."""
    for line in reversed(said):
        if found := _NO_COMMAND.search(line.strip()):
            name = cut(found["name"], _LONGEST)
            yield Meaning(
                "certain",
                f"the shell did not find {name}: it is not in a folder of PATH where the job ran",
                f"install {name} in the environment of the rule (conda:, container:, "
                "envmodules:), or write its whole path",
                f"`command -v {name}` prints a path where the job ran",
                "operating context",
            )
            return


def _windows_lines(said: Sequence[str], _command: str) -> Iterator[Meaning]:
    """A carriage return at the end of a name: ``/bin/bash^M: bad interpreter``."""
    if any(re.search(r"\$'[^']*\\r'?: |\^M: |\r: (?:command )?not found", line) for line in said):
        yield Meaning(
            "certain",
            "a script has the line ends of Windows, and the shell takes the carriage return for a "
            "part of a name",
            "convert the script with dos2unix",
            "`file` does not say CRLF of the script",
        )


def _no_syntax(said: Sequence[str], _command: str) -> Iterator[Meaning]:
    """``bash: -c: line 1: syntax error near unexpected token`` ..."""
    wrong = r": syntax error|unexpected EOF while looking for matching"
    if any(re.search(wrong, line) and re.search(r"sh: |line \d+: ", line) for line in said):
        yield Meaning(
            "certain",
            "the shell could not read the command: a quote or a bracket is missing, or too many",
            "correct it where the shell says; in a Snakefile, write {{ for {, and \\\\ for a "
            "backslash",
            "`bash -n` accepts the command",
        )


def _too_long(said: Sequence[str], _command: str) -> Iterator[Meaning]:
    if any("Argument list too long" in line for line in said[-3:]):
        yield Meaning(
            "certain",
            "the command is longer than the system allows: too many files in one command",
            "write their names into a file and give the program that, or use xargs",
            "the command has few arguments",
        )


_SAID: Final[tuple[Callable[[Sequence[str], str], Iterator[Meaning]], ...]] = (
    _windows_lines,
    _unbound,
    _command_not_found,
    _no_syntax,
    _too_long,
)


def shell_message(said: Sequence[str], command: str) -> Meaning | None:
    """Return what the shell itself said, among the last lines that a command printed."""
    return next((one for say in _SAID for one in say(said, command)), None)
