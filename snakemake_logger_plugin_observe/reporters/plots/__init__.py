"""The pictures of ``plot``, a module each: what it reads, and how it is drawn.

A module has HELP, READS (how much it is about), DETAIL (of a journal), OPTIONS (the command's that
are about it) and ``draw(asked)``, which returns a ``Drawing``. Uses ``analysis``, and what the
texts of other commands say.
"""

# isort: off
from snakemake_logger_plugin_observe.reporters.plots import (  # noqa: F401  PICTURES lists them
    timeline,
    partition,
    concurrency,
    rules,
    whatif_sweep,
    history,
)

PICTURES = {
    name.replace("_", "-"): module
    for name, module in tuple(vars().items())
    if hasattr(module, "draw")
}
"""The modules imported above by the picture's name, in the order in which ``--help`` lists them."""
