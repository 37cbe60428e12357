"""What the texts of several commands share: the head, warnings and the next command."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import all_up_to_date, plural
from snakemake_logger_plugin_observe.pasting import Command, command, path
from snakemake_logger_plugin_observe.reporters.answers import ENDED, Source
from snakemake_logger_plugin_observe.reporters.as_text import unended
from snakemake_logger_plugin_observe.reporters.command_lines import CommandLine
from snakemake_logger_plugin_observe.reporters.words import clock_time, harmless
from snakemake_logger_plugin_observe.run.scope import job_counts, ran_jobs


def head(source: Source) -> list[RenderableType]:
    """Return the line that describes a run, and the journal that it was read from."""
    run = source.run
    started = run.started
    facts = [
        f"run {clock_time(run.start)}" if run.start else "run",
        jobs(source),
        executor(source),
        unended.how_long(source),
        f"by {source.owner}" if source.owner is not None else "",
    ]
    line = Text(harmless(" · ".join(fact for fact in facts if fact)), "bold", no_wrap=True)
    tags = started.tags if started else {}
    tagged = "".join(f"  {key}={value}" for key, value in tags.items())
    found: list[RenderableType] = [line]
    found.append(Text(harmless(f"  {source.path}{tagged}"), "dim", no_wrap=True))
    if (earlier := source.resumes) is not None:
        text = f"  resumes the run of {clock_time(earlier.start)}, which {ENDED[earlier.status]}"
        found.append(Text(harmless(f"{text}: {earlier.path}"), "dim", no_wrap=True))
    return [*found, *warnings(source.unread)]


def jobs(source: Source) -> str:
    """Return how many jobs ran, in how many attempts, and how many were up to date."""
    if not source.ended:
        return unended.progress(source) or "no job yet"
    run = source.run
    jobs, attempts = ran_jobs(run)
    ran = f"{plural(jobs, 'job')}, {plural(attempts, 'attempt')}" if jobs else ""
    counts = job_counts(run)
    if run.is_dry_run and counts.planned:
        ran = f"{plural(counts.planned, 'job')} planned"
    kept = counts.up_to_date
    up_to_date = f"{kept:,} up to date" if kept else ""
    return ", ".join(filter(None, (ran, up_to_date))) or "no job"


def nothing_ran(source: Source) -> str:
    """Return that no job of a run ran, and why, if nothing had to."""
    if source.status != "nothing_to_do":
        return "No job ran."
    return f"Nothing ran: {all_up_to_date(job_counts(source.run).up_to_date or 0)}."


def executor(source: Source) -> str:
    """Return which executor ran the jobs; empty if it is unknown."""
    started = source.run.started
    if started is None or started.executor is None:
        return ""
    if started.wraps is not None:
        return f"{started.wraps} through timed"
    return started.executor


def warnings(texts: Iterable[str]) -> list[RenderableType]:
    """Return a line for each thing that limits the answer."""
    return [Text(harmless(f"! {text}"), "yellow") for text in texts]


def next_command(command: Command) -> Text:
    """Return a command to paste as it is, on a line that is never wrapped."""
    return CommandLine(command.commented, no_wrap=True)


def reader(name: str, source: Source, *more: str, purpose: str) -> Text:
    """Return the line of one of our own commands about the run of *source*."""
    own = command("snakemake-observe", name, path(str(source.path)), *more, purpose=purpose)
    return next_command(own)


def ending(found: list[RenderableType], *commands: Text) -> list[RenderableType]:
    """Return the parts of an answer with the next commands below them, after a blank line."""
    last = found[-1]
    blank = isinstance(last, Text) and not last.plain
    return [*found, *([] if blank or not commands else [Text()]), *commands]
