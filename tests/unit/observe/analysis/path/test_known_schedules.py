"""The paths of runs whose schedule is known exactly."""

import json
from collections import Counter
from itertools import pairwise

from hypothesis import assume, given, settings
from schedules import LIMITS, Key, Lived, lives

from snakemake_logger_plugin_observe.analysis.cost.partition import MakespanSegment, partition
from snakemake_logger_plugin_observe.analysis.cost.releases import Release, Releases, as_release
from snakemake_logger_plugin_observe.analysis.cost.scheduler_limits import Submissions
from snakemake_logger_plugin_observe.analysis.path.critical import critical_path
from snakemake_logger_plugin_observe.analysis.path.explain import explain, lines_needed
from snakemake_logger_plugin_observe.analysis.path.paths import paths
from snakemake_logger_plugin_observe.analysis.path.utilisation import utilisation
from snakemake_logger_plugin_observe.journal.writing import to_line
from snakemake_logger_plugin_observe.run.readiness import dependencies

MANY = settings(max_examples=100, deadline=None)
FREED = {"jobs": "freed_slot", "cores": "freed_cores", "mem_mb": "freed_resource"}
# Phases in the background: they are on the path with their submission, or not at all.
BESIDE_THE_MAIN_THREAD = (
    *("queue_wait", "node_startup", "node_plan", "member_wait", "compute", "node_exit"),
    "poll_wait",
)


def shares_of(lived: Lived, key: Key) -> dict[str, int]:
    """Return the share of each limit that a submission takes."""
    name = key[0]
    tasks = [t for t in lived.world.tasks.values() if name in (t.job_id, t.group)]
    amounts = (1, max(t.threads for t in tasks), max(t.memory for t in tasks))
    return dict(zip(LIMITS, amounts, strict=True))


def release(because: str, key: Key | None, resource: str | None = None) -> Release:
    if key is None:
        return Release(because)
    name, number = key
    group = name if isinstance(name, str) else None
    return Release(because, None if group else name, group, number, resource)


def true_release(lived: Lived, key: Key) -> Release:
    """Return the release of a submission: a limit that was freed, or what made it ready."""
    known = lived.releases[key]
    for freed in reversed(known.freed_by if known.short else ()):
        taken = shares_of(lived, freed)
        limit = next((name for name in known.short if taken[name]), None)
        if limit is not None:
            return release(FREED[limit], freed, limit if limit == "mem_mb" else None)
    because, whose = known.because
    needs = dependencies(lived.run, key)
    if because == "replanning" and whose is not None and whose[0] in needs:
        because = "dependency"  # it depends on the checkpoint as well, and that ended as early
    return release(because, whose)


def true_walk(lived: Lived) -> list[Key]:
    """Return the submissions of the actual path, the last one first."""
    ends = {key: stamps.finished for key, stamps in lived.stamps.items()}
    at: Key | None = max(lived.order, key=lambda key: ends[key])
    found = []
    while at is not None:
        found.append(at)
        known = true_release(lived, at)
        name = known.job_id if known.job_id is not None else known.group
        at = (name, known.attempt) if name is not None else None
    return found


def owner(one: MakespanSegment) -> Key | None:
    name = one.job_id if one.job_id is not None else one.group
    return None if name is None else (name, one.attempt)


# -- releases --------------------------------------------------------------------------------------


@MANY
@given(lives())
def test_every_submission_has_its_true_release(lived: Lived) -> None:
    run = lived.run
    releases = Releases(run, Submissions(run))
    for key in lived.order:
        found = releases.of(run.attempts[key], lived.stamps[key].selected)
        assert as_release(found) == true_release(lived, key)
        if found.attempt is not None:
            assert found.moment == lived.stamps[found.attempt.key].finished


# -- the actual path -------------------------------------------------------------------------------


@MANY
@given(lives())
def test_the_actual_path_goes_from_release_to_release(lived: Lived) -> None:
    on_the_walk = [one.released_by for one in reversed(partition(lived.run)) if one.released_by]
    assert on_the_walk == [true_release(lived, key) for key in true_walk(lived)]


@MANY
@given(lives())
def test_the_actual_path_has_all_background_phases_of_its_submissions_and_none_of_others(
    lived: Lived,
) -> None:
    owned = Counter()
    for one in partition(lived.run):
        if one.phase in BESIDE_THE_MAIN_THREAD:
            owned[owner(one), one.phase] += one.end - one.start
    walked = set(true_walk(lived))
    walked |= {
        (task.job_id, number)
        for name, number in walked
        for task in lived.world.tasks.values()
        if task.group == name
    }
    assert owned == {
        (key, phase): length
        for key in walked
        for phase, length in lived.phases[key].items()
        if phase in BESIDE_THE_MAIN_THREAD
    }


@MANY
@given(lives())
def test_the_actual_path_tiles_the_makespan_and_all_of_it_is_explained(lived: Lived) -> None:
    segments = partition(lived.run)
    assert (segments[0].start, segments[-1].end) == (lived.start, lived.end)
    assert all(one.end == following.start for one, following in pairwise(segments))
    assert not [one for one in segments if one.phase == "unattributed"]
    hidden = any(not task.tool_is_timed for task in lived.world.tasks.values())
    assert hidden or not [one for one in segments if one.phase == "unobserved"]


@MANY
@given(lives(largest=8))
def test_both_ends_of_every_segment_are_stamps_in_the_journal(lived: Lived) -> None:
    run = lived.run
    lines = {n: json.loads(to_line(event)) for n, event in enumerate(lived.events, 1)}
    segments = partition(run)
    wanted = {number: lines[number] for number in lines_needed(run, segments)}
    for one in explain(run, segments, wanted):
        assert one.begin, one
        assert one.end, one


# -- the critical path -----------------------------------------------------------------------------


@MANY
@given(lives())
def test_the_critical_path_is_the_longest_chain_of_tools(lived: Lived) -> None:
    found = critical_path(lived.run)
    assert found.length == lived.critical() <= lived.makespan
    assert sum(one.compute for one in found.chain) == found.length
    assert found.cycles == ()
    assert set(found.unknown) == {
        t.job_id for t in lived.world.tasks.values() if not t.tool_is_timed
    }


@MANY
@given(lives(largest=8))
def test_slack_is_how_much_longer_a_tool_could_take_and_no_more(lived: Lived) -> None:
    found = critical_path(lived.run)
    for one in found.slacks:
        assert lived.critical(**{f"j{one.job_id}": one.slack}) == found.length
        assert lived.critical(**{f"j{one.job_id}": one.slack + 1}) == found.length + 1


@MANY
@given(lives())
def test_the_overhead_is_the_gap_between_both_paths_and_the_sum_over_its_classes(
    lived: Lived,
) -> None:
    found = paths(lived.run)
    assume(found.overhead is not None)
    assert found.overhead == lived.makespan - lived.critical()
    assert sum(found.overhead_by_class.values()) == found.overhead


# -- slots over time -------------------------------------------------------------------------------


@MANY
@given(lives())
def test_a_stall_is_any_time_at_which_a_ready_job_would_have_fitted(lived: Lived) -> None:
    world = lived.world
    assume(world.memory is None)  # its amounts are rounded up
    name, limit = ("jobs", world.jobs) if world.jobs is not None else ("cores", world.cores)
    moments = sorted(
        {m for s in lived.stamps.values() for m in (s.ready, s.selected, s.finished) if m}
    )
    idle = 0
    shares = {key: shares_of(lived, key)[name] for key in lived.order}
    for since, until in pairwise(moments):
        known = [(lived.stamps[key], shares[key]) for key in lived.order]
        free = limit - sum(share for s, share in known if s.selected <= since < s.finished)
        if any(s.ready <= since < s.selected and share <= free for s, share in known):
            idle += until - since
    assert utilisation(lived.run).stalled == idle
