"""Inputs that were there in a run, and gone when a job of it needed them."""

from typing import Any

import pytest
from builders import Story, at, begun, stamps
from triaged import case_of, classes, triage_of

from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.headline import headline
from snakemake_logger_plugin_observe.analysis.failures.removed_input import RemovedInput
from snakemake_logger_plugin_observe.analysis.failures.removed_inputs import (
    removed_inputs,
    removing_part,
)
from snakemake_logger_plugin_observe.journal.records import LogTail

GONE = (
    'WorkflowError in rule b in file "/work/Snakefile", line 9:\n'
    "OSError: Missing files after 5 seconds. This might be due to filesystem latency. If that is "
    "the case, consider to increase the wait time with --latency-wait:\n"
)


def made(**a: Any) -> Story:
    """Return a run in which rule a has made ``d/x`` at 4 s."""
    story = begun(wraps="local", settings={"notemp": False, **a.pop("settings", {})})
    more = {"output": ("d/x",), "shellcmd": "make d/x", **a}
    return story.job(1, rule="a", **more).quick(1, 3, 3, 4)


def removing(story: Story, path: str) -> Story:
    """Add Snakemake's message that it removed a temporary output."""
    return story.message(5, f"Removing temporary output {path}.", kind="removing_temporary")


def missed(story: Story, *files: str, how: str = "(missing locally)", needs: Any = ()) -> Story:
    """Add rule b, which Snakemake could not start at 6 s because *files* were gone."""
    inputs = needs or files
    story.job(9, (1,), rule="b", input=inputs, output=("y",), shellcmd=f"cp {files[0]} y")
    listed = "\n".join(f"{path} {how}" for path in files)
    waits = f"Waiting at most 5 seconds for missing files:\n{listed}"
    story.message(6, waits, kind="waiting_for_files")
    story.message(11, GONE + listed, level="error", kind="error")
    known = stamps(ready=5, selected=5, submitting=5.5, finished=11)
    return story.attempt(9, known, status="cancelled").end(12, "failed")


def only(story: Story) -> RemovedInput:
    """Return the one finding of a run."""
    (found,) = removed_inputs(story.run, failures(story.run))
    return found


def test_a_temporary_folder_that_no_job_needs_is_removed_with_what_it_holds() -> None:
    story = removing(made(output=("d", "d/x"), temp=("d", "d/x")), "d")
    found = only(missed(story, "d/x"))
    assert (found.how, found.by, found.certain) == ("folder_temp", "d", True)
    assert found.claim == (
        "input d/x of b was made by a in this run, and gone 2.0 s later: d is temp() and holds it"
    )
    assert found.fix == "take temp() off d in rule a, or leave d out of its outputs, then run again"


def test_a_job_that_was_not_reached_may_have_kept_the_folder() -> None:
    found = only(missed(made(output=("d", "d/x"), temp=("d", "d/x")), "d/x"))
    assert (found.how, found.certain) == ("folder_temp", False)
    assert found.claim.endswith("later: probably because d is temp() and holds it")


def test_several_files_of_one_folder_are_one_finding() -> None:
    story = removing(made(output=("d", "d/x", "d/z"), temp=("d",)), "d")
    found = only(missed(story, "d/x", "d/z"))
    assert found.claim == (
        "inputs d/x and d/z of b were made by a in this run, and gone 2.0 s later: d is temp() "
        "and holds them"
    )


def test_a_temporary_folder_that_a_job_still_needs_was_not_removed_by_snakemake() -> None:
    story = made(output=("d", "d/x"), temp=("d",))
    found = only(missed(story, "d/x", needs=("d", "d/x")))
    assert found.how == "unknown"


def test_with_notemp_no_temporary_file_is_removed() -> None:
    story = made(output=("d", "d/x"), temp=("d",), settings={"notemp": True})
    assert only(missed(story, "d/x")).how == "unknown"


def linked(command: str) -> Story:
    """Return a run in which rule l has made ``d/x`` from the temporary file ``big`` of rule a."""
    story = made(output=("big",), temp=("big",))
    story.job(2, (1,), rule="l", input=("big",), output=("d/x",), shellcmd=command)
    return story.quick(2, 4, 4, 5)


def test_a_link_to_a_temporary_file_is_of_no_use_once_that_is_removed() -> None:
    found = only(missed(linked("ln -s ../big d/x"), "d/x"))
    assert (found.how, found.by, found.certain) == ("link_to_temp", "big", False)
    assert found.claim == (
        "input d/x of b was made by l in this run, and gone 1.0 s later: probably it is a link to "
        "big, which is temp() and was removed"
    )
    assert found.fix == "let l copy big, or take temp() off big, then run again"


def test_a_missing_file_that_its_folder_lists_is_a_link_without_a_target() -> None:
    how = "(missing locally, parent dir contents: a, x)"
    found = only(missed(linked("python link.py"), "d/x", how=how))
    assert (found.how, found.certain) == ("link_to_temp", True)
    assert "later: it is a link to big" in found.claim


def test_a_missing_file_that_its_folder_does_not_list_is_no_link() -> None:
    how = "(missing locally, parent dir contents: a, xx)"
    assert only(missed(linked("python link.py"), "d/x", how=how)).how == "unknown"


def test_a_job_that_moved_the_file_in_between_probably_removed_it() -> None:
    story = made().job(2, (1,), rule="m", input=("d/x",), output=("m",), shellcmd="mv d/x m")
    found = only(missed(story.quick(2, 4, 4, 5), "d/x"))
    assert (found.how, found.by, found.certain) == ("command", "mv d/x m", False)
    assert found.claim.endswith("probably removed by m, whose command has `mv d/x m`")
    assert found.fix == (
        "let m copy or leave what b reads, or declare that m runs after b, then run again"
    )


def test_a_job_that_ended_before_the_file_was_made_did_not_remove_it() -> None:
    story = begun(wraps="local").job(2, rule="m", output=("m",), shellcmd="rm -rf d; touch m")
    story.quick(2, 2, 2, 3).job(1, rule="a", output=("d/x",)).quick(1, 3, 3, 4)
    assert only(missed(story, "d/x")).how == "unknown"


def test_an_earlier_attempt_of_the_job_may_have_moved_its_own_input() -> None:
    story = begun(wraps="local", settings={})
    story.job(9, rule="b", input=("in",), output=("y",), shellcmd="mv in tmp && false")
    story.quick(9, 3, 3, 4, status="failed", exit_code=1)
    story.message(11, GONE + "in (missing locally)", level="error", kind="error")
    known = stamps(ready=5, selected=5, submitting=5.5, finished=11)
    story.attempt(9, known, number=2, status="cancelled").end(12, "failed")
    found = only(story)
    assert found.maker is None
    assert found.claim == (
        "input in of b was there when the run was planned, and gone when it needed it: probably "
        "removed by b, whose command has `mv in tmp`"
    )
    assert found.fix == (
        "restore in first, as no job makes that; then let b copy or leave what its jobs read, then "
        "run again"
    )


def unwatched(story: Story, job_id: int, end: float) -> Story:
    """Add the attempt of a job that ran without the timing executor."""
    return story.attempt(job_id, stamps(ready=end - 1, selected=end - 1, finished=end))


def test_a_job_without_timing_that_moved_the_file_probably_removed_it() -> None:
    story = begun(settings={}).job(1, rule="a", output=("d/x",))
    unwatched(story, 1, 4)
    story.job(2, (1,), rule="m", input=("d/x",), output=("m",), shellcmd="cp d/x m; rm -rf d/*")
    found = only(missed(unwatched(story, 2, 5), "d/x"))
    assert (found.how, found.by) == ("command", "rm -rf d/*")


def test_a_job_that_the_reader_needs_is_not_to_run_after_it() -> None:
    story = made().job(2, (1,), rule="m", input=("d/x",), output=("m",), shellcmd="mv d/x m")
    found = only(missed(story.quick(2, 4, 4, 5), "d/x", needs=("d/x", "m")))
    assert found.fix == "let m copy or leave what b reads, then run again"


def test_a_source_that_a_job_moved_is_moved_back_first() -> None:
    story = begun(wraps="local", settings={})
    story.job(2, rule="m", input=("raw/x",), output=("m",), shellcmd="mv raw/x m")
    found = only(missed(story.quick(2, 4, 4, 5), "raw/x", needs=("raw/x", "m")))
    assert found.fix == (
        "`mv m raw/x` first, as no job makes that; then let m copy or leave what b reads, then "
        "run again"
    )


def test_an_output_folder_is_removed_before_its_job_with_what_was_in_it() -> None:
    found = only(missed(made(output=("d",), shellcmd="make d/x"), "d/y", needs=("d", "d/y")))
    assert (found.how, found.by, found.certain) == ("output_folder", "d", False)
    assert found.claim == (
        "input d/y of b was there when the run was planned, and gone when it needed it: a declares "
        "the folder d, which Snakemake removes before that job, and probably did not make it anew"
    )
    assert found.fix == (
        "let a make d/y, or restore it outside of d and correct the input of b, then run again"
    )


def test_after_a_checkpoint_a_file_in_a_folder_may_have_been_made_in_the_run() -> None:
    story = made(output=("d",), checkpoint=True)
    assert only(missed(story, "d/y", needs=("d", "d/y"))).how == "unknown"


def test_what_removed_it_may_not_be_known() -> None:
    found = only(missed(made(), "d/x"))
    assert (found.how, found.jobs) == ("unknown", ())
    assert found.claim == (
        "input d/x of b was made by a in this run, and gone 2.0 s later; what removed it is not "
        "known: no other job succeeded meanwhile"
    )


def test_a_file_that_no_job_made_and_no_command_removes_is_merely_missing() -> None:
    story = begun(wraps="local")
    assert removed_inputs(missed(story, "in").run, ()) == ()


def test_on_a_cluster_a_file_may_not_be_visible_yet() -> None:
    story = begun(wraps="slurm").job(1, rule="a", output=("d/x",))
    known = stamps(ready=3, selected=3, submitting=3, accepted=3, reported=4, finished=4)
    story.attempt(1, known, external_jobid="7")
    assert removed_inputs(missed(story, "d/x").run, ()) == ()


def test_a_job_that_could_not_read_its_input_on_its_node_is_one_of_these_failures() -> None:
    story = made(output=("d", "d/x"), temp=("d",))
    story.job(9, (1,), rule="b", input=("d/x",), output=("y",))
    message = "on the node: WorkflowError: OSError: Missing files after 1 seconds: d/x (missing)"
    story.quick(9, 5, 5, 8, status="failed", exit_code=1, message=message).end(9, "failed")
    assert only(story).failed
    assert classes(story) == ["removed_input"]


def test_it_is_the_incident_instead_of_an_error_of_the_workflow() -> None:
    story = missed(removing(made(output=("d", "d/x"), temp=("d",)), "d"), "d/x")
    (one,) = triage_of(story).incidents
    assert (one.id, one.strength, one.jobs) == ("removed_input:b", "certain", (9,))
    assert one.action.text == only(story).fix


def test_a_file_that_exists_now_is_not_said_to_be_gone_without_a_cause() -> None:
    story = missed(made(), "d/x")
    assert case_of(story, files_present=frozenset({"d/x"})).removed_inputs == ()


def test_the_run_in_one_line_says_what_was_gone() -> None:
    story = missed(made(output=("d", "d/x"), temp=("d",)), "d/x")
    assert headline(story.run, failures(story.run)) == only(story).claim


def looking_for(path: str, **a: Any) -> Story:
    """Return a run in which rule b did not find a file at 6 s that it does not declare."""
    story = made(output=("t",), **a)
    story.job(9, (), rule="b", input=(), output=("y",), log=("b.log",), shellcmd="cp t y")
    line = f"cp: cannot stat '{path}': No such file or directory"
    tail = LogTail(path="b.log", bytes=9, first_line=1, lines=(line,))
    return story.quick(9, 6, 6, 7, status="failed", exit_code=1, logs=(tail,)).end(8, "failed")


def test_a_temporary_file_that_a_job_does_not_declare_is_removed_before_it_runs() -> None:
    found = only(looking_for("t", temp=("t",)))
    assert (found.how, found.certain, found.failed) == ("undeclared", False, True)
    assert found.claim == (
        "b did not find t, which a had made in this run: it is temp(), and probably removed by "
        "then, as b does not declare it as input"
    )
    assert found.fix == "declare t as input of b, then run again"
    assert classes(looking_for("t", temp=("t",)))[0] == "removed_input"


def silent(command: str, exit_code: int = 1) -> Story:
    """Return a run in which rule b failed at 6 s, with nothing kept of what it printed."""
    story = made(output=("t",), temp=("t",))
    story.job(9, (), rule="b", input=(), output=("y",), shellcmd=command)
    return story.quick(9, 6, 6, 7, status="failed", exit_code=exit_code).end(8, "failed")


def test_a_command_that_names_a_removed_file_is_enough_if_what_it_printed_was_not_kept() -> None:
    assert only(silent("cp t y")).claim == (
        "b failed, and its command names t, which a had made in this run: it is temp(), and "
        "probably removed by then, as b does not declare it as input"
    )


@pytest.mark.parametrize(("command", "exit_code"), [("cp t2 y", 1), ("nosuchtool t y", 127)])
def test_another_command_or_one_that_did_not_run_has_another_cause(
    command: str, exit_code: int
) -> None:
    story = silent(command, exit_code)
    assert removed_inputs(story.run, failures(story.run)) == ()


@pytest.mark.parametrize(
    ("path", "facts"),
    [
        ("other", {"temp": ("t",)}),
        ("t", {}),
        ("t", {"temp": ("t",), "settings": {"notemp": True}}),
    ],
)
def test_another_file_or_one_that_is_kept_was_not_removed(path: str, facts: Any) -> None:
    story = looking_for(path, **facts)
    assert removed_inputs(story.run, failures(story.run)) == ()


@pytest.mark.parametrize(
    "command",
    [
        "rm d/x",
        "cat d/x > y; rm -rf d",
        "rm -r d/*",
        "mv d/x y",
        "mv -t old d/x",
        "gzip d/x",
        "find d -name x -delete",
        "python -c 'import os; os.remove(\"d/x\")'",
    ],
)
def test_a_command_that_removes_a_file_or_its_folder(command: str) -> None:
    assert removing_part(command, "d/x") is not None


@pytest.mark.parametrize(
    "command",
    [
        "cat d/x > y",
        "rm d/x.idx",
        "rm -f y; cp d/x y",
        "mv y d/x",
        "gzip -c d/x > y.gz",
        "gzip < d/x > y.gz",
        "confirm d/x",
        "tool --rm d/x",
    ],
)
def test_a_command_that_leaves_a_file(command: str) -> None:
    assert removing_part(command, "d/x") is None


def test_the_moment_is_that_of_the_first_message_about_it() -> None:
    assert only(missed(made(), "d/x")).gone_within == at(6) - at(4)
