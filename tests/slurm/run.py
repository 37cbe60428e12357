"""Run the cluster tests on a temporary Slurm cluster, which is started and stopped for them.

    python tests/slurm/run.py [--keep] [pytest's arguments]

Without root, or on another system than Debian, it prints that they were not run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cluster import Cluster, ClusterError, Shape, down, up

HERE = Path(__file__).resolve().parent
ALONE = "test_failing_cluster.py"
"""Stops the cluster for all."""
STRICT = "test_memory_limit.py"
"""Needs a cluster that kills jobs that exceed their memory."""
KILLS = Shape(extra=("JobAcctGatherParams=OverMemoryKill",))
AT_ONCE = "3"  # most of a test's time is spent waiting for Slurm and for polls
TIMED_AT_ONCE = "2"  # what is marked as timed compares lengths of runs


def main(args: list[str]) -> int:
    """Return pytest's exit code, or 2 where there is no cluster to test on."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print("cluster tests: not run (starting Slurm needs root, on Debian)")
        return 0
    keep = "--keep" in args
    args = [arg for arg in args if arg != "--keep"]
    try:
        if args:
            strict = any(STRICT in arg for arg in args)
            return _pytest(up(shape=KILLS if strict else None), args)
        cluster = up()
        shared = ["--dist", "loadscope", str(HERE)]
        shared += [f"--ignore={HERE / name}" for name in (ALONE, STRICT)]
        together = _pytest(cluster, ["-n", AT_ONCE, *shared, "-m", "not timed"])
        timed = _pytest(cluster, ["-n", TIMED_AT_ONCE, *shared, "-m", "timed"])
        alone = _pytest(cluster, [str(HERE / ALONE)])
        down()
        strict = _pytest(up(shape=KILLS), [str(HERE / STRICT)])
        return together or timed or alone or strict
    except ClusterError as error:
        print(f"cluster tests: {error}", file=sys.stderr)
        return 2
    finally:
        if not keep:
            down()


def _pytest(cluster: Cluster, args: list[str]) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *args],
        cwd=HERE.parents[1],
        env={**os.environ, **cluster.environment},
        check=False,
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
