"""The sweep: what each limit would have taken, by the same simulation as ``whatif``."""

from pathlib import Path

import pytest
from builders import Story, begun, killed, on_cluster
from plotted import drawing, values_of

from snakemake_logger_plugin_observe.reporters.plots.asked import NothingToDrawError
from snakemake_logger_plugin_observe.reporters.plots.whatif_sweep import around


def one_after_the_other(**facts: object) -> Story:
    """Return four jobs of two seconds each on one slot."""
    story = begun(**facts)
    for number in range(4):
        story.job(number).quick(number, 2, 3 + 2 * number, 5 + 2 * number)
    return story.end(12)


def test_a_limit_has_its_powers_of_two_around_it() -> None:
    assert around(1) == (1, 2, 4, 8)
    assert around(2) == (1, 2, 4, 8, 16)
    assert around(80) == (16, 32, 64, 80, 128, 256, 512)


def test_it_varies_what_limited_the_run(tmp_path: Path) -> None:
    cores = one_after_the_other(cores=1, wraps="local").write(tmp_path / "cores.jsonl")
    jobs = one_after_the_other(jobs=1, cores=4).write(tmp_path / "jobs.jsonl")
    assert drawing("whatif-sweep", cores).title.endswith("with other --cores")
    assert drawing("whatif-sweep", jobs).title.endswith("with other --jobs")
    with pytest.raises(
        NothingToDrawError, match="this run submits its jobs, so its limit is --jobs"
    ):
        drawing("whatif-sweep", jobs, limit="cores")


def test_a_bar_is_as_long_as_whatif_says_and_the_run_itself_is_marked(tmp_path: Path) -> None:
    journal = one_after_the_other(jobs=1, executor="timed").write(tmp_path / "run.jsonl")
    found = drawing("whatif-sweep", journal, values=(1, 2))
    tops = {one["value"]: one["y2"] for one in values_of(found, "class")}
    assert tops["1"] == pytest.approx(12, abs=0.01)
    assert tops["2"] == pytest.approx(8, abs=0.01)
    (own,) = [one for one in values_of(found, "value") if set(one) == {"value", "y"}]
    assert own == {"value": "1", "y": 12}
    assert "the critical path of the tools is 2.00 s" in found.facts


def test_a_limit_that_was_not_simulated_has_no_mark(tmp_path: Path) -> None:
    journal = one_after_the_other(jobs=1).write(tmp_path / "run.jsonl")
    found = drawing("whatif-sweep", journal, values=(2, 4))
    assert [one for one in values_of(found, "value") if set(one) == {"value", "y"}] == []


def test_a_range_is_drawn_where_there_is_one(tmp_path: Path) -> None:
    found = drawing("whatif-sweep", on_cluster(8, poll_s=30).write(tmp_path / "run.jsonl"))
    ranges = [one for one in values_of(found, "value") if set(one) == {"value", "y", "y2"}]
    said = "A line at the end of a bar is where 8 of 10 simulations end."
    assert bool(ranges) == (said in found.notes)


def test_a_run_of_unknown_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToDrawError, match="nobody knows how long the run took"):
        drawing("whatif-sweep", killed().write(tmp_path / "run.jsonl"))
