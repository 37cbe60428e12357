"""Why jobs ran, as plain values."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from snakemake_logger_plugin_observe.analysis.citations import shortened
from snakemake_logger_plugin_observe.analysis.compare.change import Change
from snakemake_logger_plugin_observe.analysis.reruns.rerun import Rerun
from snakemake_logger_plugin_observe.analysis.why.not_in_run import Mention
from snakemake_logger_plugin_observe.analysis.why.not_run import NotRun
from snakemake_logger_plugin_observe.analysis.why.origins import Link
from snakemake_logger_plugin_observe.analysis.why.reason_text import KINDS
from snakemake_logger_plugin_observe.analysis.why.roots import Chain, ChainStep, Root
from snakemake_logger_plugin_observe.analysis.why.selection import JobSelection
from snakemake_logger_plugin_observe.analysis.why.why import Cost, ReasonShare, RootShare
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.reporters.answers import WhyAnswer
from snakemake_logger_plugin_observe.reporters.as_json.common import head, moment
from snakemake_logger_plugin_observe.run.model import Run

_HERE: Final = "B"  # the name of this run's journal in citations; the baseline's is A


def shape(answer: WhyAnswer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    run, why = answer.source.run, answer.why
    shaped: dict[str, Any] = {
        **head(answer.source),
        "planned": why.planned,
        **_cost(why.all),
        "jobs_with_several_roots": why.several,
        "roots": [_root(run, one) for one in why.roots],
        "reasons": [_reason(run, one) for one in why.reasons],
        "reruns": [_rerun(run, one) for one in answer.reruns],
        "taken_up": asdict(answer.taken_up) if answer.taken_up is not None else None,
        "changed": {
            "baseline": str(answer.baseline.path) if answer.baseline is not None else None,
            "changes": [_change(one) for one in answer.changes],
        },
    }
    if answer.not_run is not None:
        shaped["not_run"] = _not_run(answer.not_run, run)
    if answer.subject is not None and answer.chain is not None:
        shaped["chain"] = _chain(answer.subject, answer.chain, run)
    return shaped


def _not_run(one: NotRun, run: Run) -> dict[str, Any]:
    known = run.all_jobs
    return {
        "what": one.what,
        "kind": one.kind,
        "count": one.count,
        "jobs": [
            {"rule": known[job_id].rule, "wildcards": known[job_id].wildcards}
            for job_id in one.jobs
        ],
        "made_by": [
            {
                "journal": share.journal,
                "start": moment(share.start),
                "status": share.status,
                "jobs": len(share.jobs),
                "failed": share.failed,
                "touched": moment(share.touched),
            }
            for share in one.shares
        ],
        "newer_inputs": [
            {"input": newer.path, "output": newer.output, "unchanged": newer.why}
            for newer in one.newer
        ],
        "gone": list(one.gone),
        "unended_run": moment(one.unended),
        "changed": one.changed,
        "absence": one.absence,
        "earlier": _mention(one.earlier) if one.earlier is not None else None,
    }


def _mention(one: Mention) -> dict[str, Any]:
    return {
        "journal": one.journal,
        "start": moment(one.start),
        "relation": one.relation,
        "jobs": [{"rule": job.rule, "wildcards": job.wildcards} for job in one.jobs],
    }


def _cost(cost: Cost) -> dict[str, Any]:
    return {"jobs": cost.jobs, "time_s": to_seconds(cost.time)}


def _root(run: Run, one: RootShare) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "rules": [{"rule": rule, "jobs": jobs} for rule, jobs in one.rules],
        "files": list(one.files),
        "file_count": one.file_count,
        "text": one.text,
        **_cost(one.all),
        "alone": _cost(one.alone),
        "evidence": _evidence(run, one.example),
    }


def _reason(run: Run, one: ReasonShare) -> dict[str, Any]:
    return {
        "kinds": list(one.kinds),
        "rule": one.rule,
        **_cost(one.cost),
        "files": list(one.files),
        "file_count": one.file_count,
        "evidence": _evidence(run, one.example),
    }


def _rerun(run: Run, one: Rerun) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "claim": one.claim,
        "values": one.detail or None,
        "jobs": len(one.jobs),
        "time_s": to_seconds(one.time),
        "rules": list(one.rules),
        "files": list(one.files),
        "runs": one.runs,
        "same_bytes": one.same_bytes,
        "root": _roots([one.root])[0] if one.root is not None else None,
        "fix": one.fix.text,
        "commands": [each.line for each in one.commands if each.line is not None],
        "because": one.fix.why,
        "wrong_if": one.fix.wrong_if,
        "evidence": _evidence(run, one.example),
    }


def _change(one: Change) -> dict[str, Any]:
    shaped = asdict(one)
    del shaped["values"]
    shaped["evidence"] = list(shaped["evidence"])
    return shaped


def _evidence(run: Run, job_id: int) -> list[dict[str, Any]]:
    job = run.jobs.get(job_id)
    if job is None or job.line is None:
        return []
    return [
        {"kind": "journal", "ref": f"{_HERE}:{job.line}", "quote": shortened(job.reason or "")},
    ]


def _chain(subject: JobSelection, chain: Chain, run: Run) -> dict[str, Any]:
    return {
        "what": subject.text,
        "relation": subject.relation,
        "jobs": list(chain.starts),
        "roots": _roots(chain.roots),
        "steps": [_step(one, run) for one in chain.steps.values()],
    }


def _roots(roots: Iterable[Root]) -> list[dict[str, Any]]:
    shaped = [{"kind": one.kind, "rule": one.rule, "files": sorted(one.files)} for one in roots]
    return sorted(shaped, key=lambda one: (KINDS.index(one["kind"]), one["rule"] or "", str(one)))


def _step(one: ChainStep, run: Run) -> dict[str, Any]:
    job = one.job
    return {
        "job_id": job.job_id,
        "rule": job.rule,
        "wildcards": job.wildcards,
        "causes": [_link(link, link in one.at_roots) for link in one.links],
        "roots": _roots(one.roots),
        "evidence": _evidence(run, job.job_id),
    }


def _link(link: Link, root: bool) -> dict[str, Any]:
    cause = link.cause
    return {
        "kind": cause.kind if cause is not None else "checkpoint",
        "files": list(cause.files) if cause is not None else [],
        "files_certain": cause.certain if cause is not None else True,
        "text": cause.text if cause is not None else None,
        "relation": link.relation,
        "jobs": list(link.jobs),
        "jobs_certain": link.certain,
        "root": root,
    }
