"""The reader's commands: each parses its words, asks an analysis, and hands back an answer."""

from types import ModuleType

from snakemake_logger_plugin_observe.commands import (
    accounting,
    compare,
    cost,
    jobs,
    path,
    schema,
    validate,
    whatif,
)

COMMANDS: dict[str, ModuleType] = {
    "cost": cost,
    "path": path,
    "whatif": whatif,
    "jobs": jobs,
    "compare": compare,
    "accounting": accounting,
    "validate": validate,
    "schema": schema,
}
"""Every command by its name; a module has HELP, arguments(parser) and run(words)."""
