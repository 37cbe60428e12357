"""A shell command is taken apart into its programs."""

import pytest

from snakemake_logger_plugin_observe.analysis.failures.shell.commands import simple_commands


def programs(text: str) -> list[str]:
    """Return the programs, with a mark for each that is piped (|) or whose code is ignored (-)."""
    return [one.program + "|" * one.is_piped + "-" * one.ignored for one in simple_commands(text)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("grep a b", ["grep"]),
        ("(cat a | grep b | sort > c) 2> log", ["cat|", "grep|", "sort"]),
        ("N=$(grep -c a b)\necho $N", ["grep", "echo"]),
        ("echo $(grep -c a b)", ["grep-", "echo"]),
        ("grep a b || true", ["grep-", "true"]),
        ("(grep a b | sort) || true; cut c", ["grep|-", "sort-", "true", "cut"]),
        ("{ grep a b; } | head", ["grep|", "head"]),
        ("[ -s a ] && echo b", ["[", "echo"]),
        ("[ -s a ] && echo b; echo c", ["[-", "echo", "echo"]),
        ("if grep -q a b; then echo c; else echo d; fi", ["grep-", "echo", "echo"]),
        ("while read x; do grep $x y; done < z", ["read-", "grep"]),
        ("! grep a b", ["grep-"]),
        ("sleep 1 & wait", ["sleep-", "wait"]),
        ("FOO=1 /usr/bin/time -v bwa mem a | samtools sort", ["bwa|", "samtools"]),
        ("nice -n 10 env A=b tool x", ["tool"]),
        ("for i in $(ls x); do grep $i y; done", ["ls-", "grep"]),
        ("diff <(sort a) <(sort b)", ["sort-", "sort-", "diff"]),
        ("cat <<EOF > x\ngrep in the text\nEOF\ngrep a x", ["cat", "grep"]),
        ("echo 'grep a | b' \"; grep c\" # grep d", ["echo"]),
        ("a \\\n  b\nc", ["a", "c"]),
        ("'unfinished", []),
        ("", []),
    ],
)
def test_a_command_runs_these_programs(command: str, expected: list[str]) -> None:
    assert programs(command) == expected


def test_an_argument_stays_as_it_is_written() -> None:
    (one,) = simple_commands("grep -c 'a  b'\t$X > out")
    assert (one.arguments, one.text) == (("-c", "'a  b'", "$X"), "grep -c 'a b' $X")
