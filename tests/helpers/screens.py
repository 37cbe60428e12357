"""Runs whose last line has a first screen, as if they were large, and both ways to show it."""

from pathlib import Path

from answers import PATH, cost, render

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.screen.recorded import first_screen, in_order_of_ends
from snakemake_logger_plugin_observe.analysis.screen.restored import restored
from snakemake_logger_plugin_observe.commands.support.first_screen import answer_of
from snakemake_logger_plugin_observe.journal.events import RunFinished
from snakemake_logger_plugin_observe.journal.lines import event_in
from snakemake_logger_plugin_observe.journal.reading import read_journal
from snakemake_logger_plugin_observe.journal.writing import to_line
from snakemake_logger_plugin_observe.recording import run_end
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.run.fold import fold
from snakemake_logger_plugin_observe.run.model import Run


def last_line(run: Run, begins_at: int = 0) -> RunFinished | None:
    """Return the last event of a finished run, as read, with its screen; None if it has none."""
    assert run.finished is not None
    final, accounts = run_end.finished(run, run.finished.time, run.finished.status)
    run.finished = final
    screen = first_screen(run, accounts, begins_at)
    if screen is None:
        return None
    event = event_in(to_line(final.but(screen=screen)))
    assert isinstance(event, RunFinished)
    return event


def both_texts(run: Run, width: int = 100) -> tuple[str, str] | None:
    """Return the text of a run by its first and last line, and by all lines; None if not both."""
    last = last_line(run)
    if last is None or run.started is None:
        return None
    found = restored(run.started, last)
    assert found is not None
    short = answer_of(Source(PATH, found.run, found.run.status()), found)
    return render(short, width), render(cost(in_order_of_ends(run)), width)


def add_a_screen(journal: Path) -> bool:
    """Put the first screen of a finished run into its last line; False if it can have none."""
    run = fold(read_journal(journal))
    *before, _ = journal.read_bytes().splitlines(keepends=True)
    begins_at = sum(map(len, before))
    screen = first_screen(run, account(run), begins_at) if run.finished is not None else None
    if run.finished is None or screen is None:
        return False
    last = to_line(run.finished.but(screen=screen))
    journal.write_bytes(b"".join(before) + last + b"\n")
    return True
