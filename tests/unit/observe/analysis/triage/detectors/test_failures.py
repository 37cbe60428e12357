"""Detectors of failures: each fires where it should, and stays silent at what only looks alike."""

from typing import Any

import pytest
from builders import Story, a_record, at, begun, stamps
from failing import (
    deterministic,
    different,
    every_job,
    fails,
    moments,
    nested,
    on_node,
    succeeds,
)
from failing import flaky as one_of_many
from triaged import walked

from snakemake_logger_plugin_observe.analysis.check.measured_run import MeasuredRun
from snakemake_logger_plugin_observe.analysis.check.metrics import measure
from snakemake_logger_plugin_observe.analysis.triage.case import Case
from snakemake_logger_plugin_observe.analysis.triage.failure_classes import named_in
from snakemake_logger_plugin_observe.analysis.triage.incident import Incident
from snakemake_logger_plugin_observe.analysis.triage.steps import Triage
from snakemake_logger_plugin_observe.journal.events import Allocation, AttemptSubmitted, Planned
from snakemake_logger_plugin_observe.journal.records import LogTail

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
    """Return the only incident of a run; every failure is told by one class."""
    (found,) = walked(story, **more).incidents
    assert found.evidence
    return found


# -- the tool itself ------------------------------------------------------------------------------


def failed_once(*lines: str, **more: Any) -> Story:
    story = begun(wraps="local").job(1, wildcards={"n": "1"}, input=("in/1.fq",))
    return fails(story, 1, *lines, **more).end(9, "failed")


def test_a_plain_failure_is_the_tool_s_with_its_last_words() -> None:
    found = only(failed_once("reading", "no such sequence"))
    assert (found.id, found.where) == ("tool_failure:map", "tool behavior")
    assert found.claim == "map n=1 failed with exit code 13: no such sequence"
    assert (found.strength, found.failures, found.explains) == ("certain", 1, 1_000_000)
    assert found.action.text == "repair what map says (logs/a.log:2)"
    assert "logs/a.log:2: no such sequence" in [one.quote for one in found.evidence]


def test_a_deterministic_failure_behind_retries_is_masked_and_a_flaky_one_is_not() -> None:
    assert only(deterministic()).id == "masked_failure:map"
    assert only(every_job()).id == "masked_failure:quality"
    found = only(one_of_many())
    assert (found.id, found.strength) == ("tool_failure:map:recovered", "likely")
    assert found.claim.startswith("1 of 10 jobs of map failed with exit code 13 and succeeded")


def again_and_again(*words: str) -> Story:
    """Return a job for each of *words* that fails twice, saying them."""
    story = begun(wraps="local")
    for job_id, said in enumerate(words, 1):
        story.job(job_id, wildcards={"n": str(job_id)})
        for number in (1, 2):
            fails(story, job_id, said, number=number, start_s=3 * job_id + number)
    return story.end(90, "failed")


def test_jobs_of_a_rule_that_fail_each_in_a_way_of_its_own_are_told_apart() -> None:
    found = walked(again_and_again("no such file", "no room", "no such file")).incidents
    assert [(one.id, one.jobs) for one in found] == [
        ("masked_failure:map", (1, 3)),
        ("masked_failure:map:2", (2,)),
    ]
    assert [one.claim for one in found] == [
        "map failed 4 times in the same way, behind retries (it fails each time): no such file",
        "map failed 2 times in the same way, behind retries (it fails each time): no room",
    ]


def test_of_a_rule_that_fails_in_many_ways_the_rest_is_told_in_one() -> None:
    found = walked(again_and_again("no a", "no b", "no c", "no d", "no e")).incidents
    assert sorted(one.id for one in found) == [
        *("masked_failure:map", "masked_failure:map:2", "masked_failure:map:3"),
        "masked_failure:map:4",
    ]
    (rest,) = [one for one in found if one.failures == 2]
    assert rest.claim == (
        "map failed 4 times in 2 further ways, each job always in one, behind retries "
        "(it fails each time): no d"
    )


def test_what_a_job_failed_of_later_is_not_counted_with_what_all_failed_of_first() -> None:
    story = begun(wraps="local")
    for job_id in (1, 2):
        story.job(job_id)
        fails(story, job_id, "not mounted", start_s=3 * job_id)
    fails(story, 1, "Segmentation fault", number=2, code=-11, start_s=10)
    succeeds(story, 1, 3, 20)
    found = only(succeeds(story, 2, 2, 30).end(40))
    assert found.claim == (
        "map failed 2 times in the same way, behind retries (each of its jobs failed first): "
        "not mounted"
    )


def test_a_signal_from_outside_is_asked_after_and_a_crash_is_the_tool_s_own() -> None:
    killed = only(on_slurm(137, state="FAILED", peak_rss_bytes=10_000_000))
    assert (killed.where, killed.strength) == ("operating context", "possible")
    assert killed.action.text == (
        "find out who sent the signal: see the kernel's log of node7 (was its memory used up?), "
        "and what the cluster recorded of 71"
    )
    assert killed.action.why.endswith(
        "it is known to have used 10 MB of the 1000 MB that it asked for"
    )
    crashed = only(failed_once("Segmentation fault", code=-11))
    assert (crashed.where, crashed.strength) == ("tool behavior", "certain")
    assert crashed.action.text == "repair what map says (logs/a.log:1)"


@pytest.mark.parametrize(
    ("code", "said"),
    [(124, "(timeout: the command"), (127, "(shell: command not found)"), (13, "13")],
)
def test_an_exit_code_that_has_a_meaning_is_told_with_it(code: int, said: str) -> None:
    claim = only(failed_once(code=code)).claim
    assert said in claim
    assert ("(" in claim) == (code != 13)


def test_failures_that_differ_are_no_masked_one() -> None:
    found = only(different())
    assert found.id == "tool_failure:map"
    assert ", 3 times, not in the same way" in found.claim


def test_without_exit_codes_it_says_that_the_end_is_not_known() -> None:
    story = begun(wrapped=False).job(1)
    story.attempt(1, stamps(ready=3, selected=4, finished=9), status="failed")
    found = only(story.end(10, "failed"))
    assert found.claim == "map failed (how its tool ended is not known)"
    assert (found.strength, found.id) == ("possible", "tool_failure:map")


def forgot(path: str = "out/1.txt") -> Story:
    story = begun(wraps="local").job(1, output=(path,))
    return fails(story, 1, code=None, message=MISSING.format(path=path)).end(9, "failed")


def test_an_output_that_never_came_is_the_workflow_s_and_a_late_one_is_left_to_others() -> None:
    found = only(forgot())
    assert found.claim == "map did not leave out/1.txt, though its tool ended well"
    assert found.where == "workflow semantics"
    assert "tool_failure" not in classes(walked(forgot(), there=frozenset({"out/1.txt"})))


EMPTY = """WorkflowError in rule map in file "/work/Snakefile", line 3:
Detected unexpected empty output files. Something went wrong in the rule without an error:
out/1.txt"""
WAS_NOT_THERE = "its tool ended well, and what it should leave was not there"


def test_an_output_that_is_not_as_promised_was_there() -> None:
    story = begun(wraps="local").job(1, output=("out/1.txt",))
    fails(story, 1, code=None, message=EMPTY).end(9, "failed")
    found = only(story, there=frozenset({"out/1.txt"}))
    assert found.claim == "map left out/1.txt, which is not as promised (empty, or altered)"
    assert found.action.why == "its tool ended well, and Snakemake's check of what it left failed"


def test_a_missing_output_is_said_not_to_be_there_now_only_where_that_was_seen() -> None:
    assert only(forgot()).action.why == f"{WAS_NOT_THERE} (not looked for since)"
    looked = {"read": lambda path: LogTail(path=path)}
    gone = only(forgot(), gone=frozenset({"out/1.txt"}), **looked)
    assert gone.action.why == f"{WAS_NOT_THERE} (not there now either)"
    made_by_the_next_run = only(forgot(), **looked)
    assert made_by_the_next_run.action.why == (
        f"{WAS_NOT_THERE} (whether it came late is not known)"
    )


def test_of_two_missing_outputs_the_one_that_is_there_now_is_not_said_to_be_gone() -> None:
    story = begun(wraps="local").job(1, output=("a", "b"))
    told = MISSING.format(path="a (missing locally)\nb")
    fails(story, 1, code=None, message=told).end(9, "failed")
    found = only(story, there=frozenset({"a"}), gone=frozenset({"b"}))
    assert found.claim == "map did not leave a, b, though its tool ended well"
    assert found.action.why == f"{WAS_NOT_THERE} (b not there now either)"


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("a.bam.bai (missing locally)", ("a.bam.bai",)),
        ("a.bam (missing locally)\nx/a.bam.bai (missing locally)", ("a.bam",)),
        ("a.bam, a.bam.bai", ("a.bam", "a.bam.bai")),
        ("the file 'a.bam' is not there.", ("a.bam",)),
        ("it is a.bam.", ("a.bam",)),
        ("/elsewhere/a.bam", ()),
        ("my a.bam", ("my a.bam",)),
        ("/w/.snakemake/shadow/tmp0_k3x9qz/a.bam (missing locally)", ("a.bam",)),
        ("b (missing locally, parent dir contents: a.bam, c)\na.bam.bai", ("a.bam.bai",)),
        ("", ()),
    ],
)
def test_a_message_names_a_file_by_its_whole_name(message: str, named: tuple[str, ...]) -> None:
    assert named_in(("a.bam", "a.bam.bai", "my a.bam"), message) == named


def test_the_file_beside_a_missing_one_is_not_called_missing() -> None:
    story = begun(wraps="local").job(1, output=("a.bam", "a.bam.bai"))
    fails(story, 1, code=None, message=MISSING.format(path="a.bam.bai")).end(9, "failed")
    assert only(story).claim == "map did not leave a.bam.bai, though its tool ended well"
    late = only(story, there=frozenset({"a.bam.bai"}))
    assert late.claim == "map failed for want of a.bam.bai, not seen, but there now"
    assert classes(walked(story, there=frozenset({"a.bam"}))) == ["tool_failure"]


def test_what_failed_for_good_comes_before_what_recovered() -> None:
    """However much more of it there was."""
    story = begun(wraps="local").job(9, rule="last")
    for job_id in range(1, 7):
        story.job(job_id, rule="quality")
        fails(story, job_id, "not mounted", start_s=3 * job_id, rule="quality")
        succeeds(story, job_id, 2, 30 + job_id, rule="quality")
    fails(story, 9, "no such sequence", start_s=40, rule="last")
    found = walked(story.end(50, "failed"))
    assert [one.id for one in found.incidents] == ["tool_failure:last", "masked_failure:quality"]


# -- inputs ---------------------------------------------------------------------------------------


def no_input(rule: str = "map", *, jobs: int = 1, made: bool = False) -> Story:
    story = begun(wraps="cluster-generic")
    if made:
        story.job(9, rule="make", output=("in.txt",))
    for job_id in range(1, jobs + 1):
        story.job(job_id, rule=rule, input=("in.txt",), wildcards={"n": str(job_id)})
        told = NO_INPUT.format(path="in.txt")
        on_node(story, job_id, status="failed", message=told, start_s=3 * job_id)
    return story.end(60, "failed")


def test_many_jobs_that_missed_one_file_are_told_once() -> None:
    found = only(no_input(jobs=5), gone=frozenset({"in.txt"}))
    assert found.claim == "5 jobs of map missed input in.txt, which never came"
    assert (found.failures, found.where) == (5, "workflow semantics")
    assert (found.strength, found.check) == ("certain", "failed_jobs <= 0")


def test_an_input_that_nobody_looked_for_since_is_not_said_never_to_have_come() -> None:
    """Nothing is known of a file without the folder, of one elsewhere, of one that was remade."""
    found = only(no_input(jobs=5))
    assert found.claim == "5 jobs of map missed input in.txt, which was not seen"
    assert (found.strength, found.check) == ("likely", "failed_jobs <= 0")


def test_an_input_that_was_there_when_tried_again_came_late() -> None:
    """Though it is gone by now, as a temporary file is."""
    story = begun(wraps="cluster-generic")
    for job_id in (1, 2):
        story.job(job_id, input=("in.txt",), wildcards={"n": str(job_id)})
        told = NO_INPUT.format(path="in.txt")
        on_node(story, job_id, status="failed", message=told, start_s=3 * job_id)
    on_node(story, 1, 0, number=2, start_s=20)
    some = only(story, gone=frozenset({"in.txt"}))
    assert some.claim == (
        "2 jobs of map missed input in.txt, which was there when some were tried again: "
        "it came late"
    )
    assert (some.strength, some.check) == ("likely", "failed_jobs <= 0")
    on_node(story, 2, 0, number=2, start_s=30)
    found = only(story.end(60), gone=frozenset({"in.txt"}))
    assert found.claim.endswith("which was there when tried again: it came late")
    assert (found.strength, found.check) == ("likely", "masked_failures <= 0")
    assert found.action.text.startswith("raise --latency-wait")


def test_the_input_beside_a_missing_one_is_not_called_missing() -> None:
    story = begun(wraps="cluster-generic").job(1, input=("a.bam", "a.bam.bai"))
    on_node(story, 1, status="failed", message=NO_INPUT.format(path="a.bam.bai"))
    assert only(story.end(60, "failed")).id == "missing_input:a.bam.bai"


def test_an_input_that_is_made_here_or_there_by_now_is_a_matter_of_storage() -> None:
    made = only(no_input(made=True))
    assert (made.where, made.action.text[:24]) == (
        "storage and visibility",
        "see what took in.txt awa",
    )
    late = only(no_input(), there=frozenset({"in.txt"}))
    assert late.claim.endswith("which is there now: it came late")
    assert late.action.text.startswith("raise --latency-wait")


def test_an_input_that_planning_missed_is_told_with_its_line() -> None:
    story = begun().message(3, PLANNING, level="error", kind="error").end(4, "failed")
    found = only(story)
    assert found.claim == (
        "b needs never.txt, raw/1.fq, not there and made by no rule: the run ended while planning"
    )
    assert [one.ref for one in found.evidence] == ["B:3"]


# -- limits ---------------------------------------------------------------------------------------


def on_slurm(*codes: int, **record: Any) -> Story:
    story = begun(wraps="slurm").job(1, resources={"mem_mb": 1000, "runtime": 5})
    on_node(story, 1, *codes, status="failed")
    return story.accounting(1, a_record("71", **record)).end(99, "failed")


def test_memory_that_ran_out_is_told_with_a_larger_request() -> None:
    found = only(on_slurm(137, state="OUT_OF_MEMORY", peak_rss_bytes=990_000_000))
    assert (found.id, found.strength) == ("out_of_memory:map", "certain")
    assert "990 MB used, 1000 MB asked for" in found.claim
    assert found.action.text == "raise mem_mb of map from 1000 to 2000"
    assert found.check == "memory_of_request <= 0.9"


def is_broken(check: str | None, story: Story, status: str) -> bool:
    assert check is not None
    figure, limit = check.split(" <= ")
    found = measure(MeasuredRun(story.run, status), figure)
    return found.low is not None and found.low > float(limit)


def test_the_check_that_would_catch_memory_that_ran_out_is_one_that_this_run_breaks() -> None:
    """Also where none was asked for, or where its use was seen too seldom to show it."""
    seen = on_slurm(137, state="OUT_OF_MEMORY", peak_rss_bytes=990_000_000)
    seldom = on_slurm(137, state="OUT_OF_MEMORY", peak_rss_bytes=500_000_000)
    not_asked = begun(wraps="slurm").job(1)
    on_node(not_asked, 1, 137, status="failed")
    not_asked.accounting(1, a_record("71", state="OUT_OF_MEMORY", peak_rss_bytes=500_000_000))
    again = begun(wraps="slurm").job(1)
    on_node(again, 1, 137, status="failed").accounting(1, a_record("71", state="OUT_OF_MEMORY"))
    on_node(again, 1, 0, number=2, start_s=30)
    for story, status, check in (
        (seen, "failed", "memory_of_request <= 0.9"),
        (seldom, "failed", "failed_jobs <= 0"),
        (not_asked.end(99, "failed"), "failed", "failed_jobs <= 0"),
        (again.end(99), "success", "masked_failures <= 0"),
    ):
        found = only(story)
        assert (found.id, found.check) == ("out_of_memory:map", check)
        assert is_broken(found.check, story, status)


def test_a_tool_killed_with_its_memory_nearly_used_up_probably_ran_out_and_else_did_not() -> None:
    probably = only(on_slurm(137, state="FAILED", peak_rss_bytes=990_000_000))
    assert (probably.incident_class, probably.strength) == ("out_of_memory", "likely")
    assert "probably ran out of memory" in probably.claim
    killed = only(on_slurm(137, state="FAILED", peak_rss_bytes=10_000_000))
    assert killed.incident_class == "tool_failure"
    assert "signal 9, SIGKILL" in killed.claim


def test_a_time_limit_is_the_scheduler_s_and_a_tool_s_own_timeout_is_not() -> None:
    found = only(on_slurm(143, state="TIMEOUT", started=8, ended=308))
    assert (found.id, found.strength) == ("time_limit:map", "certain")
    assert "300 s used, 300 s asked for" in found.claim
    assert found.action.text.startswith("raise runtime of map from 5 to 10 (minutes)")
    assert only(on_slurm(124, state="FAILED")).id == "tool_failure:map"


# -- the run itself ---------------------------------------------------------------------------------


def in_flight(**facts: Any) -> Story:
    story = begun(wraps="slurm", **facts).job(1).job(2)
    story.add(Planned(time=at(3), to_run={"map": 4}))
    story.quick(1, 3, 4, 10)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    return story.submitted(2, known, external_jobid="77")


def test_a_killed_run_names_what_it_left_in_flight_and_what_to_do_about_it() -> None:
    run = in_flight().message(20, "still here").run
    (found,) = _of(run, "killed")
    assert found.claim == (
        "the run was killed with 1 job in flight: map (slurm 77), and 2 jobs not begun"
    )
    assert (found.failures, found.jobs, found.cut_off) == (1, (2,), True)
    assert "squeue -j 77" in found.action.text
    assert "scancel 77" in found.action.text
    assert "--rerun-incomplete" in found.action.text


def test_the_members_of_a_group_in_flight_are_under_the_group_s_id() -> None:
    """The journal has said nothing of its own of them yet, but for what they are."""
    story = begun(wraps="slurm").group("g", (1, 2)).job(1).job(2)
    known = stamps(ready=3, selected=4, submitting=4, accepted=5)
    story.add(AttemptSubmitted(time=at(5), group="g", attempt=1, external_jobid="77", stamps=known))
    (found,) = _of(story.message(20, "still here").run, "killed")
    assert found.claim == "the run was killed with 2 jobs in flight: map, map (slurm 77)"
    assert found.action.text.startswith("look whether they still run (squeue -j 77)")
    assert found.explains == 16_000_000  # once, though it is of two jobs
    assert [one.quote for one in found.evidence] == ["group: g", "group: g"]


def _of(run: Any, status: str) -> tuple[Incident, ...]:
    from snakemake_logger_plugin_observe.analysis.triage.steps import triage

    return triage(Case(run, status)).incidents


def test_a_run_that_was_interrupted_after_its_last_job_left_nothing() -> None:
    story = begun(wraps="local").job(1).planned(3, {"map": 1}).quick(1, 3, 4, 10)
    found = walked(story.end(12, "interrupted"))
    assert classes(found) == []
    assert found.symptoms[0].text == "the run was interrupted, after its last job had ended"
    assert found.note.next_action[0].text.startswith("nothing to do")


def test_a_run_whose_own_allocation_ran_out_is_a_time_limit_alone() -> None:
    own = Allocation(time=at(3), cluster_job="4211", nodes="n1", end=at(600))
    (found,) = _of(in_flight().add(own).message(595, "still here").run, "killed")
    assert found.id == "time_limit:snakemake"
    assert "the slurm job 4211 that Snakemake itself ran in was out of time" in found.claim
    (killed,) = _of(in_flight().add(own).message(100, "still here").run, "killed")
    assert killed.id == "killed_run"


@pytest.mark.parametrize(
    ("text", "where", "advice"),
    [
        ("Error: Directory cannot be locked. Please make", "operating context", "--unlock"),
        ('NameError in file "/w/Snakefile", line 6:\nno', "workflow semantics", "/w/Snakefile:6"),
        ("MissingRuleException: No rule to produce x", "workflow semantics", "the target's name"),
        ("OSError: No space left on device", "storage and visibility", "make room"),
    ],
)
def test_a_run_that_failed_without_a_job_that_did_is_told_by_snakemake_s_words(
    text: str, where: str, advice: str
) -> None:
    found = only(begun().message(3, text, level="error", kind="error").end(4, "failed"))
    assert (found.id, found.where) == ("workflow_error", where)
    assert advice in found.action.text


def test_what_a_job_said_that_succeeded_in_the_end_did_not_end_the_run() -> None:
    story = begun(wraps="local").job(1)
    fails(story, 1, "no", message="RuleException: map failed")
    story.message(5, "RuleException: map failed", level="error", kind="error")
    succeeds(story, 1, 2, 10)
    story.message(11, "InputFunctionException in rule all", level="error", kind="error")
    first, second = walked(story.end(12, "failed")).incidents
    assert first.claim == "Snakemake itself ended the run: InputFunctionException in rule all"
    assert second.id == "tool_failure:map:recovered"


def test_the_line_that_raised_is_named_and_not_the_rule_that_asked() -> None:
    text = 'InputFunctionException in rule all in file "/work/Snakefile", line 5:\nTraceback:\n'
    text += '  File "/work/Snakefile", line 4, in found\n'
    text += '  File "/work/rules/a.smk", line 2, in one (rule all, line 5, /work/Snakefile)'
    found = only(begun().message(3, text, level="error", kind="error").end(4, "failed"))
    assert "at rules/a.smk:2," in found.action.text
    assert "/work/" not in found.claim
    inside = '\n  File "/v/site-packages/x.py", line 9, in y'
    found = only(begun().message(3, text + inside, level="error", kind="error").end(4, "failed"))
    assert "at rules/a.smk:2," in found.action.text


def test_a_failed_run_of_which_nothing_is_known_says_so_and_escalates() -> None:
    found = only(begun().end(4, "failed"))
    assert (found.strength, found.action.escalate) == ("possible", True)


def test_a_run_with_a_failed_job_is_no_workflow_error() -> None:
    story = begun(wraps="local").job(1)
    fails(story, 1, "no").message(5, "RuleException: it failed", level="error", kind="error")
    assert classes(walked(story.end(6, "failed"))) == ["tool_failure"]


def test_a_check_is_one_that_a_run_whose_jobs_recovered_breaks_too() -> None:
    story = begun(wraps="slurm").job(1)
    known = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)
    story.attempt(1, known, status="failed", message="sbatch: error: invalid account")
    assert only(succeeds(story, 1, 2, 10).end(12)).check == "masked_failures <= 0"


def test_a_refused_submission_is_the_cluster_s() -> None:
    known = stamps(ready=3, selected=3, submitting=4, reported=5, finished=5)
    story = begun(wraps="slurm").job(1)
    story.attempt(1, known, status="failed", message="sbatch: error: invalid account")
    found = only(story.end(6, "failed"))
    assert (found.incident_class, found.action.escalate) == ("submission_refused", True)
    assert (
        found.claim
        == "the cluster refused map when submitted, 1 time: sbatch: error: invalid account"
    )


def test_a_job_whose_node_failed_is_lost() -> None:
    found = only(on_slurm(state="NODE_FAIL"))
    assert (found.id, found.strength) == ("job_lost:map", "certain")
    assert "NODE_FAIL" in found.claim


def test_an_environment_that_could_not_be_made_is_no_tool_s_fault() -> None:
    said = "CreateCondaEnvironmentException: Could not create conda environment"
    found = only(failed_once(code=None, message=said))
    assert found.id == "environment_failed:map"


# -- retries that multiply --------------------------------------------------------------------------


def test_retries_that_multiply_are_counted() -> None:
    first, second = walked(nested()).incidents
    assert (first.id, second.id) == ("masked_failure:map", "nested_retries:map")
    assert second.claim == (
        "6 executions of map came of 3 that were meant: retries of one level multiply another's "
        "(1 job of map; one job's attempts ran it 3 + 2 + 1 times)"
    )
    assert second.check == "retries <= 2"
    assert second.failures == 0


def test_retries_inside_one_attempt_alone_multiply_nothing() -> None:
    story = on_node(begun(wraps="cluster-generic").job(1), 1, 3, 0).end(12)
    assert "nested_retries" not in classes(walked(story))
    assert "nested_retries" not in classes(walked(deterministic()))


def test_a_cluster_that_requeues_what_snakemake_retries_is_counted_too() -> None:
    story = begun(wraps="slurm").job(1)
    on_node(story, 1, 13, number=1, node_starts=(at(4), at(5)))
    on_node(story, 1, 13, number=2, start_s=20)
    assert "nested_retries" in classes(walked(story.end(30, "failed")))


# -- evidence ----------------------------------------------------------------------------------------


def test_a_failure_inside_an_attempt_that_succeeded_is_cited() -> None:
    story = on_node(begun(wraps="cluster-generic").job(1), 1, 3, 3, 0).end(12)
    found = only(story)
    assert found.evidence


def test_a_group_that_failed_touches_its_members() -> None:
    story = (
        begun(wraps="slurm").group("g1", (1, 2), name="pair").job(1, group="g1").job(2, group="g1")
    )
    known = moments(3, 9)
    story.attempt(None, known, group="g1", status="failed", external_jobid="77", message="no")
    found = only(story.end(12, "failed"))
    assert found.jobs == (1, 2)
    assert found.rules == ("map",)


def test_proofs_that_a_failed_rule_lacks_are_findings() -> None:
    story = begun(wraps="local").job(1, shellcmd="map", wildcards={"n": "1"})
    (found,) = walked(fails(story, 1, "no").end(9, "failed")).missing_evidence
    assert found.id == "missing_evidence:map"
    assert found.action.text == (
        'give rule map log: "logs/map/{n}.log" and benchmark: "benchmarks/map/{n}.txt"'
    )
    assert found.check == "missing_logs <= 0"


def test_a_job_that_fails_twice_alike_and_then_succeeds_is_no_masked_failure() -> None:
    story = begun(wraps="local").job(1)
    for number in (1, 2):
        fails(story, 1, "Connection reset by peer", number=number, start_s=3 * number)
    found = only(succeeds(story, 1, 3, 10).end(12))
    assert found.id == "tool_failure:map:recovered"
    assert found.claim.startswith("1 job of map failed with exit code 13 and succeeded when tried")


def test_all_that_failed_for_good_is_the_scope_and_is_in_the_note() -> None:
    story = begun(wraps="local").job(1, rule="a").job(2, rule="b")
    fails(story, 1, "no room", rule="a")
    fails(story, 2, "no such file", rule="b", code=3)
    told = walked(story.end(9, "failed"))
    assert told.scope.text == "2 jobs of all 2 rules"
    classes = " ".join(claim.text for claim in told.note.incident_class)
    assert "no room" in classes
    assert "no such file" in classes
