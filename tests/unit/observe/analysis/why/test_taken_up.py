"""What had become of a resumed run's jobs in the run before."""

from builders import Story, begun, stamps

from snakemake_logger_plugin_observe.analysis.why.taken_up import TakenUp, taken_up


def sim(story: Story, job_id: int, sample: str) -> Story:
    return story.job(job_id, (), rule="sim", wildcards={"sample": sample})


def test_jobs_that_failed_or_had_not_ended_are_taken_up_whatever_their_ids() -> None:
    before = sim(sim(sim(begun(), 1, "a"), 2, "b"), 3, "c")
    before.quick(1, 3, 3, 4).quick(2, 3, 3, 4, status="failed")
    before.submitted(3, stamps(ready=3, selected=4, submitting=4, accepted=5))
    after = sim(sim(sim(begun(), 7, "b"), 8, "c"), 9, "d").quick(7, 3, 3, 4)
    found = taken_up(after.run, before.run)
    assert found == TakenUp(failed=(7,), unended=(8,))


def test_a_job_whose_retry_succeeded_had_not_failed() -> None:
    before = sim(begun(), 1, "a").quick(1, 3, 3, 4, status="failed").quick(1, 5, 5, 6, number=2)
    after = sim(begun(), 1, "a").quick(1, 3, 3, 4)
    assert taken_up(after.run, before.run) == TakenUp()
