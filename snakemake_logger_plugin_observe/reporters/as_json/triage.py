"""A triage as plain values."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.analysis.citations import Citation
from snakemake_logger_plugin_observe.analysis.triage.gain import PredictedGain
from snakemake_logger_plugin_observe.analysis.triage.incident import Claim, Incident
from snakemake_logger_plugin_observe.analysis.triage.steps import Triage
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.reporters.answers import TriageAnswer
from snakemake_logger_plugin_observe.reporters.as_json import live
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.reporters.claims import shape_note

# 1: first version.
TRIAGE_VERSION = 1


def shape(answer: TriageAnswer) -> dict[str, Any]:
    """Return *answer* as plain values; citations use the names under ``journals``."""
    found = answer.triage
    return {
        **head(answer.source),
        "schema_version": TRIAGE_VERSION,
        "journals": answer.paths,
        "status": answer.source.status,
        "live": live.shape(answer.source),
        "symptoms": [
            {"id": one.id, "claim": one.text, "evidence": _evidence(one.evidence)}
            for one in found.symptoms
        ],
        "scope": {
            "claim": found.scope.text,
            "rules": list(found.scope.rules),
            "jobs": list(found.scope.jobs),
            "evidence": _evidence(found.scope.evidence),
        },
        "planned": [_claim(one) for one in found.planned],
        "changed": [_claim(one) for one in found.changed],
        "files": [
            {
                "kind": one.kind,
                "path": one.path,
                "job": one.job,
                "line": one.line,
                "text": one.text,
                "problem": one.problem,
                "advice": one.advice,
            }
            for one in found.excerpts
        ],
        **findings(found),
        "note": shape_note(answer),
        "missing": list(answer.missing),
        "commands": [{**asdict(one), "command": str(one.command)} for one in answer.asked],
        "problems": [
            *answer.source.unread,
            *answer.source.problems,
            *(answer.baseline.problems if answer.baseline is not None else ()),
        ],
    }


def findings(found: Triage) -> dict[str, list[dict[str, Any]]]:
    """Return the incidents, and for each of them what to do, in the same order."""
    every = (*found.incidents, *found.missing_evidence)
    return {
        "findings": [_finding(one) for one in every],
        "actions": [
            _action(one, found.gain if number == 0 else None) for number, one in enumerate(every)
        ],
    }


def _action(one: Incident, won: PredictedGain | None) -> dict[str, Any]:
    return {
        "finding": one.id,
        "action": one.action.text,
        "reason": one.action.why,
        "escalate": one.action.escalate,
        "saves_s": to_seconds(won.saves) if won is not None and won.saves is not None else None,
        "at_most": won.at_most if won is not None else False,
        "whatif": won.command.line if won is not None and won.command is not None else None,
        "commands": [one.line for one in one.action.commands if one.line is not None],
    }


def _finding(one: Incident) -> dict[str, Any]:
    return {
        "id": one.id,
        "incident_class": one.incident_class,
        "where": one.where,
        "claim": one.claim,
        "strength": one.strength,
        "explains_s": to_seconds(one.explains),
        "evidence": _evidence(one.evidence),
        "wrong_if": one.wrong_if,
        "check": one.check,
    }


def _claim(one: Claim) -> dict[str, Any]:
    return {"claim": one.text, "evidence": _evidence(one.evidence)}


def _evidence(found: tuple[Citation, ...]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]
