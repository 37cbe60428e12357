"""The text about what is out on the cluster now, the same below each answer's first sentence."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.live.summary import counts, lines, standing_still
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import STUCK
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.note import subject
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_text.common import next_command
from snakemake_logger_plugin_observe.reporters.words import harmless

_SHOWN = 8
_REASONS = 4


def parts(source: Source) -> list[RenderableType]:
    """Return how many jobs are in which state, and a line for each kind; nothing if none is out."""
    view = source.live
    if view is None:
        return []
    still = stands_still(source)
    heading = "Nothing moves on the cluster" if still else "Out on the cluster"
    style = "bold red" if still else "bold"
    found: list[RenderableType] = [Text(harmless(f"{heading}: {counts(view)}"), style)]
    every = lines(source.run, view)
    shown = every if len(every) <= _SHOWN + 1 else every[:_SHOWN]
    found += [Text(harmless(f"  {line.text}")) for line in shown]
    if more := len(every) - len(shown):
        found.append(Text(f"  … and {plural(more, 'more line')} (jobs --format json)", "dim"))
    if view.problem is not None:
        found.append(Text(harmless(f"! {view.problem}"), "yellow"))
    return [*found, Text()]


def what_to_do(found: Sequence[Incident], fix: str = "") -> list[RenderableType]:
    """Return what to do about each reason why a run stands still, with the commands for that.

    Args:
        found: the reasons.
        fix: what to mend first about a job that failed, and that the run still waits for.

    """
    if not found:
        return []
    first, *more = found[:_REASONS]
    text = f"{fix}; " if fix else ""
    text += f"{_escalated(first)}{first.action.text} (because {first.action.why})"
    text += "".join(f"; for {subject(one)}: {_escalated(one)}{one.action.text}" for one in more)
    commands = [each for one in found[:_REASONS] for each in one.action.commands]
    to_do = Text.assemble(("What to do: ", "bold"), harmless(text) + ".")
    # What stands still is in the lines above; what the run before left is not.
    claims = [one.claim for one in found if one.incident_class != STUCK]
    shown = [Text(harmless(f"{claim[:1].upper()}{claim[1:]}."), "bold red") for claim in claims]
    return [*shown, to_do, *map(next_command, dict.fromkeys(commands)), Text()]


def _escalated(one: Incident) -> str:
    return "escalate: " if one.action.escalate else ""


def stands_still(source: Source) -> bool:
    """Whether a run goes on, and nothing of what is out on the cluster moves."""
    if source.live is None or source.status == "killed":
        return False
    return bool(standing_still(source.run, source.live))
