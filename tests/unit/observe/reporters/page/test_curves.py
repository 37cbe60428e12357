"""The curves over time are those of ``path``; a long one keeps its peaks."""

import pytest
from builders import begun
from pages import unpacked

from snakemake_logger_plugin_observe.analysis.path.utilisation import (
    UsageStep,
    Utilisation,
    utilisation,
)
from snakemake_logger_plugin_observe.reporters.page import curves


def used(*steps: UsageStep) -> Utilisation:
    return Utilisation(steps, 4, "jobs", 0, 0, 0, 0, ())


def test_a_short_curve_has_every_step() -> None:
    found = curves.curves(used(UsageStep(10, 1, 2, 3), UsageStep(20)), 0, 100, 1)
    assert unpacked(found["at"]) == [10, 20]
    assert unpacked(found["running"]) == [3, 0]
    assert (found["slots"], found["slot_kind"], found["stretch_s"]) == (4, "jobs", None)


def test_of_a_long_curve_each_stretch_has_its_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves, "_MOST_STEPS", 2)
    steps = [UsageStep(0, 1), UsageStep(10, 9), UsageStep(11, 2), UsageStep(60, 3), UsageStep(70)]
    found = curves.curves(used(*steps), 0, 100, 1)
    assert found["stretch_s"] == 50e-6
    assert list(zip(unpacked(found["at"]), unpacked(found["ready"]), strict=True)) == [
        (0, 9),
        (50, 3),
        (100, 0),
    ]


def test_the_table_behind_the_curves_has_the_most_in_each_stretch() -> None:
    steps = [UsageStep(0, 1), UsageStep(10_000_000, 9), UsageStep(90_000_000)]
    rows = curves.table(used(*steps), 0, 100_000_000)
    assert rows == [("0.000 s", 1, 0, 0), ("10.0 s", 9, 0, 0), ("1 min 30 s", 9, 0, 0)]
    assert curves.table(used(), 0, 100) == []


def test_where_cores_are_the_limit_the_curves_are_in_cores() -> None:
    story = begun(cores=2).job(1, threads=2).quick(1, 2, 3, 6)
    found = utilisation(story.end(8).run)
    drawn = curves.curves(found, 0, 100, 1)
    assert unpacked(drawn["running"]) == [0, 2, 0]
    assert [step.running for step in found.steps] == [0, 1, 0]
