"""The JSON of `path`."""

import pytest
from answers import on_slurm, path, shape
from builders import (
    logger_only,
)

from snakemake_logger_plugin_observe.journal.events import (
    SCHEMA_VERSION,
)


def test_both_paths_and_their_difference() -> None:
    found = shape(path(on_slurm().run))
    assert found["schema_version"] == SCHEMA_VERSION
    assert (found["makespan_s"], found["critical_path_s"], found["overhead_s"]) == (130, 32.5, 97.5)
    assert [(one["job_id"], one["rule"], one["compute_s"]) for one in found["critical"]] == [
        (1, "map", 0.5),
        (5, "assemble_all_of_them", 32.0),
    ]
    assert sum(found["overhead_by_class_s"].values()) == pytest.approx(found["overhead_s"])
    assert sum(found["by_class_s"].values()) == pytest.approx(found["makespan_s"])
    assert {"start", "end", "class", "phase", "job_id", "released_by"} <= set(found["actual"][0])
    assert {one["kind"] for one in found["savings"]} == {"class", "phase", "rule", "job"}
    kept = [one["saving_s"] for one in found["savings"]]
    assert kept == sorted(kept, reverse=True)
    assert all(0 <= one <= 130 for one in kept)
    assert found["utilisation"]["steps"][-1]["running"] == 0


def test_the_critical_path_is_null_when_no_compute_time_is_known() -> None:
    found = shape(path(logger_only().run))
    assert (found["critical_path_s"], found["overhead_s"], found["critical_unknown"]) == (
        None,
        None,
        [1],
    )
