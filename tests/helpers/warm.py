"""Snakemake runs that skip its imports: each is forked from one process that has imported it.

Importing Snakemake takes longer than a small run does. Everything after that is the same as in a
process that was started for the run: its plugins are loaded, and it exits, on its own.
"""

import gc
import json
import os
import random
import runpy
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


def snakemake(
    args: tuple[str, ...], cwd: Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run ``snakemake`` with *args* in *cwd*, and return its exit code and its output."""
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.NamedTemporaryFile("r") as out, tempfile.NamedTemporaryFile("r") as err:
        request = {"args": args, "cwd": str(cwd), "env": env, "out": out.name, "err": err.name}
        print(json.dumps(request), file=server.stdin, flush=True)
        status = int(server.stdout.readline())
        code = os.waitstatus_to_exitcode(status)
        return subprocess.CompletedProcess(args, code, out.read(), err.read())


@cache
def _server() -> subprocess.Popen[str]:
    """Return the process that has imported Snakemake; it ends when this one closes its stdin."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("SNAKEMAKE")}
    return subprocess.Popen(
        [sys.executable, __file__],
        env={**known, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _serve() -> None:
    """Fork a child for each line of stdin, and print its exit status."""
    # Snakemake's, and what each run of it would import later.
    import smart_open  # noqa: F401
    import snakemake.cli
    import snakemake.report.html_reporter
    import snakemake.storage  # noqa: F401

    gc.collect()
    gc.freeze()
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            _become_snakemake(**json.loads(line))
            return
        print(os.waitpid(child, 0)[1], flush=True)


def _become_snakemake(args: list[str], cwd: str, env: dict[str, str], out: str, err: str) -> None:
    """Run ``python -m snakemake`` in this process; the interpreter exits after it, as it would."""
    for number, path in enumerate((os.devnull, out, err)):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    random.seed()
    sys.path[0] = cwd
    sys.argv = ["snakemake", *args]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
