"""Every way in which the slurm plugin submits: each job has all its phases, and each agrees."""

from collections.abc import Callable

import pytest
from lab import attempts_of, phases_s, waits
from slurm_lab import ON_THE_NODE, SlurmLab, agrees_with_accounting, submissions

from snakemake_logger_plugin_observe.analysis.cost.account import account
from snakemake_logger_plugin_observe.run.model import Run

WORKFLOW = """
    localrules: all, here

    rule all:
        input:
            expand("work/{i}.txt", i=range(3)), expand("dated/{i}.txt", i=range(2)),
            "group.txt", "mpi.txt", "retried.txt", "here.txt"

    rule work:
        output: "work/{i}.txt"
        shell: "sleep 1; echo {wildcards.i} > {output}"

    rule dated:
        output: "dated/{i}.txt"
        shell: "date +%s.%N > {output}; sleep 2; date +%s.%N >> {output}"

    rule first:
        output: "first.txt"
        group: "both"
        shell: "date +%s.%N > {output}; sleep 0.5; date +%s.%N >> {output}"

    rule second:
        input: "first.txt"
        output: "group.txt"
        group: "both"
        shell: "date +%s.%N > {output}; sleep 0.7; date +%s.%N >> {output}"

    rule mpi:
        output: "mpi.txt"
        resources: mpi="srun", tasks=2
        shell: "{resources.mpi} -n 2 sh -c 'sleep 1; echo $SLURM_PROCID' > {output}"

    rule retried:
        output: "retried.txt"
        retries: 1
        resources: attempt=lambda wildcards, attempt: attempt
        shell: "test {resources.attempt} -gt 1 && touch {output}"

    rule here:
        output: "here.txt"
        shell: "touch {output}"
"""
WAYS = {
    "plain": (),
    "script": ("--slurm-pass-command-as-script",),
    "array": ("--slurm-array-jobs", "work"),
    "squeue": ("--slurm-status-command", "squeue"),
}


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def lab(way: str, new_lab: Callable[[str], SlurmLab]) -> SlurmLab:
    lab = new_lab(way)
    lab.snakefile(WORKFLOW)
    lab.slurm(*WAYS[way], "--groups", "dated=several", "--group-components", "several=2")
    return lab


@pytest.fixture(scope="module")
def run(lab: SlurmLab) -> Run:
    return lab.run()


def test_every_submission_has_its_node_its_id_and_all_its_phases(run: Run) -> None:
    found = submissions(run)
    assert len(found) == 7
    for attempt in found:
        phases = phases_s(attempt)
        assert attempt.node in ("n1", "n2", "n3", "n4")
        assert attempt.unobserved == ()
        own = set(ON_THE_NODE) - ({"stage_in", "compute", "stage_out"} if attempt.group else set())
        assert own | waits(attempt) <= set(phases)
        assert phases["node_startup"] > 0.5  # at least two interpreters


def test_compute_is_the_tools_own_time(run: Run) -> None:
    for rule, least_s in (("work", 1), ("first", 0.5), ("second", 0.7), ("mpi", 1)):
        for attempt in attempts_of(run, rule):
            (one,) = attempt.executions
            assert one.tool_started is not None
            assert one.tool_ended is not None
            assert phases_s(attempt)["compute"] == (one.tool_ended - one.tool_started) / 1e6
            assert phases_s(attempt)["compute"] >= least_s


@pytest.mark.parametrize("rule", ["dated", "first", "second"])
def test_a_member_s_compute_is_around_its_own_dates(run: Run, lab: SlurmLab, rule: str) -> None:
    """Whether ``group:`` or ``--groups`` made the group; bash starts before the first date."""
    for attempt in attempts_of(run, rule):
        assert attempt.is_member
        written = (lab.folder / run.jobs[attempt.job_id or 0].output[0]).read_text().split()
        (compute,) = (one for one in attempt.segments if one.phase == "compute")
        begun, ended = (float(moment) for moment in written)
        assert compute.start / 1e6 <= begun <= ended <= compute.end / 1e6


def test_what_a_member_waits_for_another_is_not_its_own_time(run: Run) -> None:
    (first,), (second,) = attempts_of(run, "first"), attempts_of(run, "second")
    begins = [one.start for one in second.segments if one.phase in ("stage_in", "compute")]
    assert min(begins) >= max(one.end for one in first.segments if one.phase == "compute")


def test_the_scheduler_agrees_to_the_second(run: Run) -> None:
    for attempt in submissions(run):
        assert attempt.accounting is not None
        assert attempt.accounting.state == "COMPLETED"
        assert attempt.accounting.cluster_job == attempt.external_jobid
        assert agrees_with_accounting(attempt)


def test_each_array_task_ran_its_own_job(run: Run, lab: SlurmLab, way: str) -> None:
    ids = []
    for attempt in attempts_of(run, "work"):
        job = run.jobs[attempt.job_id or 0]
        (one,) = attempt.executions
        assert (one.rule, one.wildcards) == ("work", job.wildcards)
        assert (lab.folder / job.output[0]).read_text().strip() == job.wildcards["i"]
        assert {level.cluster_job for level in attempt.levels} == {attempt.external_jobid}
        ids.append(attempt.external_jobid or "")
    assert len(set(ids)) == 3
    tasks = sorted(one.partition("_")[2] for one in ids)
    assert tasks == (["1", "2", "3"] if way == "array" else ["", "", ""])
    depths = sorted(len(attempt.levels) for attempt in attempts_of(run, "work"))
    assert depths == ([2, 3, 3] if way == "array" else [2, 2, 2])


def test_a_nested_retry_is_two_executions_of_one_attempt(run: Run) -> None:
    (attempt,) = attempts_of(run, "retried")
    assert [one.status for one in attempt.executions] == ["failed", "success"]


def test_members_of_a_group_run_under_the_group_s_id(run: Run) -> None:
    groups = {a.external_jobid for a in submissions(run) if a.group}
    assert len(groups) == 2
    for rules in (("first", "second"), ("dated",)):
        ids = {a.external_jobid for rule in rules for a in attempts_of(run, rule)}
        assert len(ids) == 1
        assert ids <= groups


def test_a_local_rule_runs_in_the_main_process(run: Run) -> None:
    (attempt,) = attempts_of(run, "here")
    assert (attempt.external_jobid, "queue_wait" in attempt.phases) == (None, False)


def test_a_tools_usage_is_recorded_if_it_ran_alone(run: Run) -> None:
    for attempt in attempts_of(run, "work"):
        assert attempt.used is not None
        assert attempt.used.user_s is not None
        assert attempt.used.user_s < 0.5


def test_the_polling_interval_is_recorded(run: Run) -> None:
    grown = {*range(1, 180, 10), 180}  # by 10 s for each check that found nothing
    assert {attempt.poll_interval_s for attempt in submissions(run)} <= grown


def test_the_makespan_is_accounted_for(run: Run) -> None:
    found = account(run)
    assert sum(found.makespan_by_class.values()) == found.makespan
    assert found.unattributed < found.makespan / 100
    assert run.status() == "success"


def test_nothing_is_left_behind(lab: SlurmLab) -> None:
    assert lab.fragments() == []
