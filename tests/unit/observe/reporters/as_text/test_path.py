"""The text of `path`."""

from answers import PATH, chain_of_forty, on_slurm, path, path_explained, render, shape, source
from builders import (
    begun,
    chain,
    grouped,
    killed,
    replanned,
    retried,
)

from snakemake_logger_plugin_observe.analysis.path.paths import paths
from snakemake_logger_plugin_observe.reporters.answers import (
    PathAnswer,
    Source,
)


def test_the_path_of_a_run_of_any_length_fits_a_screen() -> None:
    text = render(path(chain_of_forty().run), width=100)
    assert len(text.splitlines()) <= 55
    assert "… 69 more stretches" in text


def test_savings_of_a_large_run_need_the_option_that_the_text_names() -> None:
    run = on_slurm().run
    answer = PathAnswer(source(run), paths(run), None)
    assert shape(answer)["savings"] is None
    assert "not simulated by default; add --savings" in render(answer)


def test_what_to_fix_first_is_the_change_that_would_save_most() -> None:
    text = " ".join(render(path(on_slurm().run)).split())
    advice = (
        "What to fix first: add --timed-wake on (jobs had ended, and waited for the next status check; "
        "checks then follow each end, and the scheduler is asked less often than at a short interval), "
        "to save "
    )
    assert advice in text


def test_every_segment_of_the_path_starts_and_ends_at_a_stamp_in_the_journal() -> None:
    for story in (chain(), grouped(), retried(), replanned(), on_slurm()):
        for one in path_explained(story).explained or ():
            assert one.begin, one
            assert one.end, one


def test_circular_dependencies_and_a_cut_journal_are_reported() -> None:
    story = begun().job(1, needs=(2,)).job(2, needs=(1,)).quick(1, 3, 3, 5).quick(2, 3, 5, 8)
    assert "jobs 1, 2 depend on each other in a cycle" in render(path(story.end(9).run))
    cut = PathAnswer(Source(PATH, killed().run, "killed"), paths(killed().run))
    assert "A run without an end has no path to it." in " ".join(render(cut).split())


def test_of_the_tools_one_rule_is_named() -> None:
    text = render(path(chain().run))
    advice = next(line for line in text.splitlines() if line.startswith("What to fix first"))
    assert advice.startswith(
        "What to fix first: speed up the tools, starting with map (twice as fast), to save 8.00 s"
    )
    assert "compute (" not in advice


def test_the_path_of_a_run_that_goes_on_is_the_path_so_far() -> None:
    run = killed().run
    text = " ".join(render(PathAnswer(Source(PATH, run, "running"), paths(run))).split())
    assert "What to fix first, as far as the run has got: " in text
    assert "= time so far" in text
    assert "makespan" not in text
    assert "! the run goes on: both paths end after the 20.0 s so far" in text


def test_slots_that_idle_because_of_another_limit_are_said_to() -> None:
    story = begun(wraps="local", cores=4, resources={"mem_mb": 8000})
    for number, begin in ((1, 3), (2, 10)):
        story.job(number, threads=1, resources={"mem_mb": 6000}).quick(number, 3, begin, begin + 7)
    text = " ".join(render(path(story.end(17).run)).split())
    assert (
        "Slots: --cores 4; at least half were idle while jobs were kept back by mem_mb for 7.00 s"
        in text
    )
