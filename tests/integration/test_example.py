"""The example workflow, observed and bare: the same results, and an account that adds up."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import REPO, Lab

from snakemake_logger_plugin_observe.run.model import Run

pytestmark = pytest.mark.timed

WORKFLOW = REPO / "example_workflow"
LOCAL_PHASES = {"slot_wait", "dispatch", "stage_in", "compute", "latency_wait", "postprocess"}
NODE_PHASES = LOCAL_PHASES | {
    *("submit", "queue_wait", "node_startup", "node_plan"),
    *("stage_out", "node_exit", "poll_wait"),
}


def results(lab: Lab) -> dict[str, bytes]:
    root = lab.folder / "results"
    files = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def example(lab: Lab, profile: str) -> None:
    # Relative and without the workflow's own default profile: as the Makefile does it.
    lab.snakemake(
        *("-s", str(WORKFLOW / "Snakefile"), "--profile", str(WORKFLOW / "profiles" / profile)),
        EXAMPLE_WORKFLOW=str(WORKFLOW),
    )


@pytest.fixture(scope="module")
def bare(new_lab: Callable[[str], Lab]) -> Lab:
    lab = new_lab("bare")
    lab.snakemake("-s", str(WORKFLOW / "Snakefile"), "--cores", "2")
    return lab


@pytest.fixture(scope="module")
def local(new_lab: Callable[[str], Lab]) -> Lab:
    lab = new_lab("local")
    example(lab, "local")
    return lab


@pytest.fixture(scope="module")
def cluster(new_lab: Callable[[str], Lab]) -> Lab:
    lab = new_lab("cluster")
    example(lab, "cluster-generic")
    return lab


@pytest.mark.parametrize("observed", ["local", "cluster"])
def test_outputs_are_byte_for_byte_those_of_the_bare_run(
    bare: Lab, observed: str, request: pytest.FixtureRequest
) -> None:
    assert results(request.getfixturevalue(observed)) == results(bare)


@pytest.mark.parametrize("observed", ["local", "cluster"])
def test_segments_add_up_to_the_makespan_with_under_a_percent_unattributed(
    observed: str, request: pytest.FixtureRequest
) -> None:
    lab: Lab = request.getfixturevalue(observed)
    answer = json.loads(lab.observe("cost", "--format", "json").stdout)
    makespan = answer["run"]["makespan_s"]
    assert answer["run"]["status"] == "success"
    assert sum(answer["makespan"]["by_class_s"].values()) == pytest.approx(makespan, abs=1e-5)
    assert answer["makespan"]["unattributed_s"] < makespan / 100
    ends = [segment["end"] for segment in answer["makespan"]["segments"]]
    starts = [segment["start"] for segment in answer["makespan"]["segments"]]
    assert starts[1:] == ends[:-1]
    assert (starts[0], ends[-1]) == (answer["run"]["start"], answer["run"]["end"])


def test_every_job_on_the_cluster_shows_every_phase_its_node_and_its_external_id(
    cluster: Lab,
) -> None:
    run = cluster.run()
    remote = [attempt for attempt in run.attempts.values() if run.rule_of(attempt) != "all"]
    assert len(remote) == 29
    for attempt in remote:
        assert set(attempt.phases) == NODE_PHASES
        assert attempt.external_jobid is not None
        assert attempt.node == os.uname().nodename
        assert attempt.unobserved == ()


def test_a_job_on_one_machine_has_no_queue_phase(local: Lab) -> None:
    run = local.run()
    for attempt in run.attempts.values():
        assert set(attempt.phases) <= LOCAL_PHASES | {"stage_out"}


def test_dependencies_come_from_the_dag(local: Lab) -> None:
    run = local.run()
    by_rule = rules(run)
    for job in run.jobs.values():
        upstream = {by_rule[other] for other in job.dependencies or ()}
        if job.rule == "screen":
            assert upstream == {"trim", "panel"}
        if job.rule == "verify":
            assert upstream == {"publish"}


def rules(run: Run) -> dict[int, str]:
    return {job_id: job.rule for job_id, job in run.jobs.items()}


def test_jobs_of_a_checkpoint_are_ready_when_it_has_been_evaluated(local: Lab) -> None:
    """Jobs that the checkpoint added could not be selected before it was re-evaluated."""
    run = local.run()
    (replanning,) = [phase for phase in run.phases if phase.detail == "checkpoint"]
    for attempt in run.attempts.values():
        if run.rule_of(attempt) in ("trim", "quality"):
            assert attempt.stamps.ready is not None
            assert attempt.stamps.ready >= replanning.end


def test_the_journal_has_mode_0600_and_is_the_only_file_left(local: Lab, cluster: Lab) -> None:
    for lab in (local, cluster):
        (journal,) = lab.journals
        assert stat.S_IMODE(journal.stat().st_mode) == 0o600
        assert lab.fragments() == []


def test_the_journal_records_who_ran_what(local: Lab) -> None:
    started = local.run().started
    assert started is not None
    assert (started.executor, started.wraps, started.cores) == ("timed", "local", 2)
    assert started.targets == ("all",)
    assert Path(started.workdir) == local.folder
    assert started.profiles == (str(WORKFLOW / "profiles" / "local"),)
    assert started.plugins == ("observe", "timed")
    assert started.config_digest is not None
    assert started.settings["rerun_triggers"] == [
        "code",
        "input",
        "mtime",
        "params",
        "software-env",
    ]


def test_rules_scripts_and_params_have_digests(local: Lab) -> None:
    jobs = list(local.run().jobs.values())
    trims = {job.code_digest for job in jobs if job.rule == "trim"}
    assert len(trims) == 1
    (summary,) = [job for job in jobs if job.rule == "summary"]
    assert summary.script is not None
    assert summary.code_digest not in trims
    assert all(job.params_digest is not None for job in jobs)


def test_the_summary_is_the_only_line_added_to_the_console(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a'\n    shell: 'touch a'\n")
    done = lab.snakemake("--cores", "1", "--logger", "observe", "--executor", "timed")
    (ours,) = [line for line in done.stderr.splitlines() if line.startswith("snakemake-observe")]
    (journal,) = lab.journals
    assert ours.startswith("snakemake-observe: success in ")
    assert ours.endswith(f" → {journal.relative_to(lab.folder)}")


def test_the_verify_script_and_the_tour_work_on_an_observed_run(local: Lab, tmp_path: Path) -> None:
    import subprocess

    words = [sys.executable, str(WORKFLOW / "verify.py"), str(local.folder)]
    assert subprocess.run(words, check=False).returncode == 0
    tools = Path(sys.executable).parent
    tour = tmp_path / "tour"
    words = [
        sys.executable,
        str(WORKFLOW / "tour.py"),
        "--run",
        str(local.folder),
        "--out",
        str(tour),
    ]
    words += [
        "--snakemake",
        str(tools / "snakemake"),
        "--observe",
        str(tools / "snakemake-observe"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Where the" in "".join(path.read_text() for path in tour.glob("*.txt"))
