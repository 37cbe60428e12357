"""Inject the fault named by INJECTED into a Snakemake process, once the named module is loaded.

INJECTED is JSON: ``where`` (main or node), ``module``, and
- ``name`` (a function, or Class.method) with ``do``: raise, kill, hang, exit, slow; ``late``: after it;
- or no ``name``: importing the module fails half way.
``skip`` calls go well first. ``INJECTED`` with ``module`` "" kills the process as it starts.
"""

import functools
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import time
from typing import Any

FAULT = json.loads(os.environ.get("INJECTED", "null"))


def here() -> bool:
    argv = sys.orig_argv
    if not any("snakemake" in argument for argument in argv[1:4]):
        return False
    where = "node" if "--timed-record" in argv else "main" if "--mode" not in argv else "other"
    return FAULT["where"] in (where, "any")


def happen() -> None:
    match FAULT.get("do", "raise"):
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(600)
        case "exit":
            raise SystemExit(3)
        case _:
            raise RuntimeError("injected")


def faulty(function: Any) -> Any:
    calls = 0

    @functools.wraps(function)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= FAULT.get("skip", 0):
            return function(*args, **kwargs)
        if FAULT.get("do") == "slow":
            time.sleep(0.001)
            return function(*args, **kwargs)
        if FAULT.get("late"):
            answer = function(*args, **kwargs)
            happen()
            return answer
        return happen()

    return stand_in


def inject(module: Any) -> None:
    owner = module
    *path, name = FAULT["name"].split(".")
    for part in path:
        owner = getattr(owner, part)
    function = getattr(owner, name)
    # A guarded method keeps its guard: the fault is in its body.
    for cell in getattr(function, "__closure__", None) or ():
        if callable(cell.cell_contents) and cell.cell_contents.__name__ == name:
            cell.cell_contents = faulty(cell.cell_contents)
            return
    setattr(owner, name, faulty(function))


class Loader(importlib.abc.Loader):
    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: Any) -> Any:
        return self.loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        if not FAULT.get("name"):
            raise FAULT_ERRORS[FAULT.get("do", "raise")]("injected")
        self.loader.exec_module(module)
        inject(module)


FAULT_ERRORS = {"raise": ImportError, "memory": MemoryError}


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != FAULT["module"]:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader)
        return spec


if FAULT and here():
    if not FAULT["module"]:
        happen()
    sys.meta_path.insert(0, Finder())
