"""The head of a frame: the run, how far it is, how long it still takes, and what it waits for."""

from typing import Final

from rich.text import Text

from snakemake_logger_plugin_observe.analysis.live.state import lasting
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.pasting import command, path
from snakemake_logger_plugin_observe.reporters.screen.left import remaining_line
from snakemake_logger_plugin_observe.reporters.screen.lines import line, lines
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView
from snakemake_logger_plugin_observe.reporters.words import bar, clock_time, duration, percent

_BAR: Final = 30
_SHORT_BAR: Final = 10
_STYLES: Final = {
    "success": "bold green",
    "failed": "bold red",
    "interrupted": "bold red",
    "killed": "bold red",
    "stopped": "bold yellow",
}


def head(view: WatchView, width: int | None) -> list[Text]:
    """Return the lines above all tables, for a terminal of *width*; uncut if that is None."""
    length = duration(max(0, view.now - view.start)) if view.start is not None else ""
    states = {
        "running": f"running · {length} so far",
        "killed": f"killed after {length} at least",
        "unknown": f"no sign of life lately · {length} at least",
        "stopped": f"stopped · {length} at least",
    }
    state = states.get(view.status, f"{view.status.replace('_', ' ')} · {length}")
    began = f"run {clock_time(view.start)}" if view.start is not None else "run"
    facts = [began, view.executor, state]
    found = [
        line(" · ".join(filter(None, facts)), _STYLES.get(view.status, "bold")),
        line(f"  {view.path}", "dim"),
        *_progress(view, width),
    ]
    if not view.ended:
        left = remaining_line(view)
        found += lines(left, "", width) if left else []
        found += lines(_moved(view), "bold red" if view.still else "", width)
        found += [line(f"  {triage(view)}")] if view.for_triage else []
    found += [line(f"! {one}", "yellow") for one in view.problems[-2:]]
    return [*found, Text()]


def _progress(view: WatchView, width: int | None) -> list[Text]:
    """Return how many jobs are done, and are not: where that is long, the bar is short."""
    done, planned = view.count("done"), view.planned
    first = (
        f"{done:,} of {plural(planned, 'job')} done" if planned else plural(done, "job") + " done"
    )
    if not view.rules:
        kept = f"{view.up_to_date:,} up to date" if view.up_to_date else ""
        return [line(kept or ("no job" if view.ended else "no job yet"))]
    words = ", ".join([first, *view.other_counts()])
    if not planned:
        return lines(f"{words} (what was planned is not known)", "", width)
    said = f" {percent(done, planned)} %  {words}"
    size = _BAR if width is None else max(_SHORT_BAR, min(_BAR, width - len(said)))
    filled = bar(done, planned, size)
    found = lines(f"{filled}{'·' * max(0, size - len(filled))}{said}", "", width)
    found[0].stylize("green", 0, len(filled))
    found[0].stylize("dim", len(filled), size)
    return found


def _moved(view: WatchView) -> str:
    """Return how long it has been since anything moved, and what is waited for."""
    ago = f"{lasting(max(0, view.now - view.moved))} ago" if view.moved is not None else "never"
    return f"Last moved {ago}{f': {view.why_still}' if view.why_still else ''}"


def triage(view: WatchView) -> str:
    """Return the command that shows why what waits in vain does, and what to do about it."""
    ask = command("snakemake-observe", "triage", path(str(view.path)), purpose="what to do")
    return ask.commented
