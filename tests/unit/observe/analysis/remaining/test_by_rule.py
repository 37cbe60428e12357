"""What waits for what, by the numbers of the plan."""

import pytest
from builders import Story, at, begun, stamps
from half_way import so_far

from snakemake_logger_plugin_observe.analysis.remaining.left import Left, left_of


def left(story: Story, moment_s: float = 13) -> Left:
    return left_of(so_far(story.events, at(moment_s)), [], at(moment_s))


def needs(story: Story, moment_s: float = 13) -> dict[str, list[list[int]]]:
    """Return by rule which of the units that are left its own ones need."""
    found: dict[str, list[list[int]]] = {}
    for unit in left(story, moment_s).units:
        found.setdefault(unit.kind[0][0], []).append(unit.needs)
    return found


@pytest.mark.parametrize(
    ("to_run", "pairs", "expected"),
    [
        ({"map": 3, "sort": 3}, 3, [[0], [1], [2]]),
        ({"map": 1, "sort": 3}, 3, [[0], [0], [0]]),
        ({"map": 4, "sort": 2}, 4, [[0, 1], [2, 3]]),
        ({"map": 2, "sort": 2}, 4, [[0, 1], [0, 1]]),
        ({"map": 2, "sort": 4}, 2, [[], [0], [], [1]]),
    ],
)
def test_pairs_are_shared_out_evenly(
    to_run: dict[str, int], pairs: int, expected: list[list[int]]
) -> None:
    assert needs(begun().ordered(to_run, sort={"map": pairs}))["sort"] == expected


def test_a_rule_that_needs_itself_makes_as_many_chains_as_have_no_pair() -> None:
    assert needs(begun().ordered({"step": 6}, step={"step": 4}))["step"] == [
        *([], [], [0], [1], [2], [3])
    ]


def test_what_has_ended_is_not_waited_for() -> None:
    story = begun().ordered({"map": 3, "sort": 3}, sort={"map": 3})
    story.job(1).quick(1, 3, 4, 8).job(2).quick(2, 3, 4, 9)
    assert needs(story) == {"map": [[]], "sort": [[], [], [0]]}


def test_what_is_in_flight_is_waited_for_and_comes_first() -> None:
    story = begun().ordered({"map": 2, "sort": 2}, sort={"map": 2})
    story.job(1).submitted(1, stamps(ready=3, selected=4, submitting=4, accepted=5))
    assert needs(story) == {"map": [[], []], "sort": [[0], [1]]}
    assert left(story).units[0].key == (1, 1)


def test_groups_need_groups() -> None:
    """Two jobs of each group are mapped, and a group of two sorts needs two groups."""
    story = begun().ordered({"map": 8, "sort": 4}, sort={"map": 8})
    for group, (first, second), rule in (("m", (1, 2), "map"), ("s", (9, 10), "sort")):
        story.job(first, rule=rule, group=group).job(second, rule=rule, group=group)
        story.group(group, (first, second))
        known = stamps(ready=3, selected=4, submitting=4, accepted=5)
        story.submitted(None, known, group=group)
    found = left(story)
    assert [unit.kind for unit in found.units] == [
        *((("map", 2),), (("sort", 2),)),
        *[(("map", 2),)] * 3,
        (("sort", 2),),
    ]
    assert found.units[-1].needs == [3, 4]


def test_where_rules_need_each_other_in_turns_it_is_known_how_far_before_it_what_one_needed_was() -> (
    None
):
    story = begun(jobs=4).ordered({"a": 4, "b": 4}, a={"b": 3}, b={"a": 4})
    story.job(1, rule="a").job(2, rule="b", needs=(1,)).job(3, rule="a", needs=(2,))
    story.job(4, rule="b", needs=(1, 3))
    found = left(story)
    assert found.reaches == ((1,), (1, 3))
    assert not any(unit.needs for unit in found.units)


def test_so_it_is_in_an_older_journal_which_has_no_pairs() -> None:
    story = begun().planned(3, {"a": 3, "b": 1}).job(1, rule="a").job(2, rule="b", needs=(1,))
    assert left(story).reaches == ((1,),)
    assert left(begun().ordered({"a": 3, "b": 1}, b={"a": 3}).job(1, rule="a")).reaches == ()


def test_what_a_group_needed_is_counted_by_submissions() -> None:
    story = begun().planned(3, {"a": 6})
    for first in (1, 3, 5):
        needs = (first - 1,) if first > 1 else ()
        story.job(first, rule="a", needs=needs).job(first + 1, rule="a", needs=(first,))
        story.group(f"g{first}", (first, first + 1))
    assert left(story).reaches == ((1,), (1,))
