"""What a traceback comes down to, on one line."""

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


def test_of_several_exceptions_the_first_is_the_cause_and_the_workflow_s_line_its_place() -> None:
    assert tracebacks.said(TRACE) == (
        "SyntaxError: Expected name or colon after rule or checkpoint keyword. (Snakefile:1)"
    )


def test_what_is_no_traceback_is_told_as_it_is_on_one_line() -> None:
    text = 'MissingInputException in rule a in file "/w/Snakefile", line 3:\n    gone.txt'
    assert tracebacks.said(text) == (
        'MissingInputException in rule a in file "/w/Snakefile", line 3: gone.txt'
    )


def test_a_traceback_that_is_cut_off_is_told_whole() -> None:
    cut = TRACE[: TRACE.index("SyntaxError")]
    assert tracebacks.said(cut) == " ".join(cut.split())


def test_frames_of_installed_packages_are_nobody_s_place() -> None:
    assert tracebacks.where(TRACE[: TRACE.index('  File "Snakefile')]) is None
    assert tracebacks.where('  File "/w/rules/a.smk", line 7, in one\n') == ("/w/rules/a.smk", 7)
