"""A run's last event, and its summary: loaded when a run ends, for both need its analysis."""

import time
from typing import Final

from snakemake_logger_plugin_observe import clock
from snakemake_logger_plugin_observe.analysis.cost.account import Account, account_sums
from snakemake_logger_plugin_observe.analysis.cost.given_back import given_back
from snakemake_logger_plugin_observe.analysis.cost.run_totals import job_tally, rule_times
from snakemake_logger_plugin_observe.analysis.phrasing import plural
from snakemake_logger_plugin_observe.journal.events import RunFinished
from snakemake_logger_plugin_observe.journal.first_screen import SMALL, as_read
from snakemake_logger_plugin_observe.journal.masked_events import texts_of
from snakemake_logger_plugin_observe.journal.masking import Masker
from snakemake_logger_plugin_observe.journal.records import AccountTotals, RunStatus
from snakemake_logger_plugin_observe.run.fold import complete
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import CLASSES, in_seconds
from snakemake_logger_plugin_observe.run.scope import job_counts

_NOTHING: Final = AccountTotals(by_class_s={}, by_phase_s={})


def begin(run: Run, moment: clock.Micros) -> None:
    """Let *run* end at *moment*, so that what is asked of it counts until then."""
    run.last_moment = max(run.last_moment, moment)
    run.finished = RunFinished(
        time=moment, status="success", job_account=_NOTHING, makespan=_NOTHING
    )


def finished(run: Run, moment: clock.Micros, status: RunStatus) -> tuple[RunFinished, Account]:
    """Return the last event of *run*, which has begun to end, and both accounts."""
    # From here on the run is what a reader makes of its journal.
    run.finished = RunFinished(time=moment, status=status, job_account=_NOTHING, makespan=_NOTHING)
    complete(run)
    accounts = account_sums(run)
    final = RunFinished(
        time=moment,
        status=status,
        makespan_s=clock.to_seconds(accounts.makespan),
        job_account=_totals(accounts.jobs_by_class, accounts.jobs_by_phase),
        makespan=_totals(accounts.makespan_by_class, accounts.makespan_by_phase),
        job_count=accounts.job_count,
        attempt_count=accounts.attempt_count,
        failed_attempts=accounts.failed_attempts,
        observer_cpu_s=round(time.thread_time(), 6),
        jobs=job_tally(run),
        rules=rule_times(accounts),
    )
    return final, accounts


def with_screen(
    final: RunFinished, run: Run, accounts: Account, begins_at: int | None, mask: Masker
) -> RunFinished:
    """Return the last event with what the first screen of *run* shows, if that is of use.

    Of a small run all is read anyway. Nor is it of use where a secret would be masked in it: from
    the lines before, where that is masked at other places, another screen would follow.

    Args:
        final: the event.
        run: the run.
        accounts: where its time went.
        begins_at: where in the journal the event's line begins, None if not known.
        mask: masks secrets.

    """
    if begins_at is None or begins_at <= SMALL:
        return final
    from snakemake_logger_plugin_observe.analysis.screen.recorded import first_screen

    made = first_screen(run, accounts, begins_at)
    screen = as_read(made) if made is not None else None
    if screen is None or mask.text(texts := texts_of(screen)) != texts:
        return final
    return final.but(screen=screen)


def _totals(by_class: dict[str, clock.Micros], by_phase: dict[str, clock.Micros]) -> AccountTotals:
    return AccountTotals(by_class_s=in_seconds(by_class), by_phase_s=in_seconds(by_phase))


def summary(run: Run, status: str, accounts: Account) -> str:
    """Return a summary of the run.

    ``success in 12.3 s: compute 61 %, planning 30 %``; of a failed run what failed, and how far it
    got: ``FAILED: align sample=a: exit code 1: truncated file · 80 of 84 jobs done, 1 failed``.
    """
    if status in ("failed", "interrupted"):
        return _how_far(run, status)
    ended = status.replace("_", " ")
    if status == "nothing_to_do" and (kept := job_counts(run).up_to_date):
        return f"{ended}: {plural(kept, 'job')} up to date"
    if not accounts.makespan:
        return ended
    classes = sorted(accounts.makespan_by_class.items(), key=lambda item: -item[1])
    shares = [
        f"{name} {100 * micros / accounts.makespan:.0f} %"
        for name, micros in classes[:3]
        if name in CLASSES and micros >= accounts.makespan / 200
    ]
    early = f"; --timed-wake gave back {cut}" if (cut := given_back(run)) else ""
    return f"{ended} in {accounts.makespan / 1_000_000:.1f} s: {', '.join(shares)}{early}"


def _how_far(run: Run, status: str) -> str:
    """Return what failed, and how far a run got."""
    from snakemake_logger_plugin_observe.analysis.failures.failures import failures
    from snakemake_logger_plugin_observe.analysis.failures.headline import headline, progress

    what = headline(run, failures(run)) if status == "failed" else None
    known = ": ".join(filter(None, (status.upper(), what)))
    return " · ".join(filter(None, (known, progress(run))))
