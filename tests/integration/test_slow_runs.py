"""Detectors about time, with real runs: each compared with a fast run of the same workflow."""

import json
import os
import time
from typing import Any

import pytest
from lab import BOTH, Lab

pytestmark = pytest.mark.timed

HERE = ("--cores", "4")


def observed_run(lab: Lab, *args: str, where: tuple[str, ...] = HERE) -> str:
    """Run Snakemake with both plugins, and return the run's journal."""
    return str(lab.new_run(*BOTH, *where, *args))


def more_than(lab: Lab, before: str, seconds: float) -> str:
    """Return *seconds* and the length of a run: so much longer is another, whatever the load."""
    done = lab.observe("cost", before, "--format", "json")
    return f"{json.loads(done.stdout)['run']['makespan_s'] + seconds:.1f}"


def classes(lab: Lab, before: str, after: str) -> dict[str, dict[str, Any]]:
    """Return the findings of *after* compared with *before*, by class; check each citation."""
    done = lab.observe("triage", after, "--baseline", before, "--format", "json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    for one in (e for finding in answer["findings"] for e in finding["evidence"]):
        name, _colon, number = one["ref"].rpartition(":")
        if one["kind"] == "journal":
            with open(answer["journals"][name]) as journal:
                line = journal.readlines()[int(number) - 1]
            assert any(word.strip(":;,…'") in line for word in one["quote"].split())
    return {one["incident_class"]: one for one in answer["findings"]}


SLEEPS = """
import time
time.sleep(float(config.get("parse", 0)))
if workflow.remote_exec:
    time.sleep(float(config.get("node", 0)))

rule all:
    input: expand("out/{n}.txt", n=range(4))

rule work:
    output: "out/{n}.txt"
    log: "logs/{n}.log"
    benchmark: "benchmarks/{n}.txt"
    resources: io=1
    params: tool=config.get("tool", 0)
    shell: "sleep {params.tool}; echo {wildcards.n} > {output} 2> {log}"
"""


@pytest.fixture
def sleeps(lab: Lab) -> Lab:
    lab.snakefile(SLEEPS)
    return lab


def test_a_snakefile_with_slow_code_is_slow_planning_and_a_long_tool_is_not(
    sleeps: Lab,
) -> None:
    before = observed_run(sleeps)
    slow = observed_run(sleeps, "--forceall", "--config", f"parse={more_than(sleeps, before, 6)}")
    assert next(iter(classes(sleeps, before, slow))) == "slow_planning"
    tool = observed_run(sleeps, "--forceall", "--config", "tool=6")
    assert "slow_planning" not in classes(sleeps, before, tool)


@pytest.mark.slow
def test_planning_on_the_nodes_is_node_startup_and_a_long_tool_is_not(sleeps: Lab) -> None:
    where = sleeps.cluster()
    before = observed_run(sleeps, where=where)
    longer = more_than(sleeps, before, 6)
    slow = observed_run(sleeps, "--forceall", "--config", f"node={longer}", where=where)
    found = classes(sleeps, before, slow)
    assert next(iter(found)) == "node_startup"
    assert found["node_startup"]["check"].startswith("phase_s.node_plan <= ")
    tool = observed_run(sleeps, "--forceall", "--config", "tool=8", where=where)
    assert "node_startup" not in classes(sleeps, before, tool)


@pytest.mark.slow
def test_a_queue_that_holds_jobs_is_a_busy_cluster_and_a_long_tool_is_not(sleeps: Lab) -> None:
    before = observed_run(sleeps, where=sleeps.cluster())
    hold = more_than(sleeps, before, 8)
    queued = observed_run(sleeps, "--forceall", where=sleeps.cluster(hold=hold))
    assert next(iter(classes(sleeps, before, queued))) == "busy_cluster"
    tool = observed_run(sleeps, "--forceall", "--config", "tool=8", where=sleeps.cluster())
    assert "busy_cluster" not in classes(sleeps, before, tool)


@pytest.mark.slow
def test_a_resource_limit_that_is_too_low_leaves_slots_idle_and_busy_slots_do_not(
    sleeps: Lab,
) -> None:
    longer = more_than(sleeps, observed_run(sleeps), 5)
    words = ("--forceall", "--config", f"tool={longer}", "--resources")
    before = observed_run(sleeps, *words, "io=4")
    assert "idle_slots" in classes(sleeps, before, observed_run(sleeps, *words, "io=1"))
    more = f"tool={more_than(sleeps, before, 6)}"
    busy = observed_run(sleeps, "--forceall", "--config", more, "--resources", "io=4")
    assert "idle_slots" not in classes(sleeps, before, busy)


CHECKPOINTS = """
import time

def late(wildcards):
    time.sleep(float(config.get("each", 0)))
    for n in range(int(config["many"])):
        checkpoints.split.get(n=n)
    return []

rule all:
    input: late, expand("split/{n}", n=range(int(config["many"])))

checkpoint split:
    output: "split/{n}"
    log: "logs/split/{n}.log"
    shell: "echo {wildcards.n} > {output} 2> {log}"
"""


@pytest.mark.slow
def test_many_checkpoints_are_a_storm_and_one_is_not(lab: Lab) -> None:
    lab.snakefile(CHECKPOINTS)
    go_on = ("--forceall", "--config")
    before = observed_run(lab, *go_on, "many=6", "each=0", where=("--cores", "1"))
    each = f"each={float(more_than(lab, before, 6)) / 6:.2f}"
    slow = observed_run(lab, *go_on, "many=6", each, where=("--cores", "1"))
    assert next(iter(classes(lab, before, slow))) == "checkpoint_storm"
    one = observed_run(lab, *go_on, "many=1", "each=3", where=("--cores", "1"))
    assert "checkpoint_storm" not in classes(lab, before, one)


MANY = """
rule all:
    input: expand("out/{n}.txt", n=range(14))

rule work:
    input: "table.tsv"
    output: "out/{n}.txt"
    log: "logs/{n}.log"
    shell: "cp {input} {output} 2> {log}"
"""


def test_reruns_after_touching_one_file_are_a_surprise_and_forced_ones_are_not(
    lab: Lab,
) -> None:
    lab.snakefile(MANY)
    table = lab.folder / "table.tsv"
    table.write_text("a\n")
    first = observed_run(lab)
    (lab.folder / "out" / "1.txt").unlink()
    before = observed_run(lab)
    assert "surprise_reruns" not in classes(lab, before, first)
    time.sleep(0.1)
    table.write_text("b\n")
    os.utime(table)
    found = classes(lab, before, observed_run(lab))
    assert "table.tsv" in found["surprise_reruns"]["claim"]
    assert "surprise_reruns" not in classes(lab, before, observed_run(lab, "--forceall"))


@pytest.mark.slow
def test_an_input_visible_late_on_the_node_is_slow_metadata_and_a_long_tool_is_not(
    lab: Lab,
) -> None:
    lab.snakefile("""
        rule all:
            input: "out.txt"

        rule work:
            input: "in.txt"
            output: "out.txt"
            log: "work.log"
            params: tool=config.get("tool", 0)
            shell: "sleep {params.tool}; cp {input} {output} 2> {log}"
    """)
    (lab.folder / "in.txt").write_text("a\n")
    words = ("--forceall", "--latency-wait", "120")
    before = observed_run(lab, *words, where=lab.cluster())
    script = lab.folder / "submit.sh"
    where = lab.cluster(hide="in.txt")
    script.write_text(script.read_text().replace("sleep 1.5", f"sleep {more_than(lab, before, 6)}"))
    assert (
        next(iter(classes(lab, before, observed_run(lab, *words, where=where)))) == "slow_metadata"
    )
    tool = observed_run(lab, *words, "--config", "tool=8", where=lab.cluster())
    assert "slow_metadata" not in classes(lab, before, tool)
