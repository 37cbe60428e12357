"""What a tool's failure says."""

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


def test_a_tool_s_exit_code_is_its_own() -> None:
    assert exit_code(failed()) == 3


def test_a_signal_is_negative() -> None:
    assert exit_code(failed(signal=9)) == -9


def wrapped(error: Exception, *, told: bool) -> Exception:
    """Raise another exception from *error*, or while it is handled; return that."""
    try:
        try:
            raise error  # noqa: TRY301 - the point of the test
        except Exception as inner:
            if told:
                raise RuntimeError("rule failed") from inner
            raise RuntimeError("rule failed")  # noqa: B904 - the point of the test
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize("told", [True, False])
def test_the_exit_code_is_found_down_the_chain(told: bool) -> None:
    assert exit_code(wrapped(wrapped(failed(), told=told), told=told)) == 3


def test_where_there_is_no_code_there_is_none() -> None:
    assert exit_code(ValueError("x")) is None
    assert exit_code(wrapped(ValueError("x"), told=True)) is None


def test_a_code_that_is_no_number_is_none() -> None:
    error = ValueError("x")
    error.returncode = "3"
    assert exit_code(error) is None


def test_a_chain_in_a_circle_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert exit_code(one) is None


def test_a_message_is_one_line() -> None:
    assert message(ValueError("first\n  second\n")) == "first second"


def test_a_failure_that_says_nothing_is_told_by_its_kind() -> None:
    assert message(KeyboardInterrupt()) == "KeyboardInterrupt"


def test_the_places_of_a_traceback_are_left_out() -> None:
    text = 'RuleException:\nCalledProcessError in file "S", line 3:\n  File "x.py", line 1\nexit 3'
    assert in_one_line(text) == 'RuleException: CalledProcessError in file "S", line 3: exit 3'


def test_a_long_message_is_cut() -> None:
    assert len(in_one_line("x" * 10_000)) == 500


def test_no_message_is_an_empty_line() -> None:
    assert in_one_line("") == ""


def test_the_command_is_not_said_again() -> None:
    text = "RuleException:\nCommand 'set -e;\n(a; b) > c' returned non-zero exit status 7."
    assert in_one_line(text) == "RuleException: returned non-zero exit status 7."
    text = "Command 'kill -9 $$' died with <Signals.SIGKILL: 9>."
    assert in_one_line(text) == "died with <Signals.SIGKILL: 9>."


def test_a_nested_process_s_number_of_a_job_is_left_out() -> None:
    assert in_one_line("Job 0 completed successfully, but") == "Job completed successfully, but"


def test_of_a_traceback_the_last_line_says_what_it_was() -> None:
    text = (
        'Traceback (most recent call last):\n  File "a.py", line 1\n    f()\n\nValueError: no\n\n'
    )
    assert in_one_line(text) == "ValueError: no"
