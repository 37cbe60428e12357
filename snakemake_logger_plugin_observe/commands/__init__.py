"""The commands of ``snakemake-observe``, a module each, loaded when it is needed.

A module has HELP, ``add_arguments(parser)`` and ``run(args)``, which returns a ``Reply``. Uses
everything below; no command uses another.
"""

from importlib import import_module
from types import ModuleType
from typing import Final

COMMANDS: Final = (
    "cost",
    "path",
    "whatif",
    "jobs",
    "watch",
    "triage",
    "runbook",
    "report",
    "plot",
    "why",
    "compare",
    "check",
    "runs",
    "export",
    "notify",
    "accounting",
    "validate",
    "schema",
)
"""The names of all, in the order in which ``--help`` lists them."""


def module_of(name: str) -> ModuleType:
    """Return the module of a command: loading all of them takes longer than most answers.

    Raises:
        ValueError: if there is none of that name.

    """
    if name not in COMMANDS:
        raise ValueError(f"no such command: {name}")
    return import_module(f"{__name__}.{name}")
