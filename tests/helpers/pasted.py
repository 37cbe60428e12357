"""The commands that an answer prints, and whether each can be pasted as it is."""

import contextlib
import io
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from snakemake.cli import get_argument_parser

from snakemake_logger_plugin_observe.__main__ import main

SHELLS: Final = frozenset({"bash", "sh", "dash", "ash", "ksh", "zsh"})
CLUSTERS: Final = frozenset(
    {"squeue", "scancel", "sacct", "bjobs", "bkill", "qstat", "qdel", "condor_q", "condor_rm"}
)
SUMS: Final = frozenset({"sha256sum", "md5sum", "sha1sum"})
PROGRAMS: Final = frozenset({"snakemake", "snakemake-observe", "cd", *SHELLS, *CLUSTERS, *SUMS})

ANSWERS: Final = (
    *((), ("jobs",), ("jobs", "--failed"), ("jobs", "--used"), ("path",), ("why",), ("triage",)),
    ("whatif",),
)
"""The commands of the reader whose answers may print others."""


def lines_of(text: str) -> Iterator[str]:
    """Yield the lines of an answer that are commands: other lines that begin so have a mark."""
    for line in text.splitlines():
        if line.partition(" ")[0] in PROGRAMS:
            yield line


def printed_by(journal: Path, *answers: tuple[str, ...]) -> dict[str, None]:
    """Return the commands that the reader prints about a journal, each once."""
    found: dict[str, None] = {}
    for answer in answers or ANSWERS:
        _code, said, _errors = observe([*answer, str(journal)])
        found.update(dict.fromkeys(lines_of(said)))
    return found


def not_pastable(journal: Path, *answers: tuple[str, ...]) -> dict[str, str]:
    """Return the printed commands that cannot be pasted into a shell in this folder, each with why."""
    lines = printed_by(journal, *answers)
    return {line: why for line in lines if (why := problem_of(line))}


def observe(arguments: list[str]) -> tuple[int, str, str]:
    """Return the exit code of the reader, and what it printed."""
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            code = main(arguments)
        except SystemExit as end:  # the parser of its arguments
            code = end.code if isinstance(end.code, int) else 2
    texts = [one.buffer.getvalue().decode() for one in (stdout, stderr) if not one.flush()]
    return code, texts[0], texts[1]


def problem_of(line: str) -> str | None:
    """Return why a command cannot be pasted as it is into a shell in this folder, or None."""
    program, *arguments = shlex.split(line, comments=True)
    if program == "snakemake-observe":
        before = set(Path().iterdir())
        code, _said, errors = observe(arguments)
        for made in set(Path().iterdir()) - before:  # a note, or saved evidence
            shutil.rmtree(made) if made.is_dir() else made.unlink()
        return None if code in (0, 1) else errors or f"exit code {code}"
    if program == "snakemake":
        usage = io.StringIO()
        with contextlib.redirect_stderr(usage), contextlib.suppress(SystemExit):
            get_argument_parser().parse_args(arguments)
            return None
        return usage.getvalue()
    if program in SHELLS:
        ran = subprocess.run(
            [program, "-n", *arguments], capture_output=True, text=True, check=False
        )
        return ran.stderr or None
    if program == "cd" and not Path(arguments[0]).is_dir():
        return "there is no such folder"
    if program in SUMS and not all(map(Path.exists, map(Path, arguments))):
        return "there is no such file"
    return None
