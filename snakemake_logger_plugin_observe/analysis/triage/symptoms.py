"""The first step: what a user would have noticed, with citations, before any explanation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.compare.comparison import Comparison
from snakemake_logger_plugin_observe.analysis.live.state import LiveView
from snakemake_logger_plugin_observe.analysis.live.summary import standing_still
from snakemake_logger_plugin_observe.analysis.phrasing import jobs_of
from snakemake_logger_plugin_observe.analysis.triage import failed_jobs, in_flight
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.unended import before_jobs, doing
from snakemake_logger_plugin_observe.run.readiness import added_by_checkpoint
from snakemake_logger_plugin_observe.run.scope import scope_of

# Changes that a user makes, and that decide which jobs there are.
_ASKED_FOR: Final = ("config", "command line", "targets", "Snakefile", "file ", "code")


@dataclass(frozen=True, slots=True)
class Symptom:
    """What a user would have noticed."""

    id: str
    text: str
    evidence: tuple[Citation, ...]


def symptoms(case: Case) -> tuple[Symptom, ...]:
    """Return the symptoms of a run, the most serious first; none for a healthy run."""
    return (*_of_its_end(case), *_slower(case), *_other_work(case), *_recovered(case))


def _of_its_end(case: Case) -> Iterator[Symptom]:
    """Yield that a run failed, was cut off, fails or stands still."""
    side = case.side
    never_succeeded = [one for one in case.failures if one.outcome == "failed"]
    if case.status in ("killed", "interrupted", "unknown"):
        last = max((a.line for a in case.run.attempts.values() if a.line), default=None)
        cited = (
            side.at_event(case.run.heartbeat, "the last sign of life")
            or side.at_end(f"status: {case.status}")
            or side.at_line(last, "the last event of a job")
        )
        yield Symptom(case.status, _cut_off(case), cited)
    if case.status == "running" and never_succeeded:
        rules = ", ".join(dict.fromkeys(one.rule or "a group" for one in never_succeeded))
        text = f"{jobs_of(len(failed_jobs.never_succeeded(case)))} of {rules} failed so far"
        line = never_succeeded[0].rows[-1].attempt.line
        yield Symptom("failed_so_far", text, side.at_line(line, "status: failed"))
    still = standing_still(case.run, case.live) if case.live is not None else ""
    if case.live is not None and still and case.status != "killed":
        yield Symptom("stuck", still, _out(case, case.live))
    if case.status == "failed":
        many = jobs_of(len(failed_jobs.never_succeeded(case)))
        whose = ", ".join(failed_jobs.rules_and_groups(never_succeeded))
        text = f"the run failed: {many} of {whose}" if never_succeeded else "the run failed"
        yield Symptom("failed", text, side.at_end("status: failed"))


def _slower(case: Case) -> Iterator[Symptom]:
    """Yield that a run, or its tools, took longer than before."""
    side = case.side
    if case.slower and case.comparison is not None and case.baseline_side is not None:
        speed = case.comparison.speed
        text = f"{speed.change_s:.1f} s slower than the baseline's {speed.baseline_s:.1f} s"
        cited = (
            *side.at_end(f"makespan_s: {speed.candidate_s}"),
            *case.baseline_side.at_end(f"makespan_s: {speed.baseline_s}"),
        )
        yield Symptom("slower", text, cited)
    if (tools := case.tools_slower) is not None:
        took = f"took {tools.after_s:.1f} s, {tools.before_s:.1f} s when they last ran"
        text = f"the tools of {jobs_of(tools.jobs)} {took}"
        yield Symptom("slower", text, side.at_end("status: success"))


def _other_work(case: Case) -> Iterator[Symptom]:
    """Yield that a run had not as many jobs as its baseline, or other results."""
    if case.comparison is None or case.baseline_side is None:
        return
    before, after = case.comparison.work.jobs
    if after != before and case.status == "success" and _is_odd(case, case.comparison):
        text = f"{jobs_of(after)} ran, not {before:,}"
        cited = (
            *case.side.at_end(f"job_count: {after}"),
            *case.baseline_side.at_end(f"job_count: {before}"),
        )
        yield Symptom("more_jobs" if after > before else "fewer_jobs", text, cited)
    differing = case.comparison.contents.differing
    explanations = case.comparison.explanations
    if explanations.unexplained and not explanations.of_the_run:
        outputs = "output differs" if len(differing) == 1 else "outputs differ"
        text = f"{len(differing):,} {outputs} from the baseline's"
        found = next(f for f in case.comparison.findings if f.id == "contents_differ")
        yield Symptom("other_results", text, found.evidence)


def _recovered(case: Case) -> Iterator[Symptom]:
    """Yield that retries hid failures."""
    recovered = [one for one in case.failures if one.outcome == "succeeded"]
    if recovered and (case.run.finished is not None or case.status == "running"):
        text = f"{jobs_of(len(recovered))} failed and recovered on a retry"
        line = recovered[0].rows[0].attempt.line
        cited = case.side.at_line(line, recovered[0].rows[0].attempt.message or "failed")
        yield Symptom("noisy", text, cited)


def _out(case: Case, view: LiveView) -> tuple[Citation, ...]:
    """Cite the last journal line of the first submission that is out."""
    attempts = (case.run.attempts[one.key] for one in view.submissions)
    line = next((one.line for one in attempts if one.line is not None), None)
    return case.side.at_line(line, "in flight") or case.side.at_start("the run")


def _is_odd(case: Case, found: Comparison) -> bool:
    """Whether it is odd that two full runs had not as many jobs: nobody asked for that.

    More jobs are samples that were added, unless a checkpoint found them by itself; fewer are odd
    unless a change of the workflow explains them.
    """
    if case.baseline is None or not {scope_of(case.run), scope_of(case.baseline)} <= {"full", None}:
        return False
    added, gone = (
        added_by_checkpoint(run, (job.job_id for job in jobs))
        for run, jobs in (
            (case.run, found.work.match.added),
            (case.baseline, found.work.match.gone),
        )
    )
    before, after = found.work.jobs
    asked_for = any(one.what.startswith(_ASKED_FOR) for one in found.work.changes)
    return added or gone or (after < before and not asked_for)


def _cut_off(case: Case) -> str:
    """Return how a run was ended or lost from sight, when, and what it was doing then."""
    length = f"{case.run.makespan / 1e6:.1f} s"
    if case.status == "killed":
        return f"the run was killed after {length} at least; {doing(case.run)}"
    if case.status == "unknown":
        return (
            "no end is recorded: the run still goes on, or was killed; at the last sign of life, "
            f"after {length}, {doing(case.run)}"
        )
    ended = f"the run was interrupted after {length}"
    if not in_flight.left(case) and not in_flight.not_started(case) and case.run.attempts:
        return f"{ended}, after its last job had ended"
    return f"{ended}; {doing(case.run)}" if before_jobs(case.run) is not None else ended
