"""Waiting for files to appear, or to be listed, created or checked: a slow file system."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Action, Incident
from snakemake_logger_plugin_observe.analysis.triage.time_evidence import (
    cite_longest,
    matters,
    phase_limit,
    rules_of,
)
from snakemake_logger_plugin_observe.analysis.whatif.end_queue import end_queue
from snakemake_logger_plugin_observe.journal.events import FileSystem

CLASS: Final = "slow_metadata"
_PHASES: Final = ("stage_in", "stage_out", "latency_wait", "postprocess")
_OPERATIONS: Final = {
    "create_s": "creating",
    "stat_s": "looking up",
    "remove_s": "removing",
}
_SLOW_S: Final = 0.001
"""On a fast file system, creating, looking up or removing a file takes less; what thousands of them
take together matters."""
_QUEUED: Final = 3
_SLOW_END: Final = 200_000
"""What the main thread does for an ended job takes some ms with fast files."""


def detect(case: Case) -> Iterator[Incident]:
    """Yield an incident if the run waited for files other than large ones being transferred."""
    if not matters(case, *_PHASES) or _is_selecting(case):
        return
    stored = any(
        "retriev" in m.text.lower() or "upload" in m.text.lower() for m in case.run.messages
    )
    measured = [slow for event in case.run.file_systems for slow in _slow_operations(event)]
    if stored and not measured:
        return  # transferring large files takes time, and nothing shows another cause
    spent = case.spent(*_PHASES)
    most = max(_PHASES, key=lambda phase: (case.spent(phase), phase))
    slow = f"; {measured[0].text}" if measured else ""
    slow += _queue(case)
    rules = rules_of(case, _PHASES)
    yield Incident(
        id=CLASS,
        incident_class=CLASS,
        where="storage and visibility",
        claim=f"{spent / 1e6:.1f} s of the run went into waiting for files and checking them, "
        f"{case.spent(most) / 1e6:.1f} s of it in {most}{slow}",
        strength="certain" if measured else "likely",
        explains=spent,
        failures=0,
        evidence=(
            *cite_longest(case, _PHASES),
            *(cited for one in measured for cited in case.side.at_event(one.event, one.quote)),
        ),
        wrong_if="the same jobs take as long with their files on a local disk",
        action=Action(
            "move the working files to a faster file system (or set --local-storage-prefix), with "
            "fewer files in each folder; report slow responses to its administrators",
            "the tools were ready or done, but waited for their files",
            without=_PHASES,
        ),
        check=phase_limit(case, most),
        rules=rules,
    )


def _queue(case: Case) -> str:
    """Return how ended jobs queued for the main thread, if they did; else nothing."""
    queue = end_queue(case.trials.model)
    if queue.longest < _QUEUED or queue.each < _SLOW_END:
        return ""
    return (
        f"; up to {queue.longest} ended jobs queued for Snakemake's main thread, which took "
        f"{queue.each / 1e6:.1f} s for each"
    )


def _is_selecting(case: Case) -> bool:
    """Whether most of the time was waiting for the main thread, which chose the next jobs."""
    times = [(begin, end) for one in case.run.iterations for begin, end in one.selections]
    times.sort()
    starts = [begin for begin, _ in times]
    spent = waited = 0
    for one in case.account.segments:
        if one.phase in _PHASES:
            spent += one.end - one.start
            for begin, end in times[max(0, bisect_right(starts, one.start) - 1) :]:
                if begin >= one.end:
                    break
                waited += max(0, min(end, one.end) - max(begin, one.start))
    return waited > spent / 2


class _SlowOperation(NamedTuple):
    """A single file operation that was slow."""

    event: FileSystem
    quote: str
    text: str


def _slow_operations(event: FileSystem) -> Iterator[_SlowOperation]:
    for field, doing in _OPERATIONS.items():
        took_s = getattr(event, field)
        if took_s is not None and took_s >= _SLOW_S:
            text = f"{doing} a file took {took_s:g} s"
            yield _SlowOperation(event, f"{field}: {took_s}", text)
