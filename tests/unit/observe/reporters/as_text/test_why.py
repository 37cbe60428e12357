"""The text of `why`."""

from answers import render, why_answer
from whys import story as new_story


def test_the_largest_causes_and_rules_are_shown_and_the_rest_counted() -> None:
    story = new_story()
    for n in range(40):
        story.ran(n, f"rule_{n}", "Code has changed since last execution", makes=(f"{n}.txt",))
    lines = render(why_answer(story)).splitlines()
    assert "The 40 jobs that ran have 40 root causes" in lines[3]
    assert "  … 34 more causes" in lines
    assert any(line.split()[:4] == ["…", "30", "more", "30"] for line in lines)
    assert len(lines) <= 40


def test_a_long_chain_is_cut_to_one_screen_with_a_note() -> None:
    story = new_story()
    story.ran(0, "first", "Code has changed since last execution", makes=("0.txt",))
    for n in range(1, 60):
        made = f"Input files updated by another job: {n - 1}.txt"
        made_of = {"needs": (n - 1,), "reads": (f"{n - 1}.txt",), "makes": (f"{n}.txt",)}
        story.ran(n, "next", made, **made_of)
    for width in (100, 60):
        lines = render(why_answer(story, "59"), width=width).splitlines()
        assert "Shortened to one screen; --format json has the rest." in lines
        assert any("has one root cause: the code of first changed" in line for line in lines)
        assert len(lines) < 50
        assert lines[-1].startswith("snakemake-observe why ")  # a command is never wrapped
        assert all(len(line) <= width for line in lines[3:-1])
