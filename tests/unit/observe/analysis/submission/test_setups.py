"""Setups that cannot go well are seen in the settings alone, and others are not."""

from typing import Any

import pytest
from builders import begun

from snakemake_logger_plugin_observe.analysis.submission.settings import (
    SubmissionSettings,
    log_folders,
    of_job,
    settings_of,
)
from snakemake_logger_plugin_observe.analysis.submission.setups import setups

SBATCH = "sbatch --parsable -p main"
FINE = {
    "executor": "cluster-generic",
    "submit_command": SBATCH,
    "status_command": "./status.sh",
    "jobs": 5,
}


def names(counts: dict[str, int] | None = None, **settings: Any) -> list[str]:
    return [one.name for one in setups(SubmissionSettings(**{**FINE, **settings}), counts)]


def test_nothing_is_wrong_with_a_usual_setup() -> None:
    assert names() == []
    assert names(submit_command="./submit.py", jobs=1) == []
    assert names(executor="slurm", submit_command=None, status_command=None) == []
    assert names(executor="local", submit_command=None, status_command=None, jobs=None) == []


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("no_status_command", {"status_command": None}),
        ("log_folder", {"submit_command": f"{SBATCH} -o cluster_logs/{{rule}}/%j.out"}),
        ("log_folder", {"submit_command": f"{SBATCH} --error=logs/%j.err"}),
        ("not_parsable", {"submit_command": "/usr/bin/sbatch -p main"}),
        ("memory_twice", {"executor": "slurm", "default_resources": {"mem_mb_per_cpu": "500"}}),
        ("array_over_jobs", {"executor": "slurm", "array_rules": {"all"}, "jobs": 1}),
        ("own_jobscript", {"jobscript": "job.sh"}),
    ],
)
def test_a_setup_that_cannot_go_well_is_found(name: str, settings: dict[str, Any]) -> None:
    assert names(**settings) == [name]


@pytest.mark.parametrize(
    ("array_rules", "jobs", "found"),
    [
        ({"all"}, 5, ["array_over_jobs"]),
        ({"map"}, 5, ["array_over_jobs"]),
        ({"map"}, 6, []),
        ({"other"}, 5, []),
        ({"all"}, None, []),
    ],
)
def test_array_mode_needs_all_jobs_of_a_rule_at_once(
    array_rules: set[str], jobs: int | None, found: list[str]
) -> None:
    counts = {"map": 6, "other": 2}
    assert names(counts, executor="slurm", array_rules=array_rules, jobs=jobs) == found


def test_the_folder_and_what_to_raise_are_named() -> None:
    (log,) = setups(SubmissionSettings(**{**FINE, "submit_command": "sbatch --parsable -o a/%j"}))
    assert log.folders == ("a",)
    settings = {"executor": "slurm", "array_rules": frozenset({"all"})}
    (array,) = setups(SubmissionSettings(**{**FINE, **settings}), {"map": 6})
    assert array.problem == (
        "array mode submits nothing until all 6 jobs of map are selected, and --jobs 5 lets "
        "Snakemake select fewer: they are never submitted"
    )
    assert array.fix == "raise --jobs to 6 or more, or leave out --slurm-array-jobs"


def test_settings_are_those_of_the_journal() -> None:
    settings = {
        "submit_cmd": SBATCH,
        "status_cmd": "./status.sh",
        "array_jobs": "map; fold",
        "default_resources": {"mem_mb": "5"},
        "jobscript": None,
    }
    run = begun(wraps="cluster-generic", settings=settings, jobs=5).run
    assert run.started is not None
    assert settings_of(run.started) == SubmissionSettings(
        *("cluster-generic", SBATCH, "./status.sh", frozenset({"map", "fold"}), 5, {"mem_mb": "5"})
    )


def test_of_an_older_journal_the_command_line_is_read() -> None:
    command = ("snakemake", "--cluster-generic-submit-cmd", SBATCH)
    command += ("--cluster-generic-status-cmd=./status.sh",)
    run = begun(wraps="cluster-generic", command=command).run
    assert run.started is not None
    found = settings_of(run.started)
    assert (found.submit_command, found.status_command) == (SBATCH, "./status.sh")


def test_a_submit_command_is_given_the_values_of_a_job() -> None:
    job = begun().job(7, wildcards={"s": "a"}, resources={"mem_mb": 300}, threads=2).run.jobs[7]
    command = "sbatch --mem {resources.mem_mb} -c {threads} -o logs/{rule}/{wildcards.s}.%j {other}"
    assert of_job(command, job) == "sbatch --mem 300 -c 2 -o logs/map/a.%j {other}"
    assert log_folders(of_job(command, job)) == ("logs/map",)
