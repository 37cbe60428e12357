"""Every shape of submission, on one machine and through a submit command."""

from collections.abc import Callable

import pytest
from lab import BOTH, Lab, attempts_of, phases_s

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.run.attempt import Attempt
from snakemake_logger_plugin_observe.run.model import Run
from snakemake_logger_plugin_observe.run.unobserved import STILL_RUNNING

pytestmark = pytest.mark.timed

SHAPES = """
    rule all:
        input: "gathered.txt", "piped.txt", "local.txt", "ran.txt"

    localrules: all, local

    checkpoint discover:
        output: directory("found")
        shell: "mkdir -p {output}; for i in 1 2; do echo $i > {output}/$i.txt; done"

    rule first:
        input: "found/{i}.txt"
        output: "first/{i}.txt"
        group: "pair"
        shell: "sleep 0.5; cp {input} {output}"

    rule second:
        input: "first/{i}.txt"
        output: "second/{i}.txt"
        group: "pair"
        shell: "sleep 0.7; cp {input} {output}"

    def gathered(wildcards):
        folder = checkpoints.discover.get().output[0]
        return expand("second/{i}.txt", i=glob_wildcards(folder + "/{i}.txt").i)

    rule gather:
        input: gathered
        output: "gathered.txt"
        shell: "cat {input} > {output}"

    rule produce:
        output: pipe("stream")
        shell: "sleep 0.5; echo hi > {output}"

    rule consume:
        input: "stream"
        output: "piped.txt"
        shell: "cat {input} > {output}"

    rule local:
        output: "local.txt"
        shell: "sleep 0.4; touch {output}"

    rule in_python:
        output: "ran.txt"
        run:
            import time
            time.sleep(0.6)
            open(output[0], "w").close()
"""

FAILURES = """
    rule all:
        input: "exit.txt", "flaky.txt", "gone.txt", "killed.txt", "python.txt", "inner.txt"

    rule exits:
        output: "exit.txt"
        shell: "exit 7"

    rule flaky:
        output: "flaky.txt"
        resources: nth=lambda wildcards, attempt: attempt
        shell: "if [ {resources.nth} = 1 ]; then exit 3; fi; touch {output}"

    rule forgets:
        output: "gone.txt"
        shell: "true"

    rule killed:
        output: "killed.txt"
        shell: "kill -9 $$"

    rule python:
        output: "python.txt"
        run:
            raise ValueError("no such thing")

    rule inner:
        output: "inner.txt"
        retries: 2
        shell: "exit 5"
"""


@pytest.fixture(scope="module")
def on_nodes(new_lab: Callable[[str], Lab]) -> Run:
    lab = new_lab("shapes-cluster")
    lab.snakefile(SHAPES)
    lab.snakemake(*BOTH, *lab.cluster())
    return lab.run()


@pytest.fixture(scope="module")
def here(new_lab: Callable[[str], Lab]) -> Run:
    lab = new_lab("shapes-local")
    lab.snakefile(SHAPES)
    lab.snakemake(*BOTH, "--cores", "3")
    return lab.run()


@pytest.fixture(scope="module")
def failed_here(new_lab: Callable[[str], Lab]) -> Lab:
    lab = new_lab("failures-local")
    lab.snakefile(FAILURES)
    flags = ("--cores", "3", "--keep-going", "--retries", "1", "--latency-wait", "1")
    lab.snakemake(*BOTH, *flags, check=False)
    return lab


@pytest.fixture(scope="module")
def failed_on_nodes(new_lab: Callable[[str], Lab]) -> Lab:
    lab = new_lab("failures-cluster")
    lab.snakefile(FAILURES)
    flags = ("--keep-going", "--retries", "1", "--latency-wait", "1")
    lab.snakemake(*BOTH, *lab.cluster(), *flags, check=False)
    return lab


def submissions(run: Run, name: str) -> list[Attempt]:
    groups = [group.group for group in run.groups.values() if group.name == name]
    return [a for a in run.attempts.values() if a.job_id is None and a.group in groups]


@pytest.mark.parametrize("where", ["here", "on_nodes"])
def test_every_second_of_every_shape_has_an_owner(
    where: str, request: pytest.FixtureRequest
) -> None:
    run: Run = request.getfixturevalue(where)
    found = account(run)
    assert sum(found.makespan_by_class.values()) == found.makespan
    assert found.unattributed < found.makespan / 100
    assert found.makespan_by_class["unobserved"] == 0
    assert run.status() == "success"


def test_a_group_owns_its_submission_once_and_members_own_their_tools(on_nodes: Run) -> None:
    groups = submissions(on_nodes, "pair")
    assert len(groups) == 2
    for group in groups:
        phases = phases_s(group)
        assert "compute" not in phases
        assert {"queue_wait", "node_startup", "node_plan", "poll_wait"} <= set(phases)
        members = [on_nodes.attempts[(m, 1)] for m in on_nodes.members(group.group or "")]
        assert len(members) == 2
        for member in members:
            assert set(phases_s(member)) <= {"stage_in", "compute", "stage_out"}
            assert member.external_jobid == group.external_jobid
        first, second = sorted(phases_s(member)["compute"] for member in members)
        assert first == pytest.approx(0.5, abs=0.3)
        assert second == pytest.approx(0.7, abs=0.3)


def test_a_groups_members_are_ready_after_the_checkpoint(on_nodes: Run) -> None:
    (replanning,) = [phase for phase in on_nodes.phases if phase.detail == "checkpoint"]
    for group in submissions(on_nodes, "pair"):
        assert group.stamps.ready is not None
        assert group.stamps.ready >= replanning.end


@pytest.mark.parametrize("where", ["here", "on_nodes"])
def test_both_sides_of_a_pipe_run_in_parallel(where: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(where)
    for rule in ("produce", "consume"):
        (member,) = attempts_of(run, rule)
        assert member.status == "success"
        assert phases_s(member)["compute"] == pytest.approx(0.5, abs=0.3)


def test_a_local_rule_of_a_cluster_run_is_timed_in_the_main_process(on_nodes: Run) -> None:
    (local,) = attempts_of(on_nodes, "local")
    assert local.external_jobid is None
    assert phases_s(local)["compute"] == pytest.approx(0.4, abs=0.3)
    assert "queue_wait" not in local.phases


def test_a_run_directive_is_timed_inside_the_process_spawned_for_it(here: Run) -> None:
    (python,) = attempts_of(here, "in_python")
    phases = phases_s(python)
    assert phases["compute"] == pytest.approx(0.6, abs=0.3)
    assert phases["node_startup"] > 0.1
    assert phases["node_plan"] > 0


def test_attempts_and_executions_are_distinguished(failed_here: Lab, failed_on_nodes: Lab) -> None:
    for lab in (failed_here, failed_on_nodes):
        run = lab.run()
        flaky = attempts_of(run, "flaky")
        assert [(a.number, a.status, a.exit_code) for a in flaky] == [
            (1, "failed", 3),
            (2, "success", None),
        ]
    inner = attempts_of(failed_on_nodes.run(), "inner")
    assert [[one.number for one in a.executions] for a in inner] == [[1, 2, 3], [1, 2], [1]]
    assert {one.exit_code for a in inner for one in a.executions} == {5}


@pytest.mark.parametrize("where", ["failed_here", "failed_on_nodes"])
def test_a_failure_has_its_exit_code_or_signal_or_missing_file(
    where: str, request: pytest.FixtureRequest
) -> None:
    lab: Lab = request.getfixturevalue(where)
    run = lab.run()
    assert run.status() == "failed"
    last = {rule: attempts_of(run, rule)[-1] for rule in ("exits", "forgets", "killed", "python")}
    assert {a.status for a in last.values()} == {"failed"}
    assert last["exits"].exit_code == 7
    assert last["killed"].signal == 9
    assert "no such thing" in (last["python"].message or "")
    assert "missing" in (last["forgets"].message or "")
    assert "gone.txt" in (last["forgets"].message or "")


def test_failures_are_listed_with_their_causes(failed_on_nodes: Lab) -> None:
    answer = failed_on_nodes.observe("jobs", "--failed").stdout
    assert "exit code 7" in answer
    assert "signal 9" in answer
    assert "its tool ran 6 times in 3 attempts (3, 2, 1)" in " ".join(answer.split())


def test_a_refused_submission_is_recorded(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    (lab.folder / "refuse.sh").write_text("echo no account >&2; exit 9\n")
    flags = ("--jobs", "1", "--timed-wraps", "cluster-generic", "--cluster-generic-submit-cmd")
    lab.snakemake(*BOTH, *flags, "sh refuse.sh", check=False)
    (attempt,) = attempts_of(lab.run(), "all")
    assert attempt.status == "failed"
    assert "Error submitting jobscript (exit code 9)" in (attempt.message or "")
    assert set(attempt.phases) == {"slot_wait", "dispatch", "submit", "postprocess"}


def test_without_node_stamps_the_node_is_one_unobserved_segment(lab: Lab) -> None:
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch a.txt'\n")
    lab.snakemake(*BOTH, *lab.cluster(), "--timed-node-stamps", "off")
    run = lab.run()
    (attempt,) = attempts_of(run, "all")
    assert "unobserved" in attempt.phases
    assert not {"queue_wait", "compute", "poll_wait"} & set(attempt.phases)
    assert attempt.unobserved == ("no timing from the node yet",)
    reasons = [message.text for message in run.messages if message.kind == "unobserved"]
    assert reasons == ["node phases are not observed: --timed-node-stamps off"]
    assert lab.fragments() == []


SERVICE = """
    rule all:
        input: "used.txt"
    rule serve:
        output: service("socket")
        shell: "touch {output}; sleep 60"
    rule use:
        input: "socket"
        output: "used.txt"
        shell: "sleep 0.3; touch {output}"
"""


def test_a_service_ended_by_snakemake_did_not_fail(lab: Lab) -> None:
    """Snakemake ends a service by a signal once its consumers are done; the run succeeds."""
    lab.snakefile(SERVICE)
    lab.snakemake(*BOTH, "--cores", "2")
    run = lab.run()
    assert run.status() == "success"
    assert {attempt.status for attempt in run.attempts.values()} == {"success"}
    assert {attempt.message for attempt in run.attempts.values()} == {None}


def test_what_snakemake_accepts_in_a_rule_is_in_the_journal(lab: Lab) -> None:
    """A priority may be a fraction; in a dry run, a function's value may not be known yet."""
    lab.snakefile("""
        rule all:
            input: "b.txt"
        rule a:
            output: "a.txt"
            priority: 1.5
            threads: 1.0
            resources: gpu=0, label="big", mem_mb=lambda wildcards, attempt: 10 * attempt
            shell: "echo 3 > {output}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            resources: mem_mb=lambda wildcards, input: int(open(input[0]).read())
            shell: "touch {output}"
    """)
    known = []
    for journal in (lab.new_run(*BOTH, "--cores", "4", "-n"), lab.new_run(*BOTH, "--cores", "4")):
        run = lab.run(journal)
        assert run.gaps == []
        assert not [one for one in run.messages if one.kind == "left_out"]
        jobs = {job.rule: job for job in run.jobs.values()}
        assert (jobs["a"].priority, jobs["a"].threads, jobs["a"].reason is None) == (1.5, 1, False)
        assert jobs["a"].resources["label"] == "big"
        known.append(jobs["b"].resources["mem_mb"])
    assert known == ["<TBD>", 3]


def test_a_pipe_and_a_slow_service_of_this_machine_wait_for_no_status_check(lab: Lab) -> None:
    """The loop that runs them sleeps for a second; a service that is slow to stop is not waited for."""
    lab.snakefile("""
        rule all:
            input: "used.txt", "piped.txt"
        rule serve:
            output: service("socket")
            shell: "trap 'sleep 3; exit 0' TERM; touch {output}; while true; do sleep 0.1; done"
        rule use:
            input: "socket"
            output: "used.txt"
            shell: "sleep 0.3; touch {output}"
        rule produce:
            output: pipe("stream")
            shell: "echo hi > {output}"
        rule consume:
            input: "stream"
            output: "piped.txt"
            shell: "cat {input} > {output}"
    """)
    lab.snakemake(*BOTH, "--cores", "4")
    run = lab.run()
    phases = {phase for attempt in run.attempts.values() for phase in attempt.phases}
    assert not {"poll_wait", "queue_wait", "unobserved"} & phases
    (served,) = attempts_of(run, "serve")
    assert served.phases["compute"] > 300_000
    assert served.unobserved in ((), (STILL_RUNNING,))
