"""Where the time of a run went, as plain values."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.analysis.cost.exit_waits import exit_waits, exits_quickly
from snakemake_logger_plugin_observe.analysis.cost.given_back import given_back
from snakemake_logger_plugin_observe.analysis.jobs.rule_use import rule_uses
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.reporters.answers import CostAnswer
from snakemake_logger_plugin_observe.reporters.as_json import live
from snakemake_logger_plugin_observe.reporters.as_json.advice import shape_advice
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.as_json.jobs import rule_use
from snakemake_logger_plugin_observe.reporters.as_json.path import makespan_segment
from snakemake_logger_plugin_observe.reporters.subject import subject
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.phases import in_seconds


def shape(answer: CostAnswer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    account = answer.account
    return {
        **head(answer.source),
        "summary": subject(answer),
        "live": live.shape(answer.source),
        "makespan": {
            "by_class_s": in_seconds(account.makespan_by_class),
            "by_phase_s": in_seconds(account.makespan_by_phase),
            "unattributed_s": to_seconds(account.unattributed),
            "segments": [makespan_segment(segment) for segment in account.segments],
        },
        "jobs": {
            "count": account.job_count,
            "attempts": account.attempt_count,
            "failed_attempts": account.failed_attempts,
            "by_class_s": in_seconds(account.jobs_by_class),
            "by_phase_s": in_seconds(account.jobs_by_phase),
            "core_s": account.core_s,
            "failed_s": to_seconds(account.failed),
        },
        "rules": [
            {
                "rule": share.rule,
                "group": share.group,
                "jobs": share.jobs,
                "attempts": share.attempts,
                "by_phase_s": in_seconds(share.by_phase),
            }
            for share in account.rules
        ],
        "by_rule": [rule_use(one) for one in rule_uses(answer.source.run)],
        "polling": asdict(answer.polling) if answer.polling else None,
        "wake": _wake(answer.source.run),
        "quick_exit": _quick_exit(answer.source.run),
        "held_back": [
            {"setting": one.setting, "seconds": to_seconds(one.length), "jobs": one.jobs}
            for one in answer.holds
        ],
        "file_system": [
            {
                name: getattr(one, name)
                for name in ("when", "path", "create_s", "stat_s", "remove_s")
            }
            for one in answer.source.run.file_systems
        ],
        "advice": shape_advice(answer.source, answer.advice),
        "blocked": live.shape_blocked(answer.blocked),
        "reduced": [asdict(one) for one in answer.reduced],
        "reruns": [
            {
                "kind": one.kind,
                "claim": one.claim,
                "jobs": len(one.jobs),
                "fix": one.fix.text,
                "commands": [each.line for each in one.commands if each.line is not None],
            }
            for one in answer.reruns
        ],
        "clocks": [{**asdict(one), "exact": one.exact} for one in answer.clocks],
        "request_mismatches": [
            {**asdict(one), "too_little": one.too_little, "exceeded": one.exceeded}
            for one in answer.request_mismatches
        ],
    }


def _quick_exit(run: Run) -> dict[str, Any]:
    """Return whether processes waited at their ends for timers: ``--timed-quick-exit``."""
    waits = exit_waits(run)
    known = any(one.exit_wait is not None for one in run.attempts.values())
    return {
        "on": exits_quickly(run),
        "submissions": len(waits) if known else None,
        "waited_s": to_seconds(sum(waits)) if known else None,
    }


def _wake(run: Run) -> dict[str, Any] | None:
    """Return what ``--timed-wake on`` did for *run*; None if it was not asked for."""
    if run.wake is None:
        return None
    cut = given_back(run)
    return {
        "on": run.wake.on,
        "reason": run.wake.reason,
        "early_checks": len(run.early_checks),
        "gave_back_s": [*map(to_seconds, cut)] if cut is not None else None,
    }
