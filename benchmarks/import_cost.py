"""What both packages add to Snakemake's imports when nobody uses them: at most 3 ms.

Snakemake imports the root module of every installed plugin whenever it starts, so whoever installs
these pays for them in every run and on every node. Each measurement is a fresh interpreter that
imports ``snakemake.cli`` and builds its command line, which collects all plugins:

* alone: both packages are kept out of the collection; once all the rest is imported, the time that
  importing both roots takes is the margin, and what registering them and adding their flags takes
  is printed next to it;
* in total: the same start with both packages hidden and visible in turns: the time that collecting
  plugins takes, and the whole start's CPU and wall time. The margin is far below the noise of the
  latter two; they are here to contradict the first figure, if they can.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

from measuring import NotMeasured, environment, in_turns, spread, table, verdict

_BOUND_MS = 3.0
_TOTALS = {
    "collecting all plugins": "collect",
    "Snakemake's whole start, CPU": "cpu",
    "Snakemake's whole start, wall": "wall",
}

# The search for plugins goes through the same filter in both variants, so that it costs the same.
_PROBE = """
import importlib, json, pkgutil, sys, time
ours = ("snakemake_logger_plugin_observe", "snakemake_executor_plugin_timed")
hidden = ours if sys.argv[1] == "hidden" else ("no_such_plugin", "nor_this_one")
modules = pkgutil.iter_modules
pkgutil.iter_modules = lambda *a: (found for found in modules(*a) if found.name not in hidden)

from snakemake_interface_common.plugin_registry import PluginRegistryBase
collect, spent = PluginRegistryBase.collect_plugins, []
def timed(registry):
    begun = time.perf_counter()
    collect(registry)
    spent.append(time.perf_counter() - begun)
PluginRegistryBase.collect_plugins = timed

wall, cpu = time.perf_counter(), time.process_time()
import snakemake.cli
snakemake.cli.get_argument_parser()
answer = {
    "wall": time.perf_counter() - wall,
    "cpu": time.process_time() - cpu,
    "there": [name in sys.modules for name in ours],
    "collect": sum(spent),
    "import": [],
    "register": 0.0,
    "loaded": 0,
}
if sys.argv[1] == "hidden":
    import argparse
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
    from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
    parser = argparse.ArgumentParser()
    known = len(sys.modules)
    for name, registry in zip(ours, (LoggerPluginRegistry(), ExecutorPluginRegistry())):
        begun = time.perf_counter()
        module = importlib.import_module(name)
        imported = time.perf_counter()
        registry.register_plugin(name, module)
        plugin = registry.plugins[name.rpartition("_")[2]]
        plugin.register_cli_args(parser, registry.get_plugin_type())
        answer["import"].append(imported - begun)
        answer["register"] += time.perf_counter() - imported
    answer["loaded"] = len(sys.modules) - known
print(json.dumps(answer))
"""


def probe(variant: str) -> dict[str, Any]:
    """Return what a fresh interpreter measured, in seconds.

    Raises:
        NotMeasured: if it fails, or the packages were there (or not) when they should not (or
            should) have been.

    """
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, variant],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotMeasured(f"not measured: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if answer["there"] != [variant == "visible"] * 2:
        raise NotMeasured(f"not measured: {variant} packages were loaded: {answer['there']}")
    return answer


def main() -> None:
    """Measure, and print both figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=30, help="default: %(default)s")
    pairs = parser.parse_args().pairs

    found = in_turns(lambda: probe("hidden"), lambda: probe("visible"), pairs)
    roots = [[1000 * seconds for seconds in hidden["import"]] for hidden, _ in found]
    alone = spread(map(sum, roots))
    register = spread(1000 * hidden["register"] for hidden, _ in found)
    rows = [
        ("both roots imported, all else loaded", alone.show(), f"{_BOUND_MS:g}"),
        ("  of it the logger plugin's", spread(first for first, _ in roots).show(), ""),
        ("  of it the executor plugin's", spread(second for _, second in roots).show(), ""),
        ("registering both and adding their flags", register.show(), ""),
    ]
    for name, clock in _TOTALS.items():
        whole = spread(1000 * hidden[clock] for hidden, _ in found)
        rows += [
            (f"{name}, without", whole.show(".1f"), ""),
            (
                "  more with both packages",
                spread(1000 * (b[clock] - a[clock]) for a, b in found).show(),
                "",
            ),
        ]
    modules = found[0][0]["loaded"]
    table(f"Import cost, {pairs} pairs of fresh interpreters", ("ms", "median", "bound"), rows)
    verdict(f"imports of both unused packages ({modules} modules)", [(alone[1], _BOUND_MS, "ms")])


if __name__ == "__main__":
    main()
