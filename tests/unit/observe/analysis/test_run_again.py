"""The command of a run that makes some outputs again."""

import pytest
from builders import begun

from snakemake_logger_plugin_observe.analysis.run_again import make_again

RAN = ("/usr/bin/snakemake", "-c2", "all")


def lines(command: tuple[str, ...], jobs: int = 1, output: str = "out") -> list[str | None]:
    """Return the commands for the jobs of a run that was started by *command*."""
    story = begun(command=command)
    for job_id in range(jobs):
        story.job(job_id, rule="map", output=(f"{output}{job_id}",))
    return [one.line for one in make_again(story.run, list(story.run.jobs.values()))]


def test_it_is_the_runs_own_command_with_the_outputs_behind_it() -> None:
    assert lines(RAN, 2) == ["snakemake -c2 all --forcerun out0 out1"]


def test_outputs_are_relative_to_the_working_directory() -> None:
    assert lines(RAN, output="/work/out") == ["snakemake -c2 all --forcerun out0"]


def test_many_jobs_are_named_by_their_rule() -> None:
    assert lines(RAN, 4) == ["snakemake -c2 all --forcerun map"]


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("python", "run.py"),
        ("snakemake", "-R", "x"),
        ("snakemake", "--forcerun=x"),
        ("snakemake", "-c1", "--", "all"),
        ("snakemake", "--config", "token=***"),
    ],
)
def test_there_is_none_where_it_would_be_another_run(command: tuple[str, ...]) -> None:
    assert lines(command) == []


def test_an_output_that_looks_like_a_flag_is_not_named() -> None:
    assert lines(RAN, output="--all") == []
