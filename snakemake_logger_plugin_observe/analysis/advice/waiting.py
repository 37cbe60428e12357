"""Levers on waits: for the submit command, for status checks, for the cluster."""

from collections.abc import Iterator
from statistics import median_low
from typing import Final

from snakemake_logger_plugin_observe.analysis.advice.lever import Choice, Lever, single
from snakemake_logger_plugin_observe.analysis.cost.account import Account
from snakemake_logger_plugin_observe.analysis.cost.polling import Polling, polling, sooner_s
from snakemake_logger_plugin_observe.analysis.cost.waking import SETTING, can_be_advised, was_woken
from snakemake_logger_plugin_observe.analysis.live.reasons import recorded_obstacle
from snakemake_logger_plugin_observe.analysis.phrasing import named, plural
from snakemake_logger_plugin_observe.clock import Micros
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run

_NFS_SHOWS_WITHIN_S: Final = 60  # its clients know of a file, or of none, for up to a minute
_SLOW_SUBMIT: Final = 1_000_000  # sbatch answers within some hundredths of a second


def submissions(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield a submit command that answers sooner, if jobs waited for it one after the other."""
    phases = account.makespan_by_phase
    made = [
        one.phases["submit"]
        for one in run.attempts.values()
        if one.stamps.accepted is not None and one.phases.get("submit") and not _is_local(run, one)
    ]
    each = median_low(made) if made else 0
    waited = phases.get("submit", 0) + phases.get("dispatch", 0)  # for those before it
    if each < _SLOW_SUBMIT or waited < least:
        return
    yield single(
        Lever(
            "submit",
            "make the submit command answer sooner",
            f"it took {each / 1e6:.2g} s for each of {plural(len(made), 'submission')}"
            f"{' (median)' if len(made) > 1 else ''}",
            without=("submit",),
            at_most=True,
        )
    )


def _is_local(run: Run, one: Attempt) -> bool:
    """Whether no submit command ran for an attempt: its rule is a local one."""
    job = run.job_of(one)
    return job is not None and bool(job.local)


def waits(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield status checks that come sooner, and less waiting in the cluster's queue."""
    phases, polled = account.makespan_by_phase, polling(run)
    waited = phases.get("poll_wait", 0) + phases.get("shutdown", 0)
    if polled is not None and waited >= least and (levers := tuple(_sooner(run, polled))):
        yield Choice(levers)
    if account.makespan_by_class.get("queue", 0) >= least:
        yield single(
            Lever(
                "queue",
                "request less from the cluster: fewer cores, less memory, a shorter time",
                "with half of the wait in its queue",
                (("queue", "x0.5"),),
            )
        )


def _sooner(run: Run, polled: Polling) -> Iterator[Lever]:
    """Yield ways to notice ends sooner; first the one that asks the scheduler less often."""
    why = "jobs had ended, and waited for the next status check"
    if can_be_advised(run):
        yield Lever(
            "wake",
            f"add {SETTING}",
            f"{why}; checks then follow each end, and the scheduler is asked less often than at a "
            f"short interval{_late_outputs(run)}",
            (("wake", None),),
        )
    shorter = sooner_s(polled)
    grew = polled.growth if polled.longest_s > polled.shortest_s else ""
    if shorter < polled.shortest_s and not was_woken(run):
        yield Lever(
            "polling",
            f"lower {polled.setting} from {polled.shortest_s:g} to {shorter:g}, if your site's "
            "polling policy allows it",
            f"{why}; {grew}" if grew else why,
            (("poll", f"{shorter:g}"),),
        )


def _late_outputs(run: Run) -> str:
    """Return the clause on outputs that NFS shows later than their job's end is noticed."""
    wait_s = run.started.settings.get("latency_wait_s") if run.started is not None else None
    short = isinstance(wait_s, int | float) and wait_s < _NFS_SHOWS_WITHIN_S
    return f"; on NFS with --latency-wait {_NFS_SHOWS_WITHIN_S}" if short else ""


def before_snakemake(run: Run, account: Account, least: Micros) -> Iterator[Choice]:
    """Yield what keeps jobs from starting in the cluster, and what their job scripts do."""
    phases = account.makespan_by_phase
    if phases.get("held", 0) >= least:
        records = (one.accounting for one in run.attempts.values() if one.phases.get("held"))
        reasons = sorted({one.reason for one in records if one is not None and one.reason})
        because = f"; Slurm's reason: {named(reasons)}" if reasons else ""
        known = [found for one in reasons if (found := recorded_obstacle(one)) is not None]
        unknown = "find out what held jobs back in the cluster, and avoid it"
        yield single(
            Lever(
                "held",
                known[0].to_do if len(known) == len(reasons) == 1 else unknown,
                f"it could not start them, though nodes may have been free{because}",
                without=("held",),
                at_most=True,
            )
        )
    if phases.get("job_script", 0) >= least:
        yield single(
            Lever(
                "job_script",
                "take out of the job script what each job need not do (module load, conda "
                "activate), or do it once, before the run",
                "the cluster had started the jobs, and Snakemake began only after that",
                without=("job_script",),
                at_most=True,
            )
        )
