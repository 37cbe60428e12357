"""Which error ended a run, and what it means for that run."""

from builders import begun

from snakemake_logger_plugin_observe.analysis.failures.workflow_errors import (
    ending_error,
    explain_run,
)

AMBIGUOUS = """AmbiguousRuleException:
Rules b and a are ambiguous for the file x.txt.
Consider starting rule output with a unique prefix, constrain your wildcards, or use the ruleorder directive."""
SUMMARY = "WorkflowError:\nAt least one job did not complete successfully."


def test_the_sentence_that_a_job_failed_does_not_stand_for_a_run_that_has_another_error() -> None:
    story = begun().message(3, AMBIGUOUS, level="error").message(4, SUMMARY, level="error")
    error = ending_error(story.run)
    assert error is not None
    assert error.text == AMBIGUOUS
    alone = ending_error(begun().message(4, SUMMARY, level="error").run)
    assert alone is not None
    assert alone.text == SUMMARY


def test_what_a_dry_run_does_not_run_is_not_confirmed_by_one() -> None:
    story = begun().planned(3, {"a": 1}, all=1)
    text = "CalledProcessError in file \"Snakefile\", line 2:\nCommand 'mkdir x' returned 1."
    run = story.message(4, text, level="error").end(5, "failed").run
    error = ending_error(run)
    assert error is not None
    found = explain_run(run, error)
    assert found.cause == (
        "the workflow's own code at Snakefile:2 failed: CalledProcessError: Command 'mkdir x' "
        "returned 1 (in onstart)"
    )
    assert found.to_do.endswith(", and run again: a dry run does not run onstart")
    assert found.wrong_if == "onstart ends well when the same command is run again"


def test_if_only_a_handler_failed_all_outputs_are_made() -> None:
    story = begun().planned(3, {"a": 1}).job(1, rule="a").quick(1, 3, 3, 4)
    text = 'KeyError in file "Snakefile", line 5:\n\'mailto\'\n  File "Snakefile", line 5, in '
    run = story.message(5, f"{text}__onsuccess", level="error").end(6, "failed").run
    error = ending_error(run)
    assert error is not None
    found = explain_run(run, error)
    assert found.cause == (
        "Snakefile:5 looks up 'mailto', which was not there (in onsuccess, after all jobs had "
        "succeeded: all outputs are made)"
    )
    assert found.wrong_if == "what Snakefile:5 reads has this key"


def test_a_status_command_that_fails_is_not_the_workflow() -> None:
    settings = {"submit_cmd": "sbatch", "status_cmd": "./status.sh"}
    text = "WorkflowError:\nFailed to obtain job status. See above for error message."
    story = begun(wraps="cluster-generic", settings=settings).job(1, rule="a")
    run = story.message(4, text, level="error").end(5, "failed").run
    error = ending_error(run)
    assert error is not None
    found = explain_run(run, error)
    assert (found.kind, found.where) == ("status_command", "operating context")
    assert found.cause == "the status command (./status.sh) failed, and Snakemake ended the run"
    assert found.to_do.startswith("run ./status.sh by hand with a job's id to see its error")


def test_a_status_command_that_answers_nothing_or_another_word_is_named() -> None:
    def cause(answer: str) -> str:
        text = (
            f"WorkflowError:\nCluster status command ./status.sh returned {answer} but just a "
            "single line with one of running,success,failed is expected."
        )
        run = begun().message(4, text, level="error").end(5, "failed").run
        error = ending_error(run)
        assert error is not None
        return explain_run(run, error).cause

    assert cause("PENDING").startswith("the status command (./status.sh) answered 'PENDING', which")
    assert cause("").startswith("the status command (./status.sh) answered nothing, which")
