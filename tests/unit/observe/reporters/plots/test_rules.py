"""The bars of rules: the costliest first, and those beyond the fourteenth as one."""

from pathlib import Path

from builders import Story, begun
from plotted import drawing, values_of


def with_rules(count: int) -> Story:
    story = begun()
    for number in range(count):
        story.job(number, rule=f"rule{number}").quick(number, 3, 3, 4 + number)
    return story.end(100)


def names_of(story: Story, folder: Path) -> list[str]:
    found = drawing("rules", story.write(folder / "run.jsonl"))
    return [one["text"] for one in values_of(found, "text") if one["x"] == -12]


def test_the_costliest_rule_comes_first(tmp_path: Path) -> None:
    assert names_of(with_rules(3), tmp_path) == ["rule2", "rule1", "rule0"]


def test_many_rules_are_the_costliest_and_all_others(tmp_path: Path) -> None:
    names = names_of(with_rules(20), tmp_path)
    assert (len(names), names[0], names[-1]) == (15, "rule19", "6 other rules")


def test_one_rule_more_has_its_own_bar(tmp_path: Path) -> None:
    assert names_of(with_rules(15), tmp_path)[-1] == "rule0"


def test_a_bar_is_as_long_as_all_of_a_rule_s_attempts(tmp_path: Path) -> None:
    found = drawing("rules", with_rules(3).write(tmp_path / "run.jsonl"))
    ends = {one["y"]: one["x2"] for one in values_of(found, "class")}
    assert [round(end, 1) for end in ends.values()] == [3.0, 2.0, 1.0]
    assert found.facts == (
        "rule2: 3.00 s · 50 % · 1 job; rule1: 2.00 s · 33 % · 1 job; rule0: 1.00 s · 17 % · 1 job"
    )


def test_the_height_follows_the_rules(tmp_path: Path) -> None:
    heights = [
        drawing("rules", with_rules(count).write(tmp_path / f"{count}.jsonl")).height
        for count in (1, 3, 20)
    ]
    assert heights == [30 + 6, 3 * 30 + 6, 15 * 30 + 6]
