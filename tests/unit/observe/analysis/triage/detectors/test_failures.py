"""Detectors of failures: each finds its incident, and nothing in runs that only look similar."""

from typing import Any

import pytest
from builders import Story, a_record, at, begun, numbered, stamps
from failing import (
    deterministic,
    different,
    every_job,
    fails,
    moments,
    nested,
    on_node,
    succeeds,
    tail,
    waited_for_a_service,
)
from failing import flaky as one_of_many
from msgspec.structs import force_setattr
from triaged import triage_of

from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun
from snakemake_logger_plugin_observe.analysis.check.metrics import measure
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.note import subject
from snakemake_logger_plugin_observe.analysis.triage.steps import Triage, triage
from snakemake_logger_plugin_observe.journal.events import Allocation, AttemptSubmitted, Planned
from snakemake_logger_plugin_observe.journal.records import LogTail, Refusal
from snakemake_logger_plugin_observe.run.fold import fold

MISSING = "MissingOutputException in rule map: Job 1 completed successfully, but some output files "
MISSING += "are missing. Missing files after 5 seconds.\n{path} (missing locally)"
NO_INPUT = "on the node: Missing files after 2 seconds. {path} (missing locally)"
PLANNING = """MissingInputException in rule b in file "/work/Snakefile", line 3:
Missing input files for rule b:
    output: b.txt
    affected files:
        never.txt
        raw/1.fq"""


def classes(found: Triage) -> list[str]:
    return [one.incident_class for one in found.incidents]


def only(story: Story, **more: Any) -> Incident:
    """Return the only incident of a run."""
    (found,) = triage_of(story, **more).incidents
    assert found.evidence
    return found


# -- the tool itself ------------------------------------------------------------------------------


def failed_once(*lines: str, **more: Any) -> Story:
    story = begun(wraps="local").job(1, wildcards={"n": "1"}, input=("in/1.fq",))
    return fails(story, 1, *lines, **more).end(9, "failed")


def test_a_plain_failure_is_a_tool_failure_with_its_last_message() -> None:
    found = only(failed_once("reading", "no such sequence"))
    assert (found.id, found.where) == ("tool_failure:map", "tool behavior")
    assert found.claim == "map n=1 failed with exit code 13: no such sequence"
    assert (found.strength, found.failures, found.explains) == ("certain", 1, 1_000_000)
    assert found.action.text == (
        "fix what map reported last (logs/a.log:2); if that is no error, run it again as Snakemake "
        "ran it"
    )
    error = only(failed_once("reading", "Error: no such sequence", "bye"))
    assert error.action.text == "fix the error that map reported (logs/a.log:2)"
    assert "logs/a.log:2: no such sequence" in [one.quote for one in found.evidence]


@pytest.mark.parametrize(
    ("error", "to_do"),
    [
        ("ValueError in file S, line 9: 5 lines", "correct S:9, or its input in/1.fq, where map"),
        ("NameError in file S, line 9: name 'x'", "correct S:9, where map raised NameError"),
        (
            "FileNotFoundError in file S, line 9: [Errno 2] No such file or directory: 'a.csv'",
            "correct the path of a.csv, or make that file: S:9, where map raised FileNotFoundError",
        ),
    ],
)
def test_the_code_of_a_rule_may_be_right_and_what_it_reads_wrong(error: str, to_do: str) -> None:
    assert only(failed_once(code=None, message=error)).action.text.startswith(to_do)


def test_what_a_failed_job_left_with_keep_incomplete_is_to_be_removed() -> None:
    story = begun(wraps="local", settings={"keep_incomplete": True}).job(1, output=("a.txt",))
    found = only(fails(story, 1, "no such sequence").end(9, "failed"))
    assert "; remove a.txt before the next run if it is there: --keep-incomplete left what" in (
        found.action.text
    )


def test_a_line_that_was_kept_of_stderr_is_named_so() -> None:
    kept = (LogTail(path="(stderr)", lines=("Error: no such sequence",)),)
    assert only(failed_once(logs=kept)).action.text == (
        "fix the error that map reported (on stderr)"
    )


def test_a_deterministic_failure_is_masked_by_retries_and_a_flaky_one_is_not() -> None:
    assert only(deterministic()).id == "retries_did_not_help:map"
    assert only(every_job()).id == "masked_failure:quality"
    found = only(one_of_many())
    assert (found.id, found.strength) == ("tool_failure:map:recovered", "likely")
    assert found.claim == (
        "1 of 10 jobs of map failed with exit code 13 and recovered on retry 1: "
        "connection reset by peer"
    )


def always_failing(*messages: str) -> Story:
    """Return one job for each of *messages*, which fails twice with it."""
    story = begun(wraps="local")
    for job_id, message in enumerate(messages, 1):
        story.job(job_id, wildcards={"n": str(job_id)})
        for number in (1, 2):
            fails(story, job_id, message, number=number, start_s=3 * job_id + number)
    return story.end(90, "failed")


def test_each_way_in_which_a_rule_fails_is_one_incident() -> None:
    found = triage_of(always_failing("no such file", "no room", "no such file")).incidents
    assert [(one.id, one.jobs) for one in found] == [
        ("retries_did_not_help:map:exit_code_13_e34cb9", (1, 3)),
        ("retries_did_not_help:map:exit_code_13_578446", (2,)),
    ]
    assert [one.claim for one in found] == [
        "map failed 4 times in the same way (retries did not help): no such file",
        "map n=2 failed after 2 attempts, each the same way (no room): retries did not help",
    ]


def test_the_rarest_ways_in_which_a_rule_fails_share_one_incident() -> None:
    found = triage_of(always_failing("no a", "no b", "no c", "no d", "no e")).incidents
    *named, rest = found  # of two ways, each counts as one
    assert len({one.id for one in named}) == 3
    assert (rest.id, rest.failures) == ("retries_did_not_help:map:others", 2)
    assert rest.claim == (
        "map failed 4 times in 2 other ways, each job in the same way every time (retries did not "
        "help): no d"
    )


GREP, TOOL = "grep foo in.txt > {}.txt", "samtoolz view in.txt > {}.txt"


def failing_in(*ways: tuple[str, int]) -> Story:
    """Return a job of one rule for each command, which failed with an exit code."""
    story = begun(wraps="local")
    for job_id, (command, code) in enumerate(ways, 1):
        story.job(job_id, wildcards={"n": str(job_id)}, shellcmd=command.format(job_id))
        fails(story, job_id, start_s=3 * job_id, code=code)
    return story.end(90, "failed")


def test_two_ways_in_which_jobs_of_a_rule_failed_are_two_incidents_with_their_own_advice() -> None:
    first, second = triage_of(failing_in((GREP, 1), (TOOL, 127), (TOOL, 127))).incidents
    assert first.id == "tool_failure:map:exit_code_127"
    assert first.claim.startswith("2 jobs of map failed with exit code 127")
    assert first.action.text.startswith("install samtoolz")
    assert (second.id, second.jobs) == ("tool_failure:map:exit_code_1", (1,))
    assert second.claim.startswith("map n=1 failed with exit code 1: likely, grep found no match")
    assert second.action.text.startswith("if no match is fine")
    assert subject(second) == "map n=1"


def test_the_id_of_a_way_depends_on_how_it_ended_alone() -> None:
    few = triage_of(failing_in((GREP, 1), (TOOL, 127), (TOOL, 127))).incidents
    many = triage_of(failing_in((TOOL, 127), (GREP, 1), (GREP, 1), ("false", 5))).incidents
    assert {one.id for one in few} < {one.id for one in many}


def test_the_rarest_ways_share_an_incident_that_explains_one_of_them() -> None:
    found = triage_of(failing_in(*(("tool", code) for code in (3, 3, 4, 5, 6, 7)))).incidents
    assert [one.id.rpartition(":")[2] for one in found] == [
        *("exit_code_3", "exit_code_4", "exit_code_5", "others"),
    ]
    others = found[-1]
    assert (others.failures, others.jobs, others.strength) == (2, (5, 6), "likely")
    assert others.claim == (
        "2 jobs of map failed in 2 other ways, with 1 × exit code 6, 1 × exit code 7; one of them: "
        "map n=5 failed with exit code 6"
    )
    assert others.action.text.endswith("; see how each of the others failed, which is another way")


def test_a_later_failure_of_another_kind_is_not_counted_with_the_first_of_all_jobs() -> None:
    story = begun(wraps="local")
    for job_id in (1, 2):
        story.job(job_id)
        fails(story, job_id, "not mounted", start_s=3 * job_id)
    fails(story, 1, "Segmentation fault", number=2, code=-11, start_s=10)
    succeeds(story, 1, 3, 20)
    found = only(succeeds(story, 2, 2, 30).end(40))
    assert found.claim == (
        "map failed 2 times in the same way (every job failed at first): not mounted"
    )


def test_a_signal_from_outside_is_possible_and_a_crash_is_certain() -> None:
    killed = only(on_slurm(137, state="FAILED", peak_rss_bytes=10_000_000))
    assert (killed.where, killed.strength) == ("operating context", "possible")
    assert killed.action.text == (
        "find out what sent the signal: check the kernel's log of node7 (was the node out of "
        "memory?), and the cluster's records of 71"
    )
    assert killed.action.why.endswith("it used at least 10 MB of the 1000 MB that it requested")
    here = only(failed_once("", code=-9))
    assert here.action.text == (
        "find out what sent the signal: check the kernel's log (was the machine out of memory?)"
    )
    ended = only(failed_once("", code=-15))
    assert (ended.where, ended.strength) == ("operating context", "possible")
    assert ended.action.text == (
        "find out what sent the signal: check whether the command, or what it runs, sends it "
        "(kill), or a user did"
    )
    assert ended.action.why == (
        "a scheduler, a user or the command itself sends SIGTERM; the kernel, when memory runs "
        "out, sends SIGKILL"
    )
    crashed = only(failed_once("Segmentation fault", code=-11))
    assert (crashed.where, crashed.strength) == ("tool behavior", "certain")
    assert crashed.action.text.startswith("run it again with the same inputs: if it ends so again")


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        (124, "exit code 124 (timeout: the command took too long)"),
        (127, "exit code 127: likely, the shell did not find a program of the command: "),
        (13, "exit code 13"),
    ],
)
def test_what_an_exit_code_means_is_said_once(code: int, ended: str) -> None:
    assert only(failed_once(code=code)).claim.startswith(f"map n=1 failed with {ended}")


def test_failures_that_differ_are_not_masked() -> None:
    found = only(different())
    assert found.id == "tool_failure:map"
    assert found.claim == (
        "map failed after 3 attempts: attempt 1 ended with exit code 3: no such file; attempt 2 "
        "ended with exit code 139 (signal 11, SIGSEGV): Segmentation fault; attempt 3 ended with "
        "exit code 3: connection reset by peer"
    )


def test_a_failure_without_an_exit_code_is_claimed_as_such() -> None:
    story = begun(wrapped=False).job(1)
    story.attempt(1, stamps(ready=3, selected=4, finished=9), status="failed")
    found = only(story.end(10, "failed"))
    assert found.claim == "map failed with no known exit code"
    assert (found.strength, found.id) == ("possible", "tool_failure:map")


def test_an_error_that_only_the_console_shows_is_to_be_read_there() -> None:
    story = begun(wrapped=False).job(1, local=True)
    story.attempt(1, stamps(ready=3, selected=4, finished=9), status="failed")
    found = only(story.end(10, "failed"))
    assert found.claim == (
        "map failed with no known exit code: likely, a process of its own ran it, as Snakemake "
        "does for run: and shadow:, and printed the error on Snakemake's console only"
    )
    assert (found.strength, found.wrong_if) == (
        "likely",
        "the console shows no error above `Error in rule map`",
    )
    assert found.action.text == (
        "read the error of map on the console and correct that; with --executor timed it is "
        "recorded"
    )


def without_output(path: str = "out/1.txt") -> Story:
    story = begun(wraps="local").job(1, output=(path,))
    return fails(story, 1, code=None, message=MISSING.format(path=path)).end(9, "failed")


def test_an_output_that_never_appeared_is_a_tool_failure_and_a_late_one_is_not() -> None:
    found = only(without_output())
    assert found.claim == "map did not write out/1.txt, although its tool succeeded"
    assert found.where == "workflow semantics"
    assert "tool_failure" not in classes(
        triage_of(without_output(), files_present=frozenset({"out/1.txt"}))
    )


def grown() -> Story:
    """Return a job that failed with what it had requested, and whose larger retry was refused."""
    story = begun(wraps="slurm")
    for number in (1, 2, 3):
        asks = {"mem_mb": 30_000 * number, "mem_mib": 28_611 * number, "tmpdir": "/tmp"}
        story.job(1, rule="big", attempt=number, resources=asks, retries=2, own_retries=True)
        if number < 3:
            lines = ("big: index too large",)
            fails(story, 1, *lines, number=number, start_s=5 * number, code=3, rule="big")
    known = stamps(ready=19, selected=20, submitting=20, reported=21, finished=21)
    # An earlier attempt wrote the log.
    more = {"logs": tail("big: index too large"), "message": "sbatch: error: Memory specification"}
    return story.attempt(1, known, number=3, status="failed", **more).end(22, "failed")


def test_attempts_that_ended_in_different_ways_are_each_described() -> None:
    found = only(grown())
    ways = (
        "attempts 1 and 2 (30 GB and 60 GB) ended with exit code 3: big: index too large; "
        "attempt 3 (90 GB) was refused: sbatch: Memory specification"
    )
    assert (found.id, found.failures) == ("tool_failure:big", 1)
    assert found.claim == f"big failed after 3 attempts: {ways}"
    assert found.action.text == (
        "fix what big reported last (logs/a.log:1); if that is no error, run it again as Snakemake "
        "ran it, and request no more than can be had: "
        "attempt 3 (90 GB) was refused: sbatch: Memory specification"
    )


def test_a_retry_that_was_refused_is_said_of_a_job_that_ran_out_of_memory() -> None:
    story = grown()
    for event in story.events:
        if getattr(event, "event", "") == "attempt_finished" and event.attempt < 3:
            force_setattr(event, "message", "OUT_OF_MEMORY")
            force_setattr(event, "external_jobid", "71")
    run = fold(numbered(story.events))
    (found,) = triage(Case(run, "failed")).incidents
    assert found.incident_class == "out_of_memory"
    assert found.claim == (
        "big ran out of memory: use unknown, 60000 MB requested (exit code 3), 2 times in total; "
        "attempts 1 and 2 (30 GB and 60 GB) ran out of memory: big: index too large; "
        "attempt 3 (90 GB) was refused: sbatch: Memory specification"
    )
    assert found.action.text == (
        "raise mem_mb of big above 60000, but to no more than can be had (attempt 3 (90 GB) was "
        "refused: sbatch: Memory specification), or run it where nodes have more memory"
    )


def test_an_attempt_that_ended_in_another_way_before_a_job_was_lost_is_described() -> None:
    story = fails(begun(wraps="slurm").job(1), 1, "no such file", code=3)
    lost = {"status": "failed", "external_jobid": "72", "message": "NODE_FAIL"}
    found = only(story.attempt(1, moments(6, 9), number=2, **lost).end(10, "failed"))
    assert found.incident_class == "job_lost"
    assert found.claim.endswith(
        "; attempt 1 ended with exit code 3: no such file; "
        "attempt 2 ended when the node or processes were lost: NODE_FAIL"
    )


def every_job_first(*lines: str) -> Story:
    """Return two jobs of a rule that both fail first and then succeed, with *lines* in the logs."""
    story = begun(wraps="local")
    for job_id in (1, 2):
        story.job(job_id, wildcards={"n": str(job_id)})
        fails(story, job_id, *lines, start_s=3 * job_id)
        succeeds(story, job_id, 2, 20 + job_id)
    return story.end(40)


def test_that_all_failed_alike_is_certain_only_if_they_left_a_message() -> None:
    known, silent = only(every_job_first("not mounted")), only(every_job_first())
    assert (known.strength, silent.strength) == ("certain", "likely")
    assert known.claim == (
        "map failed 2 times in the same way (every job failed at first): not mounted"
    )
    assert silent.claim == "map failed 2 times with exit code 13 (every job failed at first)"


def test_an_output_that_a_later_attempt_made_did_not_appear_late() -> None:
    """Such as of a job that writes it only with the resources of its second attempt."""
    story = begun(wraps="local").job(1, output=("out/1.txt",))
    fails(story, 1, code=None, message=MISSING.format(path="out/1.txt"))
    found = only(succeeds(story, 1, 2).end(12), files_present=frozenset({"out/1.txt"}))
    assert (found.incident_class, found.failures) == ("tool_failure", 1)


EMPTY = """WorkflowError in rule map in file "/work/Snakefile", line 3:
Detected unexpected empty output files. Something went wrong in the rule without an error:
out/1.txt"""
ALTERED = """WorkflowError in rule map in file "/work/Snakefile", line 3:
Output files have checksums that differ from the expected ones defined in the workflow:
out/1.txt (rule map, line 7, /work/Snakefile)"""
BESIDE = """MissingOutputException in rule map in file "/work/Snakefile", line 3:
Job 1 completed successfully, but some output files are missing. Missing files after 5 seconds. \
This might be due to filesystem latency. If that is the case, consider to increase the wait time \
with --latency-wait:
out/1.txt (missing locally, parent dir contents: {contents})"""
OTHER_NAME = (
    "; out has out/1.text, which no job declares: the name that the rule declares may be another "
    "than its tool writes"
)
WAS_MISSING = "its tool succeeded, but its declared output was missing"


def test_an_empty_output_is_not_as_declared() -> None:
    story = begun(wraps="local").job(1, output=("out/1.txt",))
    fails(story, 1, code=None, message=EMPTY).end(9, "failed")
    found = only(story, files_present=frozenset({"out/1.txt"}))
    assert found.claim == (
        "map wrote out/1.txt with nothing in it, and the rule declares ensure(..., non_empty=True)"
    )
    assert found.action.text.startswith("find out why its tool writes nothing to out/1.txt")
    assert found.action.why == "its tool succeeded, but Snakemake's check of its outputs failed"


def test_an_output_with_another_checksum_is_said_to_be_such() -> None:
    story = begun(wraps="local").job(1, output=("out/1.txt",))
    fails(story, 1, code=None, message=ALTERED).end(9, "failed")
    found = only(story)
    assert found.claim == (
        "map wrote out/1.txt with another checksum than the rule declares with ensure()"
    )
    assert found.action.text.endswith("if it is right, update the checksum in ensure()")


@pytest.mark.parametrize(
    ("contents", "claim"),
    [
        ("1.text, 2.txt", f"map did not write out/1.txt{OTHER_NAME}"),
        ("2.txt", "map did not write out/1.txt, although its tool succeeded"),
        ("a, b, c, d", "map did not write out/1.txt, although its tool succeeded"),
    ],
)
def test_a_file_next_to_a_missing_output_may_be_it(contents: str, claim: str) -> None:
    story = begun(wraps="local").job(1, output=("out/1.txt",)).job(2, output=("out/2.txt",))
    fails(story, 1, code=None, message=BESIDE.format(contents=contents)).end(9, "failed")
    assert only(story).claim == claim


def test_a_missing_output_is_missing_now_too_only_if_that_was_checked() -> None:
    assert only(without_output()).action.why == f"{WAS_MISSING} (not checked later)"
    looked = {"read": lambda path: LogTail(path=path)}
    gone = only(without_output(), files_absent=frozenset({"out/1.txt"}), **looked)
    assert gone.action.why == f"{WAS_MISSING} (missing now too)"
    made_by_the_next_run = only(without_output(), **looked)
    assert made_by_the_next_run.action.why == (
        f"{WAS_MISSING} (it is unknown whether it appeared late)"
    )


def test_of_two_missing_outputs_only_the_one_that_does_not_exist_is_missing_now() -> None:
    story = begun(wraps="local").job(1, output=("a", "b"))
    message = MISSING.format(path="a (missing locally)\nb")
    fails(story, 1, code=None, message=message).end(9, "failed")
    found = only(story, files_present=frozenset({"a"}), files_absent=frozenset({"b"}))
    assert found.claim == "map did not write a, b, although its tool succeeded"
    assert found.action.why == f"{WAS_MISSING} (b missing now too)"


def test_an_output_next_to_a_missing_one_is_not_missing() -> None:
    story = begun(wraps="local").job(1, output=("a.bam", "a.bam.bai"))
    fails(story, 1, code=None, message=MISSING.format(path="a.bam.bai")).end(9, "failed")
    assert only(story).claim == "map did not write a.bam.bai, although its tool succeeded"
    late = only(story, files_present=frozenset({"a.bam.bai"}))
    assert late.claim == "map failed because a.bam.bai did not appear, but exists now"
    assert classes(triage_of(story, files_present=frozenset({"a.bam"}))) == ["tool_failure"]


def test_jobs_that_never_succeeded_come_before_jobs_that_recovered() -> None:
    """Even if more jobs recovered."""
    story = begun(wraps="local").job(9, rule="last")
    for job_id in range(1, 7):
        story.job(job_id, rule="quality")
        fails(story, job_id, "not mounted", start_s=3 * job_id, rule="quality")
        succeeds(story, job_id, 2, 30 + job_id, rule="quality")
    fails(story, 9, "no such sequence", start_s=40, rule="last")
    found = triage_of(story.end(50, "failed"))
    assert [one.id for one in found.incidents] == ["tool_failure:last", "masked_failure:quality"]


# -- inputs ---------------------------------------------------------------------------------------


def no_input(rule: str = "map", *, jobs: int = 1, made: bool = False) -> Story:
    story = begun(wraps="cluster-generic")
    if made:
        story.job(9, rule="make", output=("in.txt",))
    for job_id in range(1, jobs + 1):
        story.job(job_id, rule=rule, input=("in.txt",), wildcards={"n": str(job_id)})
        message = NO_INPUT.format(path="in.txt")
        on_node(story, job_id, status="failed", message=message, start_s=3 * job_id)
    return story.end(60, "failed")


def test_many_jobs_that_missed_the_same_file_are_one_incident() -> None:
    found = only(no_input(jobs=5), files_absent=frozenset({"in.txt"}))
    assert found.claim == "5 jobs of map failed: input in.txt never appeared"
    assert (found.failures, found.where) == (5, "workflow semantics")
    assert (found.strength, found.check) == ("certain", "failed_jobs <= 0")


def test_an_input_never_appeared_only_if_it_was_looked_for_later() -> None:
    """Nothing is known of a file without the working directory, outside of it, or made again."""
    found = only(no_input(jobs=5))
    assert found.claim == "5 jobs of map failed: input in.txt did not appear"
    assert (found.strength, found.check) == ("likely", "failed_jobs <= 0")


def test_an_input_that_a_retry_found_appeared_late() -> None:
    """Even if it does not exist now, like a temporary file."""
    story = begun(wraps="cluster-generic")
    for job_id in (1, 2):
        story.job(job_id, input=("in.txt",), wildcards={"n": str(job_id)})
        message = NO_INPUT.format(path="in.txt")
        on_node(story, job_id, status="failed", message=message, start_s=3 * job_id)
    on_node(story, 1, 0, number=2, start_s=20)
    some = only(story, files_absent=frozenset({"in.txt"}))
    assert some.claim == ("2 jobs of map failed: input in.txt appeared late: some retries found it")
    assert (some.strength, some.check) == ("likely", "failed_jobs <= 0")
    on_node(story, 2, 0, number=2, start_s=30)
    found = only(story.end(60), files_absent=frozenset({"in.txt"}))
    assert found.claim.endswith("appeared late: a retry found it")
    assert (found.strength, found.check) == ("likely", "masked_failures <= 0")
    assert found.action.text.startswith("raise --latency-wait")


def test_an_input_next_to_a_missing_one_is_not_missing() -> None:
    story = begun(wraps="cluster-generic").job(1, input=("a.bam", "a.bam.bai"))
    on_node(story, 1, status="failed", message=NO_INPUT.format(path="a.bam.bai"))
    assert only(story.end(60, "failed")).id == "missing_input:a.bam.bai"


def test_a_service_that_does_not_make_its_output_in_time_is_looked_at_itself() -> None:
    found = only(waited_for_a_service(), files_absent=frozenset({"db.sock"}))
    assert found.claim == "use failed: input db.sock never appeared (db makes it)"
    assert found.where == "tool behavior"
    assert found.action.text.startswith("find out why db had not made db.sock yet")


def test_an_input_that_a_job_made_or_that_exists_now_is_a_storage_problem() -> None:
    made = only(no_input(made=True))
    assert (made.where, made.action.text[:24]) == (
        "storage and visibility",
        "find out what removed in",
    )
    late = only(no_input(), files_present=frozenset({"in.txt"}))
    assert late.claim.endswith("did not appear in time, but exists now")
    assert late.action.text.startswith("raise --latency-wait")


def test_an_input_that_planning_missed_cites_snakemake_s_message() -> None:
    story = begun().message(3, PLANNING, level="error", kind="error").end(4, "failed")
    found = only(story)
    assert found.claim == (
        "planning failed: b needs never.txt and raw/1.fq, which were not there and which no rule makes"
    )
    assert [one.ref for one in found.evidence] == ["B:3"]


# -- limits ---------------------------------------------------------------------------------------


def on_slurm(*codes: int, **record: Any) -> Story:
    story = begun(wraps="slurm").job(1, resources={"mem_mb": 1000, "runtime": 5})
    on_node(story, 1, *codes, status="failed")
    facts = {"memory_requested_bytes": 1000 * 2**20, **record}
    return story.accounting(1, a_record("71", **facts)).end(99, "failed")


def test_out_of_memory_proposes_a_larger_request() -> None:
    found = only(on_slurm(137, state="OUT_OF_MEMORY", peak_rss_bytes=990_000_000))
    assert (found.id, found.strength) == ("out_of_memory:map", "certain")
    assert "990 MB used, 1000 MB requested" in found.claim
    assert found.action.text == "raise mem_mb of map from 1000 to 2000"
    assert found.check == "memory_of_request <= 0.9"


def is_broken(check: str | None, story: Story, status: str) -> bool:
    assert check is not None
    figure, limit = check.split(" <= ")
    found = measure(MeasuredRun(story.run, status), figure)
    return found.low is not None and found.low > float(limit)


def test_the_check_for_out_of_memory_is_one_that_this_run_breaks() -> None:
    """Even if none was requested, or its use was sampled too rarely to show it."""
    seen = on_slurm(137, state="OUT_OF_MEMORY", peak_rss_bytes=990_000_000)
    rarely = on_slurm(137, state="OUT_OF_MEMORY", peak_rss_bytes=500_000_000)
    not_requested = begun(wraps="slurm").job(1)
    on_node(not_requested, 1, 137, status="failed")
    record = {"state": "OUT_OF_MEMORY", "memory_requested_bytes": None}
    not_requested.accounting(1, a_record("71", **record, peak_rss_bytes=500_000_000))
    recovered = begun(wraps="slurm").job(1)
    on_node(recovered, 1, 137, status="failed").accounting(1, a_record("71", state="OUT_OF_MEMORY"))
    on_node(recovered, 1, 0, number=2, start_s=30)
    for story, status, check in (
        (seen, "failed", "memory_of_request <= 0.9"),
        (rarely, "failed", "failed_jobs <= 0"),
        (not_requested.end(99, "failed"), "failed", "failed_jobs <= 0"),
        (recovered.end(99), "success", "masked_failures <= 0"),
    ):
        found = only(story)
        assert (found.id, found.check) == ("out_of_memory:map", check)
        assert is_broken(found.check, story, status)


def test_a_tool_killed_near_its_memory_request_probably_ran_out_of_memory() -> None:
    probably = only(on_slurm(137, state="FAILED", peak_rss_bytes=990_000_000))
    assert (probably.incident_class, probably.strength) == ("out_of_memory", "likely")
    assert "probably ran out of memory" in probably.claim
    killed = only(on_slurm(137, state="FAILED", peak_rss_bytes=10_000_000))
    assert killed.incident_class == "tool_failure"
    assert "signal 9, SIGKILL" in killed.claim


def test_a_tool_s_own_timeout_is_not_a_time_limit() -> None:
    found = only(on_slurm(143, state="TIMEOUT", started=8, ended=308))
    assert (found.id, found.strength) == ("time_limit:map", "certain")
    assert "300 s used, 300 s requested" in found.claim
    assert found.action.text.startswith("raise runtime of map from 5 to 10 minutes")
    assert only(on_slurm(124, state="FAILED")).id == "tool_failure:map"


# -- the run itself ---------------------------------------------------------------------------------


def in_flight(**facts: Any) -> Story:
    story = begun(wraps="slurm", **facts).job(1).job(2)
    story.add(Planned(time=at(3), to_run={"map": 4}))
    story.quick(1, 3, 4, 10)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    return story.submitted(2, known, external_jobid="77")


def test_a_killed_run_names_its_jobs_in_flight_and_how_to_check_them() -> None:
    run = in_flight().message(20, "still here").run
    (found,) = _of(run, "killed")
    assert found.claim == (
        "the run was killed after 20.0 s at least, with 1 job in flight: map (slurm 77), and "
        "2 jobs not started"
    )
    assert (found.failures, found.jobs, found.cut_off) == (1, (2,), True)
    assert list(map(str, found.action.commands)) == ["squeue -j 77", "scancel 77"]
    assert "check whether the cluster still runs 77, and cancel those" in found.action.text
    assert "--rerun-incomplete" in found.action.text


def test_members_of_a_group_in_flight_have_the_group_s_id() -> None:
    """The journal has no event of their own yet, apart from their descriptions."""
    story = begun(wraps="slurm").group("g", (1, 2)).job(1).job(2)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    story.add(AttemptSubmitted(time=at(5), group="g", attempt=1, external_jobid="77", stamps=known))
    (found,) = _of(story.message(20, "still here").run, "killed")
    assert (
        found.claim
        == "the run was killed after 20.0 s at least, with 2 jobs in flight: map, map (slurm 77)"
    )
    assert list(map(str, found.action.commands)) == ["squeue -j 77", "scancel 77"]
    assert found.explains == 16_000_000  # counted once for both jobs
    assert [one.quote for one in found.evidence] == ["group: g", "group: g"]


def test_a_run_that_was_killed_while_its_dag_was_built_has_an_incident() -> None:
    run = begun().message(2, "Building DAG of jobs...", kind="building_dag").heartbeat(17).run
    (found,) = _of(run, "killed")
    assert found.claim == (
        "the run was killed after 17.0 s at least, while it was building its DAG; no job had "
        "started"
    )
    assert found.action.text.startswith("run the same command again")


def test_an_interrupted_run_without_a_wrapped_executor_names_what_it_had_selected() -> None:
    story = Story(wrapped=False).job(1)
    run = story.attempt(1, stamps(selected=4, finished=9), status="cancelled").end(9, "interrupted")
    (found,) = _of(run.run, "interrupted")
    assert found.claim == "the run was interrupted with 1 job selected and not ended: map"


def test_a_run_that_cannot_be_seen_is_not_called_killed() -> None:
    found = triage(Case(in_flight().heartbeat(20).run, "unknown"))
    assert found.incidents == ()
    assert found.symptoms[0].text == (
        "no end is recorded: the run still goes on, or was killed; at the last sign of life, after "
        "20.0 s, map was in flight, and 2 jobs had not started"
    )


def test_failures_of_a_running_run_are_symptoms_so_far() -> None:
    story = begun().job(1).attempt(1, stamps(selected=4, finished=9), status="failed")
    found = triage(Case(story.run, "running"))
    assert [(one.id, one.text) for one in found.symptoms] == [
        ("failed_so_far", "1 job of map failed so far")
    ]


def _of(run: Any, status: str) -> tuple[Incident, ...]:
    return triage(Case(run, status)).incidents


def test_a_run_interrupted_after_its_last_job_has_no_jobs_in_flight() -> None:
    story = begun(wraps="local").job(1).planned(3, {"map": 1}).quick(1, 3, 4, 10)
    found = triage_of(story.end(12, "interrupted"))
    assert classes(found) == []
    assert (
        found.symptoms[0].text
        == "the run was interrupted after 12.0 s, after its last job had ended"
    )
    assert found.note.next_action[0].text.startswith("nothing to do")


def test_a_run_whose_own_allocation_ran_out_reached_a_time_limit() -> None:
    own = Allocation(time=at(3), cluster_job="4211", nodes="n1", end=at(600))
    (found,) = _of(in_flight().add(own).message(595, "still here").run, "killed")
    assert found.id == "time_limit:snakemake"
    assert "Snakemake itself ran in slurm job 4211, which reached its time limit" in found.claim
    (killed,) = _of(in_flight().add(own).message(100, "still here").run, "killed")
    assert killed.id == "killed_run"


@pytest.mark.parametrize(
    ("text", "kind", "where", "advice"),
    [
        (
            "Error: Directory cannot be locked. Please make",
            ":locked",
            "operating context",
            "--unlock",
        ),
        (
            'NameError in file "/w/Snakefile", line 6:\nno',
            "",
            "workflow semantics",
            "/w/Snakefile:6",
        ),
        (
            "MissingRuleException:\nNo rule to produce x (if you use input functions",
            ":missing_rule",
            "workflow semantics",
            "the name of the target",
        ),
        (
            "OSError: No space left on device",
            ":disk_full",
            "storage and visibility",
            "free space",
        ),
    ],
)
def test_a_run_that_failed_without_a_failed_job_is_explained_by_snakemake_s_error(
    text: str, kind: str, where: str, advice: str
) -> None:
    found = only(begun().message(3, text, level="error", kind="error").end(4, "failed"))
    assert (found.id, found.where) == (f"workflow_error{kind}", where)
    assert advice in found.action.text


def test_before_any_job_the_last_error_ended_the_run() -> None:
    """Snakemake logs an error of its own while it reports that a Snakefile does not parse."""
    story = begun().message(3, "KeyError: 1", level="error", kind="error")
    found = only(story.message(3, "SyntaxError: no", level="error", kind="error").end(4, "failed"))
    assert found.claim == "the workflow cannot be parsed: no (SyntaxError)"


def test_the_message_of_a_job_that_recovered_did_not_end_the_run() -> None:
    story = begun(wraps="local").job(1)
    fails(story, 1, "no", message="RuleException: map failed")
    story.message(5, "RuleException: map failed", level="error", kind="error")
    succeeds(story, 1, 2, 10)
    error = "InputFunctionException in rule all in file \"/w/S\", line 2:\nError:\n  KeyError: 'x'"
    story.message(11, error, level="error", kind="error")
    first, second = triage_of(story.end(12, "failed")).incidents
    assert first.claim == "a function of rule all failed: KeyError: 'x' (InputFunctionException)"
    assert second.id == "tool_failure:map:recovered"


def test_the_line_that_raised_the_error_is_named_not_its_rule() -> None:
    text = 'InputFunctionException in rule all in file "/work/Snakefile", line 5:\nTraceback:\n'
    text += '  File "/work/Snakefile", line 4, in found\n'
    text += '  File "/work/rules/a.smk", line 2, in one (rule all, line 5, /work/Snakefile)'
    found = only(begun().message(3, text, level="error", kind="error").end(4, "failed"))
    assert "at rules/a.smk:2," in found.action.text
    assert "/work/" not in found.claim
    inside = '\n  File "/v/site-packages/x.py", line 9, in y'
    found = only(begun().message(3, text + inside, level="error", kind="error").end(4, "failed"))
    assert "at rules/a.smk:2," in found.action.text


def test_a_failed_run_without_any_error_is_escalated() -> None:
    found = only(begun().end(4, "failed"))
    assert (found.strength, found.action.escalate) == ("possible", True)


def test_a_run_with_a_failed_job_is_not_a_workflow_error() -> None:
    story = begun(wraps="local").job(1)
    fails(story, 1, "no").message(5, "RuleException: it failed", level="error", kind="error")
    assert classes(triage_of(story.end(6, "failed"))) == ["tool_failure"]


def test_the_check_of_a_run_whose_jobs_recovered_is_one_that_it_breaks() -> None:
    story = begun(wraps="slurm").job(1)
    known = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)
    story.attempt(1, known, status="failed", message="sbatch: error: invalid account")
    assert only(succeeds(story, 1, 2, 10).end(12)).check == "masked_failures <= 0"


NOT_ACCEPTED = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)


def refused(
    message: str, *printed: str, command: str = "sbatch -p nosuch j.sh", code: int = 1
) -> Story:
    refusal = Refusal(command=command, exit_code=code, printed=printed) if printed else None
    story = begun(wraps="cluster-generic" if printed else "slurm").job(1)
    more = {"message": message, "refusal": refusal}
    return story.attempt(1, NOT_ACCEPTED, status="failed", **more)


def test_a_refusal_that_names_no_option_is_escalated_to_the_cluster() -> None:
    found = only(refused("sbatch: error: Job violates a policy").end(6, "failed"))
    assert (found.incident_class, found.action.escalate) == ("submission_refused", True)
    assert found.claim == (
        "the cluster refused the submission of map 1 time: sbatch: Job violates a policy"
    )


def test_a_refusal_names_the_option_that_was_rejected_and_where_to_correct_it() -> None:
    line = "sbatch: error: invalid partition specified: nosuch"
    found = only(refused("Error submitting jobscript (exit code 1):\n", line).end(6, "failed"))
    assert found.claim == (
        "the cluster refused the submission of map 1 time because of -p nosuch: "
        "sbatch: invalid partition specified: nosuch"
    )
    assert found.action.text == (
        "correct -p nosuch in --cluster-generic-submit-cmd (sinfo lists the partitions)"
    )
    assert not found.action.escalate


def test_a_submit_command_that_could_not_be_run_was_not_refused() -> None:
    story = refused("", "sh: 1: qsub: not found", command="qsub j.sh", code=127)
    found = only(story.end(6, "failed"))
    assert found.claim == (
        "the submit command for map could not be run, 1 time (exit code 127): "
        "sh: 1: qsub: not found"
    )


def test_a_submission_without_an_answer_is_no_refusal() -> None:
    text = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
    story = refused(f"SLURM sbatch failed. The error message was '{text}'.\n    sbatch call:\n  x")
    story = succeeds(story.job(2), 2).end(12, "failed")
    found = only(story)
    assert found.incident_class == "submission_unanswered"
    assert found.claim == (
        "sbatch got no answer once for map (Socket timed out on send/recv operation); "
        "1 other submission went through"
    )
    assert found.action.text == (
        "run again, with --retries 1, so that a submission without an answer is repeated"
    )
    assert not found.action.escalate


def test_a_cluster_that_answers_no_retry_either_is_looked_at_first() -> None:
    text = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
    message = f"SLURM sbatch failed. The error message was '{text}'.\n    sbatch call:\n  x"
    story = refused(message)
    story.attempt(1, NOT_ACCEPTED, number=2, status="failed", message=message)
    found = only(story.end(12, "failed"))
    assert found.incident_class == "submission_unanswered"
    assert found.action.text.startswith("see whether the cluster answers at all")
    assert (found.action.escalate, found.action.commands) == (True, ())
    assert found.wrong_if == "the cluster's queue contains these jobs after all"


def test_a_submission_whose_retry_got_an_answer_needs_nothing_done() -> None:
    text = "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
    story = refused(f"SLURM sbatch failed. The error message was '{text}'.\n    sbatch call:\n  x")
    on_node(story, 1, 0, number=2)
    found = only(story.end(20))
    assert found.claim == (
        "sbatch got no answer once for map (Unable to contact slurm controller); the retry went "
        "through"
    )
    assert found.action.text.startswith("nothing needs to be done now: keep ")
    assert found.action.commands == ()


def test_a_job_whose_node_failed_is_lost() -> None:
    found = only(on_slurm(state="NODE_FAIL"))
    assert (found.id, found.strength) == ("job_lost:map", "certain")
    assert found.claim == (
        "map was terminated from outside on node7 (cluster job 71): NODE_FAIL at 12:00:14 UTC"
    )
    assert found.action.text.startswith(
        "find out from the cluster's records what ended cluster job 71 on node7; then run again"
    )


def test_an_environment_that_could_not_be_created_is_not_a_tool_failure() -> None:
    message = "CreateCondaEnvironmentException: Could not create conda environment"
    found = only(failed_once(code=None, message=message))
    assert found.id == "environment_failed:map"


# -- retries that multiply --------------------------------------------------------------------------


def test_retries_that_multiply_are_counted() -> None:
    first, second = triage_of(nested()).incidents
    assert (first.id, second.id) == ("retries_did_not_help:map", "nested_retries:map")
    assert second.claim == (
        "map ran 6 times instead of 3: the retries of one level multiply those of another "
        "(1 job of map; the attempts of one job ran it 3 + 2 + 1 times)"
    )
    assert second.check == "retries <= 2"
    assert second.failures == 0


def test_retries_inside_a_single_attempt_do_not_multiply() -> None:
    story = on_node(begun(wraps="cluster-generic").job(1), 1, 3, 0).end(12)
    assert "nested_retries" not in classes(triage_of(story))
    assert "nested_retries" not in classes(triage_of(deterministic()))


def test_requeues_by_the_cluster_multiply_snakemake_s_retries() -> None:
    story = begun(wraps="slurm").job(1)
    on_node(story, 1, 13, number=1, node_starts=(at(4), at(5)))
    on_node(story, 1, 13, number=2, start_s=20)
    assert "nested_retries" in classes(triage_of(story.end(30, "failed")))


# -- evidence ----------------------------------------------------------------------------------------


def test_a_failure_inside_an_attempt_that_succeeded_is_cited() -> None:
    story = on_node(begun(wraps="cluster-generic").job(1), 1, 3, 3, 0).end(12)
    found = only(story)
    assert found.evidence


def test_a_group_that_failed_affects_its_members() -> None:
    story = (
        begun(wraps="slurm").group("g1", (1, 2), name="pair").job(1, group="g1").job(2, group="g1")
    )
    known = moments(3, 9)
    story.attempt(None, known, group="g1", status="failed", external_jobid="77", message="no")
    found = only(story.end(12, "failed"))
    assert found.jobs == (1, 2)
    assert found.rules == ("map",)


def test_a_failed_rule_without_a_log_or_benchmark_gets_a_proposal() -> None:
    story = begun(wraps="local").job(1, shellcmd="map", wildcards={"n": "1"})
    (found,) = triage_of(fails(story, 1, "no").end(9, "failed")).missing_evidence
    assert found.id == "missing_evidence:map"
    assert found.action.text == (
        'add log: "logs/map/{n}.log" and benchmark: "benchmarks/map/{n}.txt" to rule map; '
        "log: redirects nothing by itself: begin the command with `exec 2> {log};`"
    )
    assert found.check == "missing_logs <= 0"


def test_a_job_that_failed_twice_alike_and_recovered_is_not_a_masked_failure() -> None:
    story = begun(wraps="local").job(1)
    for number in (1, 2):
        fails(story, 1, "Connection reset by peer", number=number, start_s=3 * number)
    found = only(succeeds(story, 1, 3, 10).end(12))
    assert found.id == "tool_failure:map:recovered"
    assert found.claim == (
        "1 job of map failed twice with exit code 13 and recovered on retry 2: "
        "Connection reset by peer"
    )


def test_every_job_that_never_succeeded_is_in_the_scope_and_in_the_note() -> None:
    story = begun(wraps="local").job(1, rule="a").job(2, rule="b")
    fails(story, 1, "no room", rule="a")
    fails(story, 2, "no such file", rule="b", code=3)
    found = triage_of(story.end(9, "failed"))
    assert found.scope.text == "2 jobs of all 2 rules"
    classes = " ".join(claim.text for claim in found.note.incident_class)
    assert "no room" in classes
    assert "no such file" in classes


# -- two accounts of one end ----------------------------------------------------------------------


def contradicted(**more: Any) -> Story:
    """Return a job that the status command calls failed, and whose node reported its success."""
    settings = {"status_cmd": "./status.sh --quick"}
    story = begun(wraps="cluster-generic", settings=settings).job(1)
    facts = {"status": "failed", "exit_code": None, "reported_as": "failed", **more}
    return on_node(story, 1, 0, **facts)


def test_a_failure_of_which_the_node_reports_a_success_is_told_by_both() -> None:
    found = only(contradicted().end(12, "failed"))
    assert (found.incident_class, found.strength) == ("status_contradicted", "certain")
    assert found.claim == (
        "the status command (./status.sh --quick) reported map (71) as failed, and the node that "
        "all of it ended well"
    )
    assert [str(one) for one in found.action.commands] == ["./status.sh --quick 71"]


def test_the_cluster_s_record_is_told_with_them() -> None:
    story = contradicted().accounting(1, a_record("71", state="COMPLETED")).end(12, "failed")
    assert only(story).claim.endswith("; the cluster's record says COMPLETED")


@pytest.mark.parametrize("more", [{"reported_as": None}, {"message": "ended by an epilogue"}])
def test_a_failure_that_the_executor_did_not_report_or_that_has_a_reason_has_one_account(
    more: dict[str, Any],
) -> None:
    found = triage_of(contradicted(**more).end(12, "failed")).incidents
    assert "status_contradicted" not in classes_of(found)


def classes_of(incidents: Any) -> list[str]:
    return [one.incident_class for one in incidents]
