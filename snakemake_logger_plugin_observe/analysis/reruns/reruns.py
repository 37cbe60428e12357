"""Everything that the runs before show about why jobs ran again."""

from collections.abc import Sequence

from snakemake_logger_plugin_observe.analysis.reruns.changed_inputs import changed_inputs
from snakemake_logger_plugin_observe.analysis.reruns.earlier import Past, PastRun
from snakemake_logger_plugin_observe.analysis.reruns.leftovers import leftovers
from snakemake_logger_plugin_observe.analysis.reruns.repeated import repeated
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.reruns.scene import Scene
from snakemake_logger_plugin_observe.analysis.reruns.scripts import edited
from snakemake_logger_plugin_observe.analysis.reruns.temporary import made_again
from snakemake_logger_plugin_observe.analysis.reruns.unchanged import unchanged
from snakemake_logger_plugin_observe.analysis.why.origins import Origins
from snakemake_logger_plugin_observe.analysis.why.reason_text import CHANGED
from snakemake_logger_plugin_observe.analysis.why.roots import Roots
from snakemake_logger_plugin_observe.run.model import Run


def reruns(run: Run, origins: Origins, roots: Roots, past: Sequence[PastRun]) -> tuple[Rerun, ...]:
    """Return the findings about the jobs of *run* that ran again.

    Args:
        run: the run.
        origins: the causes of its jobs.
        roots: their root causes.
        past: the runs before it in its folder, the newest first, as many as were read.

    """
    scene = Scene(run, origins, roots, Past(past))
    found = [*leftovers(scene), *changed_inputs(scene), *made_again(scene)]
    again = list(repeated(scene))
    known = {one.root for one in again}
    others = (*edited(scene), *unchanged(scene))
    return (*found, *again, *(one for one in others if one.root not in known))


def asks_the_past(run: Run) -> bool:
    """Return whether a job of *run* ran for a reason that the runs before can explain."""
    return any(
        (job.temp and "Missing output" in (job.reason or "")) or CHANGED.search(job.reason or "")
        for job in run.jobs.values()
    )
