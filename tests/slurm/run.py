"""Run the cluster tests on a Slurm of our own: brought up for them, and taken down after them.

    python tests/slurm/run.py [--keep] [pytest's arguments]

Without root, or where there is no Debian, it says that they were not run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from cluster import Cluster, ClusterError, Shape, down, up

HERE = Path(__file__).resolve().parent
ALONE = ("test_failing_cluster.py", "test_predictions.py")
"""One stops the cluster for all; of the other a busy machine would make another run."""
STRICT = "test_memory_limit.py"
"""On a cluster that kills what uses more memory than it asked for."""
KILLS = Shape(extra=("JobAcctGatherParams=OverMemoryKill",))
AT_ONCE = "3"  # most of a test's time is waiting: for Slurm, for polls


def main(words: list[str]) -> int:
    """Return pytest's exit code, or 2 where there is no cluster to test on."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print("cluster tests: not run (a Slurm of our own needs root, on Debian)")
        return 0
    keep = "--keep" in words
    words = [word for word in words if word != "--keep"]
    try:
        if words:
            strict = any(STRICT in word for word in words)
            return _pytest(up(shape=KILLS if strict else None), words)
        cluster = up()
        others = [f"--ignore={HERE / name}" for name in (*ALONE, STRICT)]
        together = _pytest(cluster, ["-n", AT_ONCE, "--dist", "loadscope", str(HERE), *others])
        alone = _pytest(cluster, [str(HERE / name) for name in ALONE])
        down()
        strict = _pytest(up(shape=KILLS), [str(HERE / STRICT)])
        return together or alone or strict
    except ClusterError as error:
        print(f"cluster tests: {error}", file=sys.stderr)
        return 2
    finally:
        if not keep:
            down()


def _pytest(cluster: Cluster, words: list[str]) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=HERE.parents[1],
        env={**os.environ, **cluster.environment},
        check=False,
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
