"""What 126 and 127 mean: a program that the shell did not find, or could not run."""

from collections.abc import Sequence
from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.shell.commands import SimpleCommand, last_of
from snakemake_logger_plugin_observe.analysis.phrasing import both, cut

_LONGEST: Final = 60

# Programs of every machine, and of bash: not what a 127 is about.
EVERYWHERE: Final = frozenset(
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


def not_found(live: Sequence[SimpleCommand]) -> Meaning:
    """Return what 127 means: which program the shell did not find."""
    if (one := last_of(live, ("module", "ml"))) is not None:
        return Meaning(
            "likely",
            f"the shell did not find {one.program}: it is a function of login "
            "shells, and the shell of a job is none",
            "give the rule `envmodules:` and run with --sdm env-modules; or read the file that "
            "defines it before (`source /etc/profile.d/modules.sh`, where your site has it)",
            f"`bash -c 'type {one.program}'` prints a function where the job ran",
            "operating context",
        )
    named = [one for one in live if one.program not in EVERYWHERE]
    shell = last_of(live, ("bash", "sh")) if not named else None
    if shell is not None and shell.names_a_file and not shell.arguments[0].startswith("-"):
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


def not_executable(live: Sequence[SimpleCommand]) -> Meaning:
    """Return what 126 means: what was found and could not be run."""
    read = last_of(live, ("source", "."))
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
        f"{one.folder}{one.program}" for one in live if one.program not in EVERYWHERE
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
