"""A run in one line: what failed and how far it got, in plain words and without advice."""

from answers import PATH, cost_of
from builders import Story, begun
from failing import fails

from snakemake_logger_plugin_observe.reporters.answers import Source
from snakemake_logger_plugin_observe.reporters.subject import LONGEST, subject


def line_of(story: Story, status: str) -> str:
    return subject(cost_of(Source(PATH, story.run, status)))


def failing(*lines: str, jobs: int = 1) -> Story:
    """Return a run of 25 jobs, of which some failed, each in another way."""
    story = begun().planned(3, {"map": 25})
    for job_id in range(1, jobs + 1):
        story.job(job_id, wildcards={"s": str(job_id)})
        fails(story, job_id, *lines, code=job_id + 2, start_s=3 * job_id)
    return story


def test_a_failed_run_has_what_failed_and_how_far_it_got() -> None:
    story = failing("Error: no such gene").end(13, "failed")
    assert line_of(story, "failed") == (
        "Snakemake failed: map s=1: exit code 3: Error: no such gene; "
        "0 of 25 jobs done, 1 failed, 24 not reached"
    )


def test_a_run_that_goes_on_after_a_failure_says_both() -> None:
    assert line_of(failing("Error: no such gene"), "running") == (
        "Snakemake failed, still running: map s=1: exit code 3: Error: no such gene; "
        "0 of 25 jobs done, 1 failed, 24 waiting"
    )


def test_a_run_without_a_failure_has_its_state_in_plain_words() -> None:
    going = begun().planned(3, {"map": 2}).job(1).quick(1, 3, 3, 5)
    assert line_of(going, "running") == "Snakemake is running: 1 of 2 jobs done, 1 waiting"
    assert line_of(going, "killed").endswith(" at least: 1 of 2 jobs done, 1 not started")
    ended = begun().planned(3, {"map": 1}).job(1).quick(1, 3, 3, 5).end(9)
    assert line_of(ended, "success").startswith("Snakemake success: 1 of 1 job done, in ")
    nothing = begun().planned(3, {}).end(4, "nothing_to_do")
    assert line_of(nothing, "nothing_to_do") == (
        "Snakemake had nothing to do: everything was up to date"
    )


def test_what_is_too_long_is_cut_after_a_word_and_how_far_it_got_stays() -> None:
    line = line_of(failing("Error: " + "nucleotide " * 40).end(13, "failed"), "failed")
    assert len(line) <= LONGEST
    assert line.endswith(" nucleotide…; 0 of 25 jobs done, 1 failed, 24 not reached")


def test_what_failed_otherwise_is_left_out_whole() -> None:
    line = line_of(failing("Error: " + "base " * 15, jobs=2).end(13, "failed"), "failed")
    assert line.endswith(" base; 0 of 25 jobs done, 2 failed, 23 not reached")
    assert "otherwise" not in line


def test_a_log_cannot_break_the_line() -> None:
    line = line_of(failing("Error:\x1b[31m red\x07").end(13, "failed"), "failed")
    assert line.isprintable()
