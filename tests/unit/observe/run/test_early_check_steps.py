"""The steps of early checks: the first is learned from the ends before."""

from snakemake_logger_plugin_observe.run.early_check_steps import learned_step

S = 1_000_000


def test_an_end_that_the_first_check_found_makes_the_step_a_little_shorter() -> None:
    assert learned_step(2 * S, None, 2 * S) == 1_800_000
    assert learned_step(100_000, None, 100_000) == 100_000


def test_an_end_that_a_check_missed_makes_the_step_as_long_as_it_needed() -> None:
    assert learned_step(S // 2, 1_500_000, 3_500_000) == 2_500_000
    assert learned_step(S // 2, S // 2, 1_500_000) == S
    assert learned_step(4 * S, S, 2 * S) == 4 * S
    assert learned_step(S, 40 * S, 50 * S) == 4 * S
