"""Injected delays are measured in their own phase, and in the makespan's class, within 0.3 s."""

import json
from collections.abc import Callable
from importlib.metadata import version

import pytest
from lab import BOTH, Lab, attempts_of, phases_s
from packaging.version import parse as parse_version

from snakemake_logger_plugin_observe.analysis.cost.account import Account, account
from snakemake_logger_plugin_observe.analysis.cost.partition import partition
from snakemake_logger_plugin_observe.analysis.cost.releases import Release
from snakemake_logger_plugin_observe.analysis.path.critical import critical_path
from snakemake_logger_plugin_observe.analysis.whatif import build_model, simulate
from snakemake_logger_plugin_observe.analysis.whatif.savings import savings
from snakemake_logger_plugin_observe.run.model import Run

pytestmark = pytest.mark.timed

WITHIN_S = 0.3
# Before 9.20 or so, a nested Snakemake that has to wait for its inputs fails instead.
NODE_CAN_WAIT = parse_version(version("snakemake")) >= parse_version("9.20")

CLUSTER = """
    rule all:
        input: "out.txt"

    rule queued:
        output: "queued.txt"
        resources: hold=4, delay=0, hide="-"
        shell: "touch {output}"

    rule slow_tool:
        input: "queued.txt"
        output: "tool.txt"
        resources: hold=0, delay=0, hide="-"
        shell: "sleep 2; touch {output}"

    rule slow_submit:
        input: "tool.txt"
        output: "submit.txt"
        resources: hold=0, delay=2, hide="-"
        shell: "touch {output}"

    rule slow_input:
        input: "submit.txt"
        output: "input.txt"
        resources: hold=0, delay=0, hide=HIDE
        shell: "touch {output}"

    rule slow_output:
        input: "input.txt"
        output: "out.txt"
        resources: hold=0, delay=0, hide="-"
        shell: "(sleep 1.5; touch {output}) > /dev/null 2>&1 < /dev/null &"
"""

LOCAL = """
    import os, subprocess
    from pathlib import Path

    def hidden(path):
        # Resources are asked for just before the job is prepared: from then on the file is
        # gone for 1.5 s, and Snakemake checks again every second.
        def hide(wildcards):
            if Path(path).exists() and not Path(path + ".was").exists():
                Path(path + ".was").touch()
                os.rename(path, path + ".hidden")
                subprocess.Popen(["sh", "-c", f"sleep 1.5; mv {path}.hidden {path}"])
            return 1
        return hide

    rule all:
        input: "out.txt"

    rule slow_tool:
        output: "tool.txt"
        shell: "sleep 2; touch {output}"

    rule slow_input:
        input: "tool.txt"
        output: "input.txt"
        resources: hidden=hidden("tool.txt")
        shell: "touch {output}"

    rule slow_output:
        input: "input.txt"
        output: "out.txt"
        shell: "(sleep 1.5; touch {output}) > /dev/null 2>&1 < /dev/null &"
"""

SIX_SLEEPS = """
    rule all:
        input: expand("{n}.txt", n=range(6))

    rule sleep:
        output: "{n}.txt"
        shell: "sleep 2; touch {output}"
"""


@pytest.fixture(scope="module")
def cluster(new_lab: Callable[[str], Lab]) -> Run:
    lab = new_lab("truth-cluster")
    lab.snakefile(CLUSTER.replace("HIDE", '"submit.txt"' if NODE_CAN_WAIT else '"-"'))
    flags = lab.cluster("{resources.hold}", "{resources.delay}", "{resources.hide}")
    lab.snakemake(*BOTH, *flags, "--latency-wait", "10")
    return lab.run()


@pytest.fixture(scope="module")
def local(new_lab: Callable[[str], Lab]) -> Run:
    lab = new_lab("truth-local")
    lab.snakefile(LOCAL)
    lab.snakemake(*BOTH, "--cores", "1", "--latency-wait", "10")
    return lab.run()


def the(run: Run, rule: str, phase: str) -> float:
    (attempt,) = attempts_of(run, rule)
    return phases_s(attempt).get(phase, 0.0)


def about(seconds: float) -> object:
    return pytest.approx(seconds, abs=WITHIN_S)


@pytest.mark.parametrize(
    ("rule", "phase", "seconds"),
    [
        ("queued", "queue_wait", 4),
        ("slow_tool", "compute", 2),
        ("slow_submit", "submit", 2),
        pytest.param(
            *("slow_input", "stage_in", 2),
            marks=pytest.mark.skipif(not NODE_CAN_WAIT, reason="this Snakemake fails instead"),
        ),
        ("slow_output", "stage_out", 2),
    ],
)
def test_a_delay_on_the_cluster_is_in_its_phase(
    cluster: Run, rule: str, phase: str, seconds: float
) -> None:
    assert the(cluster, rule, phase) == about(seconds)


def test_delays_on_the_cluster_are_in_their_class_of_the_makespan(cluster: Run) -> None:
    found = account(cluster)
    by_phase = found.makespan_by_phase
    assert by_phase["queue_wait"] / 1e6 == about(4)
    assert by_phase["compute"] / 1e6 == about(2)
    assert by_phase["submit"] / 1e6 == about(2)
    assert found.makespan_by_class["staging"] / 1e6 == about(4 if NODE_CAN_WAIT else 2)
    assert_adds_up(found)


@pytest.mark.parametrize(
    ("rule", "phase", "seconds"),
    [
        ("slow_tool", "compute", 2),
        pytest.param(
            *("slow_input", "stage_in", 2),
            marks=pytest.mark.skipif(not NODE_CAN_WAIT, reason="this Snakemake fails instead"),
        ),
        ("slow_output", "latency_wait", 2),
    ],
)
def test_a_delay_on_one_machine_is_in_its_phase(
    local: Run, rule: str, phase: str, seconds: float
) -> None:
    assert the(local, rule, phase) == about(seconds)


def test_delays_on_one_machine_are_in_their_class_of_the_makespan(local: Run) -> None:
    found = account(local)
    assert found.makespan_by_class["compute"] / 1e6 == about(2)
    assert found.makespan_by_class["staging"] / 1e6 == about(4)
    assert_adds_up(found)


def saved_s(run: Run) -> dict[tuple[str, str], float]:
    segments = partition(run)
    found = savings(build_model(run, segments), segments)
    return {(one.kind, one.name): one.saving / 1e6 for one in found}


@pytest.mark.parametrize(
    ("kind", "name", "seconds"),
    [("phase", "queue_wait", 4), ("phase", "compute", 2), ("phase", "submit", 2)],
)
def test_simulating_without_a_delay_saves_its_length(
    cluster: Run, kind: str, name: str, seconds: float
) -> None:
    assert saved_s(cluster)[(kind, name)] == about(seconds)


def test_simulating_real_runs_unchanged_gives_their_makespan(cluster: Run, local: Run) -> None:
    for run in (cluster, local):
        model = build_model(run)
        assert simulate(model).makespan(model) == pytest.approx(run.makespan, rel=0.01)


@pytest.mark.slow
def test_a_second_real_run_takes_as_long_as_was_predicted(new_lab: Callable[[str], Lab]) -> None:
    first, second = new_lab("one-core"), new_lab("two-cores")
    for lab, cores in ((first, "1"), (second, "2")):
        lab.snakefile(SIX_SLEEPS)
        lab.snakemake(*BOTH, "--cores", cores)
    answer = json.loads(first.observe("whatif", "--cores", "2", "--format", "json").stdout)
    (prediction,) = answer["predictions"]
    measured_s = second.run().makespan / 1e6
    # On a busy machine each start of Snakemake takes its own time; the benchmark measures how close.
    assert prediction["predicted_s"] == pytest.approx(measured_s, abs=2.5)
    assert prediction["predicted_s"] < 0.7 * answer["measured_s"]


ON_THE_CLUSTER = [
    ("queued", "queue_wait", 4),
    ("slow_tool", "compute", 2),
    ("slow_submit", "submit", 2),
    *([("slow_input", "stage_in", 2)] if NODE_CAN_WAIT else []),
    ("slow_output", "stage_out", 2),
]


@pytest.mark.parametrize(("rule", "phase", "seconds"), ON_THE_CLUSTER)
def test_a_delay_on_the_cluster_is_on_the_actual_path(
    cluster: Run, rule: str, phase: str, seconds: float
) -> None:
    assert on_path(cluster, rule, phase) == about(seconds)


@pytest.mark.parametrize(
    ("rule", "phase", "seconds"),
    [("slow_tool", "compute", 2), ("slow_output", "latency_wait", 2)],
)
def test_a_delay_on_one_machine_is_on_the_actual_path(
    local: Run, rule: str, phase: str, seconds: float
) -> None:
    assert on_path(local, rule, phase) == about(seconds)


def test_the_critical_path_has_the_slow_tools_and_none_of_the_waiting(
    cluster: Run, local: Run
) -> None:
    for run in (cluster, local):
        found = critical_path(run)
        assert (found.cycles, found.unknown) == ((), ())
        assert 2 <= found.length / 1e6 <= 2 + 5 * WITHIN_S


def on_path(run: Run, rule: str, phase: str) -> float:
    own = [one for one in partition(run) if (one.rule, one.phase) == (rule, phase)]
    return sum(one.end - one.start for one in own) / 1e6


def test_a_slow_snakefile_is_parsing_here_and_planning_again_on_the_node(lab: Lab) -> None:
    lab.snakefile("""
        import time
        time.sleep(2)
        rule all:
            output: "out.txt"
            shell: "touch {output}"
    """)
    lab.snakemake(*BOTH, *lab.cluster())
    run = lab.run()
    found = account(run)
    assert found.makespan_by_phase["parse"] / 1e6 == about(2.1)
    (attempt,) = attempts_of(run, "all")
    assert 2 <= phases_s(attempt)["node_plan"] <= 2 + 2 * WITHIN_S
    assert_adds_up(found)


def test_a_job_planned_before_the_checkpoint_waits_for_it_and_not_for_a_slot(
    lab: Lab,
) -> None:
    lab.snakefile("""
        rule all:
            input: "out.txt"

        checkpoint listed:
            output: "list.txt"
            shell: "sleep 2; touch {output}"

        def known(wildcards):
            checkpoints.listed.get()
            return "Snakefile"

        rule each:
            input: known
            output: "out.txt"
            shell: "sleep 1; touch {output}"
    """)
    lab.snakemake(*BOTH, "--cores", "4")
    run = lab.run()
    (listed,), (each,) = attempts_of(run, "listed"), attempts_of(run, "each")
    assert the(run, "each", "slot_wait") == about(0)
    (release,) = [
        one.released_by for one in partition(run) if one.rule == "each" and one.released_by
    ]
    assert release in [
        Release(because, listed.job_id, None, 1) for because in ("replanning", "dependency")
    ]
    found = critical_path(run)
    assert [one.job_id for one in found.chain][:2] == [listed.job_id, each.job_id]
    assert found.length / 1e6 == about(3)


def assert_adds_up(found: Account) -> None:
    assert sum(found.makespan_by_class.values()) == found.makespan
    assert found.unattributed < found.makespan / 100
