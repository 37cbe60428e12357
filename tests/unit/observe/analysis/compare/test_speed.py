"""Faster or slower beyond noise, from one run, a few runs, and many runs."""

import pytest
from builders import begun, stamps
from hypothesis import given
from hypothesis import strategies as st
from workflows import a_job, a_run, a_workflow, compared, party

from snakemake_logger_plugin_observe.analysis.compare.comparison import Party, compare
from snakemake_logger_plugin_observe.analysis.compare.speed import RunLengths, margin_s, speed


def measured(*lengths_s: float) -> RunLengths:
    return RunLengths(lengths_s, tuple({"compute": length} for length in lengths_s))


def verdict(
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
        ([2.0], [2.0], 2.0),  # at least two seconds
        ([100.0, 130.0], [100.0], 60.0),  # twice their spread
        ([100.0, 100.0, 100.0, 100.0], [100.0], 5.0),  # no noise measured: at least a twentieth
        ([1.0, 1.0, 1.0, 1.0], [1.0], 0.5),
    ],
)
def test_the_margin_of_noise_depends_on_the_runs_of_both_sides(
    before: list[float], after: list[float], margin: float
) -> None:
    assert margin_s(before, after) == margin


def test_four_runs_and_more_give_the_99_percent_interval_of_student_s_t() -> None:
    # Standard deviation 10 of four runs, one new one: 5.841 × 10 × √(1 + 1/4).
    before = [90.0, 110.0, 90.0, 110.0]
    deviation = (4 * 10**2 / 3) ** 0.5
    assert margin_s(before, [100.0]) == pytest.approx(5.841 * deviation * 1.25**0.5)


def test_one_run_each_cannot_tell_a_difference_that_may_be_noise() -> None:
    assert verdict((100,), (81,)) == "cannot tell"
    assert verdict((100,), (79,)) == "faster"
    assert verdict((100,), (121,)) == "slower"


def test_with_a_steady_history_a_small_change_counts() -> None:
    steady = (100, 101, 100, 99, 100, 101)
    assert verdict((100,), (92,), steady) == "faster"
    assert verdict((100,), (92,)) == "cannot tell"
    assert verdict((100,), (98,), steady) == "as fast"


def test_with_a_noisy_history_a_large_change_does_not_count() -> None:
    assert verdict((100,), (60,), (100, 60, 140, 100, 70, 130)) == "as fast"


def test_an_outlier_as_baseline_does_not_make_a_run_faster() -> None:
    assert verdict((150,), (101,), (100, 101, 100, 99, 100, 150)) == "as fast"


def test_the_difference_of_import_times_counts_as_noise() -> None:
    slow = RunLengths((140,), ({},), imports_s=(31,))
    runs = (a_run().run, a_run().run)
    assert speed(RunLengths((100,), ({},), imports_s=(1,)), slow, runs).verdict == "cannot tell"
    assert speed(RunLengths((100,), ({},), imports_s=(30,)), slow, runs).verdict == "slower"


def test_folders_of_runs_are_compared_by_their_medians() -> None:
    answer = compare(
        Party(a_run().run, "success", measured(100, 101, 102)),
        Party(a_run().run, "success", measured(50, 51, 52)),
    )
    assert (answer.speed.baseline_s, answer.speed.candidate_s) == (101, 51)
    assert (answer.speed.runs, answer.speed.verdict) == ((3, 3), "faster")
    assert answer.speed.by_class_s == {"compute": (101, 51)}


def test_a_phase_that_changed_is_named_with_its_time_per_job() -> None:
    moved = compared(a_run(), a_run(length_s=200)).speed.moved
    assert [(one.rule, one.phase, one.jobs_before, one.jobs_after) for one in moved] == [
        ("count", "compute", 3, 3),
        ("cut", "compute", 3, 3),
    ]
    assert (moved[0].before_s, moved[0].after_s) == (36, 73.5)


def test_a_phase_that_changed_less_than_noise_is_not_named() -> None:
    assert compared(a_run(), a_run(length_s=110)).speed.moved == ()


def test_of_a_run_without_the_executor_no_phases_are_compared() -> None:
    timed, plain = a_run(), a_run(length_s=200, wrapped=False)
    for before, after, untimed in ((timed, plain, "B"), (plain, timed, "A"), (plain, plain, None)):
        found = compared(before, after).speed
        assert found.untimed == untimed
        assert (found.moved, bool(found.by_class_s)) == ((), untimed is None)


def test_a_rule_that_was_observed_in_one_run_only_is_not_compared_by_phase() -> None:
    """Its tools may have taken as long in the other, where nobody saw it."""
    job = [a_job("a", "x")]
    quick, unseen = a_run(job, length_s=10), begun().job(1, (), **job[0])
    unseen.attempt(1, stamps(ready=3, selected=4, submitting=4, accepted=5, finished=99))
    assert [one.phase for one in compared(a_run(job), quick).speed.moved] == ["compute"]
    assert compared(a_run(job), unseen.end(100)).speed.moved == ()


def test_outputs_that_vary_among_a_side_s_own_runs_are_not_compared() -> None:
    sums = {"cut/a": "1", "count/a": "2", "table": "3"}
    before, after = (
        a_run(a_workflow("a"), sums={**sums, "table": table}) for table in ("old", "new")
    )
    assert compared(before, after).same_work is False
    answer = compare(party(before, varying={"table"}), party(after))
    assert (answer.same_work, answer.contents.differing) == (True, ())


@given(st.lists(st.floats(1, 1000), min_size=2, max_size=12))
def test_runs_are_never_faster_than_themselves(lengths_s: list[float]) -> None:
    same = "as fast" if len(lengths_s) > 2 else "cannot tell"
    assert verdict(tuple(lengths_s), tuple(lengths_s)) == same
