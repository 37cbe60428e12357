"""Both accounts of small runs, computed by hand."""

from builders import begun, chain, grouped, killed, logger_only, retried, stamps

from snakemake_logger_plugin_observe.analysis.cost.account import RuleShare, account, sum_phases

SECOND = 1_000_000


def seconds(by_name: dict[str, int]) -> dict[str, float]:
    return {name: micros / SECOND for name, micros in by_name.items() if micros}


def test_the_makespan_is_split_by_class_and_phase() -> None:
    found = account(chain().run)
    assert (found.makespan, found.unattributed) == (21 * SECOND, 0)
    assert seconds(found.makespan_by_phase) == {
        "compute": 16,
        "import": 1,
        "parse": 1,
        "plan": 1,
        "select": 1,
        "shutdown": 1,
    }
    assert seconds(found.makespan_by_class) == {"planning": 3, "scheduling": 2, "compute": 16}


def test_the_jobs_account_keeps_the_full_wait_for_a_slot() -> None:
    """The run's own work owns part of it in the makespan; in the job account it is the job's wait."""
    found = account(chain().run)
    assert seconds(found.jobs_by_phase) == {"slot_wait": 1, "compute": 16}
    assert seconds(found.jobs_by_class) == {"limits": 1, "compute": 16}


def test_failed_attempts_are_listed_separately() -> None:
    found = account(retried().run)
    assert (found.job_count, found.attempt_count, found.failed_attempts) == (1, 2, 1)
    assert found.failed == 11 * SECOND


def test_core_seconds_are_the_tools_time_times_their_threads() -> None:
    # two threads: 3 s of the failed attempt and 3 s of the other
    assert account(retried().run).core_s == 12.0


def test_core_seconds_are_unknown_without_known_threads() -> None:
    assert account(chain().run).core_s is None


def test_core_seconds_are_unknown_without_an_observed_tool() -> None:
    assert account(logger_only().run).core_s is None


def test_rules_are_sorted_by_cost() -> None:
    story = begun().job(1, rule="small").job(2, rule="large").job(3, rule="large")
    run = story.quick(1, 3, 3, 5).quick(2, 3, 3, 6).quick(3, 3, 3, 7).end(8).run
    assert account(run).rules == (
        RuleShare("large", None, 2, 2, {"compute": 7 * SECOND}),
        RuleShare("small", None, 1, 1, {"compute": 2 * SECOND}),
    )


def test_a_rule_has_a_count_of_attempts_and_of_jobs() -> None:
    (share,) = account(retried().run).rules
    assert (share.rule, share.jobs, share.attempts, share.total) == ("map", 1, 2, 22 * SECOND)


def test_a_group_s_submission_is_listed_under_the_group_s_name() -> None:
    rule, group = sorted(account(grouped().run).rules, key=lambda share: share.rule is None)
    assert (rule.rule, rule.group, rule.jobs) == ("map", None, 2)
    assert seconds(rule.by_phase) == {"stage_in": 2, "compute": 4, "stage_out": 2}
    assert (group.rule, group.group, group.jobs, group.attempts) == (None, "pair", 1, 1)
    assert "compute" not in group.by_phase


def test_a_group_s_time_is_counted_once() -> None:
    """The submission and its members tile ready to finished together."""
    found = account(grouped().run)
    assert sum(found.jobs_by_phase.values()) == 18 * SECOND
    assert (found.job_count, found.attempt_count) == (2, 2)


def test_the_failed_time_of_a_group_includes_its_failed_members() -> None:
    story = begun().group("g1", (1,)).job(1)
    known = stamps(ready=3, selected=4, submitting=4, reported=5, finished=6)
    found = account(story.attempt(None, known, group="g1", status="failed").end(7).run)
    assert (found.failed_attempts, found.failed) == (1, 3 * SECOND)


def test_the_account_of_a_killed_run_ends_at_its_last_moment() -> None:
    found = account(killed().run)
    assert found.makespan == 20 * SECOND
    assert seconds(found.jobs_by_class)["compute"] == 6 + 13


def test_totals_are_the_sums_over_rules() -> None:
    found = account(retried().run)
    total = sum(share.total for share in found.rules)
    assert total == sum(found.jobs_by_phase.values()) == sum(found.jobs_by_class.values())


def test_a_run_without_attempts_has_no_job_time() -> None:
    assert sum_phases([]) == {}
