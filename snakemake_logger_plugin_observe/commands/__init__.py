"""The reader's commands: each parses its words, asks an analysis, and hands back an answer."""

from types import ModuleType

from snakemake_logger_plugin_observe.commands import (
    accounting,
    check,
    compare,
    cost,
    jobs,
    schema,
    validate,
    why,
)

COMMANDS: dict[str, ModuleType] = {
    "cost": cost,
    "jobs": jobs,
    "why": why,
    "compare": compare,
    "check": check,
    "accounting": accounting,
    "validate": validate,
    "schema": schema,
}
"""Every command by its name; a module has HELP, arguments(parser) and run(words)."""
