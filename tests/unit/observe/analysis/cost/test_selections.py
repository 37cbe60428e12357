"""Without the timing executor, selections are inferred from what Snakemake logs."""

from typing import Any

from builders import SECOND, Story, at, begun, stamps

from snakemake_logger_plugin_observe.analysis.advice.advice import Trials, advise
from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.analysis.cost.selections import selections


def untimed(
    count: int = 3, *, tool_s: float = 1, choosing_s: float = 1, rest_s: float = 0, **facts: Any
) -> Story:
    """Return jobs that all were ready at 3, run one at a time, and are chosen after one another.

    Before Snakemake chooses, it works for *rest_s* on the end of the one before.
    """
    known = {"cores": 1, "cpus": 1, "settings": {"scheduler": "ilp"}, "executor": "local"} | facts
    story, moment = begun(wrapped=False, **known), 3.0
    for number in range(1, count + 1):
        story.job(number, threads=1)
        story.message(moment + rest_s, "Select jobs to execute...", kind="select_jobs")
        chosen = moment + rest_s + choosing_s
        moment = chosen + tool_s
        story.attempt(number, stamps(ready=3, selected=chosen, finished=moment))
    return story.end(moment)


def phases(story: Story) -> dict[str, float]:
    """Return the seconds of the makespan by phase, without those before scheduling."""
    found = account(story.run).makespan_by_phase
    before = ("import", "parse", "plan", "unattributed")
    return {name: spent / SECOND for name, spent in found.items() if name not in before}


def test_what_passes_between_the_end_of_a_job_and_the_next_is_snakemakes_own_work() -> None:
    story = untimed(rest_s=0.5)
    assert phases(story) == {"select": 3, "unobserved": 3, "main_loop": 1.5}
    first, second, _ = selections(story.run)
    assert (first.begin, first.end) == (at(3.5), at(4.5))
    assert (second.woke, second.begin, second.end) == (at(5.5), at(6), at(7))


def test_a_job_that_waited_was_released_by_the_end_that_freed_its_cores() -> None:
    """So the time is that of the jobs before it, and not a wait for a slot."""
    released = [one.released_by for one in account(untimed().run).segments if one.released_by]
    assert {one.reason for one in released} == {"scheduling", "freed_cores"}


def test_a_memory_limit_that_held_a_job_back_is_named() -> None:
    story = begun(wrapped=False, cores=6, resources={"mem_mb": 8000}, executor="local")
    for number in (1, 2):
        story.job(number, threads=1, resources={"mem_mb": 6000})
        begin = 3 + (number - 1) * 5
        story.message(begin, "Select jobs to execute...", kind="select_jobs")
        story.attempt(number, stamps(ready=3, selected=begin, finished=begin + 5))
    released = [one.released_by for one in account(story.end(13).run).segments if one.released_by]
    assert ("freed_resource", "mem_mb") in {(one.reason, one.resource) for one in released}


def test_a_selection_that_found_nothing_is_no_begin_of_the_next() -> None:
    """The second was logged while the core was taken; what followed the end is not logged again."""
    story = begun(wrapped=False, cores=1, executor="local").job(1, threads=1).job(2, threads=1)
    story.message(3, "Select jobs to execute...", kind="select_jobs")
    story.attempt(1, stamps(ready=3, selected=4, finished=9))
    story.message(5, "Select jobs to execute...", kind="select_jobs")
    story.attempt(2, stamps(ready=3, selected=10, finished=11)).end(11)
    assert [(one.begin, one.end) for one in selections(story.run)] == [
        (at(3), at(4)),
        (at(9), at(10)),
    ]


def test_a_rate_lets_snakemake_sleep_between_selections() -> None:
    rate = {"max_jobs_per_timespan": {"max_jobs": 1, "timespan": 4.0}}
    story = begun(wrapped=False, cores=1, settings=rate, executor="local")
    for number, begin in ((1, 3), (2, 7.5)):
        story.job(number, threads=1)
        story.message(begin, "Select jobs to execute...", kind="select_jobs")
        story.attempt(number, stamps(ready=3, selected=begin, finished=begin + 1))
    assert [one.woke for one in selections(story.end(8.5).run)] == [at(3), at(7)]
    assert phases(story) == {"unobserved": 2, "slot_wait": 3, "main_loop": 0.5}


def test_without_such_messages_nothing_is_inferred() -> None:
    story = begun(wrapped=False, cores=1).job(1, threads=1)
    assert selections(story.attempt(1, stamps(ready=3, selected=4, finished=9)).end(10).run) == []


def test_the_greedy_scheduler_and_fewer_jobs_save_as_much_as_in_a_timed_run() -> None:
    run = untimed(20, tool_s=0.1, choosing_s=0.5).run
    found = {one.lever.kind: one for one in advise(run, account(run))}
    assert found["scheduler"].saves == 10 * SECOND
    assert "20 jobs of at most 0.1 s each" in found["fewer_jobs"].lever.why
    assert Trials(run, account(run)).saves([("scheduler", "greedy")]) == 10 * SECOND
    long = untimed(20, tool_s=60, choosing_s=20).run
    assert "fewer_jobs" not in {one.lever.kind for one in advise(long, account(long))}
