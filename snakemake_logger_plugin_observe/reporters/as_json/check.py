"""A check of a run, or a proposed file, as plain values."""

from dataclasses import asdict
from typing import Any

from snakemake_logger_plugin_observe.analysis.check.budgets import CheckLine
from snakemake_logger_plugin_observe.reporters.answers import CheckAnswer, ProposalAnswer
from snakemake_logger_plugin_observe.reporters.as_json.common import head


def shape(answer: CheckAnswer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    return {
        **head(answer.source),
        "file": str(answer.file),
        "folder": str(answer.folder),
        "passed": answer.passed,
        "strict": answer.strict,
        "lines": [_line(line) for line in answer.lines],
        "notes": list(answer.notes),
    }


def shape_proposal(answer: ProposalAnswer) -> dict[str, Any]:
    """Return a proposed file as plain values."""
    return {
        **head(answer.source),
        "file": None if answer.file is None else str(answer.file),
        "text": answer.text,
    }


def _line(line: CheckLine) -> dict[str, Any]:
    return {
        **asdict(line),
        "files": [{"path": path, "bytes": count} for path, count in line.files],
    }
