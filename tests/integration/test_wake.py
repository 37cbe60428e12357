"""``--timed-wake on``: ends are noticed soon, by few checks, and the run is otherwise the bare one.

The executor's own interval is longer than the patience of a test: without the switch, none would end.
"""

from pathlib import Path

import pytest
from comparison import pair, same
from lab import BOTH, Lab, attempts_of

from snakemake_logger_plugin_observe.run.model import Run

CHAIN = """
    rule all:
        input: "3.txt"

    rule step:
        output: "{i}.txt"
        input: lambda w: [] if w.i == "1" else f"{int(w.i) - 1}.txt"
        shell: "sleep 0.2; touch {output}"
"""
SEVERAL = """
    rule all:
        input: expand("{i}.txt", i=range(6))

    rule work:
        output: "{i}.txt"
        shell: "touch {output}"
"""
FAILS_ONCE = """
    rule all:
        input: "second.txt"

    rule sound:
        output: "sound.txt"
        shell: "touch {output}"

    rule second:
        input: "sound.txt"
        output: "second.txt"
        retries: 1
        resources: attempt=lambda wildcards, attempt: attempt
        shell: "test {resources.attempt} -gt 1 && touch {output}"
"""
FAILS = """
    rule broken:
        output: "broken.txt"
        retries: 1
        shell: "exit 3"
"""
KILLED = """
    rule killed:
        output: "killed.txt"
        shell: "kill -9 $PPID; sleep 1"
"""
NEVER_S = "600"
WAKE = ("--timed-wake", "on")
# Keeps each job's exit code, for a status command that writes down that it was asked.
_SUBMIT = """#!/bin/sh
setsid sh -c 'sh "$0" > "$0.out" 2>&1; echo $? > "ends/$(basename "$0")"' "$1" < /dev/null > /dev/null 2>&1 &
basename "$1"
"""
_STATUS = """#!/bin/sh
echo "$1" >> asked.txt
case "$(cat "ends/$1" 2> /dev/null)" in
    "") echo running ;;
    0) echo success ;;
    *) echo failed ;;
esac
"""


def on_a_cluster(lab: Lab, *flags: str, every_s: str = NEVER_S, check: bool = True) -> Run:
    cluster = [*lab.cluster(), *flags]
    cluster[cluster.index("--seconds-between-status-checks") + 1] = every_s
    lab.snakemake(*BOTH, *cluster, check=check)
    return lab.run()


def counts(run: Run) -> tuple[int, int]:
    """Return how many checks the executor made by itself, and how many submissions rang."""
    assert run.status_checks is not None
    assert run.status_checks.early == len(run.early_checks)
    return run.status_checks.own, run.status_checks.rung


def test_every_end_is_noticed_by_an_early_check(lab: Lab) -> None:
    lab.snakefile(CHAIN)
    run = on_a_cluster(lab, *WAKE)
    assert run.status() == "success"
    assert run.wake is not None
    assert run.wake.on
    assert counts(run) == (1, 3)  # before any job; then none
    assert sum(check.found for check in run.early_checks) == 3
    assert len(run.early_checks) <= 2 * 3 + 1
    assert {check.poll_interval_s for check in run.early_checks} == {600}
    assert all((check.after_ring_s or 0) >= 0.1 for check in run.early_checks)
    assert not list((lab.folder / ".snakemake" / "observe").glob("*/bell"))


def test_without_the_switch_nothing_is_looked_at_and_no_bell_is_there(lab: Lab) -> None:
    lab.snakefile("""
        rule here:
            output: "names.txt"
            shell: "ls .snakemake/observe/* > {output}"
    """)
    run = on_a_cluster(lab, every_s="1")
    assert (run.wake, run.early_checks) == (None, [])
    assert counts(run)[1] == 0
    assert "bell" not in (lab.folder / "names.txt").read_text().split()


@pytest.mark.parametrize("snakefile", [FAILS_ONCE, FAILS])
def test_the_outcome_is_the_bare_run_s(tmp_path: Path, snakefile: str) -> None:
    """Outputs, exit code, console, metadata: of retries and of failures, too."""
    bare, observed = pair(tmp_path, snakefile)
    flags = [one for one in observed.cluster() if not one.startswith("--timed")]
    flags.remove("cluster-generic")
    for lab in (bare, observed):
        lab.cluster()
    flags[flags.index("--cluster-generic-submit-cmd") + 1] = "./submit.sh 0 0 -"
    same(
        bare,
        observed,
        [*flags, "--jobs", "1"],
        ["--executor", "cluster-generic"],
        [*BOTH, "--timed-wraps", "cluster-generic", *WAKE],
    )
    run = observed.run()
    assert run.status_checks is not None
    # An end that the executor's own check found first did not have to ring.
    submitted = len([a for a in run.attempts.values() if a.external_jobid])
    assert run.status_checks.rung <= submitted


def test_a_status_command_is_called_for_the_jobs_that_rang(lab: Lab) -> None:
    lab.snakefile(SEVERAL)
    (lab.folder / "ends").mkdir()
    for name, script in (("submit.sh", _SUBMIT), ("status.sh", _STATUS)):
        (lab.folder / name).write_text(script)
        (lab.folder / name).chmod(0o755)
    lab.snakemake(
        *(*BOTH, "--timed-wraps", "cluster-generic", *WAKE, "--jobs", "6"),
        *("--seconds-between-status-checks", "30", "--default-resources"),
        *("--cluster-generic-submit-cmd", "./submit.sh"),
        *("--cluster-generic-status-cmd", "./status.sh"),
    )
    run = lab.run()
    own, rung = counts(run)
    assert rung == 6
    asked = (lab.folder / "asked.txt").read_text().split()
    assert len(set(asked)) == 6
    assert len(asked) <= 2 * 6 + own + 6 * (own - 1)  # the first one is before any job


def test_jobs_of_a_group_ring_once_for_all(lab: Lab) -> None:
    lab.snakefile(SEVERAL)
    run = on_a_cluster(lab, *WAKE, "--groups", "work=w", "--group-components", "w=3")
    assert counts(run) == (1, 2)
    assert {attempt.status for attempt in attempts_of(run, "work")} == {"success"}


def test_a_local_rule_s_process_is_no_submission(lab: Lab) -> None:
    lab.snakefile("""
        localrules: here

        rule here:
            input: "there.txt"
            output: "here.txt"
            run:
                shell("touch {output}")

        rule there:
            output: "there.txt"
            shell: "touch {output}"
    """)
    assert counts(on_a_cluster(lab, *WAKE)) == (1, 1)


def test_a_node_s_process_that_was_killed_is_noticed_at_the_executor_s_own_pace(lab: Lab) -> None:
    lab.snakefile(KILLED)
    run = on_a_cluster(lab, *WAKE, every_s="2", check=False)
    assert run.status() == "failed"
    assert run.early_checks == []
    assert counts(run)[1] == 0
    assert counts(run)[0] > 1


def test_a_bell_that_lies_causes_few_checks(lab: Lab) -> None:
    """A job may write anything into the bell; what an end is, only the executor says."""
    lab.snakefile("""
        rule lies:
            output: "lies.txt"
            shell:
                "for i in $(seq 2000); do echo 1 >> .snakemake/observe/*/bell; "
                "echo x$i >> .snakemake/observe/*/bell; done; sleep 3; touch {output}"
    """)
    run = on_a_cluster(lab, *WAKE, every_s="5")
    assert run.status() == "success"
    own, rung = counts(run)
    assert rung == 1
    assert len(run.early_checks) <= 2 + own + 1


def test_where_nodes_cannot_ring_the_journal_says_why(lab: Lab) -> None:
    lab.snakefile(FAILS)
    run = on_a_cluster(lab, *WAKE, "--timed-node-stamps", "off", every_s="1", check=False)
    assert run.wake is not None
    assert (run.wake.on, run.wake.reason) == (False, "--timed-node-stamps off")
    assert run.early_checks == []


def test_where_jobs_run_on_this_machine_the_journal_says_that_nothing_is_polled(lab: Lab) -> None:
    lab.snakefile(SEVERAL)
    lab.snakemake(*BOTH, "--cores", "2", *WAKE)
    run = lab.run()
    assert run.wake is not None
    assert (run.wake.on, run.wake.reason) == (
        False,
        "the executor has no status checks of the interface's kind",
    )


def test_that_it_has_no_effect_without_the_timing_executor_is_said_at_the_end(lab: Lab) -> None:
    """From a profile, too; a dry run and ``--touch`` have executors of their own."""
    lab.snakefile('rule one:\n    output: "a"\n    shell: "touch a"\n')
    (lab.folder / "profile").mkdir()
    (lab.folder / "profile" / "config.yaml").write_text("timed-wake: on\n")
    told = "snakemake-observe: --timed-wake had no effect: add --executor timed"
    alone = ("--cores", "1", "--logger", "observe")
    assert told not in lab.snakemake(*alone, *WAKE, "--dry-run").stderr
    assert told in lab.snakemake(*alone, *WAKE).stderr.splitlines()
    assert told in lab.snakemake(*alone, "--profile", "profile", "-F").stderr.splitlines()
    assert told not in lab.snakemake("--cores", "1", *BOTH, *WAKE, "-F").stderr
