"""Scenarios as they are written in arguments."""

import pytest

from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    ScenarioError,
    parse_scenario,
    split_sweep,
)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("jobs=1,2", [("jobs", "1"), ("jobs", "2")]),
        ("resources=mem_mb=8,9", [("resources", "mem_mb=8"), ("resources", "mem_mb=9")]),
        ("resources=gpu=1,io=2", [("resources", "gpu=1"), ("resources", "io=2")]),
    ],
)
def test_a_sweep_names_what_it_is_over_once(written: str, values: list[tuple[str, str]]) -> None:
    assert [one for (one,) in split_sweep(written)] == values


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        ("mem=12GB", {"mem_mb": 12000}),
        ("mem=1.5G", {"mem_mb": 1500}),
        ("disk=1GiB", {"disk_mb": 1074}),
        ("mem_mb=8000", {"mem_mb": 8000}),
        ("mem=8", {"mem": 8}),
    ],
)
def test_sizes_are_counted_as_snakemake_counts_them(written: str, counted: dict[str, int]) -> None:
    assert parse_scenario([("resources", written)]).resources == counted


@pytest.mark.parametrize("written", ["mem=GB", "io=12GB", "mem=1e9GB", "mem=0GB"])
def test_other_amounts_are_refused(written: str) -> None:
    with pytest.raises(ScenarioError, match="must be a whole number"):
        parse_scenario([("resources", written)])
