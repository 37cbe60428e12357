"""Run Snakemake with a stopwatch on every entry from its threads into this project's code.

``python stopwatch.py ANSWER.json SNAKEMAKE-ARGUMENTS...``. Each function through which Snakemake
enters the two packages is wrapped, and the CPU time that its thread uses until it returns is
summed; an entry inside another counts once, with the outer. What the stopwatch itself costs is
measured on an empty function and taken off. Methods that call Snakemake's own in their middle
(``Timed``, the wrappers of hooked methods) are not wrapped; what they call of ours is. What is left
out is their own frame: some hundred nanoseconds per call.
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
    (_TIMED, "ExecutorSettings"): ("__post_init__",),
    (f"{_TIMED}.wrapping", ""): ("_observer", "timed_class", "_time_local_rules_too"),
    (f"{_OBSERVE}.session", "Session"): ("hear", "take", "put", "fault", "end", "logger_closed"),
    (f"{_TIMED}.main_side", "MainSide"): (
        *("attach", "submitting", "accepted", "reported", "finished", "stage", "cancelling"),
        *("record_for", "first_sign"),
    ),
    (f"{_TIMED}.hooks", "Hooks"): ("attach", "put"),
    (f"{_TIMED}.hooks", "_Turn"): ("wake", "rest", "selection"),
}


class Stopwatch:
    """Sums calls and CPU nanoseconds per entry; ``+=`` on its own thread's part needs no lock."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._parts: list[dict[str, list[int]]] = []
        self._wrapped: set[tuple[str, str]] = set()
        idle = self._watch("", lambda: None)
        for _ in range(20_000):
            idle()
        (calls, spent) = self._parts[0].pop("")
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
                setattr(owner, name, self._watch(label, getattr(owner, name)))

    def _watch(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            own = self._own
            if getattr(own, "inside", False):
                return function(*args, **kwargs)
            if not hasattr(own, "part"):
                own.part = defaultdict(lambda: [0, 0])
                self._parts.append(own.part)
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

    def answer(self) -> dict[str, dict[str, float]]:
        """Return calls and CPU seconds per entry, the stopwatch's own taken off."""
        calls: dict[str, int] = defaultdict(int)
        spent: dict[str, int] = defaultdict(int)
        for part in list(self._parts):
            for label, (count, nanos) in part.items():
                calls[label] += count
                spent[label] += nanos
        return {
            label: {
                "calls": count,
                "cpu_s": max(0.0, spent[label] - count * self._own_cost) / 1e9,
            }
            for label, count in calls.items()
        }


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
