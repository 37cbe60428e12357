"""The formats that a run can be exported to, a module each.

A module has HELP, ``DETAIL`` (how much of a journal it needs) and ``render(asked)``, which returns
the whole text of the file. It raises JournalError, in one line, for what it has no way to show.
"""

# isort: off
from snakemake_logger_plugin_observe.reporters.exports import (  # noqa: F401  EXPORTERS lists them
    tsv,
    csv,
    stats,
)

EXPORTERS = {
    name.replace("_", "-"): module
    for name, module in tuple(vars().items())
    if hasattr(module, "HELP")
}
"""The modules imported above, by the format's name."""
