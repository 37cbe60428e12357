"""The simulation of a run: its submissions, as Snakemake's main loop schedules them.

One thread does all of Snakemake's own work. It wakes when an end has been reported, finishes what
was reported by then, one after the other, plans again if a checkpoint requires it, selects as many
ready submissions as fit, submits them one by one, and sleeps. Ends on a cluster are reported by the
executor's next status check. Ready submissions are selected in the order of the run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from statistics import median

from snakemake_logger_plugin_observe.analysis.cost.selection_rate import RateWindow
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
    """The result of a simulation."""

    began: Micros
    end: Micros
    """When the run ended."""
    moments: Moments
    ready: Column
    """When each submission was ready; 0 if never."""
    iterations: list[tuple[Micros, Micros, Micros, Micros]]
    """Of each selection: when the loop woke, began to select, had selected, and was done."""
    asleep_until: Micros | None
    """When the executor's last sleep ended, if the run's end waited for that."""
    held_back: Column
    """How long each submission was held back although it had a slot."""

    def makespan(self, model: Model) -> Micros:
        """Return the run's length."""
        return self.end - model.start


def simulate(model: Model, not_before: Column | None = None) -> Simulation:
    """Simulate *model*.

    Args:
        model: the run.
        not_before: the earliest moment to select each submission; how long each was held back for
            that is ``Simulation.held_back``.

    """
    loop = _MainLoop(model, not_before)
    while True:
        loop.finish_reported()
        loop.select_and_submit()
        loop.check_status()
        if not loop.sleep():
            return loop.result()


class _Ready:
    """The ready submissions, queued by their requests, and how much of each limit is free."""

    def __init__(self, model: Model, ready: list[int]) -> None:
        names = [name for name, limit in model.limits.items() if limit < UNLIMITED]
        columns = [model.requests[name] for name in names]
        requests = zip(*columns, strict=True) if columns else [()] * model.count
        shapes: dict[tuple[int, ...], int] = {}
        self.shape = [shapes.setdefault(request, len(shapes)) for request in requests]
        self.requests = list(shapes)
        self.limited = bool(names)
        self.free = [model.limits[name] for name in names]
        self.queues: list[list[int]] = [[] for _ in shapes]
        for i in ready:
            self.queues[self.shape[i]].append(i)
        for queue in self.queues:
            heapify(queue)

    def add(self, i: int) -> None:
        """Add *i* to the queue."""
        heappush(self.queues[self.shape[i]], i)

    def give_back(self, i: int) -> None:
        """Free what *i* took."""
        if self.limited:
            request = self.requests[self.shape[i]]
            self.free = [a + b for a, b in zip(self.free, request, strict=True)]

    def take(self) -> Iterator[int]:
        """Take as many as fit, in order."""
        queues = self.queues
        waiting = [s for s, queue in enumerate(queues) if queue]
        while waiting:
            s = min(waiting, key=lambda one: queues[one][0]) if len(waiting) > 1 else waiting[0]
            request = self.requests[s]
            if self.limited and any(a > b for a, b in zip(request, self.free, strict=True)):
                waiting.remove(s)
                continue
            i = heappop(queues[s])
            if not queues[s]:
                waiting.remove(s)
            if self.limited:
                self.free = [b - a for a, b in zip(request, self.free, strict=True)]
            yield i


def _once_loaded(model: Model) -> Column:
    """Return how long each is chosen for; of those chosen first, as long as later choices took."""
    moments = model.measured.selected
    first = min(moments, default=0)
    later = {moment: model.solver[i] for i, moment in enumerate(moments) if moment != first}
    if not later:
        return model.solver
    usual = round(median(later.values()))
    return [
        min(length, usual) if moment == first else length
        for length, moment in zip(model.solver, moments, strict=True)
    ]


class _MainLoop:
    """The main thread, iteration by iteration; moments and lengths in microseconds."""

    def __init__(self, model: Model, not_before: Column | None) -> None:
        count = model.count
        self._model, self._not_before = model, not_before
        self._before, self._background, self._after = (
            totals(columns, count) for columns in (model.before, model.background, model.after)
        )
        self._began = model.start + sum(length for _, length in model.head)
        # The executor is created when scheduling begins, so its checks move with that.
        shift, schedule = self._began - model.began, model.poll_schedule
        self._checks = StatusChecks(schedule, shift) if schedule is not None else None
        self._workers = [0] * model.workers if model.workers is not None else None
        self._open = list(model.dependency_counts)
        at_once = [i for i, needed in enumerate(model.dependency_counts) if not needed]
        self._ready = _Ready(model, at_once)
        self._ready_at = [0 if needed else self._began for needed in model.dependency_counts]
        self._moments = Moments(*([0] * count for _ in range(5)))
        self._held_back = [0] * count
        self._iterations: list[tuple[Micros, Micros, Micros, Micros]] = []
        self._reports: list[tuple[Micros, int]] = []
        """The submissions whose end will be reported, each by when."""
        self._held: list[tuple[Micros, int]] = []
        """The submissions that have a slot but are held back, each by when it is released."""
        self._ends: list[tuple[Micros, int]] = []
        """The submissions that a status check will find ended, each by the first moment."""
        self._window = RateWindow(model.rate) if model.rate is not None else None
        self._rate_is_reached = False
        self._solver = _once_loaded(model)
        self._timer: list[tuple[Micros, int]] = []
        """When the rate of selections lets more be selected, if something waits for that."""
        self._last_open = 0
        """The last known moment of the submissions without an end."""
        self._woke = self._now = self._began

    def finish_reported(self) -> None:
        """Finish the submissions reported by the time the loop woke, one after the other."""
        reports, model = self._reports, self._model
        while reports and reports[0][0] <= self._woke:
            i = heappop(reports)[1]
            self._now += self._after[i]
            self._moments.finished[i] = self._now
            self._ready.give_back(i)
            self._now += model.replan[i]
            for j in model.dependents[i]:
                self._open[j] -= 1
                if not self._open[j]:
                    self._ready_at[j] = self._now
                    self._ready.add(j)

    def select_and_submit(self) -> None:
        """Select as many of the ready submissions as fit, and submit them."""
        model = self._model
        selected = self._select()
        if selected:
            begin = self._now + max([model.loop[i] for i in selected])
            moment = self._now = begin + self._solving(selected)
            for i in selected:
                self._moments.selected[i] = moment
                self._now += self._before[i]
                self._moments.accepted[i] = self._now
                self._begin(i)
            self._iterations.append((self._woke, begin, moment, self._now))
            if self._window is not None:
                self._window.add(moment, self._now, len(selected))
        elif any(self._ready.queues):  # a selection that selected nothing
            self._iterations.append((self._woke, self._now, self._now, self._now))
        later = self._window.next_room if self._rate_is_reached and self._window else None
        self._timer = [(later, -1)] if later is not None else []

    def _solving(self, selected: list[int]) -> Micros:
        """Return how long it takes to choose *selected*; the first choice loads the solver."""
        solver = self._solver
        if not self._iterations:
            solver = self._model.solver
        return max([solver[i] for i in selected])

    def _select(self) -> list[int]:
        held, not_before, hold = self._held, self._not_before, self._model.held_back
        selected: list[int] = []
        while held and held[0][0] <= self._now:
            selected.append(heappop(held)[1])
        room = UNLIMITED
        if self._window is not None:  # what is held back counts as soon as it has a slot
            room = self._window.room(self._now) - len(selected) - len(held)
        for i in self._ready.take() if room > 0 else ():
            wait = max(0, not_before[i] - self._now) if not_before is not None else hold[i]
            if wait:
                self._held_back[i] = wait
                heappush(held, (self._now + wait, i))
            else:
                selected.append(i)
            room -= 1
            if room <= 0:
                break
        self._rate_is_reached = room <= 0 and any(self._ready.queues)
        selected.sort()  # those held back until now are at the front
        return selected

    def _begin(self, i: int) -> None:
        """Start *i*, which was accepted just now, in the background."""
        model, at = self._model, self._now
        if self._workers is not None and model.local[i]:
            at = max(at, heappop(self._workers))
            heappush(self._workers, at + self._background[i])
        if model.staged is not None:  # the tool begins once its inputs are there
            before_tool, fetching = model.staged
            at = max(at, self._ready_at[i] + fetching[i] - before_tool[i])
        at += self._background[i]
        self._moments.ended[i] = at
        if model.unfinished[i]:
            self._last_open = max(self._last_open, at)
        elif model.polled[i]:
            if not self._ends and self._checks is not None:
                self._checks.idle_until(self._now)
            heappush(self._ends, (at + model.unseen[i], i))
        else:
            self._report(i, at)

    def _report(self, i: int, moment: Micros) -> None:
        self._moments.reported[i] = moment
        heappush(self._reports, (moment, i))

    def check_status(self) -> None:
        """Check the status until a check finds an end, or something else wakes the loop first."""
        ends, checks = self._ends, self._checks
        while ends and checks is not None:
            check = checks.after(ends[0][0])
            others = (self._reports, self._held, self._timer)
            if check > self._now and any(queue and check > queue[0][0] for queue in others):
                return
            well = False
            while ends and ends[0][0] <= check:
                i = heappop(ends)[1]
                well = well or i not in self._model.failed
                self._report(i, check + self._model.check_delay[i])
            checks.found(check, well=well)

    def sleep(self) -> bool:
        """Sleep until something wakes the loop; return False if nothing will."""
        reports = self._reports
        other = min((queue[0][0] for queue in (self._held, self._timer) if queue), default=None)
        if other is not None and not (reports and reports[0][0] <= other):
            self._now = max(self._now, other)
        elif reports:
            moment, i = reports[0]
            self._now = max(self._now, moment) + self._model.wakeup[i]
        else:
            return False
        self._woke = self._now
        return True

    def result(self) -> Simulation:
        """Return the result, with what follows the end of the last job."""
        rest, asleep_until = self._model.rest, None
        end = self._now + sum(length for _, length in rest.until_asleep)
        if rest.asleep is not None:
            asleep_until = (
                self._checks.after(end) if self._checks is not None else end + rest.asleep
            )
            end = max(end, asleep_until)
        end += sum(length for _, length in rest.after)
        if self._model.rest_waits_for_rate and self._window is not None and self._iterations:
            # Each choice sets a timer of the rate's timespan, and the process waits for the last.
            end = max(end, self._iterations[-1][3] + self._window.rate.timespan)
        return Simulation(
            began=self._began,
            end=max(end, self._last_open),
            moments=self._moments,
            ready=self._ready_at,
            iterations=self._iterations,
            asleep_until=asleep_until,
            held_back=self._held_back,
        )
