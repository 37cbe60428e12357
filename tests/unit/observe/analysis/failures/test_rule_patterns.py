"""What failures that recovered on a retry have in common, rule by rule."""

from builders import Story, begun
from failing import every_job, fails, flaky, many, recovered_inside, succeeds

from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.rule_patterns import (
    RulePattern,
    rule_patterns,
)


def pattern_of(story: Story) -> RulePattern:
    run = story.run
    (found,) = rule_patterns(run, failures(run))
    return found


def test_a_rule_whose_jobs_all_failed_first_in_the_same_way_has_the_pattern_every_job() -> None:
    found = pattern_of(every_job())
    assert (found.rule, found.pattern, found.jobs, found.failed_first) == (
        "quality",
        "every_job",
        6,
        6,
    )
    assert (found.recovered, found.succeeded_on) == (6, 2)


def test_a_rule_with_one_failed_job_of_many_is_flaky() -> None:
    found = pattern_of(flaky())
    assert (found.pattern, found.jobs, found.failed_first, found.recovered) == ("flaky", 10, 1, 1)


def test_a_single_job_and_jobs_that_failed_differently_make_no_pattern() -> None:
    assert pattern_of(recovered_inside()).pattern == "some"
    story = begun()
    for job_id, code in ((1, 3), (2, 4)):
        story.job(job_id)
        succeeds(fails(story, job_id, code=code), job_id, 2)
    assert pattern_of(story).pattern == "some"


def test_a_rule_without_a_success_has_no_pattern() -> None:
    assert rule_patterns(many().run, failures(many().run)) == ()


def test_a_log_that_a_retry_overwrote_does_not_break_the_pattern() -> None:
    """How it ended is known all the same."""
    story = begun(wraps="local")
    for job_id in range(1, 4):
        story.job(job_id, rule="quality", wildcards={"sample": f"s{job_id}"})
        words = () if job_id == 2 else ("scratch space is not mounted yet",)
        fails(story, job_id, *words, start_s=3 * job_id, rule="quality")
        succeeds(story, job_id, 2, 30 + job_id, rule="quality")
    run = story.end(40).run
    (pattern,) = rule_patterns(run, failures(run))
    assert pattern.pattern == "every_job"
