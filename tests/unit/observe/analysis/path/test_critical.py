"""The longest chain of compute: small runs by hand, and what holds of any run."""

from typing import Any

import strategies
from builders import (
    SECOND,
    Story,
    an_execution,
    begun,
    chain,
    grouped,
    killed,
    level,
    logger_only,
    replanned,
    retried,
    stamps,
)
from hypothesis import given, settings

from snakemake_logger_plugin_observe.analysis.path.critical import CriticalPath, critical_path
from snakemake_logger_plugin_observe.journal.records import Stamps
from snakemake_logger_plugin_observe.run.model import Run

MANY = settings(max_examples=120)


def told(run: Run) -> tuple[float, list[tuple[int, float]]]:
    """Return the path's length, and its jobs with what they computed, in seconds."""
    found = critical_path(run)
    return found.length / SECOND, [(one.job_id, one.compute / SECOND) for one in found.chain]


def slacks(run: Run) -> dict[int, float]:
    return {one.job_id: one.slack / SECOND for one in critical_path(run).slacks}


def test_of_a_chain_it_is_all_that_the_tools_took() -> None:
    # 3.5 to 10 and 10.5 to 20; what the scheduler took between them is none of it
    assert told(chain().run) == (16, [(1, 6.5), (2, 9.5)])
    assert slacks(chain().run) == {1: 0, 2: 0}


def fan_in() -> Story:
    """Return 1 (2 s) and 2 (6 s), both before 3 (4 s), and 4 (1 s) that nobody waits for.

    There was one place, so they ran one after the other.
    """
    story = begun().job(1).job(2).job(3, needs=(1, 2), rule="join").job(4, rule="alone")
    story.quick(1, 3, 3, 5).quick(2, 3, 5, 11).quick(4, 3, 11, 12).quick(3, 11, 12, 16)
    return story.end(17)


def test_places_do_not_matter_to_it() -> None:
    assert told(fan_in().run) == (10, [(2, 6), (3, 4)])


def test_slack_is_how_much_longer_a_job_could_take() -> None:
    # 10 s in all: 1 and what follows it take 6, so 4 are left to it; 4 alone has 9
    assert slacks(fan_in().run) == {2: 0, 3: 0, 1: 4, 4: 9}


def test_a_rule_has_the_least_slack_of_its_jobs() -> None:
    found = {
        one.rule: (one.jobs, one.on_path, one.on_path_compute / SECOND, one.slack / SECOND)
        for one in critical_path(fan_in().run).rules
    }
    assert found == {"map": (2, 1, 6, 0), "join": (1, 1, 4, 0), "alone": (1, 0, 0, 9)}


def test_of_two_chains_of_one_length_it_is_the_one_that_ended_last() -> None:
    story = begun().job(1).job(2).quick(1, 3, 3, 7).quick(2, 3, 7, 11)
    assert told(story.end(12).run) == (4, [(2, 4)])


def test_an_attempt_that_failed_weighs_nothing() -> None:
    # both attempts computed for 3 s
    assert told(retried().run) == (3, [(1, 3)])


def test_what_a_checkpoint_brought_follows_it() -> None:
    # job 3 names no dependency: the planning that job 1's end began brought it
    assert told(replanned().run) == (14, [(1, 6), (3, 7), (2, 1)])


def test_members_of_a_group_follow_each_other_as_they_depend_and_not_as_they_were_grouped() -> None:
    assert told(grouped().run) == (2, [(2, 2)])
    told_so = [e for e in grouped().events if e.event != "job"]
    story = begun().job(1, group="g1").job(2, needs=(1,), group="g1")
    story.events += told_so[2:]
    assert told(story.run) == (4, [(1, 2), (2, 2)])


def piped() -> Story:
    """Return 1 (4 s), then a pipe group: 2 writes from 8 to 15, 3 reads it from 7.5 to 16."""
    story = begun().group("p", (2, 3)).job(1).job(2, needs=(1,)).job(3, needs=(2,)).job(4)
    story.job(5, needs=(3,)).quick(1, 3, 3, 7)
    known = stamps(ready=7, selected=7, submitting=7, accepted=7, reported=16, finished=16)
    writer = an_execution(begun=8, tool_started=8, tool_ended=15, checked=15)
    reader = an_execution(begun=7.5, tool_started=7.5, tool_ended=16, checked=16)
    node = level(writer, reader, started=7, loaded=7, planned=7, ended=16)
    story.attempt(None, known, node, group="p")
    for job_id, one in ((2, writer), (3, reader)):
        own = node.model_copy(update={"executions": (one,)})
        story.attempt(job_id, Stamps(finished=known.finished), own, group="p")
    return story.quick(5, 16, 16, 18).end(18)


def test_jobs_of_a_pipe_run_side_by_side_and_both_follow_what_came_before() -> None:
    # 1, the reader and 5: 4 + 8.5 + 2; the writer could have taken 14.5 - 4 - 7 longer
    assert told(piped().run) == (14.5, [(1, 4), (3, 8.5), (5, 2)])
    assert slacks(piped().run)[2] == 3.5


def test_a_service_is_no_work_of_its_own() -> None:
    """It runs for as long as others use it, and they follow its start."""
    story = begun().job(1, service=True).job(2, needs=(1,)).quick(2, 3, 4, 8)
    assert told(story.quick(1, 3, 3, 9).end(9).run) == (4, [(2, 4)])


def test_a_dependency_of_another_run_is_none_here() -> None:
    story = begun().job(1, needs=(7, 8)).quick(1, 3, 4, 6).end(7)
    assert told(story.run) == (2, [(1, 2)])


def test_a_circle_ends_and_is_named() -> None:
    story = begun().job(1, needs=(3,)).job(2, needs=(1,)).job(3, needs=(2,)).job(4, needs=(3,))
    story.quick(1, 3, 3, 4).quick(2, 4, 4, 6).quick(3, 6, 6, 9).quick(4, 9, 9, 10)
    found = critical_path(story.end(10).run)
    assert found.cycles == (1, 2, 3)
    assert (found.length, [one.job_id for one in found.chain]) == (7 * SECOND, [1, 2, 3, 4])
    assert critical_path(fan_in().run).cycles == ()


def test_a_job_that_needs_itself_does_not_wait_for_itself() -> None:
    story = begun().job(1, needs=(1,)).quick(1, 3, 4, 6).end(7)
    assert told(story.run) == (2, [(1, 2)])


def test_tools_whose_time_is_not_known_are_named_and_weigh_nothing() -> None:
    found = critical_path(logger_only().run)
    assert (found.length, found.chain, found.unknown) == (0, (), (1,))


def test_of_a_killed_run_it_is_what_had_been_computed() -> None:
    # job 1 had 6 s, job 3's tool 13 so far; of job 2 nothing was heard yet
    found = critical_path(killed().run)
    assert told(killed().run) == (13, [(3, 13)])
    assert found.unknown == (2,)


def test_without_jobs_there_is_none() -> None:
    assert critical_path(begun().end(4).run) == CriticalPath(0, (), (), ())


# -- what holds of any run -------------------------------------------------------------------------


@MANY
@given(strategies.hostile_runs())
def test_it_is_never_longer_than_the_run_and_nobody_s_slack_is_less_than_nothing(run: Run) -> None:
    found = critical_path(run)
    assert 0 <= found.length <= run.makespan
    assert sum(one.compute for one in found.chain) == found.length
    assert all(0 <= one.slack <= found.length for one in found.slacks)


def longest(needs: dict[int, tuple[int, ...]], compute: dict[int, int]) -> int:
    """Return the longest chain, by trying all: the plain definition."""

    def upto(job: int) -> int:
        return compute[job] + max((upto(need) for need in needs[job]), default=0)

    return max(map(upto, needs), default=0)


def last_compute(simulated: strategies.Simulated) -> dict[int, int]:
    found: dict[int, Any] = {}
    for (job, _), lengths in sorted(simulated.lengths.items()):
        found[job] = lengths.get("compute", 0)
    return found


@MANY
@given(strategies.simulated_runs())
def test_of_a_simulated_run_it_is_the_longest_of_all_chains(
    simulated: strategies.Simulated,
) -> None:
    compute = last_compute(simulated)
    found = critical_path(simulated.run)
    assert found.length == longest(simulated.needs, compute)
    assert all(b.job_id > a.job_id for a, b in zip(found.chain, found.chain[1:], strict=False))


@MANY
@given(strategies.simulated_runs())
def test_slack_is_exactly_what_can_be_added_before_the_path_gets_longer(
    simulated: strategies.Simulated,
) -> None:
    compute = last_compute(simulated)
    found = critical_path(simulated.run)
    for one in found.slacks:
        enough = {**compute, one.job_id: compute[one.job_id] + one.slack}
        assert longest(simulated.needs, enough) == found.length
        too_much = {**compute, one.job_id: compute[one.job_id] + one.slack + 1}
        assert longest(simulated.needs, too_much) == found.length + 1
