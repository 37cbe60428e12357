"""What a text says of a run without an end: how far it got, and how long it lived at least."""

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.analysis.unended import doing
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.words import clock_time, duration
from snakemake_logger_plugin_observe.run.scope import (
    in_flight_words,
    job_counts,
    not_reached_words,
)


def progress(source: Source) -> str:
    """Return how many jobs are done, failed, in flight and waiting: ``12 of 84 jobs done, ...``."""
    counts = job_counts(source.run)
    planned = counts.planned
    done = f"{counts.done:,} of {plural(planned, 'job')} done" if planned is not None else ""
    if planned is None and source.run.attempts:
        done = f"{plural(counts.done, 'job')} done"
    parts = {
        "failed": counts.failed,
        "cancelled": counts.cancelled,
        in_flight_words(counts): counts.in_flight,
        not_reached_words(source.status): counts.not_reached,
        "up to date": counts.up_to_date,
    }
    shown = [f"{number:,} {what}" for what, number in parts.items() if number]
    return ", ".join([done, *shown] if done else shown)


def how_long(source: Source) -> str:
    """Return a run's state and length: ``success · 12.3 s``, ``killed after 41.2 s at least``."""
    length = duration(source.run.makespan)
    match source.status:
        case "killed":
            return f"killed after {length} at least"
        case "running" if source.stopped:
            return f"stopped · {length} at least"
        case "running":
            return f"running · {length} so far"
        case "unknown":
            return f"no end recorded · {length} at least"
        case status:
            return f"{status.replace('_', ' ')} · {length}"


def whole(source: Source) -> str:
    """Return what the length of a run is called: its makespan, or the time so far."""
    return "makespan" if source.ended else "time so far"


def sentence(source: Source) -> str:
    """Return what is known about the end of a run that does not go on, in two sentences."""
    run, length = source.run, duration(source.run.makespan)
    if source.status == "killed":
        first = f"The run was killed after {length} at least; {doing(run)}."
    else:
        seen = f" at {clock_time(run.end)}" if run.end is not None else ""
        host = f" (on {run.started.host})" if run.started is not None else ""
        first = (
            f"Whether the run still goes on{host} cannot be seen from here; at the last sign of "
            f"life{seen}, after {length}, {doing(run)}."
        )
    return f"{first} What followed is unknown, so there are no shares of the run's time."


def failed_so_far(source: Source) -> list[RenderableType]:
    """Return how many jobs of a running run have failed so far, if any has."""
    failed = job_counts(source.run).failed
    if source.status != "running" or not failed:
        return []
    return [Text(f"{plural(failed, 'job')} failed so far.", "bold red")]


def stopped(source: Source) -> list[RenderableType]:
    """Return that a run's process was stopped, and what lets it go on."""
    known = source.run.started
    go_on = f"kill -CONT {known.pid}" if known is not None else "kill -CONT"
    return [
        Text("The run is stopped (Ctrl-Z, SIGSTOP): it goes on when it is continued.", "bold"),
        Text.assemble(("What to do: ", "bold"), f"{go_on}, or fg in its terminal."),
    ]
