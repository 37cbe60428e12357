"""The run's own command of Snakemake, with more flags, to paste."""

from typing import Final

from snakemake_logger_plugin_observe.analysis.failures.script_errors import file_name
from snakemake_logger_plugin_observe.journal.masking import MASK
from snakemake_logger_plugin_observe.pasting import Command, command
from snakemake_logger_plugin_observe.run.model import Run

_SNAKEMAKE: Final = frozenset({"snakemake", "__main__.py"})


def same_command(run: Run, *flags: str, purpose: str) -> Command | None:
    """Return the command of *run* with *flags*; None if it is not known as a whole."""
    recorded = run.started.command if run.started is not None else ()
    if not recorded or file_name(recorded[0]) not in _SNAKEMAKE:
        return None
    arguments = recorded[1:]
    if any(MASK in one for one in arguments):
        return None
    more = (flag for flag in flags if flag not in arguments)
    return command("snakemake", *more, *arguments, purpose=purpose)
