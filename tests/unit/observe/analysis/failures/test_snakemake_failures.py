"""Jobs that Snakemake itself failed are explained by its error, and not by their tools."""

import pytest
from builders import Story, begun
from triaged import triage_of

from snakemake_logger_plugin_observe.analysis.failures.failures import failures
from snakemake_logger_plugin_observe.analysis.failures.headline import headline
from snakemake_logger_plugin_observe.analysis.failures.snakemake_failures import error_of

IMPROPER = """ImproperOutputException in rule map in file "/w/Snakefile", line 1:
Outputs of incorrect type (directories when expecting files or vice versa). Output directories must be flagged with directory(). for rule map:
    output: d
    affected files:
        d"""
NO_FILE = "FileNotFoundError in file \"/w/Snakefile\", line 5:\n[Errno 2] No such file or directory: '/w/s/x.py'"


def failed(message: str, **described: object) -> Story:
    story = begun(wraps="local", workdir="/w").job(1, output=("d",), **described)
    return story.quick(1, 3, 3, 4, status="failed", message=message)


def cause(story: Story) -> str | None:
    (one,) = failures(story.run)
    found = error_of(story.run, one)
    return found.cause if found is not None else None


@pytest.mark.parametrize(
    ("directories", "expected"),
    [
        ((), "rule map made a folder, and declares its output d as a file"),
        (("d",), "rule map made a file, and declares its output d as a folder (directory())"),
        (None, "rule map made a folder where its output d is declared as a file, or a file where a folder is declared"),
    ],
)  # fmt: skip
def test_an_output_of_another_type_is_not_a_failure_of_the_tool(
    directories: tuple[str, ...] | None, expected: str
) -> None:
    story = failed(IMPROPER, directories=directories)
    assert cause(story) == expected
    assert headline(story.run, failures(story.run)) == f"map: {expected}"
    (found,) = triage_of(
        story.message(4, IMPROPER, level="error", kind="error").end(5, "failed")
    ).incidents
    assert (found.id, found.claim) == ("workflow_error:map:output_type", expected)
    assert (found.where, found.failures) == ("workflow semantics", 1)


def test_a_script_that_is_not_there_is_the_job_s_own() -> None:
    """Code of a ``run:`` block that opens a file raises the same exception."""
    assert (
        cause(failed(NO_FILE, script="/w/s/x.py")) == "rule map names s/x.py, which was not there"
    )
    assert cause(failed(NO_FILE, script="/w/s/y.py")) is None
    assert cause(failed(NO_FILE)) is None


def test_an_exception_of_a_rule_s_code_is_the_rule_s() -> None:
    assert cause(failed('ValueError in file "/w/Snakefile", line 5:\nno')) is None
    assert cause(failed("KeyError in file \"/w/Snakefile\", line 5:\n'x'")) is None
