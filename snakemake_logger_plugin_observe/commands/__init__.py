"""The commands of ``snakemake-observe``, a module each.

A module has HELP, ``add_arguments(parser)`` and ``run(args)``, which returns a ``Reply``. Uses
everything below; no command uses another.
"""

# isort: off
from snakemake_logger_plugin_observe.commands import (  # noqa: F401  COMMANDS lists them
    cost,
    path,
    whatif,
    jobs,
    watch,
    triage,
    runbook,
    report,
    plot,
    why,
    compare,
    check,
    runs,
    export,
    notify,
    accounting,
    validate,
    schema,
)

COMMANDS = {name: module for name, module in tuple(vars().items()) if hasattr(module, "HELP")}
"""The modules imported above by name, in the order in which ``--help`` lists them."""
