"""The error that a traceback ends in, on one line."""

import pytest

from snakemake_logger_plugin_observe.analysis.failures import tracebacks

TRACE = """Traceback (most recent call last):

  File "/venv/lib/python3.11/site-packages/snakemake/cli.py", line 2217, in args_to_api
    dag_api = workflow_api.dag(
              ^^^^^^^^^^^^^^^^^

  File "Snakefile", line 1

SyntaxError: Expected name or colon after rule or checkpoint keyword.


During handling of the above exception, another exception occurred:


Traceback (most recent call last):

  File "/venv/lib/python3.11/site-packages/snakemake/exceptions.py", line 22, in format_error
    lineno = linemaps[snakefile][lineno]

KeyError: 1
"""


def test_the_summary_is_the_first_exception_with_the_workflow_s_line() -> None:
    assert tracebacks.summary(TRACE) == (
        "SyntaxError: Expected name or colon after rule or checkpoint keyword. (Snakefile:1)"
    )


def test_a_text_without_a_traceback_is_put_on_one_line() -> None:
    text = 'MissingInputException in rule a in file "/w/Snakefile", line 3:\n    gone.txt'
    assert tracebacks.summary(text) == (
        'MissingInputException in rule a in file "/w/Snakefile", line 3: gone.txt'
    )


def test_a_truncated_traceback_is_shown_whole() -> None:
    cut = TRACE[: TRACE.index("SyntaxError")]
    assert tracebacks.summary(cut) == " ".join(cut.split())


def test_frames_of_installed_packages_are_skipped() -> None:
    assert tracebacks.raised_at(TRACE[: TRACE.index('  File "Snakefile')]) is None
    assert tracebacks.raised_at('  File "/w/rules/a.smk", line 7, in one\n') == (
        "/w/rules/a.smk",
        7,
    )


@pytest.mark.parametrize(
    "library",
    [
        "/usr/lib/python3.11/asyncio/base_events.py",
        "/venv/lib64/python3.13t/json/decoder.py",
        "/usr/lib/python3/dist-packages/yaml/scanner.py",
    ],
)
def test_frames_of_python_s_own_library_are_skipped(library: str) -> None:
    inner = f'  File "{library}", line 653, in run\n'
    assert tracebacks.raised_at(inner) is None
    assert tracebacks.raised_at(f'  File "/w/lib/one.py", line 2, in one\n{inner}') == (
        "/w/lib/one.py",
        2,
    )


def test_an_exception_may_have_any_name() -> None:
    trace = TRACE.replace("SyntaxError: Expected", "requests.ConnectTimeout: Expected")
    assert tracebacks.summary(trace).startswith("requests.ConnectTimeout: Expected name")


def test_frames_of_snakemake_from_its_sources_and_of_its_plugins_are_skipped() -> None:
    for file in ("/src/snakemake/src/snakemake/dag.py", "/s/snakemake_executor_plugin_x/a.py"):
        assert tracebacks.raised_at(f'  File "{file}", line 7, in one\n') is None
    assert tracebacks.raised_at('  File "/w/snakemake/scripts/a.py", line 7, in one\n') is not None


def test_a_traceback_that_is_too_long_keeps_its_exception() -> None:
    short = tracebacks.shortened(TRACE, 200)
    assert len(short) <= 200
    assert tracebacks.summary(short) == (
        "SyntaxError: Expected name or colon after rule or checkpoint keyword. (Snakefile:1)"
    )
    assert tracebacks.shortened(TRACE, 9000) == TRACE
    assert tracebacks.shortened("x" * 300, 200) == "x" * 200


GROUP = """  + Exception Group Traceback (most recent call last):

  |   File "/venv/lib/python3.11/site-packages/snakemake/cli.py", line 2316, in args_to_api
  |     dag_api.execute_workflow(

  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)

  +-+---------------- 1 ----------------

    | Exception Group Traceback (most recent call last):

    |   File "/work/rules/a.smk", line 3, in <module>

    | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)

    +-+---------------- 1 ----------------

      | Traceback (most recent call last):

      |   File "/venv/lib/python3.11/site-packages/urllib3/connection.py", line 174, in _new_conn

      | ConnectionRefusedError: [Errno 111] Connection refused


      | During handling of the above exception, another exception occurred:


      | Traceback (most recent call last):

      |   File "/venv/lib/python3.11/site-packages/x/storage_object.py", line 221, in exists

      | snakemake_interface_common.exceptions.WorkflowError: Failed to check existence of s3://b/x
      | EndpointConnectionError: Could not connect to the endpoint URL: "http://127.0.0.1:9/b/x"

      +------------------------------------
"""


def test_a_group_of_exceptions_is_about_the_innermost_in_snakemake_s_words() -> None:
    assert tracebacks.is_one(GROUP)
    trace, about = tracebacks.split(GROUP)
    assert "Connection refused" in trace
    assert (
        about.split()
        == (
            "snakemake_interface_common.exceptions.WorkflowError: Failed to check existence of "
            'EndpointConnectionError: Could not connect to the endpoint URL: "http://127.0.0.1:9/b/x"'
        )
        .replace("existence of", "existence of s3://b/x")
        .split()
    )
    assert "Failed to check existence" in tracebacks.shortened(GROUP, 400)
    assert len(tracebacks.shortened(GROUP, 400)) <= 400


def test_another_exception_that_follows_is_not_the_cause() -> None:
    assert tracebacks.split(TRACE)[1].startswith("SyntaxError: Expected name")
