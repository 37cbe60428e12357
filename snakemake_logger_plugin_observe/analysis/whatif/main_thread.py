"""What Snakemake's one main thread did for each submission, and how long that took by itself.

Its stamped work is a row of moments: a selection's end, a submission accepted, an end finished, a
re-planning done. What lies between one and the next is the later one's own work, from when it could
have begun: the rest of what a submission spent there was waiting for others.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Columns, Moments
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import RunPhase
from snakemake_logger_plugin_observe.run.model import Run

# What is given up first of a stretch that was partly spent waiting for the main thread.
_WAITED_IN: Final = ("dispatch", "postprocess", "stage_in", "submit", "stage_out", "latency_wait")
_FINISHED, _CHOSEN, _ACCEPTED, _PLANNED = range(4)


@dataclass(slots=True)
class MainThread:
    """The main thread's work, by submission; lengths in microseconds."""

    solver: Column
    """The selection that chose it."""
    loop: Column
    """The loop's other work before that."""
    nap: Column
    """From its end's report until the thread had woken for it."""
    replan: Column
    """The re-planning that its end called for."""
    woke_for: Column
    """When the thread had woken, and finished what it had to, before it chose it."""
    waited_before: Column
    """What it waited for the thread before it was accepted."""
    waited_after: Column
    """What it waited for the thread once its end was reported."""

    def leave_own_work(self, before: Columns, after: Columns) -> None:
        """Take from what submissions spent *before* and *after* what was waiting."""
        for columns, waits in ((before, self.waited_before), (after, self.waited_after)):
            for i, waited in enumerate(waits):
                if waited > 0:
                    _less(columns, i, waited)


def main_thread(
    run: Run, moments: Moments, unfinished: Sequence[bool], began: Micros
) -> MainThread:
    """Return what the main thread of *run* did from when scheduling *began*."""
    count = len(moments.selected)
    found = MainThread(*([0] * count for _ in range(7)))
    replannings = [p for p in run.phases if p.phase == "plan" and _again(p) and p.time >= began]
    woke_at = [turn.time for turn in run.iterations]
    idle_at = [turn.idle for turn in run.iterations]
    chose = sorted(s for turn in run.iterations for s in turn.selections)
    starts = [begin for begin, _ in chose]
    previous, finished = began, -1
    for moment, kind, i in _row(moments, unfinished, replannings):
        if kind == _FINISHED:
            trigger = max(previous, moments.reported[i])
            number = bisect_right(woke_at, moment) - 1
            if number >= 0 and woke_at[number] > trigger:  # this end woke it, a while later
                found.nap[i] = woke_at[number] - trigger
                trigger = woke_at[number]
            found.waited_after[i] = trigger - moments.reported[i]
            finished = i
        elif kind == _ACCEPTED:
            found.waited_before[i] = previous - moments.selected[i]
        elif kind == _PLANNED:
            if finished >= 0:
                found.replan[finished] += moment - max(previous, replannings[i].time)
        else:
            woke = previous
            number = bisect_right(woke_at, moment) - 1
            if number >= 0 and idle_at[number] >= moment:
                woke = max(previous, woke_at[number])
            own = max(0, moment - woke)
            at = bisect_right(starts, moment) - 1
            known = at >= 0 and chose[at][1] >= woke
            solver = min(own, chose[at][1] - chose[at][0]) if known else 0
            for j in range(i, count):
                if moments.selected[j] != moment:
                    break
                found.solver[j], found.loop[j], found.woke_for[j] = solver, own - solver, woke
        previous = max(previous, moment)
    return found


def _again(phase: RunPhase) -> bool:
    brings = phase.first_job_id is not None or bool(phase.changed_jobs)
    return brings or phase.detail == "checkpoint"


def _row(
    moments: Moments, unfinished: Sequence[bool], replannings: Sequence[RunPhase]
) -> list[tuple[Micros, int, int]]:
    """Return the thread's stamped moments in order: when, what, and whose."""
    row = [(moment, _ACCEPTED, i) for i, moment in enumerate(moments.accepted)]
    row += [(f, _FINISHED, i) for i, f in enumerate(moments.finished) if not unfinished[i]]
    row += [(phase.end, _PLANNED, number) for number, phase in enumerate(replannings)]
    last = -1
    for i, moment in enumerate(moments.selected):
        if moment != last:  # the first of those that were chosen together stands for all
            row.append((moment, _CHOSEN, i))
            last = moment
    row.sort()
    return row


def _less(columns: Columns, i: int, waited: Micros) -> None:
    """Take from what *columns* have of a submission what it *waited* for the main thread."""
    if waited <= 0:
        return
    for phase in (*_WAITED_IN, *columns):
        column = columns.get(phase)
        if column is not None and column[i]:
            given = min(waited, column[i])
            column[i] -= given
            waited -= given
            if not waited:
                return
