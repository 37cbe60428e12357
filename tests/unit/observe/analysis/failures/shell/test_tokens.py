"""No text is too strange for the shell's grammar."""

import pytest
from hypothesis import given
from strategies import hostile

from snakemake_logger_plugin_observe.analysis.failures.shell.commands import simple_commands
from snakemake_logger_plugin_observe.analysis.failures.shell.lines import one_line
from snakemake_logger_plugin_observe.analysis.failures.shell.variables import variables_needed


@pytest.mark.parametrize("part", ['"$(', "$(", "$((", "(", "{ ", "`", "'", "<<a ", "a=$(b; "])
def test_no_command_is_too_deep(part: str) -> None:
    """A tampered journal may have any."""
    text = part * 3_000
    simple_commands(text)
    variables_needed(text)
    one_line(f"{text}\na")


@given(hostile)
def test_no_text_is_too_strange(text: str) -> None:
    simple_commands(text)
    variables_needed(text)
    line = one_line(text)
    assert line is None or "\n" not in line
