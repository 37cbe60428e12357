"""What a failed shell command's exit code means, keyed on the code and on the programs it runs.

Bash says the same for very different things, and often nothing: in Snakemake's strict mode a
``grep`` that finds nothing fails its job without a message. What the shell or a program printed is
certain; what only the exit code and the command suggest is likely, or no more than possible.

Sources: the exit statuses of Bash (its manual, "Exit Status"), POSIX (grep, diff, test, timeout).
"""

import re
import signal as signals
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from snakemake_logger_plugin_observe.analysis.failures.shell_commands import (
    SimpleCommand,
    can_be_read,
    simple_commands,
    variables_needed,
)
from snakemake_logger_plugin_observe.analysis.phrasing import both, cut

Strength = Literal["certain", "likely", "possible"]
Where = Literal[
    "workflow semantics", "operating context", "storage and visibility", "tool behavior"
]

SIGPIPE_CODE: Final = 141
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Meaning:
    """What most likely made a command fail, what to do about it, and how to refute it."""

    strength: Strength
    """``certain`` if the shell itself said so, or a signal can mean nothing else."""
    text: str
    """A clause behind the exit code or the signal: ``grep found no match``."""
    to_do: str
    """An imperative."""
    wrong_if: str
    """A clause that can follow ``would be wrong if:``; a test that can be made."""
    where: Where = "workflow semantics"
    """Where it is to be put right."""
    prints_nothing: bool = False
    """Whether no message belongs to it, so that an empty log is what is to be expected."""


@dataclass(frozen=True, slots=True)
class _Strictness:
    """What the shell makes a failure, by the text before each command and the command itself."""

    fails: bool
    pipes: bool
    unset: bool

    def said(self, *, piped: bool) -> str:
        """Return what makes the exit code of one program that of the command."""
        by = "strict mode (set -euo pipefail)"
        if not (self.fails and self.pipes and self.unset):
            by = "pipefail" if piped else "set -e"
        return f"under {by} that fails the {'whole pipe' if piped else 'command'}"


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table: exit codes of some programs, and what they mean for them."""

    codes: frozenset[int]
    programs: frozenset[str]
    text: str
    to_do: str
    wrong_if: str
    prints: bool
    """Whether a message belongs to it, so that it is seen if it was kept."""


def _row(
    codes: Collection[int],
    programs: str,
    text: str,
    to_do: str,
    wrong_if: str,
    *,
    prints: bool | None = None,
) -> _Row:
    prints = 1 not in codes if prints is None else prints
    return _Row(frozenset(codes), frozenset(programs.split()), text, to_do, wrong_if, prints)


# {program} is the program, {command} it with its arguments. Most of these print nothing when they
# end so; a program that prints an error is better known by that error.
_BY_PROGRAM: Final = (
    _row(
        {1},
        "grep egrep fgrep zgrep bzgrep xzgrep rg ag ack pgrep pidof",
        "{program} found no match, which is its exit code 1",
        "if no match is fine, write ({command} || [ $? -eq 1 ]), which still fails on an error; if "
        "not, find out why there is none in what it reads",
        "{program} finds a match in what it reads",
    ),
    _row(
        {1},
        "diff cmp zdiff zcmp sdiff diff3",
        "{program} found a difference, which is its exit code 1",
        "if a difference is fine, write ({command} || [ $? -eq 1 ]), which still fails on an error",
        "the files that {program} compares are the same",
    ),
    _row(
        {1},
        "test [ [[",
        "the condition {command} is false, which is exit code 1",
        "find out why it is false; if it may be, write `if {command}; then ...; fi`",
        "the condition {command} is true",
    ),
    _row(
        {1},
        "expr let",
        "{program} computed 0 or an empty text, which is its exit code 1",
        "write the sum as an assignment: n=$((n + 1))",
        "{command} does not give 0 or an empty text",
    ),
    _row(
        {1},
        "read",
        "read reached the end of what it reads without a line break, which is its exit code 1",
        "put `|| true` behind read",
        "what read gets ends with a line break",
    ),
    _row(
        {1},
        "which type hash",
        "{program} did not find the program that it looks for, which is its exit code 1",
        "install that program in the environment of the rule, or put `|| true` behind {program}",
        "{command} prints a path where the job ran",
    ),
    _row(
        {1},
        "cd pushd",
        "the folder that {program} names is not there, or not one that can be entered, which is "
        "exit code 1",
        "check the name in {command}: a job starts in the folder of the run, and Snakemake makes "
        "only the folders of its outputs and logs",
        "`ls -d` shows the folder that {command} names",
        prints=True,
    ),
    _row(
        {2},
        "grep egrep fgrep zgrep rg",
        "{program} could not read a file or its pattern, which is its exit code 2",
        "check that each file that {program} names exists, and that its pattern is complete",
        "{command} ends with 0 or 1",
    ),
    _row(
        {2},
        "ls",
        "a file that ls names is not there, which is its exit code 2",
        "check which files {command} names; a pattern without a match stays as it is written",
        "{command} lists every file that it names",
    ),
    _row(
        {2},
        "python python2 python3",
        "{program} got arguments that it does not take, or its script is not there",
        "check the arguments of {command}",
        "the arguments are ones that its --help shows, and the script exists",
    ),
    _row(
        {124},
        "timeout gtimeout",
        "timeout ended the program behind it because it took too long, which is its exit code 124",
        "give it more time, or find out why it takes so long",
        "it ends within that time",
    ),
    _row(
        {125},
        "timeout gtimeout docker podman",
        "{program} itself failed, before the program behind it ran",
        "check the arguments of {program}",
        "the program behind {program} began",
    ),
    _row(
        {123},
        "xargs",
        "one of the commands that xargs ran failed, which is its exit code 123",
        "find out which: xargs -t prints each; a grep without a match is one, too",
        "each of them ends with 0",
    ),
    _row(
        {255},
        "ssh scp rsync sftp",
        "{program} could not connect",
        "check that the host can be reached from where the job ran, without a password",
        "{program} connects to the host from there",
    ),
)
_OF_FILES: Final = (
    _row(
        {1},
        "zcat gunzip gzip bzcat bunzip2 xzcat unxz zstdcat unzip",
        "{program} could not read what it unpacks: it is not there, cut off, or not packed so",
        "check with `file` that what {program} reads is packed as its name says",
        "{program} -t accepts the file",
    ),
    _row(
        {1},
        "cat cp mv ln rm rmdir mkdir touch head tail wc cut paste tr tee uniq chmod split join "
        "find dd",
        "{program} could not read or write a file (it is not there, may not be used, or the disk "
        "or the quota is full), or does not take its arguments",
        "check that each file that `{command}` reads is there, and that what it writes to has room",
        "`{command}` ends with 0 when it is run again",
    ),
    _row(
        {2},
        "sort sed tar diff cmp",
        "{program} could not read or write a file (it is not there, may not be used, or the disk "
        "or the quota is full), or does not take its arguments",
        "check that each file that `{command}` reads is there, and that what it writes to has room",
        "`{command}` ends with 0 when it is run again",
    ),
    _row(
        {1},
        "sed",
        "sed could not read its program, or the shell could not open a file behind < or >",
        "correct `{command}`: a part of s/// or a bracket is missing",
        "`{command}` ends with 0 when it is run again",
    ),
    _row(
        {1, 2},
        "awk gawk mawk",
        "{program} could not read its program (a bracket or a quote is missing), or a file",
        "correct `{command}`; in a Snakefile, write {{{{ for {{",
        "`{command}` ends with 0 when it is run again",
    ),
    _row(
        {1},
        "python python2 python3",
        "{program} ended by an exception that nothing caught, or by sys.exit with a message",
        "run it again and read what it prints: the last line of a traceback is its cause",
        "the program calls sys.exit(1) itself, without a message",
    ),
    _row(
        {1},
        "Rscript R",
        "an error stopped {program}, which is R's exit code 1",
        "run it again and read its message: `Error in` is its cause",
        "the script calls quit(status = 1) itself",
    ),
    _row(
        {2, 255},
        "perl",
        "perl could not read or find its script, or the script ended by die",
        "run it again and read what it prints: the line that it names is its cause",
        "the script calls exit itself",
    ),
    _row(
        {6, 7, 22, 28},
        "curl",
        "curl got no answer: the host was not found (6), took no connection (7), reported an error "
        "(22), or took too long (28)",
        "check the address in `{command}`, and that the job's machine can reach that host",
        "`{command}` ends with 0 where the job ran",
    ),
    _row(
        {4, 8},
        "wget",
        "wget got no answer: the network failed (4), or the server reported an error (8)",
        "check the address in `{command}`, and that the job's machine can reach that host",
        "`{command}` ends with 0 where the job ran",
    ),
)
"""Programs that print an error when they end so; what fails silently is likelier than they."""
IN_SHORT: Final = {
    124: "timeout: the command took too long",
    126: "shell: the command cannot be executed",
    127: "shell: command not found",
}
"""What a code means in a few words, where no more is known."""
_NOT_FOUND: Final = 127
_NOT_EXECUTABLE: Final = 126
# Programs of every machine, and of bash: not what a 127 is about.
_EVERYWHERE: Final = frozenset(
    {
        *("echo", "printf", "true", "false", "test", "[", "[[", "cd", "pwd", "set", "export"),
        *("unset", "read", "local", "declare", "eval", "exit", "shift", "trap", "wait", "let"),
        *("source", ".", ":", "cat", "cp", "mv", "rm", "mkdir", "rmdir", "ls", "ln", "touch"),
        *("head", "tail", "sort", "uniq", "cut", "tr", "sed", "awk", "grep", "egrep", "fgrep"),
        *("wc", "tee", "xargs", "find", "chmod", "date", "sleep", "seq", "basename", "dirname"),
        *("paste", "tar", "gzip", "gunzip", "zcat", "diff", "cmp", "bash", "sh"),
        *("ulimit", "umask", "return", "break", "continue", "type", "hash", "kill", "getopts"),
    }
)
_KILLERS: Final = frozenset({"kill", "pkill", "killall", "skill"})
_SIGNAL: Final = re.compile(
    r"-(?:(?:s|n|-signal)[= ])?(?:SIG)?(?P<which>[A-Z]+\d?|\d+)\b", re.IGNORECASE
)
"""The signal that one of them sends, at the begin of its arguments."""
_ENDING_SIGNALS: Final = frozenset(
    {signals.SIGHUP, signals.SIGINT, signals.SIGKILL, signals.SIGTERM}
)
_TO_ITSELF: Final = frozenset({"$$", "-$$", "$BASHPID", "${BASHPID}", "0"})
_TIMEOUT_OPTION: Final = re.compile(r"(?:-[sk]|--signal|--kill-after)[= ]?\S+|-\S+")
_KILLS: Final = re.compile(r"(?:^|\s)(?:(?:-s|--signal)[= ]?(?:SIG)?(?:KILL|9)\b|-k|--kill-after)")
_TIME: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd]?)")
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_NEARLY: Final = 0.95
"""What a time that was measured has at least of one that passed."""
_QUIET: Final = frozenset(
    {
        *("echo", "printf", "true", ":", "export", "set", "unset", "local", "declare", "mkdir"),
        *("touch", "exit", "cd", "pwd", "umask", "ulimit"),
    }
)
"""Programs that fail so seldom that an unset variable is likelier."""
_NEVER_1: Final = frozenset({"sort", "seq", "date", "sleep"})
"""Programs that hardly end with 1: what could not be opened is behind < or >."""
_TAKES_DOLLARS: Final = frozenset({"awk", "gawk", "mawk", "perl"})
_READS_PART: Final = frozenset({"head", "less", "more"})


def meanings(
    command: str,
    code: int | None,
    signal: int | None,
    said: Sequence[str] = (),
    prefix: str = "",
    *,
    silent: bool = False,
    lasted_s: float | None = None,
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

    """
    known = tuple(one for say in _SAID for one in say(said, command))
    if known:
        return known[:1]
    shell_ended = signal is not None and code is None
    if signal is not None and code is None:
        code = 128 + signal
    if code is None:
        return ()
    strict = _strictness(f"{prefix}; {command}")
    programs = simple_commands(command)
    found = list(_sent_by_itself(programs, code, shell_ended=shell_ended))
    found += _timed_out(_live(programs, strict), code, lasted_s)
    found += _by_code(programs, command, code, strict, silent=silent)
    if not silent and not any(one.strength != "possible" for one in found):
        live = _live(programs, strict)
        found += _by_files(live, code) or _by_redirection(live, command, code)
    order = {"certain": 0, "likely": 1, "possible": 2}
    found.sort(key=lambda one: order[one.strength])
    return tuple(one for one in found if one.strength == found[0].strength)[:2]


def _strictness(text: str) -> _Strictness:
    flags = {flag for one in re.findall(r"\bset\s+-([a-zA-Z]+)", text) for flag in one}
    off = {flag for one in re.findall(r"\bset\s+\+([a-zA-Z]+)", text) for flag in one}
    pipes = re.search(r"\bset\s(?:[^;&|\n]{0,80}\s)?-[a-z]*o\s+pipefail", text)
    no_pipes = re.search(r"\bset\s+\+o\s+pipefail", text)
    on = flags - off
    return _Strictness("e" in on, pipes is not None and no_pipes is None, "u" in on)


def _live(programs: Sequence[SimpleCommand], strict: _Strictness) -> list[SimpleCommand]:
    """Return the programs whose exit codes can be that of the command."""
    counting = [one for one in programs if not one.ignored]
    return [
        one
        for one in counting
        if (strict.fails or one is counting[-1] or one.is_piped)
        and (strict.pipes or not one.is_piped)
    ]


def _by_code(
    programs: Sequence[SimpleCommand], command: str, code: int, strict: _Strictness, *, silent: bool
) -> Iterator[Meaning]:
    """Yield what an exit code means for the programs of a command."""
    live = _live(programs, strict)
    for row in _BY_PROGRAM:
        if code in row.codes and (one := _last(live, row.programs)) is not None:
            others = [each for each in live if each.program not in row.programs]
            alone = silent or code != 1 or all(each.program in _EVERYWHERE for each in others)
            yield _of_row(row, one, strict, "likely" if alone else "possible")
    if code == 2 and command.strip() and (not programs or not can_be_read(command)):
        yield _NOT_PARSED
    if code == SIGPIPE_CODE and strict.pipes:
        yield _pipe_closed(programs, strict)
    elif code == _NOT_FOUND:
        yield _not_found(live)
    elif code == _NOT_EXECUTABLE:
        yield _not_executable(live)
    if code in (1, _NOT_FOUND) and strict.unset:
        yield from _unset(programs, command, silent=silent)
    if code == 1:
        yield from _sourced(live)
        yield from _activated(live)
        yield from _counted(command, strict)
    if (crash := _CRASHES.get(code)) is not None:
        yield crash


def _sent_by_itself(
    programs: Sequence[SimpleCommand], code: int, *, shell_ended: bool
) -> Iterator[Meaning]:
    """Yield that the command itself sent the signal that ended it.

    If that ended the shell, and not only what the shell waited for, it was sent to the shell.
    """
    found = (one for one in programs if code - 128 in _ENDING_SIGNALS and _sends(one) == code - 128)
    if shell_ended:
        found = (one for one in found if one.program != "kill" or _TO_ITSELF & {*one.arguments})
    if (one := next(found, None)) is not None:
        text = cut(one.text, _LONGEST)
        yield Meaning(
            "likely",
            f"the command itself sends that signal: `{text}`",
            f"leave `{text}` out, or let it end another process",
            f"it ends so without `{text}`, too",
            prints_nothing=True,
        )


def _timed_out(
    live: Sequence[SimpleCommand], code: int, lasted_s: float | None
) -> Iterator[Meaning]:
    """Yield that ``timeout`` killed a program, where it was told to kill."""
    one = _last(live, ("timeout", "gtimeout"))
    if code == 128 + signals.SIGKILL and one is not None and _killed_in_time(one, lasted_s):
        yield Meaning(
            "likely",
            f"{one.program} killed the program behind it because it took too long",
            "give it more time, or find out why it takes so long",
            "it ends within that time",
        )


def _sends(one: SimpleCommand) -> int | None:
    """Return the signal that a command sends, if it is one that sends signals."""
    if one.program not in _KILLERS:
        return None
    found = _SIGNAL.match(" ".join(one.arguments))
    which = found["which"].upper() if found is not None else ""
    if which.isdigit():
        return int(which)
    return getattr(signals, f"SIG{which}", signals.SIGTERM)


def _killed_in_time(one: SimpleCommand, lasted_s: float | None) -> bool:
    """Whether a timeout kills what takes too long, and its time had passed, as far as is known."""
    arguments = " ".join(one.arguments)
    if not _KILLS.search(arguments):
        return False
    limit = _TIME.match(_TIMEOUT_OPTION.sub("", arguments).strip())
    if limit is None or lasted_s is None:
        return True
    return lasted_s >= _NEARLY * float(limit["number"]) * _SECONDS[limit["unit"]]


def _by_files(live: Sequence[SimpleCommand], code: int) -> list[Meaning]:
    """Return what a code means for programs that print errors, if no other can have failed."""
    by_row = [
        (row, [one for one in live if code in row.codes and one.program in row.programs])
        for row in _OF_FILES
    ]
    quiet = _QUIET | _NEVER_1 if code == 1 else _QUIET
    known = quiet.union(*(row.programs for row, own in by_row if own))
    if any(one.program not in known or _ends_with(one, code) for one in live):
        return []
    found: list[Meaning] = []
    likeliest = [one for one in live if _names_a_file(one) and one.program not in quiet]
    for row, own in by_row:
        given = [one for one in own if one in likeliest] if likeliest else own
        if not given:
            continue
        names = " or ".join(dict.fromkeys(one.program for one in given))
        commands = "` or `".join(dict.fromkeys(cut(one.text, _LONGEST) for one in given))
        fill = {"program": names, "command": commands}
        to_do, wrong_if = row.to_do.format(**fill), row.wrong_if.format(**fill)
        found.append(Meaning("likely", row.text.format(**fill), to_do, wrong_if))
    return found


def _by_redirection(live: Sequence[SimpleCommand], command: str, code: int) -> list[Meaning]:
    """Return that a file behind ``<`` or ``>`` was not opened, where no program ends with 1."""
    quiet = all(one.program in _QUIET | _NEVER_1 and not _ends_with(one, 1) for one in live)
    if code != 1 or not quiet or not live or re.search("[<>]", command) is None:
        return []
    return [
        Meaning(
            "likely",
            "the shell could not open a file behind < or >, or what is printed could not be "
            "written: its folder is not there, or the disk or the quota is full",
            "check that the folders of the files behind < and > are there, and have room",
            f"`{cut(' '.join(command.split()), _LONGEST)}` ends with 0 when it is run again",
        )
    ]


def _ends_with(one: SimpleCommand, code: int) -> bool:
    """Whether a command says itself that it ends so: ``exit 3``."""
    return one.program in ("exit", "return") and one.arguments[:1] == (str(code),)


def _names_a_file(one: SimpleCommand) -> bool:
    """Whether a program has more than options, so that it does not only read a pipe."""
    return any(not each.startswith("-") and not each.isdigit() for each in one.arguments)


def _last(live: Sequence[SimpleCommand], programs: Collection[str]) -> SimpleCommand | None:
    return next((one for one in reversed(live) if one.program in programs), None)


def _of_row(row: _Row, one: SimpleCommand, strict: _Strictness, strength: Strength) -> Meaning:
    fill = {"program": one.program, "command": cut(one.text, _LONGEST)}
    text = f"{row.text.format(**fill)}; {strict.said(piped=one.is_piped)}"
    if not strict.fails and not one.is_piped:
        text = row.text.format(**fill)
    return Meaning(
        *(strength, text, row.to_do.format(**fill), row.wrong_if.format(**fill)),
        prints_nothing=not row.prints,
    )


def _pipe_closed(programs: Sequence[SimpleCommand], strict: _Strictness) -> Meaning:
    """Return what 141 means: the reader of a pipe ended while its writer wrote."""
    reader = next((one for one in programs if _stops_early(one)), None)
    name = reader.program if reader is not None else "what reads the pipe"
    instead = None
    if reader is not None and reader.program == "head":
        count = re.search(r"(?:^|\s)-n? ?(\d+)", " ".join(reader.arguments))
        instead = f"awk 'NR<={count[1] if count else 10}'"
    elif reader is not None and reader.program.endswith("grep"):
        instead = "grep without -q or -m"
    instead = f" (for example {instead})" if instead else ""
    return Meaning(
        "likely",
        f"{name} ended before what writes into the pipe had written all, and signal 13 (SIGPIPE) "
        f"ended the writer; {strict.said(piped=True)}",
        f"if that is meant, begin the command with `set +o pipefail;`; or let {name} read all of "
        f"its input{instead}",
        "the command still ends with 141 behind `set +o pipefail;`",
        prints_nothing=True,
    )


def _stops_early(one: SimpleCommand) -> bool:
    arguments = " ".join(one.arguments)
    return (
        one.program in _READS_PART
        or (one.program.endswith("grep") and re.search(r"(?:^| )-\w*[qm]", arguments) is not None)
        or (one.program == "sed" and re.search(r"\bq\b|\dq", arguments) is not None)
        or (one.program.endswith("awk") and "exit" in arguments)
    )


def _not_found(live: Sequence[SimpleCommand]) -> Meaning:
    """Return what 127 means: which program the shell did not find."""
    if (one := _last(live, ("module", "ml"))) is not None:
        return Meaning(
            "likely",
            f"the shell did not find {one.program}: it is a function of login "
            "shells, and the shell of a job is none",
            "give the rule `envmodules:` and run with --sdm env-modules; or read the file that "
            "defines it before (`source /etc/profile.d/modules.sh`, where your site has it)",
            f"`bash -c 'type {one.program}'` prints a function where the job ran",
            "operating context",
        )
    named = [one for one in live if one.program not in _EVERYWHERE]
    shell = _last(live, ("bash", "sh")) if not named else None
    if shell is not None and _names_a_file(shell) and not shell.arguments[0].startswith("-"):
        script = cut(shell.arguments[0], _LONGEST)
        return Meaning(
            "likely",
            f"{script} is not there, or a program in it was not found",
            f"check that {script} is there, from the folder of the run; if it is, install the "
            "program that it runs",
            f"`{cut(shell.text, _LONGEST)}` ends with another code in the folder of the run",
        )
    own = named[-1] if named and all(one.folder for one in named) else None
    if own is not None:
        who = cut(f"{own.folder}{own.program}", _LONGEST)
        return Meaning(
            "likely",
            f"{who} is not there, or the program that its first line names (#!) is not",
            f"check that {who} exists where the job ran, and correct its first line: "
            "`#!/usr/bin/env NAME` looks for a program on PATH",
            f"{who} exists, and `head -n 1 {who}` names a program that does",
        )
    others = dict.fromkeys(one.program for one in named)
    who = both([cut(one, _LONGEST) for one in others])
    which = f"one of {who}" if len(others) > 1 else who or "a program of the command"
    return Meaning(
        "likely",
        f"the shell did not find {which}: it is not in a folder of PATH where the job ran",
        f"install {who or 'it'} in the environment of the rule (conda:, container:, envmodules:), "
        "or write its whole path",
        f"`command -v {next(iter(others))}` prints a path where the job ran"
        if len(others) == 1
        else "`command -v` prints a path for each of its programs where the job ran",
        "operating context",
    )


def _not_executable(live: Sequence[SimpleCommand]) -> Meaning:
    """Return what 126 means: what was found and could not be run."""
    read = _last(live, ("source", "."))
    if read is not None and read.arguments and "/" not in read.arguments[0]:
        file = cut(read.arguments[0], _LONGEST)
        return Meaning(
            "likely",
            f"`{read.program} {file}` looks for {file} on PATH before the folder of the run, and "
            "found a program there, which is no script to read",
            f"write `{read.program} ./{file}`",
            f"`command -v {file}` prints nothing where the job ran",
        )
    others = dict.fromkeys(
        f"{one.folder}{one.program}" for one in live if one.program not in _EVERYWHERE
    )
    who = both([cut(one, _LONGEST) for one in others]) or "a program of the command"
    return Meaning(
        "likely",
        f"the shell found {who} but could not run it: it is not executable, a "
        "folder, made for another machine, or the command is too long",
        f"make {who} executable (chmod +x), or run it through its interpreter",
        f"`ls -l` shows that {who} is a file and executable",
        "operating context",
    )


def _unset(programs: Sequence[SimpleCommand], command: str, *, silent: bool) -> Iterator[Meaning]:
    """Yield that a variable is not set, where the command needs one that it does not set itself."""
    names = variables_needed(command)
    if not names or any(one.program in ("source", ".", "eval", "module") for one in programs):
        return
    which = both([f"${name}" for name in names])
    likely = silent or all(one.program in _QUIET for one in programs)
    is_argument = names[0].isdigit()
    if is_argument and any(one.program in _TAKES_DOLLARS for one in programs):
        likely = True
    yield Meaning(
        "likely" if likely else "possible",
        f"{which} {'is' if len(names) == 1 else 'one of them is'} not set where the job ran: "
        "set -u makes that a failure"
        if not is_argument
        else f"{which} is the shell's, and not set: set -u makes that a failure; in double quotes "
        "the shell replaces it before awk or perl sees it",
        f"set it before Snakemake is started (export {names[0]}=...), give the command a default "
        f"(${{{{{names[0]}:-}}}} in a Snakefile), or write `set +u;` before it"
        if not is_argument
        else f"write single quotes around the program of awk or perl, or \\\\${names[0]}",
        f"`echo ${names[0]}` prints its value where the job ran",
    )


def _activated(live: Sequence[SimpleCommand]) -> Iterator[Meaning]:
    """Yield that ``conda activate`` does not work in a job's shell."""
    one = _last(live, ("conda", "mamba", "micromamba"))
    if one is not None and one.arguments[:1] == ("activate",):
        yield Meaning(
            "likely",
            f"{one.program} activate needs a shell that {one.program} init has prepared, and reads "
            "variables that are not set: the shell of a job is not such a one, and set -u fails it",
            "give the rule a conda: environment, which Snakemake activates; or use "
            f"`{one.program} run -n NAME` before the program",
            f"`bash -c 'set -euo pipefail; {one.text}'` succeeds",
            "operating context",
        )


def _counted(command: str, strict: _Strictness) -> Iterator[Meaning]:
    """Yield that ``((n++))`` fails where it gives 0."""
    found = re.search(r"(?:^|[;&|\n])\s*(\(\([^()]*\)\))", command)
    if found is not None and strict.fails:
        text = cut(" ".join(found[1].split()), _LONGEST)
        yield Meaning(
            "likely",
            f"{text} has exit code 1 where it gives 0; {strict.said(piped=False)}",
            "write it as an assignment: n=$((n + 1)); or put `|| true` behind it",
            f"{text} does not give 0",
            prints_nothing=True,
        )


def _sourced(live: Sequence[SimpleCommand]) -> Iterator[Meaning]:
    one = _last(live, ("source", "."))
    if one is None:
        return
    file = cut(one.arguments[0], _LONGEST) if one.arguments else "it"
    yield Meaning(
        "likely",
        f"{file}, which the command reads with `{one.program}`, is not there, or a line in it "
        "failed: set -u fails it where it reads a variable that is not set, as many activate "
        "scripts do",
        f"check that {file} is there, from the folder of the run; if it is, write `set +u; "
        f"{cut(one.text, _LONGEST)}; set -u` to read it without set -u",
        f"`set -eu; {cut(one.text, _LONGEST)}` succeeds in a bash that is started in the folder of "
        "the run",
    )


def _crash(name: str, text: str) -> Meaning:
    return Meaning(
        "certain",
        f"a program of the command {text} ({name})",
        "run it again with the same inputs: if it ends so again, report it to its authors, or "
        "install another version; if not, suspect the machine",
        f"no program of the command ends with {name} when it is run again",
        "tool behavior",
    )


_NOT_PARSED: Final = Meaning(
    "likely",
    "the shell could not read the command: a quote, a bracket, an `if` or a loop in it is not "
    "whole, or nothing is between two operators",
    "correct it (`bash -n` says where); in a Snakefile, write {{ for {, and \\\\ for a backslash",
    "`bash -n` accepts the command",
    prints_nothing=True,  # bash says it before the command could send it to a log
)
_CRASHES: Final = {
    132: _crash("SIGILL", "used an instruction that this processor does not have"),
    134: _crash("SIGABRT", "aborted itself: a failed assertion, or no memory left"),
    135: _crash("SIGBUS", "read memory that is not there: a file cut while it was read"),
    136: _crash("SIGFPE", "divided by zero"),
    139: _crash("SIGSEGV", "read memory that is not its own: a bug in it or in a library"),
    153: Meaning(
        "certain",
        "a program of the command wrote a larger file than may be written (SIGXFSZ)",
        "raise the limit (`ulimit -f`) in the command, or before Snakemake is started",
        "`ulimit -f`, put before that program, prints unlimited",
        "operating context",
    ),
}


# -- what the shell itself says -------------------------------------------------------------------

_UNBOUND: Final = re.compile(r"^(?P<where>.*?): ?(?:line \d+: )?(?P<name>\S+): unbound variable")
_NO_COMMAND: Final = re.compile(r"(?:line )?\d+: (?P<name>\S+): (?:command )?not found$")


def _unbound(said: Sequence[str], command: str) -> Iterator[Meaning]:
    """``bash: line 1: NAME: unbound variable``."""
    for line in reversed(said):
        if found := re.search(
            r"^(?P<where>.*?): ?(?:line \d+: )?(?P<name>\S+): unbound variable", line
        ):
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
        if found := re.search(
            r"(?:line )?\d+: (?P<name>\S+): (?:command )?not found$", line.strip()
        ):
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
