"""The variables that a shell command needs."""

import pytest

from snakemake_logger_plugin_observe.analysis.failures.shell.variables import variables_needed


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("echo $A ${B} \"${C%.x}\" '$D' \\$E", ("A", "B", "C")),
        ("echo ${A:-x} ${B-} ${C:+y} ${#D} $HOME $TMPDIR $? $@", ()),
        ("A=1; for B in x; do read C; echo $A $B $C $D; done", ("D",)),
        ("export A=1\necho $A $AB", ("AB",)),
        ('awk "{print $1}" x', ("1",)),
        ("awk '{print $1}' x", ()),
        ("cat <<EOF\n$A '$B'\nEOF", ("A", "B")),
        ("cat <<'EOF'\n$A\nEOF", ()),
    ],
)
def test_a_command_needs_these_variables(command: str, expected: tuple[str, ...]) -> None:
    assert variables_needed(command) == expected
