"""The text of `whatif`."""

from dataclasses import replace

from answers import on_slurm, render, source
from builders import begun

from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.whatif.scenario import (
    parse_scenario,
    split_arguments,
)
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


def test_a_rule_that_gets_more_threads_may_be_faster_than_predicted() -> None:
    story = begun(wraps="local", cores=2).job(1, threads=2, requested={"threads": 8})
    run = story.iteration(3, 3, (3, 3)).quick(1, 3, 3, 23).iteration(23, 23).end(23).run
    found = what_if(run, [parse_scenario([("cores", "8")])], partition(run))
    assert (
        "With cores=8 the run would take at most 23.0 s: map gets 8 threads in place of 2, and how "
        "much faster that makes the tool is not known."
    ) in " ".join(render(WhatIfAnswer(source(run), found)).split())


def headline(interval_s: tuple[float, float], by: str = "poll=4") -> str:
    """Return the first sentence on a run on Slurm that took 102 s, if that takes *interval_s*."""
    run = on_slurm().run
    found = what_if(run, [parse_scenario(split_arguments(by))], partition(run))
    low, high = (round(end * 1e6) for end in interval_s)
    (one,) = found.predictions
    one = replace(one, interval=(low, high), predicted=(low + high) // 2)
    found = replace(found, predictions=(one,), again=(found.measured, found.measured + 1))
    text = " ".join(render(WhatIfAnswer(source(run), found)).split())
    return text[text.index("With ") : text.index(" What if")]


def test_a_prediction_that_is_an_interval_is_one_in_the_first_sentence() -> None:
    took = on_slurm().run.makespan / 1e6
    assert (
        headline((took - 30, took - 10)) == "With poll=4 the run would take 10.0 s to 30.0 s less."
    )
    assert headline((took + 10, took + 30)) == (
        "With poll=4 the run would take 10.0 s to 30.0 s longer."
    )
    assert headline((took - 30, took + 10)) == (
        "With poll=4 the run would take between 30.0 s less and 10.0 s longer: it depends on which "
        "status checks see ends."
    )
    assert headline((took - 30, took)) == (
        "With poll=4 the run would take between 30.0 s less and no less: it depends on which status "
        "checks see ends."
    )
