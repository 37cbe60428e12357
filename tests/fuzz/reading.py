"""One run of the reader on mutants of journals, in this process, and what must not come of it."""

import contextlib
import io
import json
import os
import random
import re
import shutil
import sys
import traceback
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mutants import Journal, mutant

from snakemake_logger_plugin_observe.__main__ import main

CANARY: Final = "the-canary-outside-of-the-working-directory"
JOURNAL: Final = ".snakemake/observe/20260301T120000-012345.jsonl"
OTHER: Final = ".snakemake/observe/20260228T120000-abcdef.jsonl"
CHECK: Final = """\
version = 1

[max]
makespan_s = 120
jobs_planned = 30
failed_jobs = 0
retries = 0
masked_failures = 0
missing_logs = 0
memory_of_request = 0.9
time_of_request = 0.9
class_share.scheduling = 0.5
phase_s.latency_wait = 1.5
queue_wait_s.p95 = 600
rule_compute_s.map = 2

[min]
jobs_planned = 1

[publish]
files = ["results/**", "a.txt"]
"""
COMMANDS: Final = (
    *("", "cost", "jobs", "jobs --failed", "jobs --used", "jobs --rule map --sort compute"),
    *("jobs --failed --status failed", "path", "path --explain", "path --savings"),
    *(
        "whatif --jobs 4",
        "whatif --sweep jobs=1,2,8 --poll 5",
        "whatif --faster map=2 --no-retries",
    ),
    "whatif --group map=2 --with jobs=8 --queue drawn --startup x2 --overlap-staging",
    *("why", "why 1", "why map", "why a.txt", "why map sample=a"),
    *(
        "triage",
        "triage --note out/note.md",
        "triage --note out/note.json",
        "triage --save out/saved",
    ),
    *("triage --baseline OTHER", "triage --baseline OTHER --save out/saved --note out/note.md"),
    *("compare OTHER", "compare --strict OTHER", "compare --publish a.txt OTHER"),
    *("check out/check.toml", "check out/check.toml --strict --junit out/junit.xml"),
    *("check out/check.toml --baseline OTHER", "check --init out/new.toml", "check --init -"),
    *("runbook --out -", "runbook --out out/runbook.md", "accounting", "validate"),
    "watch --once --offline",
)
_BY_DIRECTORY: Final = 0.2
"""How often no journal is named, so that the newest run in the folder is looked for."""
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_ENDS: Final = (0, 1, 2)


@dataclass
class Case:
    """One command, and the folder in which it runs."""

    number: int
    folder: Path
    arguments: list[str]
    as_json: bool
    problems: list[str] = field(default_factory=list)

    @property
    def outside(self) -> Path:
        """A folder that a journal may name, and that nothing may read or change."""
        return self.folder.parent / "outside"


def new_case(folder: Path, seed: int, number: int, journals: Sequence[Journal]) -> Case:
    """Lay out the working directory of case *number*, and return its command."""
    random_ = random.Random(f"{seed}:{number}")  # noqa: S311 - to be the same again
    shutil.rmtree(folder, ignore_errors=True)
    work = folder / "work"
    outside = folder / "outside"
    for made in (work / JOURNAL, work / "out" / "x", work / "logs" / "x", outside / "x"):
        made.parent.mkdir(parents=True, exist_ok=True)
    (outside / "canary").write_text(f"{CANARY}\n" * 20)
    (work / "logs" / "a.log").write_text("Error: \x1b[2J no such thing\nKilled\n" * 30)
    (work / "Snakefile").write_text(f"open({str(work / 'executed')!r}, 'w')\n")
    (work / "out" / "check.toml").write_text(CHECK)
    for name in (JOURNAL, OTHER):
        data = mutant(random_, journals).replace(b"OUTSIDE", os.fsencode(outside))
        (work / name).write_bytes(data)
    command = random_.choice(COMMANDS)
    named = [] if random_.random() < _BY_DIRECTORY else [JOURNAL]
    words = [OTHER if word == "OTHER" else word for word in command.split()]
    as_json = bool(words) and random_.random() < 0.5
    form = ["--format", "json"] if as_json else []
    return Case(number, work, [*words, *named, *form], as_json)


def run(case: Case) -> list[str]:
    """Run the command of *case*, and return what was wrong."""
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code: Any = None
    before = _listing(case)
    with (
        contextlib.chdir(case.folder),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        open(os.devnull, encoding="utf-8") as nothing,
        _replaced(sys, "stdin", nothing),
        _watched(_Watch(case)),
    ):
        try:
            code = main(case.arguments)
        except SystemExit as end:
            code = end.code
        except BaseException as error:  # whatever it is, a user would see it
            case.problems.append(f"raised: {_last_lines(error)}")
    if code is not None and code not in _ENDS:
        case.problems.append(f"exit code {code!r}")
    if changed := sorted(before ^ _listing(case)):
        case.problems.append(f"changed files: {changed}")
    _check_texts(case, _text(stdout), _text(stderr))
    return case.problems


def _listing(case: Case) -> set[tuple[str, int, int]]:
    """Return the files that the command must not change, each with its size and its time."""
    spared = {case.folder / "out"}
    if case.arguments[:1] == ["accounting"]:
        spared.add(case.folder / ".snakemake")
    return {
        (str(path), known.st_size, known.st_mtime_ns)
        for path in case.folder.parent.rglob("*")
        if path.is_file() and not spared & set(path.parents)
        for known in [path.stat()]
    }


def _last_lines(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    return f"{type(error).__name__}: {str(error)[:200]} at {where}"


def _text(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    return stream.buffer.getvalue()  # type: ignore[attr-defined]  # a BytesIO


# -- what it printed and wrote ---------------------------------------------------------------------


def _check_texts(case: Case, stdout: bytes, stderr: bytes) -> None:
    say = case.problems.append
    if b"Traceback" in stderr or stderr.count(b"\n") > 1:
        say(f"more than one line on stderr: {stderr[-300:]!r}")
    if stderr and not stderr.startswith(b"snakemake-observe"):
        say(f"stderr is not from the reader: {stderr[:200]!r}")
    written = {
        str(path.relative_to(case.folder)): path.read_bytes()
        for path in sorted((case.folder / "out").rglob("*"))
        if path.is_file() and path.name != "check.toml" and path.suffix != ".jsonl"
    }
    for name, data in {"stdout": stdout, "stderr": stderr, **written}.items():
        _check_text(case, name, data)
    if case.as_json and stdout:
        _check_json(case, stdout)
    _check_claims(case, stdout.decode("utf-8", "replace"))
    for planted in ("PWNED", "executed"):
        if (case.folder / planted).exists():
            say(f"executed what the journal contains: {planted}")


def _check_text(case: Case, name: str, data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    if CANARY in text:
        case.problems.append(f"{name} shows a file outside of the folder")
    if name.startswith("out/saved/files/"):
        return  # copies of files
    bad = {c for c in text if c != "\n" and unicodedata.category(c) in _UNSAFE}
    if bad:
        near = next(line for line in text.split("\n") if bad & set(line))
        case.problems.append(f"{name} has control characters {sorted(bad)!r} in {near[:200]!r}")


_SHARES_OF_A_RUN: Final = frozenset({"cost", "path"})
_PERCENT: Final = re.compile(r"(?<![\w.,+])(\d[\d,]*(?:\.\d+)?) %")
_NEGATIVE: Final = re.compile(r"(?<![\w.])[-−]\d+(?:\.\d+)? (?:s|min|h)\b")
_COMPARES: Final = frozenset({"compare", "whatif", "check"})


def _check_claims(case: Case, text: str) -> None:
    command = next((one for one in case.arguments if "." not in one), "cost")
    if case.as_json or command in _COMPARES:
        return
    if command in _SHARES_OF_A_RUN:
        over = [one for one in _PERCENT.findall(text) if float(one.replace(",", "")) > 100]
        if over:
            line = next(line for line in text.splitlines() if f"{over[0]} %" in line)
            case.problems.append(f"more than 100 %: {line.strip()[:200]}")
    if negative := _NEGATIVE.search(text):
        line = next(line for line in text.splitlines() if negative[0] in line)
        case.problems.append(f"a negative time: {line.strip()[:200]}")


_SIGNED: Final = re.compile(
    r"(assumed|low|high|change|differ|difference|saved|saving|delta|offset|gain|slack|lead)\w*_s$"
)
_SHARE: Final = re.compile(r"(^|_)(share|fraction|utilisation|utilization)$")


def _check_json(case: Case, stdout: bytes) -> None:
    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        answer = json.loads(stdout, parse_constant=no_constant)
    except ValueError as error:
        case.problems.append(f"stdout is not JSON: {error}")
        return
    for where, value in _numbers(answer, ""):
        name = where.rpartition(".")[2]
        if name.endswith("_s") and value < 0 and not _SIGNED.search(name):
            case.problems.append(f"a negative time: {where} = {value}")
        if _SHARE.search(name) and not -1e-9 <= value <= 1 + 1e-9:
            case.problems.append(f"an impossible share: {where} = {value}")


def _numbers(value: Any, at: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{at}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _numbers(item, at)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield at, value


# -- what it opened and started --------------------------------------------------------------------


class _Watch:
    """Sees what Python does through audit events: files opened and changed, programs started."""

    _CHANGES: Final = {
        *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod"),
        *("os.truncate", "os.chown", "shutil.move", "shutil.rmtree", "os.utime", "os.setxattr"),
    }
    _PROGRAMS: Final = {
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "pty.spawn",
    }
    _LISTS: Final = {"os.listdir", "os.scandir"}
    _ASKED: Final = {"sacct", "squeue", "sinfo"}
    """About ids and partitions that look like Slurm's own."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._out = str(case.folder / "out")
        self._outside = str(case.outside)
        command = case.arguments[:1]
        self._appends = str(case.folder / ".snakemake") if command == ["accounting"] else None
        self._saves = command == ["triage"]

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            self._opened(path, mode, flags)
        elif event in self._CHANGES:
            for path in arguments[:2]:
                if isinstance(path, str | bytes | os.PathLike):
                    self._changed(event, path)
        elif event in self._LISTS:
            if arguments and isinstance(arguments[0], str | bytes | os.PathLike):
                self._read(arguments[0])
        elif event == "subprocess.Popen":
            if Path(str(arguments[0])).name not in self._ASKED:
                self._say(f"started a program: {arguments[:2]!r}")
        elif event in self._PROGRAMS:
            self._say(f"{event}: {arguments!r}")
        elif event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
            self._say(f"used the network: {event} {arguments!r}")

    def _say(self, text: str) -> None:
        self._case.problems.append(text[:400])

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int) or not isinstance(path, str | bytes | os.PathLike):
            return
        writes = bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            self._changed("open", path)
        else:
            self._read(path)

    def _read(self, path: Any) -> None:
        real = os.path.realpath(os.fsdecode(path)) if b"\0" not in os.fsencode(path) else ""
        if real == self._outside or real.startswith(self._outside + os.sep):
            self._say(f"read outside of the folder: {real}")
        if real.startswith(("/etc/passwd", "/dev/zero", "/proc/self/mem")):
            self._say(f"read what the journal names: {real}")

    def _changed(self, event: str, path: Any) -> None:
        if not os.path.isabs(os.fsdecode(path)):
            return  # it may be relative to an open folder, which the event does not show
        real = os.path.realpath(os.fsdecode(path))
        roots = [self._out, self._appends, os.path.realpath(os.devnull)]
        if not any(root and real.startswith(root) for root in roots):
            self._say(f"{event} changes {real}")


_watching: list[Callable[[str, tuple[Any, ...]], None]] = []


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching:
        watch = _watching.pop()  # what it does itself is not watched
        try:
            watch(event, arguments)
        except ValueError:  # a path with NUL: opening it fails anyway
            pass
        finally:
            _watching.append(watch)


@contextlib.contextmanager
def _watched(watch: _Watch) -> Iterator[None]:
    if not _hooked:
        sys.addaudithook(_on_event)
        _hooked.append(True)
    _watching.append(watch)
    try:
        yield
    finally:
        _watching.clear()


_hooked: list[bool] = []


@contextlib.contextmanager
def _replaced(owner: Any, name: str, new: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, before)
