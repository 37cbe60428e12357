"""What Snakemake's errors mean: each text is what Snakemake 9 prints."""

import pytest
from snakemake.parser import Rule

from snakemake_logger_plugin_observe.analysis.failures.error_meanings import explain
from snakemake_logger_plugin_observe.journal.records import ErrorDetails

LIBRARY = "/usr/lib/python3.11"
NO_SCRIPT = f"""Traceback (most recent call last):

  File "/venv/lib/python3.11/site-packages/snakemake/cli.py", line 2316, in args_to_api
    dag_api.execute_workflow(

  File "{LIBRARY}/asyncio/base_events.py", line 653, in run_until_complete
    return future.result()
           ^^^^^^^^^^^^^^^

  File "/venv/lib/python3.11/site-packages/snakemake/sourcecache.py", line 213, in mtime
    return os.stat(self.path).st_mtime
           ^^^^^^^^^^^^^^^^^^

FileNotFoundError: [Errno 2] No such file or directory: 'scripts/summarise.py'
"""
JSON = f"""JSONDecodeError in file "Snakefile", line 2:
Expecting value: line 1 column 1 (char 0)
  File "Snakefile", line 2, in <module>
  File "{LIBRARY}/json/__init__.py", line 346, in loads
  File "{LIBRARY}/json/decoder.py", line 353, in raw_decode"""
SCHEMA = """WorkflowError in file "Snakefile", line 2:
Error validating config file.
ValidationError: 'samples' is a required property

Failed validating 'required' in schema:
    {'type': 'object'}"""
INPUT_FUNCTION = """InputFunctionException in rule all in file "Snakefile", line 4:
Error:
  {error}
Wildcards:

Traceback:
  File "Snakefile", line 2, in f (rule all, line 4, Snakefile)"""
AMBIGUOUS = """AmbiguousRuleException:
Rules b and a are ambiguous for the file x.txt.
Consider starting rule output with a unique prefix, constrain your wildcards, or use the ruleorder directive."""
PROTECTED = """ProtectedOutputException in rule heavy in file "Snakefile", line 3:
Write-protected output files for rule heavy:
    output: heavy.db
    affected files:
        heavy.db"""
NETWORK = """WorkflowError in file "Snakefile", line 1:
Failed to open source file http://example.org/x.smk
ConnectionError: HTTPConnectionPool(host='example.org', port=80): Max retries exceeded with url: /x.smk"""


@pytest.mark.parametrize(
    ("text", "kind", "cause"),
    [
        (NO_SCRIPT, "missing_script", "a rule names scripts/summarise.py, which was not there"),
        (
            "FileNotFoundError in file \"Snakefile\", line 1:\n[Errno 2] No such file or directory: 'rules/x.smk'",
            "missing_snakefile",
            "the workflow includes rules/x.smk, which was not there",
        ),
        (
            'WorkflowError in file "Snakefile", line 1:\nWorkflow defines configfile config.yaml but it is not present or accessible (full checked path: /w/config.yaml).',
            "missing_config",
            "the config file config.yaml was not there",
        ),
        (
            "FileNotFoundError in file \"Snakefile\", line 1:\n[Errno 2] No such file or directory: 'samples.tsv'",
            "missing_file",
            "Snakefile:1 reads samples.tsv, which was not there",
        ),
        (
            INPUT_FUNCTION.format(
                error="FileNotFoundError: [Errno 2] No such file or directory: 'list.txt'"
            ),
            "missing_file",
            "Snakefile:2 reads list.txt, which was not there",
        ),
        (
            INPUT_FUNCTION.format(error="KeyError: 'S1'"),
            "function",
            "function f of rule all failed: KeyError: 'S1'",
        ),
        (JSON, None, "the workflow's own code at Snakefile:2 failed: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        (
            "KeyError in file \"Snakefile\", line 2:\n'out'\n  File \"Snakefile\", line 2, in <module>",
            "config_key",
            "Snakefile:2 looks up 'out', which was not there",
        ),
        (SCHEMA, "schema", "the config file does not fit the workflow's schema: 'samples' is a required property"),
        (AMBIGUOUS, "ambiguous_rules", "rules b and a can both make x.txt"),
        (PROTECTED, "protected_output", "rule heavy has to run again, but its output heavy.db is write-protected"),
        (NETWORK, "network", "something that the workflow fetches could not be reached over the network: ConnectionError: HTTPConnectionPool(host='example.org', port=80): Max retries exceeded with url: /x.smk"),
        (
            "Error: cores have to be specified for local execution (use --cores N with N being a number >= 1 or 'all')",
            "cores",
            "the number of cores is missing on the command line",
        ),
        (
            "WorkflowError:\nThe following environment variables are requested by the workflow but undefined. Please make sure that they are correctly defined before running Snakemake:\nTOKEN\nUSER_ID",
            "environment_variable",
            "the workflow needs environment variables that are not set: TOKEN and USER_ID",
        ),
        (
            "ModuleNotFoundError in file \"Snakefile\", line 1:\nNo module named 'pandas'",
            "python_module",
            "Snakefile:1 imports pandas, which is not installed where Snakemake runs",
        ),
        (
            'InvalidPluginException in file "Snakefile", line 1:\nError loading Snakemake plugin http: The package snakemake-storage-plugin-http is not installed.',
            "storage_plugin",
            "the workflow needs the package snakemake-storage-plugin-http, which is not installed where Snakemake runs",
        ),
        (
            'WorkflowError in rule b in file "Snakefile", line 9:\nOSError: Missing files after 5 seconds. This might be due to filesystem latency. If that is the case, consider to increase the wait time with --latency-wait:\ndata/x (missing locally, parent dir not present)',
            "input_gone",
            "rule b was to start, and did not find its input data/x",
        ),
        ("SystemExit: sys.exit('no samples') was called while Snakemake ran", "exit", "code of the workflow ended Snakemake: SystemExit: sys.exit('no samples') was called while Snakemake ran"),
        (
            "IndentationError in file \"<tokenize>\", line 3:\nunindent does not match any outer indentation level:\n   shell: 'touch d'\n\n  File \"/usr/lib/python3.11/tokenize.py\", line 516, in _tokenize",
            "syntax",
            "the workflow cannot be parsed: unindent does not match any outer indentation level (line 3)",
        ),
        (
            "TokenError:\n('EOF in multi-line statement', (5, 0))",
            "syntax",
            "the workflow cannot be parsed: a bracket, brace or quote is not closed by line 5",
        ),
    ],
)  # fmt: skip
def test_an_error_has_its_cause(text: str, kind: str | None, cause: str) -> None:
    found = explain(text)
    assert (found.kind, found.cause) == (kind, cause)


def test_the_rule_of_a_traceback_is_what_snakemake_worked_on() -> None:
    found = explain(NO_SCRIPT, ErrorDetails(exception="FileNotFoundError", rule="summarise"))
    assert found.cause == "rule summarise names scripts/summarise.py, which was not there"
    assert found.to_do.startswith("correct the name of the script in rule summarise (relative")


@pytest.mark.parametrize(
    ("reason", "because"),
    [
        ("Updated input files: raw.txt", " because raw.txt was updated"),
        ("Updated input files: a, b; Code has changed since last execution", " because a and b were updated"),
        ("Code has changed since last execution", " because its code changed"),
        ("Forced execution", " because it was forced"),
        (None, ""),
    ],
)  # fmt: skip
def test_a_protected_output_has_why_it_had_to_be_made_again(
    reason: str | None, because: str
) -> None:
    found = explain(PROTECTED, ErrorDetails(rule="heavy", reason=reason))
    assert found.cause.startswith(f"rule heavy has to run again{because}, but its output heavy.db")
    assert [one.line for one in found.commands] == ["chmod u+w heavy.db"]


@pytest.mark.parametrize("text", [NO_SCRIPT, JSON])
def test_a_file_of_the_installation_is_never_what_to_correct(text: str) -> None:
    assert "lib/python3" not in explain(text).to_do


def test_an_error_inside_snakemake_is_not_blamed_on_the_command_line() -> None:
    text = NO_SCRIPT.replace(
        "FileNotFoundError: [Errno 2] No such file or directory: 'scripts/summarise.py'",
        "AssertionError: bug: DAG contains jobs",
    )
    found = explain(text)
    assert (found.kind, found.cause) == (None, "AssertionError: bug: DAG contains jobs")
    assert found.to_do.startswith("search for this error among Snakemake's known issues")


@pytest.mark.parametrize(
    ("word", "meant"), [("shel", ": did you mean shell?"), ("zzz", "")], ids=["near", "far"]
)
def test_a_misspelled_keyword_is_named_with_the_one_that_is_like_it(word: str, meant: str) -> None:
    found = explain(
        f'SyntaxError in file "Snakefile", line 3:\nUnexpected keyword {word} in rule definition:\nNone'
    )
    assert found.cause == f"{word} is no keyword of a rule{meant}"
    assert found.to_do == f"correct {word} in the rule at Snakefile:3"


def test_an_output_inside_another_is_named_with_both_rules() -> None:
    found = explain(
        "ChildIOException:\nFile/directory is a child to another output:\n"
        "(PosixPath('d'), a)\n(PosixPath('d/z.txt'), b)"
    )
    assert found.cause == (
        "output d/z.txt of rule b is inside the folder d, which is an output of rule a"
    )


def test_a_missing_schema_is_said_to_be_relative_to_the_snakefile() -> None:
    found = explain(
        'FileNotFoundError in file "workflow/Snakefile", line 3:\n'
        "[Errno 2] No such file or directory: 'workflow/schemas/schema.yaml'"
    )
    assert found.to_do == (
        "put workflow/schemas/schema.yaml there, or correct its path in the config or at "
        "workflow/Snakefile:3; validate() takes a path relative to the Snakefile, open() and the "
        "config relative to the working directory"
    )


def test_missing_conda_is_not_answered_with_the_option_that_asks_for_it() -> None:
    found = explain("WorkflowError:\nError running conda info. Is conda installed and accessible?")
    assert found.to_do.endswith("or leave --software-deployment-method (--sdm) out")


def test_every_keyword_of_a_rule_can_be_the_one_that_was_meant() -> None:
    for keyword in Rule.subautomata:
        found = explain(f"SyntaxError:\nUnexpected keyword {keyword}x in rule definition:\nNone")
        assert found.cause.endswith(f": did you mean {keyword}?")


def test_a_function_that_failed_is_named_with_its_wildcards() -> None:
    found = explain(
        "InputFunctionException in rule a in file \"Snakefile\", line 6:\nError:\n  KeyError: 'b'\n"
        "Wildcards:\n  s=b\n  t=c\nTraceback:\n"
        '  File "Snakefile", line 3, in m_map (rule a, line 13, Snakefile)'
    )
    assert found.cause == "function m_map of rule a failed for s=b, t=c: KeyError: 'b'"
    assert found.to_do == (
        "add 'b' to the config or the table that the function reads, or correct the function at "
        "Snakefile:3"
    )


def test_what_an_error_announces_is_part_of_it() -> None:
    """Its first line alone says nothing."""
    found = explain(
        "RuleException:\nThreads of a rule, got error:\n\nThreads value has to be an integer"
    )
    assert found.cause.endswith("Threads of a rule, got error: Threads value has to be an integer")


def test_all_protected_outputs_are_named_with_what_made_the_first_job_run() -> None:
    """Snakemake names those of one job, and the next run would name the others."""
    details = ErrorDetails(
        rule="heavy",
        reason="Input files updated by another job: raw.txt",
        protected=("raw.txt", "heavy.db"),
        first_rule="fetch",
        first_reason="Updated input files: list.txt",
    )
    found = explain(PROTECTED, details)
    assert found.cause == (
        "rule heavy has to run again because its input raw.txt is made anew (by rule fetch: "
        "list.txt was updated), but its output heavy.db is write-protected, as is raw.txt"
    )
    assert found.to_do.startswith(
        "if it is to be made again, make heavy.db and raw.txt writable (chmod u+w) or remove them; "
    )
    assert [one.line for one in found.commands] == ["chmod u+w heavy.db raw.txt"]


def test_a_value_that_does_not_fit_a_schema_is_named_with_its_key() -> None:
    said = (
        "\n\nFailed validating 'type' in schema['properties']['threads']:\n    {'type': 'integer'}"
    )
    text = (
        'WorkflowError in file "Snakefile", line 2:\nError validating config file.\nValidationError: '
        f"'lots' is not of type 'integer'{said}\n\nOn instance['threads']:\n    'lots'"
    )
    assert explain(text).cause == (
        "the config file does not fit the workflow's schema: 'lots' is not of type 'integer' (of "
        "['threads'])"
    )


def test_a_missing_input_is_said_to_be_of_the_job_that_needs_it() -> None:
    found = explain(
        'MissingInputException in rule map in file "Snakefile", line 4:\nMissing input files for rule '
        "map:\n    output: b.out\n    wildcards: s=b\n    affected files:\n        nosuch.txt"
    )
    assert found.cause == (
        "rule map needs nosuch.txt, which was not there and which no rule makes (for s=b)"
    )
    assert found.to_do == (
        "put nosuch.txt where rule map expects it, or correct the path in the rule at Snakefile:4, "
        "or in the config or the table that it comes from, then run again"
    )


def test_a_missing_notebook_is_not_called_a_script() -> None:
    text = NO_SCRIPT.replace("scripts/summarise.py", "nb/plot.py.ipynb")
    assert explain(text).to_do.startswith("correct the name of the notebook in a rule")
