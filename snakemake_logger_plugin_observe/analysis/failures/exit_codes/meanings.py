"""What a failed shell command's exit code means, keyed on the code and on the programs it runs.

Bash says the same for very different things, and often nothing: in Snakemake's strict mode a
``grep`` that finds nothing fails its job without a message. What the shell or a program printed is
certain; what only the exit code and the command suggest is likely, or no more than possible.

Sources: the exit statuses of Bash (its manual, "Exit Status"), POSIX (grep, diff, test, timeout).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.crashes import CRASHES
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning, Strength
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.not_started import (
    EVERYWHERE,
    not_executable,
    not_found,
)
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.own_signals import (
    exits,
    passed_time,
    sent_by_itself,
    timed_out,
)
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.programs import (
    BY_PROGRAM,
    OF_FILES,
    ProgramEnding,
)
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.shell_messages import (
    shell_message,
)
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.strict_mode import (
    QUIET,
    Strictness,
    activated,
    counted,
    counting,
    divided,
    pipe_closed,
    sourced,
    strictness,
    unset_variables,
)
from snakemake_logger_plugin_observe.analysis.failures.shell.commands import (
    SimpleCommand,
    last_of,
    simple_commands,
)
from snakemake_logger_plugin_observe.analysis.failures.shell.lines import can_be_read
from snakemake_logger_plugin_observe.analysis.failures.shell.variables import variables_needed
from snakemake_logger_plugin_observe.analysis.phrasing import cut

SIGPIPE_CODE: Final = 141
_LONGEST: Final = 60
_NOT_FOUND: Final = 127
_NOT_EXECUTABLE: Final = 126
_NEVER_1: Final = frozenset({"sort", "seq", "date", "sleep"})
"""Programs that hardly end with 1: what could not be opened is behind < or >."""


def meanings(
    command: str,
    code: int | None,
    signal: int | None,
    said: Sequence[str] = (),
    prefix: str = "",
    *,
    silent: bool = False,
    lasted_s: float | None = None,
    inputs: Collection[str] = (),
    shadow: str | None = None,
) -> tuple[Meaning, ...]:
    """Return what made *command* fail, the likeliest first; empty if nothing is known.

    Args:
        command: the shell command, as it was run.
        code: its exit code, if it ended by itself; 128 + N if the shell reports signal N.
        signal: the signal that ended it, if one did.
        said: what it printed last, as far as it was kept.
        prefix: what Snakemake put before it: ``set -euo pipefail;`` unless the workflow set it.
        silent: whether its programs are known to have printed no error.
        lasted_s: how many seconds it ran at most; None if unknown.
        inputs: the files that the job declares as inputs, which were there when it began.
        shadow: how its shadow directory was filled; None if it ran in the folder of the run.

    """
    if (known := shell_message(said, command)) is not None:
        return (known,)
    shell_ended = signal is not None and code is None
    if signal is not None and code is None:
        code = 128 + signal
    if code is None:
        return ()
    strict = strictness(f"{prefix}; {command}")
    programs = simple_commands(command)
    found = list(sent_by_itself(programs, code, shell_ended=shell_ended))
    found += timed_out(counting(programs, strict), code, lasted_s)
    found += passed_time(programs, code, lasted_s)
    tested = [one for one in programs if not _is_there(one, inputs)]
    found += _by_code(tested, command, code, strict, silent=silent)
    found += exits(programs, code)
    if not silent and not any(one.strength != "possible" for one in found):
        live = counting(programs, strict)
        place = Place(_folder_of(live), shadow)
        of_files = _by_files(live, code, place) or _by_redirection(live, command, code, place)
        doubt = code == 1 and (len(of_files) > 1 or _may_end_otherwise(live, command, strict))
        found += [replace(one, strength="possible") if doubt else one for one in of_files]
        if code == 1:
            found += divided(command)
    order = {"certain": 0, "likely": 1, "possible": 2}
    found.sort(key=lambda one: order[one.strength])
    return tuple(one for one in found if one.strength == found[0].strength)[:2]


def _by_code(
    programs: Sequence[SimpleCommand], command: str, code: int, strict: Strictness, *, silent: bool
) -> Iterator[Meaning]:
    """Yield what an exit code means for the programs of a command."""
    live = counting(programs, strict)
    for row in BY_PROGRAM:
        if code in row.codes and (one := last_of(live, row.programs)) is not None:
            others = [each for each in live if each.program not in row.programs]
            quiet = QUIET if row.prints else EVERYWHERE  # those print as it does, if they fail
            alone = silent or code != 1 or all(each.program in quiet for each in others)
            yield _of_row(row, one, strict, "likely" if alone else "possible")
    if code == 2 and command.strip() and (not programs or not can_be_read(command)):
        yield _NOT_PARSED
    if code == SIGPIPE_CODE and strict.pipes:
        yield pipe_closed(programs, strict)
    elif code == _NOT_FOUND:
        yield not_found(live)
    elif code == _NOT_EXECUTABLE:
        yield not_executable(live)
    if code in (1, _NOT_FOUND) and strict.unset:
        yield from unset_variables(programs, command, silent=silent)
    if code == 1:
        yield from sourced(live)
        yield from activated(live)
        yield from counted(command, strict)
    if (crash := CRASHES.get(code)) is not None:
        yield crash


def _is_there(one: SimpleCommand, inputs: Collection[str]) -> bool:
    """Whether a command only asks whether a file is there, and it is an input."""
    asks = one.program in ("test", "[", "[[") and one.arguments[:1] in (("-f",), ("-e",), ("-r",))
    return asks and any(each.strip("'\"") in inputs for each in one.arguments[1:2])


def _is_made(one: SimpleCommand, live: Sequence[SimpleCommand]) -> bool:
    """Whether ``mkdir -p`` makes the folder that ``cd`` enters."""
    makers = (each for each in live if each.program == "mkdir" and "-p" in each.arguments)
    return any({*one.arguments} & {*each.arguments} for each in makers)


def _folder_of(live: Sequence[SimpleCommand]) -> str:
    """Return the ``cd`` behind which programs run; empty if there is none."""
    one = last_of(live, ("cd", "pushd"))
    return cut(one.text, _LONGEST) if one is not None and live[-1] is not one else ""


def _may_end_otherwise(live: Sequence[SimpleCommand], command: str, strict: Strictness) -> bool:
    """Whether the shell itself may have ended a command with 1: by ``cd``, a variable, a sum."""
    enters = any(one.program in ("cd", "pushd") and not _is_made(one, live) for one in live)
    return enters or any(divided(command)) or (strict.unset and bool(variables_needed(command)))


@dataclass(frozen=True, slots=True)
class Place:
    """Where the programs of a command looked for their files, if not in the folder of the run."""

    entered: str = ""
    """The ``cd`` behind which they ran."""
    shadow: str | None = None

    def applied(self, meaning: Meaning, commands: str) -> Meaning:
        """Return what to do about a file that could not be opened, with where it was looked for."""
        if self.shadow in MINIMAL:
            return replace(
                meaning,
                to_do=f"declare each file that it reads as an input: {only_inputs(self.shadow)}",
                wrong_if="each file that it reads is a declared input",
            )
        if self.entered:
            return replace(
                meaning,
                to_do=f"{meaning.to_do}: behind `{self.entered}` a relative path begins in that "
                "folder, and Snakemake's paths begin in the folder of the run",
                wrong_if=f"{commands} ends with 0 behind `{self.entered}`",
            )
        return meaning


MINIMAL: Final = frozenset({"minimal", "copy-minimal"})


def only_inputs(shadow: str | None) -> str:
    """Return what is in such a shadow directory."""
    return f'in its shadow directory (shadow: "{shadow}") only declared inputs are there'


def _by_files(live: Sequence[SimpleCommand], code: int, place: Place) -> list[Meaning]:
    """Return what a code means for programs that print errors, if no other can have failed."""
    by_row = [
        (row, [one for one in live if code in row.codes and one.program in row.programs])
        for row in OF_FILES
    ]
    quiet = QUIET | _NEVER_1 if code == 1 else QUIET
    if any(one.program == "mkdir" and "-p" not in one.arguments for one in live):
        quiet = quiet - {"mkdir"}
    known = quiet.union(*(row.programs for row, own in by_row if own))
    if any(one.program not in known or _ends_with(one, code) for one in live):
        return []
    found: list[Meaning] = []
    likeliest = [one for one in live if one.names_a_file and one.program not in quiet]
    for row, own in by_row:
        given = [one for one in own if one in likeliest] if likeliest else own
        if not given:
            continue
        names = " or ".join(dict.fromkeys(one.program for one in given))
        commands = "` or `".join(dict.fromkeys(cut(one.text, _LONGEST) for one in given))
        fill = {"program": names, "command": commands}
        to_do, wrong_if = row.to_do.format(**fill), row.wrong_if.format(**fill)
        meaning = Meaning("likely", row.text.format(**fill), to_do, wrong_if)
        found.append(place.applied(meaning, f"`{commands}`"))
    return found


def _by_redirection(
    live: Sequence[SimpleCommand], command: str, code: int, place: Place
) -> list[Meaning]:
    """Return that a file behind ``<`` or ``>`` was not opened, where no program ends with 1."""
    quiet = all(one.program in QUIET | _NEVER_1 and not _ends_with(one, 1) for one in live)
    if code != 1 or not quiet or not live or re.search("[<>]", command) is None:
        return []
    whole = f"`{cut(' '.join(command.split()), _LONGEST)}`"
    meaning = Meaning(
        "likely",
        "the shell could not open a file behind < or >, or what is printed could not be "
        "written: its folder is not there, or the disk or the quota is full",
        "check that the folders of the files behind < and > are there, and have room",
        f"{whole} ends with 0 when it is run again",
    )
    return [place.applied(meaning, whole)]


def _ends_with(one: SimpleCommand, code: int) -> bool:
    """Whether a command says itself that it ends so: ``exit 3``."""
    return one.program in ("exit", "return") and one.arguments[:1] == (str(code),)


def _of_row(
    row: ProgramEnding, one: SimpleCommand, strict: Strictness, strength: Strength
) -> Meaning:
    fill = {"program": one.program, "command": cut(one.text, _LONGEST)}
    text = f"{row.text.format(**fill)}; {strict.said(piped=one.is_piped)}"
    if not strict.fails and not one.is_piped:
        text = row.text.format(**fill)
    return Meaning(
        *(strength, text, row.to_do.format(**fill), row.wrong_if.format(**fill)),
        prints_nothing=not row.prints,
    )


_NOT_PARSED: Final = Meaning(
    "likely",
    "the shell could not read the command: a quote, a bracket, an `if` or a loop in it is not "
    "whole, or nothing is between two operators",
    "correct it (`bash -n` says where); in a Snakefile, write {{ for {, and \\\\ for a backslash",
    "`bash -n` accepts the command",
    prints_nothing=True,  # bash says it before the command could send it to a log
)
