"""A tool's failure: its exit code and its message."""

import subprocess
import sys

import pytest

from snakemake_executor_plugin_timed.failure import exit_code, in_one_line, message


def failed(*, signal: int | None = None) -> subprocess.CalledProcessError:
    """Return what a real process raises that exits with 3, or is killed by *signal*."""
    code = f"import os; os.kill(os.getpid(), {signal})" if signal else "raise SystemExit(3)"
    try:
        subprocess.run([sys.executable, "-c", code], check=True)
    except subprocess.CalledProcessError as error:
        return error
    raise AssertionError("it did not fail")


def test_the_exit_code_is_the_tool_s() -> None:
    assert exit_code(failed()) == 3


def test_a_signal_is_negative() -> None:
    assert exit_code(failed(signal=9)) == -9


def wrapped(error: Exception, *, from_cause: bool) -> Exception:
    """Raise another exception from *error*, or while it is handled; return that."""
    try:
        try:
            raise error  # noqa: TRY301 - the point of the test
        except Exception as inner:
            if from_cause:
                raise RuntimeError("rule failed") from inner
            raise RuntimeError("rule failed")  # noqa: B904 - the point of the test
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize("from_cause", [True, False])
def test_the_exit_code_is_found_along_the_chain_of_exceptions(from_cause: bool) -> None:
    assert exit_code(wrapped(wrapped(failed(), from_cause=from_cause), from_cause=from_cause)) == 3


def test_an_exception_without_a_code_has_none() -> None:
    assert exit_code(ValueError("x")) is None
    assert exit_code(wrapped(ValueError("x"), from_cause=True)) is None


def test_a_code_that_is_not_a_number_is_ignored() -> None:
    error = ValueError("x")
    error.returncode = "3"
    assert exit_code(error) is None


def test_a_circular_chain_of_exceptions_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert exit_code(one) is None


def test_a_message_is_one_line() -> None:
    assert message(ValueError("first\n  second\n"), str) == "first second"


def test_a_failure_without_a_message_is_named_by_its_type() -> None:
    assert message(KeyboardInterrupt(), str) == "KeyboardInterrupt"


def test_file_lines_of_a_traceback_are_left_out() -> None:
    text = 'RuleException:\nCalledProcessError in file "S", line 3:\n  File "x.py", line 1\nexit 3'
    assert in_one_line(text, str) == 'RuleException: CalledProcessError in file "S", line 3: exit 3'


def test_a_long_message_is_cut() -> None:
    assert len(in_one_line("x" * 10_000, str)) == 500


def test_a_message_has_no_empty_lines() -> None:
    assert in_one_line("", str) == ""


def test_the_command_is_not_repeated() -> None:
    text = "RuleException:\nCommand 'set -e;\n(a; b) > c' returned non-zero exit status 7."
    assert in_one_line(text, str) == "RuleException: returned non-zero exit status 7."
    text = "Command 'kill -9 $$' died with <Signals.SIGKILL: 9>."
    assert in_one_line(text, str) == "died with <Signals.SIGKILL: 9>."


def test_the_job_id_of_a_nested_process_is_left_out() -> None:
    assert (
        in_one_line("Job 0 completed successfully, but", str) == "Job completed successfully, but"
    )


def test_the_last_line_of_a_traceback_is_kept() -> None:
    text = (
        'Traceback (most recent call last):\n  File "a.py", line 1\n    f()\n\nValueError: no\n\n'
    )
    assert in_one_line(text, str) == "ValueError: no"


def test_the_command_that_the_code_of_a_run_ran_is_kept_where_it_is_asked_for() -> None:
    text = "RuleException:\nCommand 'set -e; grep a b' returned non-zero exit status 1."
    assert in_one_line(text, str, with_command=True) == (
        "RuleException: Command 'set -e; grep a b' returned non-zero exit status 1."
    )


def test_a_command_of_several_lines_stays_one_that_can_be_read() -> None:
    text = "Command 'set -e; \n  grep a b |\n  sort\n\n  wc x \\\n y\n' returned non-zero exit status 1."
    assert in_one_line(text, str, with_command=True) == (
        "Command 'set -e; grep a b | sort; wc x   y' returned non-zero exit status 1."
    )
