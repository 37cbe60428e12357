"""File operations per submission: at most one file made and ten file operations of ours.

On a shared file system each of them is a request to its server, from every job on every node. A
workflow of a few jobs goes through cluster-generic, wrapped by the timed executor, all under
``strace`` with every child: the submit command runs the job script in the background, so main
process and nodes are one tree, and separated by process. Each traced call on a fragment's path, or
on a descriptor of one, is counted. Calls that only concern a process's own table of descriptors
(dup2, fcntl, and the close of a duplicate while another lives) reach no file system: they are
shown, but not counted; a dup2 that replaces a descriptor of ours is its close. Closing is shown
apart: at a process's end, the kernel closes what is still open, without a call. On the nodes, all
calls on the folder of the fragments are counted with them, but for those that only find it (chdir,
open with O_PATH, and what they just found being examined or closed): the path to the fragment is
then walked in two steps instead of one. The journal is one file per run, and the main process makes
one folder, both shown apart.

Needs ``strace`` and the cluster-generic plugin.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from measuring import NotMeasured, program, run, say, table, verdict

_FILES, _OPERATIONS = 1, 10
_OURS = ".snakemake/observe"
_NO_REQUEST = frozenset({"dup", "dup2", "dup3", "fcntl", "lseek", "ioctl"})
_WITH_CONTENT = frozenset({"read", "pread64", "write", "pwrite64"})
_SAME = {"newfstatat": "stat", "openat": "open", "fstat": "stat", "unlinkat": "unlink"}
_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<answer>-?\w+)(?P<rest>.*)$")
_DESCRIPTOR = re.compile(r"(?:^|, )(?P<number>\d+)<(?P<path>/[^>]*)>")
_NAMED = re.compile(r'^(?:(?:AT_FDCWD|\d+)<(?P<folder>[^>]*)>, )?"(?P<path>[^"]*)"')
_SUBMIT = """\
import subprocess, sys
job = subprocess.Popen(
    ["sh", sys.argv[-1]],
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
    start_new_session=True,
)
print(job.pid)
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One traced call on something below the folder of ours."""

    name: str
    path: str
    request: bool = True

    @property
    def is_fragment(self) -> bool:
        """Whether it is about one submission's file."""
        return self.path.endswith(".fragment")


@dataclass(slots=True)
class Process:
    """What the trace of one process or thread shows."""

    calls: list[Call] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


def _read(trace: Path) -> Process:
    """Return what is in *trace* about our folder, and which threads and children it made."""
    found = Process()
    held: dict[str, str] = {}
    for line in trace.read_text(errors="replace").splitlines():
        call = _CALL.match(line)
        if call is None:
            continue
        name, answer = call["name"], call["answer"]
        if name in ("clone", "clone3", "fork", "vfork"):
            into = found.threads if "CLONE_THREAD" in call["arguments"] else found.children
            into.append(int(answer) if answer.isdigit() else 0)
        elif _OURS in line and (seen := _call(_SAME.get(name, name), call, held)):
            found.calls.append(seen)
    return found


def _call(name: str, call: re.Match[str], held: dict[str, str]) -> Call | None:
    """Return the call if it is about our folder; keep in *held* what its descriptors stand for."""
    given = [(one["number"], one["path"]) for one in _DESCRIPTOR.finditer(call["arguments"])]
    ours = [path for _, path in given if _OURS in path]
    if name == "open" and _OURS in (path := call["rest"].strip("<>")):
        held[call["answer"]] = path
        return Call(name, path, request="O_PATH" not in call["arguments"])
    named = _NAMED.search(call["arguments"])
    if named is not None and name not in _WITH_CONTENT:
        path = os.path.join(named["folder"] or "", named["path"])
        finds = name == "chdir" or "O_PATH" in call["arguments"]
        finds |= named["path"] in ("", ".") and not path.rstrip("/").endswith(".fragment")
        return Call(name, path, request=not finds) if _OURS in path else None
    if name in ("dup2", "dup3") and ours and _OURS not in given[0][1]:
        held.pop(given[1][0], None)
        return Call("close", ours[0])
    if name == "close" and ours:
        held.pop(given[0][0], None)
        only = not ours[0].endswith(".fragment") or ours[0] in held.values()
        return Call(name, ours[0], request=not only)
    if ours:
        if name in _NO_REQUEST and call["answer"].isdigit():
            held[call["answer"]] = ours[0]
        examined = name == "stat" and not ours[0].endswith(".fragment")
        return Call(name, ours[0], request=name not in _NO_REQUEST and not examined)
    return None


def _trace(jobs: int) -> Counter[tuple[str, Call]]:
    """Run the workflow under strace; return how often which side made which call."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary).resolve()
        traces = place / "traces"
        traces.mkdir()
        (place / "submit.py").write_text(_SUBMIT)
        (place / "Snakefile").write_text(
            f'rule all:\n    input: expand("{{i}}.done", i=range({jobs}))\n'
            'rule touch:\n    output: "{i}.done"\n    shell: "touch {output}"\n'
        )
        strace = ("strace", "--seccomp-bpf", "-f", "-ff", "-y", "-s", "300", "-o")
        calls = "trace=%file,%desc,%process"
        run(
            [
                *(*strace, str(traces / "of"), "-e", calls, "-e", "signal=none"),
                *(sys.executable, program("snakemake"), "--jobs", "2", "--logger", "observe"),
                *("--executor", "timed", "--timed-wraps", "cluster-generic"),
                *("--cluster-generic-submit-cmd", f"{sys.executable} submit.py"),
                *("--seconds-between-status-checks", "1", "--latency-wait", "30"),
            ],
            place,
        )
        return _by_side({int(one.suffix[1:]): _read(one) for one in traces.glob("of.*")})


def _by_side(processes: dict[int, Process]) -> Counter[tuple[str, Call]]:
    """Count the calls of the first process with its threads, and of all others, apart."""
    started = {pid for one in processes.values() for pid in (*one.threads, *one.children)}
    roots = set(processes) - started
    if len(roots) != 1:
        raise NotMeasured(f"not measured: {len(roots)} processes have no known parent")
    main = set(roots)
    waiting = list(roots)
    while waiting:
        threads = processes[waiting.pop()].threads
        main.update(threads)
        waiting += [pid for pid in threads if pid in processes]
    found: Counter[tuple[str, Call]] = Counter()
    for pid, process in processes.items():
        side = "main" if pid in main else "node"
        found.update((side, call) for call in process.calls)
    return found


def main() -> None:
    """Measure, and print the operations per submission."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10, help="default: %(default)s")
    jobs = parser.parse_args().jobs
    if shutil.which("strace") is None:
        raise NotMeasured("not measured: there is no strace here")

    found = _trace(jobs)
    fragments = {call.path for _, call in found if call.is_fragment}
    counted: dict[tuple[bool, str], dict[str, int]] = defaultdict(lambda: {"main": 0, "node": 0})
    for (side, call), times in found.items():
        if call.is_fragment or side == "node":
            counted[not call.request, call.name][side] += times
    rows: list[tuple[str, ...]] = []
    total = 0
    for local, shown in ((False, "in all"), (True, "")):
        sums = {"main": 0, "node": 0}
        for (is_local, name), sides in sorted(counted.items()):
            if is_local == local:
                for side, times in sides.items():
                    sums[side] += times
                rows.append(_row(f"{name}, no request" if local else name, sides, jobs))
        if shown:
            rows.append(_row(shown, sums, jobs))
            closes = sum(counted[False, "close"].values())
            total = sum(sums.values()) - closes
    table(
        f"Operations on fragments per submission, {jobs} jobs through cluster-generic",
        ("", "main process", "node", "both"),
        rows,
    )
    other: dict[str, Counter[str]] = {"journal": Counter(), "folder": Counter()}
    for (side, call), times in found.items():
        if not call.is_fragment and side == "main":
            what = "journal" if call.path.endswith(".jsonl") else "folder"
            other[what][call.name] += times
    table(
        "The rest below .snakemake/observe, per run",
        ("", *(names := sorted({name for one in other.values() for name in one}))),
        [(what, *(str(one[name]) for name in names)) for what, one in other.items()],
    )
    say(f"{len(fragments)} fragments were made for {jobs} submissions.")
    verdict(
        "per submission",
        [
            (len(fragments) / jobs, _FILES, "files made"),
            (total / jobs, _OPERATIONS, "file operations, without closing"),
        ],
    )


def _row(name: str, sides: dict[str, int], jobs: int) -> tuple[str, ...]:
    values = (sides["main"], sides["node"], sum(sides.values()))
    return (name, *(f"{value / jobs:.1f}" if value else "·" for value in values))


if __name__ == "__main__":
    main()
