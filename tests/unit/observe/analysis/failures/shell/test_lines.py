"""A shell command is whole, and on one line, as bash reads it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from snakemake_logger_plugin_observe.analysis.failures.shell.lines import can_be_read, one_line

WHOLE = [
    "if a; then b; elif c; then d; else e; fi",
    "for i in 1 2; do if a; then b; fi; done > c",
    "while read x; do echo $x; done < a",
    "case a in (b) c ;; d) e;; esac",
    "(a; b) | (c) && d ||\n  e",
    "f() { a; }; f",
    "x=(a b); ((i++)); echo $((i * (2 + 1)))",
    "[[ a =~ ^(b|c)$ ]] && ! d",
    "echo if then 'a )' \"b (\" # )",
    "select x in a b; do echo $x; done",
]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("  a b  ", "a b"),
        ("a\n b\n\n", "a; b"),
        ("a |\n b &&\n c", "a | b && c"),
        ("a \\\n  b", "a b"),
        ("# first\na # second\nb", "a; b"),
        ("if a\nthen\n  b\nelse\n  c\nfi > d", "if a; then b; else c; fi > d"),
        ("for i in a b\ndo\n  c\ndone | d", "for i in a b; do c; done | d"),
        ("(\n a\n b\n) 2> c", "( a; b; ) 2> c"),
        ("a 2>&1 >b\nc<d", "a 2>&1 >b; c<d"),
        ("echo 'a\nb'", None),
        ("cat <<EOF\na\nEOF", None),
        ("case $x in\n a) b;;\nesac", None),
        ("x=(1\n2)", None),
        ("f() {\n a\n}", None),
        ("echo 'a\nb", None),
        ("find . -exec rm {} \\;\n", "find . -exec rm {} \\;"),
        ("a\nfind . -exec rm {} \\;\n", "a; find . -exec rm {} \\;"),
    ],
)
def test_a_command_is_put_on_one_line_where_that_changes_nothing(
    command: str, expected: str | None
) -> None:
    assert one_line(command) == expected


def test_bash_does_the_same_with_the_one_line(tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("no bash here")
    command = """
        n=0   # counts
        for i in a b c
        do
            if [ "$i" = b ]
            then
                echo "is $i" |
                    tr a-z A-Z
            else
                echo 'not' "$i" \\
                    ${#i} $((n + 1)) $(echo x; echo y)
            fi
        done
        { echo last; echo of all; } > file; cat < file 2>&1
    """
    line = one_line(command)
    assert line is not None
    assert "\n" not in line
    outputs = [
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", one], cwd=tmp_path, capture_output=True, check=True
        ).stdout
        for one in (command, line)
    ]
    assert outputs[0] == outputs[1] != b""


@pytest.mark.parametrize("command", WHOLE)
def test_a_command_that_bash_reads_can_be_read(command: str) -> None:
    assert can_be_read(command)
    if shutil.which("bash") is not None:
        assert subprocess.run(["bash", "-nc", command], check=False).returncode == 0


@pytest.mark.parametrize(
    "command",
    [
        *("a |", "| a", "a && ; b", "a | | b", "(a", "a )", "if a; b; fi", "for i in a; b; done"),
        *("if a; then b", "case a in b) c;;", "echo 'a", "done", "while a; do b; fi"),
    ],
)
def test_a_command_that_bash_does_not_read_cannot_be_read(command: str) -> None:
    assert not can_be_read(command)
    if shutil.which("bash") is not None:
        assert subprocess.run(["bash", "-nc", command], check=False).returncode != 0
