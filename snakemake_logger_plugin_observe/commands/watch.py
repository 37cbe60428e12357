"""``watch``: a run as it goes on, on a screen that follows its journal."""

import argparse
import gc
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import RenderableType
from rich.text import Text

from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.commands.support import find_journal, terminal
from snakemake_logger_plugin_observe.commands.support.run_folder import folder_of
from snakemake_logger_plugin_observe.commands.support.watched import Watched
from snakemake_logger_plugin_observe.journal.excerpts import read_ends
from snakemake_logger_plugin_observe.journal.folders import SUBFOLDER, journals_below, journals_in
from snakemake_logger_plugin_observe.journal.lines import JournalError
from snakemake_logger_plugin_observe.pasting import command, path
from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.as_json.watch import shape
from snakemake_logger_plugin_observe.reporters.command_lines import CommandLine
from snakemake_logger_plugin_observe.reporters.reply import Reply
from snakemake_logger_plugin_observe.reporters.screen.frame import Page, Shown, choices, frame
from snakemake_logger_plugin_observe.reporters.screen.plain import PlainLines
from snakemake_logger_plugin_observe.reporters.screen.view import WatchView
from snakemake_logger_plugin_observe.reporters.words import harmless

HELP: Final = "watch a run as it goes on: what is in flight, failures, and how long it still takes"
_EVERY_S: Final = 1.0
_SHARE: Final = 10
"""After a look that took long, it is not looked again until so many times its length has passed."""
_LOG_LINES: Final = 200
_IDS: Final = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        metavar="DIR",
        help="working directories, whose newest run is watched, or journals (default: the newest "
        "run here); where there is none yet, it is waited for",
    )
    parser.add_argument("--next", action="store_true", help="wait for the next run to begin")
    parser.add_argument("--once", action="store_true", help="print one frame and end")
    find_journal.add_offline(parser)


def run(args: argparse.Namespace) -> Reply[tuple[WatchView, ...]]:
    """Watch until all runs have ended, or the user has seen enough; always fine."""
    named = args.runs or [Path()]
    once = args.once or args.format != "text"
    slots = [_Slot(one, offline=args.offline, once=once, is_next=args.next) for one in named]
    gc.enable()  # the command line has it off, and this one may go on for days
    if once:
        for slot in slots:
            slot.look()
    elif terminal.has_screen():
        if not _watch_on_screen(slots):
            return Reply((), _left, lambda _: {**shape(()), "unread": []})
    else:
        _watch_in_lines(slots)
    views = tuple(slot.view for slot in slots if slot.view is not None)
    problems = tuple(slot.problem for slot in slots if slot.problem)
    if problems and not views:
        raise JournalError("; ".join(problems))
    return Reply(
        views,
        lambda _, width: [*map(_problem, problems), *parts(views, width)],
        lambda _: {**shape(views), "unread": list(problems)},
        code=2 if problems else 0,
    )


def _problem(text: str) -> Text:
    return Text(harmless(f"! {text}"), "yellow")


def parts(views: tuple[WatchView, ...], width: int) -> list[RenderableType]:
    """Return the frames of all runs, below each other."""
    found: list[RenderableType] = []
    for view in views:
        found += frame(view, Shown(), width, None)
        if view.ended:
            found += [Text(), *_next(view)]
    return found


def _next(view: WatchView) -> list[RenderableType]:
    """Return what to look at once a run does not go on."""
    said: list[RenderableType] = []
    own: tuple[str, ...] = ("cost",)
    why = "where its time went"
    if view.status == "killed" and view.flights:
        own, why = ("triage",), "what was in flight, and what to do"
    elif view.status == "failed" or view.failures:
        own, why = ("jobs", "--failed"), "what failed, and why"
    if view.still_out:
        ids = named([harmless(one) for one in view.still_out], _IDS)
        number = plural(len(view.still_out), "job")
        said.append(Text(f"Still on the cluster, without Snakemake: {number} ({ids})"))
        own, why = ("triage",), "what to cancel"
    elif view.still_out is None:
        said.append(Text("Whether jobs are still on the cluster is not known of all of them"))
    next_one = command("snakemake-observe", *own, path(str(view.path)), purpose=why)
    return [*said, CommandLine(next_one.commented, no_wrap=True)]


def _left(_views: tuple[WatchView, ...], _width: int) -> list[RenderableType]:
    return [Text("Left; the run was not touched.")]


class _Slot:
    """A folder or a journal that was named, with its run once there is one."""

    def __init__(self, named: Path, *, offline: bool, once: bool, is_next: bool) -> None:
        self.named = named
        self.view: WatchView | None = None
        self.watched: Watched | None = None
        self.problem = ""
        """Why it cannot be watched, or not any more: the other runs are."""
        self._offline, self._once = offline, once
        self._before = frozenset[Path]()
        with self._noting_problems():
            if not os.path.lexists(named):
                if not find_journal.is_tag(named):
                    raise JournalError(f"{named}: no such folder or journal")
                self.named = find_journal.find(named)
            self._before = frozenset(self._journals()) if is_next else self._before

    @contextmanager
    def _noting_problems(self) -> Iterator[None]:
        try:
            yield
        except JournalError as error:
            self.problem, self.view = str(error), None
        except OSError as error:
            self.problem, self.view = f"{self.named}: {error.strerror or error}", None

    def _journals(self) -> list[Path]:
        if not os.path.isdir(self.named):
            return []
        return journals_in(self.named) or journals_below(self.named)

    def _find(self) -> Path | None:
        """Return the journal of the newest run that is no dry run, None if there is none yet."""
        if not os.path.isdir(self.named):
            return self.named
        for one in reversed(self._journals()):
            if one not in self._before:
                known = read_ends(one)
                if known is not None and known[0].kind != "dry_run":
                    return one
        return None

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return bool(self.problem) or (self.view is not None and self.view.ended)

    def look(self) -> WatchView | None:
        """Return what is known of the run now, None if there is none yet, or it cannot be read."""
        if not self.is_over:
            with self._noting_problems():
                self.view = self._look()
        return self.view

    def _look(self) -> WatchView | None:
        if self.watched is None:
            if not _is_there(self.named):
                raise JournalError(f"{self.named}: the folder is gone")
            journal = self._find()
            if journal is None and self._once:
                raise JournalError(
                    f"no run in {self.named / SUBFOLDER}: start one with --logger observe, or "
                    "leave out --once to wait for it"
                )
            if journal is None:
                return None
            self.watched = Watched(journal, offline=self._offline, once=self._once)
        return self.watched.look()

    def log_of(self, files: Sequence[str]) -> tuple[str, ...]:
        """Return the end of the last of a job's log files, or why there is none."""
        if self.watched is None or self.view is None:
            return ()
        if not files:
            return ("(its rule names no log file)",)
        folder = folder_of(Source(self.watched.path, self.watched.so_far.run, self.view.status))
        if folder is None:
            return ("(the journal is not in its workflow's folder: logs are not read)",)
        tail = folder.read(files[-1])
        if tail.problem is not None:
            return (f"({tail.problem})",)
        return tail.lines[-_LOG_LINES:] or ("(it is empty)",)


def _is_there(named: Path) -> bool:
    """Whether what was named exists: the current folder may have been removed."""
    try:
        return os.path.lexists(named.absolute())
    except OSError:
        return False


def _over(slots: Sequence[_Slot]) -> bool:
    return all(slot.is_over for slot in slots)


def _waiting_for(slot: _Slot) -> str:
    return f"Waiting for a run to begin in {slot.named.absolute()} (--logger observe) …"


# -- without a screen ----------------------------------------------------------------------------


def _watch_in_lines(slots: Sequence[_Slot]) -> None:
    printers = [PlainLines(str(slot.named) if len(slots) > 1 else "") for slot in slots]
    announced: set[int] = set()
    given_up: set[int] = set()
    while True:
        begun = time.monotonic()
        for number, (slot, printer) in enumerate(zip(slots, printers, strict=True)):
            view = None if slot.is_over else slot.look()
            if slot.problem and number not in given_up:
                given_up.add(number)
                if not _over(slots):  # else the answer says it
                    print(harmless(f"! {slot.problem}"), flush=True)
            elif view is not None:
                for line in printer.lines(view):
                    print(line, flush=True)
            elif number not in announced and not slot.is_over:
                announced.add(number)
                print(harmless(_waiting_for(slot)), flush=True)
        if _over(slots):
            return
        time.sleep(max(_EVERY_S, _SHARE * (time.monotonic() - begun)))


# -- on a screen ---------------------------------------------------------------------------------


def _watch_on_screen(slots: Sequence[_Slot]) -> bool:
    """Show frames until all runs have ended; return False if the user left before."""
    with terminal.screen() as screen:
        return _Pages(slots, screen).show()


class _Pages:
    """What the user looks at, and the keys that change it."""

    def __init__(self, slots: Sequence[_Slot], screen: terminal.Screen) -> None:
        self._slots = slots
        self._screen = screen
        self._at = 0
        self._shown = Shown(runs=len(slots), keys=screen.reads_keys)

    def show(self) -> bool:
        """Show one frame after the other; return False if the user left."""
        look_at = 0.0
        while True:
            now = time.monotonic()
            if now >= look_at:
                for slot in self._slots:
                    slot.look()
                look_at = time.monotonic() + max(_EVERY_S, _SHARE * (time.monotonic() - now))
                self._read_log()
                if _over(self._slots):
                    return True
            self._draw()
            key = self._screen.key(max(0.0, look_at - time.monotonic()))
            if key == "q":
                return False
            if key is not None:
                self._press(key)

    @property
    def _slot(self) -> _Slot:
        return self._slots[self._at]

    def _draw(self) -> None:
        width, height = self._screen.size
        view = self._slot.view
        keys = Text("q quit · tab next run" if len(self._slots) > 1 else "q quit", "dim")
        if self._slot.problem:
            self._screen.show([_problem(self._slot.problem), keys])
            return
        if view is None:
            self._screen.show([Text(harmless(_waiting_for(self._slot))), keys])
            return
        self._screen.show(frame(view, self._shown, width, height))

    def _press(self, key: str) -> None:
        view, shown = self._slot.view, self._shown
        if key == "tab":
            self._at = (self._at + 1) % len(self._slots)
            self._shown = Shown(runs=shown.runs, keys=shown.keys)
            return
        if view is None:
            return
        count = len(choices(view, shown))
        match key:
            case "o":
                self._shown = replace(shown, page="overview", rule=None, chosen=0)
            case "f":
                page: Page = "overview" if shown.page == "failures" else "failures"
                self._shown = replace(shown, page=page, chosen=0)
            case "r":
                self._shown = replace(
                    shown, page="overview", rule=_next_rule(view, shown.rule), chosen=0
                )
            case "up" | "down" if count and shown.page != "log":
                step = -1 if key == "up" else 1
                self._shown = replace(shown, chosen=(shown.chosen + step) % count)
            case "l" if shown.page == "log":
                self._shown = replace(shown, page="overview", log=(), log_name="")
            case "l" if count:
                self._open_log(view)

    def _open_log(self, view: WatchView) -> None:
        found = choices(view, self._shown)
        one = found[min(self._shown.chosen, len(found) - 1)]
        self._log_files = one.log
        name = one.log[-1] if one.log else "no log file"
        self._shown = replace(self._shown, page="log", log_name=f"{one.name}: {name}")
        self._read_log()

    def _read_log(self) -> None:
        if self._shown.page == "log":
            self._shown = replace(self._shown, log=self._slot.log_of(self._log_files))


def _next_rule(view: WatchView, rule: str | None) -> str | None:
    """Return the next rule to show: all, then each with jobs that have not ended or failed."""
    busy = [row.rule for row in view.rules if row.in_flight or row.failed or row.waiting]
    around = [None, *(busy or [row.rule for row in view.rules])]
    return around[(around.index(rule) + 1) % len(around)] if rule in around else None
