"""The replay: a run's submissions let happen again, as Snakemake's main loop lets them happen.

One thread does all of Snakemake's own work. It wakes when an end has been reported, finishes what
was reported by then, one after the other, plans again where a checkpoint asks for it, chooses from
what is ready as much as fits, hands that on one by one, and sleeps. Ends on a cluster are reported
by the executor's next look. What is ready is chosen in the order in which it was in the run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from snakemake_logger_plugin_observe.analysis.whatif.model import (
    UNLIMITED,
    Column,
    Model,
    Moments,
    totals,
)
from snakemake_logger_plugin_observe.analysis.whatif.poll_schedule import StatusChecks
from snakemake_logger_plugin_observe.clock import Micros


@dataclass(slots=True)
class Simulation:
    """How a replay went."""

    began: Micros
    end: Micros
    """When the run ended."""
    moments: Moments
    ready: Column
    """When each was ready; 0 of those that never came to be."""
    iterations: list[tuple[Micros, Micros, Micros, Micros]]
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


def simulate(model: Model, not_before: Column | None = None) -> Simulation:
    """Let *model* happen.

    Args:
        model: what the run is made of.
        not_before: do not choose any before it was chosen in the run, and note how long each was
            held for that (``Simulation.held``).

    """
    loop = _MainLoop(model, not_before)
    while True:
        loop.finish_what_was_reported()
        loop.choose_and_hand_on()
        loop.let_the_executor_look()
        if not loop.sleep():
            return loop.ended()


class _Ready:
    """What is ready, and how much of each limit is free: those that ask for the same queue up."""

    def __init__(self, model: Model, ready: list[int]) -> None:
        names = [name for name, limit in model.limits.items() if limit < UNLIMITED]
        columns = [model.asks[name] for name in names]
        asks = zip(*columns, strict=True) if columns else [()] * model.count
        shapes: dict[tuple[int, ...], int] = {}
        self.shape = [shapes.setdefault(ask, len(shapes)) for ask in asks]
        self.asks = list(shapes)
        self.limited = bool(names)
        self.free = [model.limits[name] for name in names]
        self.queues: list[list[int]] = [[] for _ in shapes]
        for i in ready:
            self.queues[self.shape[i]].append(i)
        for queue in self.queues:
            heapify(queue)

    def add(self, i: int) -> None:
        """Let *i* wait for its place."""
        heappush(self.queues[self.shape[i]], i)

    def give_back(self, i: int) -> None:
        """Free the place of *i*."""
        if self.limited:
            ask = self.asks[self.shape[i]]
            self.free = [a + b for a, b in zip(self.free, ask, strict=True)]

    def take(self) -> Iterator[int]:
        """Take as many as fit, in their order."""
        queues = self.queues
        waiting = [s for s, queue in enumerate(queues) if queue]
        while waiting:
            s = min(waiting, key=lambda one: queues[one][0]) if len(waiting) > 1 else waiting[0]
            ask = self.asks[s]
            if self.limited and any(a > b for a, b in zip(ask, self.free, strict=True)):
                waiting.remove(s)
                continue
            i = heappop(queues[s])
            if not queues[s]:
                waiting.remove(s)
            if self.limited:
                self.free = [b - a for a, b in zip(ask, self.free, strict=True)]
            yield i


class _MainLoop:
    """The main thread, turn by turn; moments and lengths in microseconds."""

    def __init__(self, model: Model, not_before: Column | None) -> None:
        count = model.count
        self._model, self._not_before = model, not_before
        self._before, self._course, self._after = (
            totals(columns, count) for columns in (model.before, model.course, model.after)
        )
        self._began = model.start + sum(length for _, length in model.head)
        # The executor was made when scheduling began: its looks come with that.
        ahead = self._began - model.began
        self._looks = StatusChecks(model.polls, ahead) if model.polls is not None else None
        self._workers = [0] * model.workers if model.workers is not None else None
        self._waits = list(model.waits)
        at_once = [i for i, waits in enumerate(model.waits) if not waits]
        self._ready = _Ready(model, at_once)
        self._ready_at = [0 if waits else self._began for waits in model.waits]
        self._moments = Moments(*([0] * count for _ in range(5)))
        self._noted = [0] * count
        self._iterations: list[tuple[Micros, Micros, Micros, Micros]] = []
        self._reports: list[tuple[Micros, int]] = []
        """When which end is reported."""
        self._held: list[tuple[Micros, int]] = []
        """Until when what is held that has its place."""
        self._ends: list[tuple[Micros, int]] = []
        """From when a look can see which end."""
        self._last_open = 0
        """Up to when what has no end went on."""
        self._woke = self._now = self._began

    def finish_what_was_reported(self) -> None:
        """Finish what had been reported when the loop woke, one after the other."""
        reports, model = self._reports, self._model
        while reports and reports[0][0] <= self._woke:
            i = heappop(reports)[1]
            self._now += self._after[i]
            self._moments.finished[i] = self._now
            self._ready.give_back(i)
            self._now += model.replan[i]
            for j in model.wanted[i]:
                self._waits[j] -= 1
                if not self._waits[j]:
                    self._ready_at[j] = self._now
                    self._ready.add(j)

    def choose_and_hand_on(self) -> None:
        """Choose as much as fits of what is ready, and hand it on."""
        model = self._model
        chosen = self._choose()
        if chosen:
            begin = self._now + max([model.loop[i] for i in chosen])
            moment = self._now = begin + max([model.solver[i] for i in chosen])
            for i in chosen:
                self._moments.selected[i] = moment
                self._now += self._before[i]
                self._moments.accepted[i] = self._now
                self._begin(i)
            self._iterations.append((self._woke, begin, moment, self._now))
        elif any(self._ready.queues):  # who is ready was looked at, and left
            self._iterations.append((self._woke, self._now, self._now, self._now))

    def _choose(self) -> list[int]:
        held, not_before, hold = self._held, self._not_before, self._model.hold
        chosen: list[int] = []
        while held and held[0][0] <= self._now:
            chosen.append(heappop(held)[1])
        for i in self._ready.take():
            wait = max(0, not_before[i] - self._now) if not_before is not None else hold[i]
            if wait:
                self._noted[i] = wait
                heappush(held, (self._now + wait, i))
            else:
                chosen.append(i)
        chosen.sort()  # those whose hold is over came first
        return chosen

    def _begin(self, i: int) -> None:
        """Let *i*, which was accepted just now, take its course beside the main thread."""
        model, at = self._model, self._now
        if self._workers is not None and model.local[i]:
            at = max(at, heappop(self._workers))
            heappush(self._workers, at + self._course[i])
        if model.staged is not None:  # the tool begins when its inputs are there
            before_tool, fetching = model.staged
            at = max(at, self._ready_at[i] + fetching[i] - before_tool[i])
        at += self._course[i]
        self._moments.ended[i] = at
        if model.unfinished[i]:
            self._last_open = max(self._last_open, at)
        elif model.polled[i]:
            heappush(self._ends, (at + model.blind[i], i))
        else:
            self._report(i, at)

    def _report(self, i: int, moment: Micros) -> None:
        self._moments.reported[i] = moment
        heappush(self._reports, (moment, i))

    def let_the_executor_look(self) -> None:
        """Look, until a look finds an end and nothing else wakes the loop before."""
        ends, looks = self._ends, self._looks
        while ends and looks is not None:
            look = looks.after(ends[0][0])
            others = (self._reports, self._held)
            if look > self._now and any(queue and look > queue[0][0] for queue in others):
                return
            looks.found(look)
            while ends and ends[0][0] <= look:
                i = heappop(ends)[1]
                self._report(i, look + self._model.late[i])

    def sleep(self) -> bool:
        """Sleep until something wakes the loop; return whether anything will."""
        reports, held = self._reports, self._held
        if held and not (reports and reports[0][0] <= held[0][0]):
            self._now = max(self._now, held[0][0])
        elif reports:
            moment, i = reports[0]
            self._now = max(self._now, moment) + self._model.nap[i]
        else:
            return False
        self._woke = self._now
        return True

    def ended(self) -> Simulation:
        """Return how it went, with the run's own end after the last job's."""
        rest, asleep_until = self._model.rest, None
        end = self._now + sum(length for _, length in rest.until_asleep)
        if rest.asleep is not None:
            asleep_until = self._looks.after(end) if self._looks is not None else end + rest.asleep
            end = max(end, asleep_until)
        return Simulation(
            began=self._began,
            end=max(end + sum(length for _, length in rest.after), self._last_open),
            moments=self._moments,
            ready=self._ready_at,
            iterations=self._iterations,
            asleep_until=asleep_until,
            missed=sum(1 for one in self._moments.selected if not one),
            held=self._noted,
        )
