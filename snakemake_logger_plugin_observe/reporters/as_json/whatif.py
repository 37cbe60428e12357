"""What-ifs as plain values."""

from typing import Any

from snakemake_logger_plugin_observe.analysis.whatif.whatif import Prediction
from snakemake_logger_plugin_observe.clock import to_seconds
from snakemake_logger_plugin_observe.reporters.answers import WhatIfAnswer
from snakemake_logger_plugin_observe.reporters.as_json.common import head
from snakemake_logger_plugin_observe.run.phases import in_seconds

# 1: first version.
WHATIF_VERSION = 1


def shape(answer: WhatIfAnswer) -> dict[str, Any]:
    """Return *answer* as plain values."""
    found = answer.found
    return {
        **head(answer.source),
        "schema_version": WHATIF_VERSION,
        "journal": str(answer.source.path),
        "status": answer.source.status,
        "measured_s": to_seconds(found.measured),
        "measured_by_class_s": in_seconds(found.measured_by_class),
        "unchanged_s": to_seconds(found.unchanged.predicted),
        "unchanged_interval_s": [*map(to_seconds, found.again)] if found.again else None,
        "predictions": [_prediction(one) for one in found.predictions],
        "unknown": list(found.gaps),
        "problems": [*answer.source.unread, *answer.source.problems],
    }


def _prediction(one: Prediction) -> dict[str, Any]:
    return {
        "settings": one.scenario.as_values(),
        "measured_s": to_seconds(one.measured),
        "predicted_s": to_seconds(one.predicted),
        "bound": one.bound,
        "interval_s": [to_seconds(end) for end in one.interval] if one.interval else None,
        "by_class_s": in_seconds(one.by_class),
        "assumptions": list(one.assumptions),
    }
