"""The critical path: small runs computed by hand, and properties of any run."""

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

MANY = settings(max_examples=80)


def path_of(run: Run) -> tuple[float, list[tuple[int, float]]]:
    """Return the path's length, and its jobs with what they computed, in seconds."""
    found = critical_path(run)
    return found.length / SECOND, [(one.job_id, one.compute / SECOND) for one in found.chain]


def slacks(run: Run) -> dict[int, float]:
    return {one.job_id: one.slack / SECOND for one in critical_path(run).slacks}


def test_the_critical_path_of_a_chain_is_the_time_of_its_tools() -> None:
    # 3.5 to 10 and 10.5 to 20; the scheduler's time between them does not count
    assert path_of(chain().run) == (16, [(1, 6.5), (2, 9.5)])
    assert slacks(chain().run) == {1: 0, 2: 0}


def fan_in() -> Story:
    """Return 1 (2 s) and 2 (6 s), both before 3 (4 s), and 4 (1 s) that no job depends on.

    There was one place, so they ran one after the other.
    """
    story = begun().job(1).job(2).job(3, needs=(1, 2), rule="join").job(4, rule="alone")
    story.quick(1, 3, 3, 5).quick(2, 3, 5, 11).quick(4, 3, 11, 12).quick(3, 11, 12, 16)
    return story.end(17)


def test_slots_do_not_change_the_critical_path() -> None:
    assert path_of(fan_in().run) == (10, [(2, 6), (3, 4)])


def test_slack_is_how_much_longer_a_job_could_take() -> None:
    # 10 s in all: 1 and what follows it take 6, so it has a slack of 4; 4 alone has 9
    assert slacks(fan_in().run) == {2: 0, 3: 0, 1: 4, 4: 9}


def test_a_rule_has_the_least_slack_of_its_jobs() -> None:
    found = {
        one.rule: (one.jobs, one.on_path, one.on_path_compute / SECOND, one.slack / SECOND)
        for one in critical_path(fan_in().run).rules
    }
    assert found == {"map": (2, 1, 6, 0), "join": (1, 1, 4, 0), "alone": (1, 0, 0, 9)}


def test_of_two_equal_chains_the_one_that_ended_last_counts() -> None:
    story = begun().job(1).job(2).quick(1, 3, 3, 7).quick(2, 3, 7, 11)
    assert path_of(story.end(12).run) == (4, [(2, 4)])


def test_a_failed_attempt_counts_as_zero() -> None:
    # both attempts computed for 3 s
    assert path_of(retried().run) == (3, [(1, 3)])


def test_a_job_created_by_a_checkpoint_follows_it() -> None:
    # job 3 names no dependency: the planning that job 1's end triggered created it
    assert path_of(replanned().run) == (14, [(1, 6), (3, 7), (2, 1)])


def test_members_of_a_group_follow_their_own_dependencies() -> None:
    assert path_of(grouped().run) == (2, [(2, 2)])
    told_so = [e for e in grouped().events if e.event != "job"]
    story = begun().job(1, group="g1").job(2, needs=(1,), group="g1")
    story.events += told_so[2:]
    assert path_of(story.run) == (4, [(1, 2), (2, 2)])


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
        own = node.but(executions=(one,))
        story.attempt(job_id, Stamps(finished=known.finished), own, group="p")
    return story.quick(5, 16, 16, 18).end(18)


def test_jobs_of_a_pipe_run_at_the_same_time_and_both_follow_their_dependency() -> None:
    # 1, the reader and 5: 4 + 8.5 + 2; the writer could have taken 14.5 - 4 - 7 longer
    assert path_of(piped().run) == (14.5, [(1, 4), (3, 8.5), (5, 2)])
    assert slacks(piped().run)[2] == 3.5


def test_a_service_counts_as_zero() -> None:
    """It runs for as long as other jobs use it, and they follow its start."""
    story = begun().job(1, service=True).job(2, needs=(1,)).quick(2, 3, 4, 8)
    assert path_of(story.quick(1, 3, 3, 9).end(9).run) == (4, [(2, 4)])


def test_a_dependency_outside_the_run_is_ignored() -> None:
    story = begun().job(1, needs=(7, 8)).quick(1, 3, 4, 6).end(7)
    assert path_of(story.run) == (2, [(1, 2)])


def test_a_cycle_does_not_hang_and_is_named() -> None:
    story = begun().job(1, needs=(3,)).job(2, needs=(1,)).job(3, needs=(2,)).job(4, needs=(3,))
    story.quick(1, 3, 3, 4).quick(2, 4, 4, 6).quick(3, 6, 6, 9).quick(4, 9, 9, 10)
    found = critical_path(story.end(10).run)
    assert found.cycles == (1, 2, 3)
    assert (found.length, [one.job_id for one in found.chain]) == (7 * SECOND, [1, 2, 3, 4])
    assert critical_path(fan_in().run).cycles == ()


def test_a_job_that_needs_itself_does_not_wait_for_itself() -> None:
    story = begun().job(1, needs=(1,)).quick(1, 3, 4, 6).end(7)
    assert path_of(story.run) == (2, [(1, 2)])


def test_tools_of_unknown_time_are_named_and_count_as_zero() -> None:
    found = critical_path(logger_only().run)
    assert (found.length, found.chain, found.unknown) == (0, (), (1,))


def test_the_critical_path_of_a_killed_run_is_what_was_computed() -> None:
    # job 1 had 6 s, job 3's tool 13 so far; job 2 has no timing from its node yet
    found = critical_path(killed().run)
    assert path_of(killed().run) == (13, [(3, 13)])
    assert found.unknown == (2,)


def test_without_jobs_there_is_no_critical_path() -> None:
    assert critical_path(begun().end(4).run) == CriticalPath(0, (), (), ())


# -- properties of any run -------------------------------------------------------------------------


@MANY
@given(strategies.tampered_runs())
def test_the_critical_path_is_never_longer_than_the_run_and_no_slack_is_negative(run: Run) -> None:
    found = critical_path(run)
    assert 0 <= found.length <= run.makespan
    assert sum(one.compute for one in found.chain) == found.length
    assert all(0 <= one.slack <= found.length for one in found.slacks)


def longest(needs: dict[int, tuple[int, ...]], compute: dict[int, int]) -> int:
    """Return the longest of all chains: the plain definition."""

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
def test_the_critical_path_of_a_simulated_run_is_the_longest_of_all_chains(
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
