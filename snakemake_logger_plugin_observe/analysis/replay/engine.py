"""The replay: a run's submissions let happen again, as Snakemake's main loop lets them happen.

One thread does all of Snakemake's own work. It wakes when an end has been reported, finishes what
was reported by then, one after the other, plans again where a checkpoint asks for it, chooses from
what is ready as much as fits, hands that on one by one, and sleeps. Ends on a cluster are reported
by the executor's next look. What is ready is chosen in the order in which it was in the run.
"""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from snakemake_logger_plugin_observe.analysis.replay.model import (
    UNLIMITED,
    Column,
    Model,
    Moments,
    totals,
)
from snakemake_logger_plugin_observe.analysis.replay.polls import Looks
from snakemake_logger_plugin_observe.clock import Micros

_NEVER = UNLIMITED


@dataclass(slots=True)
class Played:
    """How a replay went."""

    began: Micros
    end: Micros
    """When the run ended."""
    moments: Moments
    ready: Column
    """When each was ready; 0 of those that never came to be."""
    rounds: list[tuple[Micros, Micros, Micros, Micros]]
    """Of each selection: when the loop woke, when it began to choose, had chosen, was done."""
    asleep_until: Micros | None
    """When the executor's last sleep was over, where the run's end waited for it."""
    missed: int
    """How many submissions never came to be chosen."""
    held: Column
    """How long each was kept waiting with its place."""

    def makespan(self, model: Model) -> Micros:
        """Return the run's length."""
        return self.end - model.start


def play(model: Model, not_before: Column | None = None) -> Played:  # noqa: PLR0915 - one loop, and every step of it counts
    """Let *model* happen.

    Args:
        model: what the run is made of.
        not_before: do not choose any before it was chosen in the run, and note how long each was
            held for that (``Played.held``).

    """
    count = model.count
    before, course, after = (
        totals(columns, count) for columns in (model.before, model.course, model.after)
    )
    solver, loop, nap, replan = model.solver, model.loop, model.nap, model.replan
    wanted, waits = model.wanted, list(model.waits)
    polled, blind, late, unfinished = model.polled, model.blind, model.late, model.unfinished
    hold, noted = model.hold, [0] * count
    names = [name for name, limit in model.limits.items() if limit < UNLIMITED]
    shapes: dict[tuple[int, ...], int] = {}
    columns = [model.asks[name] for name in names]
    shape = [
        shapes.setdefault(one, len(shapes))
        for one in (zip(*columns, strict=True) if columns else [()] * count)
    ]
    takes = list(shapes)
    free = [model.limits[name] for name in names]
    queues: list[list[int]] = [[] for _ in shapes]
    workers = [0] * model.workers if model.workers is not None else None
    pooled, staged = model.local, model.staged
    selected, accepted, ended = [0] * count, [0] * count, [0] * count
    reported, finished, ready = [0] * count, [0] * count, [0] * count
    began = model.start + sum(length for _, length in model.head)
    # The executor was made when scheduling began: its looks come with that.
    looks = Looks(model.polls, began - model.began) if model.polls is not None else None
    for i in range(count):
        if not waits[i]:
            queues[shape[i]].append(i)
            ready[i] = began
    for queue in queues:
        heapify(queue)
    reports: list[tuple[Micros, int]] = []  # when which end is reported
    held: list[tuple[Micros, int]] = []  # until when what is held that has its place
    ends: list[tuple[Micros, int]] = []
    rounds: list[tuple[Micros, Micros, Micros, Micros]] = []
    last_open = 0
    woke = main = began
    limited = bool(names)
    while True:
        # What was reported by now is finished, one after the other.
        while reports and reports[0][0] <= woke:
            i = heappop(reports)[1]
            main += after[i]
            finished[i] = main
            if limited:
                free = [a + b for a, b in zip(free, takes[shape[i]], strict=True)]
            main += replan[i]
            for j in wanted[i]:
                waits[j] -= 1
                if not waits[j]:
                    ready[j] = main
                    heappush(queues[shape[j]], j)
        # As much as fits is chosen of what is ready.
        chosen: list[int] = []
        while held and held[0][0] <= main:
            chosen.append(heappop(held)[1])
        open_queues = [s for s, queue in enumerate(queues) if queue]
        while open_queues:
            if len(open_queues) == 1:
                s = open_queues[0]
            else:
                s = min(open_queues, key=lambda one: queues[one][0])
            ask = takes[s]
            if limited and any(a > b for a, b in zip(ask, free, strict=True)):
                open_queues.remove(s)
                continue
            i = heappop(queues[s])
            if not queues[s]:
                open_queues.remove(s)
            if limited:
                free = [b - a for a, b in zip(ask, free, strict=True)]
            wait = max(0, not_before[i] - main) if not_before is not None else hold[i]
            if wait:
                noted[i] = wait
                heappush(held, (main + wait, i))
            else:
                chosen.append(i)
        if chosen:
            chosen.sort()  # those whose hold is over came first
            begin = main + max([loop[i] for i in chosen])
            main = begin + max([solver[i] for i in chosen])
            moment = main
            for i in chosen:
                selected[i] = moment
                main += before[i]
                accepted[i] = main
                at = main
                if workers is not None and pooled[i]:
                    at = max(main, heappop(workers))
                    heappush(workers, at + course[i])
                if staged is not None:  # the tool begins when its inputs are there
                    at = max(at, ready[i] + staged[1][i] - staged[0][i])
                at += course[i]
                ended[i] = at
                if unfinished[i]:
                    last_open = max(last_open, at)
                elif polled[i]:
                    heappush(ends, (at + blind[i], i))
                else:
                    reported[i] = at
                    heappush(reports, (at, i))
            rounds.append((woke, begin, moment, main))
        elif any(queues):
            rounds.append((woke, main, main, main))  # who is ready was looked at, and left
        # The executor looks, until a look finds an end and nothing else wakes the loop before.
        while ends and looks is not None:
            look = looks.after(ends[0][0])
            if look > main and any(queue and look > queue[0][0] for queue in (reports, held)):
                break
            looks.found(look)
            while ends and ends[0][0] <= look:
                i = heappop(ends)[1]
                reported[i] = look + late[i]
                heappush(reports, (reported[i], i))
        if held and not (reports and reports[0][0] <= held[0][0]):
            woke = main = max(main, held[0][0])
        elif reports:
            woke = main = max(main, reports[0][0]) + nap[reports[0][1]]
        else:
            break
    end, asleep_until = main, None
    rest = model.rest
    end += sum(length for _, length in rest.until_asleep)
    if rest.asleep is not None:
        asleep_until = looks.after(end) if looks is not None else end + rest.asleep
        end = max(end, asleep_until)
    end = max(end + sum(length for _, length in rest.after), last_open)
    return Played(
        began=began,
        end=end,
        moments=Moments(selected, accepted, ended, reported, finished),
        ready=ready,
        rounds=rounds,
        asleep_until=asleep_until,
        missed=sum(1 for one in selected if not one),
        held=noted,
    )
