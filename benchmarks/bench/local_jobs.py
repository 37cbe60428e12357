"""Trivial local jobs, the worst case for whoever observes jobs: their cost is per job.

Also how long a run goes on after its last job's tool has ended, and how many bytes are recorded.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.environments import Environment
from bench.results import Sample, in_rounds
from bench.runs import WITH_TIMED, Variant, local_variants, workflow_run

MEASURE = "local_jobs"


def snakefile(jobs: int) -> str:
    """Return a workflow of *jobs* jobs that create a file each, and one more that needs them."""
    return (
        f'rule all:\n    input: expand("{{i}}.done", i=range({jobs}))\n'
        'rule touch:\n    output: "{i}.done"\n    shell: "touch {output}"\n'
    )


def measure(
    environments: dict[str, Environment],
    jobs: int,
    rounds: int,
    call: str,
    *,
    leave_out: str | None = None,
) -> Iterator[Sample]:
    """Yield samples of a run of *jobs* jobs for each variant but one in each round."""
    text = snakefile(jobs)

    def once(variant: Variant, text: str = text, jobs: int = jobs) -> dict[str, float]:
        read = _recorder if variant.name == WITH_TIMED else _nothing
        return workflow_run(variant, text, ("--cores", "2"), jobs, read=read)

    variants = [one for one in local_variants(environments) if one.name != leave_out]
    for variant in variants:  # what only the first run of all pays: caches, a peer's database
        once(variant, snakefile(1), 1)
    each = [(one.name, partial(once, one)) for one in variants]
    yield from in_rounds(MEASURE, jobs, each, rounds, call)


def _recorder(folder: Path) -> dict[str, float]:
    """Return the CPU of our recorder's own thread, from the journal's last line."""
    (journal,) = (folder / ".snakemake" / "observe").glob("*.jsonl")
    last = json.loads(journal.read_bytes().splitlines()[-1])
    spent = last.get("observer_cpu_s")
    return {} if spent is None else {"recorder_s": float(spent)}


def _nothing(folder: Path) -> dict[str, float]:  # noqa: ARG001  # as the other
    return {}
