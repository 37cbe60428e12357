"""The text of `why`."""

from answers import render, why_answer
from builders import begun, stamps
from past import a_run, found, in_params, past_run
from whys import Why, made, missing
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


def test_a_change_that_only_snakemake_found_is_not_denied() -> None:
    """The journals do not hold what is in an input, but Snakemake saw that it was updated."""
    before = new_story().ran(1, "sort", missing("out.txt"), makes=("out.txt",))
    after = new_story().ran(1, "sort", "Updated input files: in.txt", makes=("out.txt",))
    last = render(why_answer(after, since=before)).splitlines()[-3]
    assert last.startswith("No other change was recorded since ")
    last = render(why_answer(before, since=before)).splitlines()[-3]
    assert last.startswith("No change was recorded since ")


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


def test_a_root_cause_is_described_as_what_the_runs_before_show_it_to_be() -> None:
    def sorting(day: int, reason: str) -> Why:
        one = a_run(day)
        one.ran(2, "sort", reason, makes=("out.txt",))
        return one.ran(1, "plot", made("out.txt"), needs=(2,), reads=("out.txt",), makes=("p.png",))

    runs = [
        sorting(2, in_params("'/tmp/7hd_2m'", "'/tmp/p0vwu5'")),
        sorting(1, in_params("'/tmp/k3x9qa'", "'/tmp/7hd_2m'")),
        sorting(0, missing("out.txt")),
    ]
    lines = render(why_answer(runs[0], reruns=found(*runs))).splitlines()
    assert [line[:86].rstrip() for line in lines[4:9]] == [
        "  a param of sort is another value in each of the last 3 runs: probably drawn anew,",
        "    not changed",
        "    '/tmp/k3x9qa' → '/tmp/7hd_2m' → '/tmp/p0vwu5'",
        "    fix: move it out of params: take a temporary folder from resources.tmpdir, or make",
        "      the name or time inside the command",
    ]
    chained = render(why_answer(runs[0], "plot", reruns=found(*runs)))
    assert "fix: move it out of params" in chained


def test_a_finding_without_a_root_cause_comes_first() -> None:
    before = a_run(0, settings={"keep_incomplete": True})
    before.planned(1, "half", missing("half.txt"), makes=("half.txt",))
    before.quick(1, 3, 3, 4, status="failed")
    now = a_run(1).ran(1, "use", missing("use.txt"), reads=("half.txt",), makes=("use.txt",))
    reruns = found(now, past_run(before, "failed"))
    for selection in (None, "half.txt"):
        text = " ".join(render(why_answer(now, selection, reruns=reruns)).split())
        assert "use read half.txt, which half left when it failed in the run of" in text
        assert "fix: make it again, and run without --keep-incomplete" in text


def test_a_job_that_was_never_described_has_snakemakes_error_for_a_reason() -> None:
    story = begun().plan(2, 3)
    story.attempt(1, stamps(selected=3, finished=4), status="cancelled")
    story.message(4, "NameError: The name 'x' is unknown", level="error", kind="error")
    text = render(why_answer(story.end(5, "failed")))
    assert "no reason recorded: Snakemake failed before it described the job" in text
    assert "Snakemake reported: NameError: The name 'x' is unknown" in text
    assert "directly" not in text
    assert text.splitlines()[-1].split("#")[0].split()[:2] == ["snakemake-observe", "jobs"]
