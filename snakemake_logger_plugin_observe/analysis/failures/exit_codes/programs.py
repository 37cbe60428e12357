"""What exit codes mean for the programs that end with them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ProgramEnding:
    """A row of the table: exit codes of some programs, and what they mean for them."""

    codes: frozenset[int]
    programs: frozenset[str]
    text: str
    to_do: str
    wrong_if: str
    prints: bool
    """Whether a message belongs to it, so that it is seen if it was kept."""


def _ending(
    codes: Collection[int],
    programs: str,
    text: str,
    to_do: str,
    wrong_if: str,
    *,
    prints: bool | None = None,
) -> ProgramEnding:
    prints = 1 not in codes if prints is None else prints
    return ProgramEnding(
        frozenset(codes), frozenset(programs.split()), text, to_do, wrong_if, prints
    )


# {program} is the program, {command} it with its arguments. Most of these print nothing when they
# end so; a program that prints an error is better known by that error.
BY_PROGRAM: Final = (
    _ending(
        {1},
        "grep egrep fgrep zgrep bzgrep xzgrep rg ag ack pgrep pidof",
        "{program} found no match, which is its exit code 1",
        "if no match is fine, write ({command} || [ $? -eq 1 ]), which still fails on an error; if "
        "not, find out why there is none in what it reads",
        "{program} finds a match in what it reads",
    ),
    _ending(
        {1},
        "diff cmp zdiff zcmp sdiff diff3",
        "{program} found a difference, which is its exit code 1",
        "if a difference is fine, write ({command} || [ $? -eq 1 ]), which still fails on an error",
        "the files that {program} compares are the same",
    ),
    _ending(
        {1},
        "test [ [[",
        "the condition {command} is false, which is exit code 1",
        "find out why it is false; if it may be, write `if {command}; then ...; fi`",
        "another command, before or after {command}, is what ended with exit code 1",
    ),
    _ending(
        {1},
        "expr let",
        "{program} computed 0 or an empty text, which is its exit code 1",
        "write the sum as an assignment: n=$((n + 1))",
        "{command} does not give 0 or an empty text",
    ),
    _ending(
        {1},
        "read",
        "read reached the end of what it reads without a line break, which is its exit code 1",
        "put `|| true` behind read",
        "what read gets ends with a line break",
    ),
    _ending(
        {1},
        "which type hash",
        "{program} did not find the program that it looks for, which is its exit code 1",
        "install that program in the environment of the rule, or put `|| true` behind {program}",
        "{command} prints a path where the job ran",
    ),
    _ending(
        {1},
        "cd pushd",
        "the folder that {program} names is not there, or not one that can be entered, which is "
        "exit code 1",
        "check the name in {command}: a job starts in the folder of the run, and Snakemake makes "
        "only the folders of its outputs and logs",
        "`ls -d` shows the folder that {command} names",
        prints=True,
    ),
    _ending(
        {2},
        "grep egrep fgrep zgrep rg",
        "{program} could not read a file or its pattern, which is its exit code 2",
        "check that each file that {program} names exists, and that its pattern is complete",
        "{command} ends with 0 or 1",
    ),
    _ending(
        {2},
        "ls",
        "a file that ls names is not there, which is its exit code 2",
        "check which files {command} names; a pattern without a match stays as it is written",
        "{command} lists every file that it names",
    ),
    _ending(
        {2},
        "python python2 python3",
        "{program} got arguments that it does not take, or its script is not there",
        "check the arguments of {command}",
        "the arguments are ones that its --help shows, and the script exists",
    ),
    _ending(
        {124},
        "timeout gtimeout",
        "timeout ended the program behind it because it took too long, which is its exit code 124",
        "give it more time, or find out why it takes so long",
        "it ends within that time",
    ),
    _ending(
        {125},
        "timeout gtimeout docker podman",
        "{program} itself failed, before the program behind it ran",
        "check the arguments of {program}",
        "the program behind {program} began",
    ),
    _ending(
        {123},
        "xargs",
        "one of the commands that xargs ran failed, which is its exit code 123",
        "find out which: xargs -t prints each; a grep without a match is one, too",
        "each of them ends with 0",
    ),
    _ending(
        {255},
        "ssh scp rsync sftp",
        "{program} could not connect",
        "check that the host can be reached from where the job ran, without a password",
        "{program} connects to the host from there",
    ),
)
OF_FILES: Final = (
    _ending(
        {1},
        "zcat gunzip gzip bzcat bunzip2 xzcat unxz zstdcat unzip",
        "{program} could not read what it unpacks: it is not there, cut off, or not packed so",
        "check with `file` that what {program} reads is packed as its name says",
        "{program} -t accepts the file",
    ),
    _ending(
        {1},
        "cat cp mv ln rm rmdir touch head tail wc cut paste tr tee uniq chmod split join find dd "
        "comm nl rev shuf tac fold base64 md5sum sha256sum stat",
        "{program} could not read or write a file (it is not there, may not be used, or the disk "
        "or the quota is full), or does not take its arguments",
        "check that each file that `{command}` reads is there, and that what it writes to has room",
        "`{command}` ends with 0 when it is run again",
    ),
    _ending(
        {1},
        "mkdir",
        "mkdir could not make a folder (it is there already, or the one above it is not, or may "
        "not be written)",
        "check whether the folder of `{command}` is there already, which mkdir -p accepts, and "
        "that the one above it is there",
        "`{command}` ends with 0 when it is run again",
    ),
    _ending(
        {2},
        "sort sed tar diff cmp",
        "{program} could not read or write a file (it is not there, may not be used, or the disk "
        "or the quota is full), or does not take its arguments",
        "check that each file that `{command}` reads is there, and that what it writes to has room",
        "`{command}` ends with 0 when it is run again",
    ),
    _ending(
        {1},
        "sed",
        "sed could not read its program, or the shell could not open a file behind < or >",
        "correct `{command}`: a part of s/// or a bracket is missing",
        "`{command}` ends with 0 when it is run again",
    ),
    _ending(
        {1, 2},
        "awk gawk mawk",
        "{program} could not read its program (a bracket or a quote is missing), or a file",
        "correct `{command}`; in a Snakefile, write {{{{ for {{",
        "`{command}` ends with 0 when it is run again",
    ),
    _ending(
        {1},
        "python python2 python3",
        "{program} ended by an exception that nothing caught, or by sys.exit with a message",
        "run it again and read what it prints: the last line of a traceback is its cause",
        "the program calls sys.exit(1) itself, without a message",
    ),
    _ending(
        {1},
        "Rscript R",
        "an error stopped {program}, which is R's exit code 1",
        "run it again and read its message: `Error in` is its cause",
        "the script calls quit(status = 1) itself",
    ),
    _ending(
        {2, 255},
        "perl",
        "perl could not read or find its script, or the script ended by die",
        "run it again and read what it prints: the line that it names is its cause",
        "the script calls exit itself",
    ),
    _ending(
        {6, 7, 22, 28},
        "curl",
        "curl got no answer: the host was not found (6), took no connection (7), reported an error "
        "(22), or took too long (28)",
        "check the address in `{command}`, and that the job's machine can reach that host",
        "`{command}` ends with 0 where the job ran",
    ),
    _ending(
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
