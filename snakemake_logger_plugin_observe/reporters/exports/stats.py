"""The JSON that ``snakemake --stats FILE`` wrote until Snakemake 7, for tools that read it.

Its shape is that of Snakemake's ``stats.py``: seconds, ``ctime`` texts, and jobs from the beginning
of their submission until Snakemake is done with them, so with the time in the cluster's queue.
"""

import time
from collections.abc import Iterable
from typing import Any, Final

from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.journal.events import JobDescribed
from snakemake_logger_plugin_observe.journal.reading import Detail
from snakemake_logger_plugin_observe.reporters import json_document
from snakemake_logger_plugin_observe.reporters.exports.asked import ExportAsked
from snakemake_logger_plugin_observe.run.model import Run

HELP: Final = "the JSON of Snakemake's former --stats"
DETAIL: Final = Detail.FIGURES
_HIGHEST_PRIORITY: Final = (1 << 63) - 1
"""That of jobs that ``--prioritize`` names."""


def render(asked: ExportAsked) -> str:
    """Return the statistics of one run: of its jobs that succeeded, each by its last attempt.

    Times are in UTC; Snakemake wrote them in the time zone of the machine that it ran on.

    Raises:
        JournalError: if several runs were named, or a table.

    """
    return json_document.dumps(statistics(asked.only_run("stats")))


def statistics(run: Run) -> dict[str, Any]:
    """Return the statistics as plain values."""
    by_rule: dict[str, list[float]] = {}
    files: dict[str, dict[str, Any]] = {}
    spans = list(_spans(run))
    for job, start, end in spans:
        by_rule.setdefault(job.rule, []).append(to_seconds(end - start))
        files |= dict.fromkeys(job.output, _file(job, start, end))
    first, last = (
        pick((at for _, *span in spans for at in span), default=0) for pick in (min, max)
    )
    return {
        "total_runtime": to_seconds(last - first),
        "rules": {rule: _runtimes(lengths) for rule, lengths in by_rule.items()},
        "files": files,
    }


def _spans(run: Run) -> Iterable[tuple[JobDescribed, int, int]]:
    """Yield each job that succeeded, when its submission began, and when it was finished."""
    for attempt in run.attempts.values():
        submission = run.submission_of(attempt) or attempt
        job, start = run.job_of(attempt), submission.stamps.submitting
        end = attempt.stamps.finished or submission.stamps.finished
        succeeded = attempt.status == "success" and not run.is_undone(attempt)
        if succeeded and job is not None and start is not None and end is not None:
            yield job, start, end


def _runtimes(lengths: list[float]) -> dict[str, float]:
    return {
        "mean-runtime": round(sum(lengths) / len(lengths), 6),
        "min-runtime": min(lengths),
        "max-runtime": max(lengths),
    }


def _file(job: JobDescribed, start: int, end: int) -> dict[str, Any]:
    is_highest = isinstance(job.priority, int) and job.priority >= _HIGHEST_PRIORITY
    cores = {} if job.threads is None else {"_cores": job.threads}
    return {
        "start-time": _ctime(start),
        "stop-time": _ctime(end),
        "duration": to_seconds(end - start),
        "priority": "highest" if is_highest else job.priority,
        "resources": {**cores, "_nodes": 1, **job.resources},
    }


def _ctime(micros: int) -> str:
    return time.asctime(time.gmtime(micros // 1_000_000))
