"""The work of Snakemake's main thread for each submission, and how long it took by itself.

The stamped work is a sequence of moments: the end of a selection, a submission accepted, a reported
end finished, a re-planning done. The time between two of them is work on the later one, from the
moment at which it could begin. Any other time of a submission there was waiting for the thread.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.cost.selection_rate import RateWindow, selection_rate
from snakemake_logger_plugin_observe.analysis.cost.selections import Selection, selections
from snakemake_logger_plugin_observe.analysis.whatif.model import Column, Columns, Moments
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.journal.events import RunPhase
from snakemake_logger_plugin_observe.run.model import Run

# The phases from which waiting for the main thread is subtracted, in this order.
_WAITED_IN: Final = ("dispatch", "postprocess", "stage_in", "submit", "stage_out", "latency_wait")
_FINISHED, _SELECTED, _ACCEPTED, _PLANNED = range(4)


@dataclass(slots=True)
class MainThread:
    """The main thread's work, by submission; lengths in microseconds."""

    solver: Column
    """The selection that selected it."""
    loop: Column
    """The loop's other work before that."""
    wakeup: Column
    """From the report of its end until the thread woke up."""
    replan: Column
    """The re-planning that its end triggered."""
    woke_for: Column
    """When the thread, before selecting it, had woken up and finished its other work."""
    waited_before: Column
    """How long it waited for the thread before it was accepted."""
    waited_after: Column
    """How long it waited for the thread once its end was reported."""

    def subtract_waiting(self, before: Columns, after: Columns) -> None:
        """Subtract the waiting for the main thread from *before* and *after*."""
        for columns, waits in ((before, self.waited_before), (after, self.waited_after)):
            for i, waited in enumerate(waits):
                if waited > 0:
                    _subtract(columns, i, waited)


def main_thread(
    run: Run, moments: Moments, unfinished: Sequence[bool], began: Micros
) -> MainThread:
    """Return what the main thread of *run* did since scheduling *began*."""
    count = len(moments.selected)
    found = MainThread(*([0] * count for _ in range(7)))
    replannings = [p for p in run.phases if _is_replanning(p) and p.time >= began]
    woke_at = [one.time for one in run.iterations]
    idle_at = [one.idle for one in run.iterations]
    chosen = selections(run)
    starts = [one.begin for one in chosen]
    previous, finished = began, -1
    rate = selection_rate(run)
    window = RateWindow(rate) if rate is not None else None
    for moment, kind, i in _stamped_work(moments, unfinished, replannings):
        if kind == _FINISHED:
            trigger = max(previous, moments.reported[i])
            # An iteration that begins as this end is finished did not finish it.
            number = bisect_left(woke_at, moment) - 1
            if number >= 0 and woke_at[number] > trigger:  # this end woke it, a moment later
                found.wakeup[i] = woke_at[number] - trigger
                trigger = woke_at[number]
            found.waited_after[i] = trigger - moments.reported[i]
            finished = i
        elif kind == _ACCEPTED:
            found.waited_before[i] = previous - moments.selected[i]
        elif kind == _PLANNED:
            if finished >= 0:
                found.replan[finished] += max(0, moment - max(previous, replannings[i].time))
        else:
            woke = previous
            number = bisect_right(woke_at, moment) - 1
            if number >= 0 and idle_at[number] >= moment:
                woke = max(previous, woke_at[number])
            elif at_work := _inferred(run, chosen, starts, moment):
                woke = max(previous, at_work.woke)
            elif window is not None:  # iterations are not recorded: it slept until the rate allowed
                woke = min(moment, window.since(previous))
            own = max(0, moment - woke)
            at = bisect_right(starts, moment) - 1
            known = at >= 0 and chosen[at].end >= woke
            solver = min(own, chosen[at].end - chosen[at].begin) if known else 0
            for j in range(i, count):
                if moments.selected[j] != moment:
                    break
                found.solver[j], found.loop[j], found.woke_for[j] = solver, own - solver, woke
                if window is not None:
                    window.add(moment, moment, 1)
        previous = max(previous, moment)
    return found


def _inferred(
    run: Run, chosen: Sequence[Selection], starts: Sequence[Micros], moment: Micros
) -> Selection | None:
    """Return the selection that ended at *moment*, if it is not recorded, but inferred."""
    at = bisect_right(starts, moment) - 1
    return chosen[at] if not run.iterations and at >= 0 else None


def _is_replanning(phase: RunPhase) -> bool:
    changes = phase.first_job_id is not None or bool(phase.changed_jobs)
    return phase.phase == "plan" and (changes or phase.detail == "checkpoint")


def _stamped_work(
    moments: Moments, unfinished: Sequence[bool], replannings: Sequence[RunPhase]
) -> list[tuple[Micros, int, int]]:
    """Return the thread's stamped moments in order, each with its kind and submission."""
    row = [(moment, _ACCEPTED, i) for i, moment in enumerate(moments.accepted)]
    row += [(f, _FINISHED, i) for i, f in enumerate(moments.finished) if not unfinished[i]]
    row += [(phase.end, _PLANNED, number) for number, phase in enumerate(replannings)]
    last = -1
    for i, moment in enumerate(moments.selected):
        if moment != last:  # the first of those selected together stands for all
            row.append((moment, _SELECTED, i))
            last = moment
    row.sort()
    return row


def _subtract(columns: Columns, i: int, waited: Micros) -> None:
    """Subtract from the phases of submission *i* what it *waited* for the main thread."""
    if waited <= 0:
        return
    for phase in (*_WAITED_IN, *columns):
        column = columns.get(phase)
        if column is not None and column[i]:
            part = min(waited, column[i])
            column[i] -= part
            waited -= part
            if not waited:
                return
