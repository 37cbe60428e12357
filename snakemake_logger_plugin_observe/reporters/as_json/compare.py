"""A comparison as plain values."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.analysis.citations import CitedRun
from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.compare.speed import Speed
from snakemake_logger_plugin_observe.analysis.compare.work_difference import WorkDifference
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.reporters.answers import CompareAnswer
from snakemake_logger_plugin_observe.run.model import Run

# 1: first version.
COMPARE_VERSION = 1


def shape(answer: CompareAnswer) -> dict[str, Any]:
    """Return *answer* as plain values; citations use the names under ``journals``."""
    comparison = answer.comparison
    runs = (answer.baseline.run, answer.candidate.run)
    return {
        "schema_version": COMPARE_VERSION,
        "journals": {"A": str(answer.baseline.path), "B": str(answer.candidate.path)},
        "verdict": comparison.verdict,
        "same_work": comparison.same_work,
        "checked": comparison.checked,
        "reasons": list(comparison.reasons),
        "speed": _speed(comparison.speed),
        "work": _work(comparison.work, runs),
        "contents": {name: list(paths) for name, paths in asdict(comparison.contents).items()},
        "findings": [asdict(finding) for finding in comparison.findings],
        "notes": list(answer.notes),
        "problems": [
            *answer.candidate.unread,
            *answer.baseline.problems,
            *answer.candidate.problems,
        ],
    }


def _speed(speed: Speed) -> dict[str, Any]:
    return {
        "verdict": speed.verdict,
        "why_not": speed.why_not or None,
        "baseline_s": speed.baseline_s,
        "candidate_s": speed.candidate_s,
        "change_s": _rounded(speed.change_s),
        "noise_s": _rounded(speed.margin_s),
        "runs": {"baseline": speed.runs[0], "candidate": speed.runs[1]},
        "by_class_s": {
            name: {"baseline": before, "candidate": after}
            for name, (before, after) in speed.by_class_s.items()
        },
        "moved": [asdict(moved) for moved in speed.moved],
        "untimed": speed.untimed,
        "tools": None if speed.tools is None else asdict(speed.tools),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _work(work: WorkDifference, runs: tuple[Run, Run]) -> dict[str, Any]:
    return {
        "jobs": _both(work.jobs),
        "in_dag": _both(work.in_dag),
        "attempts": _both(work.attempts),
        "failed_attempts": _both(work.failed_attempts),
        "reasons": {kind: _both(counts) for kind, counts in work.reasons.items()},
        "jobs_added": [_job(job, CitedRun("B", runs[1])) for job in work.match.added],
        "jobs_gone": [_job(job, CitedRun("A", runs[0])) for job in work.match.gone],
        "rules_added": list(work.rules_added),
        "rules_gone": list(work.rules_gone),
        "changes": [_change(change) for change in work.changes],
    }


def _both(numbers: tuple[int, int]) -> dict[str, int]:
    return {"baseline": numbers[0], "candidate": numbers[1]}


def _job(job: JobDescribed, side: CitedRun) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "rule": job.rule,
        "wildcards": job.wildcards,
        "evidence": [asdict(one) for one in side.at_job(job.job_id, job.rule)],
    }


def _change(change: Change) -> dict[str, Any]:
    shaped = asdict(change)
    del shaped["values"]  # before and after have them
    return shaped
