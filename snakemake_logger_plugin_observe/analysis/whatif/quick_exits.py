"""A run's model as the run would have been with ``--timed-quick-exit on``.

Each submission's processes end without the waits for timers that they recorded, and so does the
main process.
"""

from snakemake_logger_plugin_observe.analysis.whatif.model import Model
from snakemake_logger_plugin_observe.analysis.whatif.transforms import rest_without_timer


def exiting_quickly(model: Model) -> Model:
    """Return *model* with processes that do not wait for their scheduler's timers."""
    exits = list(model.background.get("node_exit", [0] * model.count))
    for i, wait in enumerate(model.exit_waits):
        exits[i] -= max(0, min(wait, exits[i] - model.lingered[i]))
    rest, _ = rest_without_timer(model)
    return model.changed(background={**model.background, "node_exit": exits}, rest=rest)
