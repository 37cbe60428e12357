"""Jobs through cluster-generic, without us and with both plugins: main process and nodes apart.

The submit command runs the job's script in the background, so no node's process is a child of the
main process; next to it, a process that only waits writes down what the node's processes used.
"""

import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from measuring import NotMeasured

from bench.environments import Environment
from bench.local_jobs import snakefile
from bench.peers import OURS
from bench.results import BARE, Sample, in_rounds
from bench.runs import WITH_TIMED, Variant, workflow_run

MEASURE = "cluster_jobs"
_PATIENCE_S = 120
_SUBMIT = """\
#!/bin/sh
setsid {python} -I -S {waits} "$1" nodes.txt > /dev/null 2>&1 < /dev/null &
echo $!
"""
_WAITS = """\
import os, sys
child = os.spawnlp(os.P_NOWAIT, "sh", "sh", sys.argv[1])
used = os.wait4(child, 0)[2]
with open(sys.argv[2], "a") as file:
    file.write(f"{used.ru_utime + used.ru_stime}\\n")
"""
_EXECUTOR = (
    *("--cluster-generic-submit-cmd", "./submit.sh", "--jobs", "2", "--latency-wait", "30"),
    *("--seconds-between-status-checks", "1"),
)
_WITHOUT = ("--executor", "cluster-generic")
_WITH = ("--executor", "timed", "--timed-wraps", "cluster-generic")


def measure(
    environments: dict[str, Environment], jobs: int, rounds: int, call: str
) -> Iterator[Sample]:
    """Yield samples of a run of *jobs* jobs without us and with us."""
    ours = environments[OURS.name]
    variants = (
        Variant(BARE, environments[BARE], _WITHOUT),
        Variant(OURS.name, ours, (*OURS.flags, *_WITHOUT)),
        Variant(WITH_TIMED, ours, (*OURS.flags, *_WITH)),
    )

    def once(variant: Variant, jobs: int = jobs) -> dict[str, float]:
        def read(folder: Path) -> dict[str, float]:
            nodes = _nodes(folder, jobs)
            return {"node_cpu_s": sum(nodes), "nodes": len(nodes)}

        return workflow_run(variant, snakefile(jobs), _EXECUTOR, jobs, read=read, prepare=_prepare)

    for variant in variants:
        once(variant, 1)
    each = [(one.name, partial(once, one)) for one in variants]
    yield from in_rounds(MEASURE, jobs, each, rounds, call)


def _prepare(folder: Path) -> None:
    (folder / "waits.py").write_text(_WAITS)
    submit = folder / "submit.sh"
    submit.write_text(_SUBMIT.format(python=sys.executable, waits=folder / "waits.py"))
    submit.chmod(0o755)


def _nodes(folder: Path, jobs: int) -> list[float]:
    """Return the CPU seconds of each submission's processes on the node, once all have ended."""
    path = folder / "nodes.txt"
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        found = path.read_text().split() if path.exists() else []
        if len(found) >= jobs:
            return list(map(float, found))
        time.sleep(0.1)
    raise NotMeasured(f"not measured: {len(found)} of {jobs} jobs ended on the node")
