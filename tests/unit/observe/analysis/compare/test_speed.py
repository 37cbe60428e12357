"""Faster or slower than noise: what one run, few runs, and many can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workflows import a_run, a_workflow, compared, party

from snakemake_logger_plugin_observe.analysis.compare.comparison import Party, compare
from snakemake_logger_plugin_observe.analysis.compare.speed import RunLengths, margin_s, speed


def measured(*lengths_s: float) -> RunLengths:
    return RunLengths(lengths_s, tuple({"compute": length} for length in lengths_s))


def word(
    before: tuple[float, ...], after: tuple[float, ...], history: tuple[float, ...] = ()
) -> str:
    runs = (a_run().run, a_run().run)
    found = speed(measured(*before), measured(*after), runs, history).verdict
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("before", "after", "margin"),
    [
        ([100.0], [100.0], 20.0),  # one run each: a fifth
        ([2.0], [2.0], 2.0),  # and two seconds at least
        ([100.0, 130.0], [100.0], 60.0),  # twice what they lay apart
        ([100.0, 100.0, 100.0, 100.0], [100.0], 5.0),  # no noise seen: a twentieth all the same
        ([1.0, 1.0, 1.0, 1.0], [1.0], 0.5),
    ],
)
def test_what_counts_as_noise(before: list[float], after: list[float], margin: float) -> None:
    assert margin_s(before, after) == margin


def test_four_runs_and_more_give_the_99_percent_interval_of_student_s_t() -> None:
    # Standard deviation 10 of four runs, one new one: 5.841 × 10 × √(1 + 1/4).
    before = [90.0, 110.0, 90.0, 110.0]
    deviation = (4 * 10**2 / 3) ** 0.5
    assert margin_s(before, [100.0]) == pytest.approx(5.841 * deviation * 1.25**0.5)


def test_a_change_is_called_beyond_noise_only() -> None:
    assert word((100,), (81,)) == "as fast"
    assert word((100,), (79,)) == "faster"
    assert word((100,), (121,)) == "slower"


def test_a_steady_history_makes_a_small_change_tell() -> None:
    steady = (100, 101, 100, 99, 100, 101)
    assert word((100,), (92,), steady) == "faster"
    assert word((100,), (92,)) == "as fast"


def test_a_noisy_history_makes_a_large_change_say_nothing() -> None:
    assert word((100,), (60,), (100, 60, 140, 100, 70, 130)) == "as fast"


def test_a_baseline_that_was_an_outlier_of_its_history_proves_nothing() -> None:
    assert word((150,), (101,), (100, 101, 100, 99, 100, 150)) == "as fast"


def test_what_importing_snakemake_differs_by_is_the_machine_s_noise() -> None:
    slow = RunLengths((140,), ({},), imports_s=(31,))
    runs = (a_run().run, a_run().run)
    assert speed(RunLengths((100,), ({},), imports_s=(1,)), slow, runs).verdict == "as fast"
    assert speed(RunLengths((100,), ({},), imports_s=(30,)), slow, runs).verdict == "slower"


def test_folders_of_runs_compare_by_their_medians() -> None:
    answer = compare(
        Party(a_run().run, "success", measured(100, 101, 102)),
        Party(a_run().run, "success", measured(50, 51, 52)),
    )
    assert (answer.speed.baseline_s, answer.speed.candidate_s) == (101, 51)
    assert (answer.speed.runs, answer.speed.verdict) == ((3, 3), "faster")
    assert answer.speed.by_class_s == {"compute": (101, 51)}


def test_the_phase_that_moved_is_named_with_what_each_job_took() -> None:
    moved = compared(a_run(), a_run(length_s=200)).speed.moved
    assert [(one.rule, one.phase, one.jobs_before, one.jobs_after) for one in moved] == [
        ("count", "compute", 3, 3),
        ("cut", "compute", 3, 3),
    ]
    assert (moved[0].before_s, moved[0].after_s) == (36, 73.5)


def test_what_moved_less_than_noise_is_not_named() -> None:
    assert compared(a_run(), a_run(length_s=110)).speed.moved == ()


def test_outputs_that_vary_among_a_side_s_own_runs_tell_nothing() -> None:
    sums = {"cut/a": "1", "count/a": "2", "table": "3"}
    before, after = (
        a_run(a_workflow("a"), sums={**sums, "table": table}) for table in ("old", "new")
    )
    assert compared(before, after).same_work is False
    answer = compare(party(before, varying={"table"}), party(after))
    assert (answer.same_work, answer.contents.differing) == (True, ())


@given(st.lists(st.floats(1, 1000), min_size=2, max_size=12))
def test_runs_of_one_kind_are_never_faster_than_themselves(lengths_s: list[float]) -> None:
    assert word(tuple(lengths_s), tuple(lengths_s)) == "as fast"
