"""Run Snakemake with a stopwatch on every entry from its threads into this project's code.

``python stopwatch.py ANSWER.json SNAKEMAKE-ARGUMENTS...``. Each function through which Snakemake
enters the two packages is wrapped, and the CPU time that its thread uses until it returns is
summed, that of the main thread apart: Snakemake's scheduler runs in it. An entry inside another
counts once, with the outer. What the stopwatch itself costs is measured on an empty function and
taken off. Methods that call Snakemake's own in their middle (``Timed``, the wrappers of hooked
methods) are not wrapped; what they call of ours is. What is left out is their own frame: some
hundred nanoseconds per call.
"""

import atexit
import functools
import importlib
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_OBSERVE: Final = "snakemake_logger_plugin_observe"
_TIMED: Final = "snakemake_executor_plugin_timed"
# Modules that Snakemake's start does not load are wrapped once they are there, for what importing
# them costs belongs to the entry that does it.
_ENTRIES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    (f"{_OBSERVE}.handler", "LogHandler"): ("__post_init__", "emit", "close"),
    (f"{_OBSERVE}.recording.log_listener", "LogListener"): ("filter", "take"),
    (f"{_OBSERVE}.recording.session", "Session"): (
        *("put", "record_note", "fault", "api_closed", "end_with_process", "end"),
    ),
    (_TIMED, "ExecutorSettings"): ("__post_init__",),
    (f"{_TIMED}.wrapping", ""): ("_observer", "timed_class", "_time_local_rules_too"),
    (f"{_TIMED}.main_side", "MainSide"): (
        *("attach", "described", "submitting", "accepted", "reported", "finished", "stage"),
        *("told", "cancelling", "shutting_down", "shut_down", "record_for", "first_sign"),
    ),
    (f"{_TIMED}.hooks", "Hooks"): ("attach", "files_wait", "put"),
    (f"{_TIMED}.hooks", "_Iteration"): ("wake", "go_idle", "selection"),
}


class Stopwatch:
    """Sums calls and CPU nanoseconds per entry; ``+=`` on its own thread's part needs no lock."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._parts: list[tuple[bool, dict[str, list[int]]]] = []
        self._wrapped: set[tuple[str, str]] = set()
        self._missing: list[str] = []
        idle = self._watch("", lambda: None)
        for _ in range(20_000):
            idle()
        (calls, spent) = self._parts[0][1].pop("")
        self._own_cost = spent / calls

    def wrap_what_is_there(self) -> None:
        """Wrap the entries of the modules that are loaded by now."""
        for place, names in _ENTRIES.items():
            module = sys.modules.get(place[0])
            if module is None or place in self._wrapped:
                continue
            owner: Any = getattr(module, place[1], None) if place[1] else module
            if owner is None:  # it is being imported right now
                continue
            self._wrapped.add(place)
            for name in names:
                label = ".".join(filter(None, (place[1] or place[0].rpartition(".")[2], name)))
                if hasattr(owner, name):
                    setattr(owner, name, self._watch(label, getattr(owner, name)))
                else:
                    self._missing.append(label)

    def _watch(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            own = self._own
            if getattr(own, "inside", False):
                return function(*args, **kwargs)
            if not hasattr(own, "part"):
                own.part = defaultdict(lambda: [0, 0])
                in_main = threading.current_thread() is threading.main_thread()
                self._parts.append((in_main, own.part))
            own.inside = True
            begun = time.thread_time_ns()
            try:
                return function(*args, **kwargs)
            finally:
                entry = own.part[label]
                entry[0] += 1
                entry[1] += time.thread_time_ns() - begun
                own.inside = False
                if len(self._wrapped) < len(_ENTRIES):
                    self.wrap_what_is_there()

        return watched

    def answer(self) -> dict[str, Any]:
        """Return calls and CPU seconds per entry, the stopwatch's own taken off."""
        entries: dict[str, dict[str, float]] = {}
        for in_main, part in list(self._parts):
            for label, (count, nanos) in part.items():
                entry = entries.setdefault(label, {"calls": 0, "main_s": 0.0, "other_s": 0.0})
                spent = max(0.0, nanos - count * self._own_cost) / 1e9
                entry["calls"] += count
                entry["main_s" if in_main else "other_s"] += spent
        unloaded = [".".join(place) for place in _ENTRIES if place not in self._wrapped]
        return {"entries": entries, "missing": self._missing + unloaded}


def main() -> None:
    """Wrap, and hand over to Snakemake; the answer is written as the process exits."""
    answer, arguments = Path(sys.argv[1]).absolute(), sys.argv[2:]
    stopwatch = Stopwatch()
    # Registered before the packages' own, so it runs after them.
    atexit.register(lambda: answer.write_text(json.dumps(stopwatch.answer())))
    sys.argv = ["snakemake", *arguments]
    command = importlib.import_module("snakemake.cli")
    command.get_argument_parser()
    stopwatch.wrap_what_is_there()
    command.main(arguments)


if __name__ == "__main__":
    main()
