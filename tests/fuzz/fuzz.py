"""Run the reader on mutants of journals: ``make fuzz``.

A case's number decides its mutants and its command, so it can be run again alone: ``--first N
--runs 1``. Cases run in processes of their own, with limits: one may hang, or take all memory.
"""

import argparse
import os
import resource
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "helpers")]

import seeds  # noqa: E402 - on the path since the line above
from reading import new_case, run  # noqa: E402

PATIENCE_S: Final = 30  # for one case, which takes milliseconds
_START_S: Final = 120
_MEMORY: Final = 3 * 1024**3
_FILE: Final = 256 * 1024**2


def main() -> int:
    """Run what the command line says; return 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="another seed, other mutants")
    parser.add_argument("--runs", type=int, default=2_000, help="how many cases (default: 2000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no case after that")
    parser.add_argument("--journals", type=Path, help="also mutate the journals in this folder")
    parser.add_argument("--show", action="store_true", help="keep and print each case's folder")
    parser.add_argument("--every", type=int, help=argparse.SUPPRESS)  # of a worker: its step
    args = parser.parse_args()
    if args.every is not None:
        return _work(args)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        workers = [_Worker(args, number, folder) for number in range(args.processes)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
            if worker.broken is not None:
                raise worker.broken
    ran = sum(worker.ran for worker in workers)
    found = sorted(problem for worker in workers for problem in worker.found)
    for number, problem in found:
        print(f"{number}: {problem}")
    print(
        f"seed {args.seed}: {ran} cases in {time.monotonic() - begun:.0f} s, "
        f"{len({number for number, _ in found})} with problems"
    )
    return 1 if found else 0


class _Worker(threading.Thread):
    """Runs every so-manieth case in a process, and another after it if it hangs or dies."""

    def __init__(self, args: argparse.Namespace, number: int, folder: str) -> None:
        super().__init__()
        self.ran = 0
        self.found: list[tuple[int, str]] = []
        self.broken: RuntimeError | None = None
        self._args = args
        self._next = args.first + number
        self._end = args.first + args.runs
        self._folder = folder
        self._until = time.monotonic() + args.seconds

    def run(self) -> None:
        while self._next < self._end and time.monotonic() < self._until:
            self._one_process()

    def _one_process(self) -> None:
        args = self._args
        left = max(1.0, self._until - time.monotonic())
        more = ["--journals", str(args.journals)] if args.journals else []
        command = [
            *(sys.executable, str(HERE / "fuzz.py"), "--seed", str(args.seed), *more),
            *("--first", str(self._next), "--runs", str(self._end - self._next)),
            *("--every", str(args.processes), "--seconds", str(left)),
            *(["--show"] if args.show else []),
        ]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": self._folder}
        )
        begun = finished = False
        for kind, number, text in _messages(process):
            match kind:
                case "begin":
                    begun, self._next = True, number
                case "problem":
                    self.found.append((number, text))
                case "end":
                    self._next = number + args.processes
                    self.ran += 1
                case "finished":
                    finished = True
        process.kill()
        code = process.wait()
        if finished:
            self._next = self._end
        elif not begun:
            self.broken = RuntimeError(f"the cases' process ended before the first one: {code}")
            self._next = self._end
        else:
            how = f"no answer in {PATIENCE_S} s" if code == -9 else f"its process died: {code}"
            self.found.append((self._next, how))
            self._next += args.processes


def _messages(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, int, str]]:
    """Yield what a process reports, until its end or until it has been silent for too long."""
    assert process.stdout is not None
    with process.stdout as pipe:
        rest, patience_s = b"", _START_S
        while select.select([pipe], [], [], patience_s)[0]:
            patience_s = PATIENCE_S
            data = os.read(pipe.fileno(), 65_536)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                kind, number, text = line.decode("utf-8", "replace").split(" ", 2)
                yield kind, int(number), text


def _work(args: argparse.Namespace) -> int:
    """Run cases in this process, and report on stdout what they do."""
    journals = seeds.built() + (seeds.read(args.journals) if args.journals else [])
    folder = Path(tempfile.mkdtemp()) / "case"
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE, _FILE))
    os.environ |= {"COLUMNS": "80"}
    report = os.fdopen(os.dup(1), "wb", buffering=0)
    until = time.monotonic() + args.seconds
    for number in range(args.first, args.first + args.runs, args.every):
        if time.monotonic() > until:
            break
        report.write(b"begin %d \n" % number)
        case = new_case(folder, args.seed, number, journals)
        for problem in dict.fromkeys(run(case)):
            text = f"{' '.join(case.arguments) or '(bare)'}: {problem}"
            text = text.replace(str(case.folder.parent), "CASE").replace("\n", " ")
            report.write(f"problem {number} {text}\n".encode("utf-8", "backslashreplace"))
        if args.show:
            os.write(2, f"{case.folder}: snakemake-observe {' '.join(case.arguments)}\n".encode())
        report.write(b"end %d \n" % number)
    report.write(b"finished 0 \n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
