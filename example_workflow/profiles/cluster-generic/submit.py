#!/usr/bin/env python3
"""Start a job script in the background and print its job id, as a cluster's submit command.

The job waits SUBMIT_HOLD_S seconds (0.5 unless set) before it starts, like one in a queue.
Its output goes to .snakemake/cluster-generic/ in the working directory. The job has its own
session, so it survives the end of the submitting process.
"""

import os
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Submit the job script given as the last argument."""
    script = Path(sys.argv[-1])
    hold = float(os.environ.get("SUBMIT_HOLD_S", "0.5"))
    folder = Path(".snakemake", "cluster-generic")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{script.stem}.out").open("ab") as output:
        job = subprocess.Popen(
            ["sh", "-c", 'sleep "$1"; exec sh "$2"', "sh", str(hold), str(script)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    print(job.pid)


if __name__ == "__main__":
    main()
