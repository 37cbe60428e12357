"""A live Snakemake, queried for what it would run now and what has changed; it runs no job.

The only module that builds a command from a journal. It takes the arguments of the recorded command
line that are on an allowlist, and the paths that the user named; the program and its working
directory never come from the journal.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.journal.masking import MASK

_Takes = Literal["nothing", "one", "many", "maybe"]

# Flags that decide what is planned, by all their names; the first one is passed on.
_ALLOWED: Final[tuple[tuple[_Takes, tuple[str, ...]], ...]] = (
    ("one", ("--snakefile", "-s")),
    ("one", ("--directory", "-d")),
    ("one", ("--profile",)),
    ("one", ("--workflow-profile",)),
    ("one", ("--batch",)),
    ("many", ("--configfile", "--configfiles")),
    ("many", ("--config", "-C")),
    ("many", ("--forcerun", "-R")),
    ("many", ("--until", "-U")),
    ("many", ("--omit-from", "-O")),
    ("many", ("--allowed-rules",)),
    ("many", ("--rerun-triggers",)),
    ("many", ("--consider-ancient",)),
    ("many", ("--software-deployment-method", "--deployment-method", "--deployment", "--sdm")),
    ("maybe", ("--cores", "-c")),
    ("nothing", ("--force", "-f")),
    ("nothing", ("--forceall", "-F")),
    ("nothing", ("--rerun-incomplete", "--ri")),
    ("nothing", ("--ignore-incomplete", "--ii")),
    ("nothing", ("--replace-workflow-config",)),
    ("nothing", ("--use-conda",)),
    ("nothing", ("--use-apptainer", "--use-singularity")),
)
_FLAGS: Final = {name: (takes, names[0]) for takes, names in _ALLOWED for name in names}
_PATHS: Final = frozenset({"--snakefile", "--configfile", "--profile", "--workflow-profile"})
_LOCATIONS: Final = frozenset({"--snakefile", "--directory"})
# Our plugins, and flags that only affect how jobs are run: leaving them out changes no plan.
_IRRELEVANT: Final = frozenset(
    {
        *("--logger", "--executor", "-e", "--jobs", "-j", "--dry-run", "--dryrun", "-n"),
        *("--quiet", "-q", "--verbose", "--keep-going", "-k", "--retries", "--restart-times"),
        *("--latency-wait", "--output-wait", "-w", "--seconds-between-status-checks", "--nolock"),
        *("--printshellcmds", "-p", "--show-failed-logs", "--keep-incomplete", "--scheduler"),
        *("--nocolor", "--benchmark-extended", "--max-threads", "--groups", "--group-components"),
        *("--max-jobs-per-second", "--max-jobs-per-timespan", "--local-cores", "--resources"),
        *("--max-status-checks-per-second", "--default-resources", "--set-resources", "--res"),
    }
)
_IRRELEVANT_PREFIXES: Final = ("--timed-", "--logger-", "--slurm-", "--cluster-")
_SNAKEFILES: Final = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
QUERIES: Final[dict[str, tuple[str, ...]]] = {
    "plan": ("--dry-run", "--quiet", "rules"),
    "input": ("--list-changes", "input"),
    "code": ("--list-changes", "code"),
    "params": ("--list-changes", "params"),
    "summary": ("--summary",),
}
_MOST_BYTES: Final = 64 * 1024 * 1024


class LiveError(Exception):
    """Snakemake cannot be queried; its text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """How Snakemake is called: its arguments, except those of the query."""

    targets: tuple[str, ...]
    args: tuple[str, ...]
    start: Path
    """Where it is started: relative paths in its arguments start there."""
    foreign: tuple[str, ...] = ()
    """Files that it will read outside the workflow's folder and the current one."""
    left_out: tuple[str, ...] = ()
    """Arguments of the recorded command that were left out and may matter."""

    def command(self, what: str) -> tuple[str, ...]:
        """Return the command line of one query, with the program's plain name."""
        return ("snakemake", *self.targets, *QUERIES[what], *self.args)


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What one query printed, and why it failed, if it did."""

    what: str
    command: tuple[str, ...]
    lines: tuple[str, ...]
    problem: str = ""


@dataclass(slots=True)
class _Recorded:
    """The arguments of a recorded command line that are on the allowlist, and the others."""

    flags: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        return next((v[0] for n, v in reversed(self.flags) if n == name and v), None)


def invocation_for(started: RunStarted, folder: Workdir, here: Path) -> Invocation:
    """Return how a run's Snakemake would be called now.

    Args:
        started: the first event of its journal, with its command.
        folder: its working directory, as the user named it.
        here: the user's current directory.

    Raises:
        LiveError: if the journal does not allow it.

    """
    recorded = _recorded(started.command[1:])
    if any(target.startswith("-") or MASK in target for target in started.targets):
        raise LiveError(
            "the run's targets cannot be used again: one is masked or looks like a flag"
        )
    start, snakefile = _start_and_snakefile(recorded, folder, here)
    args = ["--snakefile", str(snakefile), "--directory", str(folder.root.absolute())]
    read = [snakefile]
    for name, values in recorded.flags:
        if name not in _LOCATIONS:
            args += [name, *values]
            read += [start / value for value in values if name in _PATHS]
    foreign = [str(p) for p in read if p.exists() and not _below(p, (folder.root, here))]
    return Invocation(started.targets, tuple(args), start, tuple(foreign), tuple(recorded.left_out))


def _recorded(args: Sequence[str]) -> _Recorded:
    """Split a command line into allowed flags with their values, and the other flags."""
    recorded, at = _Recorded(), 0
    while at < len(args):
        arg = args[at]
        at += 1
        if not arg.startswith("-"):
            continue  # a target (known already), or the value of a flag that is left out
        name, inline = _split(arg)
        if name not in _FLAGS:
            if name not in _IRRELEVANT and not name.startswith(_IRRELEVANT_PREFIXES):
                recorded.left_out.append(name)
            continue
        takes, canonical = _FLAGS[name]
        values, at = _values(takes, inline, args, at)
        if any(MASK in value for value in values):
            recorded.left_out.append(f"{canonical} (masked)")
            continue
        recorded.flags.append((canonical, values))
    return recorded


def _split(arg: str) -> tuple[str, str | None]:
    """Split ``--flag=value`` and ``-fvalue``."""
    if arg.startswith("--"):
        name, equals, value = arg.partition("=")
        return name, value if equals else None
    if arg in _FLAGS or _FLAGS.get(arg[:2], ("nothing",))[0] == "nothing":
        return arg, None
    return arg[:2], arg[2:]


def _values(
    takes: _Takes, inline: str | None, args: Sequence[str], at: int
) -> tuple[tuple[str, ...], int]:
    """Return the values of a flag whose arguments begin at *at*, and where the next flag is."""
    if inline is not None:
        return (inline,), at
    end = at
    while end < len(args) and not args[end].startswith("-"):
        end += 1
    if takes == "many":
        return tuple(args[at:end]), end
    if takes == "one" and end > at:
        return (args[at],), at + 1
    if takes == "maybe" and end > at and args[at].isdecimal():
        return (args[at],), at + 1
    return (), at


def _start_and_snakefile(recorded: _Recorded, folder: Workdir, here: Path) -> tuple[Path, Path]:
    """Return the folder that Snakemake was probably started in, and its Snakefile.

    Raises:
        LiveError: if there is none.

    """
    root, directory = folder.root.absolute(), recorded.value("--directory")
    starts = [root, here] if directory is None else [here, *_above(root, directory)]
    named = recorded.value("--snakefile")
    for start in starts:
        for name in (named,) if named is not None else _SNAKEFILES:
            if (start / name).is_file():
                return start, start / name
    what = named or "no Snakefile"
    raise LiveError(
        f"{what}: not found from {' or '.join(map(str, starts))}; go to where snakemake was started"
    )


def _above(root: Path, directory: str) -> Iterator[Path]:
    """Yield the folder in which *directory* is the path of *root*, if there is one."""
    parts = Path(directory).parts
    if not os.path.isabs(directory) and ".." not in parts and root.parts[-len(parts) :] == parts:
        yield Path(*root.parts[: -len(parts)])


def _below(path: Path, folders: Sequence[Path]) -> bool:
    real = os.path.realpath(path)
    return any(real.startswith(os.path.join(os.path.realpath(top), "")) for top in folders)


def program() -> str:
    """Return the Snakemake next to this Python, or else on the PATH; never one named in a file.

    Raises:
        LiveError: if there is none.

    """
    sibling = Path(sys.executable).with_name("snakemake")
    path = str(sibling) if sibling.is_file() else shutil.which("snakemake")
    if path is None:
        raise LiveError("no snakemake next to this Python, and none on the PATH")
    return path


def run_queries(how: Invocation, timeout_s: float) -> Iterator[QueryResult]:
    """Yield Snakemake's result for each query, one process each.

    Both plugins are switched off and no bytecode is written, so that nothing is left behind. A
    process that takes longer than *timeout_s* is killed, with its children.

    Raises:
        LiveError: if there is no Snakemake.

    """
    executable = program()
    environment = {**os.environ, "SNAKEMAKE_OBSERVE": "off", "PYTHONDONTWRITEBYTECODE": "1"}
    for what in QUERIES:
        command = how.command(what)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            outputs = (out.fileno(), err.fileno())
            actual = (executable, *command[1:])
            problem = _run(actual, how.start, environment, outputs, timeout_s)
            if problem and (errors := _lines(err.fileno())):
                problem = f"{problem}: {errors[-1].strip()}"
            yield QueryResult(what, command, _lines(out.fileno()), problem)


def _run(
    command: tuple[str, ...],
    start: Path,
    environment: Mapping[str, str],
    outputs: tuple[int, int],
    timeout_s: float,
) -> str:
    """Run one command to its end; return why it failed, or an empty text."""
    try:
        process = subprocess.Popen(
            command,
            cwd=start,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=outputs[0],
            stderr=outputs[1],
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror or error}"
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"not done after {timeout_s:g} s"
    except BaseException:
        _end(process)
        raise
    return "" if code == 0 else f"exit code {code}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and everything that it started in its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _lines(descriptor: int) -> tuple[str, ...]:
    text = os.pread(descriptor, _MOST_BYTES, 0).decode(errors="backslashreplace")
    return tuple(line for line in text.splitlines() if line.strip())
