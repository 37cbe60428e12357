"""How long after its last process has gone a cluster shows that a job has ended: its lag.

Status checks bound the lag of each job: one that still found it running, and the one that found its
end. Its record in Slurm's accounting bounds it to a second, unless checks find that records come
late.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from snakemake_logger_plugin_observe.analysis.whatif.model import Lag
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.refined import RecordMoments

_LAGS: Final = {"slurm": (400_000, 1_500_000)}
"""Between what lags usually are. Where a run shows another lag, that counts."""
_OTHER_LAGS: Final = (0, 600_000)
"""After its last stamp, Python takes some tenths of a second to end a process of Snakemake."""
_NOTED_WITHIN: Final = 2_500_000
_SHOWN: Final = 100_000
"""How long after its end status checks see a record of it."""


class CheckedEnd(NamedTuple):
    """A submission whose end a status check found; moments by the main process's clock."""

    ended: Micros
    """When it ended in the model."""
    lingered: Micros
    """For how long the cluster certainly kept it until then, after its last process."""
    missed: Micros
    """When the last check began that did not find its end, and a microsecond; 0 if none did."""
    found: Micros
    """When the check began that did."""

    @property
    def lag(self) -> tuple[Micros, Micros]:
        """Return its lag by checks: at least, and at most."""
        return max(0, self.lingered), max(0, self.found - self.ended + self.lingered)


def usual_lags(run: Run) -> tuple[Micros, Micros]:
    """Return between what lags a job of such a cluster usually has."""
    return _LAGS.get((run.started.wraps if run.started is not None else None) or "", _OTHER_LAGS)


def cluster_lag(
    run: Run, attempts: Sequence[Attempt], checked: dict[int, CheckedEnd]
) -> tuple[Lag, dict[int, Micros]]:
    """Return the lag of *run*'s cluster, and for how long after its end each job is not seen.

    Args:
        run: the run.
        attempts: its submissions.
        checked: those whose end a recorded status check found, by their place in *attempts*.

    """
    records = _by_records(attempts, checked)
    lags = {
        i: (one.lag[0], within(records.get(i, one.lag[1]), one.lag)) for i, one in checked.items()
    }
    low, high = _common_lag(lags.values())
    soonest, latest = usual_lags(run)
    unsure = low > latest
    # The least would say that all the rest was waiting for a status check.
    assumed = (low + high) // 2
    if unsure:
        low, high = _common_lag(_noted(attempts[i], *one) for i, one in lags.items())
    elif not records:
        low, high = max(low, min(soonest, high)), min(latest, high)
        assumed = low
    bounds: dict[int, tuple[Micros, Micros]] = {}
    unseen: dict[int, Micros] = {}
    for i, one in checked.items():
        least, most = lags[i]
        # Negative where it ended while that check went on, after the check's begin.
        early = min(one.found - one.ended, most - least)
        bounds[i] = min(max(0, one.missed - one.ended), early), early
        unseen[i] = within(min(assumed, most) - least, bounds[i])
    known = [lags[i][0] if i in lags else 0 for i in range(len(attempts))]
    return Lag(low, high, known, bounds, unsure=unsure), unseen


def within(length: Micros, bounds: tuple[Micros, Micros]) -> Micros:
    """Return what is nearest to *length* in *bounds*."""
    return min(max(length, bounds[0]), bounds[1])


def _by_records(attempts: Sequence[Attempt], checked: dict[int, CheckedEnd]) -> dict[int, Micros]:
    """Return the longest lag that its record allows each job; none if records come late."""
    found: dict[int, Micros] = {}
    for i, one in checked.items():
        record = attempts[i].accounting
        if record is None or record.ended is None or record.restarts:
            continue
        moments = RecordMoments(record, attempts[i].stamps)
        shown = (moments.ended or 0) + moments.resolution + _SHOWN
        if one.missed > shown:
            return {}
        lag = shown - one.ended + one.lingered
        if lag >= 0:  # else the clocks differ
            found[i] = lag
    return found


def _noted(attempt: Attempt, least: Micros, most: Micros) -> tuple[Micros, Micros]:
    """Return in what bounds a status check could see the end of *attempt*, by its record, too.

    A record is in whole seconds, and others see it a moment later.

    Args:
        attempt: the attempt.
        least: from its node's end until it was last known to run.
        most: from its node's end until the status check that found its end.

    """
    record = attempt.accounting
    if record is None or record.ended is None:
        return least, most
    return least, max(least, min(most, least + _NOTED_WITHIN))


def _common_lag(lags: Iterable[tuple[Micros, Micros]]) -> tuple[Micros, Micros]:
    """Return how long after its end on the node a job usually has ended to a check: in bounds.

    Each job was missed up to its least lag and seen at its most: what most of them allow counts.
    """
    changes = sorted(
        change for least, most in lags for change in ((least, 0, 1), (max(least, most), 1, -1))
    )
    together = most_together = low = high = 0
    for moment, _, change in changes:
        if change < 0 and together == most_together and high < low:
            high = moment
        together += change
        if together > most_together:
            most_together, low, high = together, moment, -1
    return low, max(low, high)
