"""The text of `whatif`."""

from dataclasses import replace

from answers import on_slurm, render, source

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif.scenario import parse_scenario
from snakemake_logger_plugin_observe.analysis.whatif.whatif import what_if
from snakemake_logger_plugin_observe.reporters.answers import WhatIfAnswer


def test_a_simulation_that_is_not_like_the_run_says_so_first_and_claims_no_change() -> None:
    run = on_slurm().run
    found = what_if(run, [parse_scenario([("poll", "5")])], partition(run))
    off = replace(found.unchanged, predicted=found.measured * 6 // 5)
    text = " ".join(render(WhatIfAnswer(source(run), replace(found, unchanged=off))).split())
    assert "What this would save cannot be told: the simulation is not like the run" in text
    assert "20 % off the measured time." in text
    assert " less" not in text
    assert "−" not in text
