"""Compares the bare run with the observed one: everything that a user or a later run can see.

Times, ids that every process creates anew and the folder's own path are made equal, and the plugins'
frames in a whole traceback are left out; nothing else is.
"""

import base64
import json
import os
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from lab import Lab, without_moments

_OURS = "observe"
_MOMENTS = ("starttime", "endtime", "job_hash")
# Names that Snakemake draws at random, or derives from a path or a time.
_DRAWN = (
    (re.compile(r"\btmp[a-z0-9_]{8}\b"), "tmp-name"),
    (re.compile(r"\btmp\.[a-z0-9_]{8}\b"), "tmp-name"),
    (re.compile(r'"id": "[0-9a-f]{8}"'), '"id": "drawn"'),  # a notebook's cells
    (
        re.compile(r"\b[0-9a-f]{32}(?=_)"),
        "digest",
    ),  # an environment's folder, which depends on its path
)
# The plugins' part of a whole traceback or a failed command, where Snakemake prints one.
_FRAMES = re.compile(r'(?m)^  File "[^"]*snakemake_executor_plugin_timed/.*\n(?:    .*\n)*\n?')
_FLAGS = re.compile(
    r" --timed-record \S+| --executor timed --timed-wraps \S+( --timed-quick-exit on)?"
)
# A group's jobs are numbered again on the node, in random order.
_NUMBERS = re.compile(r"\b(jobid: |[Ss]ervice job )\d+")
# For parallel jobs: how many were selected together, and whether one had to wait for a file.
_RANDOM = re.compile(
    r"(?m)^(Select jobs to execute.*|Execute \d+ jobs.*|\[time\]|"
    r"Waiting at most .*|.* \(missing locally.*\)|)\n"
)


@dataclass(frozen=True)
class Side:
    """One of the two: its lab, and the path that stands for it in texts."""

    lab: Lab
    here: Path

    def text(self, text: str, *, unordered: bool = False) -> str:
        """Return console text without what differs from run to run.

        Args:
            text: what was printed.
            unordered: whether the order of jobs is random in the bare run too; lines are then sorted.

        """
        text = without_moments(text.replace(str(self.here), "<here>"))
        text = _FLAGS.sub("", _FRAMES.sub("", text))
        for pattern, name in _DRAWN:
            text = pattern.sub(name, text)
        if unordered:
            text = _NUMBERS.sub(r"\1", text)
            return "\n".join(sorted(_RANDOM.sub("", f"{text}\n").splitlines()))
        return text

    def data(self, content: bytes) -> bytes:
        return content.replace(os.fsencode(self.here), b"<here>")


def sides(folder: Path) -> tuple[Side, Side]:
    """Return a fresh bare side and a fresh observed one below *folder*."""
    made = []
    for name in ("bare", "seen"):  # of one length: some files hold that of a path
        work = folder / name / "work"
        work.mkdir(parents=True)
        made.append(Side(Lab(work), work.parent))
    return made[0], made[1]


def pair(tmp_path: Path, snakefile: str) -> tuple[Lab, Lab]:
    """Return a bare lab and one to be observed, both with *snakefile*."""
    bare, observed = (side.lab for side in sides(tmp_path))
    for lab in (bare, observed):
        lab.snakefile(snakefile)
    return bare, observed


def printed(
    side: Side, done: subprocess.CompletedProcess[str], *, unordered: bool = False
) -> dict[str, object]:
    """Return a process's output and exit code."""
    return {
        "exit code": done.returncode,
        "stdout": side.text(done.stdout, unordered=unordered),
        "stderr": side.text(done.stderr, unordered=unordered),
    }


def left(side: Side, *, loose: tuple[str, ...] = (), unordered: bool = False) -> dict[str, object]:
    """Return everything in a side's folder, by name.

    Args:
        side: whose folder.
        loose: names of files that hold moments; they are compared without these.
        unordered: whether the order of jobs is random in the bare run too.

    """
    found: dict[str, object] = {}
    for path in sorted(side.lab.folder.rglob("*")):
        inside = path.relative_to(side.lab.folder)
        if ".snakemake" in inside.parts:
            _add_snakemakes_own(found, side, path, unordered=unordered)
        else:
            found[_shown(inside)] = _what(side, path, loose)
    return found


def _shown(path: Path) -> str:
    """Return a path as JSON and xdist can carry it, also where it is not UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _what(side: Side, path: Path, loose: tuple[str, ...]) -> object:
    kept = path.lstat()
    kind = f"{stat.filemode(kept.st_mode)}"
    if stat.S_ISLNK(kept.st_mode):
        return kind, side.data(os.fsencode(os.readlink(path)))
    if not stat.S_ISREG(kept.st_mode):
        return kind
    content = side.data(path.read_bytes())
    if path.suffix == ".bench":  # times and memory
        return kind, [line.count(b"\t") for line in content.splitlines()]
    if path.suffix == ".zip":  # a report: times, and a picture of them
        return kind, ZipFile(path).namelist()
    if path.name in loose:
        return kind, side.text(content.decode(errors="backslashreplace"))
    return kind, content


def _add_snakemakes_own(
    found: dict[str, object], side: Side, path: Path, *, unordered: bool
) -> None:
    """Add the content of a file below ``.snakemake``; random names are only counted."""
    parts = path.relative_to(side.lab.folder).parts
    where = parts.index(".snakemake")
    own = parts[where + 1 :]
    place = "/".join(parts[: where + 1])
    if not own or own[0] == _OURS:
        found[place] = "is there"  # the bare side has none of the plugins' files
        return
    family = own[0]
    if family == "log" and len(own) == 2:
        logs = found.setdefault(f"{place}/log/*", [])
        assert isinstance(logs, list)
        logs.append(side.text(path.read_text(errors="backslashreplace"), unordered=unordered))
    elif family in ("metadata", "incomplete") and path.is_file():
        found[f"{place}/{family}/{_decoded(side, own[1:])}"] = _record(side, path)
    else:
        name = side.text("/".join(own))
        found[f"{place}/{name}"] = int(str(found.get(f"{place}/{name}", 0))) + 1


def _decoded(side: Side, parts: tuple[str, ...]) -> str:
    """Return the output whose record is at *parts*: Snakemake names it in base64."""
    try:
        name = base64.b64decode("".join(parts).replace("@", ""), altchars=b"-_", validate=False)
        return side.data(name).decode(errors="backslashreplace")
    except ValueError:
        return "/".join(parts)


def _record(side: Side, path: Path) -> object:
    text = path.read_text()
    try:
        record = json.loads(text.replace(json.dumps(str(side.here))[1:-1], "<here>"))
    except ValueError:
        return side.text(text)
    kept = {k: v for k, v in record.items() if k not in _MOMENTS}
    if record.get("conda_env") and "software_stack_hash" in kept:
        kept["software_stack_hash"] = "made of the environment's place, too"
    return kept or side.text(text)


def same(
    bare: Lab,
    observed: Lab,
    flags: list[str],
    bare_extra: list[str],
    extra: list[str],
    *,
    unordered: bool = False,
) -> None:
    """Run both once, and compare everything that a user or a later run could see."""
    both: list[dict[str, object]] = []
    for lab, more in ((bare, bare_extra), (observed, extra)):
        side = Side(lab, lab.folder.parent)
        done = lab.snakemake(*flags, *more, check=False)
        both.append({**printed(side, done, unordered=unordered), **left(side, unordered=unordered)})
    assert both[1] == both[0]
