"""What an error is about, without Snakemake's advice: the name of a file is never cut off."""

import pytest

from snakemake_logger_plugin_observe.analysis.failures.essence import essence, of_missing_output

LOCKED = """LockException:
Error: Directory cannot be locked. Please make sure that no other Snakemake process is trying to create the same files in the following directory:
/work
If you are sure that no other instances of snakemake are running on this directory, the remaining lock was likely caused by a kill signal or a power loss. It can be removed with the --unlock argument."""
INCOMPLETE = """IncompleteFilesException:
The files below seem to be incomplete. If you are sure that certain files are not incomplete, mark them as complete with

    snakemake --cleanup-metadata <filenames>

To re-generate the files rerun your command with the --rerun-incomplete flag.
Incomplete files:
a.txt"""
INPUT_FUNCTION = """InputFunctionException in rule all in file "Snakefile", line 3:
Error:
  KeyError: 'nokey'
Wildcards:
{wildcards}
Traceback:
  File "Snakefile", line 2, in f (rule all, line 3, /work/Snakefile)"""
NO_OUTPUT = """MissingOutputException in rule all in file "/work/Snakefile", line 1:
Job 0 completed successfully, but some output files are missing. Missing files after 5 seconds. This might be due to filesystem latency. If that is the case, consider to increase the wait time with --latency-wait:
some/long/path/result_of_all.txt (missing locally, parent dir contents: a, b)"""


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (LOCKED, "LockException: Error: Directory cannot be locked."),
        (
            INCOMPLETE,
            (
                "IncompleteFilesException: The files below seem to be incomplete. Incomplete files: "
                "a.txt"
            ),
        ),
        (
            INPUT_FUNCTION.format(wildcards=""),
            (
                "InputFunctionException in rule all in file \"Snakefile\", line 3: KeyError: 'nokey'; "
                'File "Snakefile", line 2, in f'
            ),
        ),
        (
            INPUT_FUNCTION.format(wildcards="s=A"),
            (
                "InputFunctionException in rule all in file \"Snakefile\", line 3: KeyError: 'nokey'; "
                's=A; File "Snakefile", line 2, in f'
            ),
        ),
        (
            'KeyError in file "Snakefile", line 4:\n\'a\'\n  File "Snakefile", line 4, in <module>',
            "KeyError in file \"Snakefile\", line 4: 'a'",
        ),
        ("another error:\n  of a plugin", "another error: of a plugin"),
    ],
)
def test_an_error_is_given_without_advice(text: str, short: str) -> None:
    assert essence(text) == short


def test_what_was_missing_is_named() -> None:
    assert of_missing_output(NO_OUTPUT) == (
        "Missing files after 5 seconds: some/long/path/result_of_all.txt (missing locally)"
    )
