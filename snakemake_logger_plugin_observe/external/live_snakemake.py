"""A live Snakemake, queried for what it would run now and what has changed; it runs no job.

The only module that builds a command from a journal. It takes the recorded flags that are on the
allowlist of ``snakemake_flags``, those of profiles too, and the run's targets; the program, its
working directory and its environment never come from the journal.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snakemake_logger_plugin_observe.external import snakemake_flags
from snakemake_logger_plugin_observe.external.snakemake_flags import (
    CONFIGFILE,
    DIRECTORY,
    SNAKEFILE,
    FlagsError,
    RecordedFlags,
    Settings,
    SnakemakeFlags,
    is_argument,
)
from snakemake_logger_plugin_observe.external.snakemake_profiles import (
    ProfileSettings,
    read_profiles,
)
from snakemake_logger_plugin_observe.external.workdir import Workdir
from snakemake_logger_plugin_observe.journal.declared_names import SNAKEFILES
from snakemake_logger_plugin_observe.journal.events import RunStarted
from snakemake_logger_plugin_observe.journal.masking import MASK

# With --dry-run nothing is executed, whatever else it is asked for, and no log is written; with
# --nolock no lock is left behind by a question that is stopped.
_SAFE: Final[Settings] = {"--dry-run": (), "--nolock": ()}
# No profile is used, the user's own neither: what they say about the plan is in the arguments.
_NO_PROFILE: Final[Settings] = {"--profile": ("none",), "--workflow-profile": ("none",)}
QUERIES: Final[dict[str, Settings]] = {
    "plan": {**_SAFE, "--quiet": ("rules",)},
    "input": {**_SAFE, "--list-changes": ("input",)},
    "code": {**_SAFE, "--list-changes": ("code",)},
    "params": {**_SAFE, "--list-changes": ("params",)},
    "summary": {**_SAFE, "--summary": ()},
}
_MOST_BYTES: Final = 64 * 1024 * 1024
_PROGRAM: Final = Path(__file__).with_name("asked_snakemake.py")
_LATE: Final = "not done after"
_SEARCHED: Final = ("PATH", "PYTHONPATH")


class LiveError(Exception):
    """Snakemake cannot be queried; its text is one line that says why."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """How Snakemake is called: its arguments, except those of the query."""

    targets: tuple[str, ...]
    args: tuple[str, ...]
    start: Path
    """Where it is started: relative paths in its arguments start there."""
    executed: tuple[str, ...]
    """The Snakefile and the configuration files: Snakemake executes Python that is in them."""
    foreign: tuple[str, ...] = ()
    """Files that the journal names outside the workflow's folder and the current one."""
    left_out: tuple[str, ...] = ()
    """Arguments of the recorded command that were left out and may matter."""

    def command(self, what: str) -> tuple[str, ...]:
        """Return the command line of one query, with the program's plain name."""
        behind = ("--", *self.targets) if self.targets else ()
        return ("snakemake", *_words(QUERIES[what]), *_words(_NO_PROFILE), *self.args, *behind)


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What one query printed, and why it failed, if it did."""

    what: str
    command: tuple[str, ...]
    lines: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Start:
    """Where Snakemake is started, with which Snakefile and which settings."""

    folder: Path
    snakefile: Path
    profiles: ProfileSettings
    settings: Settings


def invocation_for(
    started: RunStarted, folder: Workdir, here: Path, named: Sequence[Path] = ()
) -> Invocation:
    """Return how a run's Snakemake would be called now.

    Args:
        started: the first event of its journal, with its command.
        folder: its working directory, as the user named it.
        here: the user's current directory.
        named: files and folders that the user named again: Snakemake may have been started there.

    Raises:
        LiveError: if the journal does not allow it.

    """
    targets = started.targets
    if any(one.startswith("-") or MASK in one or not is_argument(one) for one in targets):
        raise LiveError(
            "the run's targets cannot be used again: one is masked or looks like a flag"
        )
    try:
        flags = snakemake_flags.installed()
        recorded = flags.of_command(started.command[1:])
        begun = _start(flags, recorded, folder, here, named)
        root = folder.root.absolute()
        places: Settings = {SNAKEFILE: (str(begun.snakefile),), DIRECTORY: (str(root),)}
        settings = {**places, **begun.settings, **places}
        made = Invocation(
            targets,
            tuple(_words(settings)),
            begun.folder,
            (str(begun.snakefile), *begun.settings.get(CONFIGFILE, ())),
            tuple(dict.fromkeys(_foreign(begun, root, here))),
            (*recorded.left_out, *begun.profiles.flags.left_out),
        )
        for what, query in QUERIES.items():
            flags.verify(made.command(what)[1:], {**query, **_NO_PROFILE, **settings}, targets)
    except FlagsError as error:
        raise LiveError(str(error)) from error
    return made


def _words(settings: Settings) -> Iterator[str]:
    """Yield each flag, and its values as arguments of their own: none of them can be a flag."""
    for name, values in settings.items():
        yield name
        yield from values


def _start(
    flags: SnakemakeFlags,
    recorded: RecordedFlags,
    folder: Workdir,
    here: Path,
    again: Sequence[Path],
) -> _Start:
    """Return the folder that Snakemake was probably started in, and its Snakefile.

    If it is neither the current directory nor told by the journal, it is one in which the Snakefile
    is one that the user named *again*.

    Raises:
        LiveError: if there is none.

    """
    root = folder.root.absolute()
    (directory,) = recorded.settings.get(DIRECTORY, (None,))
    starts = [root, here] if directory is None else [here, *_above(root, directory)]
    elsewhere = dict.fromkeys(
        up for one in again for up in (one.absolute(), *one.absolute().parents)
    )
    named: tuple[str, ...] = ()
    for start in (*starts, *elsewhere):
        named = recorded.settings.get(SNAKEFILE, ())
        beside = _first_file(start, named or SNAKEFILES)
        profiles = read_profiles(flags, recorded, start, beside)
        settings = {**profiles.flags.settings, **recorded.settings}
        named = settings.get(SNAKEFILE, ())
        snakefile = _first_file(start, named or SNAKEFILES)
        if snakefile is not None and (start in starts or is_within(str(snakefile), again)):
            return _Start(start, snakefile, profiles, settings)
    what = named[0] if named else "no Snakefile"
    raise LiveError(
        f"{what}: not found from {' or '.join(map(str, starts))}; go to where snakemake was "
        "started, or name the Snakefile again with --allow"
    )


def _first_file(start: Path, names: Sequence[str]) -> Path | None:
    return next((start / name for name in names if (start / name).is_file()), None)


def _above(root: Path, directory: str) -> Iterator[Path]:
    """Yield the folder in which *directory* is the path of *root*, if there is one."""
    parts = Path(directory).parts
    if not os.path.isabs(directory) and ".." not in parts and root.parts[-len(parts) :] == parts:
        yield Path(*root.parts[: -len(parts)])


def _foreign(begun: _Start, root: Path, here: Path) -> Iterator[str]:
    """Yield the files that Snakemake would read and that are in no folder that the user named.

    The current directory is one only if the workflow's is below it.
    """
    folders = [root, here] if _below(root, (here,)) else [root]
    configured = begun.settings.get(CONFIGFILE, ())
    for path in (begun.snakefile, *begun.profiles.read, *map(begun.folder.joinpath, configured)):
        if not _below(path, folders):
            yield str(path)


def _below(path: Path, folders: Sequence[Path]) -> bool:
    """Whether a path, links resolved, is in one of the *folders*, or is one."""
    real = os.path.realpath(path)
    tops = [os.path.realpath(top) for top in folders]
    return any(real == top or real.startswith(os.path.join(top, "")) for top in tops)


def is_within(path: str, named: Sequence[Path]) -> bool:
    """Whether a file is one that the user has *named*, or in a folder that the user has named."""
    return _below(Path(path), named)


def program() -> tuple[str, ...]:
    """Return how the Snakemake of this Python is started; no file and no PATH has a say in it."""
    return (sys.executable, "-P", str(_PROGRAM))


def run_queries(how: Invocation, timeout_s: float) -> Iterator[QueryResult]:
    """Yield Snakemake's result for each query, one process each.

    Both plugins are switched off and no bytecode is written, so that nothing is left behind. A
    process that takes longer than *timeout_s* is killed, with its children, and no other starts.
    """
    late = ""
    for what in QUERIES:
        command = how.command(what)
        if late:
            yield QueryResult(what, command, (), f"not asked, because {late} took too long")
            continue
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            outputs = (out.fileno(), err.fileno())
            actual = (*program(), *command[1:])
            problem = _run(actual, how.start, _environment(), outputs, timeout_s)
            late = what if problem.startswith(_LATE) else ""
            lines, errors = _lines(out.fileno()), _lines(err.fileno())
            if problem and (said := errors or lines):  # a dry run's errors go to stdout
                problem = f"{problem}: {said[-1].strip()}"
            yield QueryResult(what, command, lines, problem)


def _environment() -> dict[str, str]:
    """Return the user's environment, with both plugins off and nothing found by a relative path."""
    environment = {**os.environ, "SNAKEMAKE_OBSERVE": "off", "PYTHONDONTWRITEBYTECODE": "1"}
    for name in _SEARCHED:
        if name in environment:
            entries = environment[name].split(os.pathsep)
            environment[name] = os.pathsep.join(filter(os.path.isabs, entries))
    return environment


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
        return f"{_LATE} {timeout_s:g} s"
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
