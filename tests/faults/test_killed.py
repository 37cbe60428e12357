"""The main process or a node's killed: the journal reads up to its last whole line, all goes on."""

import os
import random
import signal
import time

import pytest
from fault_table import fault
from harness import SLEEPERS, injected, journal_says, started, wait_until
from lab import BOTH, Lab, attempts_of

SHORT = """
    rule all:
        input: expand("{i}.txt", i=range(2))
    rule one:
        output: "{i}.txt"
        shell: "sleep 0.1; touch {output}"
"""
ONE_LINE = ("no whole line in it", "no journal")


def answers(lab: Lab) -> None:
    """Check that every command of the reader answers, or fails with one line."""
    for command in ("cost", "jobs", "validate"):
        done = lab.observe(command, *map(str, lab.journals))
        if done.returncode == 0:
            assert (done.stderr, bool(done.stdout)) == ("", True)
        else:
            (line,) = done.stderr.splitlines()
            assert done.returncode == 2
            assert any(words in line for words in ONE_LINE), line


def next_run(lab: Lab, *flags: str) -> None:
    """Check that the next run succeeds, despite the files that the killed one left."""
    before = set(lab.journals)
    left = (".snakemake/locks", ".snakemake/incomplete")
    if any((lab.folder / name).exists() and any((lab.folder / name).iterdir()) for name in left):
        lab.snakemake("--unlock", "--cores", "1")  # Snakemake's own locks, not ours
    lab.snakemake("--rerun-incomplete", *flags)
    new = set(lab.journals) - before
    assert [lab.run(journal).status() for journal in new] in (["success"], ["nothing_to_do"])


def killed_at(lab: Lab, seconds: float, *flags: str) -> None:
    lab.snakefile(SHORT)
    with started(lab, *flags) as process:
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    answers(lab)
    next_run(lab, *flags)


def drawn(moment: int, moments: int, length_s: float) -> float:
    """Return a moment of a run of *length_s*: drawn at random, from its share of the run."""
    generator = random.Random(moment)  # noqa: S311 - the same moments each time
    return length_s * (moment + generator.random()) / moments


@fault(
    "the main process killed by SIGKILL, at 50 random moments of a local run",
    snakemake="the next run starts and succeeds",
    journal="reads up to its last whole line; `cost`, `jobs` and `validate` work",
)
def test_a_local_run_killed_at_a_random_moment(
    lab: Lab, moment: int, request: pytest.FixtureRequest
) -> None:
    moments = request.config.getoption("--moments")
    killed_at(lab, drawn(moment, moments, 3.5), "--cores", "1", *BOTH)


@fault(
    "the main process killed by SIGKILL, at 50 random moments of a run on a cluster",
    snakemake="the next run starts and succeeds",
    journal="as above",
)
def test_a_cluster_run_killed_at_a_random_moment(
    lab: Lab, moment: int, request: pytest.FixtureRequest
) -> None:
    moments = request.config.getoption("--moments")
    killed_at(lab, drawn(moment, moments, 8), *BOTH, *lab.cluster())


@fault(
    "the main process killed by SIGKILL while jobs run",
    snakemake="dies",
    journal="`killed`: no last event; ended attempts are complete, others are `running`; "
    "what happened in the last fifth of a second may be missing",
)
def test_kill_9_leaves_a_journal_that_cost_and_validate_can_read(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    with started(lab, "--cores", "1", *BOTH) as process:
        wait_until(journal_says(lab, '"attempt_finished"'))
        wait_until(journal_says(lab, '"attempt_started"', times=2))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    cost, valid = lab.observe("cost"), lab.observe("validate")
    assert (cost.returncode, valid.returncode) == (0, 0)
    assert " · killed after " in cost.stdout
    assert "(the run: killed, no last event)" in valid.stdout
    run = lab.run()
    assert sorted(a.status for a in run.attempts.values()) == ["running", "success"]


def test_a_journal_is_readable_while_the_run_goes_on(lab: Lab) -> None:
    lab.snakefile(SLEEPERS)
    with started(lab, "--cores", "1", *BOTH):
        wait_until(journal_says(lab, '"attempt_started"'))
        assert " · running · " in lab.observe("cost", str(lab.journals[0])).stdout


# -- the node ------------------------------------------------------------------------------

SILENT = "no timing from the node after its first sign of life"
NO_END = "the node's processes did not report their end"
NODE = {
    # phase: (the fault, the last phase that the attempt knows of, why the rest is unobserved)
    "node_startup": ({"module": ""}, "queue_wait", SILENT),
    "node_plan": ({"module": "snakemake.dag", "name": "DAG.init"}, "queue_wait", SILENT),
    "stage_in": (
        {
            "module": "snakemake_executor_plugin_timed.timing",
            "name": "Timed.job_args_and_prepare",
        },
        "queue_wait",
        SILENT,
    ),
    "compute": ({"module": "snakemake.shell", "name": "shell.__new__"}, "stage_in", NO_END),
    "stage_out": (
        {"module": "snakemake.dag", "name": "DAG.check_and_touch_output"},
        "stage_in",
        NO_END,
    ),
    "node_exit": (
        {"module": "snakemake_executor_plugin_timed.node", "name": "NodeSide.leave", "late": True},
        "stage_out",
        None,
    ),
}


@fault(
    "the node's process killed by SIGKILL in each phase: `node_startup`, `node_plan`, `stage_in`, "
    "`compute`, `stage_out`, `node_exit`",
    snakemake="the job fails, as bare",
    journal="the attempt, `failed`, with what its node had written; the rest is `unobserved`, with the reason. A process writes when its first tool starts, and when it exits",
)
@pytest.mark.parametrize("phase", NODE)
def test_a_process_killed_on_the_node_leaves_its_completed_phases(lab: Lab, phase: str) -> None:
    how, reached, reason = NODE[phase]
    lab.snakefile("rule all:\n    output: 'a.txt'\n    shell: 'touch {output}'\n")
    environment = injected(**{"where": "node", "do": "kill", **how})
    done = lab.snakemake(*BOTH, *lab.cluster(hold="3"), check=False, **environment)
    assert done.returncode == 1
    (attempt,) = attempts_of(lab.run(), "all")
    assert attempt.status == "failed"
    order = ["queue_wait", "node_startup", "node_plan", "stage_in", "compute", "stage_out"]
    on_node = [one for one in order if one in attempt.phases]
    assert on_node == order[: order.index(reached) + 1]
    assert attempt.unobserved == ((reason,) if reason else ())
    assert ("unobserved" in attempt.phases) == (reason is not None)


@fault(
    "jobs cancelled on the cluster by SIGINT",
    snakemake="cancels them, exit code 1",
    journal="`cancelled`, with the phases they reached",
)
def test_jobs_cancelled_on_the_cluster_have_their_completed_phases(lab: Lab) -> None:
    lab.snakefile(SLEEPERS.replace("1.5", "600"))
    cancel = lab.folder / "cancel.sh"
    cancel.write_text('#!/bin/sh\nfor job; do kill -- "-$job"; done\n')
    cancel.chmod(0o755)
    flags = (*lab.cluster(), "--cluster-generic-cancel-cmd", str(cancel))
    with started(lab, *BOTH, *flags) as process:
        wait_until(lambda: any('"tool_started"' in f.read_text() for f in lab.fragments()))
        os.kill(process.pid, signal.SIGINT)
        process.communicate()
    run = lab.run()
    assert {a.status for a in run.attempts.values()} == {"cancelled"}
    reached = [a for a in attempts_of(run, "sleeper") if "node_plan" in a.phases]
    assert reached
    assert all("unobserved" in a.phases for a in reached)
