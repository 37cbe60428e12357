"""What an exit code of a shell command means, by the programs that it runs and what it printed."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meaning import Meaning
from snakemake_logger_plugin_observe.analysis.failures.exit_codes.meanings import meanings
from snakemake_logger_plugin_observe.analysis.failures.repeat import STRICT


def of(
    command: str,
    code: int | None = 1,
    *said: str,
    signal: int | None = None,
    prefix: str = STRICT,
    silent: bool = False,
    lasted_s: float | None = None,
    **more: Any,
) -> tuple[Meaning, ...]:
    facts = {"silent": silent, "lasted_s": lasted_s, **more}
    return meanings(command, code, signal, said, prefix, **facts)


@pytest.mark.parametrize(
    ("command", "signal"),
    [
        ("kill $$; touch a", 15),
        ("tool; kill -9 $$", 9),
        ("tool || kill -KILL $BASHPID", 9),
        ("kill -s HUP $$", 1),
        ("kill -SIGINT 0", 2),
        ("pkill -f tool", 15),
    ],
)
def test_a_command_that_sends_itself_the_signal_is_seen(command: str, signal: int) -> None:
    (found,) = of(command, None, signal=signal)
    assert found.strength == "likely"
    assert found.text.startswith("the command itself sends that signal: `")


def test_a_program_that_the_shell_waited_for_may_have_got_the_signal() -> None:
    """But the shell itself did not, if it was sent to a program only."""
    assert of("tool & kill $!; wait $!", 143)[0].text.endswith("`kill $!`")
    assert not of("tool & kill $!; wait $!", None, signal=15)


@pytest.mark.parametrize("command", ["kill -0 $$", "kill -USR1 $$", "kill -9 $$", "echo kill $$"])
def test_another_signal_or_none_explains_nothing(command: str) -> None:
    assert not of(command, None, signal=15)


@pytest.mark.parametrize(
    ("command", "lasted_s", "is_seen"),
    [
        ("timeout -s KILL 5 tool", None, True),
        ("timeout -s KILL 5 tool", 5.01, True),
        ("timeout --signal=9 5m tool", 299.9, True),
        ("timeout -k 1 5s tool", 6, True),
        ("timeout -s KILL $T tool", 1, True),
        ("timeout -s KILL 5 tool", 3, False),
        ("timeout -k 10 1h tool", 60, False),
        ("timeout 5 tool", 5.01, False),  # it ends it by SIGTERM, which is its exit code 124
    ],
)
def test_a_timeout_has_killed_what_it_was_told_to_kill_once_its_time_had_passed(
    command: str, lasted_s: float | None, *, is_seen: bool
) -> None:
    found = of(command, 137, signal=9, lasted_s=lasted_s)
    assert [one.text[:33] for one in found] == ["timeout killed the program behind"] * is_seen


@pytest.mark.parametrize(
    ("command", "code", "expected"),
    [
        ("(cat a | grep b | sort > c)", 1, "grep found no match"),
        ("N=$(grep -c b a)\necho $N > c", 1, "grep found no match"),
        ("diff a b > c", 1, "diff found a difference"),
        ("[ -s a ] && echo b > c", 1, "the condition [ -s a ] is false"),
        ("let n=0; touch c", 1, "let computed 0"),
        ("read x < a; echo $x", 1, "read reached the end"),
        ("which tool; touch c", 1, "which did not find the program"),
        ("grep '[' a", 2, "grep could not read a file or its pattern"),
        ("ls *.bam > c", 2, "a file that ls names is not there"),
        ("python3 x.py --no", 2, "python3 got arguments that it does not take"),
        ("cd nowhere; touch a", 1, "the folder that cd names is not there"),
        ("conda activate x; tool", 1, "conda activate needs a shell that conda init has prepared"),
        ("i=0\n((i++))\necho $i", 1, "((i++)) has exit code 1 where it gives 0"),
        ("module load bwa; tool", 127, "the shell did not find module: "),
        ("echo 'a", 2, "the shell could not read the command"),
        ("timeout 5 sleep 9", 124, "timeout ended the program"),
        ("timeout -s KILL 5 sleep 9", 137, "timeout killed the program"),
        ("ls | xargs rm", 123, "one of the commands that xargs ran failed"),
        ("ssh host true", 255, "ssh could not connect"),
        ("seq 99 | head -n 5 > c", 141, "head ended before what writes into the pipe"),
        ("seq 99 | grep -qm1 5", 141, "grep ended before what writes into the pipe"),
        ("seq 99 | sed 5q", 141, "sed ended before what writes into the pipe"),
        ("seq 99 | tool", 141, "what reads the pipe ended before what writes into the pipe"),
        ("bwa mem a | sort > c", 127, "the shell did not find bwa: "),
        ("bwa mem a | samtools sort", 127, "the shell did not find one of bwa and samtools"),
        ("./tool a", 127, "./tool is not there, or the program that its first line names"),
        ("source env; tool a", 126, "`source env` looks for env on PATH before the folder"),
        ("./tool a", 126, "the shell found ./tool but could not run it"),
        ("echo $A > c", 1, "$A is not set where the job ran"),
        ('awk "{print $1}" a | sort', 1, "$1 is the shell's, and not set"),
        ("source env/activate; tool", 1, "env/activate, which the command reads with `source`"),
        (". env/activate; tool", 1, "env/activate, which the command reads with `.`"),
        ("if true; then echo a > b", 2, "the shell could not read the command"),
        ("for i in 1 2; do echo $i", 2, "the shell could not read the command"),
        ("awk '{print $1' a > b", 2, "awk could not read its program"),
        ("python -c 'import x' > b", 1, "python ended by an exception that nothing caught, or by"),
        ("zcat a > b", 1, "zcat could not read what it unpacks"),
        ("cat a > /dev/full; touch b", 1, "cat could not read or write a file (it is not"),
        ("cat a | head", 1, "cat could not read or write a file"),
        ("cp a b; mv b c", 1, "cp or mv could not read or write a file"),
        ("x=$(head -c 5 a); echo $x > b", 1, "head could not read or write a file"),
        ("zcat a | head -n 1 > b", 1, "zcat could not read what it unpacks"),
        ("cat a | wc -l > b", 1, "cat could not read or write a file"),
        ("diff a b", 2, "diff could not read or write a file"),
        ("sort a > no/such/b", 1, "the shell could not open a file behind < or >"),
        ("sed 's/a/b' a > b", 1, "sed could not read its program"),
        ("perl -e 'die 1'", 255, "perl could not read or find its script"),
        ("Rscript a.R", 1, "an error stopped Rscript"),
        ("curl -f http://host/a > b", 22, "curl got no answer"),
        ("wget http://host/a", 8, "wget got no answer"),
        ("bash a.sh", 127, "a.sh is not there, or a program in it was not found"),
        ("echo a )", 2, "the shell could not read the command"),
        ("sort a | | wc", 2, "the shell could not read the command"),
        ("for i in 1 2; echo $i; done", 2, "the shell could not read the command"),
        ("if true; echo a; fi", 2, "the shell could not read the command"),
        ("sort a > b", 2, "sort could not read or write a file"),
        ("comm a b", 1, "comm could not read or write a file"),
        ("mkdir a", 1, "mkdir could not make a folder (it is there already"),
        ("mkdir -p a; cp b a", 1, "cp could not read or write a file"),
        ("mkdir -p w && cd w && sort b > c", 2, "sort could not read or write a file"),
        ("mkdir -p w && cd w && cp b c", 1, "cp could not read or write a file"),
        ("cat > c <<EOF\nmin=$MINLEN\nEOF", 1, "$MINLEN is not set where the job ran"),
        ("mkdir -p a; exit 1", 1, "the command itself ends so, by `exit 1`"),
        ("tool || exit 4", 4, "the command itself ends so, by `exit 4`"),
        ("tool", 153, "a program of the command wrote a larger file than may be written"),
        ("tool", 139, "a program of the command read memory that is not its own"),
        ("tool", 134, "a program of the command aborted itself"),
    ],
)
def test_an_exit_code_means(command: str, code: int, expected: str) -> None:
    found = of(command, code)[0]
    assert found.text.startswith(expected)
    assert found.strength == ("certain" if code in (134, 139, 153) else "likely")
    assert found.to_do
    assert found.wrong_if


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("tool a > b", 1),
        ("grep a b || true; tool", 1),
        ("if grep a b; then tool; fi", 1),
        ("echo ${A:-x}", 1),
        ("tool", 3),
        ("for ((i=0; i<3; i++)); do tool; done", 1),
        ("if ((i)); then tool; fi; x=$((1 - 1))", 1),
        ("tool", 137),
        ("tool a | head", 1),
    ],
)
def test_nothing_is_made_up(command: str, code: int) -> None:
    assert of(command, code) == ()


def test_the_shell_is_asked_what_it_makes_a_failure() -> None:
    """Without pipefail, a program inside a pipe cannot fail it; without -u, no variable can."""
    assert of("cat a | grep b | sort", prefix="") == ()
    assert of("grep a b; tool c", prefix="") == ()
    assert of("set +o pipefail; cat a | grep b | sort") == ()
    assert of("set +u; echo $A") == ()
    assert of("seq 99 | head", 141, prefix="set -e;") == ()
    assert of("cat a | grep b", prefix="")[0].text.startswith("grep found no match")


def test_a_signal_counts_as_the_code_that_a_shell_gives_it() -> None:
    assert of("tool", None, signal=11) == of("tool", 139, signal=11) != ()


def test_a_program_that_may_have_printed_an_error_makes_it_only_possible() -> None:
    """Nothing of what it printed was kept; if it is known to have printed nothing, it is likely."""
    assert [one.strength for one in of("bwa a | grep b")] == ["possible"]
    assert [one.strength for one in of("bwa a | grep b", silent=True)] == ["likely"]
    assert [one.strength for one in of("tool $A")] == ["possible"]
    assert [one.strength for one in of("tool $A", silent=True)] == ["likely"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("mkdir a; cp b a/; mkdir a", ["cp", "mkdir"]),
        ("find . > b && mkdir /proc/x", ["find", "mkdir"]),
        ("mkdir x in.txt; cp in.txt b", ["cp", "mkdir"]),
        ("cd w && cp a b", ["the", "cp"]),
        ("while read a b; do echo $a $((b / 0)); done < a > b", ["the", "the"]),
        ("cp $A b", ["$A", "cp"]),
    ],
)
def test_where_more_than_one_can_have_failed_each_is_only_possible(
    command: str, expected: list[str]
) -> None:
    found = of(command)
    assert [one.text.split()[0] for one in found] == expected
    assert {one.strength for one in found} == {"possible"}


def test_a_quoted_here_document_reads_no_variables() -> None:
    (found,) = of("cat b > c <<'EOF'\n$MINLEN\nEOF")
    assert found.text.startswith("cat could not read")


def test_behind_cd_the_paths_are_those_of_that_folder() -> None:
    (found,) = of("mkdir -p w && cd w && sort in.txt > c", 2)
    assert "behind `cd w` a relative path begins in that folder" in found.to_do
    assert found.wrong_if == "`sort in.txt` ends with 0 behind `cd w`"


def test_in_a_minimal_shadow_directory_only_inputs_are_there() -> None:
    for command in ("wc -l ref.fa", "sort < ref.fa"):
        (found,) = of(command, shadow="minimal")
        assert found.to_do == (
            "declare each file that it reads as an input: in its shadow directory (shadow: "
            '"minimal") only declared inputs are there'
        )
        assert "declare" not in of(command, shadow="shallow")[0].to_do


@pytest.mark.parametrize(
    ("lasted_s", "first"),
    [(1.05, "timeout ended the program behind it"), (0.4, "the command"), (30, "the command")],
)
def test_a_time_limit_of_the_command_is_seen_behind_another_exit_code(
    lasted_s: float, first: str
) -> None:
    found = of("timeout 1 bash -c 'sleep 3; echo x' > a || exit 1", 1, lasted_s=lasted_s)
    assert found[0].text.startswith(first)


def test_an_input_that_was_there_is_not_what_a_test_missed() -> None:
    command = "test -f in.txt && grep -v . in.txt > c"
    (found,) = of(command, inputs={"in.txt"})
    assert found.text.startswith("grep found no match")
    assert len(of(command)) == 2


def test_two_causes_that_are_as_likely_are_both_named() -> None:
    found = of("grep a b; source env/activate; tool", silent=True)
    assert [one.text.split()[0] for one in found] == ["grep", "env/activate,"]


@pytest.mark.parametrize(
    ("said", "text", "to_do"),
    [
        (
            "/usr/bin/bash: line 1: REFERENCE_DIR: unbound variable",
            "the variable REFERENCE_DIR is not set, and set -u makes that a failure",
            (
                "set it before Snakemake is started (export REFERENCE_DIR=...), give the command a "
                "default (${{REFERENCE_DIR:-}} in a Snakefile), or write `set +u;` before it"
            ),
        ),
        (
            "env/activate: line 1: _OLD_VIRTUAL_PATH: unbound variable",
            "the variable _OLD_VIRTUAL_PATH is not set, and set -u makes that a failure",
            "env/activate reads it: write `set +u;` before it and `set -u;` behind it",
        ),
        (
            "/usr/bin/bash: line 3: bwa: command not found",
            "the shell did not find bwa: it is not in a folder of PATH where the job ran",
            (
                "install bwa in the environment of the rule (conda:, container:, envmodules:), or "
                "write its whole path"
            ),
        ),
        (
            "sh: 1: bwa: not found",
            "the shell did not find bwa: it is not in a folder of PATH where the job ran",
            (
                "install bwa in the environment of the rule (conda:, container:, envmodules:), or "
                "write its whole path"
            ),
        ),
        (
            "run.sh: line 2: $'\\r': command not found",
            (
                "a script has the line ends of Windows, and the shell takes the carriage return "
                "for a part of a name"
            ),
            "convert the script with dos2unix",
        ),
        (
            "/usr/bin/bash: -c: line 1: syntax error near unexpected token `)'",
            "the shell could not read the command: a quote or a bracket is missing, or too many",
            (
                "correct it where the shell says; in a Snakefile, write {{ for {, and \\\\ for "
                "a backslash"
            ),
        ),
        (
            "/usr/bin/bash: line 1: /usr/bin/cat: Argument list too long",
            "the command is longer than the system allows: too many files in one command",
            "write their names into a file and give the program that, or use xargs",
        ),
    ],
)
def test_what_the_shell_says_is_certain(said: str, text: str, to_do: str) -> None:
    (found,) = of("source env/activate; grep a b", 1, "reading", said)
    assert (found.strength, found.text, found.to_do) == ("certain", text, to_do)


CASES = [
    ("echo foo > a; cat a | grep nowhere | sort > c", "grep found no match"),
    ("echo foo > a; N=$(grep -c nowhere a); echo $N", "grep found no match"),
    ("seq 1000000 | head -n 5 > c", "head ended before"),
    ("echo $REFERENCE_DIR > c", "$REFERENCE_DIR is not set"),
    ("echo 'echo $NO_SUCH_NAME' > a; source ./a; echo x", "./a, which the command reads"),
    ("printf '#!/no/such\\n' > c; chmod +x c; ./c", "./c is not there, or the program"),
    ("touch env; source env", "`source env` looks for env on PATH before the folder"),
    ("touch c; ./c", "the shell found ./c but could not run it"),
    ("no_such_tool_here > c", "the shell did not find no_such_tool_here"),
    ("timeout 0.1 sleep 5", "timeout ended the program"),
    ("echo a > a; echo b > b; cmp -s a b", "cmp found a difference"),
    ("i=0; ((i++)); echo $i", "((i++)) has exit code 1"),
    ("echo a )", "the shell could not read the command"),
    ("seq 3 | | wc", "the shell could not read the command"),
    ("for i in 1 2; echo $i; done", "the shell could not read the command"),
    ("sort a > no/such/b", "the shell could not open a file behind < or >"),
    ("echo a > a; zcat a | head -n 1 > b", "zcat could not read what it unpacks"),
    ("bash a.sh", "a.sh is not there, or a program in it was not found"),
    ("sed 's/a/b' a", "sed could not read its program"),
    ("cd nowhere", "the folder that cd names is not there"),
    ("echo 'a", "the shell could not read the command"),
    ("kill -SEGV $$", "a program of the command read memory that is not its own"),
]


@pytest.mark.parametrize(("command", "expected"), CASES)
def test_bash_ends_so(command: str, expected: str, tmp_path: Path) -> None:
    """The table is about a real bash, in the strict mode of Snakemake."""
    if shutil.which("bash") is None:
        pytest.skip("no bash here")
    done = subprocess.run(
        ["bash", "-c", STRICT + command], cwd=tmp_path, capture_output=True, check=False
    )
    code = done.returncode
    found = of(command, code if code > 0 else None, signal=-code if code < 0 else None)
    assert found[0].text.startswith(expected)
