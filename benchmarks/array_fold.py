"""How soon the fragments of an array are in the journal: 2,000 tasks within 2 s after the last end.

Real fragments as nodes leave them, two for each task but the first, and a real recorder that writes
a real journal. The clock runs from the last task's end to the last line about it.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from measuring import spread, table, verdict

from snakemake_executor_plugin_timed.fragments import Fragments, array_name
from snakemake_logger_plugin_observe.recording import notes
from snakemake_logger_plugin_observe.recording.options import JournalSettings
from snakemake_logger_plugin_observe.recording.recorder import Recorder
from snakemake_logger_plugin_observe.recording.run_start import RunStart

_BOUND_S = 2.0
_SECOND = 1_000_000


def _line(pid: int, wraps: str, started: int, ended: int, task: int) -> bytes:
    moments = {"begun": started + 3 * _SECOND, "checked": ended - 1}
    tool = {"tool_started": started + 4 * _SECOND, "tool_ended": ended - _SECOND}
    one = {"number": 1, "rule": "map", "wildcards": {"i": str(task)}, "status": "success"}
    level = {
        "v": 1,
        "clock": "node:n1",
        "host": "n1",
        "node": "n1",
        "pid": pid,
        "wraps": wraps,
        "cluster_job": f"7_{task}",
        "started": started,
        "loaded": started + _SECOND,
        "planned": started + 2 * _SECOND,
        "ended": ended,
        "waits": [],
        "executions": [{**one, **moments, **(tool if wraps == "local" else {})}],
    }
    return json.dumps(level).encode() + b"\n"


def _leave(fragments: Fragments, task: int, began: int) -> tuple[str, ...]:
    """Write what the task's processes leave; return the names of its fragments."""
    own, outer = str(task), array_name("1", str(task))
    inner = _line(2, "slurm-jobstep", began + _SECOND, began + 20 * _SECOND, task)
    tool = _line(3, "local", began + 5 * _SECOND, began + 15 * _SECOND, task)
    first = _line(1, "slurm-jobstep", began, began + 22 * _SECOND, 1)
    if task == 1:
        fragments.path(own).write_bytes(first + tool)
        return (own,)
    fragments.path(own).write_bytes(inner + tool)
    fragments.path(outer).write_bytes(first)
    return (own, outer)


def _fold(tasks: int) -> float:
    """Return the seconds from the last task's end to the last line about it."""
    with tempfile.TemporaryDirectory() as folder:
        now = time.time_ns() // 1000
        recorder = Recorder(
            JournalSettings(quiet=True),
            RunStart(now, Path(folder), {"plugins": ("observe", "timed"), "kind": "run"}),
            fault=print,
        )
        recorder.folder.mkdir(parents=True, exist_ok=True)
        fragments = Fragments(recorder.folder)
        fragments.make_folder()
        left = {task: _leave(fragments, task, now + _SECOND) for task in range(1, tasks + 1)}
        recorder.put(notes.ExecutorTimed(now, fragments))
        recorder.put(notes.Selected(now, tuple(left)))
        for task, names in left.items():
            recorder.put(notes.JobInfo(now, task, "map", dependencies=()))
            stamps = {"submitting": now}
            recorder.put(notes.Accepted(now + _SECOND // 2, (task, 1), stamps, f"7_{task}", names))
        time.sleep(3)  # all that came before is in the journal then
        end = now + 40 * _SECOND
        for task, names in left.items():
            stamps = {"reported": end}
            recorder.put(notes.Finished(end, (task, 1), "success", stamps, submission=names))
        begun = time.perf_counter()
        while next(recorder.folder.glob("*/*.fragment"), None) is not None:
            time.sleep(0.01)
        took = time.perf_counter() - begun
        recorder.finish(end)
        return took


def main() -> None:
    """Measure, and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=2000, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    words = parser.parse_args()
    took = spread([_fold(words.tasks) for _ in range(words.rounds)])
    table(
        f"{words.tasks} tasks of an array, {words.rounds} rounds",
        ("", "s", "ms per task"),
        [("folded after the last end", took.show(), f"{1000 * took.median / words.tasks:.2f}")],
    )
    verdict("folding", [(took.median, _BOUND_S, "s")])


if __name__ == "__main__":
    main()
