"""What a plugin costs each start of Snakemake only because it is installed.

Snakemake imports the root module of every installed plugin and adds its flags whenever it starts:
in every run, every dry run and every job on a node. Each measurement is a fresh interpreter that
imports ``snakemake.cli`` and builds its command line while the peer's modules are kept out of the
collection; once all the rest is there, what it takes to import and register them is the margin,
and what adding their flags takes is measured next to it. A plugin may load its parts only when it
is registered, so importing alone says little.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from functools import partial

from counting import counted, pieces
from measuring import NotMeasured

from bench.environments import Environment
from bench.results import BARE, Sample, in_rounds
from bench.runs import fresh_folder

MEASURE, INSTRUCTIONS = "imports", "instructions"

PROBE = """
import importlib, json, os, pkgutil, sys, time
peers = sys.argv[1:]
modules = pkgutil.iter_modules
pkgutil.iter_modules = lambda *a: (found for found in modules(*a) if found.name not in peers)
import snakemake.cli
snakemake.cli.get_argument_parser()
import argparse
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
assert not any(name in sys.modules for name in peers)
parser = argparse.ArgumentParser()
registries = {"logger": LoggerPluginRegistry(), "executor": ExecutorPluginRegistry()}
answer = {"taken_ms": 0.0, "flags_ms": 0.0, "modules": -len(sys.modules)}
os.getloadavg()  # a mark, where instructions are counted
for name in peers:
    registry = registries[name.split("_")[1]]
    begun = time.thread_time()
    registry.register_plugin(name, importlib.import_module(name))
    taken = time.thread_time()
    plugin = registry.plugins[name.removeprefix(registry.module_prefix).replace("_", "-")]
    plugin.register_cli_args(parser, registry.get_plugin_type())
    answer["flags_ms"] += 1e3 * (time.thread_time() - taken)
    answer["taken_ms"] += 1e3 * (taken - begun)
os.getloadavg()
answer["modules"] += len(sys.modules)
print(json.dumps(answer))
"""


def probe(environment: Environment, before: Sequence[str] = ()) -> dict[str, float]:
    """Return what a fresh interpreter measured, in ms of CPU; started by the command *before*.

    Raises:
        NotMeasured: if it failed.

    """
    peer = environment.peer
    roots = peer.roots if peer is not None else ()
    done = subprocess.run(
        [*before, environment.program("python"), "-c", PROBE, *roots],
        env=environment.variables(PYTHONHASHSEED="0"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotMeasured(f"not measured: {done.stderr[-2000:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _counted(environment: Environment) -> dict[str, float]:
    """Return the instructions of the same."""
    with fresh_folder() as folder:
        probe(environment, counted(folder))
        (found,) = pieces(folder)
        return {"million_instructions": found / 1e6}


def count(environments: dict[str, Environment], call: str) -> Iterator[Sample]:
    """Yield a sample of each peer's instructions: they are the same each time."""
    used = [one for one in environments.values() if one.peer is not None]
    each = [(one.peer.name, partial(_counted, one)) for one in used if one.peer]
    yield from in_rounds(INSTRUCTIONS, 0, each, 1, call)


def measure(environments: dict[str, Environment], rounds: int, call: str) -> Iterator[Sample]:
    """Yield samples of each peer's imports, ours among them."""
    used = [one for name, one in environments.items() if name != BARE]
    for one in used:
        probe(one)
    each = [(one.peer.name, partial(probe, one)) for one in used if one.peer]
    yield from in_rounds(MEASURE, 0, each, rounds, call)
