"""Folders of journals: many runs of one workflow, each a few seconds of a fake day."""

import os
from pathlib import Path
from typing import Any

from builders import SECOND, T0, Story, killed

from snakemake_logger_plugin_observe.clock import Micros, format_moment
from snakemake_logger_plugin_observe.journal.events import Event

DAY = 86_400 * SECOND


def folder_of_runs(workdir: Path) -> Path:
    """Return the folder of journals of a working directory, made if need be."""
    folder = workdir / ".snakemake" / "observe"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def a_run(length_s: float = 20, *, kept: int = 0, status: str = "success", **facts: Any) -> Story:
    """Return a run of two jobs; of ``kept`` more it only counts that they were up to date."""
    one = Story(**{"jobs": 4, "host": "elsewhere", **facts}).plan(2, 3)
    one.planned(3, {"map": 2}, **({"map": kept} if kept else {}))
    one.job(1).job(2, needs=(1,)).iteration(3, 4, (3, 3.5)).quick(1, 3, 3.5, 5)
    ended = {"status": "failed", "message": "exit code 1"} if status == "failed" else {}
    one.iteration(5, 5.5, (5, 5.5)).quick(2, 5, 5.5, length_s - 1, **ended)
    return one.end(length_s, status)


def a_dry_run(**facts: Any) -> Story:
    one = Story(**{"kind": "dry_run", "host": "elsewhere", **facts}).plan(2, 3)
    return one.planned(3, {"map": 2}).end(4, "dry_run")


def nothing_to_do(**facts: Any) -> Story:
    one = Story(**{"host": "elsewhere", **facts}).plan(2, 3)
    return one.planned(3, {}, map=2).end(4, "nothing_to_do")


def without_end(host: str = "elsewhere") -> Story:
    """Return a run without an end; of this host, its process is gone."""
    one = Story(host=host, pid=2**22 + 1, jobs=4)
    one.events += killed().events[1:]
    return one


def write(folder: Path, day: int, story: Story) -> Path:
    """Write *story* as the run of some *day*, under the name that a recorder would give it."""
    moved = [_moved(event, day * DAY) for event in story.events]
    first = moved[0]
    run_id = f"{day:08x}" * 4
    moved[0] = first.but(run_id=run_id)
    other = Story()
    other.events = moved
    stamp = format_moment(T0 + day * DAY)[:19].replace("-", "").replace(":", "")
    path = other.write(folder / f"{stamp}-{day:06x}.jsonl")
    path.chmod(0o600)
    last = moved[-1].time // SECOND
    os.utime(path, (last, last))
    return path


def _moved(event: Event, by: Micros) -> Event:
    """Return the first or last event of a run that began later: no other is read for a list."""
    moments = ("time", "process_started", "plugin_loaded", "workflow_started")
    known = {name: getattr(event, name, None) for name in moments}
    update = {name: moment + by for name, moment in known.items() if moment is not None}
    return event.but(**update)
