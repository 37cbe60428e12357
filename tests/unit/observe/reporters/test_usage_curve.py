"""A curve with less steps than it had keeps its peaks, and no peak lasts longer than its stretch."""

from snakemake_logger_plugin_observe.analysis.path.utilisation import UsageStep
from snakemake_logger_plugin_observe.reporters.usage_curve import highest


def test_a_stretch_has_the_most_of_each_count_and_of_what_it_began_with() -> None:
    steps = [UsageStep(0, ready=1), UsageStep(12, ready=5), UsageStep(14, queued=2)]
    assert highest(steps, 0, 10) == [
        UsageStep(0, ready=1),
        UsageStep(10, ready=5, queued=2),
        UsageStep(20, queued=2),
    ]


def test_a_peak_ends_with_its_stretch_if_nothing_happens_for_long() -> None:
    steps = [UsageStep(1, running=9), UsageStep(2, running=3), UsageStep(71, running=4)]
    assert highest(steps, 0, 10) == [
        UsageStep(0, running=9),
        UsageStep(10, running=3),
        UsageStep(70, running=4),
        UsageStep(80, running=4),
    ]
