"""The cluster itself fails; run.py runs these by themselves, for others would suffer with them."""

import time

from cluster import Cluster
from lab import attempts_of, phases_s
from slurm_lab import ONE_JOB, PATIENCE_S, SlurmLab, began, state

from snakemake_logger_plugin_observe.run.unobserved import NODE_CUT_OFF


def test_a_job_on_a_node_that_went_down_is_cut_off(lab: SlurmLab, cluster: Cluster) -> None:
    lab.snakefile(
        ONE_JOB.replace("rule all:\n", 'rule all:\n        resources: slurm_extra="-w n4"\n')
    )
    running = lab.begin("--slurm-no-requeue")
    job, node = began(lab)
    assert node == "n4"
    cluster.node(node).down()
    try:
        assert running.wait(PATIENCE_S) == 1
    finally:
        cluster.node(node).resume()
    run = lab.run()
    (attempt,) = attempts_of(run, "all")
    assert (attempt.status, attempt.external_jobid, state(attempt)) == ("failed", job, "NODE_FAIL")
    assert NODE_CUT_OFF in attempt.unobserved
    assert "NODE_FAIL" in (attempt.message or "")
    (name, incident), *_ = lab.incidents().items()
    assert (name, incident["strength"]) == ("job_lost", "certain")
    assert f"on n4 (cluster job {job}): NODE_FAIL" in incident["claim"]


def test_a_controller_outage_of_20_s_stops_nothing(lab: SlurmLab, cluster: Cluster) -> None:
    lab.snakefile(ONE_JOB)
    running = lab.begin()
    began(lab)
    cluster.stop_controller()
    time.sleep(20)
    cluster.start_controller()
    assert running.wait(PATIENCE_S) == 0
    run = lab.run()
    (attempt,) = attempts_of(run, "all")
    assert attempt.status == "success"
    assert phases_s(attempt)["compute"] >= 12
