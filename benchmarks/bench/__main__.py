"""Compare this project with other logger plugins: ``make bench``, and docs/performance.md.

Environments are created below ``build/bench``, with a Python that ``--python`` names; every sample
goes to ``build/bench/results.json`` as it is measured. Measuring a part again replaces that part's
samples: ``--only local_jobs --peers none`` measures ours and the bare run again, and leaves what
others' runs were compared with. ``--write`` measures nothing, and writes the document again.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Final

from measuring import NotMeasured, say

from bench import cluster_jobs, document, hooks, imports, local_jobs, reader, starts
from bench.environments import BUILD, Environment, machine, make, versions
from bench.peers import OURS, PEERS
from bench.results import BARE, Results, Sample, load

_RESULTS: Final = BUILD / "results.json"
_MANY: Final = 1000
"""Of more jobs, only both our plugins and the bare run are measured, unless all are asked for."""
_Environments = dict[str, Environment]
_Measured = Callable[[], Iterator[Sample]]


def plan(
    environments: _Environments, words: argparse.Namespace, call: str
) -> dict[str, list[_Measured]]:
    """Return what there is to measure, by the name of its part, in the order of its weight."""
    ours = {name: one for name, one in environments.items() if name in (BARE, OURS.name)}
    times: int = words.rounds
    quick: bool = words.quick
    jobs = words.jobs or ([40, 200] if quick else [400, 5000])
    sizes = words.sizes or ([1000] if quick else [1000, 10_000, 100_000])
    commands = words.commands or reader.DEFAULT
    return {
        "imports": [lambda: imports.measure(environments, 2 * times, call)],
        "instructions": [lambda: imports.count(environments, call)],
        "starts": [lambda: starts.measure(environments, times, call)],
        "local_jobs": [
            lambda size=size: (
                local_jobs.measure(environments, size, times, call)
                if size <= _MANY or words.all
                else local_jobs.measure(ours, size, 2, call, leave_out=OURS.name)
            )
            for size in jobs
        ],
        "hooks": [lambda: hooks.measure(ours, min(jobs), times, call)],
        "reader": [
            partial(reader.measure, ours, size, times, call, commands=commands) for size in sizes
        ],
        # Short runs: what a machine makes of the same work changes within minutes.
        "cluster_jobs": [
            lambda: cluster_jobs.measure(ours, words.cluster_jobs, 1 if quick else 8, call)
        ],
    }


def main(arguments: Sequence[str]) -> None:
    """Measure what is asked for, and write the document."""
    words = _parser().parse_args(arguments)
    results = load(_RESULTS)
    if not words.write:
        wanted = [] if words.peers == "none" else words.peers.split(",")
        environments, absent = make(wanted, words.snakemake, words.python)
        old = {name: why for name, why in results.absent.items() if name not in environments}
        results.absent = {**old, **absent}
        results.machine = machine(environments[BARE])
        results.versions.update(versions(environments))
        call = datetime.now(UTC).isoformat(timespec="seconds")
        for name, parts in plan(environments, words, call).items():
            if name in words.only.split(","):
                for part in parts:
                    _measure(name, part, results)
    if results.samples:
        document.write(results)


def _measure(name: str, part: _Measured, results: Results) -> None:
    """Measure one part, and keep its samples as they come."""
    try:
        for sample in part():
            results.add([sample])
            results.save(_RESULTS)
            shown = " ".join(f"{key}={value:.3f}" for key, value in sample.values.items())
            print(f"{name} {sample.size} {sample.variant}: {shown}", flush=True)
    except NotMeasured as error:
        say(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parts = "imports,starts,local_jobs,hooks,reader,cluster_jobs"
    more = "also: instructions, of imports (valgrind; a minute for each)"
    parser.add_argument("--only", default=parts, help=f"default: %(default)s; {more}")
    peers = ",".join(one.name for one in PEERS)
    parser.add_argument("--peers", default=peers, help="default: %(default)s; none: ours alone")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--all", action="store_true", help="5,000 jobs with every peer, too")
    parser.add_argument("--quick", action="store_true", help="few jobs: only to see that it works")
    counts = {"type": _counts, "metavar": "N,N"}
    parser.add_argument("--jobs", **counts, help="trivial local jobs of a run (400,5000)")
    parser.add_argument(
        "--sizes", **counts, help="jobs of a journal that is read (1000,10000,100000)"
    )
    parser.add_argument("--cluster-jobs", type=int, default=25, help="in 8 rounds: %(default)s")
    others = ", ".join(name for name in reader.COMMANDS if name not in reader.DEFAULT)
    parser.add_argument(
        "--commands", type=_commands, help=f"what reads, with commas; also {others}"
    )
    parser.add_argument("--python", default=sys.executable, help="makes the environments")
    parser.add_argument("--snakemake", default=version("snakemake"), help="default: %(default)s")
    parser.add_argument("--write", action="store_true", help="only write the document again")
    return parser


def _counts(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def _commands(text: str) -> list[str]:
    found = text.split(",")
    if unknown := set(found) - set(reader.COMMANDS):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: known are {list(reader.COMMANDS)}")
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
