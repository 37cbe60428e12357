"""What a failure means, what to do about it, and the commands that repeat it."""

from collections.abc import Iterator

from rich.console import RenderableType

from snakemake_logger_plugin_observe.analysis.failures.explained import Explained
from snakemake_logger_plugin_observe.reporters.as_text.common import next_command
from snakemake_logger_plugin_observe.reporters.as_text.failure_evidence import line


def meaning(found: Explained) -> Iterator[RenderableType]:
    """Yield what a failure most likely means, each time with what to do then."""
    if found.raised is not None:
        yield line(found.raised)
    for number, one in enumerate(found.meanings):
        strength = "" if one.strength == "certain" else f"{one.strength}: "
        yield line(f"{'or ' if number else ''}{strength}{one.text}")
        yield line(f"  → {one.to_do}")


def log_advice(found: Explained) -> Iterator[RenderableType]:
    """Yield why its log shows nothing, and what to add."""
    if found.log is not None:
        yield line(found.log)


def repeat(found: Explained) -> Iterator[RenderableType]:
    """Yield the commands that run the failed job again as Snakemake ran it."""
    if found.repeat is not None:
        yield from map(next_command, found.repeat.commands)
