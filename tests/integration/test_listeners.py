"""Job states announced to other logger plugins, and job states that executors announce."""

import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from comparison import Side, left, pair, printed
from harness import started, wait_until
from lab import Lab, attempts_of
from snakefiles import FAILING

_PATHS = (str(Path(__file__).parent / "plugins"), os.environ.get("PYTHONPATH"))
PLUGINS = {"PYTHONPATH": os.pathsep.join(filter(None, _PATHS))}
ANNOUNCED = ("--logger", "observe", "recording", "--executor", "timed", "--timed-announce", "on")

ON_A_CLUSTER = """
    localrules: all, here
    rule all:
        input: "here.txt", "there.txt", "again.txt", "second.txt"
    rule here:
        output: "here.txt"
        shell: "sleep 0.3; touch {output}"
    rule there:
        output: "there.txt"
        shell: "until [ -e heard ]; do sleep 0.1; done; touch {output}"
    rule again:
        output: "again.txt"
        shell: "test -e tried && touch {output} || (touch tried; echo no >&2; exit 5)"
    rule first:
        output: temp("first.txt")
        group: "pair"
        shell: "sleep 2.5; touch {output}"
    rule second:
        input: "first.txt"
        output: "second.txt"
        group: "pair"
        shell: "touch {output}"
"""


def records(lab: Lab) -> list[dict[str, Any]]:
    return list(map(json.loads, (lab.folder / "heard.jsonl").read_text().splitlines()))


def states(lab: Lab, job_id: int | None = None) -> list[dict[str, Any]]:
    """Return the announced states in their order, of one job or of all."""
    found = [line["state"] for line in records(lab) if line["state"] is not None]
    return [one for one in found if job_id in (None, one["jobid"])]


def phases(announced: list[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(one["attempt"], one["phase"]) for one in announced]


def job_id(lab: Lab, rule: str) -> int:
    (found,) = {one.job_id for one in attempts_of(lab.run(), rule)}
    assert found is not None
    return found


# -- announced ------------------------------------------------------------------------------------


def test_local_jobs_are_announced_from_queued_to_their_end(lab: Lab) -> None:
    lab.snakefile("""
        rule all:
            input: "good.txt", "bad.txt"
        rule good:
            output: "good.txt"
            shell: "sleep 0.3; touch {output}"
        rule bad:
            output: "bad.txt"
            shell: "exit 3"
    """)
    done = lab.snakemake(*ANNOUNCED, "--cores", "2", "-k", check=False, **PLUGINS)
    assert done.returncode == 1
    run = lab.run()
    announced = states(lab, job_id(lab, "good"))
    assert phases(announced) == [(1, "queued"), (1, "running"), (1, "succeeded")]
    (attempt,) = attempts_of(run, "good")
    one = attempt.executions[0]
    assert announced[-1] == {
        "schema_version": 2,
        "jobid": attempt.job_id,
        "executor": "local",
        "phase": "succeeded",
        "queued_at": attempt.stamps.submitting / 1e6,
        "started_at": one.tool_started / 1e6,
        "stopped_at": one.tool_ended / 1e6,
        "attempt": 1,
    }
    announced = states(lab, job_id(lab, "bad"))
    assert phases(announced) == [(1, "queued"), (1, "running"), (1, "failed")]
    assert announced[-1]["exit_code"] == 3
    assert "returned non-zero exit status 3" in announced[-1]["status_reason"]


def test_every_end_is_announced_even_the_last_one(lab: Lab) -> None:
    """Snakemake closes its loggers some milliseconds after the last job's end."""
    lab.snakefile("rule only:\n    output: 'out.txt'\n    shell: 'touch {output}'\n")
    lab.snakemake(*ANNOUNCED, "--cores", "1", **PLUGINS)
    assert phases(states(lab)) == [(1, "queued"), (1, "running"), (1, "succeeded")]


@pytest.fixture(scope="session")
def clustered(new_lab: Callable[[str], Lab]) -> Lab:
    """One run on a cluster that holds each job for three seconds; one runs until it was announced."""
    lab = new_lab("announced")
    lab.snakefile(ON_A_CLUSTER)
    flags = (*ANNOUNCED, *lab.cluster(hold="3"), "--retries", "1")
    with started(lab, *flags, **PLUGINS) as process:
        wait_until(lambda: runs_as_announced(lab, "there"))
        (lab.folder / "heard").touch()
        printed = process.communicate(timeout=600)[1]
    assert process.returncode == 0, printed
    return lab


def runs_as_announced(lab: Lab, rule: str) -> bool:
    """Whether a job of *rule* has been announced as running, in a run that goes on."""
    heard = lab.folder / "heard.jsonl"
    if not (lab.journals and heard.exists()):
        return False
    whole = [file.read_text().rpartition("\n")[0] for file in (lab.journals[0], heard)]
    events, lines = (list(map(json.loads, text.splitlines())) for text in whole)
    ids = {one["job_id"] for one in events if one["event"] == "job" and one["rule"] == rule}
    running = [
        one["state"]["jobid"] for one in lines if (one["state"] or {}).get("phase") == "running"
    ]
    return bool(ids & {*running})


def test_a_remote_job_is_announced_as_running_while_it_runs(clustered: Lab) -> None:
    (attempt,) = attempts_of(clustered.run(), "there")
    announced = states(clustered, attempt.job_id)
    assert phases(announced) == [(1, "queued"), (1, "running"), (1, "succeeded")]
    queued, running, succeeded = announced
    known = {
        "schema_version": 2,
        "jobid": attempt.job_id,
        "executor": "cluster-generic",
        "external_jobid": attempt.external_jobid,
        "queued_at": attempt.stamps.accepted / 1e6,
        "attempt": 1,
    }
    assert queued == {**known, "phase": "queued"}
    assert running == {**known, "phase": "running", "started_at": attempt.node_starts[0] / 1e6}
    # The cluster holds it from when the submit command runs, which is before it has answered.
    assert running["started_at"] - attempt.stamps.submitting / 1e6 >= 3
    assert succeeded == {
        **running,
        "phase": "succeeded",
        "stopped_at": max(level.ended for level in attempt.levels) / 1e6,
    }
    (when,) = [line["at"] for line in records(clustered) if line["state"] == running]
    assert running["started_at"] <= when <= succeeded["stopped_at"]


def test_the_journal_shows_a_running_remote_job_during_the_run(clustered: Lab) -> None:
    (journal,) = clustered.journals
    (attempt,) = attempts_of(clustered.run(), "there")
    lines = list(map(json.loads, journal.read_text().splitlines()))
    ours = [line["event"] for line in lines if line.get("job_id") == attempt.job_id]
    assert ours.index("attempt_submitted") < ours.index("attempt_started")
    assert ours.index("attempt_started") < ours.index("attempt_finished")


def test_a_local_rule_of_a_cluster_run_is_announced_as_local(clustered: Lab) -> None:
    announced = states(clustered, job_id(clustered, "here"))
    assert phases(announced) == [(1, "queued"), (1, "running"), (1, "succeeded")]
    assert {one["executor"] for one in announced} == {"local"}


def test_each_attempt_is_announced_and_a_failed_one_has_its_reason(clustered: Lab) -> None:
    first, second = attempts_of(clustered.run(), "again")
    announced = states(clustered, first.job_id)
    ends = [one for one in announced if one["phase"] not in ("queued", "running")]
    assert phases(ends) == [(1, "failed"), (2, "succeeded")]
    assert phases(announced)[::3] == [(1, "queued"), (2, "queued")]
    assert ends[0]["exit_code"] == 5
    assert [one["external_jobid"] for one in ends] == [first.external_jobid, second.external_jobid]


def test_a_group_is_announced_by_its_members(clustered: Lab) -> None:
    for rule in ("first", "second"):
        (attempt,) = attempts_of(clustered.run(), rule)
        announced = states(clustered, attempt.job_id)
        assert phases(announced) == [(1, "queued"), (1, "running"), (1, "succeeded")]
        assert {one["external_jobid"] for one in announced} == {attempt.external_jobid}
        one = attempt.executions[0]
        assert announced[-1]["started_at"] == one.tool_started / 1e6
        assert announced[-1]["stopped_at"] == one.tool_ended / 1e6
    assert all(isinstance(one["jobid"], int) for one in states(clustered))


def test_announcements_of_the_plugin_are_not_recorded_as_an_executors(clustered: Lab) -> None:
    assert {one.accounting for one in clustered.run().attempts.values()} == {None}


def test_nothing_is_announced_by_default(lab: Lab) -> None:
    lab.snakefile("rule only:\n    output: 'out.txt'\n    shell: 'touch {output}'\n")
    lab.snakemake(
        "--logger", "observe", "recording", "--executor", "timed", "--cores", "1", **PLUGINS
    )
    assert records(lab)
    assert states(lab) == []


@pytest.mark.parametrize("console", [(), ("console",)], ids=["snakemake's", "a plugin's"])
def test_announcements_change_neither_console_nor_log_file(
    tmp_path: Path, console: tuple[str, ...]
) -> None:
    # A plugin prints on its own thread: a tool's output could end up between its lines.
    snakefile = FAILING.replace("echo no >&2; ", "") if console else FAILING
    without, announced = pair(tmp_path, snakefile)
    logger = ["--logger", "observe", "recording", *console, "--executor", "timed", "--cores", "1"]
    both = []
    for lab, more in ((without, ()), (announced, ("--timed-announce", "on"))):
        side = Side(lab, lab.folder.parent)
        done = lab.snakemake(*logger, *more, check=False, **PLUGINS)
        kept = left(side)
        del kept["heard.jsonl"]
        both.append({**printed(side, done), **kept})
    assert both[1] == both[0]
    assert both[1]["exit code"] == 1
    assert ": running." not in str(both[1]["stderr"])
    assert states(announced)


# -- taken in -------------------------------------------------------------------------------------

TOOL = """
    rule all:
        input: "good.txt", "bad.txt"
    localrules: all
    rule good:
        output: "good.txt"
        shell: "touch {output}"
    rule bad:
        output: "bad.txt"
        shell: "exit 4"
"""
TELLING = ("--telling-submit-cmd", "./submit.sh 0 0 -", "--jobs", "4", "-k")


def announced_by_executor(lab: Lab, how: str, *flags: str) -> dict[str, Any]:
    """Run jobs whose executor announces their states; return them by rule, as the reader has them."""
    lab.snakefile(TOOL)
    lab.cluster()
    done = lab.snakemake(
        *TELLING,
        *("--seconds-between-status-checks", "1"),
        *flags,
        check=False,
        TELLING=how,
        **PLUGINS,
    )
    assert done.returncode == 1
    assert "internal error" not in done.stderr
    answer = json.loads(lab.observe("jobs", "--format", "json").stdout)
    return {one["rule"]: one for one in answer["attempts"]}


@pytest.mark.parametrize("how", ["neutral", "older"])
def test_an_executors_own_job_states_are_recorded_with_the_attempts(lab: Lab, how: str) -> None:
    jobs = announced_by_executor(lab, how, "--logger", "observe", "--executor", "telling")
    scheduler = jobs["good"]["scheduler"]
    assert scheduler["cluster_job"] == jobs["good"]["external_jobid"]
    assert scheduler["cluster_job"].isdecimal()
    known = {name: value for name, value in scheduler.items() if value not in (None, [])}
    del known["cluster_job"]
    assert known == {
        "scheduler": "telling",
        "resolution_s": 0.001,
        "state": "succeeded",
        "submitted": "2023-11-14T22:13:20.250000Z",
        "started": "2023-11-14T22:13:30.500000Z",
        "ended": "2023-11-14T22:13:40.000000Z",
        "restarts": 1,
        "exit_code": 0,
        "partition": "spot",
    }
    failed = jobs["bad"]["scheduler"]
    assert (failed["state"], failed["exit_code"]) == ("failed", 137)
    assert (failed["reason"], failed["restarts"]) == ("Host EC2 terminated", 0)
    assert jobs["bad"]["external_jobid"] == failed["cluster_job"]
    lab.run()  # which checks that the journal agrees with itself


def test_malformed_job_states_are_ignored(lab: Lab) -> None:
    jobs = announced_by_executor(lab, "broken", "--logger", "observe", "--executor", "telling")
    assert [jobs[rule]["scheduler"] for rule in ("good", "bad")] == [None, None]
    assert [jobs[rule]["status"] for rule in ("good", "bad")] == ["success", "failed"]
    assert lab.run().gaps == []


def test_jobs_are_not_announced_if_their_executor_announces_them(lab: Lab) -> None:
    """With the wrapper, its states are recorded next to the stamps, and each end is announced once."""
    jobs = announced_by_executor(lab, "neutral", *ANNOUNCED, "--timed-wraps", "telling")
    assert jobs["good"]["scheduler"]["state"] == "succeeded"
    assert "compute" in jobs["good"]["phases_s"]
    announced = [one for one in states(lab) if one["jobid"] == jobs["good"]["job_id"]]
    ends = [one for one in announced if one["phase"] == "succeeded"]
    assert [one["executor"] for one in ends] == ["telling"]
    assert [one["external_jobid"] for one in ends] == [jobs["good"]["scheduler"]["cluster_job"]]


# -- snakesee -------------------------------------------------------------------------------------


def needs_snakesee() -> None:
    """Skip the test where snakesee is not there, or its plugin is one that reads no states."""
    if find_spec("snakesee") is None:
        pytest.skip("needs the reader: pip install snakesee")
    if find_spec("snakemake_logger_plugin_snakesee") is None or not find_spec(
        "snakemake_logger_plugin_snakesee.remote_adapter"
    ):
        pytest.skip(
            "needs snakesee's logger plugin, from the folder snakemake-logger-plugin-snakesee of "
            "snakesee's source: the plugin's release 0.1.1 reads no states of jobs"
        )


def test_snakesees_reader_sees_a_job_queued_then_running_then_succeeded(lab: Lab) -> None:
    needs_snakesee()
    from snakesee.events import EventReader, get_event_file_path
    from snakesee.state.job_registry import JobRegistry, JobStatus

    lab.snakefile("rule there:\n    output: 'there.txt'\n    shell: 'sleep 4; touch {output}'\n")
    lab.snakemake(
        *("--logger", "observe", "snakesee", "--executor", "timed", "--timed-announce", "on"),
        *lab.cluster(hold="3"),
    )
    (attempt,) = attempts_of(lab.run(), "there")
    registry = JobRegistry()
    seen = [
        job.status
        for event in EventReader(get_event_file_path(lab.folder)).read_new_events()
        if (job := registry.apply_event(event)) is not None and event.executor is not None
    ]
    assert seen == [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.COMPLETED]
    job = registry.get_by_job_id(str(attempt.job_id))
    assert job is not None
    assert (job.status, job.executor) == (JobStatus.COMPLETED, "cluster-generic")
    assert job.external_jobid == attempt.external_jobid
    assert job.queued_at == attempt.stamps.accepted / 1e6
    assert job.start_time == attempt.node_starts[0] / 1e6
    assert job.end_time == max(level.ended for level in attempt.levels) / 1e6
    assert job.queue_wait == pytest.approx(job.start_time - job.queued_at)
