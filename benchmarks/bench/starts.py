"""What a plugin costs where no job runs: ``snakemake --version``, and a dry run.

Of ``--version`` each peer is installed and not used; in the dry run it is switched on.
"""

from collections.abc import Iterator
from functools import partial

from measuring import run

from bench.environments import Environment
from bench.local_jobs import snakefile
from bench.results import Sample, in_rounds
from bench.runs import Variant, fresh_folder, local_variants, workflow_run

VERSION, DRY_RUN = "version", "dry_run"
_JOBS = 10


def measure(environments: dict[str, Environment], rounds: int, call: str) -> Iterator[Sample]:
    """Yield samples of both."""
    variants = local_variants(environments)
    for name, once, jobs in ((VERSION, _version, 0), (DRY_RUN, _dry_run, _JOBS)):
        for variant in variants:
            once(variant)
        each = [(one.name, partial(once, one)) for one in variants]
        yield from in_rounds(name, jobs, each, rounds, call)


def _version(variant: Variant) -> dict[str, float]:
    with fresh_folder() as folder:
        environment = variant.environment
        command = [environment.program("snakemake"), "--version"]
        used = run(command, folder, environment.variables())
        return {"cpu_s": used.cpu_s, "wall_s": used.wall_s, "peak_mb": used.peak_mb}


def _dry_run(variant: Variant) -> dict[str, float]:
    return workflow_run(variant, snakefile(_JOBS), ("-n", "--cores", "1"), None)
